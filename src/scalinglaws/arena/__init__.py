"""The arena: estimators predict the rest of learning curves that they have not seen."""

from scalinglaws.arena.curves import Curve, cut, frame, one
from scalinglaws.arena.entrants import ENTRANTS, OURS, Entrant, by_law, by_m4, top_of
from scalinglaws.arena.league import league, versus, wins
from scalinglaws.arena.match import play

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
