"""The functions that make the tables, a module a set and a function a table."""

from collections.abc import Callable, Mapping

from builders import (
    alabdulmohsin2022,
    bhagia2024,
    caballero2022,
    cherti2023,
    critical_batch,
    double_descent,
    gadre2024,
    gemstones,
    gpt3_curves,
    hoffmann2022,
    isoflops,
    lin2024,
    misfitting,
    nezhurina2025,
    nist_strd,
    openclip,
    porian2024,
    ruan2024,
    steplaw,
    timm,
)
from builders.rows import Files, Row

BUILDERS: dict[str, Mapping[str, Callable[[Files], list[Row]]]] = {
    "alabdulmohsin2022": alabdulmohsin2022.TABLES,
    "bhagia2024": bhagia2024.TABLES,
    "caballero2022": caballero2022.TABLES,
    "cherti2023": cherti2023.TABLES,
    "critical_batch": critical_batch.TABLES,
    "double_descent": double_descent.TABLES,
    "gadre2024": gadre2024.TABLES,
    "gemstones": gemstones.TABLES,
    "gpt3_curves": gpt3_curves.TABLES,
    "hoffmann2022": hoffmann2022.TABLES,
    "isoflops": isoflops.TABLES,
    "lin2024": lin2024.TABLES,
    "misfitting": misfitting.TABLES,
    "nezhurina2025": nezhurina2025.TABLES,
    "nist_strd": nist_strd.TABLES,
    "openclip": openclip.TABLES,
    "porian2024": porian2024.TABLES,
    "ruan2024": ruan2024.TABLES,
    "steplaw": steplaw.TABLES,
    "timm": timm.TABLES,
}
"""What makes each table, by set and by table."""
