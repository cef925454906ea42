"""IsoFLOP profiles of Chinchilla, Llama 3 and Marin, with the collection's flags."""

from builders.rows import Files, Row, by_budget, run

REASONS = {
    "none": "",
    "exact_duplicate": "same size twice at this budget; the run nearer to the budget is kept",
    "near_duplicate_params": "within 1% of another size at this budget, which is nearer to it",
    "off_center": "too far to one side of the profile's minimum",
    "spline_outlier": "far off the curve through the other points of its budget",
    "too_few_points": "the whole budget: fewer than six points",
    "weak_curvature": "the whole budget: no curvature beyond its scatter, so no minimum",
}


def _profile(files: Files, experiment: str) -> list[dict[str, str]]:
    points = files["isoflops-openathena/transform_isoflops.csv"]
    return [p for p in points if p["experiment"] == experiment]


def _flags(point: dict[str, str]) -> Row:
    return {"outlier": point["outlier"] == "True", "reason": REASONS[point["reason"]]}


def as_collected(files: Files, experiment: str) -> list[Row]:
    """Return the profiles of an experiment as the collection has them, with its flags."""
    points = _profile(files, experiment)
    return by_budget(
        [
            run(
                params=float(p["params"]),
                tokens=float(p["tokens"]),
                flops=float(p["budget"]),
                loss=float(p["loss"]),
            )
            | _flags(p)
            for p in points
        ]
    )


def llama3(files: Files) -> list[Row]:
    """Return the Llama 3 profiles; the flags belong to the same points, matched one by one."""
    points = files["llama3-isoflop/isoflops_points.csv"]
    flagged = {
        (float(p["tokens"]), float(p["loss"])): p for p in _profile(files, "llama_3__raw_loss")
    }
    rows = []
    for p in points:
        flops, tokens = float(p["compute_budget"]), float(p["training_tokens"])
        loss = float(p["validation_loss"])
        rows.append(
            run(params=flops / (6.0 * tokens), tokens=tokens, flops=flops, loss=loss)
            | _flags(flagged[tokens, loss])
        )
    return by_budget(rows)


TABLES = {
    "chinchilla": lambda files: as_collected(files, "epochai_chinchilla__massivetext__chinchilla"),
    "chinchilla_apple": lambda files: as_collected(files, "ml_scalefit__massivetext__chinchilla"),
    "llama3": llama3,
    "marin_comma": lambda files: as_collected(files, "marin_202603__comma__llama_2"),
    "marin_dclm": lambda files: as_collected(files, "marin_202603__dclm__llama_2"),
    "marin_nemotron": lambda files: as_collected(files, "marin_202603__nemotron__llama_2"),
}
