"""The command line: from a table of runs to an answer, and to a page that says how far to trust it.

Exits with 0 for an answer, 1 for a refusal, and 2 for a wrong call. Answers go to stdout, words
about them to stderr.
"""

from __future__ import annotations

from importlib import import_module

import click

from scalinglaws.command._reading import REFUSED, WORDS

__all__ = ["REFUSED", "main"]

_VERBS = {
    "check": "check",
    "fit": "fit",
    "plan": "plan",
    "next": "next_runs",
    "forecast": "forecast",
    "ladder": "ladder",
    "report": "report",
    "chapter": "chapter",
    "completion": "completion",
    "schema": "schema",
}
"""Modules by verb, in the order in which a table becomes a decision."""


class _Verbs(click.Group):
    """A group whose verbs are imported when they are asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module = import_module(f"scalinglaws.command.{_VERBS[cmd_name]}")
        found: click.Command = module.command
        return found


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scalinglaws")
def main() -> None:
    """Fit neural scaling laws to your runs, and know how far to trust the fit."""
