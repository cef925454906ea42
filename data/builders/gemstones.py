"""The training curves of McLeish et al. 2025: 22 shapes at constant learning rate."""

from builders.rows import Files, Row, run
from scalinglaws.counting import six_nd


def per_token(width: int, depth: int) -> float:
    """Return training FLOPs per token as the Gemstones' authors count them, by component.

    A multiply-add is two FLOPs; the backward pass costs twice the forward pass, but 2.5 times in
    the part of attention that it computes anew. Looking up an embedding is free.
    """
    context, vocabulary, unit = 2048, 50304, 128
    heads = width / unit
    # As many heads again for keys and values: two queries share one of each. 3.5 FLOPs a unit
    # rotate queries and keys.
    projections = 2 * (heads + heads) * unit * width + 3.5 * (heads + heads / 2) * unit
    # The mask halves the scores, but not the softmax and the weighted sum.
    scores = (1 + 2) * context * heads * unit + 3 * context * heads
    output = 2 * heads * unit * width
    hidden = 4 * width
    # Three matrices, 10 FLOPs a hidden unit for its gate, 2 a unit for residuals, 7 for each norm.
    feed_forward = 6 * width * hidden + 10 * hidden + 2 * width
    norms = 2 * 7 * width
    layer = 3 * (projections + output + feed_forward + norms) + 3.5 * scores
    return depth * layer + 3 * (7 * width + 2 * width * vocabulary)


def hot(files: Files) -> list[Row]:
    """Return the curves at constant learning rate, by size and step."""
    rows: list[Row] = []
    for p in files["gemstones/fitting_hot_477.csv"]:
        params, tokens = float(p["params_active_precise"]), float(p["tokens"])
        width, depth = int(p["width"]), int(p["depth"])
        flops, loss = six_nd(params, tokens), float(p["final_loss"])
        shape: Row = {"run": f"{width}x{depth}", "width": width, "depth": depth}
        totals = run(params=params, tokens=tokens, flops=flops, loss=loss)
        authors = per_token(width, depth) * tokens
        rows.append(shape | totals | {"flops_authors": authors, "step": int(p["step"])})
    return sorted(rows, key=lambda r: (r["params"], r["step"]))


def cooled(files: Files) -> list[Row]:
    """Return runs before and after their learning rate was taken to zero, by size and tokens."""
    before: dict[str, list[dict[str, str]]] = {}
    for p in files["gemstones/fitting_cool_begin.csv"]:
        before.setdefault(p["run_name"], []).append(p)
    rows: list[Row] = []
    for p in files["gemstones/fitting_cool_end.csv"]:
        params, tokens = float(p["params_active_precise"]), float(p["tokens"])
        width, depth = int(p["width"]), int(p["depth"])
        # The last checkpoint at constant rate before a tenth more of its tokens.
        start = max(
            (b for b in before[p["run_name"]] if float(b["tokens"]) < tokens),
            key=lambda b: float(b["tokens"]),
        )
        shape: Row = {"run": f"{width}x{depth}", "width": width, "depth": depth}
        flops, loss = six_nd(params, tokens), float(p["final_loss"])
        shape |= run(params=params, tokens=tokens, flops=flops, loss=loss)
        shape |= {
            "flops_authors": per_token(width, depth) * tokens,
            "hot_tokens": float(start["tokens"]),
            "hot_loss": float(start["final_loss"]),
        }
        rows.append(shape)
    return sorted(rows, key=lambda r: (r["params"], r["tokens"]))


TABLES = {"hot": hot, "cooled": cooled}
