"""The dense and routed language models of Clark et al. 2022, at the end of their training."""

from builders.rows import Files, Row

CURVES = "routing-clark2022/curves.csv"
ROUTERS = {"Dense": "dense", "S-Base": "s-base", "RL-R": "rl-r", "Hash": "hash"}


def runs(files: Files) -> list[Row]:
    """Return the last row of each of the 223 curves, by router, size, experts and the rest."""
    last: dict[str, dict[str, str]] = {}
    for p in files[CURVES]:
        known = last.get(p["hyper_id"])
        if known is None or int(p["step"]) > int(known["step"]):
            last[p["hyper_id"]] = p
    rows: list[Row] = []
    for p in last.values():
        seed, k = int(p["seed"]), int(p["k"])
        share, flops = float(p["routing_frequency"]), float(p["flop_increase"])
        rows.append(
            {
                "router": ROUTERS[p["router_type"]],
                "params": float(p["dense_parameter_count"]),
                "experts": int(p["num_experts"]),
                "total_params": float(p["total_parameter_count"]),
                "loss": float(p["loss_validation"]),
                "flops_per_step": float(p["flops_per_step"]),
                "experts_per_token": k,
                "routed_layers": share,
                "wider": flops,
                "seed": seed,
                "step": int(p["step"]),
                "in_fit": k == 1 and share == 0.5 and flops == 1 and seed == 42,
            }
        )
    keys = ("router", "params", "experts", "experts_per_token", "routed_layers", "wider", "seed")
    return sorted(rows, key=lambda r: (*(r[k] for k in keys), r["loss"]))


TABLES = {"runs": runs}
