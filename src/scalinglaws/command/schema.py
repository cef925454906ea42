"""``scalinglaws schema``: what --json prints, as a JSON schema."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command("schema")
def command() -> None:
    """Print the JSON schema of what every verb prints with --json."""
    click.echo((files("scalinglaws.command") / "schema.json").read_text(encoding="utf-8"), nl=False)
