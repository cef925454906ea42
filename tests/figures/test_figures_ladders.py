"""From loss to task: chains, ladders of many tasks, one step, emergence, and their figures."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl

OVER = {"E": 1.8, "a": 212.0, "b": 367.0, "eta": 0.136}
ERROR = {"eps": 0.86, "k": 2.2, "gamma": 0.71}
LAW = {"A": 60.0, "alpha": 0.3, "B": 90.0, "beta": 0.28, "E": 0.4}
CURVE = {"low": 0.9, "high": 0.25, "mid": 0.9, "width": 0.12}


def models(noise=0.0):
    flops, ratio = np.meshgrid(np.geomspace(1e16, 1e20, 5), [20.0, 80.0, 320.0])
    x = {"flops": flops.ravel(), "tokens_per_param": ratio.ravel()}
    runs = sl.simulate.at(sl.laws.OVERTRAINED, OVER, noise=noise, seed=0, **x)
    return runs.assign(error=sl.laws.LOSS_TO_ERROR(ERROR, loss=runs["loss"].to_numpy()))


def rungs(tasks=("a", "b"), scatter=0.0):
    params, ratio = np.meshgrid([2e8, 4e8, 8e8, 1.5e9, 3e9], [10.0, 40.0, 200.0])
    x = {"params": params.ravel(), "tokens": (params * ratio).ravel()}
    loss = sl.laws.CHINCHILLA(LAW, **x)
    score = sl.laws.sigmoid("task_loss")(CURVE, task_loss=loss)
    noise = scatter * np.random.default_rng(0).normal(size=len(score))
    one = pd.DataFrame({**x, "task_loss": loss, "loss": 3 * loss, "score": score + noise})
    return pd.concat([one.assign(task=t, chance=0.25) for t in tasks], ignore_index=True)


# Chains


def test_a_chain_finds_a_clean_truth_and_measures_each_link():
    runs = models()
    at = runs.tail(2).assign(error=lambda t: t["error"] / 1.1, run=["p", "q"])
    told = sl.downstream.chained(runs, runs, at=at)
    # A noise-free truth is found to 1e-8 in the objective's root, read inside the range.
    assert told["predicted_loss"].to_numpy() == pytest.approx(at["loss"].to_numpy(), rel=1e-5)
    assert told["error_off"].to_numpy() == pytest.approx([0.1, 0.1], abs=1e-4)
    assert told["error_at_loss_off"].to_numpy() == pytest.approx([0.1, 0.1], abs=1e-4)
    assert told["run"].tolist() == ["p", "q"]
    assert told.attrs["fits"]["error"]["gamma"] == pytest.approx(0.71, rel=1e-3)


def test_the_chain_gives_the_four_published_errors():
    table = sl.load("gadre2024")
    tasks, scores = sl.load("gadre2024/tasks"), sl.load("gadre2024/scores")
    ten = scores[scores["task"].isin(tasks.loc[tasks["in_average"], "task"])]
    table["error"] = table["run"].map(1 - ten.groupby("run")["accuracy"].mean())
    red = table.set_index("run")
    five = [f"redpajama-{s}" for s in ("11M-20", "79M-20", "154M-20", "412M-20", "11M-320")]
    at = red.loc[["redpajama-1440M-640", "redpajama-6889M-20"]]
    told = sl.downstream.chained(red.loc[five], red.loc[[*five, "redpajama-1440M-20"]], at=at)
    # Four decimals of a per cent are printed; accuracies have six digits.
    assert 100 * told["loss_off"].abs().to_numpy() == pytest.approx([0.7103, 0.7320], abs=2e-4)
    assert 100 * told["error_off"].abs().to_numpy() == pytest.approx([3.6365, 0.0464], abs=2e-4)


def test_a_chain_names_what_is_missing():
    with pytest.raises(sl.BadRuns, match="lacks error"):
        sl.downstream.chained(models(), models(), at=models().drop(columns="error"))


# Rungs


def evaluations():
    runs = sl.load("bhagia2024")
    return runs[runs["run"].isin(["190M-1xC", "190M-2xC", "7B"])]


def test_rungs_are_means_of_the_last_and_trailing_means():
    table = evaluations()
    ends, points = sl.downstream.rungs(table, tasks=["mmlu", "piqa"], alone=("7B",))
    one = table[table["run"] == "190M-1xC"]
    end = ends.set_index(["task", "run"]).loc[("piqa", "190M-1xC")]
    assert end["score"] == pytest.approx(one["piqa_accuracy"].iloc[-5:].mean())
    assert end["tokens"] == one["tokens"].iloc[-1]
    last = table.loc[table["run"] == "7B", "mmlu_bpb"].iloc[-1]
    assert ends.set_index(["task", "run"]).loc[("mmlu", "7B"), "task_loss"] == last
    way = points[(points["run"] == "190M-1xC") & (points["task"] == "piqa")]
    assert len(way) == len(one) - int(np.ceil(0.1 * len(one)))
    assert way["loss"].iloc[-1] == pytest.approx(one["c4_loss"].iloc[-5:].mean())
    kept = one["piqa_bpb"].iloc[len(one) - len(way) :]
    assert way["task_loss"].iloc[1] == pytest.approx(kept.iloc[:2].mean())


def test_an_anchor_is_one_invented_point_a_task():
    points = sl.downstream.rungs(evaluations(), tasks=["mmlu", "piqa"])[1]
    more = sl.downstream.anchored(points)
    added = more[more["run"] == "invented"]
    assert len(more) == len(points) + 2
    assert added[["task_loss", "score"]].to_numpy().tolist() == [[0, 1], [0, 1]]


def test_rungs_name_a_missing_column():
    with pytest.raises(sl.BadRuns, match="lacks no_bpb"):
        sl.downstream.rungs(evaluations(), tasks=["no"])


# Ladders of many tasks, and one step


def test_ladders_answer_each_task_and_refuse_by_row():
    runs = rungs()
    few = pd.concat([runs[runs["task"] == "a"], runs[runs["task"] == "b"].head(5)])
    at = rungs().groupby("task").tail(1).assign(score=lambda t: t["score"] * 1.25, run="big")
    told = sl.downstream.ladders(few, at=at, n=30, objective=sl.LSQ_LOG).set_index("task")
    # Noise-free: both fits find the truth, and what was measured is a quarter higher.
    assert told.loc["a", "off"] == pytest.approx(1 / 1.25 - 1, abs=1e-5)
    assert told.loc["a", "refused"] == ""
    assert not told.loc["a", "held"]
    assert "at least 8 runs; there are 5" in told.loc["b", "refused"]
    assert np.isnan(told.loc["b", "score"])


def test_a_ladder_may_go_through_another_loss():
    runs = rungs(tasks=("a",))
    at = runs.tail(1)
    own = sl.downstream.ladders(runs, at=at, n=20, objective=sl.LSQ_LOG)
    other = sl.downstream.ladders(runs, at=at, n=20, feature="loss", objective=sl.LSQ_LOG)
    # Three times the same loss: the same curve.
    assert other["score"].iloc[0] == pytest.approx(own["score"].iloc[0], abs=1e-4)


def test_one_step_finds_a_clean_truth_with_and_without_chance():
    runs = rungs(tasks=("a",)).assign(flops=lambda t: 6 * t["params"] * t["tokens"])
    grow = np.exp(-40 * runs["params"] ** -0.2 - 30 * runs["tokens"] ** -0.2)
    runs["score"] = grow
    held, at = runs.iloc[:-1], runs.tail(1)
    told = sl.downstream.one_step(held, at=at, objective=sl.LSQ_LOG, n=30)
    assert told["score"].iloc[0] == pytest.approx(grow.iloc[-1], rel=1e-5)
    law = sl.laws.power_law("flops", floor=False)
    runs["score"] = 0.25 + 0.75 * np.exp(-3e6 * runs["flops"] ** -0.32)
    held, at = runs.iloc[:-1], runs.tail(1)
    options = {"law": law, "objective": sl.LSQ_LOG, "n": 30}
    told = sl.downstream.one_step(held, at=at, chance=True, **options)
    assert told["score"].iloc[0] == pytest.approx(at["score"].iloc[0], rel=1e-5)
    assert told["held"].iloc[0] in (True, False)


def test_one_step_leaves_out_runs_at_chance_and_refuses_when_none_is_left():
    runs = rungs(tasks=("a",)).assign(score=0.27)
    told = sl.downstream.one_step(runs, at=runs.tail(1), chance=True, n=20)
    assert told["refused"].tolist() == ["no run is 5 points above chance on a"]


def test_targets_of_other_tasks_are_refused():
    with pytest.raises(sl.BadRuns, match="no task of the targets"):
        sl.downstream.ladders(rungs(("a",)), at=rungs(("b",)), n=20)


# Emergence


def test_the_emergence_score_is_the_formula():
    y = [0.0, 0.1, 0.1, 0.5, 0.4]
    # Steps 0.1, 0, 0.4, -0.1: the median of their squares is 0.01.
    assert sl.downstream.emergence([1, 2, 3, 4, 5], y) == pytest.approx(0.5 / 0.1)
    assert sl.downstream.emergence([5, 4, 3, 2, 1], y) == pytest.approx(-0.5 / 0.1)
    assert sl.downstream.emergence(range(11), range(11)) == pytest.approx(10)


def test_models_of_one_scale_count_once():
    double = sl.downstream.emergence([1, 1, 2, 3, 4, 5], [0.1, 0.3, 0.3, 0.4, 0.5, 0.6])
    single = sl.downstream.emergence([1, 2, 3, 4, 5], [0.2, 0.3, 0.4, 0.5, 0.6])
    assert double == pytest.approx(single)


def test_the_emergence_score_is_refused_where_there_is_no_typical_step():
    with pytest.raises(sl.Unidentifiable, match="no step is typical"):
        sl.downstream.emergence([1, 2, 3, 4, 5], [0, 0, 0, 0, 1])
    with pytest.raises(sl.Unidentifiable, match="at least 5 scales; there are 3"):
        sl.downstream.emergence([1, 2, 3], [0, 1, 2])
    with pytest.raises(sl.BadRuns, match="as many scales as scores"):
        sl.downstream.emergence([1, 2], [0, np.nan])


# Tables of scores


def written(tmp_path, table):
    table.to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


def own():
    table = rungs().assign(model=lambda t: t["params"].astype(str) + t["tokens"].astype(str))
    return table[["model", "task", "params", "tokens", "loss", "score", "chance"]]


def test_bundled_tables_of_scores():
    gadre = sl.downstream.scored("gadre2024")
    assert len(gadre) == 104 * 46
    assert gadre.attrs["name"] == "gadre2024/runs"
    ladder = sl.downstream.scored("bhagia2024")
    assert ladder.groupby("task")["model"].nunique().tolist() == [30] * 8
    assert {"task_loss", "chance"} <= set(ladder)


def test_a_table_of_ones_own_is_read_as_it_is(tmp_path):
    told = sl.downstream.scored(written(tmp_path, own().drop(columns="chance")))
    assert (told["chance"] == 0).all()
    assert "there is no column chance: 0 is taken" in sl.card(told).notes
    assert told["score"].to_numpy() == pytest.approx(own()["score"].to_numpy())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="task"), "column 'task' is missing"),
        (lambda t: t.drop(columns="score"), "the table lacks score"),
        (lambda t: t.assign(score=[1.5, *t["score"][1:]]), "row 1, column score: found 1.5"),
        (lambda t: t.assign(score=["?", *t["score"][1:]]), "row 1, column score"),
        (lambda t: t.assign(tokens=[-1.0, *t["tokens"][1:]]), "column tokens: found '-1.0'"),
        (lambda t: pd.concat([t, t.head(1)]), "expected each run once"),
        (lambda t: pd.concat([t, t.head(1).assign(loss=2.0)]), "is there twice on task a"),
        (lambda t: t.head(0), "there is a header but no run"),
    ],
)
def test_a_bad_table_of_scores_is_refused_by_name(tmp_path, change, message):
    with pytest.raises(sl.BadRuns, match=message):
        sl.downstream.scored(written(tmp_path, change(own())))


def test_no_table_of_scores(tmp_path):
    with pytest.raises(sl.UnknownName, match="give gadre2024, bhagia2024, or the path"):
        sl.downstream.scored("nothing")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(sl.BadRuns, match="is empty; expected a header line"):
        sl.downstream.scored(tmp_path / "empty.csv")


def test_the_largest_sizes_are_held():
    small, large = sl.downstream.hold_largest(own(), 0.4)
    assert sorted(large["params"].unique()) == [1.5e9, 3e9]
    assert len(small) + len(large) == len(own())
    assert small["params"].max() == 8e8
    with pytest.raises(sl.Unidentifiable, match="there are 1 sizes"):
        sl.downstream.hold_largest(own().query("params == 3e9"), 0.2)
    with pytest.raises(sl.BadParameters, match="share"):
        sl.downstream.hold_largest(own(), 2.0)


# Figures


def labels(picture):
    return [t.get_text() for t in picture.figure.legends[0].get_texts()]


def test_a_chain_is_drawn_measured_and_predicted():
    runs = models()
    told = sl.downstream.chained(runs, runs, at=runs.tail(2)).assign(name=["p", "q"])
    ax = sl.figures.chained(told, runs, runs).figure.axes[0]
    by = {line.get_label(): line for line in ax.lines}
    assert by["p, measured"].get_xdata()[0] == told["loss"].iloc[0]
    assert by["extrapolated"].get_linestyle() == "--"
    hollow = [line for line in ax.lines if line.get_label() == "predicted"]
    assert [line.get_ydata()[0] for line in hollow] == told["predicted_error"].tolist()


def test_ladders_are_drawn_without_refusals():
    told = pd.DataFrame(
        {
            "task": ["a", "b", "c"],
            "run": "7B",
            "score": [0.5, 0.6, np.nan],
            "score_low": [0.4, 0.5, np.nan],
            "score_high": [0.6, 0.7, np.nan],
            "measured": [0.45, 0.8, 0.5],
            "refused": ["", "", "too few"],
        }
    )
    picture = sl.figures.ladders(told, titles={"a": "Task A"})
    ax = picture.figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Task A", "b"]
    assert labels(picture) == ["7B, predicted", "measured"]
    assert ax.lines[1].get_xdata().tolist() == [0.45, 0.8]


def test_ways_end_with_their_mean():
    picture = sl.figures.ways(pd.DataFrame({"x": [0.1, 0.3], "y": [0.2, 0.2]}, index=["a", "b"]))
    ax = picture.figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "mean"]
    assert ax.lines[0].get_xdata().tolist() == pytest.approx([0.1, 0.3, 0.2])


def test_trends_are_drawn_one_a_panel_with_chance():
    table = pd.DataFrame(
        {"task": ["a"] * 3 + ["b_c"] * 3, "loss": [3, 2, 1] * 2, "score": 0.5, "chance": 0.25}
    )
    told = pd.DataFrame({"task": ["a", "b_c"], "kind": ["monotone", "no trend"]})
    axes = sl.figures.trends(table, told).figure.axes
    assert [ax.get_title() for ax in axes] == ["monotone\na", "no trend\nb c"]
    assert axes[0].xaxis_inverted()
    assert axes[1].lines[1].get_ydata()[0] == 0.25
    assert [[t.get_text() for t in ax.texts] for ax in axes] == [["chance"], ["chance"]]
    long = {"task": "bigbench_elementary_math_qa", "kind": "inverse"}
    wide = sl.figures.trends(table.assign(task=long["task"]), pd.DataFrame([long])).figure.axes[0]
    assert wide.get_title() == "inverse\nbigbench elementary\nmath qa"


def test_metrics_share_a_scale_and_leave_out_what_is_missing():
    table = pd.DataFrame({"flops": [1e20, 1e21, 1e22], "x": [0, np.nan, 1], "y": [1.0, 2.0, 3.0]})
    axes = sl.figures.metrics(table, {"x": "one", "y": "other"}).figure.axes
    assert [ax.get_ylabel() for ax in axes] == ["one", "other"]
    assert [len(ax.lines[0].get_xdata()) for ax in axes] == [2, 3]
    assert axes[0].get_xscale() == "log"
    assert sl.figures.metrics(table, {"x": "a", "y": "b"}).says == "the same models under 2 metrics"
    assert sl.figures.metrics(table, {"x": "a", "y": "b"}, message="rises").says == "rises"


def test_powers_are_stamped_as_simulated():
    picture = sl.figures.powers([1e8, 1e9], {"one": [0.1, 0.2]})
    assert picture.stamp == "SIMULATED"
    assert "simulated" in repr(picture)
