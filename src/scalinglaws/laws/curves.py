"""Learning curves beyond the power law: shifted, saturating and broken."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Bound, Parameter, Values, coefficient, exponent, level
from scalinglaws.laws.powers import power_law

TINY = 1e-30
"""Least value of a scale that is not in the unit of the loss."""
_STEEP = 10.0
"""Largest exponent, or change of one, of a broken law."""
_NEW_LEVELS, _NEW_BENDS = (0.1, 1.0, 10.0), (1e-6, 0.1, 0.5)
"""Height of the first level over the largest loss, and its bend, that a power law is given."""
_NEW_PLACES, _NEW_WIDTHS = 8, (0.1, 0.5)
"""Where along the curve, and how wide, a break is added to a fit with one less."""


def _shifted(over: str, p: Values, x: Values) -> Any:
    return p["k"] * np.exp(p["c"] * np.logaddexp(-np.log(x[over]), np.log(p["s"])))


def _guess_shifted(
    over: str, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    return {**values, "s": values["s"] / inputs[over].max()}


def shifted(over: str) -> Law:
    """Return the shifted power law, ``L = k (1/x + s)^c``: it levels off at ``k s^c``.

    M3 of Alabdulmohsin et al. 2022; Bansal et al. 2022 use it for translation.
    """
    return Law(
        name=f"shifted power law in {over}",
        inputs=(over,),
        parameters=(
            coefficient("k", "k", f"loss * {over}^c", "loss at one unit of the input, unshifted"),
            exponent("c", "c", "how fast the loss falls while the shift is small"),
            Parameter(
                name="s",
                symbol="s",
                unit=f"1/{over}",
                meaning="inverse of the input at which the curve bends to its floor",
                lower=TINY,
                start=(0.01, 10.0),
            ),
        ),
        function=Bound(_shifted, (over,)),
        guess=Bound(_guess_shifted, (over,)),
        linear=("k",),
        formula="L = k (1/x + s)^c",
        reference="Alabdulmohsin et al. 2022, M3",
    )


def share_of(p: Values, log_ratio: Any) -> Any:
    """Solve ``log t - a log(1 - t) = log_ratio`` for the logit of ``t``."""
    a, h = np.real(p["a"]), np.real(log_ratio)
    # The left side bends one way only, and the solution of its asymptotes is on the side from
    # which Newton's method then cannot overshoot: no bracket is needed.
    z = np.maximum(h, 0.0) / a + np.minimum(h, 0.0)
    for _ in range(100):
        # As _newton, with one exponential and one logarithm: most of a fit's time is spent here.
        small = np.exp(-np.abs(z))
        log_both = np.log1p(small)
        share = np.where(z < 0, small, 1.0) / (1.0 + small)
        miss = np.minimum(z, 0.0) - log_both + a * (np.maximum(z, 0.0) + log_both) - h
        step = -miss / (1.0 - share + a * share)
        z = z + step
        if not (np.abs(step) > 1e-9 * (1.0 + np.abs(z))).any():
            break
    if isinstance(log_ratio, np.ndarray):
        return z
    # z is a plain number so far. Its derivatives are those of an implicit function, and they come
    # in with its Taylor polynomial: that is z itself, as neither argument differs from its value.
    small = np.exp(-np.abs(z))
    share = np.where(z < 0, small, 1.0) / (1.0 + small)
    by_z, apart, up = 1.0 - share + a * share, log_ratio - h, p["a"] - a
    turn = (1.0 - a) * share * (1.0 - share)
    by_h, by_a = 1.0 / by_z, (np.minimum(-z, 0.0) - np.log1p(small)) / by_z
    bend_h, bend_a = turn * by_h**2, turn * by_a**2 - 2.0 * share * by_a
    mixed = turn * by_a * by_h - share * by_h
    bend_h, bend_a, mixed = (v / by_z for v in (0.5 * bend_h, 0.5 * bend_a, mixed))
    return z + apart * (by_h + bend_h * apart + mixed * up) + up * (by_a + bend_a * up)


def saturating_power(over: str, p: Values, x: Values) -> Any:
    """Return the loss by M4."""
    gap = p["L0"] - p["E"]
    log_ratio = np.log(p["k"]) - p["c"] * np.log(x[over]) - (1.0 - p["a"]) * np.log(gap)
    return p["E"] + gap * np.exp(-np.logaddexp(0.0, -share_of(p, log_ratio)))


def _guess_saturating(
    over: str,
    top: float | None,
    values: Mapping[str, Array],
    inputs: Mapping[str, Array],
    loss: Array,
) -> Mapping[str, Array]:
    # Drawn shares place E below the least loss and L0 above the largest; the rest is linear.
    floor = values["E"] * loss.min()
    above = max(np.ptp(loss), 1e-6 * loss.max())
    if top is not None:
        above = min(above, max((top - loss.max()) / 2, 1e-6 * loss.max()))
    start = loss.max() + values["L0"] * above
    log_x = np.broadcast_to(np.log(inputs[over]), (len(floor), len(loss)))
    basis = np.stack([np.ones_like(log_x), -log_x, np.log(start[:, None] - loss)], axis=-1)
    target = np.log(loss - floor[:, None])
    log_k, c, a = (np.linalg.pinv(basis) @ target[..., None])[..., 0].T
    # Where a bound stops an exponent, the scale follows so that the curve stays in place.
    bounded = [np.clip(v, 0.02, 2.5) for v in (c, a)]
    moved = [(v - w)[:, None] for v, w in zip((c, a), bounded, strict=True)]
    log_k = log_k + (basis[..., 1:] * np.stack(moved, axis=-1)).sum(axis=-1).mean(axis=-1)
    return {"E": floor, "L0": start, "k": np.exp(log_k), "c": bounded[0], "a": bounded[1]}


def _grow_saturating(
    top: float | None, values: Mapping[str, float], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # A power law that bends from a first level ever closer by, ever more.
    height, a = (v.ravel() for v in np.meshgrid(_NEW_LEVELS, _NEW_BENDS))
    start = loss.max() * (1 + height)
    if top is not None:
        start = np.minimum(start, (loss.max() + max(top, loss.max())) / 2)
    k = values["k"] / (start - loss.mean()) ** a
    same = {n: np.full(len(a), values[n]) for n in ("E", "c")}
    return {**same, "L0": start, "k": k, "a": a}


def saturating(over: str, *, top: float | None = None) -> Law:
    """Return M4, ``(L - E) / (L0 - L)^a = k x^-c`` solved for ``L``.

    The loss leaves the level ``L0`` of a random guess and approaches the floor ``E`` as a power
    law; ``a -> 0`` gives the power law with floor. ``top`` is the largest level that the metric
    allows, such as 1 for an error rate. Residuals are taken in the prediction, not in the
    transformed loss that Alabdulmohsin et al. 2022 fit.
    """
    return Law(
        name=f"saturating power law in {over}",
        inputs=(over,),
        parameters=(
            Parameter(
                name="E",
                symbol="E",
                unit="loss",
                meaning="irreducible loss: what no scale removes",
                space="linear",
                start=(0.05, 0.99),
            ),
            Parameter(
                name="L0",
                symbol="L₀",
                unit="loss",
                meaning="loss before learning, as of a random guess",
                upper=np.inf if top is None else top,
                start=(0.01, 2.0),
            ),
            coefficient("k", "k", f"loss^(1-a) * {over}^c", "weight of the power law"),
            exponent("c", "c", "how fast the loss falls far from both levels"),
            Parameter(
                name="a",
                symbol="a",
                unit="1",
                meaning="how slowly the loss leaves its first level",
                lower=1e-6,
                upper=10.0,
                space="linear",
            ),
        ),
        function=Bound(saturating_power, (over,)),
        guess=Bound(_guess_saturating, (over, top)),
        simpler=power_law(over),
        grow=Bound(_grow_saturating, (top,)),
        formula="(L - E) / (L0 - L)^a = k x^-c",
        reference="Alabdulmohsin et al. 2022, M4",
    )


def broken_power(over: str, breaks: int, p: Values, x: Values) -> Any:
    """Return the loss by a power law with breaks."""
    log_x = np.log(x[over])
    power = -p["c0"] * log_x
    for i in range(1, breaks + 1):
        f = p[f"f{i}"]
        bend = np.logaddexp(0.0, (log_x - np.log(p[f"d{i}"])) / f)
        power = power - p[f"c{i}"] * f * bend
    return p["a"] + p["b"] * np.exp(power)


def _placed(
    number: range, where: Array, wide: Array, level: Array, log_x: Array, loss: Array
) -> dict[str, Array]:
    # For given breaks and a level below the least loss, the logarithm of what is above the
    # level is linear in the exponents.
    order = np.argsort(where, axis=0)
    where, wide = (np.take_along_axis(v, order, axis=0)[:, :, None] for v in (where, wide))
    bends = -wide * np.logaddexp(0.0, (log_x - np.log(where)) / wide)
    columns = [np.ones_like(log_x), -log_x, *bends]
    basis = np.stack(np.broadcast_arrays(*columns, level[:, None])[:-1], axis=-1)
    target = np.log(loss - level[:, None])
    _, *slopes = (np.linalg.pinv(basis) @ target[..., None])[..., 0].T
    found = {f"c{i}": np.clip(c, -_STEEP, _STEEP) for i, c in enumerate(slopes)}
    found |= {f"d{i}": d[:, 0] for i, d in zip(number, where, strict=True)}
    found |= {f"f{i}": f[:, 0] for i, f in zip(number, wide, strict=True)}
    return found


def _guess_broken(
    over: str, breaks: int, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    number = range(1, breaks + 1)
    level = np.linspace(0.0, 0.99, len(values["c0"])) * loss.min()
    if not breaks:
        where = wide = np.empty((0, len(level)))
    else:
        where, wide = (np.stack([values[f"{k}{i}"] for i in number]) for k in "df")
    return {**values, **_placed(number, where, wide, level, np.log(inputs[over]), loss)}


def _grow_broken(
    over: str, breaks: int, values: Mapping[str, float], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    number = range(1, breaks + 1)
    # A new break anywhere along the fit with one less.
    log_x = np.log(inputs[over])
    places = np.linspace(log_x.min(), log_x.max(), _NEW_PLACES + 2)[1:-1]
    at, width = (v.ravel() for v in np.meshgrid(places, _NEW_WIDTHS))
    where, wide = (
        np.stack([*(np.full(len(at), values[f"{k}{i}"]) for i in number[:-1]), new])
        for k, new in (("d", np.exp(at)), ("f", width))
    )
    level = np.full(len(at), min(values["a"], 0.99 * loss.min()))
    return _placed(number, where, wide, level, log_x, loss)


def _slope(i: int, meaning: str) -> Parameter:
    return Parameter(
        name=f"c{i}",
        symbol=f"c_{i}",
        unit="1",
        meaning=meaning,
        lower=-_STEEP,
        upper=_STEEP,
        space="linear",
    )


def broken_power_law(over: str, *, breaks: int = 1) -> Law:
    """Return the smoothly broken power law with any number of breaks.

    ``L = a + b x^-c0 prod_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i)``: at ``d_i`` the slope in log-log
    changes by ``c_i``, the faster the smaller ``f_i``; no break gives the power law with floor.
    Raises :class:`BadParameters` for a negative number of breaks. Caballero et al. 2022.
    """
    if breaks < 0:
        raise BadParameters(f"breaks is 0 or more; found {breaks}")
    number = range(1, breaks + 1)

    parameters = [
        level("a", "a", "loss", "level that the curve tends to"),
        coefficient("b", "b", f"loss * {over}^c0", "weight of the first power law"),
        _slope(0, "how fast the loss falls before the first break"),
    ]
    for i in number:
        where = Parameter(
            name=f"d{i}",
            symbol=f"d_{i}",
            unit=over,
            meaning=f"input at break {i}",
            lower=TINY,
            start=(1.0, 1.0),
            like=over,
        )
        width = Parameter(
            name=f"f{i}",
            symbol=f"f_{i}",
            unit="1",
            meaning=f"width of break {i} in log x",
            lower=1e-3,
            upper=10.0,
            start=(0.05, 1.0),
        )
        parameters += [_slope(i, f"change of the exponent at break {i}"), where, width]
    return Law(
        name=f"power law in {over} with {breaks} break{'' if breaks == 1 else 's'}",
        inputs=(over,),
        parameters=tuple(parameters),
        function=Bound(broken_power, (over, breaks)),
        guess=Bound(_guess_broken, (over, breaks)),
        simpler=broken_power_law(over, breaks=breaks - 1) if breaks > 1 else None,
        grow=Bound(_grow_broken, (over, breaks)) if breaks > 1 else None,
        linear=("a", "b"),
        formula="L = a + b x^-c0 prod_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i)",
        reference="Caballero et al. 2022",
    )
