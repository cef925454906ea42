"""The ImageNet classifiers of timm: errors on ImageNet, new labels and four shifted test sets."""

import re

from builders.rows import Files, Row

ERRORS = {
    "imagenet_error": "top1_imagenet",
    "real_error": "top1_imagenet_real",
    "v2_error": "top1_imagenetv2",
    "sketch_error": "top1_imagenet_sketch",
    "a_error": "top1_imagenet_a",
    "a_clean_error": "top1_imagenet_a_clean",
    "r_error": "top1_imagenet_r",
    "r_clean_error": "top1_imagenet_r_clean",
}
VIT = r"vit|naflexvit|flexivit|deit3?|beit(v2|3)?|eva(02)?"
ARCHITECTURES = {
    r"test_": "test",
    r"inception": "inception",
    r".*convnext": "convnext",
    r".*efficientnet": "efficientnet",
    r".*mobilenet": "mobilenet",
    r".*regnet": "regnet",
    r".*resnext|res2next": "resnext",
    r".*resnet|res2net|resnest": "resnet",
    r".*nfnet": "nfnet",
    rf"({VIT})_": "vit",
    r"swin": "swin",
    r"maxx?vit": "maxvit",
    r"tiny_vit": "tiny_vit",
    r"cs3|.*darknet": "darknet",
}
"""Family of architectures by how the name begins; the first that fits counts."""

PRETRAINING = {
    r"jft": "jft",
    r"openai": "openai",
    r"laion|^clip_ft": "laion",
    r"webli": "webli",
    r"ig1b|swag|seer": "instagram",
    r"yfcc": "yfcc",
    r"m30m|m38m": "merged",
    r"in2[12]k|ssld_stage2": "in21k",
    r"in12k": "in12k",
}
"""Largest pre-training set by what stands in the tag; the first that fits counts."""


def models(files: Files) -> list[Row]:
    """Return a row a model and resolution, in upstream order; half-measured ones are left out."""
    rows: list[Row] = []
    for p in files["timm/imagenet_robustness_merged.csv"]:
        if not all(p[column] for column in ERRORS.values()):
            continue
        model: Row = {
            "model": p["model"],
            "architecture": _architecture(p["arch"]),
            "resolution": int(p["img_size"]),
            "crop": float(p["crop_pct"]),
            "interpolation": p["interpolation"],
            "params": float(round(1e6 * float(p["params_M"]))),
            "macs": float(round(1e9 * float(p["gmacs"]))),
            "pretraining": _pretraining(p["tag"]),
        }
        rows.append(model | {e: round(1 - float(p[c]) / 100, 5) for e, c in ERRORS.items()})
    return rows


def _architecture(name: str) -> str:
    fits = (family for start, family in ARCHITECTURES.items() if re.match(start, name))
    plain = re.sub(r"^(tf|legacy|dm|eca|ese)_", "", name)
    return next(fits, re.split(r"v?\d|_", plain)[0])


def _pretraining(tag: str) -> str:
    return next((corpus for part, corpus in PRETRAINING.items() if re.search(part, tag)), "in1k")


TABLES = {"models": models}
