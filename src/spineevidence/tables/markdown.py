"""A table in GitHub's Markdown. Cells cannot be merged there: heads over columns are written "head: sub"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spineevidence.tables.layout import Layout, Words
from spineevidence.tables.parts import Alignment

_RULES: tuple[tuple[Alignment, str], ...] = (("left", ":---"), ("center", ":---:"), ("right", "---:"))
_SPACES = re.compile(r"[^\S \n\t]")  # which readers may trim or take for plain spaces
_SIGNS = re.compile(r"[\\`*_\[\]|~$]")
_OPENING = re.compile(r"^(\d{0,9})([-+=#.)])")  # what makes a list, a heading or a rule of a paragraph


def markdown_text(layout: Layout) -> str:
    """Return the table with caption and notes as Markdown."""
    lines = [f"**{_text(layout.caption.text)}**{_after(layout.caption)}", ""]
    lines += [_line(_words(words) for words in layout.columns)]
    lines += [_line(dict(_RULES)[where] for where in layout.alignments)]
    for block in layout.blocks:
        if block.heading is not None:
            bold = f"**{_text(block.heading.text)}**{_after(block.heading)}"
            lines.append(_line([bold, *[""] * (len(layout.columns) - 1)]))
        lines += [_line(map(_words, row)) for row in block.rows]
    for paragraph in _below(layout):
        lines += ["", paragraph]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    >>> escaped("<script> [x](y) * a | b, $c$")
    '&lt;script&gt; \\[x\\](y) \\* a \\| b, \\$c\\$'
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SIGNS.sub(r"\\\g<0>", text)


def _below(layout: Layout) -> Iterator[str]:
    for note in layout.notes:
        yield _paragraph(note)
    for mark, text in layout.footnotes:
        yield f"<sup>{mark}</sup> {_text(text)}"
    if layout.references:
        yield "\n".join(f"{number}. {_paragraph(text)}" for number, text in layout.references)


def _paragraph(text: str) -> str:
    return _OPENING.sub(r"\1\\\2", _text(text))


def _line(cells: Iterator[str] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _words(words: Words) -> str:
    return _text(words.text) + _after(words)


def _after(words: Words) -> str:
    raised = f"<sup>{words.raised}</sup>" if words.marks else ""
    return raised + escaped(words.bracketed)


def _text(text: str) -> str:
    shown = _SPACES.sub(lambda space: f"&#{ord(space[0])};", escaped(text))
    return shown.replace("\n", "<br>")
