"""What a report says, as data: the question, the answer, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws._version import VERSION
from scalinglaws.fitting.saved import digest, text_of

if TYPE_CHECKING:
    import pandas as pd

    from scalinglaws._fit import Fit
    from scalinglaws.decide.next_runs import NextRuns
    from scalinglaws.validation.hold_out import HoldOut


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """What a report says: ``answer`` in two sentences, and what it rests on.

    ``plans`` is the table of :func:`scalinglaws.allocate`, ``held_out`` the score of the law on its
    own largest runs, ``planned`` the runs to train next. Where one of them is refused it is
    ``None``, and ``limits`` holds the reason among what these runs cannot say. Every count of FLOPs
    is ``per_param_token`` for each parameter and token.
    """

    title: str
    question: str
    answer: str
    fit: Fit = field(repr=False)
    plans: pd.DataFrame | None = field(repr=False)
    held_out: HoldOut | None = field(repr=False)
    planned: NextRuns | None = field(repr=False)
    limits: tuple[str, ...]
    per_param_token: float
    reproduce: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what the page says as numbers and words that JSON can hold."""
        f = self.fit
        found: dict[str, Any] = {
            "title": self.title,
            "question": self.question,
            "answer": self.answer,
            "law": f.law.name,
            "ok": bool(f.ok),
            "status": f.status,
            "params": dict(f.params),
            "runs": int(f.counted.sum()),
            "runs_sha256": digest(f.runs),
            "source": self.source,
            "notes": self.notes,
            "plans": None if self.plans is None else records(self.plans),
            "held_out": None if self.held_out is None else _scores(self.held_out),
            "next": None if self.planned is None else next_told(self.planned),
            "limits": list(self.limits),
            "per_param_token": self.per_param_token,
            "seed": f.seed,
            "version": VERSION,
            "reproduce": self.reproduce,
        }
        return found

    @property
    def source(self) -> str:
        """Where the runs are from."""
        card = self.fit.runs.attrs.get("card") or {}
        return str(card.get("source") or self.fit.runs.attrs.get("name", "a table"))

    @property
    def notes(self) -> list[str]:
        """What was done to the table when it was read, and how it counts."""
        card = self.fit.runs.attrs.get("card") or {}
        told = [*card.get("notes", []), card.get("convention", "")]
        return [str(note) for note in told if isinstance(note, str) and note]

    def fit_json(self) -> str:
        """Return the fit as :meth:`Fit.save` writes it."""
        return text_of(self.fit)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, ``None`` for what is not finite, at any depth."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them."""
    found: list[dict[str, Any]] = plain(table.to_dict("records"))
    return found


def next_told(planned: NextRuns) -> dict[str, Any]:
    """Return planned runs and what they are expected to do, as JSON can hold them."""
    return {
        "sentence": planned.sentence(),
        "helps": bool(planned.helps),
        "width_now": planned.now,
        "width_then": planned.then,
        "error": plain(planned.error),
        "flops": planned.flops,
        "per_param_token": planned.per_param_token,
        "runs": records(planned.runs),
    }


def _scores(score: HoldOut) -> list[dict[str, Any]]:
    return records(score.scores.rename_axis("estimator").reset_index())
