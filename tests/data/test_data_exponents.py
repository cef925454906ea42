"""Epoch AI's table of exponents (villalobos2023): each against what is known of it."""

import numpy as np
import pandas as pd
import pytest

from scalinglaws.data import catalogue as data

PF_DAY = 8.64e19
# Table 1 of Henighan et al. 2020: exponent and scale of size, exponent and scale of compute.
HENIGHAN = {
    15: (0.070, 1.47e14, 0.048, 3.47e8),
    17: (0.24, 8.0e1, 0.19, 1.8e-8),
    19: (0.22, 2.8e2, 0.16, 1.6e-8),
    21: (0.13, 6.3e1, 0.10, 3.6e-9),
    23: (0.13, 2.7e4, 0.11, 6.1e-7),
    25: (0.14, 1.9e4, 0.12, 2.6e-6),
    33: (0.24, 3.7e4, 0.14, 2.2e-5),
    35: (0.16, 1.1e4, 0.17, 1.4e-5),
}


@pytest.fixture(scope="module")
def laws() -> pd.DataFrame:
    return data.load("villalobos2023").set_index("row")


def said() -> str:
    card = data.card("villalobos2023")
    return " ".join([card.what, card.convention, *card.notes, *card.traps])


def constants(row: pd.Series) -> dict[str, float]:
    pairs = (part.split("=") for part in row["constants"].replace("−", "-").split(", "))
    return {name: float(value) for name, value in pairs}


def test_every_row_and_paper_is_kept(laws: pd.DataFrame) -> None:
    assert list(laws.index) == list(range(1, 138))
    assert laws["paper"].nunique() == laws["title"].nunique() == 24
    without = laws["exponent_1"].isna()
    assert f"{without.sum()} rows have no exponent" in said()
    assert laws["exponent_2"].notna().sum() == 17
    empty = {"Gao et al. 2022", "Sorscher et al. 2022", "Ghorbani et al. 2021"}
    assert empty <= set(laws.loc[without, "paper"])
    tay = laws["paper"] == "Tay et al. 2022, architectures"
    assert f"{tay.sum()} of the rows are one paper's" in said()
    assert laws["year"].between(2019, 2022).all()


def test_henighan_agrees_with_his_table(laws: pd.DataFrame) -> None:
    for row, (alpha_n, n_0, alpha_c, c_0) in HENIGHAN.items():
        size, compute = laws.loc[row], laws.loc[row + 1 if row > 15 else 16]
        assert (size["exponent_1"], compute["exponent_1"]) == (alpha_n, alpha_c)
        assert (size["variable_1"], compute["variable_1"]) == ("parameters", "compute")
        # Prefactors are of FLOPs, and cut after four digits.
        assert constants(size)["A"] == pytest.approx(n_0**alpha_n, rel=1e-3)
        assert constants(compute)["K"] == pytest.approx((c_0 * PF_DAY) ** alpha_c, rel=1e-3)
    every = laws[laws["cite"] == "henighan2020"]
    floors = every["irreducible"].notna().sum()
    assert f"all {len(every)} exponents, all {floors} floors" in said()


def test_hoffmann_and_zhai_agree_with_their_print(laws: pd.DataFrame) -> None:
    assert laws.loc[37, ["exponent_1", "exponent_2", "irreducible"]].tolist() == [0.34, 0.28, 1.69]
    zhai = laws[laws["cite"] == "zhai2021"].set_index("setting")
    assert zhai["exponent_1"].to_dict() == {"Fine-tuning": 0.35, "Linear 10-shot": 0.32}
    assert zhai["irreducible"].tolist() == [0.09, 0.12]
    assert set(zhai["quantity"]) == {"error"}
    assert set(zhai["year"]) == {2021}


def test_kaplans_joint_law_has_the_constants_of_other_laws(laws: pd.DataFrame) -> None:
    assert laws.loc[10:12, "exponent_1"].tolist() == [0.05, 0.076, 0.095]
    joint = laws.loc[13]
    assert joint["exponent_2"] == 0.095  # Table 2 of the paper: 0.103
    assert "0.103" in joint["doubt"]
    assert constants(joint)["A"] == pytest.approx(8.8e13**0.076, rel=1e-3)
    assert constants(joint)["A"] != pytest.approx(6.4e13**0.076, rel=1e-2)
    assert constants(laws.loc[12])["B"] == 20.81
    assert f"{5.4e13**0.095:.2f}" == "20.16"
    assert "is 20.16" in said()
    assert laws.loc[10, "flops_low"] == pytest.approx(768 * 2.2e7, rel=1e-2)
    assert laws.loc[10, "flops_high"] == pytest.approx(1.5e9 * 2.3e10, rel=1e-2)


def test_rosenfelds_first_exponent_is_of_the_data_and_the_floor_is_not_the_laws(
    laws: pd.DataFrame,
) -> None:
    own = laws[laws["paper"] == "Rosenfeld et al. 2019"]
    assert set(own["variable_1"]) == {"data"}
    assert set(own["variable_2"]) == {"parameters"}
    for (_, row), shown in zip(own.iterrows(), ("3.80", "3.86", "3.19", "0.193"), strict=False):
        c = constants(row)
        assert row["irreducible"] == pytest.approx(c["I"] * c["E"] / c["n"], rel=1e-3)
        ends = c["I"] * c["E"] / np.hypot(c["E"], c["n"])
        assert f"{shown} for" in said() or f"and {shown} for" in said()
        assert ends == pytest.approx(float(shown), abs=0.006)


def test_bansals_exponents_are_read_from_the_constants(laws: pd.DataFrame) -> None:
    own = laws[laws["cite"] == "bansal2022"]
    assert len(own) == 12
    assert own["exponent_1"].tolist() == [constants(row)["b"] for _, row in own.iterrows()]
    assert own["exponent_1"].tolist() == [0.285] * 3 + [0.296] * 2 + [0.278] * 3 + [0.198] * 4
    assert own["irreducible"].isna().all()


def test_signs_are_as_the_card_says(laws: pd.DataFrame) -> None:
    worse = laws[laws["exponent_1"] < 0]
    assert len(worse) == 5
    assert "Five exponents are below zero" in said()
    assert set(worse["architecture"]) == {"ALBERT", "MLP-Mixer"}
    fitted = laws[laws["exponent_1"].notna()]
    minus = fitted["formula"].str.contains(r"\^\(?-", regex=True)
    odd = fitted[minus != (fitted["direction"] == "falls")]
    assert list(odd.index) == [124, 125]
    assert odd["doubt"].str.contains("plus").all()


def test_ranges_that_contradict_their_own_row(laws: pd.DataFrame) -> None:
    tay = laws[laws["paper"] == "Tay et al. 2022, architectures"]
    left = pd.concat([tay[f"flops_{end}"] / 6 / tay[f"params_{end}"] for end in ("low", "high")])
    assert f"{left.min():.0f} to {left.max():.3g}".replace("1.55e+05", "155000") in said()
    hoffmann = laws.loc[37]
    assert 6 * hoffmann["params_high"] * hoffmann["data_high"] == pytest.approx(9.6e19)
    assert hoffmann["flops_high"] == 3e21
    assert data.load("hoffmann2022")["tokens"].max() == pytest.approx(3.2e11, rel=0.01)


def test_hours_are_seconds(laws: pd.DataFrame) -> None:
    speech = laws[laws["domain"] == "Speech"]
    assert set(speech["data_unit"]) == {"seconds of speech"}
    assert speech["data_low"].tolist() == [360000.0] * 2
