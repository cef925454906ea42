"""Linear algebra runs on one thread while the engine works, and as before afterwards."""

from threading import Thread

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import scalinglaws as sl
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws.intervals import drawing


def threads():
    return {
        lib["num_threads"] for lib in ThreadpoolController().info() if lib["user_api"] == "blas"
    }


@pytest.fixture
def two():
    import scipy.linalg  # noqa: F401 - its own BLAS is there from the start

    with ThreadpoolController().limit(limits=2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("this BLAS has one thread whatever it is asked for")
        yield


@one_blas_thread
def inside(then=lambda: None):
    before = threads()
    then()
    return before, threads()


def test_the_limit_holds_inside_and_is_taken_away(two):
    assert inside() == ({1}, {1})
    assert inside(inside) == ({1}, {1})
    assert threads() == {2}


def test_an_error_takes_it_away_too(two):
    with pytest.raises(ZeroDivisionError):
        inside(lambda: 1 / 0)
    assert threads() == {2}


def test_it_holds_for_threads_that_work_for_the_caller(two):
    seen = []

    def share():
        workers = [Thread(target=lambda: seen.append(inside())) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    # Threads that come and go leave the limit of their caller as it is.
    assert inside(share) == ({1}, {1})
    assert seen == [({1}, {1})] * 3
    assert threads() == {2}


def test_a_law_is_evaluated_on_one_thread_in_fits_refits_and_profiles(two):
    seen = []

    def function(p, x):
        seen.append(threads())
        return p["k"] * x["tokens"] ** -p["c"]

    k = sl.Parameter(name="k", symbol="k", unit="loss", meaning="scale")
    c = sl.Parameter(name="c", symbol="c", unit="1", meaning="rate", lower=0.01, upper=2.0)
    law = sl.Law(
        name="mine",
        inputs=("tokens",),
        parameters=(k, c),
        function=function,
        formula="k x^-c",
        reference="here",
    )
    tokens = np.geomspace(1e6, 1e9, 12)
    runs = sl.simulate.at(law, {"k": 30.0, "c": 0.2}, tokens=tokens, noise=0.01)
    seen.clear()
    fit = sl.fit(law, runs)
    fit.bootstrap(20, workers=1)
    fit.profile({"c": [0.1, 0.2]})
    assert {1} in seen
    # Predictions of the fitted curve, which are no linear algebra, may run outside.
    assert sum(s == {1} for s in seen) > 0.8 * len(seen)
    assert threads() == {2}


def test_resamples_are_counted_with_what_the_platform_counts_with(monkeypatch):
    # On a 32-bit platform, as in a browser, numpy refuses to count 64-bit numbers.
    def strict(values, *args, **how):
        # pandas counts without a least length.
        assert "minlength" not in how or values.dtype == np.int32
        return counted(values, *args, **how)

    counted = np.bincount
    runs = sl.simulate.at(
        sl.laws.power_law("tokens"),
        {"E": 1.7, "k": 30.0, "c": 0.25},
        tokens=np.geomspace(1e7, 1e11, 14),
        noise=0.01,
    )
    fit = sl.fit(sl.laws.power_law("tokens"), runs)
    wide = fit.bootstrap(70, seed=3)
    monkeypatch.setattr(drawing, "INDEX", np.int32)
    monkeypatch.setattr(np, "bincount", strict)
    assert sl.fit(sl.laws.power_law("tokens"), runs).bootstrap(70, seed=3).equals(wide)
