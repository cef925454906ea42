"""What a chapter says: sentences built from computed numbers, and refusals in plain sight."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, TypeVar

from scalinglaws import _labels
from scalinglaws.errors import Unidentifiable

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""The beginning of what Markdown takes for HTML."""


@dataclass(frozen=True)
class Say:
    """A paragraph of Markdown whose numbers come from the cell that shows it.

    It holds no HTML: what looks like a tag is a label of somebody's table, and stays text, as does
    the markup of labels that were read.
    """

    text: str

    def _repr_markdown_(self) -> str:
        return _TAG.sub("&lt;", _labels.escaped(self.text))

    def __repr__(self) -> str:
        """Return the paragraph as it stands."""
        return self.text


F = TypeVar("F", bound=Callable[..., Any])


def takes_refusals(function: F) -> F:
    """Mark a function that knows what to do with a refusal among its arguments."""
    function._takes_refusals = True  # type: ignore[attr-defined]
    return function


@takes_refusals
def say(*sentences: object) -> "Say | Refusal":
    """Join sentences into one paragraph; write them as f-strings over computed values.

    A refusal among them takes the paragraph's place.
    """
    for sentence in sentences:
        if isinstance(sentence, Refusal):
            return sentence
    return Say(" ".join(str(s).strip() for s in sentences))


@dataclass(frozen=True, eq=False)
class Refusal:
    """The library's refusal to answer, shown in place of the answer and of all that rests on it."""

    error: Unidentifiable

    # Arrays and tables leave arithmetic with a refusal to the refusal.
    __array_ufunc__ = None
    __pandas_priority__ = 10_000

    def __getattr__(self, name: str) -> "Refusal":
        """Any attribute of a refused answer is the same refusal."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> "Refusal":
        """Any call on a refused answer is the same refusal."""
        return self

    def __getitem__(self, _: Any) -> "Refusal":
        """Any part of a refused answer is the same refusal."""
        return self

    def __contains__(self, _: Any) -> bool:
        """Whether a refused interval holds a value cannot be said; it is not known to."""
        return False

    def __iter__(self) -> Iterator[Any]:
        """Nothing can be taken one by one: the refusal is raised, for what is around to show."""
        raise self.error

    def __setitem__(self, _: Any, __: Any) -> None:
        """Nothing can be put into a refused answer; it stays refused."""

    def _same(self, _: Any) -> "Refusal":
        return self

    def _none(self) -> "Refusal":
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _same
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _same
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _same
    __lt__ = __le__ = __gt__ = __ge__ = __or__ = __ror__ = __and__ = __rand__ = _same
    __neg__ = __abs__ = __invert__ = _none

    def __format__(self, _: str) -> str:
        """Inside a sentence a refused number reads "(refused)"."""
        return "(refused)"

    def __repr__(self) -> str:
        """Return the reason in words."""
        return f"Refused: {self.error}"

    def _repr_html_(self) -> str:
        return (
            '<div class="sl-refusal" role="note"><p><strong>Refused.</strong> '
            f"{escape(self.error.reason)}</p></div>"
        )


def _refused(value: Any) -> Refusal | None:
    """Return the refusal that an argument is, or that all of a list, tuple or dict are."""
    if isinstance(value, Refusal):
        return value
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list | tuple) or not parts:
        return None
    return next(iter(parts)) if all(isinstance(part, Refusal) for part in parts) else None


_SEES = (isinstance, repr, str, type, print)


def ask(question: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Ask a question that the runs may not be able to answer.

    Returns ``question(*args, **options)``, or a :class:`Refusal` that shows the reason when it
    raises :class:`Unidentifiable` or when an argument is itself a refusal. Any other error is
    raised as it is. ``show_refusals`` lets every call of a notebook be asked like this.
    """
    if isinstance(question, Refusal):
        return question
    if not any(question is one for one in _SEES) and not getattr(
        question, "_takes_refusals", False
    ):
        for value in (*args, *options.values()):
            if (refusal := _refused(value)) is not None:
                return refusal
    try:
        return question(*args, **options)
    except Unidentifiable as error:
        return Refusal(error)
