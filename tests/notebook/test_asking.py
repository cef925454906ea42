"""One switch: in a notebook a refusal stands in an answer's place, and the rest goes on."""

import ast
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

import scalinglaws as sl
from scalinglaws.notebook import Refusal, show_refusals
from scalinglaws.notebook.asking import Asking

SETUP = """
import numpy as np
import pandas as pd
import scalinglaws as sl
from scalinglaws.notebook import Refusal, claim, claims, count, say, show, show_refusals
show_refusals()
"""
REFUSE = """
ray = pd.DataFrame({"params": np.geomspace(1e7, 1e9, 9)})
ray["tokens"] = 20 * ray["params"]
ray["loss"] = 2 + 1e3 / ray["params"] ** 0.4
fit = sl.fit(sl.laws.CHINCHILLA, ray)
"""


@pytest.fixture
def shell():
    made = InteractiveShell.instance(colors="nocolor")
    made.run_cell(SETUP).raise_error()
    yield made
    InteractiveShell.clear_instance()


def run(shell, code):
    done = shell.run_cell(code)
    done.raise_error()
    return done.result


def test_a_refused_call_is_a_refusal_and_so_is_what_follows_from_it(shell):
    run(shell, REFUSE)
    assert isinstance(run(shell, "fit"), Refusal)
    for code in (
        "fit.interval('alpha')",
        "sl.allocate(fit, [1e24])",
        "sl.allocate(fit, [1e24]).iloc[0]['params'] / 2 + 1",
        "show(fit.predict(params=1e9, tokens=1e10))",
        "[x for x in fit.params]",
        "sum(x for x in fit.params)",
        "max(fit.params['A'], 1) < 3",
        "sl.figures.fit(fit)",
        "say('A is', f'{fit.params}', fit)",
        "np.median(list(fit.params))",
        "(lambda f: f.params['A'])(fit)",
    ):
        found = run(shell, code)
        assert isinstance(found, Refusal), code
        assert "same tokens per parameter" in found.error.reason


def test_refusals_are_taken_apart_stored_and_looked_at(shell):
    run(shell, REFUSE)
    assert run(shell, "low, high = fit.interval('alpha')\n[low, high]") == run(shell, "[fit, fit]")
    assert run(shell, "isinstance(fit, Refusal)") is True
    assert run(shell, "repr(fit)").startswith("Refused: ")
    assert run(shell, "count(fit)") == "(refused)"
    assert run(shell, "f'{fit.params[0]:.3f} to'") == "(refused) to"
    run(shell, "fit['x'] = 1")
    assert run(shell, "'alpha' in fit") is False
    shown = run(
        shell,
        "claim('A', paper='p', cite='c', where='w', check='same method', read='paper', "
        "published=1.0, ours=fit.interval('A'), tolerance=1, reason='r')",
    )
    assert shown.verdict == "cannot be checked"


def test_a_loop_over_a_refusal_shows_it_and_the_next_statement_runs(shell, capsys):
    run(shell, REFUSE)
    assert run(shell, "for name in fit.params:\n    print(name)\n'after'") == "after"
    assert "same tokens per parameter" in capsys.readouterr().out


def test_answers_are_as_they_are_without_the_switch(shell):
    code = """
runs = sl.load("hoffmann2022")
fit = sl.fit(sl.laws.CHINCHILLA, runs)
names = [*fit.params]
pairs = {n: f"{v:.3f}" for n, v in fit.params.items()}
first, *rest = names
total = 0
for value in fit.params.values():
    total += value
pairs, first, rest, total, sorted(names, key=lambda n: -len(n))[0], dict(**{"a": 1}, b=2)
"""
    plain = {}
    body, last = code.strip().rsplit("\n", 1)
    exec(body, {"sl": sl}, plain)
    assert run(shell, code) == eval(last, {"sl": sl}, plain)


def test_other_errors_are_raised_with_their_place(shell):
    with pytest.raises(ZeroDivisionError):
        run(shell, "x = 1\nlen([1 / 0])")
    with pytest.raises(sl.UnknownName):
        run(shell, "sl.load('nothing')")
    with pytest.raises(NameError, match="unheard"):
        run(shell, "print(unheard)")


def test_what_cannot_stand_in_a_function_is_left_as_it_is(shell):
    assert run(shell, "print(y := 3)\ny") == 3
    assert run(shell, "x = (z := 4) + len('ab')\nx, z") == (6, 4)


def test_a_query_sees_the_variables_of_its_cell(shell):
    code = "least = 2\nlen(pd.DataFrame({'x': [1, 2, 3]}).query('x >= @least'))"
    assert run(shell, code) == 2


def test_switching_twice_is_switching_once(shell):
    run(shell, "show_refusals()")
    assert sum(isinstance(t, Asking) for t in shell.ast_transformers) == 1


def test_a_script_is_not_touched():
    code = SETUP + REFUSE
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Unidentifiable" in done.stderr
    assert show_refusals() is None


def test_a_cell_keeps_its_lines():
    tree = ast.parse("a = 1\nb = f(a,\n  c)\n")
    changed = Asking().visit(tree)
    assert [s.lineno for s in changed.body] == [1, 2]
    compile(changed, "cell", "exec")


def test_an_index_and_an_array_leave_a_refusal_as_it_is(shell):
    run(shell, REFUSE)
    run(shell, "values = np.arange(4.0); column = pd.Series(values)")
    for code in (
        "values[np.argmax(fit.params['A'] < values)]",
        "values * fit.params['A'] + values",
        "values < fit.params['A']",
        "column / fit.params['A']",
        "{'a': 1}[fit.status]",
        "(fit.status == 'fine').sum()",
        "pd.concat([fit.runs, fit.residuals])",
        "sl.figures.lines(values, {'valley': fit.params}, xlabel='x', ylabel='y')",
        "values[len(fit.params) // 2]",
        "[fit.params['A'] % 2][0]",
    ):
        assert isinstance(run(shell, code), Refusal), code
    assert run(shell, "values[1:3][-1]") == 2.0
    assert run(shell, "[column[k] for k in range(2)]") == [0.0, 1.0]
    run(shell, "column[0] = 5.0; held = {'x': [1, 2]}; held['x'][0] += 1")
    assert run(shell, "column[0], held['x'][0]") == (5.0, 2)


def test_equality_is_as_it_was_for_what_is_not_refused(shell):
    run(shell, "values = np.arange(3.0)")
    assert run(shell, "(values == 1.0).tolist()") == [False, True, False]
    assert run(shell, "1 == 1.0 != 2") is True
    assert run(shell, "'a' != 'b'") is True
