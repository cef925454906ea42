"""Linear algebra on one thread while the engine works, however Python was started.

The engine's matrices are small and many. Threads inside each product cost more than they save, and
fight for the cores with the threads that share out the blocks.
"""

from __future__ import annotations

import sys
from functools import cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")

_BRINGING = ("scipy.linalg", "scipy.special", "scipy.sparse.linalg")
"""Modules that bring a BLAS of their own beside numpy's when they are first imported."""


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with BLAS limited to one thread while it runs."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with _controller(*(name in sys.modules for name in _BRINGING)).limit(
            limits=1, user_api="blas"
        ):
            return function(*args, **kwargs)

    return limited


@cache
def _controller(*_: bool) -> ThreadpoolController:
    """Find the libraries, again when more were loaded: that takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
