"""The bootstrap on threads and on a real cluster: same answer, and nothing lost by a stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import tqdm

import scalinglaws as sl
from scalinglaws import _parallel
from scalinglaws._parallel import progress
from scalinglaws.errors import BadParameters, Interrupted, ScalingLawError
from scalinglaws.intervals import refits
from scalinglaws.intervals import resampling as bootstrap

TRUTH = {"k": 30.0, "c": 0.25, "E": 1.7}
RUNS = 2000
BLOCKS = 6
# What each step may take where the machine is shared; a sound run needs a tenth of it.
LATEST = 60


def power_law(**changes):
    return replace(sl.laws.power_law("params"), **changes)


def fitted(law=None):
    params = 10 ** np.random.default_rng(3).uniform(6, 10, RUNS)
    law = law or power_law()
    runs = sl.simulate.at(law, TRUTH, noise=0.02, seed=4, params=params)
    # Least squares from one start, because that is quick: other minima are not the matter here.
    return sl.fit(law, runs, objective=sl.LSQ_LOG, start=TRUTH)


def resamples(blocks):
    """How many resamples fill so many blocks: a block holds as many as the library likes."""
    job = refits.job(fitted(), 10**9, kind="case", seed=0, by=None, indices=None)
    return blocks * job.block


@pytest.fixture(scope="module")
def alone():
    """What one thread finds, in one go."""
    return fitted().bootstrap(resamples(BLOCKS), workers=1)


def same(one, other):
    return one.equals(other) and one.attrs["stopped"] == other.attrs["stopped"]


def until(condition):
    """Wait for a condition of another process, and say when it never came."""
    end = time.monotonic() + LATEST
    while not condition():
        assert time.monotonic() < end, "this never happened"
        time.sleep(0.01)


# Threads -----------------------------------------------------------------------------------------


def test_the_answer_does_not_depend_on_the_number_of_threads(alone):
    assert len(alone) == resamples(BLOCKS)
    assert alone["c"].nunique() == len(alone), "every resample has an answer of its own"
    assert same(fitted().bootstrap(resamples(BLOCKS), workers=3), alone)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_interruption_keeps_what_is_done(monkeypatch, alone, threads):
    fit, solved, solve = fitted(), [], bootstrap.solve

    def interrupted(job, block):
        if block == 3:
            raise KeyboardInterrupt
        solved.append(block)
        return solve(job, block)

    monkeypatch.setattr(bootstrap, "solve", interrupted)
    with pytest.raises(Interrupted, match="the same call goes on from there") as stop:
        fit.bootstrap(resamples(BLOCKS), workers=threads)
    assert isinstance(stop.value, KeyboardInterrupt)
    assert f"group bootstrap was stopped after {len(solved)} of 6 blocks" in str(stop.value)
    assert {0, 1, 2} <= set(solved), "blocks begin in order, and one that began is kept"

    again = []

    def counted(job, block):
        again.append(block)
        return solve(job, block)

    monkeypatch.setattr(bootstrap, "solve", counted)
    assert same(fit.bootstrap(resamples(BLOCKS), workers=threads), alone)
    assert sorted(again) == sorted(set(range(BLOCKS)) - set(solved))


def test_an_error_of_the_work_is_raised_as_it_is():
    def broken(block):
        raise ZeroDivisionError(f"in block {block}")

    for count in (1, 2):
        with pytest.raises(ZeroDivisionError, match="in block"):
            spread(broken, range(3), {}, workers=count)


def spread(work, todo, done, *, workers=None, backend="threads", scheduler=None):
    from scalinglaws._parallel.threads import spread

    spread(work, todo, done, workers=workers, backend=backend, scheduler=scheduler, what="the test")


SIGINT = f"""
import json, signal, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
import test_workers
from scalinglaws.intervals import resampling as bootstrap
from scalinglaws.errors import Interrupted

solve = bootstrap.solve
def slow(job, block):
    sys.stdout.write("block\\n")  # In one go: two threads may write at once.
    sys.stdout.flush()
    time.sleep(0.2)
    return solve(job, block)

if __name__ == "__main__":
    how = json.loads(sys.argv[1])
    if how.get("backend") != "dask":
        bootstrap.solve = slow
    law = test_workers.slow_law(sys.argv[2])
    fit = test_workers.fitted(law)
    n, kind = test_workers.resamples(12), "residual"
    print("ready", flush=True)
    try:
        fit.bootstrap(n, kind=kind, **how)
    except Interrupted as error:
        print(json.dumps(str(error)), flush=True)
    bootstrap.solve = solve
    went_on = fit.bootstrap(n, kind=kind)
    print(json.dumps(test_workers.same(went_on, test_workers.fitted(law).bootstrap(n, kind=kind))))
"""


def interrupt(how, marks, begun):
    """Run the script above, send it a real interrupt once ``begun()``, and return what it says."""
    command = [sys.executable, "-W", "error", "-c", SIGINT, json.dumps(how), str(marks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        try:
            assert p.stdout.readline() == "ready\n", p.stderr.read()
            begun(p.stdout)
            p.send_signal(signal.SIGINT)
            out, err = p.communicate(timeout=LATEST)
        finally:
            p.kill()
    assert p.returncode == 0, err
    assert "Traceback" not in err
    assert "Warning" not in err
    message, equal = [line for line in out.splitlines() if line != "block"]
    assert json.loads(equal) is True
    return json.loads(message)


def test_a_real_interrupt_is_taken_up_again(tmp_path):
    # Two threads: when the third block begins, one is done, and two more are worth waiting for.
    message = interrupt({"workers": 2}, tmp_path, lambda out: [out.readline() for _ in range(3)])
    done = int(message.split("after ")[1].split()[0])
    assert 3 <= done < 12
    assert message.endswith("of 12 blocks; the same call goes on from there")


# The progress bar ---------------------------------------------------------------------------------


def test_a_bar_appears_after_three_seconds_on_stderr_and_goes(monkeypatch, capsys):
    clock, shown = [1000.0], {}

    def work(block):
        shown[clock[0] - 1000.0] = capsys.readouterr()
        clock[0] += 0.5

    monkeypatch.setattr(tqdm.std, "time", lambda: clock[0])
    # The chapters' commands switch bars off, this test among what they run.
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(progress, "watched", lambda: True)
    spread(work, range(12), {}, workers=1)
    last = capsys.readouterr()
    assert all(not both.err for after, both in shown.items() if after <= 2.5)
    assert any("the test" in both.err and "block" in both.err for both in shown.values())
    assert not last.out
    assert not any(both.out for both in shown.values())
    assert "\n" not in last.err
    assert not last.err.rsplit("\r", 2)[-2].strip(), "the last thing written is a blank line"


def test_short_work_writes_nothing(capsys):
    spread(lambda block: time.sleep(0.15), range(3), {}, workers=1)
    assert capsys.readouterr() == ("", "")


# Refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"backend": "processes"}, "no backend is called 'processes'; there are threads and dask"),
        ({"workers": 0}, "workers is a whole number, 1 or more; found 0"),
        ({"workers": True}, "found True"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "needs backend='dask'"),
        ({"backend": "dask"}, "needs scheduler=.*; found None"),
        ({"backend": "dask", "scheduler": "x", "workers": 2}, "workers counts threads of this"),
        ({"backend": "dask", "scheduler": "nonsense"}, "no Dask scheduler answers at 'nonsense'"),
    ],
)
def test_a_wrong_call_is_named(how, message):
    done = {}
    with pytest.raises(BadParameters, match=message):
        spread(abs, range(2), done, **how)
    assert not done


def test_a_cluster_without_its_packages_says_what_to_install(monkeypatch):
    monkeypatch.delattr(_parallel, "dask", raising=False)
    monkeypatch.delitem(sys.modules, "scalinglaws._parallel.dask", raising=False)
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(BadParameters, match=r"dask and distributed.*'scalinglaws\[cluster\]'"):
        spread(abs, range(2), {}, backend="dask", scheduler="tcp://127.0.0.1:8786")


@pytest.mark.parametrize("listens", [False, True])
def test_an_address_without_a_scheduler_is_named_soon(monkeypatch, listens):
    from scalinglaws._parallel import dask as cluster

    monkeypatch.setattr(cluster, "WAIT", 0.5)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()  # takes the connection and never says a word
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(BadParameters, match=f"no Dask scheduler answers at '{address}'"):
            spread(abs, range(2), {}, backend="dask", scheduler=address)
    assert time.monotonic() - begun < 10  # 0.5 s, and what a busy machine adds


# A real cluster ----------------------------------------------------------------------------------

MARKS = "SCALINGLAWS_TEST_MARKS"


def slow_law(folder):
    """Return a power law that leaves a mark in the folder whenever a worker begins a block.

    A block of residuals begins with the fitted curve, which is when a law gets plain numbers. The
    pause after it gives this process time to see the mark.
    """
    law = power_law()

    def function(p, x):
        if MARKS in os.environ and isinstance(p["c"], np.ndarray):
            (Path(folder) / f"{os.getpid()}-{time.time_ns()}").touch()
            time.sleep(0.3)
        return law.function(p, x)

    return power_law(function=function)


class Cluster:
    """A scheduler and workers of one thread each, as processes of their own."""

    def __init__(self, folder, workers):
        self.folder = folder
        self.processes = []
        file = folder / "scheduler.json"
        dashboard = ("--dashboard-address", "127.0.0.1:0")
        self.start("scheduler", "--port", "0", "--scheduler-file", str(file), *dashboard)
        until(lambda: file.is_file() and file.read_text().endswith("}"))
        self.address = json.loads(file.read_text())["address"]
        self.workers = [self.work() for _ in range(workers)]
        self.wait(workers)

    def start(self, what, *options):
        module = f"distributed.cli.dask_{what}"
        command = [sys.executable, "-m", module, "--host", "127.0.0.1", *options]
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | {MARKS: "1"}, cwd=self.folder
            )
        self.processes.append(process)
        return process

    def work(self):
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        return self.start("worker", self.address, *options, "--local-directory", str(self.folder))

    def wait(self, workers):
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=LATEST)

    def tasks(self):
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def stop(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait(LATEST)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), 3)
    yield cluster
    cluster.stop()


def on(cluster):
    return {"backend": "dask", "scheduler": cluster.address}


def test_a_cluster_finds_the_same_and_is_sent_the_work_once(three, alone):
    assert same(fitted().bootstrap(resamples(BLOCKS), **on(three)), alone)

    class Work:
        pickled = 0

        def __call__(self, block):
            return os.getpid()

        def __getstate__(self):
            type(self).pickled += 1
            return {}

    work, done = Work(), {}
    spread(work, range(40), done, **on(three))
    assert sorted(done) == list(range(40))
    assert set(done.values()) <= {worker.pid for worker in three.workers}
    assert work.pickled <= 6, "twice a worker (pickle is tried before cloudpickle), not each block"


def test_a_killed_worker_loses_nothing(three, tmp_path):
    law, n = slow_law(tmp_path), resamples(9)
    killed = Event()

    def kill():
        # The mark of its first block is there and the pause after it has begun: it is at work.
        until(lambda: any(marks(tmp_path)))
        victim = next(w for w in three.workers if w.pid == marks(tmp_path)[0])
        victim.kill()
        if victim.wait(LATEST) == -signal.SIGKILL:
            killed.set()

    killer = Thread(target=kill)
    killer.start()
    found = fitted(law).bootstrap(n, kind="residual", **on(three))
    killer.join(LATEST)
    assert killed.is_set()
    assert len(marks(tmp_path)) >= 10, "nine blocks, and the killed worker's once more"
    assert same(found, fitted().bootstrap(n, kind="residual"))


def marks(folder):
    """Return which worker began a block, in the order that they began."""
    names = (path.name.split("-") for path in folder.iterdir())
    return [int(process) for process, _ in sorted(names, key=lambda name: int(name[1]))]


def test_an_interrupt_cancels_what_the_cluster_has_not_begun(three, tmp_path):
    message = interrupt(on(three), tmp_path, lambda _: until(lambda: len(marks(tmp_path)) >= 4))
    assert "residual bootstrap was stopped after" in message
    until(lambda: three.tasks() == 0)
    # Four had begun when the signal went out, and a worker takes 0.3 s and more for each.
    assert len(marks(tmp_path)) < 12


def test_what_goes_wrong_between_here_and_a_cluster_is_raised_here(three):
    def broken(block):
        raise ZeroDivisionError(f"in block {block}")

    with pytest.raises(ZeroDivisionError, match="in block"):
        spread(broken, range(3), {}, **on(three))

    class Stopped(dict):
        def __setitem__(self, block, result):
            super().__setitem__(block, result)
            raise KeyboardInterrupt

    # Between two arrivals, where joblib would warn: a warning is an error here.
    with pytest.raises(Interrupted, match="after 1 of 20 blocks"):
        spread(lambda block: block, range(20), Stopped(), **on(three))

    class Unreadable:
        """A block that nobody there can read, of which joblib's backend would never hear."""

        def __reduce__(self):
            return int, ("not a number",)

    with pytest.raises(RuntimeError, match="deserialization"):
        spread(abs, [Unreadable()], {}, **on(three))

    class Unwelcome:
        def __call__(self, block):
            return block

        def __reduce__(self):
            return __import__, ("a_module_of_this_machine_alone",)

    with pytest.raises(BadParameters, match=r"the workers cannot read .*this_machine_alone"):
        spread(Unwelcome(), range(3), {}, **on(three))


def test_a_cluster_of_one_thread_works_there_and_may_die(tmp_path, monkeypatch):
    from scalinglaws._parallel import dask as cluster

    one = Cluster(tmp_path, 1)
    try:
        here = os.getpid()

        def work(block):
            if block == 2 and os.getpid() != here:
                os.kill(os.getpid(), signal.SIGKILL)
            return os.getpid()

        done = {}
        with pytest.raises(ScalingLawError, match=r"failed .* the same call goes on") as error:
            spread(work, range(5), done, **on(one))
        assert one.address in str(error.value)
        assert set(done.values()) <= {one.workers[0].pid}, "not this process"
        assert 2 not in done
        monkeypatch.setattr(cluster, "WAIT", 0.5)
        with pytest.raises(BadParameters, match="has no worker; start some with `dask worker tcp"):
            spread(work, range(5), done, **on(one))
    finally:
        one.stop()
