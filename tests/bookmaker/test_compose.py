"""A page composed of a chapter and its outputs: answer first, machinery folded, words linked."""

from __future__ import annotations

import copy
import json
from base64 import b64encode

from bookmaker.compose import compose, opened, page_text
from bookmaker.drawings import lift_drawings, place_drawings
from bookmaker.exercises import exercise_table, exercises_in
from bookmaker.pages import library_page
from bookmaker.words import glossary_terms, link_terms, reading_minutes
from scalinglaws.figures import MIME


def text(source, name="t"):
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def code(source, *tags, outputs=(), name="c"):
    cell = {"cell_type": "code", "id": name, "metadata": {"tags": list(tags)}, "source": source}
    return cell | {"outputs": list(outputs), "execution_count": None}


def shown(words):
    data = {"text/plain": words, "text/markdown": words}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}


CELLS = [
    text("# Title\n\nThe question?\n\n**You will be able to** read.", "title"),
    code("seed: int = 0", "parameters", name="p"),
    code("import numpy", name="i"),
    text("## Story\n\nA floor, and the floor again. See `floor` in $floor$.", "story"),
    code("picture()", "picture", name="pic"),
    code("answer()", "minute", "remove-input", name="ans"),
    code("show(1)", name="s"),
]
OUTPUTS = [[], [], [shown("Figure")], [shown("**In one minute.** 42.")], [shown("one")]]


def composed(tmp_path, cells=CELLS):
    source = {"cells": copy.deepcopy(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ran = copy.deepcopy(source)
    outputs = iter(OUTPUTS)
    for cell in ran["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = next(outputs), 7
    return compose(
        source, ran, terms={"floor": "irreducible loss"}, cite="Them (2026).", drawings=tmp_path
    )


def test_question_answer_and_picture_come_first(tmp_path):
    page = composed(tmp_path)
    names = [c["id"] for c in page["cells"]]
    assert names == ["title", "ans", "pic", "title-more", "p", "i", "story", "s", "cite-this-page"]
    assert page["cells"][0]["source"].startswith("# Title\n\nThe question?\n\n```{div} sl-time\n")
    assert page["cells"][3]["source"] == "**You will be able to** read."
    assert "Them (2026)." in page["cells"][-1]["source"]
    assert page["cells"][1]["outputs"][0]["data"]["text/plain"].startswith("**In one minute.**")


def test_what_sets_up_is_folded_and_what_is_moved_shows_no_code(tmp_path):
    tags = {c["id"]: c["metadata"].get("tags", []) for c in composed(tmp_path)["cells"]}
    assert "hide-input" in tags["p"]
    assert "hide-input" in tags["i"]
    assert tags["s"] == []
    assert "remove-input" in tags["pic"]
    assert "hide-input" not in tags["pic"]


def test_a_chapter_without_tags_keeps_its_order():
    cells = [text("# T"), code("1"), text("x")]
    assert opened(cells) == cells
    only = opened([text("# T\n\nQ", "t"), code("1", "minute", name="m")])
    assert [c["id"] for c in only] == ["t", "m"]


def test_the_sources_are_not_changed(tmp_path):
    before = copy.deepcopy(CELLS)
    assert page_text(composed(tmp_path)) == page_text(composed(tmp_path))
    assert before == CELLS


def test_words_are_linked_where_they_are_first_used_and_not_in_code(tmp_path):
    story = next(c for c in composed(tmp_path)["cells"] if c["id"] == "story")["source"]
    assert (
        "A {term}`floor <irreducible loss>`, and the floor again. See `floor` in $floor$." in story
    )


def test_headings_tables_links_and_blocks_keep_their_words():
    cell = text(
        "## A floor\n\n| floor |\n\n[floor](x) {doc}`floor`\n\n```{note}\nfloor\n```\n\nTwo floors."
    )
    link_terms([cell], {"floor": "floor", "floors": "floor"})
    assert cell["source"].count("{term}") == 1
    assert cell["source"].endswith("Two {term}`floors <floor>`.")


def test_glossary_terms_have_plurals():
    found = glossary_terms("# G\n\n```{glossary}\nbreak\n  A place.\n\nbias\n  Off.\n```\n")
    assert found == {"break": "break", "breaks": "break", "bias": "bias"}
    assert glossary_terms("nothing") == {}


def test_minutes_count_visible_words_only():
    assert reading_minutes([text("word " * 401)]) == 3
    hidden = "<details>" + "word " * 900 + "</details>"
    assert reading_minutes([text("one " + hidden)]) == 1
    script = {"text/html": "<script>" + "a " * 900 + "</script>x", "text/plain": "y"}
    assert reading_minutes([code("1", outputs=[{"data": script}])]) == 1


def test_a_card_leads_to_the_catalogue(tmp_path):
    card = "<div><p class='sl-full' data-set='toy'>All of it</p></div>"
    cells = [text("# T\n\nQ"), code("card", name="k")]
    ran = copy.deepcopy(cells)
    ran[1]["outputs"] = [
        {"output_type": "display_data", "data": {"text/html": card}, "metadata": {}}
    ]
    page = compose({"cells": cells}, {"cells": ran}, terms={}, cite="c", drawings=tmp_path)
    html = page["cells"][1]["outputs"][0]["data"]["text/html"]
    assert "href='../back/catalogue.html#toy'" in html


def drawing(alt="What is to be seen."):
    files = {n: b64encode(n.encode()).decode() for n in ("dark.png", "narrow.png", "csv", "svg")}
    extra = {"message": "It falls.", "files": files}
    data = {"image/png": b64encode(b"wide").decode(), "text/plain": "Figure", MIME: extra}
    cell = code("draw()", outputs=[{"output_type": "display_data", "data": data, "metadata": {}}])
    cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
    return cell


def test_drawings_go_to_files_and_the_message_into_the_text_for_who_cannot_see(tmp_path):
    cell = drawing()
    lift_drawings(cell, tmp_path)
    assert MIME not in json.dumps(cell)
    names = sorted(p.name.split(".", 1)[1] for p in tmp_path.iterdir())
    assert names == ["csv", "dark.png", "narrow.png", "svg"]
    assert cell["metadata"]["mystnb"]["image"]["alt"] == "It falls. What is to be seen."


def test_a_page_shows_the_drawing_of_its_width_and_theme_with_the_numbers(tmp_path):
    lift_drawings(drawing(), tmp_path / "_static/drawn")
    digest = next((tmp_path / "_static/drawn").iterdir()).name.split(".")[0]
    (tmp_path / "part").mkdir()
    page = tmp_path / "part/one.html"
    other = "0" * 64
    page.write_text(
        f'<figure><a class="reference internal image-reference" href="x"><img alt="a b" '
        f'src="../_images/{digest}.png" style="width: 688px;" /></a>'
        f"<figcaption><p>C</p></figcaption></figure>"
        f'<figure><img src="../_images/{other}.png"/><figcaption>D</figcaption></figure>'
    )
    place_drawings(tmp_path)
    html = page.read_text()
    assert f'srcset="../_static/drawn/{digest}.narrow.png"' in html
    assert f'src="../_static/drawn/{digest}.dark.png"' in html
    assert html.count('alt="a b"') == 2
    first, second = html.split("</figure>")[:2]
    assert f'href="../_static/drawn/{digest}.csv" download' in first
    assert "image-reference" not in first
    assert f"_images/{other}.png" in second
    assert "sl-files" not in second
    place_drawings(tmp_path / "part")  # where nothing was drawn


def test_exercises_are_one_table_with_their_minutes():
    source = "```{exercise} Which runs *pull*?\n:label: ex-pull\nFind them. *(20 minutes)*\n```\n"
    bare = "````{exercise} Bare\n:label: ex-bare\n\n```\ncode\n```\n````"
    found = exercises_in([source, bare])
    assert [(e.title, e.label, e.minutes) for e in found] == [
        ("Which runs *pull*?", "ex-pull", 20),
        ("Bare", "ex-bare", None),
    ]
    table = exercise_table({"part/one": ("One", found)})
    assert "| {ref}`Which runs *pull*? <ex-pull>` | 20 | {doc}`One </part/one>` |" in table


def test_the_reference_of_the_library_is_the_same_at_each_build():
    page = library_page()
    assert "### sl.figures" in page
    assert " at 0x" not in page
