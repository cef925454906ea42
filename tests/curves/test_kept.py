"""Answers kept on disk: found again by all that they depend on, and by nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scalinglaws.curves.arena import ENTRANTS, Curve, by_law, by_m4, kept, match, play
from scalinglaws.laws import power_law, shifted

X = np.geomspace(10.0, 1e4, 8)
CURVE = Curve(domain="IC", task="t", model="m", x=X, loss=0.1 + X**-0.3, at=np.array([2e4, 3e4]))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.FOLDER, str(tmp_path))
    return tmp_path


def test_an_answer_comes_back_to_the_last_bit():
    path = kept.path_of(ENTRANTS["M2"], CURVE)
    answer = {"mean": np.array([0.1, 1 / 3]), "low": np.array([5e-324, 0.1]), "high": X[:2]}
    assert kept.read(path, 2) is None
    kept.write(path, answer)
    found = kept.read(path, 2)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in answer.items()}
    assert kept.read(path, 3) is None
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_everything_that_an_answer_depends_on_is_in_its_name(monkeypatch):
    entrants = [*ENTRANTS.values(), by_m4(held={"E": 0.0}), by_law(power_law("x", floor=False))]
    entrants += [by_law(shifted("x"), held={"s": 1e-5}), by_law(shifted("x"), held={"s": 2e-5})]
    other = [replace(CURVE, **{k: 2 * getattr(CURVE, k)}) for k in ("x", "loss", "at")]
    other += [replace(CURVE, domain="BB"), replace(CURVE, at=X[:1])]
    paths = [kept.path_of(e, CURVE) for e in entrants]
    paths += [kept.path_of(entrants[0], c) for c in other]
    monkeypatch.setattr(kept, "_sources", lambda: "changed")
    paths += [kept.path_of(entrants[0], CURVE)]
    assert None not in paths
    assert len(set(paths)) == len(paths)


def test_an_entrant_of_ones_own_is_not_kept_and_nothing_is_without_a_folder(monkeypatch):
    assert kept.path_of(lambda curve: curve.at, CURVE) is None
    own = replace(power_law("x"), guess=lambda values, x, loss: values)
    assert kept.path_of(by_law(own), CURVE) is None
    monkeypatch.delenv(kept.FOLDER)
    assert kept.path_of(ENTRANTS["M2"], CURVE) is None
    kept.write(None, {"mean": X})
    assert kept.read(None, len(X)) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", "{}", '{"mean": [1.0]}', '{"mean": ["a", 2]}', '{"low": [1, 2]}']
)
def test_a_damaged_file_counts_as_absent(text):
    path = kept.path_of(ENTRANTS["M2"], CURVE)
    kept.write(path, {"mean": np.ones(2)})
    path.write_text(text)
    assert kept.read(path, 2) is None


def test_a_folder_that_cannot_be_written_to_keeps_nothing(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv(kept.FOLDER, str(folder / "file"))
    kept.write(kept.path_of(ENTRANTS["M2"], CURVE), {"mean": np.ones(2)})
    assert kept.read(kept.path_of(ENTRANTS["M2"], CURVE), 2) is None


def test_the_source_of_what_an_entrant_imports_is_looked_at():
    seen = kept.modules("scalinglaws.curves.arena.match")
    for name in ("_fit", "fitting.solver.problem", "curves.released.leaps", "laws.curves"):
        assert f"scalinglaws.{name}" in seen
    assert "scalinglaws" not in seen
    assert not [name for name in seen if name.startswith("scalinglaws.figures")]


def test_a_match_played_again_asks_nobody(folder, monkeypatch):
    table = pd.DataFrame({"task": "t", "model": "m", "x": np.geomspace(10.0, 1e5, 12)})
    table["loss"] = 0.1 + table["x"] ** -0.3
    two = {name: ENTRANTS[name] for name in ("M2", "last value")}
    table["train"] = table["x"] < 1e4
    first = play(table, two)
    assert len(list(folder.rglob("*.json"))) == 2
    monkeypatch.setattr(match, "_answer", None)
    pd.testing.assert_frame_equal(play(table, two), first)
