"""The picture on the landing page and in the README, drawn by the library from the bundled runs."""

from base64 import b64decode
from pathlib import Path

import numpy as np

from scalinglaws._fit import fit
from scalinglaws.compute.allocate import allocate
from scalinglaws.compute.isoflop import frontier
from scalinglaws.counting import PF_DAY
from scalinglaws.data.catalogue import load
from scalinglaws.laws import CHINCHILLA

BUDGET = 5.76e23
"""Chinchilla's own budget in FLOPs (Hoffmann et al. 2022)."""

MODELS = {
    "Chinchilla": "Chinchilla",
    "Gopher": "Gopher (280B)",
    "PaLM": "PaLM (540B)",
    "Llama 2 7B": "Llama 2-7B",
}
"""Models that were trained: their short names, and those in the bundled table of models."""


def kaplan(flops: np.ndarray) -> np.ndarray:
    """Return the best size by Kaplan et al. 2020, Table 6: 1.3e9 parameters at one PF-day."""
    return np.asarray(1.3e9 * (flops / PF_DAY) ** 0.73)


def draw_hook(root: Path) -> Path:
    """Draw the best size by two laws for two widths and two themes; returns the first file."""
    from scalinglaws import figures as plot

    flops = np.sort([*np.geomspace(2e18, 1e25, 40), BUDGET])
    runs = load("hoffmann2022")
    known = load("cottier2024/models").set_index("model")
    trained = {name: known.loc[row, ["flops", "params"]] for name, row in MODELS.items()}
    picture = plot.answers(
        runs,
        allocate(fit(CHINCHILLA, runs), flops),
        ("Kaplan et al.", flops, kaplan(flops)),
        {name: (float(row["flops"]), float(row["params"])) for name, row in trained.items()},
        frontier(load("isoflops/chinchilla", outliers=False), shape="parabola"),
        at=BUDGET,
    )
    folder = root / "book" / "_static" / "hook"
    folder.mkdir(parents=True, exist_ok=True)
    page, _ = picture._repr_mimebundle_()
    (folder / "hook.png").write_bytes(b64decode(page["image/png"]))
    for name in ("dark.png", "narrow.png", "narrow-dark.png"):
        text = page[plot.MIME]["files"][name]
        (folder / f"hook.{name}").write_bytes(b64decode(text))
    return folder / "hook.png"
