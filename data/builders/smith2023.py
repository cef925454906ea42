"""ImageNet error of NFNets pre-trained on JFT-4B, read off Figure 1 of Smith et al. 2023."""

from builders.rows import Files, Row, significant

COPY = "the same figures as F7 at every point: a copy, F7+ costs more in the paper"


def points(files: Files) -> list[Row]:
    """Return a row a point of the figure, in upstream order; the copy of a curve is flagged."""
    rows: list[Row] = []
    for p in files["colpret/convnets_match_2310.16764_digitised.csv"]:
        model = p["model"].replace("_wide", "+")
        rows.append(
            {
                "model": model,
                "core_hours": significant(float(p["x"])),
                "imagenet_error": significant(float(p["y"]) / 100),
                "outlier": model == "F7+",
                "reason": COPY if model == "F7+" else "",
            }
        )
    return rows


TABLES = {"points": points}
