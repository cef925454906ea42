"""Play: every entrant on every curve, out of reach of what it is scored on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws._parallel.threads import cores
from scalinglaws._typing import Array
from scalinglaws.curves.arena import kept
from scalinglaws.curves.arena.curves import Curve, cut
from scalinglaws.curves.arena.entrants import ENTRANTS, Entrant
from scalinglaws.errors import BadParameters


def _answer(entrant: Entrant, curves: Sequence[Curve]) -> list[tuple[dict[str, Array], str]]:
    """Return what an entrant predicts, or why it does not; runs in a process of its own."""
    return list(map(_checked, said(entrant, curves), curves))


def said(entrant: Entrant, curves: Sequence[Curve]) -> list[Any]:
    """Return what an entrant says of each curve, or the error that it raises."""
    if (together := getattr(entrant, "together", None)) is not None:
        try:
            return list(together(curves))
        except Exception as error:
            return [error] * len(curves)
    answers: list[Any] = []
    for curve in curves:
        try:
            answers.append(entrant(curve))
        except Exception as error:  # whatever an entrant does wrong is its own result
            answers.append(error)
    return answers


def shared_out(entrant: Entrant, which: Sequence[int], workers: int) -> list[Sequence[int]]:
    """Share curves out, to processes if they are taken together, and by fours if one by one."""
    if hasattr(entrant, "together"):
        return [part for k in range(workers) if (part := which[k::workers])]
    return [which[k : k + 4] for k in range(0, len(which), 4)]


def _checked(said: Any, curve: Curve) -> tuple[dict[str, Array], str]:
    if isinstance(said, Exception):
        return {}, f"{type(said).__name__}: {str(said).splitlines()[0] if str(said) else ''}"
    try:
        table = said if isinstance(said, pd.DataFrame) else {"mean": said}
        names = [n for n in ("mean", "low", "high") if n in table]
        answer = {n: np.asarray(table[n], dtype=float) for n in names}
    except Exception as error:
        return _checked(error, curve)
    if "mean" not in answer or answer["mean"].shape != curve.at.shape:
        return {}, "no value for each point to predict"
    if not (np.isfinite(answer["mean"]) & (answer["mean"] > 0)).all():
        return {}, "a prediction that is no positive number"
    return answer, ""


def _score(answer: dict[str, Array], loss: Array) -> dict[str, float]:
    nothing = {"rmse": np.nan, "bias": np.nan, "inside": np.nan, "width": np.nan}
    if not answer:
        return nothing
    miss = np.log(answer["mean"]) - np.log(loss)
    out = {**nothing, "rmse": float(np.sqrt((miss**2).mean())), "bias": float(miss.mean())}
    if {"low", "high"} <= set(answer):
        low, high = answer["low"], answer["high"]
        out["inside"] = float(((low <= loss) & (loss <= high)).mean())
        out["width"] = float(np.log(high / low).mean())
    return out


def play(
    table: pd.DataFrame,
    entrants: Mapping[str, Entrant] = ENTRANTS,
    *,
    share: float | None = None,
    workers: int | None = None,
) -> pd.DataFrame:
    """Let every entrant predict the rest of every curve, and score it.

    ``table`` and ``share`` are those of :func:`cut`. An entrant works in a process that was given
    the points to fit and the ``x`` to predict, and nothing else: the losses there never leave this
    one. What an entrant of the library said of a curve before may be kept on disk: see
    :mod:`~scalinglaws.curves.arena.kept`. Returns a row for each curve and entrant: ``rmse`` and
    ``bias`` of log loss, ``inside`` and ``width`` (in log loss) of its interval, and ``problem``,
    why there is no prediction.
    Raises what :func:`cut` raises, and :class:`BadParameters` for entrants that are no functions.
    """
    from joblib import Parallel, delayed  # late: an import of the library does without

    if not entrants or not all(callable(e) for e in entrants.values()):
        raise BadParameters("entrants maps the name of each to a function of a curve")
    curves, hidden = cut(table, share=share)
    jobs = [(name, i) for name in entrants for i in range(len(curves))]
    paths = {(name, i): kept.path_of(entrants[name], curves[i]) for name, i in jobs}
    known = {job: kept.read(path, len(curves[job[1]].at)) for job, path in paths.items()}
    answers = {job: (answer, "") for job, answer in known.items() if answer is not None}
    # A single worker would be this process, which knows the losses.
    workers = max(workers or cores(), 2)
    new: list[tuple[str, Sequence[int]]] = []
    for name, entrant in entrants.items():
        which = [i for i in range(len(curves)) if (name, i) not in answers]
        new += [(name, part) for part in shared_out(entrant, which, workers)]
    if new:
        found = Parallel(n_jobs=workers, batch_size=1)(
            delayed(_answer)(entrants[name], [curves[i] for i in part]) for name, part in new
        )
        for (name, part), several in zip(new, found, strict=True):
            for i, (answer, problem) in zip(part, several, strict=True):
                kept.write(paths[name, i], answer)
                answers[name, i] = (answer, problem)
    rows = []
    for name, i in jobs:
        answer, problem = answers[name, i]
        c = curves[i]
        rows.append(
            {
                "domain": c.domain,
                "task": c.task,
                "model": c.model,
                "curve": i + 1,
                "entrant": name,
                **_score(answer, hidden[i]),
                "problem": problem,
            }
        )
    return pd.DataFrame(rows)
