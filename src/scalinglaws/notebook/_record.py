"""What a claim holds, and its values in words."""

import math
import re
from dataclasses import dataclass

import numpy as np

from scalinglaws._format import count


@dataclass(frozen=True, kw_only=True)
class Record:
    """A published number beside ours, and what is said of the two."""

    quantity: str
    paper: str
    cite: str
    where: str
    read: str
    check: str
    published: float
    unit: str
    tolerance: float
    reason: str
    ours: float | None
    low: float | None
    high: float | None
    level: float | None
    kind: str
    objective: str
    data: str
    verdict: str
    because: str
    erratum: str = ""

    @property
    def anchor(self) -> str:
        """The name by which a page links to this claim."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.cite} {self.quantity}".lower())
        return f"claim-{words.strip('-')}"

    def words(self, value: float) -> str:
        """Format a value with digits enough to see the tolerance; counts as people say them."""
        if self.unit in ("parameters", "tokens"):
            return count(value)
        decimals = 0 if self.tolerance >= 5 else math.ceil(-math.log10(self.tolerance)) + 1
        return f"{value:.{min(decimals, 8)}f}"

    @property
    def published_in_words(self) -> str:
        """The published value as it is printed; one with more digits than its tolerance, as ours.

        A zero at the end is printed where the tolerance can hold it, and not beyond.
        """
        if self.unit in ("parameters", "tokens"):
            return count(self.published)
        held = math.ceil(-math.log10(2 * self.tolerance) - 1e-9)
        printed = len(np.format_float_positional(self.published, trim="-").partition(".")[2])
        if printed > held + 1:
            return self.words(self.published)
        return f"{self.published:.{min(max(0, held, printed), 8)}f}"

    @property
    def tolerance_in_words(self) -> str:
        """The tolerance with as many digits as it needs."""
        if self.unit in ("parameters", "tokens"):
            return count(self.tolerance)
        return f"{self.tolerance:.0f}" if self.tolerance >= 10 else f"{self.tolerance:.2g}"

    @property
    def interval(self) -> str:
        """The two ends of our interval, or nothing."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.words(self.low)} to {self.words(self.high)}"

    @property
    def kind_in_words(self) -> str:
        """Level and kind of our interval, or nothing."""
        return f"{self.level:.0%} {self.kind}" if self.level is not None else ""

    @property
    def ours_in_words(self) -> str:
        """Our value, or that there is none."""
        return "none" if self.ours is None else self.words(self.ours)

    def __repr__(self) -> str:
        """Return the claim as two lines of text."""
        ends = f" ({self.kind_in_words}: {self.interval})" if self.interval else ""
        return (
            f"{self.quantity}: {self.paper}, {self.where}: {self.published_in_words}; "
            f"ours {self.ours_in_words}{ends}\n  {self.verdict} ({self.check})"
            + (f": {self.because}" if self.because else "")
        )
