"""Tables as people paste, print and export them: each lays out its columns in a way of its own."""

import json

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.data._layout import layout

N = np.geomspace(1e7, 2e9, 8)
RUNS = pd.DataFrame({"run": [f"r{k}" for k in range(8)], "params": N.round()})
RUNS["tokens"] = (RUNS["params"] * [20, 40, 20, 80, 20, 40, 80, 20]).round()
RUNS["loss"] = (2 + 400 * N**-0.35 + 4000 * RUNS["tokens"] ** -0.36).round(4)


def bars(frame):
    rows = ["| " + " | ".join(map(str, r)) + " |" for r in frame.itertuples(index=False)]
    return "\n".join(["| " + " | ".join(frame) + " |", "|---|---:|:---:|----|", *rows])


def parted(frame, by):
    counts = {c: frame[c].map(lambda v: f"{v:,.0f}".replace(",", by)) for c in ("params", "tokens")}
    return frame.assign(**counts).to_csv(index=False, sep=";")


def german(frame):
    named = {"params": "Parameters [M]", "tokens": "Tokens (B)", "loss": "Validation loss"}
    scaled = frame.assign(params=frame["params"] / 1e6, tokens=frame["tokens"] / 1e9)
    return scaled.rename(columns=named).to_csv(index=False, sep=";", decimal=",")


LAYOUTS = {
    "Markdown": (bars(RUNS), "columns separated by bars"),
    "printed": (RUNS.astype(str).to_string(index=False), "columns separated by blanks"),
    "comments": ("# a sweep\n# of 2026, seed 1\n\n" + RUNS.to_csv(index=False), "2 lines above"),
    "narrow blanks": (parted(RUNS, "\u202f"), "counts written as"),
    "blanks": (parted(RUNS, " "), "counts written as"),
    "apostrophes": (parted(RUNS, "'"), "counts written as"),
    "decimal commas": (german(RUNS), "commas read as decimals"),
    "runs by name": (
        json.dumps(RUNS.set_index("run").to_dict("index")),
        "flops derived as 6 params tokens",
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_however_it_is_laid_out_a_table_is_the_same(tmp_path, name):
    text, note = LAYOUTS[name]
    path = tmp_path / "table.txt"
    path.write_text(text, encoding="utf-8")
    read = sl.read_runs(path)
    assert any(note in n for n in read.attrs["card"]["notes"])
    for column in ("params", "tokens", "loss"):
        # Units of header and cell multiply: a product of two doubles rounds once.
        assert read[column].to_numpy() == pytest.approx(RUNS[column].to_numpy(), rel=1e-15)
    assert read["run"].tolist() == RUNS["run"].tolist()


def test_a_header_that_begins_with_a_hash_is_no_comment(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("#params,tokens,loss\n1e7,1e9,3.1\n")
    with pytest.raises(sl.BadRuns, match="it has #params"):
        sl.read_runs(path, law=None, needs=("params",), columns={"params": "size"})
    assert layout(path.read_text()).text == path.read_text()


def test_lines_keep_their_numbers_below_comments(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("# one\n# two\nparams,tokens,loss\n1e7,1e9,3.1\n1e7,1e9,none\n")
    with pytest.raises(sl.BadRuns, match=r"line 5 \(row 2\), column loss"):
        sl.read_runs(path, law=None)


def test_text_in_quotes_keeps_its_breaks_and_bars(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text('name,params,tokens,loss\n"a | b\n# c",1e7,1e9,3.1\n')
    assert sl.read_runs(path, law=None)["name"].tolist() == ["a | b\n# c"]


def test_what_a_loss_could_be_is_named(tmp_path):
    path = tmp_path / "runs.csv"
    RUNS.rename(columns={"loss": "final val loss"}).to_csv(path, index=False)
    with pytest.raises(sl.BadRuns, match=r"say which, columns=\{'loss': 'final val loss'\}"):
        sl.read_runs(path)
    RUNS.assign(val_ppl=np.exp(RUNS["loss"])).drop(columns="loss").to_csv(path, index=False)
    with pytest.raises(sl.BadRuns, match="'val_ppl' is a perplexity, whose natural logarithm"):
        sl.read_runs(path)


def test_a_second_column_of_the_name_is_noted(tmp_path):
    path = tmp_path / "runs.csv"
    RUNS.assign(Loss=RUNS["loss"] + 1).to_csv(path, index=False)
    notes = sl.read_runs(path).attrs["card"]["notes"]
    assert "the column 'loss' is taken as it is; 'Loss' is there as well" in notes
