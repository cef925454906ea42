"""One progress bar for a piece of work, whatever pieces it is made of."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from scalinglaws._parallel.bars import Bar

PATIENCE = 3.0
"""Seconds after which a progress bar is shown."""

QUIET = "TQDM_DISABLE"
"""Variable of the environment that, once set, leaves all bars out."""

KERNELS = ("ipykernel", "pyodide_kernel")
"""Packages whose streams write into the output of a notebook's cell."""

_bar: ContextVar[Any] = ContextVar("bar", default=None)


@contextmanager
def counted(total: int, what: str, *, unit: str = "step") -> Iterator[Callable[[], None]]:
    """Show a bar on stderr while ``total`` steps are done, and give what counts one of them.

    Nothing is shown where nobody watches: on a stderr that is neither a terminal nor a notebook's.
    Inside of another's bar nothing new is shown: that one gets longer by these steps.

    >>> with counted(2, "Counting") as one:
    ...     one()
    """
    outer = _bar.get()
    if outer is not None:
        outer.total += total
        yield outer.update
        return
    quiet = QUIET in os.environ or not watched()
    bar = Bar(
        total=total, desc=what, unit=unit, delay=PATIENCE, leave=False, miniters=1, disable=quiet
    )
    token = _bar.set(bar)
    try:
        yield bar.update
    finally:
        _bar.reset(token)
        bar.close()


def watched() -> bool:
    """Return whether somebody sees stderr as it is written: on a terminal, or in a notebook.

    A file, a pipe or a log keeps each state of a bar as one more line.
    """
    stream = sys.stderr
    if stream is None or stream.closed:
        return False
    return stream.isatty() or type(stream).__module__.partition(".")[0] in KERNELS
