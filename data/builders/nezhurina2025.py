"""The CLIP and MaMMUT runs of Nezhurina et al. 2025, and the best of each model and samples."""

from collections import Counter

from builders.rows import Files, Row, significant

CORPORA = {"datacomp_1b": "datacomp", "relaion2b-en": "relaion"}
SCORES = {
    ("imagenet1k", "acc1"): "imagenet_error",
    ("mscoco_captions", "image_retrieval_recall@5"): "coco_image_error",
    ("mscoco_captions", "text_retrieval_recall@5"): "coco_text_error",
    ("imagenet_distribution_shift", "acc1"): "shift_error",
    ("datacomp_classification", "acc1"): "datacomp_error",
}

Record = dict[str, str]


def runs(files: Files) -> list[Row]:
    """Return the 1431 runs by family, size, samples and settings, numbered in each cell."""
    of_cell: Counter[str] = Counter()
    rows = []
    for p in sorted(files["laion-comparison/segmentation_and_zeroshot.csv"], key=_settings):
        cell = f"{p['namespace']}-{p['model_simple']}-{p['samples_seen_scale_pretty']}"
        of_cell[cell] += 1
        rows.append(
            {"run": f"{cell}-{of_cell[cell]:02d}", "family": p["namespace"]}
            | _size(p, p["model_simple"], p["model_mparams"], p["model_gflops"])
            | {
                "batch": int(p["global_batch_size"]),
                "learning_rate": float(p["lr"]),
                "warmup_steps": int(p["warmup"]),
                "contrastive_loss": float(p["train_contrastive_loss"]),
                "caption_loss": float(p["train_caption_loss"]) if p["train_caption_loss"] else "",
                "imagenet_error": round(1 - float(p["acc1"]), 5),
                "ade20k_error": round(1 - float(p["miou"]), 6),
            }
        )
    return rows


def best(files: Files) -> list[Row]:
    """Return the best error on five tasks, a row a family, corpus, schedule, model and samples."""
    cells: dict[tuple[str, ...], Row] = {}
    for p in files["laion-comparison/best_zeroshot_by_model_samples.csv"]:
        corpus = CORPORA[p["pretrain_dataset"]]
        cell: Row = {"family": p["namespace"], "corpus": corpus, "schedule": p["lr_scheduler"]}
        cell |= _size(p, p["model"], p["mparams"], p["gflops"])
        key = tuple(map(str, cell.values()))
        row = cells.setdefault(key, cell | dict.fromkeys(SCORES.values(), ""))
        row[SCORES[p["downstream_dataset"], p["metric"]]] = round(1 - float(p["score"]), 3)
    return sorted(
        cells.values(),
        key=lambda r: (r["corpus"], r["schedule"], r["family"], r["params"], r["samples"]),
    )


def _settings(p: Record) -> tuple[str | float, ...]:
    numbers = ("model_mparams", "samples_seen", "global_batch_size", "lr", "warmup", "acc1")
    return (p["namespace"], *(float(p[n]) for n in numbers))


def _size(p: Record, model: str, millions: str, gflops: str) -> Row:
    samples = float(p["samples_seen"])
    return {
        "model": model,
        "params": float(round(1e6 * float(millions))),
        "samples": samples,
        "flops": significant(3e9 * float(gflops) * samples, 7),
    }


TABLES = {"runs": runs, "best": best}
