"""Whether a fit is ground enough for an answer: what is refused before anything is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalinglaws import _pooling
from scalinglaws.errors import Fix, Problem, Unidentifiable

if TYPE_CHECKING:
    from scalinglaws.fitting.fitted import Fitted

FLAT = 1e-3
"""Range of the loss, as a share of it, below which it hardly changes."""

APART = 4.0
"""Largest over smallest tokens per parameter from which size and data vary separately."""

CHANCE = 0.05
"""Probability of explaining as much by chance from which nothing is answered."""

MANY = 4
"""Labels above which a sentence counts them."""

EXACT = 1e-6
"""Variance about a law, over that of losses that hardly change, that is rounding."""


_HELD = Fix("fit(..., held={...})")


def not_stuck(fit: Fitted) -> None:
    """Raise :class:`Unidentifiable` for a fit that is no ground for an answer.

    Whichever holds first of :func:`not_mixed`, an exponent at its bound and :func:`not_by_chance`.
    """
    not_mixed(fit)
    stuck = [name for name in fit.at_bound if name not in fit.law.linear]
    if stuck:
        raise Unidentifiable(
            f"{', '.join(stuck)} {'sits' if len(stuck) == 1 else 'sit'} at the edge of "
            f"{'its' if len(stuck) == 1 else 'their'} range, so the answer is decided by the bound "
            f"and not by the runs: {_why_stuck(fit)}",
            partial=fit,
            insist=Problem(f"hold the exponent at a value you can defend: {_HELD}", _HELD),
        )
    not_by_chance(fit)


def trust(fit: Fitted) -> str:
    """Return "ok", or the sentence with which a fit warns of what is said from it."""
    return "ok" if getattr(fit, "ok", fit.sound) else str(getattr(fit, "status", fit.minimum))


def not_mixed(fit: Fitted) -> None:
    """Raise :class:`Unidentifiable` where residuals differ by a source, such as the tokenizer."""
    if (mixed := _pooling.apart(fit)) is not None:
        first, *others = mixed.means
        fix = Fix("where", {mixed.column: first})
        raise Unidentifiable(
            Problem(
                f"{mixed}. Reading the table with {fix} keeps one of them; ask again with "
                f"{_listed(others)} in its place, and compare the answers. An answer of all of "
                f"them together would be that of a mixture which nobody trained",
                fix,
            ),
            partial=fit,
        )


def _listed(labels: list[str]) -> str:
    """Return labels in words, at most four of them."""
    if len(labels) > MANY:
        return f"each of the {len(labels)} others"
    *most, last = map(repr, labels)
    return f"{', '.join(most)} and {last}" if most else last


def not_by_chance(fit: Fitted) -> None:
    """Raise :class:`Unidentifiable` where the law explains no more than chance, by an F-test."""
    if (chance := by_chance(fit)) > CHANCE:
        values = fit.loss[fit.counted]
        raise Unidentifiable(
            f"these runs do not show how {fit.law.response} depends on "
            f"{' and '.join(fit.law.inputs)}: over {values.min():.5g} to {values.max():.5g} the "
            f"law explains no more than chance would (p = {chance:.2g}). Check the column, or add "
            f"runs whose {fit.law.response} differs by more than its scatter",
            partial=fit,
        )


def by_chance(fit: Fitted) -> float:
    """Return how likely chance alone explains as much of the response as the law does."""
    free = len(fit.law.names) - len(fit.held)
    y, misses = fit.loss[fit.counted], fit.residuals[fit.counted]
    dof = len(y) - free
    if free < 2 or dof < 1:
        return 0.0
    y = np.log(y) if fit.law.domain == "positive" else y
    # Residuals are ratios where the response is positive: both are in the same unit.
    about, left = float(((y - y.mean()) ** 2).sum()), float((misses**2).sum())
    if about <= FLAT**2 * EXACT * len(y):
        return 1.0
    if left <= 0 or left >= about:
        return float(left > 0)
    from scipy.special import fdtrc  # late: an import of the library does without

    return float(fdtrc(free - 1, dof, (about - left) / (free - 1) / (left / dof)))


def _why_stuck(fit: Fitted) -> str:
    """Return why an exponent went to the edge of its range, and what would help."""
    loss, d = fit.loss[fit.counted], fit.design
    low, high = float(loss.min()), float(loss.max())
    if high - low <= FLAT * high:
        return (
            f"the loss hardly changes over these runs ({low:.5g} to {high:.5g}), so nothing says "
            f"how it depends on size or data. Check the column, or add runs whose losses differ."
        )
    least, most = d.tokens_per_param or (1.0, 1.0)
    if most >= APART * least:
        return (
            f"the runs do vary {' and '.join(fit.law.inputs)} separately, but one of the terms "
            f"does not show beside the rest of the loss. Add runs small enough in that input for "
            f"it to matter, or with less scatter."
        )
    return f"add runs that vary {' and '.join(fit.law.inputs)} separately."
