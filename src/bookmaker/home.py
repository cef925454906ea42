"""Keep every cache and setting of an execution inside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bookmaker.project import Project

# History is shared by all kernels of a profile and two of them can lock each other out. A warning
# raised inside our own package is a fault of ours, so it stops the cell and shows its traceback. A
# kernel's own log would land on the terminal, between the lines that tell how the build goes.
_KERNEL_CONFIG = r"""c = get_config()
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = 50
c.IPKernelApp.exec_lines = [
    "import warnings",
    "warnings.filterwarnings('error', module=r'scalinglaws(\\.|$)')",
    "del warnings",
]
"""
_INHERITED = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "PYTHONSTARTUP")


def contain(project: Project) -> None:
    """Point Jupyter, IPython and Matplotlib at ``_build/home`` for this process and its children.

    What the library keeps of its computations goes to ``_build/cache``.

    A reader's own kernels, start-up files and search paths are left out, so that a chapter gives
    the same answer on every machine. Kernels import the library that this process does, whichever
    checkout the environment was installed from.
    """
    home = project.build / "home"
    places = {
        "MPLCONFIGDIR": "matplotlib",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "XDG_CACHE_HOME": "cache",
        "XDG_CONFIG_HOME": "config",
        "XDG_DATA_HOME": "data",
    }
    for name, place in places.items():
        folder = home / place
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(folder)
    # Chapters that let the same estimators predict the same curves do so once.
    os.environ["SCALINGLAWS_CACHE"] = str(project.build / "cache")
    for name in _INHERITED:
        os.environ.pop(name, None)
    os.environ["PYTHONPATH"] = str(project.library.parent)
    # One chapter uses one core; the cores are shared out among the chapters.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    # A bar on stderr would stay in the page.
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["PYTHONNOUSERSITE"] = "1"
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    profile = home / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(_KERNEL_CONFIG, encoding="utf-8")


def warm_fonts(project: Project) -> None:
    """Build Matplotlib's font list once, since the first import says so on a chapter's stderr."""
    if not list((project.build / "home" / "matplotlib").glob("fontlist-*.json")):
        # Where this fails, the chapter says why.
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
