"""The functions that make the tables, a module a set and a function a table.

A set is found by its file: ``<set>.py`` with ``TABLES``, which maps each table to its function.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from builders.rows import Files, Row

_MODULES = {
    file.stem: import_module(f"builders.{file.stem}")
    for file in sorted(Path(__file__).parent.glob("*.py"))
    if file.stem != "__init__"
}
BUILDERS: dict[str, Mapping[str, Callable[[Files], list[Row]]]] = {
    name: module.TABLES for name, module in _MODULES.items() if hasattr(module, "TABLES")
}
"""What makes each table, by set and by table."""
