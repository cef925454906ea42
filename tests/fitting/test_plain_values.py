"""Laws and fits are plain values: pickled, copied, written to a file and read back the same."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from known_laws import ALL_LAWS
from scalinglaws.fitting import objectives
from scalinglaws.fitting.plain import decode, encode

CHINCHILLA = sl.laws.CHINCHILLA
TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
LAWS = [
    *(law for law, _, _ in ALL_LAWS.values()),
    sl.laws.power_law("params") + sl.laws.power_law("tokens", floor=False),
    sl.laws.recounted(CHINCHILLA, omega=3.0),
]


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(5)
    runs = sl.simulate.at(
        CHINCHILLA,
        TRUTH,
        noise=0.01,
        seed=5,
        params=10 ** rng.uniform(7, 10, 30),
        tokens=10 ** rng.uniform(9, 12, 30),
    )
    runs["team"] = [f"team {k % 6}" for k in range(30)]
    return sl.fit(CHINCHILLA, runs, weights=1.0 + np.arange(30) % 3, held={"E": 1.8}, seed=4)


def again(fit, way, folder):
    if way == "file":
        return sl.load_fit(fit.save(folder / "fit.json"))
    return pickle.loads(pickle.dumps(fit)) if way == "pickle" else copy.deepcopy(fit)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_law_is_pickled_copied_and_written_down(law):
    written = decode(json.loads(json.dumps(encode(law), allow_nan=False)))
    for other in (pickle.loads(pickle.dumps(law)), copy.deepcopy(law), written):
        assert other == law
        assert hash(other) == hash(law)
        assert other is not law


@pytest.mark.parametrize("way", ["pickle", "copy", "file"])
def test_a_fit_read_back_answers_with_the_same_bits(fitted, way, tmp_path):
    other = again(fitted, way, tmp_path)
    assert other.report().__repr__() == fitted.report().__repr__()
    assert repr(other) == repr(fitted)
    for kind, by in (("case", None), ("group", "team"), ("covariance", None)):
        ours, theirs = (f.interval("alpha", kind=kind, by=by, n=50) for f in (fitted, other))
        assert ours == theirs
    ours, theirs = (f.predict(params=1e11, tokens=1e12, n=50) for f in (fitted, other))
    assert ours.equals(theirs)
    assert sl.allocate(other, 1e24, n=50).equals(sl.allocate(fitted, 1e24, n=50))
    assert other.simulated
    assert other.runs.attrs == fitted.runs.attrs


def test_showing_a_fit_as_text_refits_nothing(fitted):
    fresh = copy.deepcopy(fitted)
    text = repr(fresh)
    assert "Chinchilla" in text
    assert "alpha=" in text
    assert "simulated runs" in text
    assert fresh.minimum in text
    assert set(fresh._kept) <= {"apart"}  # residuals by label, no refit
    assert "90% interval" in fresh._repr_mimebundle_()["text/plain"]
    assert fresh._kept


def test_a_law_of_ones_own_is_asked_for_again(tmp_path):
    def mine(rate):
        p = sl.Parameter(name="k", symbol="k", unit="loss", meaning="scale")
        c = sl.Parameter(name="c", symbol="c", unit="1", meaning="rate", lower=rate, upper=2.0)
        return sl.Law(
            name="mine",
            inputs=("tokens",),
            parameters=(p, c),
            function=lambda p, x: p["k"] * x["tokens"] ** -p["c"],
            formula="k x^-c",
            reference="here",
        )

    own = objectives.custom("cosh", lambda r: np.log(np.cosh(r / 0.01)))
    tokens = np.geomspace(1e6, 1e9, 12)
    runs = sl.simulate.at(mine(0.01), {"k": 30.0, "c": 0.2}, tokens=tokens, noise=0.01)
    fit = sl.fit(mine(0.01), runs, objective=own)
    file = fit.save(tmp_path / "mine.json")
    with pytest.raises(sl.BadParameters, match=r"a law of your own, 'mine'.*load_fit\(..., law="):
        sl.load_fit(file)
    with pytest.raises(sl.BadParameters, match=r"objective of your own, 'cosh'"):
        sl.load_fit(file, law=mine(0.01))
    with pytest.raises(sl.BadParameters, match="has another parameters"):
        sl.load_fit(file, law=mine(0.02), objective=own)
    same = sl.load_fit(file, law=mine(0.01), objective=own)
    assert same.interval("c", n=40) == fit.interval("c", n=40)


def damaged(content, how):
    if how == "table":
        content["runs"]["columns"][0]["values"][0] *= 1.001
    elif how == "format":
        content["format"] = 99
    elif how == "part":
        del content["fit"]
    elif how == "function":
        content["law"]["kept"]["fields"]["function"] = {"function": "os:system"}
    return json.dumps(content)


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ("table", "hash differs"),
        ("format", "format 3"),
        ("part", "lacks fit"),
        ("function", "not a name of this library"),
    ],
)
def test_a_file_that_was_changed_is_refused(fitted, tmp_path, how, match):
    file = fitted.save(tmp_path / "fit.json")
    file.write_text(damaged(json.loads(file.read_text()), how))
    with pytest.raises(sl.BadParameters, match=match):
        sl.load_fit(file)


def test_a_file_that_holds_no_fit_is_refused(tmp_path):
    with pytest.raises(sl.BadParameters, match="cannot be read"):
        sl.load_fit(tmp_path / "none.json")
    text = tmp_path / "text.json"
    text.write_text("no json")
    with pytest.raises(sl.BadParameters, match="not a saved fit"):
        sl.load_fit(text)


@pytest.mark.parametrize("dtype", ["string", "object", "category"])
def test_a_label_that_is_missing_is_kept_as_missing(tmp_path, dtype):
    runs = sl.load("hoffmann2022").head(40)
    runs["team"] = pd.Series(["a", pd.NA] * 20, index=runs.index, dtype=dtype)
    fit = sl.fit(CHINCHILLA, runs)
    labels = sl.load_fit(fit.save(tmp_path / "fit.json")).runs["team"]
    assert labels.isna().tolist() == [False, True] * 20
    assert set(labels.dropna()) == {"a"}
