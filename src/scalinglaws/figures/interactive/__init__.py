"""Figures that a reader moves by hand, in a static page: no kernel, no library, no network."""

from scalinglaws.figures.interactive._axis import Axis
from scalinglaws.figures.interactive._explore import explore
from scalinglaws.figures.interactive._explorer import Explorer
from scalinglaws.figures.interactive._series import Series
from scalinglaws.figures.interactive._sweep import Frame, Sweep, sweep

__all__ = ["Axis", "Explorer", "Frame", "Series", "Sweep", "explore", "sweep"]
