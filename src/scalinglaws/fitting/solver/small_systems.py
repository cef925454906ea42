"""Small dense linear algebra for thousands of problems at once: the batch is the last axis."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def solve(matrix: Array, right: Array) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Solve ``A x = right`` for symmetric matrices (P, P, B) and right sides (P, B).

    Returns ``x`` (P, B), ``right' x`` (B,) and which matrices are positive definite (B,): for
    others, ``x`` means nothing. Gauss's elimination without pivoting, which needs none for these.
    """
    size = len(matrix)
    # Laid out by the batch, however the problems come: numpy is several times faster along it.
    both = np.empty((size, size + 1, matrix.shape[2]))
    both[:, :size], both[:, size] = matrix, right
    for k in range(size - 1):
        rest = both[k + 1 :, k + 1 :]
        rest -= both[k + 1 :, k, None] * (both[k, k + 1 :] / both[k, k])
    pivots = np.einsum("iib->ib", both[:, :size])
    positive = (pivots > 1e-14 * np.einsum("iib->ib", matrix)).all(axis=0)
    x = both[:, size]
    for k in range(size - 1, -1, -1):
        np.divide(x[k], pivots[k], out=x[k])
        above = x[:k]
        above -= both[:k, k] * x[k]
    return x, (x * right).sum(axis=0), positive
