"""The ladder of Bhagia et al. 2024: its evaluations, its two targets, what its authors foretold."""

from collections.abc import Iterator

from builders.rows import Files, Row, significant

EVALUATIONS = "olmo-ladder/all_evals.csv"
NOISE = "olmo-ladder/published_variance.csv"
# Upstream file -> the target that its rows belong to. The 13B's other file repeats some of these.
TARGETS = {
    "peteish7_eval_full": "7B",
    "peteish7_eval_anneal": "7B",
    "peteish13_eval_full": "13B",
}
MMLU = {"stem": 0.215, "humanities": 0.335, "social_sciences": 0.219, "other": 0.231}
# Task, name upstream, title, part, items, choices.
TASKS = [
    ("mmlu", "mmlu_avg_test", "MMLU", "test", 14042, 4),
    ("hellaswag", "hellaswag_val", "HellaSwag", "validation", 10042, 4),
    ("arc_challenge", "arc_challenge_test", "ARC-Challenge", "test", 1172, 4),
    ("arc_easy", "arc_easy_test", "ARC-Easy", "test", 2376, 4),
    ("piqa", "piqa_val", "PIQA", "validation", 1838, 2),
    ("csqa", "csqa_val", "CommonsenseQA", "validation", 1221, 5),
    ("socialiqa", "socialiqa_val", "Social IQa", "validation", 1954, 3),
    ("openbookqa", "openbookqa_test", "OpenBookQA", "test", 500, 4),
]
TITLES = {t[2]: t[0] for t in TASKS} | {
    "BoolQ": "boolq",
    "Winogrande": "winogrande",
}
# Variant -> upstream file, what it predicts.
VARIANTS = {
    "chained": ("chained_main", "accuracy"),
    "chained_flops": ("chained_flops_main", "accuracy"),
    "step1": ("step1_main", "task loss"),
    "step1_c4": ("step1_c4_main", "loss on C4"),
    "step1_ce": ("step1_taskce_main", "cross-entropy"),
    "step1_accuracy": ("step1_acc_main", "accuracy"),
    "step2": ("step2_main", "accuracy"),
    "step2_c4": ("step2_c4_main", "accuracy"),
    "step2_ce": ("step2_taskce_main", "accuracy"),
}
# Variant -> column of the 7B's errors in the file on noise.
SEVEN = {
    "chained": "7B Stacked Rel Error",
    "step1": "7B Loss Rel Error",
    "step2": "7B Accuracy Rel Error",
}


def evaluations(files: Files) -> list[Row]:
    """Return the evaluations of the ladder's runs from small to large, then of the two targets."""
    picked = sorted((p for p in files[EVALUATIONS] if "xC" in p["run"]), key=_rung)
    last = {p["run"]: p["tokens"] for p in picked}
    rows = [_evaluation(p, p["run"], final=last[p["run"]] == p["tokens"]) for p in picked]
    for target in ("7B", "13B"):
        seen = [p for p in files[EVALUATIONS] if TARGETS.get(p["run"]) == target]
        seen = sorted((p for p in seen if float(p["tokens"]) > 0), key=lambda p: float(p["tokens"]))
        rows += [_evaluation(p, target, final=p is seen[-1]) for p in seen]
    return rows


def _rung(p: dict[str, str]) -> tuple[float, float, str, float]:
    return float(p["params"]), float(p["chinchilla_multiplier"]), p["run"], float(p["tokens"])


def _evaluation(p: dict[str, str], run: str, *, final: bool) -> Row:
    multiple = p["chinchilla_multiplier"]
    row: Row = {
        "run": run,
        "role": _role(run),
        "params": float(p["params"]),
        "tokens": float(p["tokens"]),
        "flops": float(p["flops"]),
        "multiple": float(multiple) if multiple else "",
        "step": int(float(p["step"])) if p["step"] else "",
        "final": final,
        "c4_loss": float(p["c4_en_ce_nats"]),
    }
    for task, name, *_ in TASKS:
        row.update(_measured(p, task, name))
    return row


def _role(run: str) -> str:
    if run in TARGETS.values():
        return "target"
    size, _, length = run.partition("-")
    return "spare" if size == "3B" or length in ("0.5xC", "1xC-rerun") else "fitted"


def _measured(p: dict[str, str], task: str, name: str) -> Iterator[tuple[str, float]]:
    for column, kind, suffix, digits in (
        ("bpb", "bpb", "bpb", 7),
        ("accuracy", "acc", "len_norm", 6),
    ):
        if task == "mmlu":
            value = sum(
                weight * float(p[f"{kind}/mmlu_{part}_test_rc_5shot_{suffix}"])
                for part, weight in MMLU.items()
            )
        else:
            value = float(p[f"{kind}/{name}_rc_5shot_{suffix}"])
        yield f"{task}_{column}", significant(value, digits)


def tasks(_: Files) -> list[Row]:
    """Return the eight tasks; their items are found again in the accuracies by a test."""
    return [
        {"task": task, "title": title, "part": part, "items": items, "chance": 1 / choices}
        for task, _, title, part, items, choices in TASKS
    ]


def published(files: Files) -> list[Row]:
    """Return the authors' predictions of the 13B by variant, then the errors of the 7B's."""
    thirteen = [row for variant in VARIANTS for row in _thirteen(files, variant)]
    seven = [
        _published(TITLES[p["Task"]], variant, "7B", float(p[column]))
        for variant, column in SEVEN.items()
        for p in files[NOISE]
    ]
    flops = [
        _published(task, "chained_flops", "7B", float(p["Rel Error"]))
        for task, p in _file(files, "chained_flops")
    ]
    return thirteen + seven + flops


def _file(files: Files, variant: str) -> list[tuple[str, dict[str, str]]]:
    name, _ = VARIANTS[variant]
    named = {f"{upstream}_5shot": task for task, upstream, *_ in TASKS}
    return [(named[p["Task"]], p) for p in files[f"olmo-ladder/published_{name}.csv"]]


def _thirteen(files: Files, variant: str) -> list[Row]:
    rows = []
    for task, p in _file(files, variant):
        actual, predicted = float(p["Actual"]), float(p["Pred"])
        error = predicted / actual - 1
        if variant != "chained_flops" and abs(abs(error) - abs(float(p["Rel Error"]))) > 1e-12:
            raise ValueError(f"{variant}, {task}: the relative error is of another target")
        row = _published(task, variant, "13B", error)
        row |= {"actual": significant(actual, 7), "predicted": significant(predicted, 7)}
        if "Fit Error" in p:
            row["fit_error"] = significant(float(p["Fit Error"]), 6)
        rows.append(row)
    if variant == "step1_c4":
        if any(row | {"task": ""} != rows[0] | {"task": ""} for row in rows):
            raise ValueError("the loss on C4 depends on the task")
        rows = [rows[0] | {"task": "c4"}]
    return rows


def _published(task: str, variant: str, target: str, error: float) -> Row:
    return {
        "task": task,
        "variant": variant,
        "target": target,
        "quantity": VARIANTS[variant][1],
        "actual": "",
        "predicted": "",
        "relative_error": significant(error, 6),
        "fit_error": "",
    }


def noise(files: Files) -> list[Row]:
    """Return the scatter of ten tasks over the last ten evaluations of 1B-10xC."""
    return [
        {
            "task": TITLES[p["Task"]],
            "loss_sd": significant(float(p["Loss SD"]), 6),
            "loss_relative_sd": significant(float(p["Loss Rel SD (CV)"]), 6),
            "accuracy_sd": significant(float(p["Accuracy SD"]), 6),
            "accuracy_relative_sd": significant(float(p["Accuracy Rel SD (CV)"]), 6),
        }
        for p in files[NOISE]
    ]


TABLES = {"evaluations": evaluations, "tasks": tasks, "published": published, "noise": noise}
