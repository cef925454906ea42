"""The laboratory: derivatives, seeds, kept runs, and losses that fall with size and with text."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pytest

from scalinglaws.errors import BadParameters, BadRuns, Interrupted
from scalinglaws.laboratory import (
    ALPHABET,
    PLANS,
    CharacterModel,
    Recipe,
    Text,
    ladder,
    read_text,
    train,
)
from scalinglaws.laboratory import runs as runs_module

TINY = CharacterModel(hidden=5, context=3, embedding=4, symbols=7)


@pytest.fixture(scope="module")
def text():
    return read_text()


@pytest.fixture(scope="module")
def small(text):
    """A slice of the text, so that a run is scored in a tenth of a second."""
    return Text("a slice", text.train[:50_000], text.held_out[:8_000], "slice")


# The model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_written_out_derivatives_are_those_of_finite_differences(seed):
    rng = np.random.default_rng(seed)
    weights = TINY.start(rng) + 0.3 * rng.normal(size=TINY.params)
    contexts, following = rng.integers(0, 7, (11, 3)), rng.integers(0, 7, 11)
    loss, slope = TINY.gradient(weights, contexts, following)
    step = 1e-6
    by_hand = [
        (TINY.loss(weights + step * e, contexts, following)
         - TINY.loss(weights - step * e, contexts, following)) / (2 * step)
        for e in np.eye(TINY.params)
    ]  # fmt: skip
    # A central difference rounds by 1e-16 / 1e-6 = 1e-10 of a loss near 2, and bends by 1e-12.
    np.testing.assert_allclose(slope, by_hand, rtol=0, atol=2e-9)
    assert loss == TINY.loss(weights, contexts, following)
    assert np.abs(slope).max() > 0.01


def test_params_counts_every_weight_and_the_output_is_a_distribution():
    rng = np.random.default_rng(0)
    weights = TINY.start(rng)
    assert TINY.params == len(weights) == 7 * 4 + 12 * 5 + 5 + 5 * 7 + 7
    contexts = rng.integers(0, 7, (2, 3))
    each = [np.exp(-TINY.loss(weights, contexts[:1], np.array([k]))) for k in range(7)]
    # Sums of seven numbers near 1/7 round in the last digit of a double.
    assert sum(each) == pytest.approx(1, abs=1e-14)


def test_an_untrained_model_guesses():
    weights = CharacterModel(hidden=64).start(np.random.default_rng(0))
    contexts = np.random.default_rng(1).integers(0, len(ALPHABET), (2_000, 8))
    loss = CharacterModel(hidden=64).loss(weights, contexts, contexts[:, 0])
    # Outputs at the start have a standard deviation of 0.1 in the logarithm, about a hundredth in
    # the mean of the loss.
    assert loss == pytest.approx(np.log(len(ALPHABET)), abs=0.02)


# The text -----------------------------------------------------------------------------------------


def test_the_text_is_english_of_a_known_alphabet_and_the_parts_share_no_paragraph(text):
    words = "".join(ALPHABET[k] for k in text.train)
    assert words.count(" the ") > 1_000
    # Capitals, digits and rare characters are mapped, so few may be left over.
    assert words.count("*") < 0.01 * len(words)
    held = "".join(ALPHABET[k] for k in text.held_out)
    # Windows of 200 characters: two different paragraphs that agree for so long are rare, and a
    # split inside paragraphs would share most of them.
    windows = [held[k : k + 200] for k in range(0, len(held) - 200, 2_000)]
    assert sum(window in words for window in windows) <= 1


def test_the_same_text_is_read_again_and_a_file_of_ones_own_too(tmp_path, text):
    assert read_text().sha256 == text.sha256
    own = tmp_path / "own.txt"
    own.write_text("\n\n".join(f"Paragraph number {k} of my text. " * 3 for k in range(400)))
    mine = read_text(str(own))
    assert len(mine.train) > 5 * len(mine.held_out) > 0
    assert mine.name == str(own)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nonesuch", "no package 'nonesuch' is installed"),
        ("nowhere.txt", "cannot be read as text"),
        ("tqdm", "characters of prose, and 20,000 are needed"),
        ("numpy/", "is installed"),
    ],
)
def test_a_text_that_is_not_there_or_too_short_is_refused(source, words):
    with pytest.raises(BadParameters, match=words):
        read_text(source)


def test_reading_a_package_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_text("pandas")


# Training -----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_loss_and_another_seed_another(small):
    model = CharacterModel(hidden=8)
    first, again, other = (train(model, small, characters=6_400, seed=seed) for seed in (3, 3, 4))
    assert first == again != other
    # Seeds move such a small run by a few per cent.
    assert other == pytest.approx(first, rel=0.1)


def test_loss_falls_with_size_and_with_text(text):
    table = ladder(text, hidden=[8, 64], characters=[10_240, 40_960, 163_840])
    loss = table.pivot(index="tokens", columns="params", values="loss").to_numpy()
    # Seeds move these losses by about 0.02; the steps here are five times that and more.
    assert (np.diff(loss, axis=0) < -0.1).all()
    assert (np.diff(loss, axis=1) < -0.1).all()
    # Better than the frequencies of single characters, which is what no context gives.
    share = np.bincount(text.train, minlength=len(ALPHABET)) / len(text.train)
    assert loss.max() < -np.sum(share[share > 0] * np.log(share[share > 0]))


def test_one_rate_serves_small_and_large(small):
    for hidden in (8, 128):
        model = CharacterModel(hidden=hidden)
        by_rate = {
            rate: train(model, small, characters=40_960, recipe=Recipe(rate=rate))
            for rate in (0.003, 0.03, 0.3)
        }
        assert min(by_rate, key=by_rate.get) == 0.03


@pytest.mark.parametrize("count", [63, 50_000])
def test_more_text_than_there_is_or_less_than_a_batch_is_refused(small, count):
    with pytest.raises(BadParameters, match=r"49,992 to train on, and a batch takes 64"):
        train(CharacterModel(hidden=8), small, characters=count)


# Kept runs ----------------------------------------------------------------------------------------


def test_a_ladder_goes_on_from_what_is_kept_and_gives_the_same_table(small, tmp_path):
    keep = tmp_path / "runs.csv"
    whole = ladder(small, hidden=[8, 16], characters=[1_280, 2_560])
    ladder(small, hidden=[8], characters=[1_280, 2_560], keep=keep)
    before = keep.read_text().splitlines()
    resumed = ladder(small, hidden=[8, 16], characters=[1_280, 2_560], keep=keep)
    exact = ["params", "tokens", "loss", "hidden", "seed"]
    assert resumed[exact].equals(whole[exact])
    # Seconds are measured anew in each training: the same lines are runs that were not repeated.
    assert keep.read_text().splitlines()[: len(before)] == before
    assert len(keep.read_text().splitlines()) == 5


def test_runs_of_another_text_seed_or_recipe_are_not_taken(small, tmp_path):
    keep = tmp_path / "runs.csv"
    first = ladder(small, hidden=[8], characters=[1_280], keep=keep)
    other = Text("other", small.train[1_000:], small.held_out, "other")
    for given, options in (
        (other, {}),
        (small, {"seed": 1}),
        (small, {"recipe": Recipe(rate=0.01)}),
    ):
        table = ladder(given, hidden=[8], characters=[1_280], keep=keep, **options)
        assert table["loss"][0] != first["loss"][0]
    with keep.open() as file:
        assert len(list(csv.DictReader(file))) == 4


def test_an_interrupted_ladder_keeps_what_ended(small, tmp_path, monkeypatch):
    keep = tmp_path / "runs.csv"
    ended = []

    def stop_at_the_second(*given, **options):
        if ended:
            raise KeyboardInterrupt
        ended.append(train(*given, **options))
        return ended[0]

    monkeypatch.setattr(runs_module, "train", stop_at_the_second)
    with pytest.raises(Interrupted, match=r"kept in .*runs\.csv; the same call continues"):
        ladder(small, hidden=[8, 16], characters=[1_280], keep=keep)
    monkeypatch.undo()
    table = ladder(small, hidden=[8, 16], characters=[1_280], keep=keep)
    assert table["loss"][0] == ended[0]


@pytest.mark.parametrize("line", ["1,2,3", "a,b,c,d,e,f,g,h,1,not a number,1"])
def test_a_file_that_keeps_something_else_is_refused_with_its_line(small, tmp_path, line):
    keep = tmp_path / "runs.csv"
    ladder(small, hidden=[8], characters=[1_280], keep=keep)
    keep.write_text(keep.read_text() + line + "\n")
    with pytest.raises(BadRuns, match=r"runs\.csv, line 3: this is no run of a ladder"):
        ladder(small, hidden=[8], characters=[1_280], keep=keep)


@pytest.mark.parametrize(("hidden", "characters"), [([], [1_280]), ([8], []), ([0], [1_280])])
def test_a_ladder_without_rungs_is_refused(small, hidden, characters):
    with pytest.raises(BadParameters, match="at least one size"):
        ladder(small, hidden=hidden, characters=characters)


def test_the_text_of_numpy_is_enough_for_the_short_plan(text):
    plan = PLANS["short"]
    assert plan.largest[1] < len(text.train)
    assert plan.largest[0] > max(plan.hidden)
    assert plan.largest[1] > max(plan.characters)
