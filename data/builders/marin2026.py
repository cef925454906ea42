"""Marin's ladders of dense and sparse language models, at the best size of each budget."""

import re

from builders.rows import Files, Row

DENSE = "marin/delphi_c4_bpb.csv"
BEST = "marin/moe_v16_best.csv"
CELLS = "marin/moe_v16_cells_actual_flops.csv"
_NAMED = re.compile(r"-(\de\+?\d+)-d(\d+)")


def _number(text: str) -> float | str:
    return float(text) if text else ""


def experts(files: Files) -> list[Row]:
    """Return the best sparse model of each budget, the two held-out ones last."""
    return [
        {
            "flops": float(p["budget_flops"]),
            "loss": float(p["paloma_macro_nats"]),
            "bits_per_byte": _number(p["c4_en_bpb"]),
            "width": int(p["best_dim"]),
            "layers": int(p["layers"]) if p["layers"] else "",
            "extrapolation": p["kind"] == "held_out",
        }
        for p in files[BEST]
    ]


def cells(files: Files) -> list[Row]:
    """Return the sparse models whose FLOPs were counted, by FLOPs."""
    rows: list[Row] = []
    for p in files[CELLS]:
        budget, width = _NAMED.search(p["run"]).groups()  # type: ignore[union-attr]
        rows.append(
            {
                "budget": float(budget),
                "flops": float(p["actual_flops"]),
                "bits_per_byte": float(p["c4_en_bpb"]),
                "width": int(width),
                "later_version": p["run"].startswith("moe-v7"),
            }
        )
    return sorted(rows, key=lambda r: (r["flops"], r["width"]))


def dense(files: Files) -> list[Row]:
    """Return the lowest dense loss of each budget, the three held-out ones last."""
    return [
        {
            "flops": float(p["flops"]),
            "bits_per_byte": float(p["c4_en_bpb"]),
            "finished_runs": int(p["finished_runs"]),
            "extrapolation": p["family"] == "optimal",
        }
        for p in files[DENSE]
    ]


TABLES = {"experts": experts, "cells": cells, "dense": dense}
