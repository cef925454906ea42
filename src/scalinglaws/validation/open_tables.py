"""The open tables of language models by size and data, on which laws are held against far ends."""

import pandas as pd

from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.data.catalogue import load


def open_tables() -> dict[str, pd.DataFrame]:
    """Return the bundled tables of runs by name, one row per run or checkpoint, with ``loss``.

    Of each set the rows are those on which a law of one recipe may be asked: finished runs, the
    best learning rate of each size and length, first passes over the text. A name is that of the
    set, and after a colon of the part: ``name.split(":")[0]`` is the family, whose tables are not
    independent. Marin's two ladders have ``flops`` alone, the best run of each budget.
    """
    tables = {"hoffmann2022": load("hoffmann2022")}
    tables["hoffmann2022: other budgets"] = load("isoflops/chinchilla_apple")
    tables["llama3"] = load("isoflops/llama3")
    tables |= {f"marin: {c}": load(f"isoflops/marin_{c}") for c in ("comma", "dclm", "nemotron")}
    tables["gemstones"] = load("gemstones/cooled")
    for name in ("gadre2024", "brandfonbrener2024"):
        tables |= {f"{name}: {corpus}": part for corpus, part in load(name).groupby("corpus")}
    points = load("porian2024/points").query("counting == 'last_layer' and split == 'validation'")
    parts = points.groupby(["dataset", "experiment"])
    tables |= {f"porian2024: {', '.join(key)}": part for key, part in parts}
    tables["misfitting"] = _best(load("misfitting").query("final"), ["params", "planned_steps"])
    ladder = load("bhagia2024").query("final")
    tables["bhagia2024"] = ladder.assign(loss=ladder["c4_loss"]).dropna(subset=["loss"])
    tables["openeurollm2026"] = load("openeurollm2026")
    step = load("steplaw").query("not diverged")
    step = step.assign(params=step["params_non_embedding"])
    step["flops"] = FLOPS_PER_PARAM_TOKEN * step["params"] * step["tokens"]
    tables["steplaw"] = _best(step, ["params", "tokens"])
    tables["muennighoff2023"] = load("muennighoff2023").query("epochs <= 1")
    tables["marin: mixtures"] = load("marin2026")
    dense = load("marin2026/dense")
    tables["marin: dense"] = dense.assign(loss=dense["bits_per_byte"])
    return tables


def _best(runs: pd.DataFrame, of: list[str]) -> pd.DataFrame:
    """Return the run with the lowest loss of each size and length."""
    return runs.sort_values("loss").drop_duplicates(of)
