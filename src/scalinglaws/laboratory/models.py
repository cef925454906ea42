"""A neural language model of characters, small enough to write out its derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scalinglaws.laboratory.text import ALPHABET

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = npt.NDArray[np.float64]
Characters = npt.NDArray[np.intp]

_HIDDEN = 8  # units at which the output is not scaled


@dataclass(frozen=True, kw_only=True)
class CharacterModel:
    r"""Predict a character from those before it, by one hidden layer.

    .. math:: p = \operatorname{softmax}(\sqrt{8/h}\, U^T \tanh(W^T [e_1, \dots, e_k] + b) + c)

    with ``context`` characters :math:`k`, each an embedding :math:`e` of ``embedding`` numbers, and
    ``hidden`` units :math:`h`. The root keeps what a step of the optimiser does to the output the
    same at every size, so that one learning rate serves all. The weights are one array of shape
    (params,), so that an optimiser needs to know nothing of the model.

    Source: Bengio et al. 2003, "A Neural Probabilistic Language Model", for the form.

    >>> CharacterModel(hidden=8).params
    1183
    """

    hidden: int
    context: int = 8
    embedding: int = 8
    symbols: int = len(ALPHABET)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of embeddings, hidden layer and its bias, output layer and its bias."""
        return (
            (self.symbols, self.embedding),
            (self.context * self.embedding, self.hidden),
            (self.hidden,),
            (self.hidden, self.symbols),
            (self.symbols,),
        )

    @property
    def _scale(self) -> float:
        return math.sqrt(_HIDDEN / self.hidden)

    @property
    def params(self) -> int:
        """Number of weights, embeddings included."""
        return sum(math.prod(shape) for shape in self.shapes)

    def parts(self, weights: Array) -> Sequence[Array]:
        """Return views of the weights (params,) in their shapes."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        pieces = np.split(weights, ends[:-1])
        return [piece.reshape(s) for piece, s in zip(pieces, self.shapes, strict=True)]

    def start(self, rng: np.random.Generator) -> Array:
        """Draw weights to start from, (params,): inputs of the hidden units are near one."""
        weights = np.zeros(self.params)
        embeddings, inner, _, outer, _ = self.parts(weights)
        embeddings[:] = rng.normal(0, 0.5, embeddings.shape)
        inner[:] = rng.normal(0, 2 / math.sqrt(len(inner)), inner.shape)
        outer[:] = rng.normal(0, 0.1 / math.sqrt(_HIDDEN), outer.shape)
        return weights

    def loss(self, weights: Array, contexts: Characters, following: Characters) -> float:
        """Return the mean loss in nats per character.

        ``weights`` (params,), ``contexts`` (m, context) and ``following`` (m,) characters.
        """
        return -float(
            np.mean(self._forward(weights, contexts)[2][range(len(following)), following])
        )

    def gradient(
        self, weights: Array, contexts: Characters, following: Characters
    ) -> tuple[float, Array]:
        """Return the mean loss and its derivatives by all weights (params,); see :meth:`loss`."""
        count = len(following)
        inputs, hidden, logs = self._forward(weights, contexts)
        rows = np.arange(count)
        _, inner, _, outer, _ = self.parts(weights)
        found = np.empty_like(weights)
        by_embedding, by_inner, by_bias, by_outer, by_offset = self.parts(found)
        off = np.exp(logs)
        off[rows, following] -= 1
        off /= count
        off.sum(0, out=by_offset)
        off *= self._scale
        np.matmul(hidden.T, off, out=by_outer)
        back = (off @ outer.T) * (1 - hidden**2)
        back.sum(0, out=by_bias)
        np.matmul(inputs.T, back, out=by_inner)
        each = (back @ inner.T).reshape(-1, self.embedding)
        # A product with ones and zeros, since adding at places one by one is ten times as slow.
        places = np.zeros((self.symbols, contexts.size))
        places[contexts.ravel(), np.arange(contexts.size)] = 1
        np.matmul(places, each, out=by_embedding)
        return -float(np.mean(logs[rows, following])), found

    def _forward(self, weights: Array, contexts: Characters) -> tuple[Array, Array, Array]:
        """Return inputs and hidden units, and the logarithm of each symbol's probability."""
        embeddings, inner, bias, outer, offset = self.parts(weights)
        inputs = embeddings[contexts].reshape(len(contexts), -1)
        hidden = np.tanh(inputs @ inner + bias)
        scores = self._scale * (hidden @ outer) + offset
        scores -= scores.max(1, keepdims=True)
        scores -= np.log(np.exp(scores).sum(1, keepdims=True))
        return inputs, hidden, scores
