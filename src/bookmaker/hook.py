"""The picture on the landing page and in the README, drawn by the library from the bundled runs."""

from pathlib import Path

import numpy as np

from scalinglaws._fit import fit
from scalinglaws.compute import isoflop
from scalinglaws.compute.allocate import allocate
from scalinglaws.data.catalogue import load
from scalinglaws.laws import CHINCHILLA


def draw_hook(root: Path) -> Path:
    """Draw the compute-optimal model size by two analyses; returns the file written."""
    from scalinglaws import figures as plot

    flops = np.geomspace(1e19, 1e26, 29)
    picture = plot.frontiers(
        {
            "surface fitted to 240 runs": allocate(fit(CHINCHILLA, load("hoffmann2022")), flops),
            "isoFLOP profiles": isoflop.frontier(load("isoflops/chinchilla")).at(flops),
        },
        points={"Chinchilla 70B": (5.76e23, 70e9)},
    )
    file = root / "book" / "images" / "hook.png"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(picture.png())
    return file
