"""The CLIP models of Cherti et al. 2023 with their errors on 40 tasks."""

from collections.abc import Iterator

from builders.image_tasks import task_row
from builders.rows import Files, Row, significant

TOP1, RECALL5, MEAN_PRECISION = "top-1", "recall@5", "mean average precision"
CORPORA = {
    "CLIP-WIT": "openai",
    "LAION-80M": "laion80m",
    "LAION-400M": "laion400m",
    "LAION-2B": "laion2b",
}
RENAMED = {
    "clevr_closest_object_distance": "clevr_distance",
    "clevr_count_all": "clevr_count",
    "diabetic_retinopathy": "retinopathy",
    "dsprites_label_orientation": "dsprites_orientation",
    "dsprites_label_x_position": "dsprites_position",
    "fgvc_aircraft": "aircraft",
    "flowers": "flowers102",
    "imagenet-a": "imagenet_a",
    "imagenet-r": "imagenet_r",
    "imagenet1k": "imagenet",
    "imagenetv2": "imagenet_v2",
    "kitti_closest_vehicle_distance": "kitti",
    "mscoco_captions": "coco",
    "renderedsst2": "sst2",
    "smallnorb_label_azimuth": "smallnorb_azimuth",
    "smallnorb_label_elevation": "smallnorb_elevation",
}
MEANS = {"imagenet_robustness", "vtab", "vtab+"}
"""Averages over other rows of the file."""

Record = dict[str, str]


def errors(files: Files) -> list[Row]:
    """Return a row a model and task, by corpus, compute and task."""
    params = {
        a["model"]: float(round(1e6 * float(a["mparams"])))
        for a in files["laion-openclip-scaling/arch_info.csv"]
    }
    rows: list[Row] = [
        _model(p, params) | {"task": task, "measure": measure, "error": round(1 - score, 6)}
        for p, task, measure, score in _scores(files)
    ]
    corpora = list(CORPORA.values())
    return sorted(
        rows, key=lambda r: (corpora.index(str(r["corpus"])), r["flops"], r["model"], r["task"])
    )


def tasks(files: Files) -> list[Row]:
    """Return a row a task of the file, by name."""
    measures = {task: measure for _, task, measure, _ in _scores(files)}
    return [task_row(task, measures[task]) for task in sorted(measures)]


def _scores(files: Files) -> Iterator[tuple[Record, str, str, float]]:
    """Yield each score with its task and measure; a set for retrieval gives two."""
    for p in files["laion-openclip-scaling/zeroshot_results.csv"]:
        name = p["downstream_dataset"]
        if name in MEANS:
            continue
        task = RENAMED.get(name.removeprefix("vtab/"), name.removeprefix("vtab/"))
        if p["task"] == "zeroshot_retrieval":
            for found in ("image", "text"):
                yield p, f"{task}_{found}", RECALL5, float(p[f"{found}_retrieval_recall@5"])
        elif name == "voc2007_multilabel":
            yield p, task, MEAN_PRECISION, float(p["mean_average_precision"])
        else:
            yield p, task, TOP1, float(p["acc1"])


def _model(p: Record, params: dict[str, float]) -> Row:
    corpus = CORPORA[p["upstream_dataset"]]
    return {
        "model": f"{p['arch']}-{corpus}-{p['samples_seen_pretty']}",
        "arch": p["arch"],
        "params": params[p["arch"]],
        "samples": float(p["samples_seen"]),
        "corpus": corpus,
        "flops": significant(6e9 * float(p["gmacs_total"]), 6),
    }


TABLES = {"errors": errors, "tasks": tasks}
