"""Refit thousands of resamples near one known fit: where a bootstrap's time goes.

All problems start at the same point, in coordinates in which its metric is the identity, so the
first step needs sums over one table only and later ones no decompositions: a few passes over the
runs a step, and small triangular solves for the whole batch at once. A problem that leaves its
bounds or does not settle is given back, for :func:`scalinglaws.solve.minimise` to solve.
"""

from dataclasses import dataclass

import numpy as np

from scalinglaws.jet import pairs
from scalinglaws.laws import Array
from scalinglaws.model.jets import square
from scalinglaws.solve import small
from scalinglaws.solve.task import Rows, Solution, Task

STEPS = 60


@dataclass(frozen=True)
class Ends:
    """When a problem has settled, and how many may be left behind.

    ``left`` is Newton's own estimate of what is left, as a share of the objective, below which the
    last step is taken without looking again: what it misses is of the order of this to the power
    3/2. ``damping`` is the most at which a step counts as Newton's own, and ``short`` says whether
    it must be short, too. ``flat`` is the share of the objective that rounding may hide: a problem
    with less left that no step improves has settled. ``few`` is the share of problems still on
    their way at which to stop.
    """

    left: float
    damping: float
    short: bool
    flat: float
    few: float


FINISH = Ends(left=1e-9, damping=1e-4, short=True, flat=1e-11, few=0.0)
LEAVE = Ends(left=1e-6, damping=1e-2, short=False, flat=1e-4, few=0.02)
"""The same for the way there in single precision."""


def refit(task: Task, theta: Array, root: Array, first: Array | None = None) -> Solution:
    """Minimise every problem of a task from one point (P,).

    ``root`` (F, P) takes a gradient into F coordinates, one a parameter that may move, in which
    the metric there is the identity. ``first`` (1 + F + F (F + 1) / 2, B) holds objective, gradient
    and upper Hessian at the start in these, where they are known. The way there is in single
    precision where the model has it, the end in double. Problems that were given back have
    ``converged`` false and an infinite objective.
    """
    count = task.problems
    walk = _Walk(task, theta, root, np.zeros((len(root), count)))
    single = task.single()
    if single is None:
        walk.go(first, np.full(count, 0.3), ends=FINISH)
    else:
        way = _Walk(single, theta, root, walk.at)
        way.go(first, np.full(count, 0.3), ends=LEAVE)
        walk.go(None, np.where(way.done, 1e-6, way.damping), ends=FINISH)
        walk.taken += way.taken
    out = theta + walk.at.T @ root
    done = walk.done & ((out >= task.lower) & (out <= task.upper)).all(axis=1)
    return Solution(out, np.where(done, walk.value, np.inf), done, walk.taken)


class _Walk:
    """Second-order steps in whitened coordinates; the batch is the last axis of every array."""

    def __init__(self, task: Task, theta: Array, root: Array, at: Array) -> None:
        size, count = at.shape
        upper = pairs(size)
        self.task, self.theta, self.root, self.size, self.at = task, theta, root, size, at
        self.square = square(size) + size
        gradient, hessian = task.model.unpack(np.eye(task.model.packed))
        whole = (root @ hessian @ root.T)[:, upper[0], upper[1]]
        self.whiten = np.concatenate([gradient @ root.T, whole], axis=1).T
        self.value = np.zeros(count)
        self.slopes = np.zeros((size + len(upper[0]), count))
        self.damping = np.zeros(count)
        self.done = np.zeros(count, dtype=bool)
        self.taken = np.zeros(count, dtype=np.intp)

    def look(self, at: Array, problems: Rows) -> tuple[Array, Array]:
        """Return objective (b,) and slopes (P + P (P + 1) / 2, b) at coordinates (P, b)."""
        value, sums = self.task.sums(self.theta + at.T @ self.root, problems)
        with np.errstate(all="ignore"):
            return value, self.whiten @ sums.T

    def go(self, first: Array | None, damping: Array, *, ends: Ends) -> None:
        """Step until all but a few problems have settled."""
        everyone = np.arange(len(self.value))
        found = self.look(self.at, everyone) if first is None else (first[0], first[1:])
        self.value[:], self.slopes[:] = found
        self.damping[:] = damping
        live = np.flatnonzero(np.isfinite(self.value))
        for _ in range(STEPS):
            if live.size <= ends.few * len(everyone):
                break
            live = self.step(live, ends)

    def step(self, live: Rows, ends: Ends) -> Rows:
        """Take one step of some problems; return those that are still on their way."""
        size, here, level = self.size, self.slopes.take(live, axis=1), self.damping[live]
        value, resolved = self.value[live], self.task.size(self.value[live], live)
        diagonal = here[np.diag(self.square)]
        # A quadratic penalty has eigenvalues near one here: 1e-8 is no curvature at all.
        top = level * np.maximum(np.abs(diagonal).max(axis=0), 1e-8)
        here[np.diag(self.square)] = diagonal + top
        with np.errstate(all="ignore"):
            move, gain, positive = small.solve(here[self.square], -here[:size])
        settled = positive & (level <= ends.damping) & (0.5 * gain <= ends.left * resolved)
        if ends.short:
            settled &= (move * move).sum(axis=0) <= self.task.short(value, live)
        last = live[settled]
        self.at[:, last] += move[:, settled]
        self.value[last] -= 0.5 * gain[settled]
        self.done[last] = True
        self.damping[live[~positive]] *= 10
        go = np.flatnonzero(positive & ~settled)
        trying, move = live[go], move[:, go]
        there = self.at[:, trying] + move
        found, seen = self.look(there, trying)
        fall = value[go] - found
        better = fall > 0
        kept = trying[better]
        self.at[:, kept], self.value[kept] = there[:, better], found[better]
        self.slopes[:, kept] = seen[:, better]
        # Half of what the model promises without its damping.
        promise = 0.5 * gain[go] + 0.5 * top[go] * (move**2).sum(axis=0)
        good = better & (fall > 0.25 * promise)
        self.damping[trying] *= np.where(good, 0.125, np.where(better, 1.0, 6.0))
        self.taken[trying] += 1
        # What rounding hides: no step lowers the objective, and none promises to by much.
        flat = ~better & (0.5 * gain[go] <= ends.flat * resolved[go])
        self.done[trying[flat]] = True
        return np.asarray(live[~self.done[live]])


def start(task: Task, f: Array, slope: Array, bend: Array, root: Array, *, weights: Array) -> Array:
    """Return ``first`` of :func:`refit` for problems that share their measured loss.

    ``f`` (n,), ``slope`` (P, n) and ``bend`` (P, P, n) are the law and its derivatives at the
    start, ``weights`` (B, n) those of the problems.
    """
    slope, bend = root @ slope, np.einsum("ai,bj,ijn->abn", root, root, bend)
    if task.objective.space == "log":
        slope = slope / f
        bend = bend / f - slope[:, None] * slope[None]
    rho, d1, d2 = task.objective.parts(task.objective.residuals(f, task.y))
    i, j = pairs(len(slope))
    upper = d2 * slope[i] * slope[j] + d1 * bend[i, j]
    return np.asarray(np.vstack([rho, d1 * slope, upper]) @ weights.T)
