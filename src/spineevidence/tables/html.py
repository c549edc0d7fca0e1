"""A table as HTML that reads well aloud: headings with their scope, notes as lists, nothing active."""

from __future__ import annotations

import html
from collections.abc import Iterator

from spineevidence.tables.layout import Block, Head, Layout, Words
from spineevidence.tables.parts import Alignment

STYLE = """\
body { font: 0.9rem/1.4 Arial, Helvetica, sans-serif; color: #000; background: #fff; margin: 1.5rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; }
caption { text-align: left; font-weight: bold; padding: 0 0 0.5rem; }
th, td { padding: 0.25rem 0.6rem; vertical-align: top; text-align: left; overflow-wrap: break-word; }
sup { line-height: 0; font-size: 0.75em; }
thead th { vertical-align: bottom; }
thead tr:last-child th, thead th[rowspan] { border-bottom: 1px solid; }
thead th[scope="colgroup"] { border-bottom: 1px solid; text-align: center; }
td[style*="right"] { white-space: nowrap; }
tbody th { font-weight: normal; }
tbody th[scope="rowgroup"] { font-weight: bold; padding-top: 0.6rem; }
ul { list-style: none; padding: 0; }
ol { padding-left: 1.5rem; }
"""


def html_page(layout: Layout) -> str:
    """Return the table as a page that stands by itself."""
    title = html.escape(layout.caption.text)
    style = STYLE + ("@page { size: landscape; }\n" if layout.landscape else "")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{html_part(layout)}</body>\n</html>\n"
    )


def html_part(layout: Layout) -> str:
    """Return the table with its notes below, for a page or a notebook."""
    return "\n".join(["<div>", "<table>", *_table(layout), "</table>", *_below(layout), "</div>", ""])


def _table(layout: Layout) -> Iterator[str]:
    yield f"<caption>{_words(layout.caption)}</caption>"
    yield from _column_groups(layout.heads[0])
    yield "<thead>"
    for line in layout.heads:
        yield f"<tr>{''.join(_head(head, layout) for head in line)}</tr>"
    yield "</thead>"
    for block in layout.blocks:
        yield from _block(block, layout.alignments)


def _column_groups(heads: tuple[Head, ...]) -> Iterator[str]:
    """Yield the groups of columns, to which the scope of a head over several of them points."""
    if any(head.depth > 1 or head.columns > 1 for head in heads):
        for head in heads:
            yield f'<colgroup span="{head.columns}"></colgroup>'


def _head(head: Head, layout: Layout) -> str:
    over = head.depth < len(layout.heads) and head in layout.heads[0]
    scope = "colgroup" if over else "col"
    columns = f' colspan="{head.columns}"' if head.columns > 1 else ""
    depth = f' rowspan="{head.depth}"' if head.depth > 1 else ""
    aligned = "" if over else _aligned(layout.alignments[head.first])
    return f'<th scope="{scope}"{columns}{depth}{aligned}>{_words(head.words)}</th>'


def _block(block: Block, alignments: tuple[Alignment, ...]) -> Iterator[str]:
    yield "<tbody>"
    if block.heading is not None:
        yield f'<tr><th scope="rowgroup" colspan="{len(alignments)}">{_words(block.heading)}</th></tr>'
    for first, *rest in block.rows:
        named = f'<th scope="row"{_aligned(alignments[0])}>{_words(first)}</th>'
        cells = "".join(
            f"<td{_aligned(where)}>{_words(words)}</td>"
            for words, where in zip(rest, alignments[1:], strict=True)
        )
        yield f"<tr>{named}{cells}</tr>"
    yield "</tbody>"


def _below(layout: Layout) -> Iterator[str]:
    for note in layout.notes:
        yield f"<p>{_text(note)}</p>"
    if layout.footnotes:
        yield '<ul aria-label="Footnotes">'
        for mark, text in layout.footnotes:
            yield f"<li><sup>{mark}</sup> {_text(text)}</li>"
        yield "</ul>"
    if layout.references:
        yield '<ol aria-label="References">'
        for _, text in layout.references:
            yield f"<li>{_text(text)}</li>"
        yield "</ol>"


def _aligned(where: Alignment) -> str:
    return "" if where == "left" else f' style="text-align: {where}"'


def _words(words: Words) -> str:
    raised = f"<sup>{words.raised}</sup>" if words.marks else ""
    return f"{_text(words.text)}{raised}{words.bracketed}"


def _text(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
