"""Small helpers with which computed sentences read like sentences: none, one and many."""

from collections.abc import Callable, Sequence

_LEAST = 0.0005
"""A share below which something is not off by any tenth of a per cent."""


def listed(names: Sequence[object]) -> str:
    """Join names as people say them: ``a``, ``a and b``, ``a, b and c``; ``none`` of them.

    >>> listed(["images", "language", "translation"])
    'images, language and translation'
    """
    words = [str(name) for name in names]
    if len(words) < 2:
        return words[0] if words else "none"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Count things: ``no curves``, ``1 curve``, ``2 curves``; ``plural`` where it takes no s.

    >>> counted(0, "curve"), counted(1, "curve"), counted(2, "family", "families")
    ('no curves', '1 curve', '2 families')
    """
    many = plural or f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}" if number else f"no {many}"


def off(share: float, digits: int = 1) -> str:
    """Say by how much something is off, as a share of the truth, and which way.

    >>> off(0.078), off(-0.047), off(0.0001)
    ('7.8% too high', '4.7% too low', 'less than 0.1% off')
    """
    if abs(share) < _LEAST:
        return "less than 0.1% off"
    return f"{abs(share):.{digits}%} too {'high' if share > 0 else 'low'}"


def share(part: int, whole: int) -> str:
    """Say how many of a number: ``9 of 10``, ``none of 48``, ``all 36``.

    >>> share(9, 10), share(0, 48), share(36, 36)
    ('9 of 10', 'none of 48', 'all 36')
    """
    if part == whole and whole:
        return f"all {whole}"
    return f"{part} of {whole}" if part else f"none of {whole}"


def span(low: float, high: float, words: Callable[[float], str] = "{:.3g}".format) -> str:
    """Say from where to where something goes; one number where both ends read the same.

    >>> span(0.5331, 0.6112), span(2.0, 2.0)
    ('0.533 to 0.611', '2')
    """
    ends = dict.fromkeys((words(low), words(high)))
    return " to ".join(ends)
