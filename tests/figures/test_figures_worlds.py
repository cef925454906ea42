"""Figures from beyond language: what is drawn where, in which order, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl


def drawn(ax):
    return [(str(v.get_label()), list(v.get_xdata()), list(v.get_ydata())) for v in ax.lines]


@pytest.fixture(scope="module")
def board():
    truth = {"by_board": 430.0, "by_decade": 510.0, "start": 4400.0}
    truth |= {"plateau_by_board": 270.0, "plateau": -570.0}
    sizes, flops = (
        v.ravel() for v in np.meshgrid([3.0, 5.0, 7.0, 9.0], np.geomspace(1e9, 1e15, 25))
    )
    runs = sl.simulate.at(sl.laws.BOARD_GAME, truth, board=sizes, flops=flops, seed=0)
    return sl.fit(sl.laws.BOARD_GAME, runs, objective=sl.LSQ)


def test_an_edge_is_ringed_over_its_cloud_and_goes_on_dashed():
    law = sl.laws.power_law("flops")
    flops = np.geomspace(1e18, 1e22, 20)
    edge = sl.simulate.at(law, {"E": 0.1, "k": 50.0, "c": 0.12}, flops=flops, noise=0.01, seed=1)
    edge["params"] = np.repeat([1e6, 1e7, 1e8, 1e9], 5)
    cloud = pd.concat([edge, edge.assign(loss=edge["loss"] * 1.5)], ignore_index=True)
    picture = sl.figures.edge(
        cloud, sl.fit(law, edge), by="params", words="size", until=1e24, ylabel="error"
    )
    ax = picture.figure.axes[0]
    lines = drawn(ax)
    assert [name for name, *_ in lines[:5]] == [
        "size 1M",
        "size 10M",
        "size 100M",
        "size 1B",
        "edge",
    ]
    assert sum(len(x) for _, x, _ in lines[:4]) == len(cloud)
    assert lines[4][1] == pytest.approx(flops)
    solid, dashed = ax.lines[5:7]
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert solid.get_xdata()[[0, -1]] == pytest.approx([1e18, 1e22])
    assert dashed.get_xdata()[[0, -1]] == pytest.approx([1e22, 1e24])
    assert len(ax.collections) == 2
    assert (ax.get_ylabel(), picture.stamp) == ("error", "SIMULATED")


def test_slices_are_one_line_a_value_through_its_own_runs(board):
    picture = sl.figures.slices(board, x="flops", by="board", words="a side", until=1e17, log=False)
    ax = picture.figure.axes[0]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [25] * 4
    solid = [line for line in ax.lines if line.get_linestyle() == "-" and line not in dots]
    for size, line in zip([3.0, 5.0, 7.0, 9.0], solid, strict=True):
        x, y = line.get_data()
        expected = board.law(board.params, board=np.full(len(x), size), flops=x)
        np.testing.assert_allclose(y, expected, atol=1.0)  # an Elo: rounded corners
    assert {t.get_text() for t in ax.texts} == {f"{n} a side" for n in (3, 5, 7, 9)}
    assert ax.get_yscale() == "linear"


def test_a_join_says_how_many_times_the_one_line_needs_of_the_other(board):
    picture = sl.figures.slices(board, x="flops", by="board", log=False, across=1000)
    ax = picture.figure.axes[0]
    (join,) = [line for line in ax.lines if line.get_marker() == "|"]
    flops, gap = join.get_data()
    assert list(gap) == [1000, 1000]
    for size, x in zip([7.0, 9.0], flops, strict=True):
        assert board.law(board.params, board=np.array([size]), flops=np.array([x]))[
            0
        ] == pytest.approx(1000, abs=1.0)
    p = board.params
    factor = 10 ** (2 * p["by_board"] / p["by_decade"])
    assert flops[1] / flops[0] == pytest.approx(factor, rel=0.01)
    assert f"{factor:.1f} times" in {t.get_text() for t in ax.texts}
    with pytest.raises(sl.Unidentifiable, match="board 7 does not reach 3000"):
        sl.figures.slices(board, x="flops", by="board", log=False, across=3000)


def test_a_spread_has_a_line_a_task_and_a_lane_a_variable():
    rows = [("b", "N", 0.1, np.nan, False), ("b", "D", 0.3, 0.5, False)]
    rows += [("a", "D", 2.0, np.nan, True), ("a", "N", -1.0, np.nan, True)]
    table = pd.DataFrame(rows, columns=["task", "variable", "exponent", "ours", "rises"])
    look = {"of": "exponent", "rows": "task", "columns": "variable", "order": ["N", "D"]}
    look |= {"ours": "ours", "hollow": "rises", "xlabel": "exponent"}
    picture = sl.figures.spread(table, hollow_words="of a score", **look)
    ax = picture.figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "a"]
    dots = {name: (x, y) for name, x, y in drawn(ax)}
    assert dots["N"][0] == [0.1]
    assert dots["D"][0] == [0.3]
    assert dots["fitted here"] == ([0.5], dots["D"][1])
    assert dots["N"][1][0] > 0 > dots["D"][1][0]
    hollow = [v for v in ax.lines if v.get_markerfacecolor() == "none" and len(v.get_xdata())]
    assert [list(v.get_xdata()) for v in hollow] == [[2.0], [0.5]]
    assert ax.get_xscale() == "log"
    assert "medians from 0.2 to 2" in repr(picture)
    names = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert names == ["N", "D", "of a score", "fitted here"]
    with pytest.raises(sl.Unidentifiable, match="no exponent above zero"):
        sl.figures.spread(table[table["exponent"] < 0], **look)


def test_exponents_are_filled_where_fitted_and_hollow_where_published():
    rows = [("a", 0.5, 0.4, 0.6, False), ("b", 0.7, np.nan, np.nan, True)]
    table = pd.DataFrame(rows, columns=["what", "value", "low", "high", "published"])
    picture = sl.figures.exponents(table, xlabel="exponent", marks={"half": 0.5})
    ax = picture.figure.axes[0]
    assert drawn(ax)[:2] == [("fitted here", [0.5], [0]), ("published", [0.7], [1])]
    assert ax.lines[1].get_markerfacecolor() == "none"
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_ylim() == (1.5, -0.5)
    assert "exponent: 0.5 to 0.7 in 2 worlds" in repr(picture)
    alone = sl.figures.exponents(table.iloc[:1], xlabel="exponent")
    assert [name for name, *_ in drawn(alone.figure.axes[0])] == ["fitted here"]


def test_strips_stand_in_the_order_of_their_middle():
    rows = [("t", "m", 0.9), ("t", "n", 0.7), ("u", "m", 0.1), ("u", "n", 0.3)]
    table = pd.DataFrame(rows, columns=["task", "model", "slope"])
    picture = sl.figures.strips(table, of="slope", rows="task", columns="model", xlabel="slope")
    ax = picture.figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["u", "t"]
    assert drawn(ax)[:2] == [("m", [0.9, 0.1], [1, 0]), ("n", [0.7, 0.3], [1, 0])]
    assert drawn(ax)[2][1:] == ([0.2, 0.8], [0, 1])
    assert len(picture.figure.legends) == 1
    many = pd.DataFrame({"task": "t", "model": range(9), "slope": range(9)})
    crowded = sl.figures.strips(many, of="slope", rows="task", columns="model", xlabel="slope")
    assert crowded.figure.legends == []
    with pytest.raises(sl.Unidentifiable, match="no slope to draw: no task and model have one"):
        sl.figures.strips(table[:0], of="slope", rows="task", columns="model", xlabel="slope")


def test_years_have_a_trend_with_its_band_and_hollow_points():
    table = pd.DataFrame({"year": [2019.5, 2021.0], "cost": [1e4, 1e6], "open": [True, False]})
    at = np.array([2019.0, 2022.0])
    trend = (at, np.array([1e4, 1e7]), np.array([1e3, 1e6]), np.array([1e5, 1e8]))
    picture = sl.figures.years(table, of="cost", ylabel="dollars", trend=trend, by="open")
    ax = picture.figure.axes[0]
    assert [v[1:] for v in drawn(ax)] == [
        ([2019.5], [1e4]),
        ([2021.0], [1e6]),
        ([2019.0, 2022.0], [1e4, 1e7]),
    ]
    assert ax.lines[1].get_markerfacecolor() == "none"
    assert (ax.get_yscale(), ax.get_ylabel(), len(ax.collections)) == ("log", "dollars", 1)
    plain = sl.figures.years(table, of="cost", ylabel="dollars").figure.axes[0]
    assert drawn(plain)[0][1:] == ([2019.5, 2021.0], [1e4, 1e6])


def test_passes_are_joined_within_a_setting_and_none_is_lost():
    found = sl.compute.passes(sl.load("muennighoff2023"))
    picture = sl.figures.passes(found)
    (ax,) = picture.figure.axes
    drawn = [line for line in ax.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in drawn) == len(found)
    hollow = [line for line in drawn if line.get_markerfacecolor() == "none"]
    assert sum(len(line.get_xdata()) for line in hollow) == (found["extra"] < 1e-3).sum() > 0
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(names) == len(set(names)) == 4
    assert "up to five times costs 0.4%" in picture.says


def test_lifetimes_start_at_the_compute_optimal_model_and_mark_the_cheapest():
    fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    demands = [0.0, 2e12]
    life = sl.compute.lifetime(fit, demands, as_good_as=13e9, n=20)
    sizes = 13e9 * np.geomspace(0.2, 1, 30)
    tokens = sl.compute.tokens_for(fit.law, fit.params, params=sizes, loss=life.attrs["loss"])
    costs = {s: 6 * sizes * tokens + 2 * sizes * s for s in demands}
    picture = sl.figures.lifetimes(life, sizes, costs)
    (ax,) = picture.figure.axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [d.get_xdata()[0] for d in dots] == life["params"].tolist()
    assert [d.get_ydata()[0] for d in dots] == (1 - life["saved"]).tolist()
    curves = [line for line in ax.lines if len(line.get_xdata()) == 30]
    assert all(c.get_ydata()[-1] == 1 for c in curves)
    assert {"training alone", "2T served"} <= {t.get_text() for t in ax.texts}
    assert "For 2T tokens served a model of 6.08B parameters saves 29%" in picture.says


def test_experts_lead_an_arrow_to_the_dense_model_of_one_loss():
    runs = sl.load("clark2022")
    dense = runs.query("router == 'dense' and wider == 1")
    some = runs.query("in_fit and experts > 1 and router == 's-base'")
    fit = sl.fit(sl.laws.ROUTED, some, objective=sl.LSQ_LOG)
    size = float(some["params"].unique()[1])
    picture = sl.figures.experts(some, fit, dense=dense, mark=(size, 64))
    (ax,) = picture.figure.axes
    dots = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert sum(len(line.get_xdata()) for line in dots) == len(some)
    squares = [line for line in ax.lines if line.get_marker() == "s"]
    assert len(squares[0].get_xdata()) == 6
    # The table of what experts are worth, without a law, has 5.2 there.
    assert "5.2 times" in {t.get_text() for t in ax.texts}
    assert "53 mixtures of up to 512 experts against 8 dense runs" in picture.says
    assert "5.2 times" not in {
        t.get_text() for t in sl.figures.experts(some, fit, dense=dense).figure.axes[0].texts
    }


def test_translated_leads_from_the_sweep_to_runs_that_were_not_fitted():
    truth = {"K": 0.9, "kappa": 1.05, "E": 1.5}
    law, x = sl.laws.loss_to_loss(floor=2.0), np.linspace(2.6, 4.0, 20)
    fit = sl.fit(law, sl.simulate.at(law, truth, other_loss=x, noise=0.001), check=False)
    picture = sl.figures.translated({"code": fit}, far={"code": (2.3, 1.77)}, xlabel="loss of web")
    (ax,) = picture.figure.axes
    dashed = [line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    assert (dashed[0].get_xdata().min(), dashed[0].get_xdata().max()) == (2.3, 2.6)
    diamonds = [line for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert (diamonds[0].get_xdata()[0], diamonds[0].get_ydata()[0]) == (2.3, 1.77)
    assert "code" in {t.get_text() for t in ax.texts}
    assert "Losses on 1 texts follow the loss of web" in picture.says


def test_regrets_draw_every_value_and_the_median_of_each_octave():
    runs = sl.load("steplaw").query("not diverged")
    told = sl.compute.regrets(runs.rename(columns={"params_non_embedding": "params"}))
    picture = sl.figures.regrets(told)
    (ax,) = picture.figure.axes
    assert sum(len(line.get_xdata()) for line in ax.lines if line.get_alpha() == 0.45) == len(told)
    lines = [line for line in ax.lines if str(line.get_label()).endswith(", median")]
    assert [str(line.get_label()) for line in lines] == ["learning rate, median", "batch, median"]
    at = dict(zip(lines[0].get_xdata(), lines[0].get_ydata(), strict=True))
    assert at[4.0] == pytest.approx(0.0277, abs=2e-4)
    assert "A setting off by two costs" in picture.says


def test_lines_that_end_together_are_named_where_they_begin():
    games = sl.load("jones2021").assign(gap=lambda t: -t["elo"])
    law = sl.fit(sl.laws.BOARD_GAME, games, objective=sl.LSQ)
    (ax,) = sl.figures.slices(law, x="flops", by="board", words="a side", log=False).figure.axes
    for name in ax.texts:
        board = float(name.get_text().split()[0])
        start = games[games["board"] == board]["flops"].min()
        assert name.xy[0] == start
        at = law.law(law.params, board=np.array([board]), flops=np.array([start]))[0]
        assert name.xy[1] == pytest.approx(at)
    apart = sl.fit(sl.laws.KAPLAN_ND, sl.load("hoffmann2022"), check=False)
    (ax,) = sl.figures.slices(apart, x="tokens", by="params").figure.axes
    assert all(name.xy[0] == 1.0 for name in ax.texts)
