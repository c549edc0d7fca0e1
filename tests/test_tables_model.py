"""Evidence tables: what is built, what is refused, how they show themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.tables.layout import LANDSCAPE, PORTRAIT, Needs, mark, needs, shares
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Row, Span, cell, group, row
from tableexample import summary_of_findings

COLUMNS = [
    Column("study", "Study"),
    Column("n", "n", kind="number"),
    Column("effect", "Effect", kind="number"),
]
ROWS: list[Any] = [["A", "10", "-1.2"], ["B", "20", "0.3"]]


def build(**changed: Any) -> Table:
    return Table.build(**{"caption": "A table", "columns": COLUMNS, "rows": ROWS} | changed)


def test_a_table_of_texts() -> None:
    table = build()
    assert repr(table) == "Table: A table (3 columns, 2 rows)"
    assert len(table) == 2
    assert table.to_frame().to_dict("list") == {
        "study": ["A", "B"],
        "n": ["10", "20"],
        "effect": ["-1.2", "0.3"],
    }
    assert table == build()
    assert table.footnotes == table.citations == table.notes == ()


def test_rows_by_key_give_the_same_table() -> None:
    by_key = [{"effect": effect, "n": n, "study": study} for study, n, effect in ROWS]
    assert build(rows=by_key) == build()
    assert hash(build(rows=by_key)) == hash(build())


def test_the_example_in_one_line_and_as_a_frame() -> None:
    table = summary_of_findings()
    assert repr(table) == (
        "Table: Heating of discs against sham: summary of findings "
        "(7 columns, 4 rows, 7 footnotes, 3 citations)"
    )
    frame = table.to_frame()
    assert list(frame.columns) == ["group", *(column.key for column in table.columns)]
    assert (
        frame["group"].tolist() == ["Short term (1 to 3 months)"] * 2 + ["Medium term (6 to 12 months)"] * 2
    )
    assert frame["comment"].tolist()[1] == ""
    assert frame["certainty"].tolist()[0] == "⊕⊕◯◯\nlow"


def test_marks_follow_the_order_of_reading() -> None:
    table = summary_of_findings()
    assert [(note.mark, note.key) for note in table.footnotes] == [
        ("a", "population"),
        ("b", "corresponding"),
        ("c", "mid"),
        ("d", "bias"),
        ("e", "imprecision"),
        ("f", "window"),
        ("g", "events"),
    ]
    assert table.citations == ("second2005", "first2004", "third2011")
    assert [text[:6] for text in table.references] == ["Second", "First ", "Third "]


def test_heads_are_read_line_by_line() -> None:
    columns = [
        Column("one", "One", notes=("p",)),
        Column("two", "Two", notes=("s",)),
        Column("three", "Three", notes=("r",)),
    ]
    table = build(
        columns=columns,
        spans=[Span("Both", ("one", "two"), notes=("q",))],
        footnotes={key: key.upper() for key in "pqrs"},
    )
    assert [note.key for note in table.footnotes] == ["q", "r", "p", "s"]


def test_what_is_bound_to_a_row_stands_at_its_first_cell() -> None:
    table = build(
        rows=[row(["A", cell("10", notes="n"), "1"], notes="row"), row(ROWS[1], notes=["n"])],
        footnotes={"n": "of n", "row": "of a row"},
    )
    first, second = table.layout().blocks[0].rows
    assert [words.marks for words in first] == [("a",), ("b",), ()]
    assert second[0].marks == ("b",)


def test_the_note_of_a_first_cell_comes_before_that_of_its_row() -> None:
    table = build(
        rows=[row([cell("A", notes="cell"), "1", "2"], notes="row")], footnotes={"row": "R", "cell": "C"}
    )
    assert [note.key for note in table.footnotes] == ["cell", "row"]
    assert table.layout().blocks[0].rows[0][0].marks == ("a", "b")


def test_many_footnotes_are_marked_beyond_z() -> None:
    rows = [[cell(str(at), notes=f"k{at}"), "1", "2"] for at in range(30)]
    table = build(rows=rows, footnotes={f"k{at}": f"note {at}" for at in reversed(range(30))})
    assert [note.mark for note in table.footnotes][24:] == ["y", "z", "aa", "ab", "ac", "ad"]
    assert [note.text for note in table.footnotes] == [f"note {at}" for at in range(30)]


@given(st.integers(0, 20_000))
def test_marks_are_distinct_and_ordered_by_length(position: int) -> None:
    here, after = mark(position), mark(position + 1)
    assert re.fullmatch("[a-z]+", here)
    assert (len(here), here) < (len(after), after)


def test_without_references_the_cite_keys_are_printed() -> None:
    table = build(
        rows=[[cell("A", cites=["b2001", "a1999"]), "1", "2"], [cell("B", cites="a1999"), "1", "2"]]
    )
    assert table.citations == table.references == ("b2001", "a1999")
    assert [block[0].bracketed for block in table.layout().blocks[0].rows] == [" [1, 2]", " [2]"]


def test_rows_before_the_first_group_stand_apart() -> None:
    table = build(rows=[ROWS[0], group("Later", [ROWS[1]])])
    assert [part.heading for part in table.groups] == [None, Cell("Later")]
    assert table.to_frame()["group"].tolist() == ["", "Later"]


def test_line_breaks_of_every_kind_are_one_kind() -> None:
    assert cell("a\r\nb\rc\u2028d\ve\x85f\n").text == "a\nb\nc\nd\ne\nf"


REFUSED = {
    "too few cells": (
        {"rows": [["A", "10"]]},
        r'row 1 \("A"\) has 2 cells; the table has 3 columns: study, n, effect',
    ),
    "too many cells": ({"rows": [ROWS[0], [*ROWS[1], "x"]]}, r'row 2 \("B"\) has 4 cells'),
    "no cell": ({"rows": [[]]}, r'row 1 \(""\) has 0 cells'),
    "key missing": (
        {"rows": [{"study": "A", "n": "1"}]},
        'row 1 has no cell for column "effect"; give "" for an empty one',
    ),
    "key unknown": (
        {"rows": [{"study": "A", "n": "1", "efect": "2"}]},
        r'row 1: no column has the key "efect" \(did you mean "effect"\?\)',
    ),
    "no rows": ({"rows": []}, "the table has no rows"),
    "no columns": ({"columns": [], "rows": [[]]}, "the table has no columns"),
    "empty group": ({"rows": [group("Early", [])]}, 'group "Early" has no rows'),
    "row after a group": ({"rows": [group("Early", ROWS), ROWS[0]]}, "a row follows a group"),
    "group without a heading": ({"rows": [group(" ", ROWS)]}, "the heading of a group is empty"),
    "no caption": ({"caption": "  "}, "the caption is empty"),
    "caption of two lines": ({"caption": "a\nb"}, "the caption has a line break"),
    "keys twice": (
        {"columns": [*COLUMNS[:2], Column("n", "Effect")]},
        '2 columns have the key "n"; give each its own',
    ),
    "reserved key": (
        {"columns": [*COLUMNS[:2], Column("group", "Effect")], "rows": [group("Early", ROWS)]},
        'a column has the key "group"',
    ),
    "no heading": ({"columns": [*COLUMNS[:2], Column("x", "")]}, 'the heading of column "x" is empty'),
    "kind": (
        {"columns": [*COLUMNS[:2], Column("x", "X", kind="float")]},  # type: ignore[arg-type]
        'column "x": kind must be one of text, number; found "float"',
    ),
    "alignment": (
        {"columns": [*COLUMNS[:2], Column("x", "X", alignment="middle")]},  # type: ignore[arg-type]
        "alignment must be one of None, left, center, right",
    ),
    "footnote unknown": (
        {"rows": [["A", cell("1", notes="rsik"), "2"]], "footnotes": {"risk": "of bias"}},
        r'row 1, column "n": no footnote is called "rsik" \(did you mean "risk"\?\)',
    ),
    "footnote without any": (
        {"caption": cell("A table", notes="risk")},
        'the caption: no footnote is called "risk"; known: none',
    ),
    "footnote unused": ({"footnotes": {"risk": "of bias"}}, 'footnote "risk" is bound to nothing'),
    "footnote empty": (
        {"caption": cell("A table", notes="risk"), "footnotes": {"risk": ""}},
        'footnote "risk" is empty',
    ),
    "footnote of a head": (
        {"spans": [Span("Both", ("n", "effect"), notes=("x",))]},
        'head "Both": no footnote is called "x"',
    ),
    "reference unknown": (
        {"rows": [["A", cell("1", cites="first204"), "2"]], "references": {"first2004": "First"}},
        r'no reference has the cite key "first204" \(did you mean "first2004"\?\)',
    ),
    "cite key empty": ({"rows": [["A", cell("1", cites=""), "2"]]}, "'' is no cite key"),
    "head over nothing": ({"spans": [Span("Both", ())]}, 'head "Both" stands over no column'),
    "head over an unknown column": (
        {"spans": [Span("Both", ("n", "efect"))]},
        r'head "Both": no column has the key "efect" \(did you mean "effect"\?\)',
    ),
    "head over columns apart": ({"spans": [Span("Both", ("study", "effect"))]}, "do not stand side by side"),
    "head over columns reversed": ({"spans": [Span("Both", ("effect", "n"))]}, "do not stand side by side"),
    "two heads": (
        {"spans": [Span("One", ("study", "n")), Span("Two", ("n", "effect"))]},
        '2 heads stand over column "n"; only one can',
    ),
    "control character": (
        {"rows": [["A", "1\x07", "2"]]},
        r'row 1, column "n" holds the character U\+0007, which no document can show',
    ),
    "surrogate": ({"notes": ["\ud800"]}, r"a note holds the character U\+D800"),
    "note of two lines": ({"notes": ["a\nb"]}, "a note has a line break"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_refused(case: str) -> None:
    changed, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        build(**changed)


def test_all_breaks_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        build(rows=[["A"], ["B", "1", cell("2", notes="x")]], caption="", footnotes={"y": "never"})
    assert str(caught.value).splitlines() == [
        "the table cannot be made; 4 rules are broken:",
        "the caption is empty; give it a text",
        'row 1 ("A") has 1 cell; the table has 3 columns: study, n, effect',
        'row 2, column "effect": no footnote is called "x"; known: y',
        'footnote "y" is bound to nothing; bind it to a cell, a row, a column or the caption',
    ]


@pytest.mark.parametrize("given_", [1.2, None, 3, b"x"])
def test_a_number_is_no_cell(given_: Any) -> None:
    with pytest.raises(InputError, match=r"a cell must be text; found .*; give it as it shall be printed"):
        build(rows=[["A", "1", given_]])


def test_a_text_is_no_row() -> None:
    with pytest.raises(InputError, match=r'a row must be a sequence of cells; found the text "abc"'):
        build(rows=["abc"])


def test_one_key_may_stand_for_a_list() -> None:
    assert (
        cell("x", notes="risk", cites="a")
        == cell("x", notes=["risk"], cites=("a",))
        == Cell("x", ("risk",), ("a",))
    )
    assert row(["a"], notes="risk") == Row((Cell("a"),), ("risk",))


def test_a_wide_table_lies_on_its_side_unless_told() -> None:
    names = [f"column number {at}" for at in range(8)]
    columns = [Column(name, name) for name in names]
    rows = [["some words that take space"] * 8]
    assert build(columns=columns, rows=rows).landscape
    assert not build(columns=columns, rows=rows, landscape=False).landscape
    assert not build().landscape
    assert build(landscape=True).landscape


@given(
    st.lists(
        st.tuples(st.floats(1, 40), st.floats(0, 60)).map(lambda w: Needs(w[0], w[0] + w[1])), min_size=1
    ),
    st.booleans(),
)
def test_columns_never_take_more_than_the_page(columns: list[Needs], landscape: bool) -> None:
    found = shares(columns, landscape=landscape)
    room = LANDSCAPE if landscape else PORTRAIT
    assert sum(found) <= 1 + 1e-9
    if sum(one.least for one in columns) <= room:
        assert all(share * room >= one.least - 0.02 for share, one in zip(found, columns, strict=True))
    if sum(one.natural for one in columns) <= room:
        assert all(share * room >= one.natural - 0.02 for share, one in zip(found, columns, strict=True))


def test_short_columns_are_served_before_long_ones() -> None:
    study, done = shares([Needs(8.5, 16.5), Needs(12.0, 120.0)], landscape=False)
    assert (study, done) == (0.165, 0.835)


def test_a_number_is_not_parted_from_its_interval() -> None:
    text = "322 per 1000 (198 to 520)"
    assert needs("Effect", [text], numbers=True).least > len(text)
    assert needs("Effect", [text], numbers=False).least < 10


def test_a_notebook_shows_the_table_small_and_plain() -> None:
    shown = summary_of_findings()._repr_html_()
    assert shown == summary_of_findings()._repr_html_()
    assert not re.search(r"\bid=|<script|<style|class=", shown)
    assert shown.count("<caption>") == 1
    assert '<th scope="colgroup" colspan="2">Anticipated absolute effects (95 % CI)</th>' in shown
    assert '<th scope="rowgroup" colspan="7">Medium term (6 to 12 months)<sup>f</sup></th>' in shown
    assert "<li><sup>b</sup> The mean with sham plus the pooled difference.</li>" in shown


def test_the_page_about_tables_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "write-a-table.md").read_text(encoding="utf-8")
    build, write = re.findall("```python\n(.*?)```", page, flags=re.DOTALL)
    (said,) = re.findall("```\n(Table: .*?)\n```", page)
    names: dict[str, Any] = {}
    monkeypatch.chdir(tmp_path)
    exec(build, names)
    assert repr(names["table"]) == said
    exec(write, names)
    assert len(list((tmp_path / "build").iterdir())) == 6
