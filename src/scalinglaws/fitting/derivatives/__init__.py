"""Values and exact derivatives of a law on given inputs, for a batch of parameter vectors.

The solver moves in *internal* parameters: the logarithm of a scale, the value of an exponent.
Inputs are (n,), shared by the batch, or (B, n), one row for each problem.
"""
