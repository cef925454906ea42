"""Everything that the library refuses, by name, with what to do about it."""

from typing import Any


class ScalingLawError(Exception):
    """Base of every error that the library raises on purpose."""


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


class BadCard(ScalingLawError, ValueError):
    """A bundled table that disagrees with its card, so that its figures cannot be trusted."""


class BadParameters(ScalingLawError, ValueError):
    """A parameter of a call or of a chapter that is not accepted; the message says what is."""


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


class Interrupted(ScalingLawError, KeyboardInterrupt):
    """Work that the user stopped; what was done is kept, and the same call goes on from there."""
