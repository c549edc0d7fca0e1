"""Every format read back: the same cells, footnotes, heads and groups, whatever the texts are."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import pandas as pd
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.tables.csvtable import FORMULA_STARTS, csv_text, harmless
from spineevidence.tables.html import html_page, html_part
from spineevidence.tables.latex import escaped, latex_document, latex_part
from spineevidence.tables.markdown import markdown_text
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, Span, cell, group
from spineevidence.tables.word import word_document
from tableexample import summary_of_findings
from tablereading import Seen, read_csv, read_html, read_latex, read_markdown, read_word, unescaped

ENDINGS = (".docx", ".tex", ".html", ".md", ".csv")
HOSTILE = [
    "<script>alert(1)</script>", "a & b &amp; &lt;", "\\input{/etc/passwd}", "50 % of $x$ #1 ~ ^^M {}",
    "a_b|c", "\\", "\\\\[2em]", "[1em]", "*", "* a", "*a* _b_ **c** ~~d~~ `e`",
    "\u202eevil\u202c \u200f\u2067x\u2069", "𝔘𝔫𝔦 🦴", "=1+1", "+1", "-1.2", "-1.2 (-2.0 to -0.4)", "-",
    "- a", "@SUM(A1)", "'=1", "''quoted''", "n" * 300, "two\nlines", "a\n\nb", "# no heading",
    "1. no list", "--- -- ,, ``x'' ?` !`", '"quoted", "twice"', "<!-- x -->", "![a](javascript:x) [b](c)",
    "~a~", "a | b", "\\|", "τ² ≤ −1 ± 0.5 × 10⁻¹ ⊕⊕◯◯ é ł", "\u00a0x\u2003", "]]>", "&#60;", "| --- |",
    "a\tb", "  ", "<br>", "Group", "^a", "% comment", "tom's `x`", "x\u00a0y\u2011z\u00ad",
]  # fmt: skip


# ---- what has to be found, from the table itself


def shown(table: Table, one: Cell, *more: str) -> str:
    """Return a text with its marks raised and its citations in brackets."""
    marks = {note.key: note.mark for note in table.footnotes}
    raised = ",".join(dict.fromkeys(marks[key] for key in (*one.notes, *more)))
    numbers = ", ".join(dict.fromkeys(str(table.citations.index(key) + 1) for key in one.cites))
    before = one.text + (f"\x01{raised}\x02" if raised else "")
    return f"{before} [{numbers}]" if before and numbers else before + (f"[{numbers}]" if numbers else "")


def cells_of(table: Table, one: Row) -> list[str]:
    cells = one.cells
    ordered = [cells[column.key] for column in table.columns] if isinstance(cells, dict) else list(cells)
    return [shown(table, ordered[0], *one.notes), *(shown(table, other) for other in ordered[1:])]


def heads(table: Table) -> list[list[tuple[str, int, int]]]:
    over = {span.columns[0]: span for span in table.spans}
    under = {key for span in table.spans for key in span.columns}
    upper, lower = [], []
    for column in table.columns:
        unit = f"\n({column.unit})" if column.unit else ""
        text = shown(table, Cell(column.heading + unit, column.notes))
        if span := over.get(column.key):
            upper.append((shown(table, Cell(span.heading, span.notes)), len(span.columns), 1))
        if column.key in under:
            lower.append((text, 1, 1))
        else:
            upper.append((text, 1, 2 if over else 1))
    return [upper, lower] if over else [upper]


def expected(table: Table) -> Seen:
    rows: list[list[str]] = []
    for part in table.groups:
        rows += [] if part.heading is None else [[shown(table, part.heading)]]
        rows += [cells_of(table, one) for one in part.rows]
    below = [*table.notes, *(f"\x01{note.mark}\x02 {note.text}" for note in table.footnotes)]
    below += [f"{number}. {text}" for number, text in enumerate(table.references, start=1)]
    return Seen(shown(table, table.caption), heads(table), rows, below)


def flat_headings(table: Table) -> list[str]:
    """Return "head: sub" for each column, with the marks of both."""
    over = {key: span for span in table.spans for key in span.columns}
    found = []
    for column in table.columns:
        unit = f" ({column.unit})" if column.unit else ""
        text, notes = column.heading.replace("\n", " ") + unit, column.notes
        if span := over.get(column.key):
            text, notes = f"{span.heading}: {text}", (*span.notes, *notes)
        found.append(shown(table, Cell(text, notes)))
    return found


def in_brackets(text: str) -> str:
    return re.sub("\x01(.*?)\x02", lambda marks: f" [{marks[1].replace(',', ', ')}]", text)


# ---- one check for each format


def check_word(table: Table) -> None:
    found, wanted = read_word(word_document(table.layout())), expected(table)
    assert found.caption == f"Table 1. {wanted.caption}"
    assert (found.heads, found.rows, found.below) == (wanted.heads, wanted.rows, wanted.below)


def check_html(table: Table) -> None:
    wanted = expected(table)
    for text in (html_page(table.layout()), html_part(table.layout())):
        assert read_html(text).seen == wanted


def check_latex(table: Table) -> None:
    wanted = expected(table)
    upper, *lower = wanted.heads
    if lower:  # headings without one above them stand in the lower line
        below = iter(lower[0])
        line: list[Any] = []
        for text, columns, depth in upper:
            line += [(text, 1, 1)] if depth == 2 else [next(below) for _ in range(columns)]
        top = [("", 1, 1) if depth == 2 else (text, columns, 1) for text, columns, depth in upper]
        wanted.heads = [top, line]
    for text in (latex_document(table.layout()), latex_part(table.layout())):
        assert read_latex(text) == wanted


def check_markdown(table: Table) -> None:
    found, wanted = read_markdown(markdown_text(table.layout())), expected(table)
    assert found.caption == wanted.caption
    assert found.heads == [[(text, 1, 1) for text in flat_headings(table)]]
    for row in wanted.rows:
        while len(row) > 1 and not row[-1]:
            row.pop()
    assert (found.rows, found.below) == (wanted.rows, wanted.below)


def check_csv(table: Table) -> None:
    (head, *rows), below = read_csv(csv_text(table.layout()).encode())
    grouped = any(part.heading is not None for part in table.groups)
    assert head == ["Group"] * grouped + [in_brackets(text) for text in flat_headings(table)]
    wanted = [
        ["" if part.heading is None else in_brackets(shown(table, part.heading))] * grouped
        + [in_brackets(text) for text in cells_of(table, one)]
        for part in table.groups
        for one in part.rows
    ]
    assert rows == wanted
    assert below == [
        ["Caption", in_brackets(shown(table, table.caption))],
        *(["Note", note] for note in table.notes),
        *([f"[{note.mark}]", note.text] for note in table.footnotes),
        *([f"[{number}]", text] for number, text in enumerate(table.references, start=1)),
    ]


CHECKS = (check_word, check_html, check_latex, check_markdown, check_csv)


@pytest.mark.parametrize("check", CHECKS)
def test_the_example_reads_back_from_every_format(check: Callable[[Table], None]) -> None:
    check(summary_of_findings())


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_a_hostile_text_anywhere_is_only_text(check: Callable[[Table], None], text: str) -> None:
    line = " ".join(text.split("\n"))
    check(
        Table.build(
            caption=cell(line, notes="k"),
            columns=[
                Column("a", text, notes=("k",)),
                Column("b", "B", unit=line),
                Column("c", text, kind="number"),
            ],
            spans=[Span(line, ("b", "c"), notes=("l",))],
            rows=[
                [text, "x", text],
                group(cell(line, notes="l"), [[text, cell(text, notes="k", cites="z"), "y"]]),
            ],
            footnotes={"l": line, "k": line},
            references={"z": line},
            notes=[line],
        )
    )


TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12),
    st.text("\\{}%_#&$~^|<>\"'`[]*-,=+@!?.:;() ab1\n\t", max_size=12),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map("".join),
).filter(lambda text: not re.search("[\ufeff\ufffe\uffff]", text))
LINE = TEXT.map(lambda text: re.sub("[\r\n\u2028\u2029]+", " ", text)).filter(
    lambda text: text.strip(" \t\n")
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Draw a table of any form and any texts."""
    width = draw(st.integers(1, 4))
    keys = [f"k{at}" for at in range(width)]
    notes = {f"n{at}": draw(LINE) for at in range(draw(st.integers(0, 3)))}
    bound = st.lists(st.sampled_from(sorted(notes)), max_size=2).map(tuple) if notes else st.just(())
    cites = st.lists(st.sampled_from(["z9", "b2"]), max_size=2).map(tuple)
    headings = TEXT.filter(lambda text: text.strip(" \t\n\r\u2028\u2029"))
    columns = [
        Column(
            key,
            draw(headings),
            draw(st.just("") | LINE),
            draw(st.sampled_from(["text", "number"])),
            notes=draw(bound),
        )
        for key in keys
    ]
    cells = st.builds(Cell, TEXT, bound, cites)
    rows = st.builds(Row, st.tuples(*[cells] * width), bound)
    groups = st.builds(Group, st.builds(Cell, LINE, bound), st.lists(rows, min_size=1, max_size=2).map(tuple))
    loose = draw(st.lists(rows, min_size=1, max_size=2))
    start = draw(st.integers(0, width - 1))
    covered = tuple(keys[start : draw(st.integers(start + 1, width))])
    spans = draw(st.just([]) | st.builds(Span, LINE, st.just(covered), bound).map(lambda span: [span]))
    return Table.build(
        caption=Cell(draw(LINE), tuple(notes)),
        columns=columns,
        spans=spans,
        rows=[*loose, *draw(st.lists(groups, max_size=2))],
        footnotes=notes,
        references=draw(st.just({}) | st.fixed_dictionaries({"z9": LINE, "b2": LINE})),
        notes=draw(st.lists(LINE, max_size=2)),
        landscape=draw(st.none() | st.booleans()),
    )


@pytest.mark.parametrize("check", CHECKS)
@settings(max_examples=60)
@given(table=tables())
def test_any_table_reads_back_from_every_format(check: Callable[[Table], None], table: Table) -> None:
    check(table)


# ---- files


@pytest.mark.parametrize("ending", ENDINGS)
def test_two_writings_give_the_same_bytes(tmp_path: Path, ending: str) -> None:
    first = summary_of_findings().write(tmp_path / f"one{ending}")
    second = summary_of_findings().write(tmp_path / "folder" / f"two{ending.upper()}")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", first.name]


@pytest.mark.parametrize(
    ("name", "fragment", "message"),
    [
        (
            "table.doc",
            False,
            r'written as \.docx, .*; the name "table\.doc" ends with "\.doc" \(did you mean "\.docx"',
        ),
        ("table.xyz9", False, r'ends with "\.xyz9"$'),
        ("table", False, "has no ending"),
        ("table.docx", True, r"a fragment of a table is written as \.tex or \.html"),
    ],
)
def test_an_unknown_ending_writes_nothing(tmp_path: Path, name: str, fragment: bool, message: str) -> None:
    with pytest.raises(InputError, match=message):
        summary_of_findings().write(tmp_path / "new" / name, fragment=fragment)
    assert not list(tmp_path.iterdir())


def test_what_fails_half_way_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.md"
    path.write_text("former")

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        summary_of_findings().write(path)
    monkeypatch.undo()
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".tex", ".html"])
def test_a_fragment_is_part_of_the_whole(tmp_path: Path, ending: str) -> None:
    whole = summary_of_findings().write(tmp_path / f"whole{ending}").read_text(encoding="utf-8")
    part = summary_of_findings().write(tmp_path / f"part{ending}", fragment=True).read_text(encoding="utf-8")
    assert len(part) < len(whole)
    assert not re.search("documentclass|<html", part)
    assert ("longtable" in part) if ending == ".tex" else (part in whole)


# ---- Word


@pytest.fixture
def word() -> Any:
    return docx.Document(io.BytesIO(word_document(summary_of_findings().layout())))


def test_word_has_real_styles_and_a_numbered_caption(word: Any) -> None:
    (table,) = word.tables
    assert table.style.name == "Evidence Table"
    caption = word.paragraphs[0]
    assert caption.style.name == "Caption"
    assert "SEQ Table" in caption._p.xml
    styles = {cell.paragraphs[0].style.name for row in table.rows for cell in row.cells}
    assert styles == {"Table Heading", "Table Group", "Table Text"}
    assert {paragraph.style.name for paragraph in word.paragraphs[1:]} == {"Table Note"}


def test_word_repeats_its_head_and_splits_no_row(word: Any) -> None:
    (table,) = word.tables
    repeated = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert repeated == [True, True] + [False] * 6
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    assert all(sum(cell.grid_span for cell in row._tr.tc_lst) == 7 for row in table.rows)


def test_word_merges_cells_as_its_own_library_understands(word: Any) -> None:
    (table,) = word.tables
    first, second = table.rows[0].cells, table.rows[1].cells
    assert first[1]._tc is first[2]._tc
    assert first[0]._tc is second[0]._tc
    assert first[1].text == "Anticipated absolute effects (95 % CI)"
    assert second[2].text == "Mean with heating\n(points)b"


def test_word_aligns_numbers_right(word: Any) -> None:
    (table,) = word.tables
    row = table.rows[3].cells
    aligned = [cell.paragraphs[0].alignment for cell in row]
    assert [None if one is None else int(one) for one in aligned] == [
        None, 2, 2, 2, 2, None, None,
    ]  # fmt: skip


def test_word_describes_its_table_for_readers_who_cannot_see_it(word: Any) -> None:
    properties = word.tables[0]._tbl.tblPr
    title, words = (
        properties.find(qn(name)).get(qn("w:val")) for name in ("w:tblCaption", "w:tblDescription")
    )
    assert title == "Heating of discs against sham: summary of findings"
    assert words == (
        "4 rows, 7 columns: Outcome; Anticipated absolute effects (95 % CI): Mean with sham (points); "
        "Anticipated absolute effects (95 % CI): Mean with heating (points); Relative effect (95 % CI); "
        "Participants (studies); Certainty of the evidence; Comments. Rows are grouped: Short term (1 to 3 "
        "months); Medium term (6 to 12 months)."
    )


@pytest.mark.parametrize("landscape", [True, False])
def test_word_lays_the_page_on_its_side(landscape: bool) -> None:
    table = Table.build(caption="A", columns=[Column("a", "A")], rows=[["x"]], landscape=landscape)
    section = docx.Document(io.BytesIO(word_document(table.layout()))).sections[0]
    assert (section.page_width > section.page_height) == landscape
    assert section.orientation == (WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT)


def test_word_has_no_date_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = summary_of_findings().layout()
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    undated = word_document(layout)
    with zipfile.ZipFile(io.BytesIO(undated)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
        assert not re.search(r"\d{4}-\d\d-\d\dT", core)
        assert not [name for name in package.namelist() if "thumbnail" in name]
    assert "python-docx" not in core
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated = word_document(layout)
    properties = docx.Document(io.BytesIO(dated)).core_properties
    assert str(properties.created) == str(properties.modified) == "2023-11-14 22:13:20+00:00"
    assert dated == word_document(layout)
    assert properties.title == summary_of_findings().caption.text


@pytest.mark.parametrize("seconds", ["yesterday", "1.5", "9" * 30])
def test_word_refuses_a_date_that_is_none(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH must be whole seconds since 1970"):
        word_document(summary_of_findings().layout())


# ---- HTML


def test_html_names_the_scope_of_every_heading() -> None:
    page = read_html(html_part(summary_of_findings().layout()))
    assert page.scopes[:8] == ["col", "colgroup", "col", "col", "col", "col", "col", "col"]
    assert page.scopes[8:16] == ["rowgroup", "row", "", "", "", "", "", ""][:8]


def test_html_points_a_head_over_one_column_to_its_group() -> None:
    columns = [Column("a", "A"), Column("b", "B")]
    table = Table.build(caption="A", columns=columns, spans=[Span("Over b", ("b",))], rows=[["x", "y"]])
    assert read_html(html_part(table.layout())).scopes == ["col", "colgroup", "col", "row", ""]


def test_html_groups_columns_as_its_heads_do() -> None:
    text = html_part(summary_of_findings().layout())
    spans = [int(span) for span in re.findall(r'<colgroup span="(\d+)">', text)]
    assert spans == [1, 2, 1, 1, 1, 1]


def test_html_is_well_formed_and_pandas_reads_it() -> None:
    text = html_part(summary_of_findings().layout())
    ElementTree.fromstring(text.replace("<br>", "<br/>"))
    (frame,) = pd.read_html(io.StringIO(text), flavor="lxml")
    assert frame.shape == (6, 7)
    assert frame.columns[1][0] == "Anticipated absolute effects (95 % CI)"
    assert frame.iloc[1, 2] == "−1.2 (−2.0 to −0.4)c"


# ---- Markdown, LaTeX, CSV


def test_markdown_has_one_line_for_each_row() -> None:
    lines = markdown_text(summary_of_findings().layout()).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 8
    assert table[1] == "| :--- | ---: | ---: | ---: | ---: | :--- | :--- |"
    assert "⊕⊕◯◯<br>low<sup>d,e</sup>" in table[3]


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\n" not in text])
def test_latex_carries_nothing_out(text: str) -> None:
    assert unescaped(escaped(text)) == text


def test_latex_says_which_engine_it_needs() -> None:
    def written(text: str) -> str:
        return latex_part(Table.build(caption="A", columns=[Column("a", "A")], rows=[[text]]).layout())

    assert "lualatex" not in written("é − ⊕ ≤ τ “x” ½")
    assert "% compile with lualatex, and a font that has U+200F, U+1F9B4\n" in written("🦴\u200f")


def test_latex_needs_a_landscape_page_only_where_it_is_wide() -> None:
    narrow = Table.build(caption="A", columns=[Column("a", "A")], rows=[["x"]]).layout()
    assert "pdflscape" not in latex_part(narrow)
    assert "landscape" not in latex_document(narrow)
    wide = summary_of_findings().layout()
    assert r"\begin{landscape}" in latex_part(wide)
    assert "landscape" in latex_document(wide)


KEPT = ["-1.2", "+0.5", "-1.2 (-2.0 to -0.4)", "-12 %", "-1e-5", "-1.2 [a]", "-1.2 (-2 to -0.4) [a, b] [1]"]
KEPT += ["−1.2", "5", "a=b", "'tis"]
DISARMED = [
    "-1+1",
    "-",
    "- a",
    "=1",
    "=1.2",
    "@a",
    "+a",
    "-2+3+cmd|' /C calc'!A0",
    " =1",
    "＝1",
    "-A1",
    "-1 to 2",
]


@pytest.mark.parametrize("text", KEPT)
def test_csv_keeps_the_sign_of_numbers(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("text", DISARMED)
def test_csv_disarms_formulas(text: str) -> None:
    assert harmless(text) == f"'{text}"


@given(TEXT, TEXT)
@example("=1", "'=1")
def test_csv_disarms_every_formula_and_loses_none(one: str, other: str) -> None:
    assert harmless(one) == one or not harmless(one).startswith(FORMULA_STARTS)
    assert (harmless(one) == harmless(other)) == (one == other)


def test_csv_ends_rows_as_rfc_4180_says() -> None:
    data = csv_text(summary_of_findings().layout()).encode()
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == 1 + 4 + 1 + 1 + 1 + 7 + 3
    frame = pd.read_csv(io.BytesIO(data), nrows=4, dtype=str, keep_default_na=False)
    assert frame.columns[0] == "Group"
    assert frame.iloc[1, 3] == "-4.1 (-9.8 to 1.6)"
