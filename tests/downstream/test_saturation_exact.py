"""A saturation level's ends against its own refits, each refusal on both sides, and its words."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.downstream import ahead, frontier
from scalinglaws.downstream._saturation import FAINT, SPAN
from scalinglaws.laws import ABNAR, LOGIT_LINE
from scalinglaws.notebook import ask

TRUTH = {"k": 0.6, "alpha": 1.4, "e_IR": 0.2}
N = 30


def cloud(n=30, seed=0, noise=0.02, low=0.15, high=0.9, truth=TRUTH):
    """Models with skewed scatter, in groups of three."""
    rng = np.random.default_rng(seed)
    x = np.geomspace(low, high, n)[rng.permutation(n)]
    y = ABNAR(truth, upstream_error=x) * np.exp(noise * (rng.exponential(size=n) - 1))
    return pd.DataFrame(
        {"upstream_error": x, "downstream_error": y, "team": [f"t{k // 3}" for k in range(n)]}
    )


@pytest.mark.parametrize("level", [0.9, 0.5])
@pytest.mark.parametrize(("kind", "by"), [("case", None), ("group", "team")])
def test_the_ends_are_the_quantiles_of_the_refitted_level(level, kind, by):
    found = sl.downstream.saturation(cloud(), level=level, n=N, by=by, seed=3)
    drawn = found.fit.bootstrap(N, kind=kind, by=by, seed=3)["e_IR"]
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], method="weibull")
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.low < found.high
    assert found.value == found.fit.params["e_IR"]
    assert (found.level, found.models, found.fit.seed) == (level, 30, 3)
    assert (found.low in found, found.high in found) == (True, True)
    assert (found.low * (1 - 1e-9) in found, found.high * (1 + 1e-9) in found) == (False, False)


def test_what_stands_beside_the_level_is_read_off_the_models():
    points = cloud()
    found = sl.downstream.saturation(points, n=N, objective=sl.LSQ_LOG)
    assert found.best_upstream == points["upstream_error"].min()
    assert found.best_downstream == points["downstream_error"].min()
    ranks = points[["upstream_error", "downstream_error"]].rank()
    # Spearman's is Pearson's of the ranks; the sums round.
    assert found.rank == pytest.approx(ranks.corr().iloc[0, 1], rel=1e-12)
    assert found.fit.objective_kind == sl.LSQ_LOG
    beyond = ahead(points, objective=sl.LSQ_LOG)
    assert found.ahead == beyond["saturation"]
    assert found.ahead_line == beyond["line in logits"]
    assert sl.downstream.saturation(points, n=N).fit.objective_kind == sl.huber()


def test_a_level_repeats_itself_and_another_seed_draws_otherwise():
    one, two = (sl.downstream.saturation(cloud(), n=N) for _ in range(2))
    assert (one.low, one.high) == (two.low, two.high)
    other = sl.downstream.saturation(cloud(), n=N, seed=1)
    assert (other.low, other.high) != (one.low, one.high)


@pytest.mark.parametrize(("law", "doubtful"), [("saturation", False), ("line in logits", True)])
def test_a_level_is_doubtful_where_a_line_goes_on_better(law, doubtful):
    points = cloud(40, noise=0.0)
    if law == "line in logits":
        points["downstream_error"] = LOGIT_LINE(
            {"a": 0.4, "b": 0.7}, upstream_error=points["upstream_error"].to_numpy()
        )
    found = sl.downstream.saturation(points, n=N)
    assert found.doubtful is doubtful
    assert (found.ahead_line < found.ahead) is doubtful
    words = f"better ({found.ahead_line:.1%} against {found.ahead:.1%})"
    assert (words in repr(found)) is doubtful


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (cloud(7), "at least 8 models; there are 7"),
        (cloud(low=0.4, high=0.4 * (SPAN - 1e-9)), "from 0.4 to 0.6 only: .* a factor of 1.5"),
        (cloud().assign(downstream_error=0.4), r"does not grow .*correlation 0\.00"),
        (cloud().assign(downstream_error=lambda t: 1 - t["downstream_error"]), "does not grow"),
    ],
)
def test_a_level_is_refused_where_no_curve_could_level_off(points, message):
    with pytest.raises(sl.Unidentifiable, match=message):
        sl.downstream.saturation(points, n=N)


def test_just_inside_each_limit_there_is_an_answer():
    assert sl.downstream.saturation(cloud(8, noise=0.001), n=N).models == 8
    wide = cloud(40, noise=1e-4, low=0.4, high=0.4 * SPAN)
    assert sl.downstream.saturation(wide, n=N).models == 40


def test_a_rank_must_be_told_from_zero_at_the_level_asked_for():
    x = np.linspace(0.2, 0.9, 8)
    # Over eight models, ranks 1 2 5 8 3 4 7 6 have a Spearman's correlation of 0.62, p = 0.10.
    y = np.array([1, 2, 5, 8, 3, 4, 7, 6]) / 10
    points = pd.DataFrame({"upstream_error": x, "downstream_error": y})
    with pytest.raises(sl.Unidentifiable, match=r"does not grow .*correlation 0\.62"):
        sl.downstream.saturation(points, n=N, level=0.9)
    # At 50% each tail holds a quarter, more than 0.10: it goes on, to a level or to none.
    found = ask(sl.downstream.saturation, points, n=N, level=0.5)
    assert "does not grow" not in repr(found)


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (
            {"upstream_error": [60.0] + [0.5] * 29},
            {},
            sl.BadRuns,
            r"upstream_error goes to 60 and .*Divide perc",
        ),
        ({"downstream_error": [1.01] + [0.5] * 29}, {}, sl.BadRuns, "downstream_error to 1.01"),
        ({"downstream_error": 0.0}, {}, sl.BadRuns, "row 1, column downstream_error"),
        ({}, {"by": "lab"}, sl.BadRuns, "a saturation level by group needs a column lab"),
        ({}, {"n": 19}, sl.BadParameters, "20 or more"),
        ({}, {"level": 1}, sl.BadParameters, "level is a share"),
        ({}, {"upstream": "u"}, sl.BadRuns, "a saturation level needs the columns u"),
        ({"team": list("abcd") * 7 + ["a", "b"]}, {"by": "team"}, sl.Unidentifiable, "4 groups"),
    ],
)
def test_what_is_no_cloud_is_refused_by_name(change, options, error, message):
    with pytest.raises(error, match=message):
        sl.downstream.saturation(cloud().assign(**change), **{"n": N, **options})


def test_an_error_of_one_is_a_share():
    points = cloud()
    points.loc[points["upstream_error"].idxmax(), "downstream_error"] = 1.0
    assert sl.downstream.saturation(points, n=N).models == 30


def test_a_law_without_a_level_leaves_an_upper_end():
    with pytest.raises(sl.Unidentifiable, match="no level shows: the law fits as well") as caught:
        sl.downstream.saturation(cloud(truth={"k": 0.8, "alpha": 0.9, "e_IR": 0.0}), n=N)
    found = caught.value.partial
    assert found.low == 0
    assert found.high > FAINT * found.best_downstream
    assert f"; at most {found.high:.3g} is left under this law" in caught.value.reason
    assert f"at most {found.high:.3g} under this law (90% interval)" in repr(found)
    assert caught.value.insist == "the fit is in error.partial.fit"
    exact = cloud(noise=0.0, truth={"k": 0.8, "alpha": 0.9, "e_IR": 0.0})
    with pytest.raises(sl.Unidentifiable, match=r"without one(\n|$)") as caught:
        sl.downstream.saturation(exact, n=N)
    assert "the downstream error is zero under this law" in repr(caught.value.partial)


def test_a_level_in_words():
    found = sl.downstream.saturation(cloud(), n=N)
    start = (
        f"at an upstream error of zero the downstream error is {found.value:.3g} "
        f"({found.low:.3g} to {found.high:.3g}, 90% interval); the 30 models come down to "
        f"{found.best_downstream:.3g}, at upstream errors from 0.15"
    )
    assert repr(found) == start
    assert start in found._repr_html_()


def test_a_row_of_many_is_the_answer_of_one():
    none = cloud(truth={"k": 0.8, "alpha": 0.9, "e_IR": 0.0})
    parts = {"levels": cloud(), "falls": none, "few": cloud(7)}
    table = pd.concat([p.assign(task=t) for t, p in parts.items()], ignore_index=True)
    options = {"n": N, "seed": 2, "level": 0.8, "objective": sl.LSQ_LOG}
    told = sl.downstream.saturations(table, group="team", **options).set_index("task")
    assert list(told.index) == list(parts)
    found = sl.downstream.saturation(cloud(), by="team", **options)
    row = told.loc["levels"]
    for name in ("value", "low", "high", "rank", "ahead", "ahead_line", "best_upstream"):
        assert row[name] == getattr(found, name), name
    assert row["best_downstream"] == found.best_downstream
    assert row["doubtful"] == found.doubtful
    assert [row[k] for k in ("k", "alpha", "estimate")] == list(found.fit.params.values())
    assert told["models"].tolist() == [30, 30, 7]
    refused = told.loc["falls"]
    assert np.isnan(refused["value"])
    assert refused["doubtful"] is None or np.isnan(refused["doubtful"])
    assert refused["low"] == 0
    assert refused["estimate"] >= 0
    assert refused["refused"].startswith("no level shows")
    assert told.loc["few", ["low", "high", "k", "rank"]].isna().all()
    assert told.attrs == {"level": 0.8}
    with pytest.raises(sl.BadRuns, match="saturation levels needs a column lab"):
        sl.downstream.saturations(table, by="lab")


# Looking ahead


@pytest.mark.parametrize("share", [0.2, 0.4])
@pytest.mark.parametrize("signed", [False, True])
def test_looking_ahead_scores_the_best_by_a_law_fitted_to_the_rest(share, signed):
    points = cloud(noise=0.1, seed=4)
    cut = points["upstream_error"].quantile(share)
    seen, best = points[points["upstream_error"] > cut], points[points["upstream_error"] <= cut]
    told = ahead(points, share=share, signed=signed, objective=sl.LSQ_LOG)
    for name, law, held in (
        ("saturation", ABNAR, None),
        ("no level", ABNAR, {"e_IR": 0.0}),
        ("line in logits", LOGIT_LINE, None),
    ):
        found = sl.fit(law, seen, held=held, objective=sl.LSQ_LOG, check=False)
        said = law(found.params, upstream_error=best["upstream_error"].to_numpy())
        miss = np.log(said / best["downstream_error"])
        want = miss.mean() if signed else (miss**2).mean() ** 0.5
        # The same fit and the same sums.
        assert told[name] == pytest.approx(want, rel=1e-9)
    if signed:
        # A level of 0.2 that is held at zero predicts too little: measured is above.
        assert told["no level"] < 0


def test_a_model_on_the_cut_is_hidden_and_what_is_hidden_does_not_steer_the_fit():
    points = cloud(11, noise=0.05)
    # The 0.2 quantile of eleven is the third value itself: three are hidden, and 8 left.
    told = ahead(points, share=0.2)
    best = points["upstream_error"] <= points["upstream_error"].nsmallest(3).iloc[-1]
    moved = points.assign(
        downstream_error=points["downstream_error"].where(~best, 2 * points["downstream_error"])
    )
    other, plain = (ahead(p, share=0.2, signed=True) for p in (moved, points))
    for name in told:
        # Twice the error measured is log 2 less said over measured, by an unmoved fit.
        assert plain[name] - other[name] == pytest.approx(np.log(2), rel=1e-9)
    with pytest.raises(sl.Unidentifiable, match="best 20% of 9 models hidden, 7 are left"):
        ahead(points.head(9), share=0.2)
    with pytest.raises(sl.BadRuns, match="a look ahead needs"):
        ahead(points.drop(columns="upstream_error"))


def test_hulls_are_taken_on_either_side_of_the_cut():
    points = cloud(60, noise=0.3, seed=5)
    cut = points["upstream_error"].quantile(0.2)
    seen = frontier(points[points["upstream_error"] > cut])
    best = frontier(points[points["upstream_error"] <= cut])
    found = sl.fit(ABNAR, seen, objective=sl.LSQ_LOG, check=False)
    said = ABNAR(found.params, upstream_error=best["upstream_error"].to_numpy())
    miss = np.log(said / best["downstream_error"])
    told = ahead(points, hull=True)
    assert told["saturation"] == pytest.approx((miss**2).mean() ** 0.5, rel=1e-9)
