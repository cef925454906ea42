"""The explorer: what it refuses, and that the page computes what numpy computes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scalinglaws.figures.interactive._explorer import Explorer
from scalinglaws.figures.interactive._payload import BadPayload

BEST = {"A": 477.826, "B": 2143.417, "E": 1.817218, "alpha": 0.347310, "beta": 0.367172}


def refit(alpha: float, beta: float) -> tuple[float, float, float, float]:
    """Refit A, B, E to noise-free simulated runs at fixed exponents; the last is the objective."""
    params, tokens = (
        v.ravel() for v in np.meshgrid(np.geomspace(1e8, 1e10, 9), np.geomspace(1e9, 1e11, 9))
    )
    loss = BEST["E"] + BEST["A"] / params ** BEST["alpha"] + BEST["B"] / tokens ** BEST["beta"]
    terms = np.column_stack([params**-alpha, tokens**-beta, np.ones(params.size)])
    scale = np.abs(terms).max(axis=0)
    a, b, e = np.linalg.lstsq(terms / scale, loss, rcond=None)[0] / scale
    misfit = float(np.sum((terms @ np.array([a, b, e]) - loss) ** 2))
    return a, b, e, 1e-3 + misfit  # the floor stands for the noise, which is left out here


def make_payload(**changes: Any) -> dict[str, Any]:
    alpha = BEST["alpha"] + 0.004 * np.arange(-10, 11)
    beta = BEST["beta"] + 0.005 * np.arange(-10, 11)
    table = np.array([[refit(a, b) for b in beta] for a in alpha])
    generator = np.random.default_rng(7)
    pairs = generator.normal([BEST["alpha"], BEST["beta"]], [0.012, 0.015], (200, 2))
    payload = {
        "title": "A simulated fit",
        "loss_unit": "nats per token",
        "level": 0.9,
        "simulated": True,
        "best": {**BEST, "objective": 1e-3},
        "alpha": alpha.tolist(),
        "beta": beta.tolist(),
        "log_A": np.log(table[..., 0]).tolist(),
        "log_B": np.log(table[..., 1]).tolist(),
        "E": table[..., 2].tolist(),
        "objective": table[..., 3].tolist(),
        "draws": [[*refit(a, b)[:3], a, b] for a, b in pairs],
        "flops": {"min": 1e18, "max": 1e27, "start": 5.76e23},
        "observed_flops": [1e18, 1e22],
        "n_runs": 81,
        "objective_name": "least squares on loss",
    }
    return {**payload, **changes}


PAYLOAD = make_payload()


def render(payload: dict[str, Any]) -> str:
    return Explorer(payload)._repr_html_()


def optimum(p: dict[str, Any], flops: float) -> dict[str, Any]:
    g = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / (p["alpha"] + p["beta"]))
    params = g * (flops / 6) ** (p["beta"] / (p["alpha"] + p["beta"]))
    tokens = flops / 6 / params
    loss = p["E"] + p["A"] / params ** p["alpha"] + p["B"] / tokens ** p["beta"]
    return {"params": params, "tokens": tokens, "ratio": tokens / params, "loss": loss}


def between(name: str, alpha: float, beta: float) -> float:
    """Interpolate a table linearly along beta, then along alpha."""
    rows = [np.interp(beta, PAYLOAD["beta"], row) for row in PAYLOAD[name]]
    return float(np.interp(alpha, PAYLOAD["alpha"], rows))


def interpolated(alpha: float, beta: float) -> dict[str, float]:
    a, b = np.exp(between("log_A", alpha, beta)), np.exp(between("log_B", alpha, beta))
    return {"alpha": alpha, "beta": beta, "A": a, "B": b, "E": between("E", alpha, beta)}


@pytest.mark.parametrize("key", sorted(PAYLOAD))
def test_missing_key_is_named(key: str) -> None:
    payload = {k: v for k, v in PAYLOAD.items() if k != key}
    with pytest.raises(BadPayload, match=f"no '{key}'; expected"):
        render(payload)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"log_A": PAYLOAD["log_A"][:-1]}, r"'log_A' has shape \(20, 21\); expected shape 21 x 21"),
        ({"draws": [d[:4] for d in PAYLOAD["draws"]]}, r"'draws' has shape \(200, 4\)"),
        ({"draws": PAYLOAD["draws"][:19]}, "holds 19 refits; an interval at level 0.9 needs 20"),
        (
            {"draws": [[-1, 1, 1, 1, 1], *PAYLOAD["draws"]]},
            "'draws' row 0: A is -1; expected above 0",
        ),
        ({"draws": [["x"] * 5]}, "'draws' must hold numbers"),
        ({"alpha": PAYLOAD["alpha"][::-1]}, "'alpha' must hold two or more positive exponents"),
        ({"best": {**PAYLOAD["best"], "alpha": 0.9}}, "best alpha, 0.9, lies outside its grid"),
        ({"best": BEST}, "'best' has no 'objective'"),
        ({"best": {**PAYLOAD["best"], "B": 0}}, "'best' has B = 0; expected above 0"),
        ({"E": np.full((21, 21), np.nan)}, r"'E' holds nan at \[0, 0\]; expected finite"),
        ({"level": 90}, "'level' is 90; expected a number between 0 and 1"),
        ({"simulated": "no"}, "'simulated' is 'no'; expected True or False"),
        ({"title": " "}, "'title' is ' '; expected one line of text"),
        ({"n_runs": 0}, "'n_runs' is 0; expected at least 1"),
        ({"flops": {"min": 1e18, "max": 1e27, "start": 1e17}}, "expected 0 < min <= start <= max"),
        ({"flops": 1e18}, "'flops' is 1e"),
        ({"observed_flops": [1e22, 1e18]}, "expected 0 < smallest <= largest"),
    ],
)
def test_bad_value_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPayload, match=message):
        Explorer({**PAYLOAD, **changes})


def test_simulated_is_said_and_only_then() -> None:
    assert "Simulated: not measured" in render(PAYLOAD)
    measured = render({**PAYLOAD, "simulated": False})
    assert "Simulated: not measured" not in measured
    assert "81 simulated runs" in repr(Explorer(PAYLOAD))
    assert "81 runs" in repr(Explorer({**PAYLOAD, "simulated": False}))


def test_same_payload_gives_the_same_page_and_reaches_no_other_host() -> None:
    page = render(PAYLOAD)
    assert page == render(json.loads(json.dumps(PAYLOAD)))
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert len(page) < 80_000  # 20 kB of figure and 34 kB of numbers, with room to grow


def open_page(
    browser: Any, folder: Path, body: str, *, dark: bool = False, width: int = 390
) -> Any:
    file = folder / "page.html"
    style = "background:#14181e;color:#ced6dd" if dark else "background:#fff;color:#222832"
    file.write_text(
        f'<!doctype html><html lang="en" data-theme="{"dark" if dark else "light"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>Explorer</title></head><body style="{style}"><main><h1>Page</h1>{body}</main>'
        "</body></html>",
        "utf-8",
    )
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("request", lambda r: r.url.startswith("file:") or page.faults.append(r.url))
    page.goto(file.as_uri())
    return page


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    opened = open_page(browser, tmp_path, render(PAYLOAD))
    yield opened
    assert opened.faults == []
    opened.close()


def slide(page: Any, **values: float) -> dict[str, float]:
    """Move the named sliders and give the values that the browser snapped them to."""
    return page.evaluate(
        """values => Object.fromEntries(Object.entries(values).map(([name, value]) => {
            const input = document.querySelector(`[data-in="${name}"]`);
            input.value = value;
            input.dispatchEvent(new Event("input", { bubbles: true }));
            return [name, Number(input.value)];
        }))""",
        values,
    )


def shown(page: Any) -> dict[str, dict[str, float]]:
    return page.evaluate(
        """() => Object.fromEntries(Array.from(document.querySelectorAll("data"), (d) =>
            [d.dataset.quantity, { now: Number(d.value), fit: Number(d.dataset.fit),
                low: Number(d.dataset.low), high: Number(d.dataset.high) }]))"""
    )


def test_the_fit_at_the_start_and_its_intervals(page: Any) -> None:
    here = optimum(BEST, 5.76e23)
    draws = np.array(PAYLOAD["draws"])
    columns = dict(zip(("A", "B", "E", "alpha", "beta"), draws.T, strict=True))
    many = optimum(columns, 5.76e23)
    for name, values in shown(page).items():
        low, high = np.quantile(many[name], [0.05, 0.95])
        # 1e-6: the payload carries nine digits, and ln N = 25 multiplies an exponent's rounding.
        assert values["now"] == pytest.approx(here[name], rel=1e-6)
        assert values["fit"] == pytest.approx(here[name], rel=1e-6)
        assert values["low"] == pytest.approx(low, rel=1e-6)
        assert values["high"] == pytest.approx(high, rel=1e-6)
    text = page.inner_text(".sl-explorer")
    assert "73.2B parameters on 1.31T tokens" in text
    assert "5.76e23" in text
    assert "57.6 times the largest that was observed" in text


@pytest.mark.parametrize("log_flops", [19.0, 24.0])
def test_the_point_lies_on_the_line_that_was_drawn_beforehand(page: Any, log_flops: float) -> None:
    slide(page, flops=log_flops)
    for picture in page.locator(".sl-picture").all():
        dot = picture.locator(".sl-frame .sl-marker .sl-main").get_attribute("d")
        x, y = (float(v) for v in dot[1 : dot.index("m")].split())
        line = " ".join(
            part.get_attribute("d")
            for part in picture.locator("svg > g:first-child .sl-main").all()
        )
        nodes = np.array([float(v) for v in line.replace("M", " ").replace("L", " ").split()])
        across, up = nodes.reshape(-1, 2).T
        # Nodes are written to a tenth of a unit of 480, in both directions.
        assert np.interp(x, across, up) == pytest.approx(y, abs=0.15)


def test_the_fit_shows_without_a_script(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "still.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{render(PAYLOAD)}", "utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert [page.locator("input").nth(i).is_hidden() for i in range(3)] == [True] * 3
    assert page.locator("button").is_hidden()
    assert page.locator(".sl-extrapolated .sl-main").first.is_visible()
    assert "in the page’s tables" in page.inner_text(".sl-said")
    context.close()


@pytest.mark.parametrize("log_flops", [18.0, 20.5, 22.0, 27.0])
@pytest.mark.parametrize(("i", "j"), [(0, 0), (3, 17), (10, 12), (20, 20)])
def test_grid_nodes_agree_with_numpy(page: Any, log_flops: float, i: int, j: int) -> None:
    alpha, beta = PAYLOAD["alpha"][i], PAYLOAD["beta"][j]
    slide(page, flops=log_flops, alpha=alpha, beta=beta)
    a, b, e, objective = refit(alpha, beta)
    here = optimum({"A": a, "B": b, "E": e, "alpha": alpha, "beta": beta}, 10**log_flops)
    for name, values in shown(page).items():
        assert values["now"] == pytest.approx(here[name], rel=1e-6)  # nine digits, as above
    worse = float(page.get_attribute(".sl-said", "data-worse"))
    assert worse == pytest.approx(objective / 1e-3, rel=1e-6)


@pytest.mark.parametrize(("alpha", "beta"), [(0.3113, 0.3337), (0.3450, 0.3704), (0.3838, 0.4109)])
def test_between_nodes_is_bilinear_and_close_to_a_refit(
    page: Any, alpha: float, beta: float
) -> None:
    at = slide(page, flops=23.0, alpha=alpha, beta=beta)
    a, b, e, _ = refit(at["alpha"], at["beta"])
    exact = optimum({"A": a, "B": b, "E": e, "alpha": at["alpha"], "beta": at["beta"]}, 1e23)
    here = optimum(interpolated(at["alpha"], at["beta"]), 1e23)
    for name, values in shown(page).items():
        assert values["now"] == pytest.approx(here[name], rel=1e-6)  # the same formula in numpy
        # The tables curve within a cell: 6e-5 at most here; a neighbouring node is 1e-2 away.
        assert values["now"] == pytest.approx(exact[name], rel=2e-4)


def test_verdict_names_what_lies_outside(page: Any) -> None:
    slide(page, flops=21.0)
    assert page.get_attribute(".sl-said", "data-inside") == "true"
    assert "Inside what the runs can tell." in page.inner_text(".sl-said")
    draws = np.array(PAYLOAD["draws"])
    low, high = np.quantile(draws[:, 3], [0.05, 0.95])
    slide(page, alpha=PAYLOAD["alpha"][-1])
    text = page.inner_text(".sl-said")
    assert f"α is outside the 90% range of the refits, {low:.3f} to {high:.3f}" in text
    assert "Outside what the runs can tell:" in text
    ratios = [between("objective", d[3], d[4]) / 1e-3 for d in draws]
    usual = float(page.get_attribute(".sl-said", "data-usual"))
    assert usual == pytest.approx(np.quantile(ratios, 0.9), rel=1e-6)  # nine digits, as above
    # Both exponents inside their own ranges by a step of the slider, yet a pair that does not fit.
    ceiling = np.quantile(draws[:, 4], 0.95)
    slide(page, alpha=low + 0.0004, beta=ceiling - 0.0005)
    text = page.inner_text(".sl-said")
    assert "is outside the 90% range" not in text
    assert "this pair of exponents fits the runs worse than 90%" in text


def test_sliders_by_keyboard_and_reset(page: Any) -> None:
    before = shown(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.in") == "flops"
    page.keyboard.press("ArrowRight")
    assert shown(page)["params"]["now"] > before["params"]["now"]
    page.keyboard.press("Tab")  # to the box in which a budget is typed
    for name in ("alpha", "beta"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.dataset.in") == name
        page.keyboard.press("Home")
        assert page.inner_text(f'[data-out="{name}"]') == f"{PAYLOAD[name][0]:.4f}"
        assert (
            page.get_attribute(f'[data-in="{name}"]', "aria-valuetext") == f"{PAYLOAD[name][0]:.4f}"
        )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert shown(page) == before
    assert page.get_attribute('[data-in="flops"]', "aria-valuetext") == "5.76e23 FLOPs"


def test_a_typed_budget_moves_the_slider_and_stands_in_the_address(page: Any) -> None:
    before, box = shown(page), page.locator(".sl-typed input")
    assert box.input_value() == "5.76e23"
    for given, flops in (("3e22", "3.00e22"), ("10^21", "1.00e21"), ("2,000e18", "2.00e21")):
        box.fill(given)
        box.press("Enter")
        assert page.inner_text('[data-out="flops"]') == box.input_value() == flops
        assert f"flops={float(flops):g}".replace("e+", "e%2B") in page.url
    box.fill("1e99")  # beyond the slider: its end, 1e27
    box.press("Enter")
    assert box.input_value() == "1.00e27"
    for nonsense in ("much", "-3e22", ""):
        box.fill(nonsense)
        box.press("Enter")
        assert box.get_attribute("aria-invalid") == "true"
        assert page.inner_text('[data-out="flops"]') == "1.00e27"
    page.get_by_role("button").click()
    assert shown(page) == before
    assert "?" not in page.url


def test_an_address_opens_what_was_chosen(page: Any) -> None:
    for name, value in (("flops", "22"), ("alpha", PAYLOAD["alpha"][3])):
        page.locator(f'[data-in="{name}"]').evaluate(
            "(box, value) => { box.value = value; box.dispatchEvent(new Event('input')); }",
            str(value),
        )
    chosen, alpha = shown(page), page.inner_text('[data-out="alpha"]')
    page.goto(page.url)
    assert shown(page) == chosen
    assert page.inner_text('[data-out="alpha"]') == alpha
    assert page.inner_text('[data-out="flops"]') == "1.00e22"


def test_runs_are_drawn_where_they_are_given() -> None:
    runs = {"flops": [1e19, 1e20], "params": [1e8, 3e8], "tokens": [1.7e10, 5.6e10]}
    page = render(make_payload(runs=runs))
    assert page.count('class="sl-observed sl-c0') == 3  # two panels and the legend
    assert "</svg>the runs<" not in render(PAYLOAD)


def test_two_explorers_on_a_page_do_not_clash(browser: Any, tmp_path: Path) -> None:
    other = {
        **PAYLOAD,
        "title": "Another </script><b>fit",
        "flops": {**PAYLOAD["flops"], "start": 1e21},
    }
    page = open_page(browser, tmp_path, render(PAYLOAD) + render(other))
    first, second = page.locator(".sl-explorer").all()
    assert first.locator("data").count() == second.locator("data").count() == 4
    assert first.locator('[data-out="flops"]').inner_text() == "5.76e23"
    second.locator('[data-in="flops"]').focus()
    page.keyboard.press("ArrowRight")
    assert second.locator('[data-out="flops"]').inner_text() == "1.02e21"
    assert first.locator('[data-out="flops"]').inner_text() == "5.76e23"
    assert second.locator(".sl-title").inner_text() == "Another </script><b>fit"
    assert page.faults == []
    page.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_and_nothing_overflows(
    browser: Any, tmp_path: Path, dark: bool, width: int
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = open_page(browser, tmp_path, render(PAYLOAD), dark=dark, width=width)
    violations = axe.Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.faults == []
    page.close()
