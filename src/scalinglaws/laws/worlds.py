"""Laws from beyond language: vision at both ends, encoders against decoders, board games."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Bound, Parameter, Values, coefficient, exponent, level


def _both_ends(over: str, p: Values, x: Values) -> Any:
    return p["E"] + p["k"] * np.exp(-p["c"] * np.logaddexp(np.log(x[over]), np.log(p["d"])))


def _guess_both_ends(
    over: str, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # The drawn share places the bend from far before the data to their middle.
    log_x = np.log(inputs[over])
    return {**values, "d": np.exp(log_x.min() - 6.0 + values["d"] * (np.ptp(log_x) / 2 + 6.0))}


def both_ends(over: str) -> Law:
    """Return the power law that saturates at both ends, ``L = E + k (x + d)^-c``.

    Far above ``d`` it is a power law with floor ``E``; far below, a level ``E + k d^-c``. Zhai et
    al. 2021 use it for the error of vision transformers against compute.
    """
    return Law(
        name=f"power law in {over}, saturated at both ends",
        inputs=(over,),
        parameters=(
            level("E", "E", "loss", "loss that no scale removes"),
            coefficient("k", "k", f"loss * {over}^c", "weight of the power law"),
            Parameter(
                name="d",
                symbol="d",
                unit=over,
                meaning="input below which the curve is flat",
                lower=1e-30,
                start=(0.02, 1.0),
            ),
            exponent("c", "c", "how fast the loss falls"),
        ),
        function=Bound(_both_ends, (over,)),
        guess=Bound(_guess_both_ends, (over,)),
        linear=("k", "E"),
        formula="L = E + k (x + d)^-c",
        reference="Zhai et al. 2021, figure 2",
    )


def _encoder_decoder(p: Values, x: Values) -> Any:
    log = -p["p_e"] * np.log(x["encoder_params"]) - p["p_d"] * np.log(x["decoder_params"])
    return p["E"] + p["k"] * np.exp(log)


ENCODER_DECODER = Law(
    name="encoder and decoder",
    inputs=("encoder_params", "decoder_params"),
    parameters=(
        level("E", "E", "loss", "loss that no size removes"),
        coefficient(
            "k",
            "k",
            "loss * encoder_params^p_e * decoder_params^p_d",
            "weight of the reducible loss",
        ),
        exponent("p_e", "p_e", "how fast the loss falls with the encoder's size"),
        exponent("p_d", "p_d", "how fast the loss falls with the decoder's size"),
    ),
    function=_encoder_decoder,
    linear=("k", "E"),
    formula="L = E + k N_e^-p_e N_d^-p_d",
    reference="Ghorbani et al. 2021",
)
"""Loss of a translation model from the sizes of its encoder and its decoder."""


def _bleu(p: Values, x: Values) -> Any:
    return p["C"] * np.exp(-p["k"] * x["loss"])


BLEU = Law(
    name="BLEU from loss",
    inputs=("loss",),
    parameters=(
        coefficient("C", "C", "BLEU", "BLEU that the curve reaches at a loss of zero"),
        exponent("k", "k", "how fast BLEU falls with the loss", upper=10.0),
    ),
    function=_bleu,
    linear=("C",),
    formula="BLEU = C exp(-k L)",
    reference="Gordon et al. 2021",
    response="bleu",
    domain="real",
)
"""Quality of a translation from the loss of the model that made it."""


_CORNER = 1.0
"""Elo over which the corners of the law are rounded, so that a solver sees both of their sides.

With sharper corners each run that passes one makes a valley of its own: at a quarter of an Elo all
starts ended in one that is not the lowest, on Hex up to boards of five and of six.
"""


def _board_game(p: Values, x: Values) -> Any:
    incline = p["by_board"] * x["board"] - p["by_decade"] * np.log10(x["flops"]) + p["start"]
    plateau = p["plateau_by_board"] * x["board"] + p["plateau"]
    least = -_CORNER * np.logaddexp(-incline / _CORNER, -plateau / _CORNER)
    return _CORNER * np.logaddexp(least / _CORNER, 0.0)


def _guess_board_game(
    values: Mapping[str, Array], inputs: Mapping[str, Array], gap: Array
) -> Mapping[str, Array]:
    # A drawn share of each board's worst points gives the plateau, the rest the incline.
    board, ones = inputs["board"], np.ones(len(gap))
    rank = np.empty(len(gap))
    for size in np.unique(board):
        mine = board == size
        rank[mine] = (-gap[mine]).argsort().argsort() / mine.sum()
    found = []
    for share in np.linspace(0.1, 0.7, len(values["by_board"])):
        flat = rank < share
        rise = np.stack([board, -np.log10(inputs["flops"]), ones], axis=-1)[~flat]
        top = np.stack([board, ones], axis=-1)[flat]
        found.append([*np.linalg.lstsq(rise, gap[~flat])[0], *np.linalg.lstsq(top, gap[flat])[0]])
    return dict(zip(BOARD_GAME.names, np.transpose(found), strict=True))


def _slope(name: str, symbol: str, unit: str, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        symbol=symbol,
        unit=unit,
        meaning=meaning,
        lower=-np.inf,
        space="linear",
        start=(-1000.0, 1000.0),
    )


BOARD_GAME = Law(
    name="board game",
    inputs=("board", "flops"),
    parameters=(
        _slope("by_board", "m_b", "Elo", "how much further off a larger board is"),
        _slope("by_decade", "m_C", "Elo", "what a decade of compute brings"),
        _slope("start", "c_i", "Elo", "where the incline starts"),
        _slope(
            "plateau_by_board", "m_p", "Elo", "how much further off play on a larger board begins"
        ),
        _slope("plateau", "c_p", "Elo", "where play begins"),
    ),
    function=_board_game,
    guess=_guess_board_game,
    formula="gap = max(0, min(m_b board - m_C log10 C + c_i, m_p board + c_p))",
    reference="Jones 2021",
    response="gap",
    domain="real",
)
"""Elo short of perfect play, ``gap``: level at first, then falling with compute to zero.

Jones 2021 prints the same constants for the Elo itself, with the opposite sign.
"""
