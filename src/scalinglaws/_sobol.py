"""Points that fill a cube evenly: scrambled Sobol sequences, the same for a seed anywhere."""

import numpy as np

from scalinglaws._typing import Array


def sobol(dimensions: int, count: int, *, seed: int) -> Array:
    """Return ``count`` points (count, dimensions) of the unit cube, evenly spread.

    Sobol 1967, scrambled as Owen 1998 and Matousek 1998 do.
    """
    from scipy.stats import qmc  # late: scipy.stats takes a third of a second

    generator = np.random.default_rng(seed)
    try:
        sampler = qmc.Sobol(dimensions, rng=generator)
    except TypeError:  # scipy 1.14, which is what Pyodide 0.27 carries, has another name for it
        sampler = qmc.Sobol(dimensions, seed=generator)
    return np.asarray(sampler.random(count))
