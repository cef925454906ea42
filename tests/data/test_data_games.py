"""The sets of games and of insurance: each against what is known of it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.optimize import least_squares

from scalinglaws.data import catalogue as data

Floats = npt.NDArray[np.float64]
ELO = 400 / np.log(10)
ACTIONS = {
    "BankHeist": 18,
    "BattleZone": 18,
    "Boxing": 18,
    "NameThisGame": 6,
    "Phoenix": 8,
    "Qbert": 6,
}
BATCH = 4096


def said(name: str) -> str:
    card = data.card(name)
    return " ".join([card.what, card.convention, *card.notes, *card.traps])


@pytest.fixture(scope="module")
def frontiers() -> pd.DataFrame:
    return data.load("jones2021")


@pytest.fixture(scope="module")
def curves() -> pd.DataFrame:
    return data.load("jones2021/curves")


@pytest.fixture(scope="module")
def atari() -> pd.DataFrame:
    """Return the runs with each network's width and the authors' FLOPs per state."""
    runs = data.load("tuyls2024")
    actions = runs["game"].map(ACTIONS)
    widths = {(n, size(width, n)): width for n in set(ACTIONS.values()) for width in range(1, 300)}
    width = [widths[n, round(params)] for n, params in zip(actions, runs["params"], strict=True)]
    runs["width"] = np.array(width, dtype=float)
    runs["actions"] = actions
    runs["per_state"] = per_state(runs, (84, 20, 9))
    return runs


@pytest.fixture(scope="module")
def insurance() -> pd.DataFrame:
    return data.load("richman2026")


def test_hex_has_195_runs_on_seven_boards(curves: pd.DataFrame) -> None:
    runs = curves.groupby(["board", "run"], sort=False)
    assert [run for _, run in runs.groups] == list(range(1, 196))
    counts = curves.groupby("board")["run"].nunique().to_dict()
    assert counts == {3: 6, 4: 15, 5: 20, 6: 32, 7: 38, 8: 40, 9: 44}
    assert runs.size().between(7, 21).all()
    steps = runs["flops"].diff().dropna()
    assert (steps > 0).all()
    assert curves["elo"].max() == 0
    assert curves["elo"].min() == -2185.07
    falls = (runs["elo"].diff().dropna() < 0).mean()
    assert f"{falls:.0%} of the steps go down" in said("jones2021")


def test_hex_frontiers_stand_at_even_steps_of_log_compute(frontiers: pd.DataFrame) -> None:
    assert list(frontiers["board"].unique()) == list(range(3, 10))
    for _, frontier in frontiers.groupby("board"):
        places = np.log10(frontier["flops"].to_numpy())
        # Six digits of flops.
        even = np.linspace(places[0], places[-1], 101)
        assert places == pytest.approx(even, abs=5e-6)
        assert frontier["elo"].max() < 0


def test_hex_frontiers_are_the_highest_of_the_runs(
    frontiers: pd.DataFrame, curves: pd.DataFrame
) -> None:
    differ = {}
    for board, frontier in frontiers.groupby("board"):
        places = np.log10(frontier["flops"].to_numpy())
        best = np.full(len(places), -np.inf)
        for _, run in curves[curves["board"] == board].groupby("run"):
            known = np.log10(run["flops"].to_numpy())
            elo = np.interp(places, known, run["elo"])
            # Ends were rounded to six digits of flops.
            inside = (known[0] - 1e-5 < places) & (places < known[-1] + 1e-5)
            best = np.maximum(best, np.where(inside, elo, -np.inf))
        gap = frontier["elo"].to_numpy() - best
        # Half of the last of six digits on each of two Elo and two flops, on slopes of at most
        # 2000 Elo a decade.
        differ[board] = {int(i): float(gap[i]) for i in np.flatnonzero(np.abs(gap) > 0.02)}
    assert {board: list(places) for board, places in differ.items()} == {
        3: [],
        4: [100],
        5: [100],
        6: [],
        7: [96, 97, 98, 99, 100],
        8: [100],
        9: [100],
    }
    assert max(abs(gap[100]) for board, gap in differ.items() if board != 7 and gap) < 9
    assert [round(g) for g in differ[7].values()] == [5, 12, 18, 25, 31]
    assert "the last five of board 7, which lie 5 to 31 Elo above" in said("jones2021")


def jones(p: Floats, frontiers: pd.DataFrame) -> Floats:
    """Return min(0, max(incline, plateau)); ``p`` holds the incline's constants first."""
    board, places = frontiers["board"].to_numpy(), np.log10(frontiers["flops"].to_numpy())
    incline = p[0] * places + p[1] * board + p[2]
    return np.asarray(np.minimum(0, np.maximum(incline, p[3] * board + p[4])))


def test_the_published_law_of_board_and_compute_comes_again(frontiers: pd.DataFrame) -> None:
    elo = frontiers["elo"].to_numpy()
    # The start in the author's code, where Elo are natural.
    start = ELO * np.array([2, -2, -16, -1.5, 3])
    found = least_squares(
        lambda p: jones(p, frontiers) - elo, start, x_scale=ELO, xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    # The card's decimals; a search without slopes ends within 0.005 of it.
    assert found.x == pytest.approx([505.6, -430.1, -4399.0, -268.4, 575.0], abs=0.06)
    # The paper prints two digits, and each constant rounds to its own.
    assert [float(f"{v:.2g}") for v in found.x] == [510, -430, -4400, -270, 570]
    rms = np.sqrt(np.mean(found.fun**2))
    assert f"a residual of {rms:.0f} Elo" in said("jones2021")
    growth = 10 ** (-found.x[1] / found.x[0])
    assert f"{growth:.1f} times the compute" in said("jones2021")


def test_the_lower_of_incline_and_plateau_is_not_the_law(frontiers: pd.DataFrame) -> None:
    published = np.array([510, -430, -4400, -270, 570])
    board, places = frontiers["board"].to_numpy(), np.log10(frontiers["flops"].to_numpy())
    incline = published[0] * places + published[1] * board + published[2]
    lower = np.minimum(incline, published[3] * board + published[4])
    off = [
        np.sqrt(np.mean((law - frontiers["elo"].to_numpy()) ** 2))
        for law in (jones(published, frontiers), lower)
    ]
    # A factor of ten and more: no rounding of the constants comes near.
    assert off[0] < 0.1 * off[1]


def size(width: int, actions: int) -> int:
    """Return weights and biases of three convolutions and a linear layer on 7 x 7 places."""
    convolutions = (4 * 64 + 1) * width + (16 * width + 1) * 2 * width
    convolutions += (9 * 2 * width + 1) * 2 * width
    return convolutions + (49 * 2 * width + 1) * actions


def per_state(runs: pd.DataFrame, sides: tuple[int, int, int]) -> pd.Series:
    """Return three times a forward pass with the convolutions counted on squares of ``sides``."""
    first, second, third = (side**2 for side in sides)
    width = runs["width"]
    products = first * 256 * width + second * 32 * width**2 + third * 36 * width**2
    return 6 * (products + 98 * width * runs["actions"])


def test_atari_has_16_budgets_and_its_networks_are_known(atari: pd.DataFrame) -> None:
    assert atari.groupby("game").size().to_dict() == {
        "BankHeist": 167,
        "BattleZone": 167,
        "Boxing": 142,
        "NameThisGame": 134,
        "Phoenix": 131,
        "Qbert": 167,
    }
    assert not atari.duplicated(["game", "flops", "params"]).any()
    assert atari.groupby("game")["flops"].nunique().eq(16).all()
    widths = {1, 3, 5, 8, 13, 23, 34, 50, 81, 117, 167, 266}
    assert set(atari["width"]) == widths
    unknown = atari[atari["samples"].isna()]
    assert set(unknown["game"]) == {"BattleZone"}
    assert set(unknown["width"]) == {167, 266}
    assert len(unknown) == 32
    assert atari["loss"].between(0.031, 63).all()


def test_atari_samples_are_the_first_step_that_reaches_the_budget(atari: pd.DataFrame) -> None:
    steps = np.ceil(atari["flops"] / atari["per_state"] / BATCH)
    known = atari["samples"].notna()
    # Whole numbers, and budgets that no step meets exactly.
    assert (atari["samples"] == BATCH * steps)[known].all()
    spent = steps * BATCH * atari["per_state"] / atari["flops"]
    assert f"in {(spent > 1.1).sum()} rows, up to {spent.max():.1f} times" in said("tuyls2024")
    assert steps[(atari["width"] == 266) & (atari["flops"] == 1e13)].eq(1).all()
    twice = atari.assign(steps=steps).duplicated(["game", "params", "steps"])
    assert sorted(atari[twice]["game"]) == ["BankHeist", "BattleZone", "Qbert"]
    assert set(atari[twice]["flops"]) == {2e13}
    assert set(atari[twice]["width"]) == {266}


def test_atari_compute_is_overstated_most_for_small_networks(atari: pd.DataFrame) -> None:
    over = atari["per_state"] / per_state(atari, (20, 9, 7))
    assert over.groupby(atari["width"]).mean().is_monotonic_decreasing
    assert f"{over.max():.0f} times in all" in said("tuyls2024")
    assert f"{over.min():.1f} times for the widest" in said("tuyls2024")
    six = atari["flops"] / (6 * atari["params"] * atari["samples"])
    assert f"but {six.min():.0f} to {six.max():.0f} times" in said("tuyls2024")


def test_atari_losses_above_guessing_are_at_small_budgets(atari: pd.DataFrame) -> None:
    above = atari[atari["loss"] > np.log(atari["actions"])]
    assert above["flops"].max() == 5e14
    assert f"{len(above)} rows, all up to 5e14" in said("tuyls2024")
    lowest = atari.loc[atari.groupby(["game", "flops"])["loss"].idxmin()]
    sizes = atari.groupby(["game", "flops"])["params"].agg(["min", "max"])
    at_end = sizes.eq(lowest["params"].to_numpy(), axis=0).any(axis=1)
    assert f"In {at_end.sum()} of the {len(sizes)} profiles" in said("tuyls2024")


def vertex(profile: pd.DataFrame) -> float:
    """Return log N of the parabola through the five sizes around the lowest loss, or NaN.

    Small budgets diverge at their right ends and large ones lack their left ends: neither may
    pull. A profile whose lowest loss is at an end has no vertex to speak of.
    """
    lowest = int(profile["loss"].to_numpy().argmin())
    near = profile.iloc[max(0, lowest - 2) : lowest + 3]
    if lowest in (0, len(profile) - 1) or len(near) < 4:
        return np.nan
    log_n = np.log(near["params"].to_numpy())
    curve = np.polyfit(log_n, np.log(near["loss"].to_numpy()), 2)
    found = -curve[1] / (2 * curve[0])
    return found if curve[0] > 0 and log_n[0] <= found <= log_n[-1] else np.nan


def exponent(game: pd.DataFrame) -> float:
    """Return the slope of log N* against log C."""
    best = game.groupby("flops")[["params", "loss"]].apply(vertex).dropna()
    return float(np.polyfit(np.log(best.index), best, 1)[0])


@pytest.mark.parametrize(
    ("game", "lowest", "all_budgets", "from_5e14"),
    [
        ("BankHeist", 0.427, 0.415, 0.599),
        ("BattleZone", 0.413, 0.478, 0.707),
        ("Boxing", 0.428, 0.299, 0.661),
        ("NameThisGame", 0.558, 0.559, 0.809),
        ("Phoenix", 0.637, 0.571, 0.870),
        ("Qbert", 0.548, 0.555, 0.718),
    ],
)
def test_atari_exponents_hang_on_the_budgets(
    atari: pd.DataFrame, game: str, lowest: float, all_budgets: float, from_5e14: float
) -> None:
    runs = atari[atari["game"] == game]
    best = runs.loc[runs.groupby("flops")["loss"].idxmin()]
    # Half of the last digit.
    assert np.polyfit(np.log(best["flops"]), np.log(best["params"]), 1)[0] == pytest.approx(
        lowest, abs=5e-4
    )
    assert exponent(runs) == pytest.approx(all_budgets, abs=5e-4)
    assert exponent(runs[runs["flops"] >= 5e14]) == pytest.approx(from_5e14, abs=5e-4)
    assert f"{lowest:.2f} ({game})" in said("tuyls2024")
    assert f"{from_5e14:.2f} ({game})" in said("tuyls2024")


def test_insurance_has_five_families_on_six_shares(insurance: pd.DataFrame) -> None:
    assert len(insurance) == 5 * 6 * 3
    assert not insurance.duplicated(["model", "samples", "seed"]).any()
    assert insurance.groupby("model")["params"].first().to_dict() == {
        "ffn": 1317,
        "glm": 110,
        "tabm_mini": 14376,
        "transformer_multicls": 14169,
        "transformer_multicls_ssl": 14385,
    }
    shares = insurance.groupby("share")[["samples", "exposure", "claims"]].nunique()
    assert (shares == 1).all(axis=None)
    # A policy is in a share by a random number: four standard deviations of a binomial count.
    share, samples = insurance["share"], insurance["samples"]
    assert (np.abs(samples - 610206 * share) <= 4 * np.sqrt(610206 * share * (1 - share))).all()
    assert samples.max() == 610206
    # Claims over exposure, 7.3% to 7.4% in every share.
    assert (insurance["claims"] / insurance["exposure"]).between(0.0729, 0.0740).all()
    assert insurance["deviance"].between(0.2399, 0.2487).all()
    assert f"{(insurance['epochs'] == 30).sum()} of 90 used them all" in said("richman2026")


def test_insurance_rule_for_the_floor_makes_the_exponent(insurance: pd.DataFrame) -> None:
    mean = insurance.pivot_table(index="model", columns="samples", values="deviance")
    lowest, highest = mean.min(axis=1), mean.max(axis=1)
    floor = lowest - 0.05 * (highest - lowest)
    # 1.05 of the range above the floor at one end and 0.05 at the other.
    assert ((highest - floor) / (lowest - floor)).to_numpy() == pytest.approx(21)
    assert mean.columns[-1] / mean.columns[0] == pytest.approx(20, rel=2e-3)
    for model, deviances in mean.iterrows():
        log_above = np.log(deviances - floor[model])
        alpha = -np.polyfit(np.log(mean.columns), log_above, 1)[0]
        # On the mean of seeds in place of their ensemble, as published: .91 to 1.00.
        assert 0.9 < alpha < 1.02


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("glm", "1.31 +- 0.26 (glm)"),
        ("ffn", "1.23 +- 0.17 (ffn)"),
        ("tabm_mini", "0.81 +- 0.16 (tabm_mini)"),
        ("transformer_multicls", ""),
        ("transformer_multicls_ssl", ""),
    ],
)
def test_insurance_exponents_with_a_fitted_floor(
    insurance: pd.DataFrame, model: str, told: str
) -> None:
    runs = insurance[insurance["model"] == model]
    scaled = runs["samples"].to_numpy() / runs["samples"].min()
    # In thousandths, so that the solver sees residuals near one.
    found = least_squares(
        lambda p: p[0] + p[1] * scaled ** -p[2] - 1000 * runs["deviance"].to_numpy(),
        [240, 5, 0.9],
        xtol=1e-12,
    )
    variance = 2 * found.cost / (len(runs) - 3)
    error = np.sqrt(variance * np.linalg.inv(found.jac.T @ found.jac)[2, 2])
    if told:
        assert f"{found.x[2]:.2f} +- {error:.2f} ({model})" == told
        assert told in said("richman2026")
    else:
        assert found.x[2] < error
