"""Learning curves: estimators that compete in an arena, planning, and M1 to M4 as released."""

from scalinglaws.curves import arena, planning, released
from scalinglaws.curves.reading import read_curves
from scalinglaws.curves.sharing import shares

__all__ = ["arena", "planning", "read_curves", "released", "shares"]
