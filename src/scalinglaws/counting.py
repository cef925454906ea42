"""FLOPs and parameters by named convention: what is counted decides the exponent that comes out.

N is a number of parameters, D a number of tokens, C a number of floating-point operations of
training. Papers count them differently; each function says whose count it is and where it stands.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalinglaws.errors import BadParameters

PF_DAY = 1e15 * 24 * 3600
"""FLOPs in one petaFLOP/s-day, 8.64e19 (Kaplan et al. 2020, section 1.3)."""

BACKWARD = 2.0
"""FLOPs of the backward pass over those of the forward pass (Kaplan et al. 2020, section 2.1)."""


def with_ratio(runs: Any, inputs: tuple[str, ...]) -> Any:
    """Return a table with tokens per parameter, where a law needs it and it has the two of them."""
    if "tokens_per_param" not in inputs or not hasattr(runs, "columns"):
        return runs
    if "tokens_per_param" in runs.columns or not {"params", "tokens"} <= set(runs.columns):
        return runs
    return runs.assign(tokens_per_param=runs["tokens"] / runs["params"])


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a decoder-only transformer.

    ``layers`` blocks of width ``d_model``, each with ``heads`` attention heads of ``d_head``
    units and a feed-forward layer of ``d_ff`` units. ``vocab`` tokens; ``context`` tokens in a
    training sequence.
    """

    layers: int
    d_model: int
    d_ff: int
    heads: int
    d_head: int
    vocab: int
    context: int

    @property
    def d_attn(self) -> int:
        """Width of all heads together."""
        return self.heads * self.d_head


def six_nd(params: float, tokens: float) -> float:
    """Return the FLOPs of training by the rule C = 6ND.

    Two FLOPs for each parameter and token in the forward pass and four in the backward pass
    (Kaplan et al. 2020, section 2.1; Hoffmann et al. 2022, Appendix F). Whether ``params`` counts
    embeddings is for the caller to say. Takes numbers or float arrays; cast integer arrays first,
    since 6ND overflows a 64-bit integer above 9.2e18.
    """
    return 6.0 * params * tokens


def pf_days(flops: float) -> float:
    """Return petaFLOP/s-days for a number of FLOPs."""
    return flops / PF_DAY


def from_pf_days(days: float) -> float:
    """Return FLOPs for a number of petaFLOP/s-days."""
    return days * PF_DAY


def params_without_embeddings(shape: Shape) -> int:
    """Return N as Kaplan et al. 2020 count it (Table 1): attention and feed-forward weights only.

    ``layers (4 d_model d_attn + 2 d_model d_ff)``, which is ``12 layers d_model^2`` when
    ``d_attn = d_model = d_ff / 4``. Biases, norms, embeddings and the last layer are left out.
    """
    return shape.layers * (4 * shape.d_model * shape.d_attn + 2 * shape.d_model * shape.d_ff)


def params_with_embeddings(
    shape: Shape, *, tied: bool = True, learned_positions: bool = False
) -> int:
    """Return N with embeddings: attention, feed-forward and token embedding weights.

    ``tied`` shares the token embedding with the last layer (counted once); otherwise it counts
    twice. ``learned_positions`` adds ``context d_model`` weights. Biases and norms are left out.
    """
    tables = 1 if tied else 2
    positions = shape.context * shape.d_model if learned_positions else 0
    return params_without_embeddings(shape) + tables * shape.vocab * shape.d_model + positions


def params_with_last_layer(shape: Shape) -> int:
    """Return N as Porian et al. 2024 count it: attention, feed-forward and the last layer.

    An untied input embedding costs no multiplications and is left out.
    """
    return params_without_embeddings(shape) + shape.vocab * shape.d_model


def embedding_weight(*, vocab: float, aspect_ratio: float) -> float:
    """Return omega of :func:`with_embeddings` for a family of shapes: ``V (d / (12 l))^(1/3)``.

    ``aspect_ratio`` is width over layers. With ``n = 12 l d^2`` the width is ``(n d / (12
    l))^(1/3)``, and each of ``vocab`` tokens has a row as wide. Raises
    :class:`BadParameters` unless both are positive. Pearce and Song 2024, section 3.
    """
    if not (vocab > 0 and aspect_ratio > 0):
        raise BadParameters(
            f"a vocabulary and an aspect ratio are positive; found {vocab!r} and {aspect_ratio!r}"
        )
    return float(vocab * (aspect_ratio / 12.0) ** (1.0 / 3.0))


def with_embeddings(params_non_embedding: Any, *, omega: float) -> Any:
    """Return all parameters of models of one family: ``N = n + omega n^(1/3)``.

    ``n`` counts the layers only; embeddings grow with the width and so with its cube root. Takes
    numbers or float arrays. Pearce and Song 2024, section 3.
    """
    return params_non_embedding + omega * params_non_embedding ** (1.0 / 3.0)


def without_embeddings(params: Any, *, omega: float) -> Any:
    """Return the ``n`` of :func:`with_embeddings` for all parameters ``N``: its inverse.

    The real root of ``u^3 + omega u = N``, cubed. Takes numbers or float arrays.
    """
    if omega == 0:
        return params
    third, half = omega / 3.0, params / 2.0
    # sinh's triple-angle formula: no difference of large numbers, as in Cardano's.
    root = 2.0 * np.sqrt(third) * np.sinh(np.arcsinh(half / third**1.5) / 3.0)
    return root**3


def params_relative(shape: Shape) -> int:
    """Return N for Gopher's and Chinchilla's architecture: tied embeddings, relative positions.

    Each layer has one more ``d_model d_attn`` matrix, which projects the relative positions
    (Rae et al. 2021 use that scheme). With it the sizes of Hoffmann et al. 2022,
    Table A4 come out within one unit of the last printed digit; without it all are 4 to 9% short.
    """
    return params_with_embeddings(shape) + shape.layers * shape.d_model * shape.d_attn


def kaplan_per_token(shape: Shape, *, attention: bool = False) -> float:
    """Return training FLOPs per token by Kaplan et al. 2020, section 2.1: 6N without embeddings.

    ``attention`` adds the term that grows with the context, ``2 layers context d_model`` in the
    forward pass (their equation 2.2), three times that in training.
    """
    context = 2 * shape.layers * shape.context * shape.d_model if attention else 0
    return (1 + BACKWARD) * (2.0 * params_without_embeddings(shape) + context)


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Forward FLOPs of one sequence by component (Hoffmann et al. 2022, Appendix F).

    ``qkv``, ``logits``, ``softmax``, ``reduction``, ``project`` and ``dense`` are for one layer;
    ``embeddings`` and ``final_logits`` occur once.
    """

    layers: int
    embeddings: float
    qkv: float
    logits: float
    softmax: float
    reduction: float
    project: float
    dense: float
    final_logits: float

    @property
    def layer(self) -> float:
        """FLOPs of one layer."""
        attention = self.qkv + self.logits + self.softmax + self.reduction + self.project
        return attention + self.dense

    @property
    def total(self) -> float:
        """FLOPs of the forward pass as the appendix's text sums it."""
        return self.embeddings + self.layers * self.layer + self.final_logits

    @property
    def layers_only(self) -> float:
        """FLOPs of the layers alone, without embeddings and final logits."""
        return self.layers * self.layer


def chinchilla_forward(shape: Shape) -> Forward:
    """Return the forward FLOPs of one sequence of ``context`` tokens, by component.

    Hoffmann et al. 2022, Appendix F; a multiply-add counts as two FLOPs.
    """
    s, d = float(shape.context), float(shape.d_model)
    return Forward(
        layers=shape.layers,
        embeddings=2 * s * shape.vocab * d,
        qkv=2 * 3 * s * d * shape.d_attn,
        logits=2 * s * s * shape.d_attn,
        softmax=3 * shape.heads * s * s,
        reduction=2 * s * s * shape.d_attn,
        project=2 * s * shape.d_attn * d,
        dense=2 * s * (2 * d * shape.d_ff),
        final_logits=2 * s * d * shape.vocab,
    )


def chinchilla_per_token(shape: Shape, *, embeddings: bool = True) -> float:
    """Return training FLOPs per token by Hoffmann et al. 2022, Appendix F.

    The forward pass by component, and twice that for the backward pass. ``embeddings=False``
    leaves out embeddings and final logits. The appendix's text includes them; the ratios to 6ND
    printed in its Table A4 come out only without them (all six to their two decimals).
    """
    forward = chinchilla_forward(shape)
    counted = forward.total if embeddings else forward.layers_only
    return (1 + BACKWARD) * counted / shape.context
