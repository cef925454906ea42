"""The arena: estimators predict the rest of learning curves that they have not seen."""

from scalinglaws.curves.arena.curves import Curve, cut, frame, one
from scalinglaws.curves.arena.entrants import ENTRANTS, OURS, Entrant, by_law, by_m4, top_of
from scalinglaws.curves.arena.match import play
from scalinglaws.curves.arena.scoring import league, versus, wins

__all__ = [
    "ENTRANTS",
    "OURS",
    "Curve",
    "Entrant",
    "by_law",
    "by_m4",
    "cut",
    "frame",
    "league",
    "one",
    "play",
    "top_of",
    "versus",
    "wins",
]
