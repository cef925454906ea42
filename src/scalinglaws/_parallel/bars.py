"""A progress bar that starts no thread, which a browser cannot, and warns of it."""

from tqdm import tqdm


class Bar(tqdm):  # type: ignore[misc]
    """tqdm's bar, drawn when it is updated and at no other time.

    >>> Bar.monitor_interval
    0
    """

    monitor_interval = 0
