"""From a fit to a decision: which runs to train next, and a report of one page."""
