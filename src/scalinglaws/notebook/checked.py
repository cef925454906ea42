"""Check a student's number, and say what a wrong one comes from without giving the right one."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scalinglaws.errors import BadParameters, UnknownName
from scalinglaws.notebook._exercises import EXERCISES, Mistake
from scalinglaws.notebook.refusal import Refusal

if TYPE_CHECKING:
    from scalinglaws.notebook._exercises import Exercise

_NEAR = 0.01
"""How near to what a mistake gives a number must be, as a share, to be explained by it."""


@dataclass(frozen=True)
class Reply:
    """What is said of an answer; ``right`` is None where there was none to judge."""

    right: bool | None
    said: str

    def __repr__(self) -> str:
        """Return what is said."""
        return self.said

    def _repr_markdown_(self) -> str:
        return self.said


def answer(exercise: str, given: float | None = None, /, **chapter: Any) -> Reply:
    """Compare the answer to an exercise with what the chapter's own data give.

    ``exercise`` is its label, such as ``"ex-doubling"``, ``given`` the number to check, and
    ``chapter`` what the exercise is worked out from, by name, such as the chapter's ``fit``. The
    right number is worked out from these and never shown. A wrong one is set beside what well-known
    mistakes give: those of this exercise, then an inverted ratio, a sign, a percentage, and the
    logarithm to another base.

    Raises :class:`UnknownName` for an exercise without a check, and :class:`BadParameters` for an
    answer that is no number and where something of the chapter is missing.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> answer("ex-serve", 0.5, fit=fit)
    Not yet. That is the compute with as many tokens as before. The smaller model needs more.
    """
    if exercise not in EXERCISES:
        raise UnknownName(f"no check for {exercise!r}; there are {', '.join(sorted(EXERCISES))}")
    build = EXERCISES[exercise]
    needs = list(inspect.signature(build).parameters)
    if sorted(needs) != sorted(chapter):
        raise BadParameters(
            f"{exercise} is worked out from {', '.join(needs)}: give each by its name, as the "
            "chapter's cell does"
        )
    if given is None:
        return Reply(None, "Write your number in place of `None` and run this cell again.")
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        raise BadParameters(f"{exercise}: an answer is one finite number; found {given!r}")
    if any(isinstance(value, Refusal) for value in chapter.values()):
        return Reply(None, "The library refuses these runs, so there is no number to compare with.")
    return _judged(build(**chapter), float(given))


def _judged(exercise: Exercise, given: float) -> Reply:
    right = exercise.right
    if _close(given, right, exercise.within):
        return Reply(True, f"Right, to within {exercise.within:.0%}.")
    for mistake in (*exercise.mistakes, *_everywhere(right)):
        # A mistake that happens to give the right number explains nothing.
        if _close(given, mistake.gives, _NEAR) and not _close(mistake.gives, right, _NEAR):
            return Reply(False, f"Not yet. {mistake.hint}")
    return Reply(
        False,
        "Not yet, and it is none of the mistakes that are known for this exercise. Say in one "
        "sentence what your number counts, and in which unit.",
    )


def _everywhere(right: float) -> tuple[Mistake, ...]:
    """Return mistakes that any number may suffer."""
    return (
        Mistake(1 / right, "Your ratio stands on its head: which number belongs on top?"),
        Mistake(-right, "The size is right and the sign is not."),
        Mistake(100 * right, "That is a percentage, and the question asks for the number itself."),
        Mistake(right * math.log(10), "You took the natural logarithm for the one to base ten."),
        Mistake(right / math.log(10), "You took the logarithm to base ten for the natural one."),
    )


def _close(one: float, other: float, share: float) -> bool:
    return math.isclose(one, other, rel_tol=share, abs_tol=0)
