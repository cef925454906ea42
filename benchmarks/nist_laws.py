"""NIST's 27 certified problems of nonlinear regression, each written as a user writes a law.

``LAWS`` holds the laws by NIST's name, with NIST's parameters b1, b2, ... and inputs x1 (and x2).
``observations(name)`` gives the runs to fit them to and ``certified(name)`` the starts, estimates
and standard errors, from the bundled set ``nist_strd``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import scalinglaws as sl
from scalinglaws.laws import Law
from scalinglaws.laws.parts import Parameter

REFERENCE = "NIST StRD, nonlinear regression"


def problem(name: str, size: int, formula: str, response: Callable[..., Any]) -> Law:
    """Return the law of one problem; ``response(x1, b1, b2, ...)``, for Nelson with x2 too."""
    names = tuple(f"b{j}" for j in range(1, size + 1))
    inputs = ("x1", "x2") if name == "Nelson" else ("x1",)
    return Law(
        name=name,
        inputs=inputs,
        parameters=tuple(
            Parameter(
                name=b, symbol=b, unit="1", meaning="see formula", lower=-np.inf, space="linear"
            )
            for b in names
        ),
        function=lambda p, x: response(*(x[i] for i in inputs), *(p[b] for b in names)),
        formula=formula,
        reference=REFERENCE,
        domain="real",
    )


def rise(x: Any, b1: Any, b2: Any) -> Any:
    """Approach b1 exponentially, b1 (1 - exp(-b2 x))."""
    return -b1 * np.expm1(-b2 * x)


def chwirut(x: Any, b1: Any, b2: Any, b3: Any) -> Any:
    """Divide a decay by a line, exp(-b1 x) / (b2 + b3 x)."""
    return np.exp(-b1 * x) / (b2 + b3 * x)


def lanczos(x: Any, b1: Any, b2: Any, b3: Any, b4: Any, b5: Any, b6: Any) -> Any:
    """Sum three decays, b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x)."""
    return b1 * np.exp(-b2 * x) + b3 * np.exp(-b4 * x) + b5 * np.exp(-b6 * x)


def gauss(x: Any, b1: Any, b2: Any, b3: Any, b4: Any, b5: Any, b6: Any, b7: Any, b8: Any) -> Any:
    """Sum a decay and two peaks, b1 e^(-b2 x) + b3 e^(-((x-b4)/b5)^2) + b6 e^(-((x-b7)/b8)^2)."""
    peaks = b3 * np.exp(-(((x - b4) / b5) ** 2)) + b6 * np.exp(-(((x - b7) / b8) ** 2))
    return b1 * np.exp(-b2 * x) + peaks


def cubics(x: Any, b1: Any, b2: Any, b3: Any, b4: Any, b5: Any, b6: Any, b7: Any) -> Any:
    """Divide a cubic by a cubic, (b1 + b2 x + b3 x^2 + b4 x^3) / (1 + b5 x + b6 x^2 + b7 x^3)."""
    return (b1 + x * (b2 + x * (b3 + x * b4))) / (1 + x * (b5 + x * (b6 + x * b7)))


def enso(x: Any, *b: Any) -> Any:
    """Sum a year and two free periods b4 and b7, each with a cosine and a sine."""
    year, first, second = 2 * np.pi * x / 12, 2 * np.pi * x / b[3], 2 * np.pi * x / b[6]
    seasons = b[1] * np.cos(year) + b[2] * np.sin(year)
    slow = b[4] * np.cos(first) + b[5] * np.sin(first)
    return b[0] + seasons + slow + b[7] * np.cos(second) + b[8] * np.sin(second)


RISE = "y = b1 (1 - exp(-b2 x))"
CHWIRUT = "y = exp(-b1 x) / (b2 + b3 x)"
LANCZOS = "y = b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x)"
GAUSS = "y = b1 exp(-b2 x) + b3 exp(-((x - b4) / b5)^2) + b6 exp(-((x - b7) / b8)^2)"
CUBICS = "y = (b1 + b2 x + b3 x^2 + b4 x^3) / (1 + b5 x + b6 x^2 + b7 x^3)"

LAWS = {
    law.name: law
    for law in (
        problem(
            "Bennett5",
            3,
            "y = b1 (b2 + x)^(-1 / b3)",
            lambda x, b1, b2, b3: b1 * (b2 + x) ** (-1 / b3),
        ),
        problem("BoxBOD", 2, RISE, rise),
        problem("Chwirut1", 3, CHWIRUT, chwirut),
        problem("Chwirut2", 3, CHWIRUT, chwirut),
        problem("DanWood", 2, "y = b1 x^b2", lambda x, b1, b2: b1 * x**b2),
        problem(
            "ENSO",
            9,
            "y = b1 + b2 cos(2 pi x / 12) + b3 sin(2 pi x / 12) + b5 cos(2 pi x / b4) "
            "+ b6 sin(2 pi x / b4) + b8 cos(2 pi x / b7) + b9 sin(2 pi x / b7)",
            enso,
        ),
        problem(
            "Eckerle4",
            3,
            "y = (b1 / b2) exp(-((x - b3) / b2)^2 / 2)",
            lambda x, b1, b2, b3: b1 / b2 * np.exp(-0.5 * ((x - b3) / b2) ** 2),
        ),
        problem("Gauss1", 8, GAUSS, gauss),
        problem("Gauss2", 8, GAUSS, gauss),
        problem("Gauss3", 8, GAUSS, gauss),
        problem("Hahn1", 7, CUBICS, cubics),
        problem(
            "Kirby2",
            5,
            "y = (b1 + b2 x + b3 x^2) / (1 + b4 x + b5 x^2)",
            lambda x, b1, b2, b3, b4, b5: (b1 + x * (b2 + x * b3)) / (1 + x * (b4 + x * b5)),
        ),
        problem("Lanczos1", 6, LANCZOS, lanczos),
        problem("Lanczos2", 6, LANCZOS, lanczos),
        problem("Lanczos3", 6, LANCZOS, lanczos),
        problem(
            "MGH09",
            4,
            "y = b1 (x^2 + b2 x) / (x^2 + b3 x + b4)",
            lambda x, b1, b2, b3, b4: b1 * (x * (x + b2)) / (x * (x + b3) + b4),
        ),
        problem(
            "MGH10",
            3,
            "y = b1 exp(b2 / (x + b3))",
            lambda x, b1, b2, b3: b1 * np.exp(b2 / (x + b3)),
        ),
        problem(
            "MGH17",
            5,
            "y = b1 + b2 exp(-b4 x) + b3 exp(-b5 x)",
            lambda x, b1, b2, b3, b4, b5: b1 + b2 * np.exp(-b4 * x) + b3 * np.exp(-b5 * x),
        ),
        problem("Misra1a", 2, RISE, rise),
        problem(
            "Misra1b",
            2,
            "y = b1 (1 - (1 + b2 x / 2)^-2)",
            lambda x, b1, b2: b1 * (1 - (1 + b2 * x / 2) ** -2.0),
        ),
        problem(
            "Misra1c",
            2,
            "y = b1 (1 - (1 + 2 b2 x)^-0.5)",
            lambda x, b1, b2: b1 * (1 - (1 + 2 * b2 * x) ** -0.5),
        ),
        problem(
            "Misra1d",
            2,
            "y = b1 b2 x / (1 + b2 x)",
            lambda x, b1, b2: b1 * b2 * x / (1 + b2 * x),
        ),
        problem(
            "Nelson",
            3,
            "log y = b1 - b2 x1 exp(-b3 x2)",
            lambda x1, x2, b1, b2, b3: b1 - b2 * x1 * np.exp(-b3 * x2),
        ),
        problem(
            "Rat42",
            3,
            "y = b1 / (1 + exp(b2 - b3 x))",
            lambda x, b1, b2, b3: b1 / (1 + np.exp(b2 - b3 * x)),
        ),
        problem(
            "Rat43",
            4,
            "y = b1 (1 + exp(b2 - b3 x))^(-1 / b4)",
            lambda x, b1, b2, b3, b4: b1 * (1 + np.exp(b2 - b3 * x)) ** (-1 / b4),
        ),
        problem(
            "Roszman1",
            4,
            "y = b1 - b2 x - arctan(b3 / (x - b4)) / pi",
            lambda x, b1, b2, b3, b4: b1 - b2 * x - np.arctan(b3 / (x - b4)) / np.pi,
        ),
        problem("Thurber", 7, CUBICS, cubics),
    )
}


def observations(name: str) -> pd.DataFrame:
    """Return the runs of one problem: its inputs, and its response as ``loss``."""
    every = sl.load("nist_strd")
    own = every[every["problem"] == name].reset_index(drop=True)
    response = np.log(own["y"]) if name == "Nelson" else own["y"]
    return own[list(LAWS[name].inputs)].assign(loss=response)


def certified(name: str) -> pd.DataFrame:
    """Return start_1, start_2, value and standard_error of one problem, a row a parameter."""
    every = sl.load("nist_strd/certified")
    return every[every["problem"] == name].set_index("parameter").drop(columns="problem")


def digits(found: pd.Series, truth: pd.Series) -> float:
    """Return how many significant digits agree in the worst parameter, from 0 to 11.

    ``min_j -log10 |found_j / truth_j - 1|``; 11 is as many as NIST certifies. McCullough 1998,
    "Assessing the reliability of statistical software: Part I", section 3.
    """
    error = np.abs(found[truth.index].to_numpy() / truth.to_numpy() - 1).max()
    if np.isnan(error):
        return 0.0
    return float(np.clip(-np.log10(max(error, 1e-11)), 0, 11))
