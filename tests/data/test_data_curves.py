"""The learning curves and the double-descent curves: each against what is known of it."""

import ast
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalinglaws.data import catalogue as data

SHARED = Path(__file__).parents[3] / "shared"
UPSTREAM = Path(os.environ.get("SCALINGLAWS_UPSTREAM", SHARED / "data")) / "revisiting-nsl"
RELEASED = SHARED / "released_estimators.csv"
LM_MODELS = {
    "1.68e+07": "16.8M",
    "1.34e+08": "134M",
    "2.62e+08": "262M",
    "4.53e+08": "453M",
    "1.07e+09": "1.07B",
}
# One step of a single-precision number between 0.5 and 1, in which accuracies were stored.
SINGLE = 2.0**-24


def said(name: str) -> str:
    card = data.card(name)
    return " ".join([card.convention, *card.notes, *card.traps])


@pytest.fixture(scope="module")
def curves() -> pd.DataFrame:
    return data.load("alabdulmohsin2022")


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return data.load("alabdulmohsin2022/summary")


def our_names(upstream: pd.DataFrame) -> pd.DataFrame:
    """Return domain, task and model of upstream rows as our table spells them."""

    def task(name: str) -> str:
        return "{}_{}".format(*ast.literal_eval(name)).removesuffix("-shot")

    names = upstream[["domain", "task", "model"]].copy()
    big = names["domain"] == "BB"
    names.loc[big, "task"] = names.loc[big, "task"].map(task)
    names["model"] = names["model"].str.replace(", ", "/").str.replace(" ", "").replace(LM_MODELS)
    return names


def test_there_are_92_curves(curves: pd.DataFrame, summary: pd.DataFrame) -> None:
    key = ["domain", "task", "model", "curve"]
    assert list(summary["curve"]) == list(range(1, 93))
    assert summary["domain"].value_counts().to_dict() == {"IC": 72, "NMT": 5, "LM": 5, "BB": 10}
    assert not summary.duplicated(["domain", "task", "model"]).any()
    assert (curves[key].drop_duplicates().to_numpy() == summary[key].to_numpy()).all()
    images = summary[summary["domain"] == "IC"]
    assert (images["task"].nunique(), images["model"].nunique()) == (12, 6)
    parts = curves.pivot_table(index="curve", columns="train", values="loss", aggfunc="size")
    assert (parts[True].to_numpy() == summary["train_points"].to_numpy()).all()
    assert (parts[False].to_numpy() == summary["test_points"].to_numpy()).all()
    of_curve = curves.groupby("curve")
    assert (of_curve["loss"].min().to_numpy() == summary["lowest_loss"].to_numpy()).all()
    assert (of_curve["loss"].max().to_numpy() == summary["highest_loss"].to_numpy()).all()
    assert (of_curve["seen"].min().to_numpy() == summary["first_seen"].to_numpy()).all()
    assert (of_curve["seen"].max().to_numpy() == summary["last_seen"].to_numpy()).all()


def test_only_the_repeats_of_the_language_models_were_dropped(summary: pd.DataFrame) -> None:
    points = summary["train_points"] + summary["test_points"]
    assert points.sum() == 19595
    assert (points * summary["copies"]).sum() == 18883 + 1399
    assert (points * (summary["copies"] - 1)).sum() == 687
    assert (summary["copies"] == np.where(summary["domain"] == "LM", 4, 1)).all()
    models = summary[summary["domain"] == "LM"].set_index("model")
    models = models.loc[["453M", "134M", "16.8M", "262M", "1.07B"]]
    assert list(models["train_points"]) == [11, 12, 59, 39, 11]
    assert list(models["train_points"] * models["copies"]) == [44, 48, 236, 156, 44]
    for figures in ("687 of the 20282", "44, 48, 236, 156 and 44", "11, 12, 59, 39 and 11"):
        assert figures in said("alabdulmohsin2022")


def test_test_points_lie_beyond_all_training_points(
    curves: pd.DataFrame, summary: pd.DataFrame
) -> None:
    assert (curves.groupby("curve")["seen"].diff().dropna() > 0).all()
    first_test = curves[~curves["train"]].groupby("curve")["seen"].min().to_numpy()
    gap = first_test / summary["last_train_seen"].to_numpy()
    assert gap.min() > 1
    assert f"from {gap.min():.2f} to {gap.max():.2f} times" in said("alabdulmohsin2022")
    reach = summary["last_seen"] / summary["last_train_seen"]
    assert f"{reach.min():.2f} to {reach.max():.2f} times" in said("alabdulmohsin2022")
    # All but one stay above two.
    assert (reach < 2).sum() == 1


def test_losses_are_in_the_units_that_the_card_says(curves: pd.DataFrame) -> None:
    assert curves["loss"].between(0, 1, inclusive="neither").all()
    for domain, rows in curves.groupby("domain"):
        low, high = rows["loss"].min(), rows["loss"].max()
        assert f"{low:.3f} to {high:.3f}" in said("alabdulmohsin2022"), domain
    nats = 2.6 * curves.loc[curves["domain"] == "NMT", "loss"]
    # Log-perplexities were read to seven decimals at most: half of the last, and roundings.
    assert (nats - nats.round(7)).abs().max() < 5.01e-8
    starts = curves[curves["domain"] == "LM"].groupby("curve")["loss"].first()
    assert starts.to_numpy() == pytest.approx(0.999, abs=1e-15)  # roundings of the rescaling
    unsmoothed = curves[(curves["domain"] == "IC") & ~curves["train"]]
    for task, images in (("bird", 5792), ("c", 10000), ("inet", 50000)):
        errors = images * unsmoothed.loc[unsmoothed["task"].str.startswith(f"{task}_"), "loss"]
        assert ((errors - errors.round()).abs() / images).max() < 2 * SINGLE


def test_training_rows_are_smoothed_where_the_card_says(curves: pd.DataFrame) -> None:
    steps = curves.assign(step=curves.groupby(["curve", "train"])["loss"].diff())
    steps = steps.dropna(subset="step")
    part = {key: rows["step"] for key, rows in steps.groupby(["domain", "train"])}
    # Means over pooled points that are equal on paper: one rounding of a double.
    assert part["IC", True].max() < 2.3e-16
    assert part["BB", True].max() <= 0
    assert part["BB", False].max() <= 0
    rising = (part["IC", False] > 0).mean()
    assert f"where {rising:.0%} of the steps go up" in said("alabdulmohsin2022")
    assert (part["LM", True] > 0).sum() == 18
    big = curves[curves["domain"] == "BB"].groupby("curve")
    ends = big.apply(lambda c: c.loc[c["train"], "loss"].min() < c.loc[~c["train"], "loss"].max())
    assert ends.sum() == 9
    levels = curves[curves["domain"] == "BB"].groupby(["train", "curve"])["loss"].nunique()
    assert (levels[False].min(), levels[False].max()) == (1, 8)
    assert (levels[True].min(), levels[True].max()) == (9, 17)


def test_tasks_of_an_image_model_stand_on_different_grids(curves: pd.DataFrame) -> None:
    shared = []
    for _, model in curves[curves["domain"] == "IC"].groupby("model"):
        grids = [set(task["seen"]) for _, task in model.groupby("task")]
        assert len(grids) == 12
        assert all(a != b for i, a in enumerate(grids) for b in grids[:i])
        shared.append(set.intersection(*grids))
    assert sorted(shared, key=len) == [set()] * 3 + [{4096000}] * 3


def test_m1_gives_the_released_extrapolation_errors(curves: pd.DataFrame) -> None:
    if not RELEASED.is_file():
        pytest.skip(f"{RELEASED} is not here")
    released = pd.read_csv(RELEASED)
    released = released[released["method"] == "M1"].reset_index(drop=True)
    assert len(released) == 46
    by_name = dict(iter(curves.groupby(["domain", "task", "model"])))
    names = our_names(released)
    for name, row in zip(names.itertuples(index=False), released.itertuples(), strict=True):
        curve = by_name[tuple(name)]
        logs = np.log(curve[["seen", "loss"]])
        train, test = logs[curve["train"]], logs[~curve["train"]]
        slope, start = np.polyfit(train["seen"], train["loss"], 1)
        error = np.sqrt(((start + slope * test["seen"] - test["loss"]) ** 2).mean())
        # Two ways to solve for a line; the training rows are the released ones to the last bit.
        assert (slope, np.exp(start)) == pytest.approx((row.c, row.beta), rel=1e-9)
        # Test rows of IC are up to 3e-8 from the released ones, at losses above 0.1.
        assert error == pytest.approx(row.rmse_log_test, abs=3e-7)
        copies = 4 if name.domain == "LM" else 1
        assert (len(train), copies * len(test)) == (row.n_train, row.n_test)


def test_every_released_number_is_in_the_table(curves: pd.DataFrame) -> None:
    files = [UPSTREAM / f"benchmark.{part}.csv" for part in ("vision", "lang")]
    if not all(file.is_file() for file in files):
        pytest.skip(f"{UPSTREAM} is not here")
    upstream = pd.concat(map(pd.read_csv, files), ignore_index=True).drop_duplicates()
    upstream.columns = ["domain", "task", "model", "seen", "loss", "train"]
    key = ["domain", "task", "model", "seen"]
    upstream[key[:3]] = our_names(upstream)
    both = curves.merge(upstream, on=key, validate="one_to_one", suffixes=("", "_released"))
    assert len(both) == len(curves) == len(upstream)
    assert (both["train"] == (both["train_released"] == 1)).all()
    short = (both["domain"] == "IC") & ~both["train"]
    assert (both["loss"] == both["loss_released"])[~short].all()
    # The way back that the card describes.
    back = 1 - (1 - both.loc[short, "loss"]).astype(np.float32).astype(np.float64)
    assert (back == both.loc[short, "loss_released"]).all()


def test_double_descent_has_16_curves_in_two_units() -> None:
    curves = data.load("double_descent")
    assert len(curves) == 929 - 2
    assert curves["curve"].nunique() == 16
    assert not curves.duplicated(["curve", "x"]).any()
    assert (curves.groupby("curve", sort=False)["x"].diff().dropna() > 0).all()
    setting = curves[["curve", "data", "model", "over", "unit"]].drop_duplicates()
    assert setting["curve"].is_unique
    count = setting.value_counts(["over", "unit"]).to_dict()
    assert count == {
        ("width", "error fraction"): 10,
        ("width", "cross-entropy per token"): 4,
        ("samples", "cross-entropy per token"): 2,
    }
    errors = curves.loc[curves["unit"] == "error fraction", "loss"]
    assert errors.between(0.26, 0.93).all()
    assert curves.loc[curves["unit"] != "error fraction", "loss"].between(3.7, 22.2).all()


def test_double_descent_falls_rises_and_falls_again() -> None:
    curves = data.load("double_descent")
    seeds = curves[curves["curve"].str.startswith("cifar10-mcnn-p20-sgd")]
    scatter = seeds.groupby("x")["loss"].agg(["size", "std"])
    assert (scatter["size"] == 5).all()
    noise = scatter["std"].median()
    assert f"standard deviation is {noise:.4f}" in said("double_descent")
    assert f"five seeds on {len(scatter)} widths" in said("double_descent")
    for name, curve in curves.groupby("curve"):
        loss = curve.set_index("x")["loss"]
        rise = loss - loss.cummin()
        peak = rise.idxmax()
        trough = loss.loc[:peak].idxmin()
        # Four standard deviations of the difference of two points.
        if curve["unit"].iloc[0] == "error fraction":
            assert rise[peak] > 4 * np.sqrt(2) * noise, name
        assert trough < peak < loss.index[-1]
        assert loss.iloc[-1] < loss[peak]
        over_samples = curve["over"].iloc[0] == "samples"
        assert (trough == loss.index[0]) == (name in {"df4k", "df18k"} or over_samples)
        if curve["unit"].iloc[0] != "error fraction" and not over_samples:
            assert loss.iloc[-1] > loss[trough]
