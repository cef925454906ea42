"""What a sentence shows: words of a table stay words."""

from scalinglaws.notebook import say


def test_a_label_in_a_sentence_is_text():
    hostile = 'a<img src="x" onerror="window.PWNED=1"><script>1</script><!-- x --></p>'
    told = say(f"The best model is {hostile}, with 2 < 3 and $p < 0.05$.")
    shown = told._repr_markdown_()
    assert "<img" not in shown
    assert "<script" not in shown
    assert "<!--" not in shown
    assert "</p" not in shown
    assert "2 < 3 and $p < 0.05$" in shown
    assert repr(told) == f"The best model is {hostile}, with 2 < 3 and $p < 0.05$."
