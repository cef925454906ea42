"""The public models of OpenCLIP with their errors on 38 tasks, and what is not a model apart."""

from builders.image_tasks import task_row
from builders.rows import Files, Row

FILE = "openclip/openclip_results.csv"
TOP1, PER_CLASS, RECALL1 = "top-1", "mean top-1 of a class", "mean recall@1 of both directions"
TASKS = {
    "ImageNet 1k": ("imagenet", TOP1),
    "Caltech-101": ("caltech101", PER_CLASS),
    "CIFAR-10": ("cifar10", TOP1),
    "CIFAR-100": ("cifar100", TOP1),
    "CLEVR Counts": ("clevr_count", TOP1),
    "CLEVR Distance": ("clevr_distance", TOP1),
    "Country211": ("country211", TOP1),
    "Describable Textures": ("dtd", TOP1),
    "EuroSAT": ("eurosat", TOP1),
    "FGVC Aircraft": ("aircraft", PER_CLASS),
    "Food-101": ("food101", TOP1),
    "GTSRB": ("gtsrb", TOP1),
    "ImageNet Sketch": ("imagenet_sketch", TOP1),
    "ImageNet v2": ("imagenet_v2", TOP1),
    "ImageNet-A": ("imagenet_a", TOP1),
    "ImageNet-O": ("imagenet_o", TOP1),
    "ImageNet-R": ("imagenet_r", TOP1),
    "KITTI Vehicle Distance": ("kitti", TOP1),
    "MNIST": ("mnist", TOP1),
    "ObjectNet": ("objectnet", TOP1),
    "Oxford Flowers-102": ("flowers102", PER_CLASS),
    "Oxford-IIIT Pet": ("pets", PER_CLASS),
    "Pascal VOC 2007": ("voc2007", TOP1),
    "PatchCamelyon": ("pcam", TOP1),
    "Rendered SST2": ("sst2", TOP1),
    "RESISC45": ("resisc45", TOP1),
    "Stanford Cars": ("cars", TOP1),
    "STL-10": ("stl10", TOP1),
    "SUN397": ("sun397", TOP1),
    "SVHN": ("svhn", TOP1),
    "Flickr": ("flickr30k", RECALL1),
    "MSCOCO": ("coco", RECALL1),
    "WinoGAViL": ("winogavil", "Jaccard index"),
    "iWildCam": ("iwildcam", "macro F1"),
    "Camelyon17": ("camelyon17", TOP1),
    "FMoW": ("fmow", "top-1 in the worst region"),
    "Dollar Street": ("dollar_street", "top-5 in the worst income group"),
    "GeoDE": ("geode", "top-1 in the worst region"),
}
CORPORA = {
    "mscoco_finetuned_laion2b": "laion2b",
    "laion2b": "laion2b",
    "laion400m": "laion400m",
    "laion5b": "laion5b",
    "frozen_laion5b": "laion5b",
    "laion_aesthetic": "laion_aesthetic",
    "merged2b": "merged2b",
    "datacomp1b": "datacomp",
    "datacomp_xl": "datacomp",
    "datacomp_s34b": "datacomp",
    "datacomp": "commonpool",
    "commonpool": "commonpool",
    "metaclip": "metaclip",
    "dfn": "dfn",
    "webli": "webli",
    "openai": "openai",
    "cc12m": "cc12m",
    "yfcc15m": "yfcc15m",
    "v1": "laion_coco",
}
"""Pre-training set by how the tag begins; the first that fits counts."""

REPEAT = "the same figures as another name of the model has"
ACTIVATION = "weights trained with another activation function (quick GELU)"
EPOCH = "the last epoch but one of a run that is there at its last"
TUNED = "fine-tuned to caption MSCOCO"
ALL_WRONG = "an accuracy of exactly 0, which better models share with worse ones: no measurement"
REASONS = {
    ("RN50-quickgelu", "openai"): REPEAT,
    ("RN101-quickgelu", "openai"): REPEAT,
    ("ViT-B-32-quickgelu", "openai"): REPEAT,
    ("ViT-B-32", "datacomp_s_s13m_b4k"): REPEAT,
    ("RN50", "cc12m"): ACTIVATION,
    ("RN50", "yfcc15m"): ACTIVATION,
    ("RN101", "yfcc15m"): ACTIVATION,
    ("ViT-B-32", "laion400m_e31"): ACTIVATION,
    ("ViT-B-32", "laion400m_e32"): ACTIVATION,
}


def errors(files: Files) -> list[Row]:
    """Return a row a model and task, in upstream order; what is no model of its own is flagged."""
    rows: list[Row] = []
    for p in files[FILE]:
        name, tag = p["name"], p["pretrained"]
        model: Row = {
            "model": name,
            "pretraining": tag,
            "corpus": next(c for start, c in CORPORA.items() if tag.startswith(start)),
            "params": float(round(1e6 * float(p["params (M)"]))),
            "flops_per_sample": float(round(1e9 * float(p["FLOPs (B)"]))),
        }
        for column, (task, _) in TASKS.items():
            error = round(1 - float(p[column]), 4)
            reason = _reason(name, tag) or (ALL_WRONG if error == 1 else "")
            rows.append(
                model | {"task": task, "error": error, "outlier": reason != "", "reason": reason}
            )
    return rows


def tasks(files: Files) -> list[Row]:
    """Return a row a task, by name."""
    here = sorted(TASKS[column] for column in files[FILE][0] if column in TASKS)
    return [task_row(task, measure) for task, measure in here]


def _reason(name: str, tag: str) -> str:
    if tag.startswith("mscoco_finetuned"):
        return TUNED
    return REASONS.get((name, tag), EPOCH if tag == "laion400m_e31" else "")


TABLES = {"errors": errors, "tasks": tasks}
