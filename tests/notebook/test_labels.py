"""Labels of a table are text in a sentence, whatever markup they hold."""

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

import scalinglaws as sl
from scalinglaws import _labels
from scalinglaws.notebook import say

HOSTILE = [
    "*best*", "_run_ 3", "__init__", "$5 to $10", "[click](https://example.org)", "`rm -rf`",
    "{ref}`x`", "a|b|c", "~~gone~~", "<b>bold</b>", "C:\\new\\table", "# head", "&amp; more",
    "snake_case_name", "x^2^", "![i](x.png)",
]  # fmt: skip


def rendered(markdown: str) -> str:
    """Return Markdown as the book renders it, in HTML."""
    md = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    return md.use(dollarmath_plugin).use(myst_role_plugin).render(markdown)


def text(html: str) -> str:
    """Return what a reader sees."""
    import html as library
    import re

    return library.unescape(re.sub(r"<[^>]+>", "", html)).strip()


@pytest.fixture(autouse=True)
def _forgotten():
    kept = dict(_labels._seen)
    yield
    _labels._seen.clear()
    _labels._seen.update(kept)


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_reads_as_it_is(label, tmp_path):
    frame = pd.DataFrame(
        {"params": [1e8, 2e8], "tokens": [2e9, 4e9], "loss": [3.1, 3.0], "run": [label, "other"]}
    )
    runs = sl.read_runs(frame, law=None)
    sentence = say(f"The best run is {runs['run'][0]}, of **two**.")
    html = rendered(sentence._repr_markdown_())
    assert text(html) == f"The best run is {label}, of two."
    assert "<strong>two</strong>" in html  # what a chapter marks up stays so
    for tag in ("<a ", "<em>", "<code", "<b>", "<img", "<s>", "math"):
        assert tag not in html
    assert repr(sentence) == f"The best run is {label}, of **two**."


def test_headers_are_labels_too():
    frame = pd.DataFrame({"params": [1e8], "tokens": [2e9], "loss": [3.1], "_lr_ $x$": [1.0]})
    runs = sl.read_runs(frame, law=None)
    html = rendered(say(f"columns: {', '.join(runs.columns)}")._repr_markdown_())
    assert text(html).endswith("_lr_ $x$")


def test_plain_names_are_left_alone():
    _labels.remember(["run_1", "a-b", "", "*", 3, None, "x" * 500 + "*"])
    assert not _labels._seen.keys() & {"run_1", "a-b", "*"}
    assert _labels.escaped("run_1 and a-b") == "run_1 and a-b"


def test_the_longest_label_is_escaped_first():
    _labels.remember(["*a*", "*a* and *b*"])
    assert _labels.escaped("*a* and *b*, then *a*") == r"\*a\* and \*b\*, then \*a\*"
