"""The picture of forecasts against what was then measured: what is drawn, and what it says."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.validation.league import AVERAGE


def parts():
    rows = [
        ("a", "Chinchilla", True, 1.0, 0.02),
        ("a", "line", True, 1.0, 0.50),
        ("a", AVERAGE, True, 1.0, 0.01),
        ("b", "Chinchilla", True, 2.0, -0.04),
        ("b", "line", True, 2.0, 0.10),
        ("b", AVERAGE, True, 2.0, -0.03),
        ("b", "Chinchilla", False, 2.5, -0.9),
    ]
    table = pd.DataFrame(rows, columns=["table", "law", "near", "decades", "miss"])
    return table.assign(cut=4.0, reach=5.0, held=1.0, runs=3, size=table["miss"].abs())


def test_each_law_is_a_point_where_it_was_asked_and_what_lies_beyond_is_on_the_edge():
    picture = sl.figures.far_ends(parts())
    ax = picture.figure.axes[0]
    series = {str(v.get_label()): v for v in ax.lines}
    assert set(series) >= {"laws without a floor", "laws with a floor", "their average"}
    x, y = series["laws with a floor"].get_data()
    # Those off the best size are not drawn.
    np.testing.assert_allclose(x, [10.0, 100.0])
    np.testing.assert_allclose(y, np.expm1([0.02, -0.04]))
    np.testing.assert_allclose(series["their average"].get_ydata(), np.expm1([0.01, -0.03]))
    assert series["laws without a floor"].get_ydata()[0] == 0.2
    assert "points on the edge" in ax.get_title(loc="right")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["10", "30", "100"]


def test_its_message_is_the_standings():
    said = sl.figures.far_ends(parts()).message
    assert said == (
        "Up to 100 times beyond the runs of 2 tables the average over laws misses by 2.0%, "
        "“Chinchilla” by 3.0%, “line” by 30.0%"
    )
    alone = parts().query("law == 'line'")
    assert sl.figures.far_ends(alone).message.startswith("Up to 100 times")


def test_without_a_run_near_the_best_size_there_is_nothing_to_draw():
    with pytest.raises(sl.Unidentifiable, match="nothing to draw"):
        sl.figures.far_ends(parts().assign(near=False))
