"""Make ``.venv`` in this checkout from requirements.lock: ``python3 tools/make_env.py``.

Standard library only, and written so that any Python 3.6 or later can parse it: an old
interpreter gets a sentence that names the remedy, not a syntax error.
"""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST_EXCLUDED = (3, 11), (3, 15)
# The environment takes 1.5 GB; pip unpacks the same again while it installs.
DISK_NEEDED_BYTES = 3 * 10**9
LOG_TAIL_LINES = 15
INSTALLER = "uv"
CLOSED = (
    "{} may not be written.\n"
    "  Give yourself the right (chmod -R u+rwX), or clone to a folder of your own"
)
NO_NETWORK = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Connection refused",
    "Network is unreachable",
    "ConnectTimeoutError",
    "ProxyError",
    "dns error",
    "tcp connect error",
)


class Missing(Exception):
    """A prerequisite that this machine lacks; the message names it and its remedy."""


def candidates() -> List[str]:
    """Interpreters worth asking, best first: this one, then newer names on PATH."""
    names = [f"python3.{minor}" for minor in range(NEWEST_EXCLUDED[1] - 1, OLDEST[1] - 1, -1)]
    found = [sys.executable or ""] + [shutil.which(name) or "" for name in names]
    return [path for path in found if path]


def version_of(python: str) -> Optional[Tuple[int, int]]:
    """(major, minor) of an interpreter, or None when it does not run."""
    code = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        answer = subprocess.check_output(
            [python, "-c", code], stderr=subprocess.DEVNULL, universal_newlines=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = answer.split()
    return int(major), int(minor)


def supported(version: Optional[Tuple[int, int]]) -> bool:
    """Whether a Python of this version can run the book."""
    return version is not None and OLDEST <= version < NEWEST_EXCLUDED


def find_python() -> str:
    """Path of a supported interpreter; raises Missing when there is none."""
    for python in candidates():
        if supported(version_of(python)):
            return python
    raise Missing(
        "Python {0}.{1} or later (below {2}.{3}) is needed; this is Python {4}.{5} and no "
        "python{0}.{1} or newer was found on PATH.\n"
        "  Debian 12+, Ubuntu 24.04+: apt install python3 python3-venv\n"
        "  anywhere: install it with pyenv, conda or uv, then put it on PATH and run this "
        "again".format(*(OLDEST + NEWEST_EXCLUDED + tuple(sys.version_info[:2])))
    )


def check_venv_module(python: str) -> None:
    """Raise Missing when the interpreter cannot make environments."""
    for module in ("venv", "ensurepip"):
        done = subprocess.run(
            [python, "-c", "import " + module],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode:
            raise Missing(
                f"{python} has no `{module}` module, so it cannot make an isolated environment.\n"
                "  Debian, Ubuntu: apt install python3-venv (or python3.N-venv for that "
                "version)"
            )


def check_disk(folder: Path) -> None:
    """Raise Missing when the checkout's disk has too little room left."""
    free = shutil.disk_usage(str(folder)).free
    if free < DISK_NEEDED_BYTES:
        raise Missing(
            f"{free / 1e9:.1f} GB are free where the checkout lies ({folder}); the environment "
            f"needs about {DISK_NEEDED_BYTES / 1e9:.0f} GB.\n"
            "  Free some space, or clone to a larger disk"
        )


def check_place(root: Path, venv: Path) -> None:
    """Raise Missing where no environment can be made: a file in its way, a closed folder."""
    if venv.exists() and not venv.is_dir():
        raise Missing(
            f"{venv} is a file, and the environment needs a folder of that name.\n"
            "  Remove it (rm .venv) and run this again"
        )
    place = venv if venv.is_dir() else root
    if not os.access(str(place), os.W_OK | os.X_OK):
        raise Missing(CLOSED.format(place))


def refused(error: OSError) -> str:
    """Say what a file or folder refused, and what to do about it."""
    place = error.filename or ROOT
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CLOSED.format(place)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full ({place}).\n  Free some space and run this again"
    return f"{place}: {error.strerror or error}.\n  Run this again when that is mended"


def wanted_stamp(root: Path, version: Tuple[int, int]) -> str:
    """Digest of all that decides what the environment holds."""
    digest = hashlib.sha256(repr(version).encode())
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((root / name).read_bytes())
    digest.update(str(root).encode())  # scripts in an environment hold its absolute path
    return digest.hexdigest()


def venv_python(venv: Path) -> Path:
    """Where the environment's interpreter lies."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def uv_settings(environment: Mapping[str, str]) -> Dict[str, str]:
    """Give uv the settings of pip, which it does not read."""
    settings = {}
    for theirs, ours in (
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
        ("PIP_CERT", "SSL_CERT_FILE"),
    ):
        if environment.get(theirs) and not environment.get(ours):
            settings[ours] = environment[theirs]
    return settings


def quiet_environment(venv: Path) -> Dict[str, str]:
    """Environment for pip: temporary files inside the checkout, no user site."""
    scratch = venv / f"tmp-{os.getpid()}"  # two calls at once do not share it
    scratch.mkdir(parents=True, exist_ok=True)
    return dict(
        os.environ,
        TMPDIR=str(scratch),
        PYTHONNOUSERSITE="1",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_NO_INPUT="1",
        **uv_settings(os.environ),
    )


def explain(log: Path) -> str:
    """Quote the end of the installer's log, led by a plain reading of it where there is one."""
    text = log.read_text(encoding="utf-8", errors="replace")
    tail = "\n".join("    " + line for line in text.splitlines()[-LOG_TAIL_LINES:])
    if any(sign in text for sign in NO_NETWORK):
        reading = "The package index cannot be reached: check the network, or pip's proxy settings."
    elif "No space left on device" in text:
        reading = "The disk is full: free some space and run this again."
    elif "DO NOT MATCH THE HASHES" in text or "Hash mismatch" in text:
        reading = "A package's hash is not the lock's: a proxy or mirror changed it."
    else:
        reading = "The installer stopped."
    return f"{reading} The whole log is {log}; it ends:\n{tail}"


def install(
    venv: Path, command: Sequence[str], arguments: Sequence[str], label: str, packages: int
) -> None:
    """Run an installer with its output in the log and one line of progress; raises Missing."""
    log = venv / "install.log"
    started = time.time()
    seen = 0
    live = sys.stdout.isatty()
    with log.open("a", encoding="utf-8") as out:
        process = subprocess.Popen(
            list(command) + list(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            env=quiet_environment(venv),
            cwd=str(ROOT),
        )
        assert process.stdout is not None
        for line in process.stdout:
            out.write(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied", " + "))
            if live:
                share = f" {min(seen, packages)} of {packages}" if packages else ""
                print(f"\r{label}{share} ...", end="", flush=True)
    if process.wait():
        raise Missing(("\n" if live else "") + f"{label}: {explain(log)}")
    start = "\r" if live else ""
    print(f"{start}{label}  {time.time() - started:.0f} s", flush=True)


def pip_command(venv: Path) -> List[str]:
    """How pip installs into the environment."""
    return [str(venv_python(venv)), "-m", "pip", "install", "--no-cache-dir"]


def uv_command(venv: Path) -> List[str]:
    """How uv installs into the environment, its cache inside the checkout like all else."""
    program = venv / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    return [
        *(str(program), "pip", "install", "--no-config"),
        *("--python", str(venv_python(venv)), "--cache-dir", str(venv / "uv-cache")),
    ]


def locked(lock: Path, package: str) -> str:
    """Return one package's lines of a lock, with its hashes; nothing where it is not locked."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    first = [k for k, line in enumerate(lines) if line.startswith(package + "==")]
    if not first:
        return ""
    rest = lines[first[0] + 1 :]
    end = [k for k, line in enumerate(rest) if not line.startswith(" ")]
    block = [lines[first[0]], *rest[: end[0] if end else None]]
    return "\n".join(line for line in block if not line.strip().startswith("#")) + "\n"


def get_uv(venv: Path, lock: Path) -> bool:
    """Put the locked uv into the environment; False where there is none for this machine."""
    wanted = venv / "uv.txt"
    wanted.write_text(locked(lock, INSTALLER), encoding="utf-8")
    done = subprocess.run(
        [*pip_command(venv), "--quiet", "--require-hashes", "-r", str(wanted)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=quiet_environment(venv),
        cwd=str(ROOT),
    )
    return not done.returncode


def install_all(root: Path, venv: Path) -> None:
    """Install the lock, by uv where it can be had and reaches the index, else by pip."""
    lock = root / "requirements.lock"
    count = sum("==" in line and not line.startswith(" ") for line in lock.open())
    arguments = ["--require-hashes", "-r", str(lock)]
    try:
        if get_uv(venv, lock):
            install(venv, uv_command(venv), arguments, "Installing packages", count)
            return
        print("uv, the faster installer, cannot be had here: pip installs", flush=True)
    except Missing:
        print("uv did not install the packages; trying pip", flush=True)
    finally:
        shutil.rmtree(str(venv / "uv-cache"), ignore_errors=True)
    install(venv, pip_command(venv), arguments, "Installing packages", count)


def build(root: Path, python: str, venv: Path) -> None:
    """Create or complete the environment; an interrupted call is picked up where it stopped."""
    inside = venv_python(venv)
    if version_of(str(inside)) != version_of(python):
        check_venv_module(python)
        check_disk(root)
        print(f"Making .venv with {python}", flush=True)
        made = subprocess.run(
            [python, "-m", "venv", "--clear", str(venv)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        if made.returncode:
            raise Missing(f"{python} -m venv failed:\n{made.stdout}")
    has_pip = subprocess.run([str(inside), "-m", "pip", "--version"], stdout=subprocess.DEVNULL)
    if has_pip.returncode:
        raise Missing(
            f"The environment {venv} has no pip.\n  Remove it (rm -r .venv) and run this again"
        )
    (venv / "install.log").write_text("", encoding="utf-8")
    install_all(root, venv)
    project = ["--no-deps", "--no-build-isolation", "--editable", str(root)]
    install(venv, pip_command(venv), project, "Installing this project", 0)
    shutil.rmtree(str(venv / f"tmp-{os.getpid()}"), ignore_errors=True)


def main() -> int:
    """Bring ``.venv`` up to date and return the exit code."""
    venv = ROOT / ".venv"
    stamp = venv / "stamp"
    try:
        inside = version_of(str(venv_python(venv)))
        if inside is not None and supported(inside) and stamp.is_file():
            if stamp.read_bytes() == wanted_stamp(ROOT, inside).encode():
                return 0
            stamp.unlink()
        check_place(ROOT, venv)
        python = str(venv_python(venv)) if supported(inside) else find_python()
        build(ROOT, python, venv)
        version = version_of(str(venv_python(venv)))
        assert version is not None
        stamp.write_text(wanted_stamp(ROOT, version))
    except Missing as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"\n{refused(problem)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
