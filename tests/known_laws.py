"""Each law of the catalogue with a truth near published values and a design that people have."""

from collections.abc import Mapping

import numpy as np

import scalinglaws as sl

Known = tuple[sl.laws.Law, Mapping[str, float], Mapping[str, np.ndarray]]


def _grid(**axes: np.ndarray) -> dict[str, np.ndarray]:
    return {k: v.ravel() for k, v in zip(axes, np.meshgrid(*axes.values()), strict=True)}


def _limited() -> dict[str, np.ndarray]:
    """Return runs of 1 to 64 epochs, some with far more parameters than the data asks for."""
    grid = _grid(
        params=np.geomspace(1e7, 8e9, 5),
        unique_tokens=np.geomspace(1e8, 5e10, 4),
        epochs=np.array([1.0, 4.0, 16.0, 64.0]),
    )
    grid["tokens"] = grid["unique_tokens"] * grid.pop("epochs")
    return grid


def _schedules() -> dict[str, np.ndarray]:
    """Return moments of a run at a constant rate, with a cosine, and cooled at the end."""
    step = np.arange(200.0, 10001.0, 200.0)
    rates = (
        np.ones(len(step)),
        0.55 + 0.45 * np.cos(np.pi * step / 10000),
        np.clip((10000 - step) / 2000, 0.0, 1.0),
    )
    s1, s2 = np.concatenate([sl.laws.areas(step, r) for r in rates], axis=1)
    return {"s1": s1, "s2": s2}


def _boards() -> dict[str, np.ndarray]:
    """Return runs on boards of 3 to 9, from before the climb to just short of perfect."""
    board = np.repeat(np.arange(3.0, 10.0), 6)
    climb, length = (160 * board + 4970) / 510, (270 * board - 570) / 510
    along = np.tile(np.linspace(0.0, 1.0, 6), 7)
    before, after = climb - 0.1 - 0.8 * along, climb + 0.1 + along * (length - 0.25)
    return {"board": np.tile(board, 2), "flops": 10 ** np.concatenate([before, after])}


_LIMITED = {"A": 521.0, "B": 1488.0, "E": 1.87, "alpha": 0.353, "beta": 0.353}
_SIZE, _DATA = sl.laws.power_law("params", floor=False), sl.laws.power_law("tokens")

ALL_LAWS: dict[str, Known] = {
    "power law": (
        sl.laws.power_law("tokens", floor=False),
        {"k": 11.4, "c": 0.066},
        {"tokens": np.geomspace(1e6, 1e9, 30)},
    ),
    "power law with floor": (
        sl.laws.power_law("tokens"),
        {"E": 1.8, "k": 400.0, "c": 0.28},
        {"tokens": np.geomspace(1e8, 1e12, 40)},
    ),
    "Chinchilla": (
        sl.laws.CHINCHILLA,
        {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366},
        _grid(params=np.geomspace(5e7, 1.5e10, 9), tokens=np.geomspace(1e9, 5e11, 9)),
    ),
    "tied exponents": (
        sl.laws.TIED,
        {"A": 561.6, "B": 1752.0, "E": 1.818, "alpha": 0.357},
        _grid(params=np.geomspace(5e7, 1.5e10, 9), tokens=np.geomspace(1e9, 5e11, 9)),
    ),
    "interaction": (
        sl.laws.INTERACTION,
        {"A": 401.0, "B": 1245.0, "E": 1.757, "alpha": 0.3285, "beta": 0.3333, "d": 0.774},
        _grid(params=np.geomspace(5e7, 1.5e10, 9), tokens=np.geomspace(1e9, 5e11, 9)),
    ),
    "shifted": (
        sl.laws.shifted("examples"),
        {"k": 100.0, "c": 0.285, "s": 2e-10},
        {"examples": np.geomspace(1e6, 1e10, 40)},
    ),
    "saturating": (
        sl.laws.saturating("examples"),
        {"E": 0.15, "L0": 0.99, "k": 270.0, "c": 0.35, "a": 0.8},
        {"examples": np.geomspace(3e5, 1e9, 60)},
    ),
    "one break": (
        sl.laws.broken_power_law("examples"),
        {"a": 0.35, "b": 9.0, "c0": 0.15, "c1": 0.35, "d1": 3e7, "f1": 0.4},
        {"examples": np.geomspace(1e5, 1e10, 60)},
    ),
    "two breaks": (
        sl.laws.broken_power_law("examples", breaks=2),
        {
            **{"a": 0.2, "b": 9.0, "c0": 0.1, "c1": 0.5, "d1": 1e6, "f1": 0.3},
            **{"c2": -0.35, "d2": 1e8, "f2": 0.3},
        },
        {"examples": np.geomspace(1e4, 1e10, 120)},
    ),
    "Kaplan, size and data": (
        sl.laws.KAPLAN_ND,
        {"N_c": 6.4e13, "D_c": 1.8e13, "alpha_N": 0.076, "alpha_D": 0.103},
        _grid(params=np.geomspace(4e5, 7e8, 8), tokens=np.geomspace(2e7, 2e10, 7)),
    ),
    "Kaplan, size and steps": (
        sl.laws.KAPLAN_NS,
        {"N_c": 6.5e13, "S_c": 2.1e3, "alpha_N": 0.077, "alpha_S": 0.76},
        _grid(params=np.geomspace(1e6, 1e9, 8), steps=np.geomspace(1e3, 2e5, 10)),
    ),
    "limited data": (
        sl.laws.DATA_CONSTRAINED,
        {**_LIMITED, "R_D": 15.387756, "R_N": 5.309743},
        _limited(),
    ),
    "routed": (
        sl.laws.ROUTED,
        {"a": -0.082, "b": -0.108, "c": 0.009, "d": 1.104, "E_start": 1.847, "E_max": 314.478},
        _grid(params=np.geomspace(1.5e7, 1.3e9, 7), experts=2.0 ** np.arange(10)),
    ),
    "downstream saturation": (
        sl.laws.ABNAR,
        {"k": 0.9, "alpha": 1.6, "e_IR": 0.12},
        {"upstream_error": np.geomspace(0.08, 0.9, 50)},
    ),
    "loss from another loss": (
        sl.laws.loss_to_loss(floor=0.2),
        {"K": 0.95, "kappa": 1.08, "E": 0.4},
        {"other_loss": np.geomspace(0.35, 4.4, 50)},
    ),
    "product of powers": (
        sl.laws.product(["params", "tokens"], response="learning_rate"),
        {"k": 1.79, "of_params": -0.713, "of_tokens": 0.307},
        {
            "params": np.repeat([1e8, 4e8, 1e9, 6e9], 5),
            "tokens": np.tile([2e9, 9e9, 3e10, 1e11, 6e11], 4),
        },
    ),
    "line in logits": (
        sl.laws.LOGIT_LINE,
        {"a": 0.6, "b": 0.85},
        {"upstream_error": np.geomspace(0.08, 0.9, 50)},
    ),
    "error from loss": (
        sl.laws.LOSS_TO_ERROR,
        {"eps": 0.86, "k": 2.1, "gamma": 0.71},
        {"loss": np.linspace(2.2, 4.5, 50)},
    ),
    "over-training": (
        sl.laws.OVERTRAINED,
        {"E": 1.84, "a": 210.0, "b": 190.0, "eta": 0.136},
        _grid(flops=np.geomspace(1e17, 1e21, 8), tokens_per_param=np.geomspace(5, 640, 7)),
    ),
    "learning-rate schedule": (
        sl.laws.ANNEALED,
        {"E": 2.6, "A": 12.0, "alpha": 0.4, "C": 1.5e-4},
        _schedules(),
    ),
    "transfer": (
        sl.laws.TRANSFER,
        {"k": 1.9e4, "alpha": 0.18, "beta": 0.38},
        _grid(finetuning=np.geomspace(1e5, 1e10, 8), params=np.geomspace(1e5, 1e9, 7)),
    ),
    "rectified": (
        sl.laws.rectified("samples"),
        {"E": 0.9, "B": 900.0, "D_l": 280.0, "beta": 0.6},
        {"samples": np.geomspace(200, 819200, 40)},
    ),
    "power law under an outer power": (
        sl.laws.vanilla("samples"),
        {"k": 9.0, "beta": 0.9, "s": 1e-4, "alpha": 0.3},
        {"samples": np.geomspace(200, 819200, 40)},
    ),
    "sigmoid": (
        sl.laws.sigmoid("upstream_loss"),
        {"low": 0.78, "high": 0.25, "mid": 2.7, "width": 0.22},
        {"upstream_loss": np.linspace(1.8, 4.5, 50)},
    ),
    "logistic in log": (
        sl.laws.logistic_in_log("flops"),
        {"low": 0.25, "high": 0.8, "mid": 1e21, "steepness": 0.9},
        {"flops": np.geomspace(1e19, 1e24, 50)},
    ),
    "sum of two": (
        sl.laws.add(_SIZE, _DATA),
        {"k": 482.0, "c": 0.348, "E": 1.817, "k_2": 2085.0, "c_2": 0.366},
        _grid(params=np.geomspace(5e7, 1.5e10, 9), tokens=np.geomspace(1e9, 5e11, 9)),
    ),
    "steps to a target": (
        sl.laws.STEPS_TO_TARGET,
        {"S_min": 2e3, "E_min": 1e9},
        {"batch_tokens": np.geomspace(1e4, 1e8, 30)},
    ),
    "straight line": (
        sl.laws.line("upstream_error"),
        {"level": 0.2, "slope": 0.9},
        {"upstream_error": np.geomspace(0.08, 0.9, 50)},
    ),
    "both ends": (
        sl.laws.both_ends("flops"),
        {"E": 0.12, "k": 0.63, "d": 0.52, "c": 0.32},
        {"flops": np.geomspace(1e-2, 1e4, 60)},
    ),
    "BLEU": (
        sl.laws.BLEU,
        {"C": 64.2, "k": 0.437},
        {"loss": np.linspace(1.8, 6.0, 40)},
    ),
    "encoder and decoder": (
        sl.laws.ENCODER_DECODER,
        {"E": 1.3, "k": 3e3, "p_e": 0.18, "p_d": 0.31},
        _grid(encoder_params=np.geomspace(1e7, 1e9, 7), decoder_params=np.geomspace(1e7, 1e9, 6)),
    ),
    "board game": (
        sl.laws.BOARD_GAME,
        {
            **{"by_board": 430.0, "by_decade": 510.0, "start": 4400.0},
            **{"plateau_by_board": 270.0, "plateau": -570.0},
        },
        _boards(),
    ),
    "counted without embeddings": (
        sl.laws.recounted(sl.laws.CHINCHILLA, omega=47491.0),
        {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366},
        _grid(params=np.geomspace(5e7, 1.5e10, 9), tokens=np.geomspace(1e9, 5e11, 9)),
    ),
}
