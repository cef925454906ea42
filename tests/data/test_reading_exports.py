"""Tables as tools write them: each kind ends in the right numbers, or in a question by name."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalinglaws as sl
from scalinglaws.data.read_runs import read_runs
from scalinglaws.errors import BadRuns

TRUTH = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Twenty-four runs of a known law, with names."""
    params = np.repeat([2e7, 6e7, 1.5e8, 4e8, 1e9, 3e9], 4)
    tokens = params * np.tile([5.0, 20, 60, 150], 6)
    table = sl.simulate.at(
        sl.laws.CHINCHILLA, TRUTH, params=params, tokens=tokens, noise=0.002, seed=4
    )
    return pd.DataFrame(
        {
            "params": table["params"],
            "tokens": table["tokens"],
            "loss": table["loss"],
            "name": [f"quiet-lake-{k}" for k in range(24)],
        }
    )


def same(read: pd.DataFrame, runs: pd.DataFrame, rel: float = 1e-12) -> bool:
    columns = ["params", "tokens", "loss"]
    return bool(np.allclose(read[columns].to_numpy(), runs[columns].to_numpy(), rtol=rel))


def noted(read: pd.DataFrame) -> str:
    return " ".join(read.attrs["card"]["notes"])


def test_a_frame_and_one_that_hands_itself_over(runs: pd.DataFrame) -> None:
    assert same(read_runs(runs, law=None), runs)

    class Other:
        """A table of another library: it knows the protocol and nothing else."""

        def __dataframe__(self, *args: Any, **kwargs: Any) -> Any:
            return runs[["params", "tokens", "loss"]].__dataframe__(*args, **kwargs)

    assert same(read_runs(Other(), law=None), runs)
    with pytest.raises(BadRuns, match="a file, a folder, a pattern or a DataFrame"):
        read_runs(3, law=None)


@pytest.mark.parametrize("kind", ["csv.gz", "tsv", "jsonl", "json", "records", "columns"])
def test_formats_are_told_by_content(runs: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table"  # no ending says anything
    if kind == "csv.gz":
        path.write_bytes(gzip.compress(runs.to_csv(index=False).encode()))
    elif kind == "tsv":
        runs.to_csv(path, index=False, sep="\t")
    elif kind == "jsonl":
        runs.to_json(path, orient="records", lines=True, double_precision=15)
    elif kind == "json":
        path.write_text(json.dumps(json.loads(runs.to_json(orient="records", double_precision=15))))
    elif kind == "records":
        rows = runs[["params", "tokens", "loss"]].to_numpy().tolist()
        nested = [
            {"model": {"params": p}, "train": {"tokens": d}, "eval": {"loss": y}}
            for p, d, y in rows
        ]
        path.write_text(json.dumps(nested))
    else:
        path.write_text(json.dumps({c: runs[c].tolist() for c in runs}))
    assert same(read_runs(path, law=None), runs, rel=1e-9)


def test_a_runs_table_of_a_tracker(runs: pd.DataFrame, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "Name": runs["name"],
            "State": ["finished"] * 21 + ["crashed", "running", "failed"],
            "optimizer.lr": 3e-4,
            "model.params": runs["params"],
            "train/loss": runs["loss"] - 0.02,
            "train/tokens": runs["tokens"],
            "eval/loss": [*runs["loss"][:21], None, None, None],
        }
    )
    table.to_csv(tmp_path / "runs.csv", index=False)
    read = read_runs(tmp_path / "runs.csv", law=None)
    assert same(read, runs.iloc[:21])
    assert "took 'eval/loss' as loss" in noted(read)
    assert "3 rows left out that did not finish: 1 crashed, 1 running, 1 failed" in noted(read)
    asked = read_runs(tmp_path / "runs.csv", law=None, columns={"loss": "train/loss"},
                      where={"State": ["finished", "failed"]})  # fmt: skip
    assert len(asked) == 22
    assert asked["loss"][0] == pytest.approx(runs["loss"][0] - 0.02)


def test_a_table_of_another_tracker(runs: pd.DataFrame, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "run_id": range(24),
            "status": ["FINISHED"] * 23 + ["FAILED"],
            "metrics.eval_loss": runs["loss"],
            "metrics.train_tokens": runs["tokens"],
            "params.n_params": runs["params"],
            "params.lr": 1e-3,
        }
    )
    table.to_csv(tmp_path / "runs.csv")
    read = read_runs(tmp_path / "runs.csv", law=None)
    assert same(read, runs.iloc[:23])
    assert "1 row left out" in noted(read)


def test_units_in_a_header_and_in_a_cell(runs: pd.DataFrame, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "Params (M)": runs["params"] / 1e6,
            "Tokens (B)": runs["tokens"] / 1e9,
            "Val loss": runs["loss"],
        }
    )
    table.to_csv(tmp_path / "sheet.csv", index=False)
    assert same(read_runs(tmp_path / "sheet.csv", law=None), runs, rel=1e-9)
    words = pd.DataFrame(
        {
            "params": [f"{p / 1e6:g}M" for p in runs["params"]],
            "tokens": [f"{d / 1e9:.3f} B" for d in runs["tokens"]],
            "loss": runs["loss"],
        }
    )
    words.to_csv(tmp_path / "cells.csv", index=False)
    read = read_runs(tmp_path / "cells.csv", law=None)
    assert same(read, runs, rel=1e-2)
    assert "counts written as '20M' are read as numbers" in noted(read)


def test_trainer_states_of_many_runs(runs: pd.DataFrame, tmp_path: Path) -> None:
    for row in runs.itertuples():
        folder = tmp_path / "hf" / str(row.name) / "checkpoint-900"
        folder.mkdir(parents=True)
        state = {
            "global_step": 900,
            "num_input_tokens_seen": int(row.tokens),
            "total_flos": 6.0 * row.params * row.tokens,
            "log_history": [
                {"loss": 9.0, "step": 1},
                {"eval_loss": 5.0, "step": 500},
                {"loss": row.loss - 0.01, "step": 900},
                {"eval_loss": row.loss, "step": 900},
            ],
        }
        (folder / "trainer_state.json").write_text(json.dumps(state))
    begun = tmp_path / "hf" / "begun" / "checkpoint-0"
    begun.mkdir(parents=True)
    (begun / "trainer_state.json").write_text(json.dumps({"log_history": [], "global_step": 0}))
    for source in (tmp_path / "hf", str(tmp_path / "hf" / "*" / "*" / "trainer_state.json")):
        read = read_runs(source, law=None).sort_values("params", kind="stable")
        merged = read.merge(runs, left_on="run", right_on="name", suffixes=("", "_true"))
        assert len(merged) == 24
        np.testing.assert_allclose(merged["params"], merged["params_true"])
        np.testing.assert_allclose(merged["loss"], merged["loss_true"])
        assert "1 left out that logged no loss yet: begun" in noted(read)
        assert "params derived as flops / (6 tokens)" in noted(read)


def test_evaluation_results(tmp_path: Path) -> None:
    for k in range(3):
        folder = tmp_path / f"lake-{k}"
        folder.mkdir()
        results = {
            "results": {"arc": {"acc,none": 0.3 + 0.1 * k, "acc_stderr,none": 0.01}},
            "config": {"model_num_parameters": 10**8 * (k + 1)},
        }
        (folder / "results_2026.json").write_text(json.dumps(results))
    read = read_runs(tmp_path, law=None, needs=("params",))
    assert read["run"].tolist() == ["lake-0", "lake-1", "lake-2"]
    assert read["arc/acc"].tolist() == pytest.approx([0.3, 0.4, 0.5])
    assert "arc/acc_stderr" not in read


CHART = (
    '"Step","Name: a - eval/loss","Name: a - eval/loss__MIN","Name: a - eval/loss__MAX",'
    '"Name: b - eval/loss","Name: b - eval/loss__MIN","Name: b - eval/loss__MAX"\n'
    '"100","4.0","4.0","4.0","4.5","4.5","4.5"\n"200","3.5","3.5","3.5","NaN","NaN","NaN"\n'
)


def test_a_chart_is_curves_and_no_table_of_runs(tmp_path: Path) -> None:
    path = tmp_path / "chart.csv"
    path.write_text(CHART)
    read = read_runs(path, law=None, needs=("step", "loss"))
    assert read[["run", "step", "loss"]].to_numpy().tolist() == [
        ["a", 100.0, 4.0], ["a", 200.0, 3.5], ["b", 100.0, 4.5],
    ]  # fmt: skip
    with pytest.raises(BadRuns, match=r"these are curves over steps.*sl\.curves\.read_curves"):
        read_runs(path)


def test_scalar_logs_of_several_runs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        file = tmp_path / f"run-{name}-tag-eval_loss.csv"
        file.write_text("Wall time,Step,Value\n1.5,10,4\n2.5,20,3\n")
    read = read_runs(tmp_path, law=None, needs=("step", "loss"))
    assert read["run"].tolist() == ["a", "a", "b", "b"]
    assert read["loss"].tolist() == [4, 3, 4, 3]


def test_the_last_row_of_each_run_with_a_loss(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(
        "run,_step,train/tokens,eval/loss\na,1,1e9,4\na,3,3e9,\na,2,2e9,3.5\nb,1,1e9,4.2\n"
    )
    read = read_runs(path, law=None, needs=("tokens", "loss"), last_of="run")
    assert read[["run", "tokens", "loss"]].to_numpy().tolist() == [
        ["a", 2e9, 3.5], ["b", 1e9, 4.2],
    ]  # fmt: skip
    with pytest.raises(BadRuns, match="last_of='who'"):
        read_runs(path, law=None, needs=("tokens", "loss"), last_of="who")


def test_several_counts_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("params_wte,params_total,tokens,val_bpb\n1e7,1e8,2e9,0.9\n2e7,2e8,4e9,0.8\n")
    with pytest.raises(BadRuns) as caught:
        read_runs(path, law=None)
    assert "'params_wte', 'params_total' could be it: say which" in str(caught.value)
    assert "'val_bpb' is in bits per byte" in str(caught.value)
    told = read_runs(
        path, law=None, columns={"params": "params_total", "loss": "val_bpb"},
        loss_unit="bits/byte", bytes_per_token=4.5,
    )  # fmt: skip
    assert told["params"].tolist() == [1e8, 2e8]
    np.testing.assert_allclose(told["loss"], np.array([0.9, 0.8]) * np.log(2) * 4.5)


def test_columns_by_rule(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        "name,_step,batch,Loss,T\nladder-190M-5x,1000,524288,3.1,5\n"
        "ladder-1B-5x,2000,524288,2.9,7\n"
    )
    read = read_runs(
        path, law=None,
        columns={"params": {"size_in": "name"}, "tokens": {"product": ["_step", "batch"]}},
    )  # fmt: skip
    assert read["params"].tolist() == [1.9e8, 1e9]
    assert read["tokens"].tolist() == [524288000, 1048576000]
    with pytest.raises(BadRuns, match=r"'name' has sizes in its words"):
        read_runs(path, law=None, columns={"tokens": {"column": "T", "times": 1e9}})
    for wrong in ({"params": 3}, {"params": {"times": 2}}, {"params": {"product": []}}):
        with pytest.raises(BadRuns, match="expected a column's name"):
            read_runs(path, law=None, columns=wrong)
    with pytest.raises(BadRuns, match="did you mean 'batch'"):
        read_runs(path, law=None, columns={"tokens": "bach"})


@pytest.mark.parametrize(
    ("params", "tokens", "says"),
    [
        ("57.2", "2.9e10", r"every value is below 1000.*In millions\? .*units=\{'params': 1e6\}"),
        ("57.2", "29137", r"both in millions\? Then give units=\{'params': 1e6, 'tokens': 1e6\}"),
        ("20", "1.6e8", r"In millions\? Then multiply them by 1e6"),
        ("2e10", "1.6e8", r"tokens a parameter in every row.*units=\{'params': 1e-3\}"),
        ("1e15", "2e16", "beyond what any machine has trained"),
    ],
)
def test_units_by_plausibility(tmp_path: Path, params: str, tokens: str, says: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(f"params,tokens,loss\n{params},{tokens},3.1\n")
    with pytest.raises(BadRuns, match=says):
        read_runs(path, law=None)


def test_asked_units_are_applied_and_said(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("params,tokens,loss\n6.9,241545,3.1\n15.9,104821,2.9\n")
    read = read_runs(path, law=None, units={"params": "M", "tokens": 1e6}, loss_unit="bits")
    np.testing.assert_allclose(read["params"], [6.9e6, 1.59e7])
    np.testing.assert_allclose(read["loss"], np.array([3.1, 2.9]) * np.log(2))
    assert "params multiplied by 1e+06, as was asked" in noted(read)
    for wrong in ({"units": {"params": -1}}, {"loss_unit": "nits"}, {"bytes_per_token": 4.0}):
        with pytest.raises(BadRuns, match=r"units|loss_unit|bytes_per_token"):
            read_runs(path, law=None, **wrong)  # type: ignore[arg-type]


def test_rows_left_out_are_said_whatever_their_names(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = ["a,1,1e8,3.1,{x}", "a,2,2e8,3.0,{x}", "b,1,1e8,,{x}", "c,2,2e8,2.9,{y}"]
    path.write_text("\n".join(["run,step,tokens,loss,{cfg}", *rows]) + "\n")
    how: dict[str, Any] = {"law": None, "needs": ("tokens", "loss")}
    read = read_runs(path, last_of="run", **how)
    assert read["run"].tolist() == ["a", "c"]
    assert "1 had no row with a number in step and a loss: b" in noted(read)
    read = read_runs(path, where={"{cfg}": "{y}"}, **how)
    assert "whose {cfg} is another" in noted(read)
    path.write_text("run,step,tokens,loss\na,x,1e8,3.1\n")
    with pytest.raises(BadRuns, match="no row has a number in step and a loss"):
        read_runs(path, last_of="run", **how)


def test_a_unit_that_is_asked_for_goes_before_that_of_a_header(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("params (M),tokens,loss,unique\n69,2e9,3.1,1\n159,3e9,2.9,2\n")
    read = read_runs(path, law=None)
    assert "params times 1e+06, by the unit in its header" in noted(read)
    read = read_runs(path, law=None, units={"params": 2e6, "unique": "B"})
    np.testing.assert_allclose(read["params"], [1.38e8, 3.18e8])
    np.testing.assert_allclose(read["unique"], [1e9, 2e9])  # a column that no law needs
    assert "header" not in noted(read)
    with pytest.raises(BadRuns, match=r"units\['parms'\]: .* did you mean 'params'\?"):
        read_runs(path, law=None, units={"parms": "M"})


def test_too_few_params_derived_are_named_as_params(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("tokens,flops,loss\n2e9,1e3,3.1\n4e9,4e18,3.0\n")
    with pytest.raises(BadRuns, match=r"row 1\b.*flops / \(6 tokens\) gives 8.33\S+ params"):
        read_runs(path, law=None)


def test_seeds_are_runs_and_rates_are_said(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("params,tokens,loss,seed\n1e8,2e9,3.1,0\n1e8,2e9,3.1,1\n")
    assert len(read_runs(path, law=None)) == 2
    path.write_text("params,tokens,loss,lr\n1e8,2e9,3.1,1e-3\n1e8,2e9,3.2,2e-3\n")
    assert "2 rows are 1 settings of params and tokens, which differ in lr" in noted(
        read_runs(path, law=None)
    )


def test_flops_of_another_count_are_taken_and_said(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = [(1e7, 1e9, 6e16 * 3.6), (1e8, 2e9, 1.2e18 * 2.5), (5e8, 9e9, 2.7e19 * 2.1)]
    body = "".join(f"{n},{d},{c},{3 - k / 10}\n" for k, (n, d, c) in enumerate(rows))
    path.write_text("params,tokens,flops,loss\n" + body)
    read = read_runs(path, law=None)
    assert read["flops"].tolist() == [c for *_, c in rows]
    assert "times 6 params tokens" in noted(read)


def test_a_loss_that_no_text_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("params,tokens,loss\n1e8,2e9,3e-318\n2e8,2e9,3\n")
    with pytest.raises(BadRuns, match="smallest value is 3e-318"):
        read_runs(path, law=None)


absurd = st.one_of(
    st.floats(min_value=5e-324, max_value=1e308),
    st.sampled_from([1e8, 2e9, 3.1, 0.0, -1.0, float("nan"), float("inf"), 1e300]),
)


@settings(max_examples=200, deadline=None)  # the shared machine's pauses are no fault of the code
@given(rows=st.lists(st.tuples(absurd, absurd, absurd), min_size=1, max_size=15))
def test_any_numbers_are_read_or_refused_by_name_without_a_warning(
    rows: list[tuple[float, float, float]],
) -> None:
    frame = pd.DataFrame(rows, columns=["params", "tokens", "loss"])
    told = ""
    try:
        read = read_runs(frame, law=None)
        assert np.isfinite(read[["params", "tokens", "flops", "loss"]].to_numpy()).all()
        sl.fit(sl.laws.CHINCHILLA, read)
    except sl.ScalingLawError as refusal:
        told = str(refusal)
    # A warning would be an error here; a refusal says of what.
    assert not told or any(word in told for word in ("column", "row", "runs", "input"))


def test_the_best_of_a_cell_is_kept_where_it_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    sizes, tokens = (v.ravel() for v in np.meshgrid([1e8, 2e8, 4e8], [2e9, 8e9]))
    rates = np.array([1e-4, 3e-4, 1e-3])
    frame = pd.DataFrame(
        {"params": np.repeat(sizes, 3), "tokens": np.repeat(tokens, 3), "lr": np.tile(rates, 6)}
    )
    frame["loss"] = 3 + rng.random(18)
    assert "best_of_cell=True" in noted(read_runs(frame, law=None))
    kept = read_runs(frame, law=None, best_of_cell=True)
    lowest = frame.loc[frame.groupby(["params", "tokens"])["loss"].idxmin()].sort_index()
    assert kept["loss"].tolist() == lowest["loss"].tolist()
    assert kept["lr"].tolist() == lowest["lr"].tolist()
    assert "6 of 18 rows kept" in noted(kept)
    with pytest.raises(BadRuns, match="all three are needed"):
        read_runs(frame[["params", "loss"]], law=None, needs=("params", "loss"), best_of_cell=True)


def test_an_index_that_repeats_a_column_is_refused(runs: pd.DataFrame) -> None:
    with pytest.raises(BadRuns, match="'params' names a column and the index"):
        read_runs(runs.set_index("params", drop=False), law=None)


def test_paths_that_cannot_be(tmp_path: Path) -> None:
    for path in ("x" * 5000, str(tmp_path / ("y" * 300) / "z.csv")):
        with pytest.raises(BadRuns) as caught:
            read_runs(path, law=None)
        assert len(str(caught.value)) < 6000
    with pytest.raises(BadRuns, match="is a folder without"):
        read_runs(tmp_path, law=None)
    with pytest.raises(BadRuns, match="no file matches"):
        read_runs(str(tmp_path / "*.csv"), law=None)


def test_a_mapping_file_that_names_its_table_is_read_in_its_place(runs, tmp_path):
    (tmp_path / "data").mkdir()
    odd = runs.rename(columns={"params": "size", "tokens": "seen", "loss": "y"})
    odd.head(12).to_csv(tmp_path / "data/a.csv", index=False)
    odd.tail(12).to_csv(tmp_path / "data/b.csv", index=False)
    mapping = tmp_path / "runs.toml"
    columns = '[columns]\nparams = "size"\ntokens = "seen"\nloss = "y"\n'
    mapping.write_text('file = ["data/a.csv", "data/b.csv"]\n' + columns)
    assert same(sl.load(mapping), runs)
    mapping.write_text('file = "data/*.csv"\n' + columns)
    assert same(read_runs(str(mapping)), runs)
    with pytest.raises(BadRuns, match="is a mapping file, and"):
        read_runs(mapping, mapping=mapping)
    for first in ("", "file = 3\n", "file = []\n"):
        mapping.write_text(first + columns)
        with pytest.raises(BadRuns, match="does not say of which table"):
            read_runs(mapping)


@pytest.mark.parametrize("size", [1.7e308, 5e-324])
def test_sizes_that_no_double_divides_are_refused_by_name(runs, size):
    with pytest.raises(BadRuns, match=r"tokens a parameter|Check the units of params"):
        read_runs(runs.assign(params=size), law=None)


@pytest.mark.parametrize("written", [json.dumps, repr, lambda o: o])
def test_objects_in_cells_are_columns(runs, written, tmp_path):
    """As a tracker's interface gives a config and a summary, in a frame or in its CSV."""
    frame = pd.DataFrame(
        {
            "config": [
                written({"model": {"n_params": int(n)}, "lr": 3e-4}) for n in runs["params"]
            ],
            "summary": [
                written({"eval/loss": y, "tokens_seen": d})
                for y, d in zip(runs["loss"], runs["tokens"], strict=True)
            ],
            "name": runs["name"],
            "tags": "{}",
        }
    )
    read = read_runs(frame)
    assert same(read, runs)
    assert read["config.lr"].tolist() == [3e-4] * 24
    notes = read.attrs["card"]["notes"]
    assert "the objects in 'config', 'summary' are taken apart into columns" in notes
    frame.to_csv(tmp_path / "api.csv", index=False)
    assert same(read_runs(tmp_path / "api.csv"), runs)


def test_a_cell_that_is_no_object_leaves_a_column_whole(runs):
    words = ["{'n': 1}"] * 23 + ["{broken"]
    assert read_runs(runs.assign(config=words))["config"].tolist() == words
    lines = runs.assign(config=[{"lr": 1e-3}] * 12 + [None] * 12)
    assert read_runs(lines)["config.lr"].notna().sum() == 12


def test_an_answer_of_a_tracking_server_is_a_table(runs, tmp_path):
    def pairs(**named):
        return [{"key": k, "value": v} for k, v in named.items()]

    listed = [
        {
            "info": {"run_id": row.name, "status": "FINISHED" if k else "FAILED"},
            "data": {
                "params": pairs(n_params=str(int(row.params))),
                "metrics": pairs(val_loss=row.loss, tokens=row.tokens),
            },
        }
        for k, row in enumerate(runs.itertuples())
    ]
    path = tmp_path / "search.json"
    path.write_text(json.dumps({"runs": listed, "next_page_token": "abc"}))
    read = read_runs(path)
    assert same(read, runs.iloc[1:].reset_index(drop=True))  # one failed
    assert "1 failed" in " ".join(read.attrs["card"]["notes"])


def test_numbers_as_print_and_as_other_countries_have_them(runs):
    sizes = runs["params"].round()
    for write in (
        lambda n: f"{n / 1e7:.6f} \u00d7 10^7",
        lambda n: f"{n / 1e7:.6f}x10\u2077",
        lambda n: f"{int(n):,}".replace(",", "."),
        lambda n: f"{int(n):,}".replace(",", ".") + ",00",
    ):
        read = read_runs(runs.assign(params=[write(n) for n in sizes]), law=None)
        np.testing.assert_allclose(read["params"], sizes, rtol=1e-7)  # seven digits are written
    # One point alone means what it says, unless others of the column say thousands.
    mixed = runs.assign(params=["500.000", "20.000.000", *sizes.astype(int).astype(str)[2:]])
    assert read_runs(mixed, law=None)["params"][0] == 5e5


def test_what_cannot_be_read_is_named_for_what_it_is(runs):
    with pytest.raises(BadRuns, match=r"found '[\d.]+%' \(a percentage\)"):
        read_runs(runs.assign(loss=[f"{100 * y:.1f}%" for y in runs["loss"]]))
    logs = runs.rename(columns={"params": "log10_params"}).assign(log10_params=7.5)
    with pytest.raises(BadRuns, match="'log10_params' is a logarithm"):
        read_runs(logs)
    side = runs.set_index("name").T.rename_axis("what").reset_index()
    with pytest.raises(BadRuns, match=r"first column \(params, tokens, loss\).*on its side"):
        read_runs(side)
