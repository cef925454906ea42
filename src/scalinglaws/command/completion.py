"""``scalinglaws completion``: words that a shell completes."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what a shell needs: eval "$(scalinglaws completion bash)"."""
    from scalinglaws.command import main

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "scalinglaws", "_SCALINGLAWS_COMPLETE").source())
