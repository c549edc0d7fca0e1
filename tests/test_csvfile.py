"""The quick and the slow way to read a CSV file agree, and every place is where the cell begins."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planting import cells_of, text_of
from spineevidence.csvfile import Column, CsvFile, _read_quickly, _read_slowly, format_csv, read_csv_file

PATH = Path("table.csv")
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n") | st.sampled_from(',";. \t-01\u00e9\u2028'),
    max_size=6,
)
TRICKY = (
    "",
    "61.0",
    "61",
    "0.0",
    "-0.0",
    "1e1",
    "TRUE",
    "True",
    "true",
    "nan",
    "NA",
    " ",
    '"',
    '""',
    "a,b",
    "\u00fc",
)


@st.composite
def tables(draw: st.DrawFn, cell: st.SearchStrategy[str] = TEXT) -> list[list[str]]:
    width = draw(st.integers(2, 4))
    rows = draw(
        st.lists(st.lists(cell | st.sampled_from(TRICKY), min_size=width, max_size=width), max_size=8)
    )
    return [[f"column_{number}" for number in range(width)], *rows]


def written(rows: list[list[str]]) -> bytes:
    return "".join(text_of(row) + "\n" for row in rows).encode()


def rows_of(file: CsvFile) -> list[list[str]]:
    return [list(row) for row in zip(*(column.cells().tolist() for column in file.columns), strict=True)]


def slowly(data: bytes) -> CsvFile:
    file, problems = _read_slowly(PATH, data.decode())
    assert file is not None
    assert problems == ()
    return file


@given(tables())
@example([["a", "b"], ["1.0", "x"], ["1", "y"], ["1.00", "y"]])
@example([["a", "b"], ["0.0", "10.0"], ["-0.0", "1e+1"]])
@example([["a", "b"], ["TRUE", "True"], ["true", "true"]])
@example([["a", "b"], ["a", "b"], ["a", ""]])
def test_both_ways_give_the_cells_and_lines_of_the_csv_module(rows: list[list[str]]) -> None:
    data = written(rows)
    slow = slowly(data)
    assert list(slow.header) == rows[0]
    assert rows_of(slow) == rows[1:]
    assert slow.lines.tolist() == list(range(2, len(rows) + 1))
    quick = _read_quickly(PATH, data)
    if quick is not None:
        assert quick.header == slow.header
        assert rows_of(quick) == rows[1:]
        assert quick.lines.tolist() == slow.lines.tolist()
        assert quick.places((row, 1) for row in range(len(rows) - 1)) == slow.places(
            (row, 1) for row in range(len(rows) - 1)
        )


@pytest.mark.parametrize("text", TRICKY)
def test_the_quick_way_is_taken_for_canonical_files_and_keeps_the_printed_digits(text: str) -> None:
    rows = [["name", "value"], ["a", text], ["b", "1"], ["c", text], ["d", "x" * 70_000], ["e", text]]
    quick = _read_quickly(PATH, written(rows))
    assert quick is not None
    assert rows_of(quick) == rows[1:]


@given(st.text(st.sampled_from('ab,"\n 1.'), max_size=30))
@example('1,"b"x\n')
@example('a""b,1\n')
@example('a"b,1\na"b,1\n"x","y"\n"x","y"\n"x","y"\n')
@example("1,2\n \n")
@example("1\n1,2,3\n")
def test_whatever_the_quick_way_accepts_is_sound_and_read_as_the_csv_module_reads_it(body: str) -> None:
    text = f"one,two\n{body}"
    quick = _read_quickly(PATH, text.encode())
    if quick is not None:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert [list(quick.header), *rows_of(quick)] == rows
        assert quick.lines.tolist() == list(range(2, len(rows) + 1))
        assert text.rstrip("\n").count("\n") == len(rows) - 1


@given(tables())
def test_places_are_where_the_cells_begin(rows: list[list[str]]) -> None:
    file = slowly(written(rows))
    for row, cells in enumerate(rows, start=-1):
        for field in range(len(cells)):
            before = text_of([*cells[:field], ""]) if field else ""
            assert file.places([(row, field)]) == [(row + 2, len(before) + 1)]


@given(tables(TEXT | st.sampled_from(["one\ntwo", "\n", 'a"\n"b'])))
def test_places_in_files_with_line_breaks_in_cells(rows: list[list[str]]) -> None:
    data = written(rows)
    file = slowly(data)
    assert rows_of(file) == rows[1:]
    lines = data.decode().split("\n")
    for row, cells in enumerate(rows[1:]):
        for field, cell in enumerate(cells):
            [(line, column)] = file.places([(row, field)])
            rest = "\n".join(lines[line - 1 :])[column - 1 :]
            assert rest.startswith(
                text_of([cell, ""])[:-1] if cell else ("," if field < len(cells) - 1 else "\n")
            )


@given(tables())
def test_formatting_is_undone_by_reading(rows: list[list[str]]) -> None:
    columns = {
        name: np.array([row[position] for row in rows[1:]], dtype=object)
        for position, name in enumerate(rows[0])
    }
    text = format_csv(columns)
    assert text.encode() == written(rows)
    assert rows_of(slowly(text.encode())) == rows[1:]


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ('x,"open,3', 3, "the quotation mark that opens this cell is not closed"),
        ('x,"a"b,3', 3, "text follows the closing quotation mark"),
        ('"x","""a"b,3', 5, "text follows the closing quotation mark"),
        ("x,1", 1, "the row has 2 cells; the header has 3 columns"),
        ("x,1,2,3", 1, "the row has 4 cells; the header has 3 columns; a comma inside"),
    ],
)
def test_broken_rows_hide_no_other_row(tmp_path: Path, line: str, column: int, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'a,b,c\n1,"p, q",3\n{line}\n4,"r, s",6\n7,"t, ""u""",9\n', encoding="utf-8")
    file, problems = read_csv_file(path)
    assert file is not None
    [problem] = problems
    assert (problem.line, problem.column, problem.severity) == (3, column, "error")
    assert message in problem.message
    assert rows_of(file) == [["1", "p, q", "3"], ["4", "r, s", "6"], ["7", 't, "u"', "9"]]
    assert file.lines.tolist() == [2, 4, 5]
    assert any("x" in cells for cells in file.unreadable)


def test_a_quotation_mark_inside_a_cell_without_any_around_it_is_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b,c\n5" needle,x,3\n', encoding="utf-8")
    file, problems = read_csv_file(path)
    assert file is not None
    assert problems == ()
    assert rows_of(file) == [['5" needle', "x", "3"]]
    assert file.places([(0, 1), (0, 2)]) == [(2, 11), (2, 13)]


@pytest.mark.parametrize("byte", [b"\xe9", b"\x81", b"\xc3"])
def test_a_wrong_byte_is_named_and_read_as_it_was_most_probably_meant(tmp_path: Path, byte: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\nx,y\n\xc3\xbc" + byte + b"r" + byte + b",z\n")
    file, problems = read_csv_file(path)
    assert file is not None
    wrong = [problem for problem in problems if problem.severity == "error"]
    assert [(problem.line, problem.column) for problem in wrong] == [(3, 2)]
    assert f"byte 0x{byte.hex()} is not UTF-8" in wrong[0].message
    meant = byte.decode("cp1252", "replace")
    assert rows_of(file) == [["x", "y"], [f"\u00fc{meant}r{meant}", "z"]]
    assert file.places([(1, 1)]) == [(3, 6)]


def test_a_broken_header_or_none(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,"b\n1,2\n', encoding="utf-8")
    file, problems = read_csv_file(path)
    assert file is None
    assert [(problem.line, problem.column) for problem in problems] == [(1, 3)]
    path.write_bytes(b"\0\0\0\n")
    file, problems = read_csv_file(path)
    assert file is None
    assert [problem.message.split(";")[0] for problem in problems if problem.severity == "error"] == [
        "a NUL character",
        "the file is empty",
    ]


def test_a_file_of_a_header_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for text in ("a,b\n", "a,b"):
        path.write_text(text, encoding="utf-8")
        file, problems = read_csv_file(path)
        assert problems == ()
        assert file is not None
        assert (file.header, file.rows) == (("a", "b"), 0)


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4", encoding="utf-8")
    file, problems = read_csv_file(path)
    assert problems == ()
    assert file is not None
    assert rows_of(file) == [["1", "2"], ["3", "4"]]
    assert file.places([(1, 1)]) == [(3, 3)]


def test_a_path_that_no_system_can_have() -> None:
    file, [problem] = read_csv_file(Path("a\0b"))
    assert file is None
    assert "cannot be read" in problem.message


def test_a_large_file_with_a_broken_row_keeps_all_other_rows_and_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [[str(number), f"text, {number % 7}"] for number in range(50_000)]
    lines = ["a,b", *map(text_of, rows)]
    lines[40_000] += ",surplus"
    lines.insert(30_000, "")
    path.write_text("\n".join(lines), encoding="utf-8")
    file, problems = read_csv_file(path)
    assert file is not None
    assert [(problem.line, problem.severity) for problem in problems] == [(30_001, "note"), (40_002, "error")]
    assert rows_of(file) == [row for row in rows if row[0] != "39999"]
    assert file.lines[[0, 29_998, 29_999, 39_999]].tolist() == [2, 30_000, 30_002, 40_003]


def test_columns() -> None:
    column = Column.from_cells(["b", "a", "b"])
    assert column.cells().tolist() == ["b", "a", "b"]
    assert len(column.texts) == 2
    assert Column.filled("x", 2).cells().tolist() == ["x", "x"]
    assert Column.from_cells([]).cells().tolist() == []


def test_the_oracle_of_these_tests_is_the_csv_module() -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(["a,b", 'c"d', "e"])
    assert text.getvalue() == text_of(["a,b", 'c"d', "e"]) + "\n"
    assert cells_of(text_of(["a,b", 'c"d', "e"])) == ["a,b", 'c"d', "e"]
