"""Refit thousands of resamples near one known fit: where a bootstrap's time goes.

All problems start at the same point. They come near their minima on what they share, an
:class:`Expansion` of the law, in single precision; then their own
objective and gradient, exact, lead to the end, and the expansion only says how these bend. A
problem that this does not lead to an end is stepped down exactly; one that leaves its bounds or
does not settle is given back, for :func:`minimise` to solve.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.bends import pairs, square
from scalinglaws.fitting.solver import small_systems as small
from scalinglaws.fitting.solver.expansion import Expansion, single
from scalinglaws.fitting.solver.problem import CELLS, Rows, Solution, Task, of_runs

Flags = npt.NDArray[np.bool_]

Look = Callable[[Array, Rows], tuple[Array, Array]]
"""Objective (b,) and slopes (F + Q, b), gradient and upper Hessian, at coordinates (F, b)."""


@dataclass(frozen=True)
class Ends:
    """When a problem has settled, and how many may be left behind.

    ``left`` is Newton's own estimate of what is left, as a share of the objective, below which the
    last step is taken without looking again: what it misses is of the order of this to the power
    3/2. Where steps are ``steady``, each leaves the share that the step before it left, and
    ``left`` bounds what the last one leaves. ``damping`` is the most at which a step counts as
    Newton's own. ``flat`` is the share of the objective that rounding may hide: a problem with less
    left that no step improves has settled. ``few`` is the share of problems still on their way at
    which to stop, ``most`` the steps after which to.
    """

    left: float
    steady: bool
    damping: float
    flat: float
    few: float
    most: int


FINISH = Ends(left=1e-9, steady=False, damping=1e-4, flat=1e-11, few=0.0, most=60)
BRIEF = Ends(left=1e-12, steady=True, damping=1e-4, flat=1e-11, few=0.0, most=6)
"""The same with a Hessian that is not quite the objective's own: soon, or in another way."""
LEAVE = Ends(left=1e-8, steady=False, damping=1e-2, flat=1e-5, few=0.02, most=60)
"""The same for the way there in single precision."""

DAMPING, TRUSTED = 0.3, 1e-6
"""Damping of a first step, and of one that is thought to be the last."""

ALIKE, ROUNDING = 1e-3, 1e-5
"""How near the expansion's objective must be to the law's own for its Hessian to be trusted, and
how far single precision may be off, as shares of the objective."""


@np.errstate(all="ignore")
def refit(task: Task, theta: Array, root: Array, shared: Expansion | None) -> Solution:
    """Minimise every problem of a task from one point (P,).

    ``root`` (F, P) takes a gradient into F coordinates, one a parameter that may move, in which
    the metric there is the identity. ``shared`` is the law's expansion in these, where there is
    one. Problems that were given back have ``converged`` false and an infinite objective.
    """
    walk = _Walk(task, len(root))
    if shared is not None:
        begun = walk.go(_expanded(task, shared), LEAVE)
        foretold = walk.value.copy()
        walk.again()
        found = walk.go(_guided(task, theta, shared, walk.slopes[len(root) :].copy()), BRIEF)
        walk.done &= np.abs(found - foretold) <= ALIKE * foretold
        lost = ~(walk.value <= begun * (1 + ROUNDING))
        walk.at = np.where(lost, 0.0, shared.whitened(walk.at))
        walk.damping = np.where(lost, DAMPING, np.minimum(walk.damping, DAMPING))
        walk.done[lost] = False
    walk.go(_exact(task, theta, root), FINISH)
    out = theta + walk.at.T @ root
    done = walk.done & ((out >= task.lower) & (out <= task.upper)).all(axis=1)
    return Solution(out, np.where(done, walk.value, np.inf), done, walk.taken)


class _Walk:
    """Second-order steps in coordinates that whiten the metric at the origin.

    The batch is the last axis of every array.
    """

    def __init__(self, task: Task, size: int) -> None:
        count = task.problems
        self.task, self.size = task, size
        self.at = np.zeros((size, count))
        self.value = np.full(count, np.inf)
        self.slopes = np.zeros((size + len(pairs(size)[0]), count))
        self.damping = np.full(count, DAMPING)
        self.left = np.full(count, np.nan)
        self.done = np.zeros(count, dtype=bool)
        self.taken = np.zeros(count, dtype=np.intp)

    def again(self) -> None:
        """Take up the problems that have settled, too: what follows looks closer."""
        self.damping[self.done] = TRUSTED
        self.left[:], self.done[:] = np.nan, False

    def go(self, look: Look, ends: Ends) -> Array:
        """Step until all but a few problems have settled; return where they began, (B,)."""
        live = np.flatnonzero(~self.done)
        if not live.size:
            return self.value
        self.value[live], self.slopes[:, live] = look(self.at[:, live], live)
        begun = self.value.copy()
        few, live = ends.few * live.size, live[np.isfinite(self.value[live])]
        for _ in range(ends.most):
            if live.size <= few:
                break
            live = self.step(look, live, ends)
        return begun

    def step(self, look: Look, live: Rows, ends: Ends) -> Rows:
        """Take one step of some problems; return those that are still on their way."""
        size, here, level = self.size, self.slopes[:, live], self.damping[live]
        value = self.value[live]
        resolved = self.task.size(value, live)
        matrix = here[size:].take(square(size), axis=0)
        diagonal = np.einsum("iib->ib", matrix)
        # A quadratic penalty has eigenvalues near one here: 1e-8 is no curvature at all.
        top = level * np.maximum(np.abs(diagonal).max(axis=0), 1e-8)
        diagonal += top
        move, gain, positive = small.solve(matrix, -here[:size])
        left = 0.5 * gain
        after = left * np.fmin(1.0, left / self.left[live]) if ends.steady else left
        self.left[live] = left
        settled = positive & (level <= ends.damping) & (after <= ends.left * resolved)
        settled &= (move * move).sum(axis=0) <= self.task.short(value, live)
        last = live[settled]
        self.at[:, last] += move[:, settled]
        self.value[last] -= left[settled]
        self.done[last] = True
        self.damping[live[~positive]] *= 10
        go = np.flatnonzero(positive & ~settled)
        if not go.size:
            return np.asarray(live[~self.done[live]])
        trying, move = live[go], move[:, go]
        there = self.at[:, trying] + move
        found, seen = look(there, trying)
        fall = value[go] - found
        better = fall > 0
        kept = trying[better]
        self.at[:, kept], self.value[kept] = there[:, better], found[better]
        self.slopes[:, kept] = seen[:, better]
        # Half of what the model promises without its damping.
        promise = left[go] + 0.5 * top[go] * (move**2).sum(axis=0)
        good = better & (fall > 0.25 * promise)
        self.damping[trying] *= np.where(good, 0.125, np.where(better, 1.0, 6.0))
        self.taken[trying] += 1
        # What rounding hides: no step lowers the objective, and none promises to by much.
        flat = ~better & (left[go] <= ends.flat * resolved[go])
        self.done[trying[flat]] = True
        return np.asarray(live[~self.done[live]])


def _exact(task: Task, theta: Array, root: Array) -> Look:
    """Return the objective with its own gradient and Hessian."""
    size = len(root)
    upper = pairs(size)
    gradient, hessian = task.model.unpack(np.eye(task.model.packed))
    whole = (root @ hessian @ root.T)[:, upper[0], upper[1]]
    whiten = np.concatenate([gradient @ root.T, whole], axis=1).T

    def look(at: Array, problems: Rows) -> tuple[Array, Array]:
        value, sums = task.sums(theta + at.T @ root, problems)
        return value, whiten @ sums.T

    return look


def _expanded(task: Task, shared: Expansion) -> Look:
    """Return the objective over the expansion."""
    apart = single(shared.level - task.target)
    weights = single(task.weights)
    width = max(1, CELLS // task.runs)

    def look(at: Array, problems: Rows) -> tuple[Array, Array]:
        if apart.ndim == 1 and not at.any():
            rho, first, second = task.objective.parts(apart)
            w = of_runs(weights, problems)
            return w @ rho, shared.slopes(at, shared.begin(w, first, second))
        factors, value, sums = shared.factors(at), np.empty(len(problems)), []
        for start in range(0, len(problems), width):
            some = slice(start, start + width)
            r = shared.residuals(factors[some], of_runs(apart, problems[some]))
            w = of_runs(weights, problems[some])
            value[some], first, second = task.objective.weigh(r, w)
            sums.append(shared.sums(first, second))
        return value, shared.slopes(at, np.concatenate(sums))

    return look


def _guided(task: Task, theta: Array, shared: Expansion, bent: Array) -> Look:
    """Return the objective with its own gradient, and Hessians ``bent`` (Q, B) that stay."""

    def look(at: Array, problems: Rows) -> tuple[Array, Array]:
        there = theta + shared.whitened(at).T @ shared.root
        value, gradient = task.pulls(there, problems)
        return value, np.concatenate([shared.pull(at, gradient), bent[:, problems]])

    return look
