"""The arena: estimators predict the rest of learning curves that they have not seen."""

from scalinglaws.arena.curves import Curve, cut, frame
from scalinglaws.arena.entrants import ENTRANTS, OURS, Entrant, by_law
from scalinglaws.arena.league import league, versus, wins
from scalinglaws.arena.match import play

__all__ = [
    "ENTRANTS",
    "OURS",
    "Curve",
    "Entrant",
    "by_law",
    "cut",
    "frame",
    "league",
    "play",
    "versus",
    "wins",
]
