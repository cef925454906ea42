"""The empirical coverage of each kind of interval, on simulated runs of known laws.

Laws, truths and designs (``cases``), the simulation (``study``), its table (``table``, made by
``python -m scalinglaws.validation.coverage``), and what the library reads in it
(``intervals.measured_coverage``).
"""
