"""Planning with learning curves: how many examples a target needs, and which model to go on with.

The two uses of Alabdulmohsin, Neyshabur and Zhai 2022, with :func:`scalinglaws.forecast` in place
of a single law. Each has its rehearsal on curves whose end is known: :func:`trials` asks every
curve of a table what :func:`needed` says, with :func:`summary`, and :func:`tally` counts how often
:func:`choices` were right. :func:`halving` stops the worse half of many models early.
"""

from scalinglaws.curves.planning.choice import choices, tally
from scalinglaws.curves.planning.need import Needed, needed
from scalinglaws.curves.planning.rehearsal import summary, trials
from scalinglaws.curves.planning.stopping import halving

__all__ = ["Needed", "choices", "halving", "needed", "summary", "tally", "trials"]
