"""The estimators M1 to M4 of Alabdulmohsin et al. 2022, as their released procedure returns them.

Not the laws of their paper fitted well, but what their code finds, its quirks included:

- M2 and M4 alternate between a regression, which gives all but the two ends of the loss scale, and
  steps on these ends; that is no descent on one objective, and what is reached is a fixed point,
  or, where the path is too long, the point at which it was cut off.
- The regression of M4 keeps the ``err_0`` that it was given, whatever the steps make of it, and its
  coefficients are not negative, so that ``beta`` is at least one.
- The ends stay a thousandth away from the losses, and an upper bound of 1 means 1.001.
- A run stops when ``beta`` changes by less than 1e-10 in absolute value, so that a curve in large
  numbers goes on for longer than the same one in small ones.
- Of equal ``x`` the last is kept, and M4 predicts on a grid of 10,000 steps.

The path is followed in leaps (``leaps``), or on request step by step (``walk``). For
estimators that are well posed see :mod:`scalinglaws.laws`.
"""

from scalinglaws.curves.released.alternating import m2, m4
from scalinglaws.curves.released.direct import m1, m3
from scalinglaws.curves.released.result import Released

__all__ = ["Released", "m1", "m2", "m3", "m4"]
