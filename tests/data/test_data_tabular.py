"""The cut of the tabular learning curves of Mohr et al. 2022 against what is known of it."""

import pandas as pd
import pytest

from scalinglaws.data import catalogue as data

# Powers of the root of 2 from 16 on, whole.
GRID = [round(2 ** (i / 2)) for i in range(8, 43)]


def said() -> str:
    card = data.card("mohr2022")
    return " ".join([card.title, card.what, card.convention, *card.notes, *card.traps])


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    return data.load("mohr2022")


@pytest.fixture(scope="module")
def curves(points: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    return dict(list(points.groupby(["dataset", "learner"], sort=False)))


def test_the_cut_keeps_what_its_rule_says(
    points: pd.DataFrame, curves: dict[tuple[str, str], pd.DataFrame]
) -> None:
    assert len(points) == 5906
    assert not points.duplicated(["dataset", "learner", "samples"]).any()
    assert points["seeds"].between(20, 125).all()
    lengths = [len(curve) for curve in curves.values()]
    assert f"{len(curves)} curves of {min(lengths)} to {max(lengths)} points" in said()
    assert min(lengths) >= 12
    numbers = points["dataset"].str.split().str[0].astype(int)
    assert numbers.is_monotonic_increasing
    assert f"{points['dataset'].nunique()} data sets" in said()
    assert numbers.nunique() == points["dataset"].nunique()
    assert points["learner"].nunique() == 20


def test_sizes_are_powers_of_the_root_of_two_but_the_last(
    points: pd.DataFrame, curves: dict[tuple[str, str], pd.DataFrame]
) -> None:
    early = late = 0
    for (name, _), curve in curves.items():
        every = {16, *points.loc[points["dataset"] == name, "samples"]}
        samples = list(curve["samples"])
        assert samples == sorted(samples)
        assert set(samples[:-1]) <= set(GRID)
        early += samples[-1] < max(every)
        late += len(samples) < len([s for s in every if s <= samples[-1]])
        # Where sizes are missing, they are the first ones.
        assert set(samples) == {s for s in every if samples[0] <= s <= samples[-1]}
    assert f"{early} curves stop before the last size of their data set and {late} lack" in said()
    missing = points["dataset"].nunique() * points["learner"].nunique() - len(curves)
    assert f"{missing} have no curve" in said()
    sizes = points.groupby("dataset")["samples"].unique().map(sorted)
    skipped = [next(g for g in GRID if g > s[-2]) < s[-1] for s in sizes]
    assert f"on {sum(skipped)} of {len(sizes)} data sets the last half power" in said()
    assert f"up to {max(s[-1] / s[-2] for s in sizes):.2f} times the rows" in said()
    ends = sizes.map(max)
    # Rows of the data sets as OpenML has them: nine tenths twice.
    assert ends["3 kr-vs-kp"] == int(0.9 * int(0.9 * 3196))
    assert ends["41161 riccardo"] == int(0.9 * int(0.9 * 20000))
    # At most 5000 rows for the test and as many for validation.
    assert ends["1235"] == 1_000_000 - 2 * 5000


def test_errors_are_shares(points: pd.DataFrame) -> None:
    assert points["error"].between(1e-4, 0.9).all()
    assert points["error_sd"].between(0, 0.5).all()
    flat = points[points["error_sd"] == 0]
    assert f"error_sd is 0 in {len(flat)} rows" in said()
    # Stratified test sets hold each class as often: a constant answer errs as often on each.
    assert len(flat[["dataset", "error"]].drop_duplicates()) == flat["dataset"].nunique()
    assert points.loc[points["dataset"] == "871 pollen", "error"].min() == pytest.approx(
        0.49, abs=5e-3
    )


def test_curves_rise_as_often_as_the_card_says(
    curves: dict[tuple[str, str], pd.DataFrame],
) -> None:
    errors = [curve["error"] for curve in curves.values()]
    rising = sum((e.diff() > 0).any() for e in errors)
    above = sum(e.iloc[-1] - e.min() > 0.01 for e in errors)
    worse = sum(e.iloc[-1] > e.iloc[0] for e in errors)
    assert f"In {rising} of {len(errors)} curves the error rises at least once" in said()
    assert f"{above} end more than 0.01 above their lowest error" in said()
    assert f"and {worse} end above where they began" in said()


def test_seeds_are_fewer_at_large_sizes(points: pd.DataFrame) -> None:
    every = points.groupby("dataset")["seeds"].max()
    assert every.drop("3 kr-vs-kp").eq(25).all()
    assert every["3 kr-vs-kp"] == 125
    missing = points["seeds"] < points["dataset"].map(every)
    assert points.loc[missing, "samples"].median() > points.loc[~missing, "samples"].median()


def test_the_median_curve_is_the_one_in_the_card(
    curves: dict[tuple[str, str], pd.DataFrame],
) -> None:
    lengths = pd.Series([len(c) for c in curves.values()])
    ends = pd.DataFrame([c.iloc[-1][["samples", "error"]] for c in curves.values()])
    assert lengths.median() == 16
    assert ends["samples"].median() == 3116
    assert f"an error of {ends['error'].median():.3f} here" in said()
