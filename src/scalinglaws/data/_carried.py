"""What a table carries in ``attrs``, copied as cheaply as a reference."""

from typing import Any, Self


class Carried(dict[str, Any]):
    """A card that all tables taken from one share.

    pandas copies ``attrs`` in depth for each column or row that is taken from a table, which cost
    more than the work on it. To say something else of a table, give its ``attrs`` another card.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the card itself."""
        return self
