"""The picture on the landing page and in the README, drawn by the library from the bundled runs."""

from base64 import b64decode
from pathlib import Path

import numpy as np

from scalinglaws._fit import fit
from scalinglaws.compute.allocate import allocate
from scalinglaws.counting import PF_DAY
from scalinglaws.data.catalogue import load
from scalinglaws.laws import CHINCHILLA

BUDGET = 5.76e23
"""Chinchilla's own budget in FLOPs (Hoffmann et al. 2022)."""

MODELS = {
    "Chinchilla": (70e9, 1.4e12),  # Hoffmann et al. 2022, abstract
    "Gopher": (280e9, 300e9),  # Rae et al. 2021; Hoffmann et al. 2022, Table 1
    "GPT-3": (175e9, 300e9),  # Brown et al. 2020, Table 2.1
}
"""Parameters and training tokens of models that were trained."""


def kaplan(flops: np.ndarray) -> np.ndarray:
    """Return the best size by Kaplan et al. 2020, Table 6: 1.3e9 parameters at one PF-day."""
    return np.asarray(1.3e9 * (flops / PF_DAY) ** 0.73)


def draw_hook(root: Path) -> Path:
    """Draw the best size by two laws for two widths and two themes; returns the first file."""
    from scalinglaws import figures as plot

    flops = np.sort([*np.geomspace(2e18, 1e26, 40), BUDGET])
    runs = load("hoffmann2022")
    picture = plot.answers(
        runs,
        allocate(fit(CHINCHILLA, runs), flops),
        ("Kaplan et al. 2020", flops, kaplan(flops)),
        {name: (6 * n * d, n) for name, (n, d) in MODELS.items()},
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
