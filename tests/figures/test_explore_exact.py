"""What is sent to the explorer's page, and one way in for a chapter's runs."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.data.cards import Card
from scalinglaws.data.catalogue import catalogue_page
from scalinglaws.errors import BadCard
from scalinglaws.figures.interactive._explore import DRAWS

START = 5.76e23


@pytest.fixture(scope="module")
def fitted():
    runs = sl.load("hoffmann2022").iloc[::4].reset_index(drop=True)
    return sl.fit(sl.laws.CHINCHILLA, runs, weights=np.r_[0.0, np.ones(len(runs) - 1)])


@pytest.fixture(scope="module")
def sent(fitted):
    return sl.figures.interactive.explore(fitted, level=0.8).payload


def test_the_page_gets_the_fit_its_draws_and_its_budgets(fitted, sent):
    assert {k: sent["best"][k] for k in fitted.params} == dict(fitted.params)
    assert sent["best"]["objective"] == fitted.objective
    draws = fitted.bootstrap().head(DRAWS)[["A", "B", "E", "alpha", "beta"]]
    assert (DRAWS, len(sent["draws"])) == (1000, 1000)
    assert sent["draws"] == draws.to_numpy().tolist()
    flops = 6 * (fitted.runs["params"] * fitted.runs["tokens"]).iloc[1:]
    assert sent["observed_flops"] == pytest.approx([flops.min(), flops.max()])
    assert sent["runs"]["flops"] == pytest.approx(flops.to_list())
    assert sent["runs"]["params"] == fitted.runs["params"].iloc[1:].to_list()
    assert sent["flops"]["min"] == pytest.approx(flops.min())
    assert sent["flops"]["max"] == pytest.approx(1e5 * flops.max())
    assert sent["flops"]["start"] == START
    assert (sent["level"], sent["simulated"]) == (0.8, False)
    assert sent["n_runs"] == len(fitted.runs) - 1
    assert sent["objective_name"] == str(fitted.objective_kind)
    assert sent["loss_unit"] == "nats per token"


def test_the_grid_has_the_fit_in_its_middle_and_refits_at_its_nodes(fitted, sent):
    for name in ("alpha", "beta"):
        grid, best = np.array(sent[name]), fitted.params[name]
        assert len(grid) == 21
        assert grid[10] == best
        # Equal steps either way, as far as 1.3 times what resamples reach.
        drawn = fitted.bootstrap()[name]
        low, high = np.quantile(drawn, [0.001, 0.999])
        reach = min(1.3 * max(high - best, best - low), 0.8 * best)
        assert grid == pytest.approx(best + reach * np.linspace(-1, 1, 21))
    i, j = 4, 15
    held = {"alpha": [sent["alpha"][i]], "beta": [sent["beta"][j]]}
    row = fitted.profile(held).iloc[0]
    # The same minimum from other starts: the solver's tolerance.
    assert sent["log_A"][i][j] == pytest.approx(np.log(row["A"]), rel=1e-5)
    assert sent["log_B"][i][j] == pytest.approx(np.log(row["B"]), rel=1e-5)
    assert sent["E"][i][j] == pytest.approx(row["E"], rel=1e-5)
    assert sent["objective"][i][j] == pytest.approx(row["objective"], rel=1e-6)


def test_a_start_beyond_the_slider_moves_its_end(fitted):
    far = sl.figures.interactive.explore(fitted, start=1e40).payload
    assert far["flops"]["max"] == far["flops"]["start"] == 1e40
    near = sl.figures.interactive.explore(fitted, start=1e10).payload
    assert near["flops"]["min"] == 1e10
    assert near["level"] == 0.9


def test_another_law_is_refused():
    x = np.geomspace(1e8, 1e12, 9)
    runs = pd.DataFrame({"tokens": x, "loss": 2 + 400 * x**-0.3})
    fit = sl.fit(sl.laws.power_law("tokens"), runs)
    with pytest.raises(sl.Unidentifiable, match=r"draws Chinchilla's law; .* has no A, B, alpha"):
        sl.figures.interactive.explore(fit)


# One way in


def test_runs_are_opened_by_name_or_by_path(tmp_path):
    assert sl.load("hoffmann2022").attrs["name"] == "hoffmann2022"
    table = sl.load("hoffmann2022")[["params", "tokens", "loss"]].assign(team="a")
    table.to_csv(tmp_path / "mine.csv", index=False)
    for path in (tmp_path / "mine.csv", str(tmp_path / "mine.csv")):
        assert len(sl.load(path, labels=["team"])) == len(table)
    table.to_csv(tmp_path / "MINE.CSV", index=False)
    assert sl.load(tmp_path / "MINE.CSV").attrs["name"] == "MINE.CSV"
    with pytest.raises(sl.BadRuns, match="column 'lab' is missing"):
        sl.load(tmp_path / "mine.csv", labels=["lab"])
    with pytest.raises(sl.BadRuns, match="column 'steps' is missing"):
        sl.load(tmp_path / "mine.csv", needs=["steps"])
    few = table.head(3)
    few.to_csv(tmp_path / "few.csv", index=False)
    assert len(sl.load(tmp_path / "few.csv", law=None)) == 3
    with pytest.raises(sl.Unidentifiable):
        sl.load(tmp_path / "few.csv")
    for blank in ("", "  "):
        with pytest.raises(sl.UnknownName, match="no table is named"):
            sl.load(blank)
    with pytest.raises(sl.UnknownName, match="For a table of your own, give the path of a"):
        sl.load("nothing")
    with pytest.raises(sl.BadRuns, match="no file at"):
        sl.load(tmp_path / "absent.csv")
    with pytest.raises(sl.BadRuns, match="no file at"):
        sl.load(tmp_path / "ABSENT.PARQUET")
    (tmp_path / "odd.txt").write_text("x")
    with pytest.raises(sl.BadRuns, match="there is a header but no run"):
        sl.load(tmp_path / "odd.txt")
    for options in ({"needs": ["steps"]}, {"labels": ["steps"]}):
        with pytest.raises(sl.BadRuns, match="bundled table hoffmann2022 has no column steps"):
            sl.load("hoffmann2022", **options)


# Cards

RAW = {
    "name": "s",
    "title": "T <t>",
    "what": "W",
    "licence": "L",
    "convention": "C",
    "default": "runs",
    "notes": ["n1"],
    "traps": ["t1", "t2"],
    "cite": [{"key": "k", "text": "K"}],
    "upstream": [
        {"path": "p", "repository": "o/r", "file": "f.csv", "commit": "0123456789ab"}
        | {"licence": "MIT", "sha256": "abcdef0123456789"}
    ],
    "tables": {
        "runs": {"title": "R", "measured": "original", "rows": 3, "sha256": "x", "cite": ["k"]}
        | {
            "columns": {
                "loss": {"unit": "nats", "meaning": "m"},
                "task": {"unit": "words", "meaning": "m"},
            }
        }
    },
}


def test_a_card_reads_in_order_and_leaves_out_what_is_empty():
    card = Card.parse(RAW, where="here")
    assert card.lines() == [
        ("What", "W"),
        ("Table", "runs: R; 3 rows, original; loss [nats]"),
        ("Counted", "C"),
        ("Source", "o/r@01234567 f.csv (sha256 abcdef012345...)"),
        ("Licence", "L"),
        ("Change", "n1"),
        ("Trap", "t1"),
        ("Trap", "t2"),
        ("Cite", "K"),
    ]
    assert repr(card).splitlines()[:2] == ["s: T <t>", "  What:    W"]
    assert card._repr_markdown_().startswith("**s**: T <t>\n\n- **What:** W\n")
    assert "<strong>s</strong>: T &lt;t&gt;" in card._repr_html_()
    # A chapter shows what matters, and where the rest is.
    assert "<dt>Beware</dt><dd>t1.</dd>" in card._repr_html_()
    assert "t2" not in card._repr_html_()
    assert 'print(sl.card("s"))' in card._repr_html_()
    assert Card.parse(card.as_dict(), where="again") == card
    bare = Card.parse({"name": "s", "title": "T", "what": "W"}, where="here")
    assert bare.lines() == [("What", "W")]
    assert (bare.keep_outliers, bare.default) == (True, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"default": "other"}, r"here: default is 'other', but the tables are \['runs'\]"),
        ({"cite": []}, r"\[tables.runs\]: cite \['k'\] has no \[\[cite\]\] block"),
        ({"colour": "red"}, "here: unknown key colour; known are .*convention"),
        ({"cite": [{"key": "k"}]}, r"here \[\[cite\]\]: .*text"),
        ({"upstream": [{"path": "p"}]}, r"here \[\[upstream\]\]"),
    ],
)
def test_a_card_that_is_not_whole_is_named(change, message):
    with pytest.raises(BadCard, match=message):
        Card.parse({**RAW, **change}, where="here")


def test_the_catalogue_says_of_each_table_what_its_card_says():
    told = sl.catalogue().set_index("name")
    for name in ("hoffmann2022", "isoflops/llama3", "gadre2024/tasks"):
        card = sl.card(name.split("/")[0])
        table = card.tables[name.split("/")[-1] if "/" in name else card.default]
        row = told.loc[name]
        assert row["rows"] == table.rows
        assert row["measured"] == table.measured
        assert row["licence"] == card.licence
        assert row["cite"] == ", ".join(table.cite)
        unit = table.columns["loss"].unit if "loss" in table.columns else ""
        assert row["loss"] == unit
        title = table.title if len(card.tables) > 1 else card.title
        assert row["title"] == title
        line = f"| `{name}` | {title} | {table.rows} | {table.measured} | {unit} | {card.licence} |"
        assert line in catalogue_page().splitlines()


def test_outliers_are_kept_or_left_out_as_asked_and_counted():
    every, kept = (sl.load("hoffmann2022", outliers=v) for v in (True, False))
    flagged = int(every["outlier"].sum())
    assert flagged > 0
    assert len(kept) == len(every) - flagged
    assert (every.attrs["dropped"], kept.attrs["dropped"]) == (0, flagged)
    assert list(kept.index) == list(range(len(kept)))
    assert sl.load("hoffmann2022").attrs["dropped"] == flagged
    assert (kept.attrs["name"], kept.attrs["table"]) == ("hoffmann2022", "runs")
    assert sl.load("isoflops/llama3").attrs["name"] == "isoflops/llama3"
    with pytest.raises(sl.UnknownName, match="this table carries no card"):
        sl.card(pd.DataFrame())
