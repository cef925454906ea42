"""Epoch AI's models and their costs (cottier2024): each against what is known of it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scalinglaws.data import catalogue as data

END_OF_MAY_2024 = 2024 + 152 / 366


@pytest.fixture(scope="module")
def models() -> pd.DataFrame:
    return data.load("cottier2024")


@pytest.fixture(scope="module")
def costs() -> pd.DataFrame:
    return data.load("cottier2024/costs")


def said() -> str:
    card = data.card("cottier2024")
    return " ".join([card.what, card.convention, *card.notes, *card.traps])


def frontier(models: pd.DataFrame) -> set[str]:
    """Return the base models with fewer than ten larger ones out by their own day."""
    base = models[~models["finetuned"]]
    larger = [
        (base.loc[base["year"] <= year, "flops"] > flops).sum()
        for year, flops in zip(base["year"], base["flops"], strict=True)
    ]
    return set(base.loc[np.array(larger) < 10, "model"])


def growth(costs: pd.DataFrame) -> tuple[float, float, float]:
    """Return the yearly factor of cost by least squares, and its 90% interval by Student's t."""
    line = stats.linregress(costs["year"], np.log10(costs["cost"]))
    half = stats.t.ppf(0.95, len(costs) - 2) * line.stderr
    low, middle, high = 10 ** (line.slope + half * np.array([-1, 0, 1]))
    return middle, low, high


def yearly(values: pd.Series, year: pd.Series) -> list[float]:
    """Return the medians of 2022 to 2025."""
    medians = values.groupby(np.floor(year)).median()
    return [medians[y] for y in (2022, 2023, 2024, 2025)]


def ratio(models: pd.DataFrame) -> pd.Series:
    return (models["flops"] / (6 * models["params"] * models["tokens"])).dropna()


def test_rows_and_ranges(models: pd.DataFrame, costs: pd.DataFrame) -> None:
    assert len(models) == models["model"].nunique() == 988
    assert models["year"].is_monotonic_increasing
    # Shannon's mouse Theseus of 1950 to the last models of May 2025, Grok-3 the largest.
    assert models["year"].agg(["min", "max"]).astype(int).tolist() == [1950, 2025]
    assert models.loc[models["flops"].idxmin(), "model"] == "Theseus"
    assert models.loc[models["flops"].idxmax(), "model"] == "Grok-3"
    assert models["flops"].between(40, 5e26).all()
    assert len(costs) == costs["model"].nunique() == 82
    assert costs["cost"].between(100, 4e8).all()
    missing = models[["params", "tokens", "datapoints", "epochs"]].isna().sum().tolist()
    assert missing == [121, 592, 208, 603]
    assert costs["cloud"].isna().sum() == 47


def test_costs_are_of_models_in_the_other_table(models: pd.DataFrame, costs: pd.DataFrame) -> None:
    both = costs.merge(models, on="model", suffixes=("", "_models"), validate="one_to_one")
    assert len(both) == len(costs)
    assert (both["year"] == both["year_models"]).all()
    known = costs.set_index("model")
    # The paper's own figures for these two: 40 and 30 million dollars of 2023 for chips and energy.
    assert known.loc["GPT-4", "cost"] == pytest.approx(40e6, rel=0.05)
    assert known.loc["Gemini 1.0 Ultra", "cost"] == pytest.approx(30e6, rel=0.1)
    dearer = (costs["cloud"] / costs["cost"]).dropna()
    assert dearer.min() == pytest.approx(1.4, abs=0.05)
    assert dearer.max() == pytest.approx(7.0, abs=0.05)


def test_tokens_are_of_language_models_from_scratch_with_their_repeats(
    models: pd.DataFrame,
) -> None:
    language = (models["domain"] == "Language") & ~models["finetuned"]
    product = models["datapoints"] * models["epochs"].fillna(1)
    pd.testing.assert_series_equal(models["tokens"], product.where(language), check_names=False)
    kept = models[models["tokens"].notna()]
    assert f"{len(kept)} of 988" in said()
    assert f"{kept['epochs'].isna().sum()} of the {len(kept)} have no epochs" in said()
    assert f"{(language & models['datapoints'].isna()).sum()} others no training set" in said()


def test_compute_of_language_models_is_six_params_tokens(models: pd.DataFrame) -> None:
    times = ratio(models)
    # Half of them were computed by that rule, so the median is 1 to a hundredth.
    assert times.median() == pytest.approx(1, abs=0.01)
    by_rule = (np.abs(times - 1) < 0.01).sum()
    assert f"{by_rule} of the {len(times)} language models with params and tokens" in said()
    # Without the repeats the rule is met less often: epochs belong to tokens.
    once = times * models["epochs"].fillna(1)
    assert (np.abs(once - 1) < 0.01).sum() < 0.7 * by_rule


def test_rows_that_the_card_warns_of(models: pd.DataFrame) -> None:
    times = ratio(models).groupby(models["model"]).first()
    assert times.idxmax() == "CODEFUSION (Python)"
    assert times.max() == pytest.approx(4000, rel=0.01)
    assert times["SB-LM"] == times.min() == pytest.approx(4e-7, rel=0.15)
    assert 1 / times["Hybrid H3-2.7B"] == pytest.approx(500, rel=0.03)
    assert times["Switch"] == pytest.approx(0.015, rel=0.02)


def test_cost_grew_as_the_survey_of_this_snapshot_found(costs: pd.DataFrame) -> None:
    early = costs[costs["year"] < END_OF_MAY_2024]
    assert len(early) == 71
    # The survey printed three digits: 2.76, 2.45 to 3.11. The same line is fitted here; the upper
    # end is 3.115 to the digits kept.
    assert growth(early) == pytest.approx((2.76, 2.45, 3.11), abs=0.006)
    assert growth(costs)[0] == pytest.approx(2.94, abs=0.006)


def test_cost_of_the_ten_largest_at_release_grew_faster_than_in_the_paper(
    models: pd.DataFrame, costs: pd.DataFrame
) -> None:
    early = costs[costs["year"] < END_OF_MAY_2024]
    largest = early[early["model"].isin(frontier(models))]
    # The snapshot has moved since the costs were chosen: four are no longer of the ten largest.
    assert set(early["model"]) - set(largest["model"]) == {
        "ST-MoE",
        "BLOOM-176B",
        "xTrimoPGLM -100B",
        "Llama 2-70B",
    }
    assert growth(largest) == pytest.approx((2.81, 2.48, 3.19), abs=0.006)
    # From 2016 on, as the paper counts, the interval holds its 2.4 and the estimate lies in its
    # 2.0 to 2.9; the three models of December 2015 cost 100 to 1200 dollars and tilt the line.
    recent = largest[largest["year"] >= 2016]
    assert len(largest) - len(recent) == 3
    middle, low, high = growth(recent)
    assert (middle, low, high) == pytest.approx((2.61, 2.28, 2.99), abs=0.006)
    assert low < 2.4 < high
    assert 2.0 < middle < 2.9


def test_tokens_per_parameter_rose(models: pd.DataFrame) -> None:
    medians = yearly(models["tokens"] / models["params"], models["year"])
    assert medians == pytest.approx([15.3, 73, 297, 1200], rel=0.01)


def test_tokens_per_parameter_of_the_survey_forget_epochs_and_base_models(
    models: pd.DataFrame,
) -> None:
    language = models[models["domain"].str.contains("Language")]
    once = language["datapoints"] / language["params"]
    # The survey printed 5.6, 29, 170 and 275. Its 29 counts the data of FunSearch, a zero upstream
    # and missing here; with that zero the median is its 29.
    assert yearly(once, language["year"]) == pytest.approx([5.6, 31.8, 170, 275], rel=0.01)
    zero = once.where(language["model"] != "FunSearch", 0.0)
    assert yearly(zero, language["year"])[1] == pytest.approx(29, rel=0.01)
