"""``scalinglaws chapter``: a chapter of the book, run on a table of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click


@click.command("chapter")
@click.argument("name")
@click.argument("file")
@click.option("-p", "parameters", multiple=True, help="seed=1: another parameter of the chapter.")
def command(name: str, file: str, parameters: tuple[str, ...]) -> None:
    """Run a chapter of the book on a table of your own; needs a checkout of the book."""
    here = Path.cwd()
    root = next((p for p in (here, *here.parents) if (p / "book" / "_toc.yml").is_file()), None)
    if root is None:
        raise click.ClickException(
            "chapters are in the book's repository: call this inside a checkout of it, after make "
            "env. Without one, `scalinglaws report` answers for a table"
        )
    told = {
        "BOOK_NAME": name,
        "BOOK_RUNS": str((here / file).resolve()) if (here / file).exists() else file,
        "BOOK_P": " ".join(f"'{p}'" if " " in p else p for p in parameters),
    }
    own = root / ".venv" / "bin" / "python"
    python = str(own) if own.is_file() else sys.executable
    done = subprocess.run(
        [python, "-m", "bookmaker", "--make", "run"], cwd=root, env={**os.environ, **told},
        check=False,
    )  # fmt: skip
    raise SystemExit(done.returncode)
