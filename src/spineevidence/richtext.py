"""Text in runs of italic, bold and superscript, as plain text, HTML, Markdown and LaTeX."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\char34{}",
        "`": r"\textasciigrave{}",
        "'": "'{}",
        ",": ",{}",
        "-": "-{}",
    }
)
_LIGATURES = re.compile(r"(['-]|,)\{\}(?!\1|\Z)")  # doubled, these signs become another one in TeX
_MARKDOWN = re.compile(r"[\\`*{}\[\]<>#|~&$^@]|(?<![^\W_])_|_(?![^\W_])")
_MARKDOWN_START = re.compile(r"(\d{1,9}(?=[.)])|(?=[-+]))")
_EDGES = re.compile(r"(\s*)(.*?)(\s*)\Z", re.DOTALL)


class Run(NamedTuple):
    """A stretch of text that looks the same throughout; it holds characters, never markup."""

    text: str
    italic: bool = False
    bold: bool = False
    superscript: bool = False


def plain_text(runs: Iterable[Run]) -> str:
    """Return the characters alone.

    >>> plain_text([Run("Spine", italic=True), Run(". 2004")])
    'Spine. 2004'
    """
    return "".join(run.text for run in runs)


def html_text(runs: Iterable[Run]) -> str:
    """Return HTML, every character of the text escaped.

    >>> html_text([Run("R&D", italic=True), Run(" <b>")])
    '<i>R&amp;D</i> &lt;b&gt;'
    """
    return "".join(
        _wrapped(
            html.escape(run.text),
            run,
            italic=("<i>", "</i>"),
            bold=("<b>", "</b>"),
            superscript=("<sup>", "</sup>"),
        )
        for run in runs
    )


def latex_text(runs: Iterable[Run]) -> str:
    r"""Return LaTeX, every special character escaped, for documents in UTF-8.

    >>> latex_text([Run("50%", bold=True), Run(r" \input{x} a--b")])
    '\\textbf{50\\%} \\textbackslash{}input\\{x\\} a-{}-b'
    """
    return "".join(
        _wrapped(
            _LIGATURES.sub(r"\1", run.text.translate(_LATEX)),
            run,
            italic=(r"\textit{", "}"),
            bold=(r"\textbf{", "}"),
            superscript=(r"\textsuperscript{", "}"),
        )
        for run in runs
    )


def markdown_text(runs: Iterable[Run]) -> str:
    r"""Return one paragraph of CommonMark, every character that could be markup escaped.

    Superscripts, and emphasis that the flanking rules of CommonMark would not see, are inline HTML.

    >>> markdown_text([Run("Spine", italic=True), Run(". 2*3"), Run("1", superscript=True)])
    '*Spine*. 2\\*3<sup>1</sup>'
    """
    shown = list(runs)
    parts: list[str] = []
    for number, run in enumerate(shown):
        before, core, after = _edges(run.text)
        outside = [before or plain_text(shown[:number])[-1:], after or plain_text(shown[number + 1 :])[:1]]
        starred = all(map(_is_word, core[:1] + core[-1:])) and not any(map(_is_word, outside))
        parts += [
            before,
            _wrapped(
                _MARKDOWN.sub(r"\\\g<0>", core),
                run,
                italic=("*", "*") if starred else ("<i>", "</i>"),
                bold=("**", "**") if starred else ("<b>", "</b>"),
                superscript=("<sup>", "</sup>"),
            ),
            after,
        ]
    paragraph = "".join(parts).strip()
    start = _MARKDOWN_START.match(paragraph)
    return f"{start[0]}\\{paragraph[start.end() :]}" if start else paragraph


def _wrapped(
    text: str, run: Run, *, italic: tuple[str, str], bold: tuple[str, str], superscript: tuple[str, str]
) -> str:
    """Put the marks of a run around its text."""
    for wanted, (opening, closing) in (
        (run.superscript, superscript),
        (run.italic, italic),
        (run.bold, bold),
    ):
        if wanted and text:
            text = f"{opening}{text}{closing}"
    return text


def _edges(text: str) -> tuple[str, str, str]:
    match = _EDGES.match(text)
    return (match[1], match[2], match[3]) if match else ("", text, "")


def _is_word(character: str) -> bool:
    return character != "" and unicodedata.category(character[-1])[0] in "LN"
