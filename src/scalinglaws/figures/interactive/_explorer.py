"""A figure with three sliders: the training budget and the exponents of a Chinchilla fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.figures.interactive._axis import Axis
from scalinglaws.figures.interactive._page import Slider, page
from scalinglaws.figures.interactive._payload import DRAW, check, plain
from scalinglaws.figures.interactive._picture import Picture, picture
from scalinglaws.figures.interactive._series import Kind, Series

_DECK = (
    "Fitted to {} ({}). Slide or type a budget to see the model size and the amount of data that "
    "the fit recommends; slide an exponent to see what else the same runs would allow."
)
_NOTE = (
    "Loss L = E + A/N<sup>α</sup> + B/D<sup>β</sup>, budget C = 6ND. When an exponent moves, A, B "
    "and E are refitted to the same runs. Bands and intervals hold {} of the fit’s bootstrap "
    "refits: they take the law for granted, and belong to the fit, not to the exponents that you "
    "choose. The address of this page keeps what you choose."
)
_TILES = {"params": "Parameters N*", "tokens": "Tokens D*", "ratio": "Tokens per parameter"}
_BUDGET = Axis("training budget C", "FLOPs")
_AXES = {"params": Axis("Model size N*", "parameters"), "tokens": Axis("Data D*", "tokens")}


@dataclass(frozen=True)
class Explorer:
    """An interactive figure of N*, D*, tokens per parameter and loss against the training budget.

    ``payload`` holds a fit of L = E + A/N**alpha + B/D**beta with its bootstrap: budgets in FLOPs,
    loss in ``loss_unit``; ``log_A``, ``log_B``, ``E`` and ``objective`` have one row for each
    ``alpha`` and one column for each ``beta`` and hold the refit at that pair of exponents. Put the
    best exponents among the grids' nodes, so that the curves do not jump where the reader starts.
    Raises ``BadPayload`` when a key is missing, has the wrong shape or a value out of range.
    """

    payload: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a payload that the page would draw wrongly or not at all."""
        check(self.payload)

    @property
    def _runs(self) -> str:
        return f"{self.payload['n_runs']} {'simulated ' * bool(self.payload['simulated'])}runs"

    def __repr__(self) -> str:
        """Say what is shown, for places that show text only."""
        return (
            f"Explorer({self.payload['title']!r}: {self._runs}, "
            f"{len(self.payload['draws'])} bootstrap refits; interactive in the rendered page)"
        )

    def _repr_html_(self) -> str:
        """Give the figure as self-contained HTML."""
        p = plain(self.payload)
        flops, seen, percent = p["flops"], p["observed_flops"], f"{100 * p['level']:.3g}%"
        tails = [(1 - p["level"]) / 2, (1 + p["level"]) / 2]
        draws = dict(zip(DRAW, np.array(p["draws"]).T, strict=True))
        spread = {name: np.quantile(draws[name], tails).tolist() for name in ("alpha", "beta")}
        ends = [flops["min"], *np.clip(seen, flops["min"], flops["max"]).tolist(), flops["max"]]
        kinds: tuple[Kind, ...] = ("extrapolated", "fitted", "extrapolated")
        parts = [part for part in zip(ends, ends[1:], kinds, strict=False) if part[0] < part[1]]
        drawings = {key: _drawing(p, draws, tails, parts, key) for key in _AXES}
        plots = [
            {"key": key, "parts": parts, "alt": f"{d.y} against {d.x} on logarithmic axes; "}
            | {name: [s.low, s.high, s.size] for name, s in (("x", d.across), ("y", d.up))}
            for key, d in drawings.items()
        ]
        tiles = "".join(
            f'<div><span>{escape(words)}</span><data data-quantity="{key}"></data>'
            "<span></span><span></span></div>"
            for key, words in {**_TILES, "loss": f"Loss, {p['loss_unit']}"}.items()
        )
        reset = '<button type="button" hidden>Reset to the fit</button>'
        return page(
            {
                "KIND": "explorer",
                "TITLE": escape(p["title"]),
                "DECK": escape(_DECK.format(self._runs, p["objective_name"])),
                "TILES": f'{reset}\n<div class="sl-tiles" hidden>{tiles}</div>\n',
                "TEXT": "The numbers behind this figure are in the page’s tables.",
                "PLOTS": "".join(d.html("", f"{d.y} against {d.x}") for d in drawings.values()),
                "KEY": drawings["params"].legend,
                "NOTE": _NOTE.format(percent),
            },
            sliders=_sliders(p, spread, percent),
            payload={
                **{k: v for k, v in p.items() if k != "runs"},
                "percent": percent,
                "spread": spread,
                "plots": plots,
                "colour": 1 + ("runs" in p),
            },
            longest=270,
            simulated=p["simulated"],
        )


def _sliders(p: Mapping[str, Any], spread: Mapping[str, Any], percent: str) -> list[Slider]:
    ends = [p["flops"][key] for key in ("min", "max", "start")]
    low, high, start, *seen = np.log10([*ends, *p["observed_flops"]]).tolist()
    hint = "observed: {:.1e} to {:.1e}".format(*p["observed_flops"]).replace("e+", "e")
    budget = {"bar": seen, "hint": hint, "typed": "FLOPs"}
    sliders = [Slider("flops", "Training budget C", low, high, 0.01, start, **budget)]
    for name, words in (("alpha", "Size exponent α"), ("beta", "Data exponent β")):
        low, high, start, bar = p[name][0], p[name][-1], p["best"][name], spread[name]
        hint = f"{percent} of refits: {bar[0]:.3f} to {bar[1]:.3f}"
        # 200 steps reach every node of an even grid, and one press of a key still shows.
        step = (high - low) / 200
        sliders.append(Slider(name, words, low, high, step, start, bar=bar, hint=hint))
    return sliders


def _drawing(
    p: Mapping[str, Any],
    draws: Mapping[str, Array],
    tails: list[float],
    parts: Sequence[tuple[float, float, Kind]],
    key: str,
) -> Picture:
    """Draw the fit; the exponents at the ends of the sliders only make room for the reader's."""
    fit, corners = list[Series](), list[Series]()
    if runs := p.get("runs"):
        fit.append(Series("the runs", runs["flops"], runs[key], "observed"))
    at = np.ix_((0, -1), (0, -1))
    far = {name: np.exp(p[f"log_{name}"])[at].ravel() for name in ("A", "B")}
    far |= {"alpha": np.repeat(p["alpha"][:: len(p["alpha"]) - 1], 2)}
    far |= {"beta": np.tile(p["beta"][:: len(p["beta"]) - 1], 2)}
    for low, high, kind in parts:
        flops = np.geomspace(low, high, 15)
        best, many, wide = (_split(q, flops[:, None])[key] for q in (p["best"], draws, far))
        band = np.quantile(many, tails, axis=1)
        fit.append(Series("the fit", flops, best[:, 0], kind, *band))
        corners += [Series("your exponents", flops, line, kind) for line in wide.T]
    return picture(_BUDGET, _AXES[key], [("the fit", fit), ("the corners", corners)])


def _split(p: Mapping[str, Any], flops: Array) -> dict[str, Array]:
    """Return the best split of a budget in closed form, as the page's program does."""
    total, budget = p["alpha"] + p["beta"], flops / FLOPS_PER_PARAM_TOKEN
    ratio = p["alpha"] * p["A"] / (p["beta"] * p["B"])
    params = ratio ** (1 / total) * budget ** (p["beta"] / total)
    return {"params": params, "tokens": budget / params}
