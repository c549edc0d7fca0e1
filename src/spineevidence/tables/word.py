"""A table as a Word document: real styles, heads that repeat, rows that stay whole; no date unless asked."""

from __future__ import annotations

import datetime
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape, quoteattr

from spineevidence.errors import InputError
from spineevidence.tables.layout import Block, Head, Layout, Words
from spineevidence.tables.parts import Alignment

if TYPE_CHECKING:
    from docx.document import Document as WordFile

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A4 = (11906, 16838)  # twips, twentieths of a point
MARGIN = 1417  # twips: 2.5 cm
FONT = "Arial"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of which a ZIP file can tell

Merged = Literal["", "restart", "continue"]

_OPENED = f'xmlns:w="{NAMESPACE}"'
_BREAKS = re.compile("([\n\t])")
_BREAK_SIGNS: Mapping[str, str] = MappingProxyType({"\n": "<w:br/>", "\t": "<w:tab/>"})
_THIN = '<w:bottom w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
_THICK = '<w:{} w:val="single" w:sz="12" w:space="0" w:color="auto"/>'
_JUSTIFIED: Mapping[Alignment, str] = MappingProxyType({"left": "left", "center": "center", "right": "right"})


def word_document(layout: Layout) -> bytes:
    """Return the table as a Word document with caption above and notes below.

    Without the environment variable ``SOURCE_DATE_EPOCH`` (seconds since 1970, UTC) the document has no date.

    Raises
    ------
    InputError
        If ``SOURCE_DATE_EPOCH`` is set to something else than whole seconds.
    """
    import docx
    from docx.oxml import parse_xml

    document = docx.Document()
    _set_page(document, landscape=layout.landscape)
    _set_styles(document)
    _set_properties(document, layout.caption.text)
    end = document.element.body.sectPr
    for xml in (_caption(layout.caption), _table(layout), *_below(layout)):
        end.addprevious(parse_xml(xml))
    written = io.BytesIO()
    document.save(written)
    return _dated_alike(written)


def _set_page(document: WordFile, *, landscape: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Twips

    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Twips(side) for side in (A4[::-1] if landscape else A4))
    section.left_margin = section.right_margin = Twips(MARGIN)
    section.top_margin = section.bottom_margin = Twips(MARGIN)


def _set_styles(document: WordFile) -> None:
    from docx.oxml import parse_xml
    from docx.shared import Pt, RGBColor

    for name, size in (("Normal", 10), ("Caption", 10)):
        font = document.styles[name].font
        font.name, font.size = FONT, Pt(size)
    document.styles["Caption"].font.color.rgb = RGBColor(0, 0, 0)
    for xml in _STYLES:
        document.styles.element.append(parse_xml(xml))
    for language in document.styles.element.iter(f"{{{NAMESPACE}}}lang"):
        language.set(f"{{{NAMESPACE}}}val", "en-GB")


def _paragraph_style(name: str, *, based: str = "Normal", spacing: str, size: int, more: str = "") -> str:
    """Return a style of paragraphs; `size` in half points, `spacing` before and after in twips."""
    identifier = name.replace(" ", "")
    before, after = spacing.split()
    return (
        f'<w:style {_OPENED} w:type="paragraph" w:customStyle="1" w:styleId="{identifier}">'
        f'<w:name w:val="{name}"/><w:basedOn w:val="{based}"/><w:qFormat/>'
        f"<w:pPr>{'<w:keepNext/>' if more else ''}"
        f'<w:spacing w:before="{before}" w:after="{after}" w:line="240" w:lineRule="auto"/></w:pPr>'
        f'<w:rPr>{more}<w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr></w:style>'
    )


_STYLES = (
    _paragraph_style("Table Text", spacing="30 30", size=18),
    _paragraph_style("Table Heading", based="TableText", spacing="30 30", size=18, more="<w:b/><w:bCs/>"),
    _paragraph_style("Table Group", based="TableText", spacing="100 30", size=18, more="<w:b/><w:bCs/>"),
    _paragraph_style("Table Note", spacing="40 0", size=16),
    f'<w:style {_OPENED} w:type="table" w:customStyle="1" w:styleId="EvidenceTable">'
    '<w:name w:val="Evidence Table"/><w:basedOn w:val="TableNormal"/><w:qFormat/>'
    f"<w:tblPr><w:tblBorders>{_THICK.format('top')}{_THICK.format('bottom')}</w:tblBorders>"
    '<w:tblCellMar><w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar></w:tblPr>'
    "</w:style>",
)


def _set_properties(document: WordFile, title: str) -> None:
    """Leave title and language; of a date only the one that is asked for."""
    properties = document.core_properties
    properties.title, properties.language = title[:255], "en-GB"
    properties.author = properties.comments = properties.last_modified_by = ""
    moment = _asked_date()
    for name in ("created", "modified"):
        for element in list(properties._element.iter(f"{{http://purl.org/dc/terms/}}{name}")):
            properties._element.remove(element)
        if moment is not None:
            setattr(properties, name, moment)
    relations = document.part.package.rels  # the template's picture of itself shows another page
    for key in [key for key, relation in relations.items() if relation.reltype.endswith("/thumbnail")]:
        relations.pop(key)


def _asked_date() -> datetime.datetime | None:
    """Return the date of https://reproducible-builds.org/specs/source-date-epoch/, if there is one."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not seconds:
        return None
    try:
        return datetime.datetime.fromtimestamp(int(seconds), tz=datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f'SOURCE_DATE_EPOCH must be whole seconds since 1970; found "{seconds}"; correct or unset it'
        ) from None


def _dated_alike(written: io.BytesIO) -> bytes:
    """Return a ZIP file with the same content in the same order, but without the time of writing."""
    alike = io.BytesIO()
    with zipfile.ZipFile(written) as former, zipfile.ZipFile(alike, "w") as new:
        for name in former.namelist():
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            new.writestr(entry, former.read(name))
    return alike.getvalue()


def _caption(words: Words) -> str:
    number = '<w:fldSimple w:instr=" SEQ Table \\* ARABIC "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    return (
        f'<w:p {_OPENED}><w:pPr><w:pStyle w:val="Caption"/><w:keepNext/></w:pPr>'
        f"{_run('Table ')}{number}{_run('. ')}{_words(words)}</w:p>"
    )


def _table(layout: Layout) -> str:
    width = (A4[1] if layout.landscape else A4[0]) - 2 * MARGIN
    widths = [round(share * width) for share in layout.shares]
    grid = "".join(f'<w:gridCol w:w="{one}"/>' for one in widths)
    parts = [
        f'<w:tbl {_OPENED}><w:tblPr><w:tblStyle w:val="EvidenceTable"/>',
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>',
        '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" '
        'w:noHBand="0" w:noVBand="1"/>',
        f"<w:tblCaption w:val={quoteattr(layout.caption.text)}/>",
        f"<w:tblDescription w:val={quoteattr(layout.description)}/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>",
    ]
    parts += _head(layout, widths)
    for block in layout.blocks:
        parts += _block(block, layout.alignments, widths)
    return "".join([*parts, "</w:tbl>"])


def _head(layout: Layout, widths: Sequence[int]) -> Iterator[str]:
    upper, *lower = layout.heads
    yield _row(
        (_head_cell(head, layout, widths, "restart" if head.depth > 1 else "") for head in upper), head=True
    )
    if lower:
        hanging = [head for head in upper if head.depth > 1]
        cells = [(head.first, _head_cell(head, layout, widths, "continue")) for head in hanging]
        cells += [(head.first, _head_cell(head, layout, widths, "")) for head in lower[0]]
        yield _row((xml for _, xml in sorted(cells)), head=True)


def _head_cell(head: Head, layout: Layout, widths: Sequence[int], merged: Merged) -> str:
    over = head.depth < len(layout.heads) and head in layout.heads[0]
    words = "" if merged == "continue" else _words(head.words)
    where: Alignment = "center" if over else layout.alignments[head.first]
    return _cell(
        _paragraph(words, "TableHeading", where),
        sum(widths[head.first : head.first + head.columns]),
        columns=head.columns,
        merged=merged,
        more=f'<w:tcBorders>{_THIN}</w:tcBorders><w:vAlign w:val="bottom"/>',
    )


def _block(block: Block, alignments: Sequence[Alignment], widths: Sequence[int]) -> Iterator[str]:
    if block.heading is not None:
        words = _paragraph(_words(block.heading), "TableGroup", "left")
        yield _row([_cell(words, sum(widths), columns=len(widths))])
    for row in block.rows:
        yield _row(
            _cell(_paragraph(_words(words), "TableText", where), width)
            for words, where, width in zip(row, alignments, widths, strict=True)
        )


def _row(cells: Iterable[str], *, head: bool = False) -> str:
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(paragraph: str, width: int, *, columns: int = 1, merged: Merged = "", more: str = "") -> str:
    span = f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""
    merge = f'<w:vMerge w:val="{merged}"/>' if merged else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{merge}{more}</w:tcPr>{paragraph}</w:tc>'


def _paragraph(runs: str, style: str, where: Alignment = "left") -> str:
    justified = "" if where == "left" else f'<w:jc w:val="{_JUSTIFIED[where]}"/>'
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{justified}</w:pPr>{runs}</w:p>'


def _below(layout: Layout) -> Iterator[str]:
    texts = [_run(note) for note in layout.notes]
    texts += [_run(mark, raised=True) + _run(f" {text}") for mark, text in layout.footnotes]
    texts += [_run(f"{number}. {text}") for number, text in layout.references]
    for runs in texts:
        yield _paragraph(runs, "TableNote").replace("<w:p>", f"<w:p {_OPENED}>", 1)


def _words(words: Words) -> str:
    raised = _run(words.raised, raised=True) if words.marks else ""
    return f"{_run(words.text)}{raised}{_run(words.bracketed)}"


def _run(text: str, *, raised: bool = False) -> str:
    if not text:
        return ""
    pieces = [
        _BREAK_SIGNS.get(piece, f'<w:t xml:space="preserve">{escape(piece)}</w:t>')
        for piece in _BREAKS.split(text)
        if piece
    ]
    above = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>' if raised else ""
    return f"<w:r>{above}{''.join(pieces)}</w:r>"
