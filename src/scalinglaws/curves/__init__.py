"""Learning curves: estimators that compete in an arena, planning, and M1 to M4 as released."""

from scalinglaws.curves import arena, planning, released

__all__ = ["arena", "planning", "released"]
