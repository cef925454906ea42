"""The base language models of Ruan et al. 2024: sizes, benchmarks, emergent tasks."""

import re

from builders.rows import Files, Row, significant
from scalinglaws.counting import six_nd

BENCHMARKS = "obs-scaling/base_llm_benchmark_eval.csv"
EMERGENT = "obs-scaling/base_llm_emergent_capability_eval.csv"
TASKS = {
    "MMLU": "mmlu",
    "ARC-C": "arc_challenge",
    "HellaSwag": "hellaswag",
    # All but three rounded accuracies are whole numbers of 1267ths: it is WinoGrande.
    "Winograd": "winogrande",
    "TruthfulQA": "truthfulqa",
    "GSM8K": "gsm8k",
    "XWinograd": "xwinograd",
    "HumanEval": "humaneval",
}
METRICS = {"acc": ("accuracy", 1), "exact_match": ("exact_match", 1), "bleu": ("bleu", 100)}
# SlimPajama-627B, once, where upstream has 627 trillion.
TOKENS = {"cerebras/btlm-3b-8k-base": 627e9}
# As its name says, where upstream repeats the 13 billion of another model.
PARAMS = {"openlm-research/open_llama_7b_v2": 7e9}


def models(files: Files) -> list[Row]:
    """Return the 148 models in upstream order, with C = 6ND where the tokens are known."""
    rows: list[Row] = []
    for p in files[BENCHMARKS]:
        name, trillions = p["Model"], p["Pretraining Data Size (T)"]
        params = PARAMS.get(name, significant(1e9 * float(p["Model Size (B)"]), 6))
        row: Row = {"model": name, "family": p["Model Family"], "params": params}
        if trillions:
            tokens = TOKENS.get(name, significant(1e12 * float(trillions), 6))
            row |= {"tokens": tokens, "flops": significant(six_nd(params, tokens), 12)}
        else:
            row |= {"tokens": "", "flops": ""}
        rows.append(row)
    return rows


def scores(files: Files) -> list[Row]:
    """Return the accuracy of each model on each benchmark that upstream has."""
    return [
        {"model": p["Model"], "task": task, "accuracy": significant(float(p[name]), 6)}
        for p in files[BENCHMARKS]
        for name, task in TASKS.items()
        if p[name]
    ]


def emergent(files: Files) -> list[Row]:
    """Return the score of each model on each emergent task and metric that upstream has."""
    rows: list[Row] = []
    for p in files[EMERGENT]:
        for name, value in p.items():
            found = re.fullmatch(r"(\w+)_2_(acc|exact_match|bleu)", name)
            if found and value:
                metric, scale = METRICS[found[2]]
                score = significant(float(value) / scale, 6)
                rows.append(
                    {"model": p["Model"], "task": found[1], "metric": metric, "score": score}
                )
    return rows


TABLES = {"models": models, "scores": scores, "emergent": emergent}
