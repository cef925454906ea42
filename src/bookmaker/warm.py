"""Kernels that begin warm: forked from a process that has imported what chapters import.

A kernel and the imports of a chapter take two to three seconds, which a book of many chapters pays
once a chapter. A fork begins with them. Nothing else is shared: what one chapter does, the next
does not see.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import AsyncKernelManager

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

PRELOADED = (
    "__main__",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib_inline.backend_inline",
    "joblib",
    "scipy.stats",
    "scipy.optimize",
    "scalinglaws.notebook",
    "scalinglaws.figures",
)
"""What most chapters import, beside what the kernel is made of."""

BACKEND = "module://matplotlib_inline.backend_inline"

ENOUGH = 3
"""Chapters for each worker from which on the imports are made once more than they are needed."""


def pays(jobs: int, workers: int) -> bool:
    """Return whether so many chapters are executed sooner by warm kernels, where there are any."""
    # Elsewhere a process that has threads, or a window system, may not be forked.
    return sys.platform == "linux" and jobs >= ENOUGH * workers


class WarmManager(AsyncKernelManager):
    """Jupyter's manager of one kernel, which forks it instead of starting a Python."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        folder = str(options.get("cwd") or Path.cwd())
        forked = _Forked(kernel_cmd, dict(options["env"]), folder)
        provisioner: Any = self.provisioner
        provisioner.process, provisioner.pid = forked, forked.pid
        provisioner.pgid, provisioner.cwd = forked.pid, folder
        self._reconcile_connection_info(provisioner.connection_info)


class _Forked:
    """A kernel that was forked, as the provisioner knows processes: see ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, command: list[str], environment: dict[str, str], folder: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
        # What a kernel says before a chapter imports Matplotlib has to be said before the fork.
        os.environ.setdefault("MPLBACKEND", BACKEND)
        arguments = command[command.index("ipykernel_launcher") + 1 :]
        self._process: ForkServerProcess = context.Process(
            target=_become_a_kernel, args=(arguments, environment, folder)
        )
        self._process.start()
        self.pid = int(self._process.pid or 0)

    def poll(self) -> int | None:
        """Return how the kernel ended, None while it runs."""
        return self._process.exitcode

    def wait(self) -> int | None:
        """Wait for its end and return how it ended."""
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal to it."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()


def _become_a_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    # As a Python that is started for a kernel finds modules: not in the folder of the command line.
    first = [p for p in environment.get("PYTHONPATH", "").split(os.pathsep) if p]
    began_in = vars(multiprocessing.process)["ORIGINAL_DIR"]
    sys.path[:] = [*first, *(p for p in sys.path if p not in ("", began_in, *first))]
    os.chdir(folder)
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(arguments)
