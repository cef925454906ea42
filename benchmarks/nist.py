"""Digits of NIST's certified estimates that a fit reaches, beside scipy's least_squares.

python benchmarks/nist.py     27 problems, both of NIST's starts, all digits at once
"""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from harness import machine, show, timed, verdict  # before numpy: it sets the threads

# isort: split
import numpy as np
import numpy.typing as npt
import pandas as pd
from nist_laws import LAWS, certified, digits, observations
from scipy.optimize import least_squares

import scalinglaws as sl
from scalinglaws.errors import Unidentifiable
from scalinglaws.laws import Law

Array = npt.NDArray[np.float64]
Estimate = tuple[pd.Series, pd.Series]
"""Values and classical standard errors, by parameter."""


def ours(law: Law, runs: pd.DataFrame, start: pd.Series) -> Estimate:
    """Fit from one start with the library; no standard errors where it refuses them."""
    fit = sl.fit(law, runs, objective=sl.LSQ, start=start.to_dict(), check=False)
    try:
        errors = np.sqrt(np.diag(fit.covariance(form="classical")))
    except Unidentifiable:
        errors = np.full(len(law.names), np.nan)
    return pd.Series(fit.params), pd.Series(errors, index=law.names)


def scipy_fit(law: Law, runs: pd.DataFrame, start: pd.Series, *, exact: bool) -> Estimate:
    """Fit from one start with scipy's trust region, as it comes or as careful as it gets.

    ``exact`` gives it derivatives to rounding (a complex step of 1e-100), scales by them and asks
    for tolerances of 1e-15; otherwise everything is scipy's default.
    """
    x = {name: runs[name].to_numpy() for name in law.inputs}
    loss = runs["loss"].to_numpy()
    size = len(law.names)

    def model(theta: npt.NDArray[Any]) -> npt.NDArray[Any]:
        p = dict(zip(law.names, theta[:, None], strict=True))
        return np.asarray(law.function(p, x))

    def residuals(theta: Array) -> Array:
        return np.asarray(model(theta) - loss, dtype=float)

    def jacobian(theta: Array) -> Array:
        steps = theta + 1e-100j * np.eye(size)
        return np.stack([model(row).imag / 1e-100 for row in steps], axis=1)

    careful = {
        "jac": jacobian,
        "x_scale": "jac",
        "ftol": 1e-15,
        "xtol": 1e-15,
        "gtol": 1e-15,
        "max_nfev": 100_000,
    }
    with np.errstate(all="ignore"):
        found = least_squares(residuals, start.to_numpy(), **(careful if exact else {}))
    scale = np.linalg.norm(found.jac, axis=0)
    triangle = np.linalg.qr(found.jac / scale, mode="r")
    spread = np.linalg.norm(np.linalg.pinv(triangle), axis=1) / scale
    errors = spread * np.sqrt(2 * found.cost / (len(loss) - size))
    return pd.Series(found.x, index=law.names), pd.Series(errors, index=law.names)


SIDES: dict[str, Callable[[Law, pd.DataFrame, pd.Series], Estimate]] = {
    "ours": ours,
    "scipy": partial(scipy_fit, exact=False),
    "scipy exact": partial(scipy_fit, exact=True),
}


def measure() -> pd.DataFrame:
    """Return digits of values and of standard errors and seconds, a row a fit."""
    rows = []
    for name, law in LAWS.items():
        runs, truth = observations(name), certified(name)
        for start in ("start_1", "start_2"):
            for side, solver in SIDES.items():
                done = timed(partial(solver, law, runs, truth[start]))
                values, errors = done.result
                rows.append(
                    {
                        "problem": name,
                        "start": start[-1],
                        "side": side,
                        "values": digits(values, truth["value"]),
                        "errors": digits(errors, truth["standard_error"]),
                        "seconds": done.wall,
                    }
                )
    return pd.DataFrame(rows)


def main() -> int:
    """Print the digits of every fit, the counts, and whether the reach was kept."""
    print(machine())
    found = measure()
    head = ["problem", "start", *(f"{side}: {of}" for of in ("values", "errors") for side in SIDES)]
    body = [
        [*key, *(f"{digit:.1f}" for of in ("values", "errors") for digit in fit[of])]
        for key, fit in found.groupby(["problem", "start"], sort=False)
    ]
    show("Digits that agree with the certified ones (11 at most)", head, body)
    counts = {
        side: [
            int((own["values"] >= 6).sum()),
            int((own["values"] >= 8).sum()),
            int((own["errors"] >= 4).sum()),
        ]
        for side, own in found.groupby("side", sort=False)
    }
    seconds = found.groupby("side")["seconds"].median()
    show(
        f"Of {len(found) // len(SIDES)} fits",
        ["side", "values >= 6", "values >= 8", "errors >= 4", "median ms"],
        [[side, *count, f"{1e3 * seconds[side]:.1f}"] for side, count in counts.items()],
    )
    six, eight, errors = counts["ours"]
    return verdict(
        [
            ("6 digits in all 54 fits", six == 54),
            ("8 digits in 48 or more", eight >= 48),
            ("4 digits of the standard errors in 52 (Lanczos1 cannot, see its card)", errors >= 52),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
