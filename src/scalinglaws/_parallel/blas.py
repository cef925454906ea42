"""Linear algebra on one thread while the engine works, however Python was started.

The engine's matrices are small and many. Threads inside each product cost more than they save, and
fight for the cores with the threads that share out the blocks.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_lock = Lock()
_inside = 0
_limited: Any = None
_controller: ThreadpoolController | None = None


class one_blas_thread(ContextDecorator):  # noqa: N801 - used as a context and a decorator
    """Limit BLAS to one thread of this process, for calls within calls and threads beside threads.

    The first to enter sets the limit and the last to leave takes it away.
    """

    def __enter__(self) -> None:
        """Set the limit, unless somebody has."""
        global _inside, _limited, _controller
        with _lock:
            if _inside == 0:
                if _controller is None:
                    from threadpoolctl import ThreadpoolController

                    _controller = ThreadpoolController()
                _limited = _controller.limit(limits=1, user_api="blas")
            _inside += 1

    def __exit__(self, *_: object) -> None:
        """Take the limit away, if nobody else needs it."""
        global _inside, _limited
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limited.restore_original_limits()
                _limited = None
