"""Vision transformers on subsets of JFT-3B, from the tables of Zhai et al. 2021."""

from builders.rows import Files, Row

ACCURACIES = {
    "imagenet_5shot_error": "inet5",
    "imagenet_10shot_error": "inet10",
    "cifar100_5shot_error": "cifar5",
    "cifar100_10shot_error": "cifar10",
    "pets_5shot_error": "pets5",
    "pets_10shot_error": "pets10",
    "birds_5shot_error": "birds5",
    "birds_10shot_error": "birds10",
    "imagenet_finetuned_error": "imagenet_ft",
    "v2_finetuned_error": "imagenet_v2_ft",
    "real_finetuned_error": "imagenet_real_ft",
}
"""The upstream column of each error, an accuracy in per cent."""


def runs(files: Files) -> list[Row]:
    """Return a row a model, subset and number of steps, by forward FLOPs, subset and steps."""
    rows = [_run(p) for p in files["zhai2021/zhai2021_vit_jft.csv"]]
    return sorted(rows, key=lambda r: (r["flops_per_image"], r["data"], r["steps"]))


def _run(p: dict[str, str]) -> Row:
    forward, images = round(1e9 * float(p["gflops_224"])), int(p["images_seen"])
    run: Row = {
        "model": p["model"],
        "params": float(round(1e6 * float(p["params_millions"]))),
        "flops_per_image": float(forward),
        "data": float(p["data_size_images"]),
        "steps": int(p["steps_batch4096"]),
        "images": float(images),
        "flops": float(3 * forward * images),
    }
    return run | {error: _error(p[accuracy]) for error, accuracy in ACCURACIES.items()}


def _error(accuracy: str) -> float | str:
    return round(1 - float(accuracy) / 100, 3) if accuracy else ""


TABLES = {"runs": runs}
