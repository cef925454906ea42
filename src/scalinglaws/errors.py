"""Everything that the library refuses, by name, with what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fix:
    """What would mend an error, as data: an option of the call, and the value to give it.

    Its text is how Python writes it; another face of the library has words of its own. Without a
    value the option is a call of its own.

    >>> str(Fix("units", {"params": 1e6}))
    "units={'params': 1e6}"
    """

    option: str
    value: Any = None

    def __str__(self) -> str:
        """Return the option as a call in Python has it."""
        return self.option if self.value is None else f"{self.option}={written(self.value)}"


def written(value: Any) -> str:
    """Return a value as Python writes it, a power of ten in its shortest form."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, float):
        near = 0.01 <= abs(value) < 1000
        for short in (f"{value:g}",) if near else (f"{value:.0e}", f"{value:.3g}"):
            if float(short) == value:
                return short.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return repr(value)


class Problem(str):
    """A sentence on what is wrong, with the ``fixes`` that it names."""

    fixes: tuple[Fix, ...]

    def __new__(cls, text: str, *fixes: Fix) -> "Problem":
        """Keep the fixes beside the sentence that has them in Python's words."""
        made = super().__new__(cls, text)
        made.fixes = fixes
        return made


def fixes_of(texts: Iterable[str]) -> tuple[Fix, ...]:
    """Return the fixes that sentences name."""
    return tuple(fix for text in texts if isinstance(text, Problem) for fix in text.fixes)


class ScalingLawError(Exception):
    """Base of every error that the library raises on purpose.

    ``fixes`` are those that its message names, as data.
    """

    fixes: tuple[Fix, ...] = ()


class UnknownName(ScalingLawError):
    """A data set, law or parameter that does not exist; the message lists those that do."""


class BadRuns(ScalingLawError, ValueError):
    """A table of runs that cannot be used as it is.

    ``problems`` holds one sentence for each problem: row, column, value, what is expected.
    """

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        """Keep the single problems beside the message that lists them."""
        super().__init__(message)
        self.problems = problems
        self.fixes = fixes_of((message, *problems))


class BadCard(ScalingLawError, ValueError):
    """A bundled table that disagrees with its card, so that its figures cannot be trusted."""


class BadParameters(ScalingLawError, ValueError):
    """A parameter of a call or of a chapter that is not accepted; the message says what is."""

    def __init__(self, message: str) -> None:
        """Keep the fixes that the message names."""
        super().__init__(message)
        self.fixes = fixes_of((message,))


class Unidentifiable(ScalingLawError, ValueError):
    """A question that the data cannot answer.

    ``reason`` says what is missing, ``partial`` what can still be answered (or ``None``), and
    ``insist`` how to get the number all the same.
    """

    def __init__(self, reason: str, *, partial: Any = None, insist: str = "") -> None:
        """Build the message from the reason and the way to insist."""
        super().__init__(f"{reason}\n  To go on all the same: {insist}" if insist else reason)
        self.reason = reason
        self.partial = partial
        self.insist = insist
        self.fixes = fixes_of((reason, insist))


class Interrupted(ScalingLawError, KeyboardInterrupt):
    """Work that the user stopped; what was done is kept, and the same call goes on from there."""
