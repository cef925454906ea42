"""The over-trained language models of Gadre et al. 2024, their validation losses and scores."""

from builders.rows import Files, Row, run, significant
from scalinglaws.counting import six_nd

RUNS = "gadre2024/runs.csv"
TASKS = "gadre2024/eval_metadata.csv"
CORPORA = {"c4_original": "c4", "rpj": "redpajama", "rw_original": "refinedweb"}
TEXTS = {
    "c4_val": "c4",
    "openlm": "openlm",
    "paloma_c4_en": "paloma_c4",
    "paloma_dolma_100_programing_languages": "paloma_code",
    "paloma_falcon_refinedweb": "paloma_refinedweb",
    "paloma_ptb": "paloma_ptb",
    "paloma_redpajama": "paloma_redpajama",
    "val_de_en_100": "c4_german",
}
# The list SUBSET in the authors' scaling/constants.py.
IN_AVERAGE = {
    "arc_easy",
    "bigbench_cs_algorithms",
    "bigbench_dyck_languages",
    "bigbench_novel_concepts",
    "bigbench_operators",
    "bigbench_qa_wikidata",
    "boolq",
    "commonsense_qa",
    "copa",
    "coqa",
    "hellaswag",
    "hellaswag_zeroshot",
    "lambada_openai",
    "piqa",
    "pubmed_qa_labeled",
    "squad",
    "winograd",
}
# Upstream repeats the 2376 of ARC-Easy, but all 104 accuracies are whole numbers of 1172nds.
ITEMS = {"arc_challenge": 1172}


def _name(p: dict[str, str]) -> str:
    millions = round(float(p["params"]) / 1e6)
    return f"{CORPORA[p['train_dataset']]}-{millions}M-{float(p['token_multiplier']):g}"


def _tasks(files: Files) -> list[str]:
    """Return the 46 tasks in the order of their columns upstream."""
    return [c.removeprefix("acc_") for c in files[RUNS][0] if c.startswith("acc_")]


def runs(files: Files) -> list[Row]:
    """Return the 104 models in upstream order, with the loss that the authors' law predicts."""
    rows: list[Row] = []
    for p in files[RUNS]:
        params, tokens = float(p["params"]), float(p["tokens"])
        batch = int(p["global_batch_sequences"])
        rows.append(
            {"run": _name(p), "corpus": CORPORA[p["train_dataset"]]}
            | run(
                params=params,
                tokens=tokens,
                flops=six_nd(params, tokens),
                loss=float(p["loss_c4_val"]),
            )
            | {
                "params_non_embedding": float(p["params_no_embed"]),
                "tokens_per_param": float(p["token_multiplier"]),
                "learning_rate": float(p["lr"]),
                "warmup_steps": int(p["warmup_steps"]),
                "batch_sequences": batch if batch > 1 else "",
            }
        )
    return rows


def losses(files: Files) -> list[Row]:
    """Return the loss of every model on each of the eight texts, with its interval."""
    return [
        {
            "run": _name(p),
            "text": text,
            "loss": float(p[f"loss_{name}"]),
            "low": float(p[f"loss_lo95_{name}"]),
            "high": float(p[f"loss_hi95_{name}"]),
        }
        for p in files[RUNS]
        for name, text in TEXTS.items()
    ]


def scores(files: Files) -> list[Row]:
    """Return the accuracy of every model on each of the 46 tasks."""
    return [
        {"run": _name(p), "task": task, "accuracy": significant(float(p[f"acc_{task}"]), 6)}
        for p in files[RUNS]
        for task in _tasks(files)
    ]


def tasks(files: Files) -> list[Row]:
    """Return what the authors say of the 46 tasks that were measured."""
    said = {p["Eval Task"]: p for p in files[TASKS]}
    return [
        {
            "task": task,
            "kind": said[task]["Task Type"],
            "category": said[task]["Task Category"],
            "shots": int(said[task]["#shots"]),
            "items": ITEMS.get(task, int(said[task]["#datapoints"])),
            "chance": float(said[task]["Random baseline"]) / 100,
            "in_average": task in IN_AVERAGE,
        }
        for task in _tasks(files)
    ]


TABLES = {"runs": runs, "losses": losses, "scores": scores, "tasks": tasks}
