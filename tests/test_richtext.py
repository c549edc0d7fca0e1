"""Runs of text in every format: what looks like markup stays text."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spineevidence.richtext import Run, html_text, latex_text, markdown_text, plain_text

HOSTILE = (
    "<script>alert(1)</script> & \\input{x} 100% a_b $x$ #1 ^ ~ `c` *d* [e](f) ![g] -- '' \u200f\U0001f9b4"
)
WORDS = st.text(
    alphabet=st.sampled_from("ab Z9.-_*`<>&\\{}[]()#+!|~$%^'\",:;/=@é\u200f\U0001f9b4"), max_size=30
)
RUNS = st.lists(st.builds(Run, WORDS, st.booleans(), st.booleans(), st.booleans()), max_size=5)
TAG = re.compile(r"</?(?:i|b|sup|em|strong|p|hr)\s*/?>")


def shown(page: str) -> str:
    """Return what a reader sees of HTML that holds no tag but ours."""
    return html.unescape(TAG.sub("", page))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_looks_become_tags_and_commands() -> None:
    runs = (Run("a"), Run("b", italic=True), Run("c", bold=True), Run("1", superscript=True))
    assert plain_text(runs) == "abc1"
    assert html_text(runs) == "a<i>b</i><b>c</b><sup>1</sup>"
    assert latex_text(runs) == r"a\textit{b}\textbf{c}\textsuperscript{1}"
    assert markdown_text((Run("In "), Run("Spine", italic=True), Run(", "), Run("9", bold=True))) == (
        "In *Spine*, **9**"
    )


def test_emphasis_that_markdown_would_not_see_is_html() -> None:
    assert markdown_text((Run("a"), Run("b", italic=True), Run("c"))) == "a<i>b</i>c"
    assert markdown_text((Run("(b)", italic=True), Run("c"))) == "<i>(b)</i>c"


def test_hostile_text_is_text() -> None:
    runs = (Run(HOSTILE, italic=True),)
    assert "<script>" not in html_text(runs)
    assert shown(html_text(runs)) == HOSTILE
    assert shown(MarkdownIt("commonmark").render(markdown_text(runs))).strip() == HOSTILE
    assert r"\input" not in latex_text(runs)
    assert r"100\%" in latex_text(runs)


@pytest.mark.parametrize("start", ["1. ", "12) ", "- ", "+ ", "# ", "> ", "* ", "    ", "```", "---"])
def test_a_paragraph_starts_no_other_block(start: str) -> None:
    page = MarkdownIt("commonmark").render(markdown_text([Run(f"{start}x")]))
    assert page.startswith("<p>")
    assert shown(page).strip() == f"{start}x".strip()


@given(RUNS)
def test_html_shows_the_characters(runs: list[Run]) -> None:
    assert shown(html_text(runs)) == plain_text(runs)


@given(RUNS)
def test_markdown_shows_the_characters(runs: list[Run]) -> None:
    page = MarkdownIt("commonmark").render(markdown_text(runs))
    assert squeezed(shown(page)) == squeezed(plain_text(runs))


@given(RUNS)
def test_latex_has_no_command_but_ours(runs: list[Run]) -> None:
    signs = "backslash|asciicircum|asciitilde|less|greater|bar|asciigrave"
    ours = rf"\\(?:text(?:{signs})|char34)\{{\}}|\\[{{}}$&#%_]|\\text(?:it|bf|superscript)\{{"
    rest = re.sub(ours, ".", latex_text(runs))
    assert not re.search(r"[\\$&#%_^~<>|\"`]|--|''|,,", rest)
