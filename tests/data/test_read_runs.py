"""A user's own table: what is read, what is refused, and what the refusal says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scalinglaws import laws
from scalinglaws.data import catalogue as data
from scalinglaws.data.catalogue import load
from scalinglaws.data.read_runs import SHOWN, read_runs
from scalinglaws.errors import BadRuns, Unidentifiable

GOOD = """params,tokens,loss
1e8,2e9,3.4
2e8,8e9,3.0
4e8,8e9,2.9
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def file(text: str, name: str = "mine.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return file


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(BadRuns) as caught:
        read_runs(path, law=None)
    assert str(path) in str(caught.value)
    return caught.value.problems


def change(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_reads_and_derives_flops(write: Any) -> None:
    path = write(GOOD)
    runs = read_runs(path, law=None)
    assert list(runs.columns) == ["params", "tokens", "flops", "loss"]
    assert list(runs["flops"]) == [6 * 1e8 * 2e9, 6 * 2e8 * 8e9, 6 * 4e8 * 8e9]
    assert runs.attrs["name"] == "mine.csv"
    assert runs.attrs["card"]["notes"] == ["flops derived as 6 params tokens"]
    assert str(path) in runs.attrs["card"]["source"]
    assert "flops derived as 6 params tokens" in repr(data.card(runs))


def test_derives_tokens(write: Any) -> None:
    runs = read_runs(write("params,flops,loss\n1e8,1.2e18,3\n2e8,1.2e18,3.1\n"), law=None)
    assert list(runs["tokens"]) == [1.2e18 / (6 * 1e8), 1.2e18 / (6 * 2e8)]
    assert runs.attrs["card"]["notes"] == ["tokens derived as flops / (6 params)"]


def test_nothing_derived_is_said_to_be(write: Any) -> None:
    runs = read_runs(write("params,tokens,flops,loss\n1e8,2e9,1.2e18,3\n"), law=None)
    assert runs.attrs["card"]["notes"] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"1e18"', 1e18),
        ('" 6e+20 "', 6e20),
        ('"1_000_000"', 1e6),
        ("7e9", 7e9),
        ('"1,000,000"', 1e6),
        ('"1,000,000.5"', 1000000.5),
        ("+5e8", 5e8),
        ("70000000000000000000", 7e19),
    ],
)
def test_numbers_given_as_text(write: Any, text: str, value: float) -> None:
    file = write(f"count,loss\n{text},3.4\n1e8,3.4\n")
    assert read_runs(file, law=None, needs=("count", "loss"))["count"][0] == value


def test_integers_do_not_overflow(tmp_path: Path) -> None:
    path = tmp_path / "big.parquet"
    sizes = np.array([7 * 10**10, 10**11], dtype=np.int64)
    tokens = np.array([14 * 10**11] * 2, dtype=np.int64)
    pd.DataFrame({"params": sizes, "tokens": tokens, "loss": [2.0, 1.9]}).to_parquet(path)
    assert (read_runs(path, law=None)["flops"] == [5.88e23, 8.4e23]).all()


def test_other_columns_pass_in_order(write: Any) -> None:
    head = "seed,id,loss,lr,tokens,ok,params,note\n"
    rows = "1,007,3,1e-3,2e9,True,1e8,a\n2,8,3.1,,2e9,false,1e8,\n"
    runs = read_runs(write(head + rows), law=None)
    assert list(runs.columns) == [
        *("params", "tokens", "flops", "loss"),
        *("seed", "id", "lr", "ok", "note"),
    ]
    assert list(runs["seed"]) == [1, 2]
    assert list(runs["id"]) == ["007", "8"]  # a leading zero is no number's
    assert runs["lr"][0] == 1e-3
    assert np.isnan(runs["lr"][1])
    assert list(runs["ok"]) == [True, False]
    assert list(runs["note"]) == ["a", ""]


def test_parquet_keeps_the_types_of_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    frame = pd.DataFrame(
        {
            "loss": [3.0, 3.1],
            "day": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "kind": pd.Categorical(["a", "b"]),
            "params": ["1e8", " 2e8 "],
            "tokens": [2_000_000_000, 3_000_000_000],
        }
    )
    frame.to_parquet(path)
    runs = read_runs(path, law=None)
    assert list(runs["params"]) == [1e8, 2e8]
    pd.testing.assert_frame_equal(runs[["day", "kind"]], frame[["day", "kind"]])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(write: Any, encoding: str) -> None:
    assert len(read_runs(write(GOOD, encoding=encoding), law=None)) == 3


def test_windows_line_ends_and_blank_lines(write: Any) -> None:
    text = GOOD.replace("\n", "\r\n") + "\r\n,,\r\n"
    runs = read_runs(write(text), law=None)
    assert len(runs) == 3
    assert "rows without any value left out: lines 6" in runs.attrs["card"]["notes"]


def test_semicolons_and_decimal_commas(write: Any) -> None:
    text = "params;tokens;loss\n1,5e8;2e9;3,25\n2e8;2000000000;3,125\n"
    runs = read_runs(write(text), law=None)
    assert list(runs["params"]) == [1.5e8, 2e8]
    assert list(runs["loss"]) == [3.25, 3.125]
    notes = runs.attrs["card"]["notes"]
    assert "columns separated by ';'" in notes
    assert "commas read as decimals, as in 1,5e8" in notes


def test_a_comma_that_could_be_either_is_refused(write: Any) -> None:
    found = problems(write("params;tokens;loss\n1e8;2e9;3,125\n"))
    assert found == (
        "line 2 (row 1), column loss: found '3,125', which could be 3125 or 3.125; "
        "write it without a comma",
    )


def test_commas_of_both_kinds_are_refused(write: Any) -> None:
    found = problems(write("params;tokens;loss\n1,000,000;2e9;3,25\n"))
    assert "'1,000,000' groups thousands, '3,25' is a decimal comma" in found[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("3.0", "n/a", "line 3 (row 2), column loss: found 'n/a' (no value)"),
        ("3.0", "", "line 3 (row 2), column loss: found '' (no value)"),
        ("3.0", "NaN", "line 3 (row 2), column loss: found 'NaN' (no value)"),
        ("3.0", "inf", "line 3 (row 2), column loss: found 'inf' (infinite)"),
        ("3.0", "1e999", "line 3 (row 2), column loss: found '1e999' (infinite)"),
        ("3.0", "0", "line 3 (row 2), column loss: found '0' (zero)"),
        ("3.0", "-3.0", "line 3 (row 2), column loss: found '-3.0' (negative)"),
        (
            "3.0",
            "three",
            "line 3 (row 2), column loss: found 'three' (text); expected a posi",
        ),
        ("1e8", "100Q", "line 2 (row 1), column params: found '100Q' (text); expected a positive"),
        ("3.0", "3.0,1", "line 3: 4 cells, but the header has 3 columns separated by ','"),
        ("4e8,8e9,2.9", "2e8,8e9,3.0", "line 4 (row 3) repeats line 3 (row 2): params 2e+08"),
    ],
)
def test_a_bad_cell_names_row_column_and_value(
    write: Any, old: str, new: str, expected: str
) -> None:
    (only,) = problems(write(change(old, new)))
    assert only.startswith(expected)


def test_the_example_suits_the_column(write: Any) -> None:
    assert problems(write(change("3.0", "three")))[0].endswith("a positive number, as in 2.31")
    assert problems(write(change("1e8", "100Q")))[0].endswith("a positive number, as in 7e9")


def test_line_numbers_count_lines_of_the_file(write: Any) -> None:
    text = 'note,params,tokens,loss\n"two\nlines",1e8,2e9,3\n\nx,-1,2e9,3\n'
    assert problems(write(text))[0].startswith("line 5 (row 2), column params: found '-1'")


def test_parquet_names_the_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"params": [1e8, 2e8], "tokens": [2e9, None], "loss": [3, 2]}).to_parquet(path)
    assert problems(path)[0].startswith("row 2, column tokens: found 'nan' (no value)")


def test_every_problem_is_kept_and_twenty_are_shown(write: Any) -> None:
    rows = "".join(f"{i}e8,x,-1\n" for i in range(1, 31))
    path = write("params,tokens,loss\n" + rows)
    with pytest.raises(BadRuns, match="60 problems") as caught:
        read_runs(path, law=None)
    assert len(caught.value.problems) == 60
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + SHOWN + 1
    assert lines[-1] == "  ... and 40 more"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("N,tokens,loss", "column 'params' is missing; 'N' looks like it: rename it to 'params'"),
        ("params,D,loss", "column 'tokens' (or 'flops') is missing; 'D' looks like it"),
        ("params,C,loss", "'C' looks like it: rename it to 'flops'"),
        ("params,tokens,x", "column 'loss' is missing; the table has 'params', 'tokens', 'x'"),
        ("params,tokens,params", "column 'params' occurs 2 times (columns 1, 3); keep one"),
    ],
)
def test_columns(write: Any, header: str, expected: str) -> None:
    found = problems(write(change("params,tokens,loss", header)))
    assert any(expected in p for p in found)


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("n_params,tokens,loss", "took 'n_params' as params"),
        ("Model Size,tokens,loss", "took 'Model Size' as params"),
        ("params,Tokens,loss", "took 'Tokens' as tokens"),
        ("params,Training FLOP,loss", "took 'Training FLOP' as flops"),
        ("params,tokens,val_loss", "took 'val_loss' as loss"),
    ],
)
def test_a_known_name_is_taken_and_said(write: Any, header: str, taken: str) -> None:
    flops = "FLOP" in header
    rows = "1e8,1.2e18,3\n" if flops else "1e8,2e9,3\n"
    runs = read_runs(write(f"{header}\n{rows}"), law=None)
    assert runs[["params", "tokens", "loss"]].to_numpy().tolist() == [[1e8, 2e9, 3.0]]
    assert taken in runs.attrs["card"]["notes"]


@pytest.mark.parametrize(
    ("flops", "ratio", "hint"),
    [
        (1.2e18 / 8.64e19, "1.16e-20", "PF-days: multiply them by 8.64e19"),
        (1.2e18 / 1e21, "1e-21", "zettaFLOPs"),
        (1.2e18 / 3, "0.333", "forward pass alone"),
        (1.2e18 * 1e9, "1e+09", "params or tokens look like billions"),
        (1.2e18 * 1e18, "1e+18", "params and tokens look like billions"),
        (1.2e18 * 30, "30", "check the units of all three"),
    ],
)
def test_tokens_that_contradict_flops(write: Any, flops: float, ratio: str, hint: str) -> None:
    text = f"params,tokens,flops,loss\n1e8,2e9,1.2e18,3\n1e8,2e9,{flops!r},3.1\n"
    (only,) = problems(write(text))
    assert only.startswith("line 3 (row 2), columns params, tokens and flops:")
    assert f"is {ratio} times 6ND" in only
    assert hint in only


@pytest.mark.parametrize("factor", [0.51, 1.99])
def test_other_counts_of_flops_are_accepted(write: Any, factor: float) -> None:
    runs = read_runs(write(f"params,tokens,flops,loss\n1e8,2e9,{factor * 1.2e18!r},3\n"), law=None)
    assert runs["flops"][0] == factor * 1.2e18


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params,tokens,loss\n0.1,2e9,3\n70,2e9,2\n", "column params: every value is below 1000"),
        ("params,tokens,loss\n1e8,2,3\n7e10,9,2\n", "column tokens: every value is below 10000"),
        ("params,flops,loss\n1e8,0.02,3\n7e10,9,2\n", "column flops: every value is below 1e+06"),
    ],
)
def test_implausible_units(write: Any, text: str, expected: str) -> None:
    (only,) = problems(write(text))
    assert only.startswith(expected)
    assert "multiply them by" in only


def test_tokens_that_come_out_below_one(write: Any) -> None:
    text = "params,flops,loss\n1e8,1e18,3\n1e20,1e18,2.5\n"
    (only,) = problems(write(text))
    assert only.startswith("line 3 (row 2): flops / (6 params) gives 0.00166667 tokens")


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("mine.xlsx", b"PK\x03\x04zip", r"is a spreadsheet .* save the sheet as \.csv"),
        ("mine", b"x", "there is a header but no run"),
        ("mine.csv", b" \n", "is empty; expected a header line"),
        ("mine.csv", b"params,tokens,loss\n", "there is a header but no run"),
        ("mine.csv", b"PK\x01\x04\xff", r"is not text in UTF-8: byte 4 is 0xff"),
        ("mine.csv", b'params,"tok\n', "line 1: not valid CSV, unexpected end"),
        ("mine.parquet", b"params,tokens,loss\n1,2,3\n", "cannot be read as Parquet"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, name: str, raw: bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(BadRuns, match=expected):
        read_runs(path, law=None)


def test_a_missing_file_names_its_neighbour(write: Any) -> None:
    path = write(GOOD, "runs.csv")
    with pytest.raises(BadRuns, match=r"no file at .*run\.csv .*Did you mean .*runs\.csv\?"):
        read_runs(path.with_name("run.csv"))


def test_one_ray_is_refused_unless_no_law_is_asked_for(write: Any) -> None:
    rows = "".join(f"{n},{20 * n},{3 - i / 10}\n" for i, n in enumerate(np.geomspace(1e7, 1e9, 12)))
    path = write("params,tokens,loss\n" + rows)
    with pytest.raises(Unidentifiable, match="same tokens per parameter") as caught:
        read_runs(path)
    assert "law=None" in str(caught.value)
    assert len(read_runs(path, law=None)) == 12
    assert len(read_runs(path, law=laws.power_law("params"))) == 12


def test_too_few_runs_are_refused(write: Any) -> None:
    with pytest.raises(Unidentifiable, match="needs at least 8 distinct runs; this table has 3"):
        read_runs(write(GOOD))


@pytest.mark.parametrize("name", ["isoflops/llama3", "isoflops/chinchilla_apple", "hoffmann2022"])
def test_bundled_tables_come_back_the_same(tmp_path: Path, name: str) -> None:
    runs = data.load(name)
    core = ["params", "tokens", "flops", "loss"]
    runs.to_csv(tmp_path / "runs.csv", index=False)
    runs.to_parquet(tmp_path / "runs.parquet")
    for file in ("runs.csv", "runs.parquet"):
        back = read_runs(tmp_path / file)
        pd.testing.assert_frame_equal(back[core], runs[core], check_exact=True)
        assert (back["outlier"] == runs["outlier"]).all()


# Any number of tokens a parameter that somebody might train with.
tables = st.lists(
    st.builds(
        lambda size, ratio, loss: (size, size * ratio, loss),
        st.floats(min_value=1e5, max_value=1e11),
        st.floats(min_value=0.2, max_value=5e4),
        st.floats(min_value=1e-3, max_value=20),
    ),
    min_size=1,
    max_size=12,
    unique=True,
)
quick = settings(
    max_examples=60,
    deadline=None,  # the shared machine's pauses are no fault of the code
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def saved(rows: list[tuple[float, float, float]], path: Path) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["params", "tokens", "loss"])
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return frame


@quick
@given(rows=tables, suffix=st.sampled_from([".csv", ".parquet"]))
def test_round_trip_keeps_every_bit(
    tmp_path: Path, rows: list[tuple[float, float, float]], suffix: str
) -> None:
    path = tmp_path / f"mine{suffix}"
    frame = saved(rows, path)
    runs = read_runs(path, law=None)
    pd.testing.assert_frame_equal(runs[list(frame.columns)], frame, check_exact=True)


@quick
@given(rows=tables, seed=st.randoms(use_true_random=False))
def test_row_order_is_kept_and_does_not_matter(
    tmp_path: Path, rows: list[tuple[float, float, float]], seed: Any
) -> None:
    order = list(range(len(rows)))
    seed.shuffle(order)
    saved(rows, tmp_path / "a.csv")
    saved([rows[i] for i in order], tmp_path / "b.csv")
    first = read_runs(tmp_path / "a.csv", law=None)
    second = read_runs(tmp_path / "b.csv", law=None)
    pd.testing.assert_frame_equal(
        first.iloc[order].reset_index(drop=True), second, check_exact=True
    )


@quick
@given(rows=tables, factor=st.sampled_from([1e3, 1e6, 1e9, 1 / 8.64e19, 1e-15, 1e-18]))
def test_a_slip_of_units_is_always_caught(
    tmp_path: Path, rows: list[tuple[float, float, float]], factor: float
) -> None:
    frame = pd.DataFrame(rows, columns=["params", "tokens", "loss"])
    frame["flops"] = 6 * frame["params"] * frame["tokens"] * factor
    frame.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(BadRuns, match=r"multiply|FLOPs"):
        read_runs(tmp_path / "mine.csv", law=None)


@quick
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(("params,tokens,loss\n" + text).encode("utf-8", "surrogatepass"))
    finite = refusal = ""
    try:
        finite = str(np.isfinite(read_runs(path, law=None).to_numpy()).all())
    except BadRuns as error:
        refusal = str(error)
    assert finite == "True" or str(path) in refusal


def test_a_perplexity_is_not_taken_for_a_loss(tmp_path: Path) -> None:
    file = tmp_path / "perplexity.csv"
    file.write_text("params,tokens,loss\n1e8,2e9,41.2\n2e8,3e9,33.0\n")
    with pytest.raises(BadRuns, match=r"largest value is 41\.2; .* Is this a perplexity"):
        read_runs(file, law=None)


BOTH = """params,params_non_embedding,tokens,flops,loss
2e8,1e8,2e9,{}e18,3.4
4e8,3e8,8e9,{}e18,3.0
9e8,8e8,8e9,{}e18,2.9
"""


def test_counts_that_cannot_be_are_refused_and_odd_ones_are_noted(write: Any) -> None:
    swapped = BOTH.replace("2e8,1e8", "1e8,2e8").format(1.2, 19.2, 43.2)
    with pytest.raises(BadRuns, match=r"line 2 .*params_non_embedding 2e.08 is more than params"):
        read_runs(write(swapped), law=None)
    fine = read_runs(write(BOTH.format(2.4, 19.2, 43.2)), law=None)
    assert fine.attrs["card"]["notes"] == []
    layers = read_runs(write(BOTH.format(1.2, 14.4, 38.4)), law=None).attrs["card"]["notes"]
    assert layers[0] == "flops are 0.50 to 0.89 times 6 params tokens"
    assert layers[-1] == (
        "flops over 6 params tokens is 0.50 for the smallest models and 0.89 for the largest: "
        "params may count embeddings that flops leaves out"
    )
    equal = BOTH.replace("2e8,1e8", "2e8,2e8").replace("4e8,3e8", "4e8,4e8")
    equal = equal.replace("9e8,8e8", "9e8,9e8").format(2.4, 19.2, 43.2)
    assert "are equal in every row" in read_runs(write(equal), law=None).attrs["card"]["notes"][0]


CURVE = "examples,loss,who\n10,0.9,a\n100,0.5,a\n1000,0.3,b\n"


def test_a_law_says_which_columns_its_table_needs(write: Any) -> None:
    runs = read_runs(write(CURVE), law=None, needs=("examples", "loss"))
    assert list(runs.columns) == ["loss", "examples", "who"]
    assert runs["examples"].dtype == float
    assert list(runs["examples"]) == [10, 100, 1000]
    with pytest.raises(BadRuns, match="column 'examples' is missing; 'Examples seen' looks like"):
        read_runs(write(CURVE.replace("examples", "Examples seen")), law=laws.power_law("examples"))


def test_a_needed_column_is_checked_cell_by_cell(write: Any) -> None:
    path = write(CURVE.replace("100,", "many,"))
    with pytest.raises(BadRuns, match="column examples: found 'many' \\(text\\)"):
        read_runs(path, law=None, needs=("examples", "loss"))
    again = write(CURVE + "10,0.9,a\n")
    with pytest.raises(BadRuns, match=r"repeats line 2 \(row 1\): examples 10, loss 0.9, who a"):
        read_runs(again, law=None, needs=("examples", "loss"))


def test_counts_that_follow_from_two_others_satisfy_a_need(write: Any) -> None:
    runs = read_runs(write(GOOD), law=None, needs=("flops", "loss"))
    assert list(runs["flops"]) == [6 * 1e8 * 2e9, 6 * 2e8 * 8e9, 6 * 4e8 * 8e9]
    with pytest.raises(BadRuns, match=r"column 'flops' \(or 'tokens'\) is missing"):
        read_runs(write("params,loss\n1e8,3\n"), law=None, needs=("flops", "loss"))


def test_a_law_of_any_sign_takes_losses_of_any_sign(write: Any) -> None:
    text = "upstream_loss,loss\n" + "".join(f"{1 + k / 4},{0.5 - k / 8}\n" for k in range(9))
    sigmoid = laws.sigmoid("upstream_loss")
    assert read_runs(write(text), law=sigmoid)["loss"].min() == -0.5
    with pytest.raises(BadRuns, match="expected a number above zero"):
        read_runs(write(text), law=None, needs=("upstream_loss", "loss"))


def test_a_bundled_table_without_a_needed_column_is_refused() -> None:
    with pytest.raises(BadRuns, match="the bundled table hoffmann2022 has no column examples"):
        load("hoffmann2022", law=None, needs=("examples", "loss"))


def test_labels_must_be_there_and_filled(write: Any) -> None:
    text = "run,params,tokens,loss\na,1e8,2e9,3.4\n ,2e8,8e9,3.0\n"
    with pytest.raises(BadRuns, match=r"line 3 .*column run: found no value; expected a label"):
        read_runs(write(text), law=None, labels=("run",))
    with pytest.raises(BadRuns, match="column 'curve' is missing"):
        read_runs(write(text), law=None, labels=("curve",))
    assert list(read_runs(write(text.replace(" ,", "b,")), law=None, labels=("run",))["run"]) == [
        "a",
        "b",
    ]


def test_two_counts_that_are_needed_must_differ(write: Any) -> None:
    text = "params,params_non_embedding,tokens,loss\n1e8,1e8,2e9,3.4\n2e8,2e8,8e9,3.0\n"
    with pytest.raises(BadRuns, match="are equal in every row; expected two counts"):
        read_runs(write(text), law=None, needs=("params", "params_non_embedding", "loss"))
    with pytest.raises(BadRuns, match="params_non_embedding: every value is below 1000"):
        read_runs(write(text.replace("1e8,1e8", "1e8,100").replace("2e8,2e8", "2e8,150")), law=None)


def test_rows_that_differ_in_a_label_are_different_runs(tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    table.write_text("task,params,tokens,loss\na,1e8,1e9,3\nb,1e8,1e9,3\n")
    assert len(read_runs(table, law=None, labels=("task",))) == 2
    with pytest.raises(BadRuns, match="expected each run once"):
        read_runs(table, law=None)
