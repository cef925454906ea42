"""Epoch AI's models with their training compute, and what training them cost, Cottier 2024."""

from datetime import date

from builders.rows import Files, Row, Value

MODELS = "training-cost/epoch_models_cut.csv"


def models(files: Files) -> list[Row]:
    """Return the models by year, then by flops and name."""
    rows: list[Row] = [
        {
            "model": row["Model"].strip(),
            "organization": row["Organization"] or "not recorded",
            "domain": row["Domain"] or "not recorded",
            "year": _year(row["Publication date"]),
            "params": _number(row["Parameters"]),
            "flops": float(row["Training compute (FLOP)"]),
            "tokens": _tokens(row),
            "datapoints": _datapoints(row),
            "epochs": _number(row["Epochs"]),
            "finetuned": bool(row["Base model"]),
            "open_weights": row["Model accessibility"].startswith("Open weights"),
        }
        for row in files[MODELS]
    ]
    return sorted(rows, key=lambda r: (r["year"], r["flops"], r["model"]))


def costs(files: Files) -> list[Row]:
    """Return the costs by year, then by cost."""
    year = {row["Model"]: _year(row["Publication date"]) for row in files[MODELS]}
    rows: list[Row] = [
        {
            "model": row["Model"],
            "year": year[row["Model"]],
            "cost": float(row["Hardware_Capex_Energy_Cost"]),
            "cloud": _number(row["Cloud_Cost"]),
        }
        for row in files["training-cost/model_costs.csv"]
    ]
    return sorted(rows, key=lambda r: (r["year"], r["cost"]))


def _tokens(row: dict[str, str]) -> Value:
    """Return datapoints times epochs of a language model trained from scratch, else nothing."""
    datapoints = _datapoints(row)
    if row["Domain"] != "Language" or row["Base model"] or datapoints == "":
        return ""
    return float(datapoints) * float(row["Epochs"] or 1)


def _datapoints(row: dict[str, str]) -> Value:
    """Return the size of the training set, where the one zero upstream is a missing value."""
    return _number(row["Training dataset size (datapoints)"]) or ""


def _number(text: str) -> Value:
    return float(text) if text else ""


def _year(text: str) -> float:
    """Return 1 January as a whole number and later days as shares of their own year."""
    day = date.fromisoformat(text)
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return round(day.year + (day - start).days / (end - start).days, 4)


TABLES = {"models": models, "costs": costs}
