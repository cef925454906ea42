"""What the command line calls that which would mend an error."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scalinglaws.errors import Fix, ScalingLawError

_FLAGS = {
    "columns": "--map",
    "units": "--unit",
    "where": "--where",
    "last_of": "--last-of",
    "best_of_cell": "--best-of-cell",
    "loss_unit": "--loss-unit",
    "bytes_per_token": "--bytes-per-token",
    "flops_counted_as": "--flops-counted-as",
    "unique_tokens": "--unique-tokens",
    "per_param_token": "--per-param-token",
}
_VERBS = {"sl.curves.read_curves": "scalinglaws forecast"}


def flag(fix: Fix) -> str:
    """Return a fix as it is typed, or nothing where the command line has no word for it.

    >>> from scalinglaws.errors import Fix
    >>> flag(Fix("columns", {"params": {"size_in": "model name"}}))
    "--map 'params=size_in:model name'"
    >>> flag(Fix("best_of_cell", True)), flag(Fix("check", False))
    ('--best-of-cell', '')
    """
    if fix.option not in _FLAGS:
        return _VERBS.get(fix.option, "")
    name = _FLAGS[fix.option]
    if fix.value is True:
        return name
    pairs = fix.value.items() if isinstance(fix.value, dict) else ((None, fix.value),)
    words = (_word(v) if k is None else f"{k}={_word(v)}" for k, v in pairs)
    return " ".join(f"{name} {shlex.quote(word)}" for word in words)


def _word(value: Any) -> str:
    from scalinglaws.errors import written  # late: --help does without

    if isinstance(value, dict):
        return ",".join(f"{k}:{v}" for k, v in value.items())
    return value if isinstance(value, str) else written(value)


def flags(fixes: Iterable[Fix]) -> list[str]:
    """Return what is typed for fixes, each once."""
    return list(dict.fromkeys(typed for fix in fixes if (typed := flag(fix))))


def said(text: str) -> str:
    """Return a sentence with its fixes as they are typed."""
    return _typed(text, getattr(text, "fixes", ()))


def reason(refusal: ScalingLawError) -> str:
    """Return why something is refused, without the way to go on all the same."""
    return _typed(getattr(refusal, "reason", str(refusal)), refusal.fixes)


def spoken(refusal: ScalingLawError) -> str:
    """Return a refusal's message with its fixes as they are typed.

    A way to go on all the same that only Python has is said to be one of Python.
    """
    message = _typed(str(refusal), refusal.fixes)
    ways = getattr(getattr(refusal, "insist", ""), "fixes", ())
    if ways and not all(map(flag, ways)):
        message = message.replace("To go on all the same:", "In Python, all the same:")
    return message


def noted(notes: Sequence[str]) -> None:
    """Print notes on how a table was read to stderr."""
    for note in notes:
        click.echo(said(note), err=True)


def _typed(text: str, fixes: Iterable[Fix]) -> str:
    # The longest first: one fix may be a part of another's text.
    for fix in sorted(fixes, key=lambda f: -len(str(f))):
        if typed := flag(fix):
            text = text.replace(str(fix), typed)
    return text
