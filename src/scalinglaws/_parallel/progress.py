"""One progress bar for a piece of work, whatever pieces it is made of."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from scalinglaws._parallel.bars import Bar

PATIENCE = 3.0
"""Seconds after which a progress bar is shown."""

QUIET = "TQDM_DISABLE"
"""Variable of the environment that, once set, leaves all bars out."""

_bar: ContextVar[Any] = ContextVar("bar", default=None)


@contextmanager
def counted(total: int, what: str, *, unit: str = "step") -> Iterator[Callable[[], None]]:
    """Show a bar on stderr while ``total`` steps are done, and give what counts one of them.

    Inside of another's bar nothing new is shown: that one gets longer by these steps.

    >>> with counted(2, "Counting") as one:
    ...     one()
    """
    outer = _bar.get()
    if outer is not None:
        outer.total += total
        yield outer.update
        return
    quiet = QUIET in os.environ
    bar = Bar(
        total=total, desc=what, unit=unit, delay=PATIENCE, leave=False, miniters=1, disable=quiet
    )
    token = _bar.set(bar)
    try:
        yield bar.update
    finally:
        _bar.reset(token)
        bar.close()
