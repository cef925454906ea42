"""The book's YAML files, read so that a key which stands twice is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def read_yaml(path: Path) -> tuple[Any, list[str]]:
    """Read a YAML file: what it holds, and a sentence for each fault, such as a key named twice.

    YAML itself lets the last of two keys win, and says nothing.
    """
    loader = _Loader(path.read_text(encoding="utf-8"))
    loader.faults = []
    try:
        held = loader.get_single_data()
    except yaml.YAMLError as problem:
        return None, [f"{path.name} is not YAML: {' '.join(str(problem).split())}"]
    finally:
        loader.dispose()
    return held, [f"{path.name} {fault}" for fault in loader.faults]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, which also notes the keys of a mapping that stand twice."""

    faults: list[str]

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        first: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in first:
                self.faults.append(
                    f"names {key.value} twice, in lines {first[key.value]} and {line}; the second "
                    "wins without a word, so remove one"
                )
            elif isinstance(key.value, str):
                first[key.value] = line
        return super().construct_mapping(node, deep=deep)
