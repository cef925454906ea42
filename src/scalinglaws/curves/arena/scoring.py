"""Tables of a match: the league, who beats whom, and how sure that is."""

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.curves.arena.entrants import OURS
from scalinglaws.errors import UnknownName

DRAWS = 4000


def _wide(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the errors, a row a curve and a column an entrant, in the order of the match."""
    wide = scores.pivot_table(index="curve", columns="entrant", values="rmse", dropna=False)
    return wide[list(dict.fromkeys(scores["entrant"]))]


def wins(scores: pd.DataFrame) -> pd.Series:
    """Return each entrant's share of curves won, by the rule of Alabdulmohsin et al. 2022.

    Errors are cut to three decimals, equal ones share the win, and no answer counts as an error
    of 1.
    """
    errors = np.floor(1000 * _wide(scores).fillna(1.0)) / 1000
    best = errors.eq(errors.min(axis=1), axis=0)
    return best.div(best.sum(axis=1), axis=0).mean()


def league(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each domain and entrant, the best mean error of a domain first.

    ``mean`` and ``median`` error over the ``curves`` that the entrant answered, ``wins``,
    ``inside`` and ``width`` of its intervals, and how many curves it left ``unanswered``.
    """
    rows = []
    for domain, some in scores.groupby("domain", sort=False):
        won = wins(some)
        for entrant, each in some.groupby("entrant", sort=False):
            rows.append(
                {
                    "domain": domain,
                    "entrant": entrant,
                    "mean": each["rmse"].mean(),
                    "median": each["rmse"].median(),
                    "wins": won[entrant],
                    "inside": each["inside"].mean(),
                    "width": each["width"].mean(),
                    "curves": int(each["rmse"].notna().sum()),
                    "unanswered": int(each["rmse"].isna().sum()),
                }
            )
    table = pd.DataFrame(rows)
    order = {d: i for i, d in enumerate(dict.fromkeys(scores["domain"]))}
    table["place"] = table["domain"].map(order)
    return table.sort_values(["place", "mean"], ignore_index=True).drop(columns="place")


def versus(
    scores: pd.DataFrame,
    *,
    entrant: str = OURS,
    by: str = "curve",
    level: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how much smaller an entrant's error is than each other's, over the same curves.

    A row for each domain and rival: ``gain``, the mean difference in error over that of the rival
    (positive where the entrant is better), with its interval over resamples of curves, and
    ``better``, the share of curves on which it is. ``by`` names a column whose values are drawn
    whole, where curves are not independent. Raises :class:`UnknownName` for an entrant that did
    not play and :class:`BadRuns` for a column that is absent.
    """
    level, seed = checks.level(level), checks.seed(seed)
    played = list(dict.fromkeys(scores["entrant"]))
    if entrant not in played:
        raise UnknownName(f"no entrant is called {entrant!r}; there are {', '.join(played)}")
    if by != "curve":
        checks.groups(scores, by, what="resampling")
    rng = np.random.default_rng(seed)
    rows = []
    for domain, some in scores.groupby("domain", sort=False):
        wide = _wide(some)
        group_of = some.groupby("curve")[by].first() if by != "curve" else wide.index.to_series()
        for rival in wide.columns.drop(entrant):
            pairs = wide[[entrant, rival]].dropna()
            both = pairs.to_numpy()
            row = {"domain": domain, "rival": rival, "curves": len(both)}
            if len(both):
                sums = pairs.groupby(group_of.loc[pairs.index].to_numpy()).sum().to_numpy()
                picked = sums[rng.integers(len(sums), size=(DRAWS, len(sums)))].sum(axis=1)
                gains = 1 - picked[:, 0] / picked[:, 1]
                low, high = np.quantile(gains, [(1 - level) / 2, (1 + level) / 2])
                row["gain"] = 1 - both[:, 0].mean() / both[:, 1].mean()
                row |= {"gain_low": low, "gain_high": high}
                row["better"] = float((both[:, 0] < both[:, 1]).mean())
            rows.append(row)
    table = pd.DataFrame(rows)
    table.attrs["level"] = level
    return table
