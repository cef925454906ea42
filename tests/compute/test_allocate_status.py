"""An answer carries what the fit that it rests on warns of, in its own table."""

import pytest

import scalinglaws as sl
from scalinglaws.notebook import show

FLOPS = [1e22, 1e24]


@pytest.fixture(scope="module")
def warned():
    """Chinchilla's runs, which refuse the additive form: sound, and not ok."""
    return sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))


def test_a_fit_with_a_warning_gives_it_to_each_row(warned):
    assert warned.sound
    assert not warned.ok
    table = sl.allocate(warned, FLOPS, n=20)
    assert table["status"].tolist() == [warned.status] * 2
    assert "refuse the additive form" in repr(show(table[["flops", "params"]]))
    assert "refuse the additive form" in show(table)._repr_html_()
    assert "status" not in repr(show(table)).split("\n", 1)[0]


def test_a_fit_without_one_is_ok():
    truth = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    runs = sl.load("hoffmann2022")
    drawn = sl.simulate.at(
        sl.laws.CHINCHILLA, dict(truth.params), noise=0.01, seed=0,
        params=runs["params"], tokens=runs["tokens"],
    )  # fmt: skip
    fit = sl.fit(sl.laws.CHINCHILLA, drawn)
    assert fit.ok, fit.status
    table = sl.allocate(fit, FLOPS, n=20)
    assert table["status"].tolist() == ["ok", "ok"]
    assert "warning" not in repr(show(table))


def test_a_column_of_ones_own_called_status_stays(warned):
    assert "done" in repr(show(sl.load("hoffmann2022").head(2).assign(status="done")))
