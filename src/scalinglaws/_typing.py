"""The type of an array of doubles, which every module shares."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
