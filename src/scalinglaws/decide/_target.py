"""The answer whose interval new runs are to narrow: a best size, or a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws import _checks as checks
from scalinglaws._format import count, flops_words
from scalinglaws.compute.allocate import allocate
from scalinglaws.compute.optimum import optimal_params
from scalinglaws.errors import BadParameters
from scalinglaws.intervals import beyond

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._fit import Fit
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A best size for ``flops``, or the loss at ``params`` and ``tokens``.

    ``now`` is the logarithm of its interval's upper end over its lower, ``allowed`` what it is
    widened by per decade beyond the runs, ``law`` the fit's as one of params and tokens. A loss
    has the interval to stake on; of a best size only what the law leaves open can be foretold, as
    how much it moves beyond that shows when the runs are there. FLOPs are ``per_param_token`` for
    each parameter and token.
    """

    law: Law
    words: str
    flops: float
    params: float
    tokens: float
    of_loss: bool
    now: float
    allowed: float
    level: float
    per_param_token: float

    @classmethod
    def of(
        cls,
        fit: Fit,
        law: Law,
        *,
        flops: float | None,
        at: Mapping[str, float] | None,
        level: float,
        per_param_token: float,
    ) -> Target:
        """Return the target that is asked for, with its interval as the library gives it."""
        if (flops is None) == (at is None):
            raise BadParameters(
                "say which answer is to be narrowed: flops=1e24 for the best size of that budget, "
                "or at={'params': 7e9, 'tokens': 140e9} for the loss there"
            )
        if at is not None:
            point = checks.numbers(at, what="at")
            if set(point) != {"params", "tokens"} or min(point.values()) <= 0:
                raise BadParameters(f"at names positive params and tokens; found {dict(at)}")
            told = fit.predict(level=level, **_inputs(fit, k=per_param_token, **point))
            return cls(
                law=law,
                words=f"the interval to stake on of the loss at {count(point['params'])} "
                f"parameters and {count(point['tokens'])} tokens",
                flops=per_param_token * point["params"] * point["tokens"],
                params=point["params"],
                tokens=point["tokens"],
                of_loss=True,
                now=float(np.log(told["high"][0] / told["low"][0])),
                allowed=beyond.per_decade(fit),
                level=level,
                per_param_token=per_param_token,
            )
        assert flops is not None
        split = allocate(fit, flops, level=level, per_param_token=per_param_token)
        spent = flops_words(split["flops"][0])
        return cls(
            law=law,
            words=f"the interval, if the law holds, of the best size for {spent} FLOPs",
            flops=float(split["flops"][0]),
            params=float(split["params"][0]),
            tokens=float(split["tokens"][0]),
            of_loss=False,
            now=float(np.log(split["params_law_high"][0] / split["params_law_low"][0])),
            allowed=0.0,
            level=level,
            per_param_token=per_param_token,
        )

    def logs(self, values: Mapping[str, Array]) -> Array:
        """Return the logarithm of the answer (B,) for parameter values (B,)."""
        if self.of_loss:
            at = {"params": np.array([self.params]), "tokens": np.array([self.tokens])}
            columns = {k: np.atleast_1d(v)[:, None] for k, v in values.items()}
            return np.asarray(np.log(self.law.function(columns, at))[:, 0])
        k, flops = self.per_param_token, np.array([self.flops])
        return np.log(optimal_params(self.law, values, flops, per_param_token=k)[:, 0])

    def decades(self, there: Mapping[str, Array], more: Mapping[str, Array]) -> Array:
        """Return how far the answer lies beyond runs and one more each, in decades, (m,).

        ``there`` holds ``params`` and ``tokens`` of the runs, ``more`` those of the candidates.
        """
        most = {k: np.maximum(there[k].max(), v) for k, v in more.items()}
        least = {k: np.minimum(there[k].min(), v) for k, v in more.items()}
        largest = self.per_param_token * np.maximum(
            (there["params"] * there["tokens"]).max(), more["params"] * more["tokens"]
        )
        out = np.maximum(1.0, self.flops / largest)
        if self.of_loss:
            for name, value in (("params", self.params), ("tokens", self.tokens)):
                out = np.maximum(out, np.maximum(value / most[name], least[name] / value))
        return np.asarray(np.log10(out))

    def width(self, middle: float, ends: Array, decades: float) -> float:
        """Return the logarithm of the upper over the lower end to stake on; all are logarithms."""
        extra = beyond.half_width(self.level, self.allowed) * decades
        low, high = float(ends[0]) - middle, float(ends[1]) - middle
        return float(np.hypot(low, extra) + np.hypot(high, extra))


def _inputs(fit: Fitted, *, params: float, tokens: float, k: float) -> Any:
    """Return a point as the inputs of a fit's law."""
    every = {
        "params": params,
        "tokens": tokens,
        "flops": k * params * tokens,
        "tokens_per_param": tokens / params,
    }
    return {name: np.array([every[name]]) for name in fit.law.inputs}
