"""Linear algebra on one thread while the engine works, however Python was started.

The engine's matrices are small and many. Threads inside each product cost more than they save, and
fight for the cores with the threads that share out the blocks.
"""

from __future__ import annotations

from functools import cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with BLAS limited to one thread while it runs."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with _controller().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@cache
def _controller() -> ThreadpoolController:
    """Find the libraries once: that takes milliseconds, a limit microseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
