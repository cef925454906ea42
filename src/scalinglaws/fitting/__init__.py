"""From a law and a table to a minimum: objectives, starts, derivatives and the solver."""
