from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from spineevidence.bibliography import (
    Bibliography,
    Name,
    Reference,
    format_bibliography,
    read_bibliography,
)
from spineevidence.errors import InputError, Problem

BUNDLED = Path(__file__).parents[1] / "data" / "references.bib"
BEFORE = "@misc{before,\n  author = {A},\n  title = {T},\n  year = 2001\n}\n\n"  # ends on line 6
AFTER = "\n\n@misc{after,\n  author = {A},\n  title = {T},\n  year = 2001\n}\n"
REST = "author = {A}, title = {T}, year = {2001}"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "references.bib"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def found(bibliography: Bibliography) -> list[tuple[int, int, str, str, str]]:
    return [(p.line, p.column, p.severity, p.message, p.hint) for p in bibliography.problems]


def made(**fields: str) -> Reference:
    return Reference(key="k1", type="article", fields=tuple(fields.items()))


FAULTS = {
    "unclosed value": (
        "@article{a, title = {T, year = {2001}",
        [(7, 1, 'entry "a" is malformed: a brace is not closed before the next entry (line 9)')],
    ),
    "unclosed entry": (
        f"@article{{a, {REST}",
        [(7, 1, 'entry "a" is malformed: it is not closed before the next entry (line 9)')],
    ),
    "unclosed entry, comma": (
        f"@article{{a, {REST},",
        [(7, 1, 'entry "a" is malformed: it is not closed before the next entry (line 9)')],
    ),
    "unclosed parenthesis": (
        f"@article(a, {REST}",
        [(7, 1, 'entry "a" is malformed: it is not closed before the next entry (line 9)')],
    ),
    "unclosed quotation": (
        '@article{a, title = "T, year = {2001}}',
        [(7, 1, 'entry "a" is malformed: a quotation mark is not closed before the next entry (line 9)')],
    ),
    "no comma after the key": (
        f"  @article{{a\n  {REST}}}",
        [(7, 3, 'entry "a" is malformed: a comma is missing after the key')],
    ),
    "no comma between fields": (
        "@article{a,\n  author = {A},\n  title = {T}\n  year = {2001}\n}",
        [(7, 1, 'entry "a" is malformed: a comma is missing after the field "title" (line 10)')],
    ),
    "no comma after a number": (
        "@article{a,\n  year = 2001\n  title = {T}\n}",
        [(7, 1, 'entry "a" is malformed: a comma is missing after the field "year" (line 9)')],
    ),
    "no equals sign": (
        "@article{a, title {T}, year = {2001}}",
        [(7, 1, 'entry "a" is malformed: the field "title" has no "="')],
    ),
    "dangling field": (
        f"@article{{a, {REST}, foo}}",
        [(7, 1, 'entry "a" is malformed: the field "foo" has no "="')],
    ),
    "two commas": (
        "@article{a, title = {T},, year = {2001}}",
        [(7, 1, 'entry "a" is malformed: two commas follow one another')],
    ),
    "no value": (
        "@article{a, title = {T}, year = }",
        [(7, 1, 'entry "a" is malformed: the field "year" has no value')],
    ),
    "two words": (
        "@article{a, title = {T}, year = 20 01}",
        [(7, 1, 'entry "a" is malformed: the value of the field "year" cannot be read (line 7): "01"')],
    ),
    "two words as a name": (
        f"@article{{a, {REST}, my note = {{x}}}}",
        [(7, 1, 'entry "a" is malformed: "my note" is no field name')],
    ),
    "no key": (f"@article{{, {REST}}}", [(7, 1, "entry has no key")]),
    "no key, no comma": (
        f"@article{{{REST}}}",
        [(7, 1, 'entry is malformed: no key stands before the field "author"')],
    ),
    "no type": (f"@{{a, {REST}}}", [(7, 1, 'entry "a" has no type before its brace')]),
    "space in key": (f"@article{{a b, {REST}}}", [(7, 1, 'entry "a b": the key contains a space')]),
    "quote in key": (
        f'@article{{a"b, {REST}}}',
        [(7, 1, 'entry "a" is malformed: the key is followed by a quotation mark instead of a comma')],
    ),
    "apostrophe and separator in key": (
        f"@article{{a'b;c, {REST}}}",
        [(7, 1, 'entry "a\'b;c": the key contains "\'" and ";"')],
    ),
    "comma in key": (
        f"@article{{a,b, {REST}}}",
        [(7, 1, 'entry "a" is malformed: the field "b" has no "="')],
    ),
    "key in other case": (
        f"@article{{BEFORE, {REST}}}",
        [(7, 1, 'entry "BEFORE": duplicate key, line 1 has "before" already')],
    ),
    "duplicate DOI": (
        f"@article{{a, {REST}, doi = {{10.1/ABC}}}}\n"
        f"@article{{b, {REST}, doi = {{https://doi.org/10.1/abc}}}}",
        [(8, 1, 'entry "b": duplicate DOI 10.1/abc, "a" on line 7 has it already')],
    ),
    "duplicate field": (
        f"@article{{a, {REST}, Title = {{Other}}}}",
        [(7, 1, 'entry "a" has the field "title" 2 times')],
    ),
    "neither title nor note": (
        "@article{a, author = {A}, year = 2001, title = { }}",
        [(7, 1, 'entry "a" has neither a title nor a note')],
    ),
    "undefined string": (
        f"@article{{a, {REST}, journal = spine}}",
        [(7, 1, 'entry "a": the field "journal" uses "spine", which no @string defines')],
    ),
    "unclosed string": (
        '@string{spine = "Spine"',
        [(7, 1, '@string "spine" is malformed: it is not closed before the next entry (line 9)')],
    ),
    "string without value": (
        "@string{spine = }",
        [(7, 1, '@string "spine" is malformed: the field "spine" has no value')],
    ),
    "string twice": (
        '@string{spine = "Spine"}\n@string{Spine = "Spine"}',
        [(8, 1, 'duplicate @string "Spine": line 7 defines it already')],
    ),
    "string by an undefined one": (
        "@string{spine = other}",
        [(7, 1, '@string "spine" uses "other", which no @string defines')],
    ),
    "unclosed comment": (
        "@comment{x",
        [(7, 1, "@comment is malformed: it is not closed before the next entry (line 9)")],
    ),
    "like a comment": (
        f"@commentary{{a, {REST}}}",
        [(7, 1, 'entry "a" is malformed: "commentary" is no entry type')],
    ),
    "stray text": (
        "% a remark\n\n  stray words\nin two lines\n\nmore",
        [
            (9, 3, 'text outside an entry: "stray words"; put remarks behind "%" or in @comment{...}'),
            (12, 1, 'text outside an entry: "more"; put remarks behind "%" or in @comment{...}'),
        ],
    ),
    "a brace too many": (
        f"@article{{a, {REST}}}}}",
        [(7, 54, 'text outside an entry: "}"; put remarks behind "%" or in @comment{...}')],
    ),
    "brace on the next line": (
        "@article\n{a, title = {T}}",
        [(7, 1, 'no "{" follows the entry type: "@article"; put remarks behind "%" or in @comment{...}')],
    ),
    "behind a percent sign": (
        f"%  @article{{a, {REST}}}",
        [(7, 4, 'BibTeX reads an entry behind "%" too: delete it or put it in @comment{...}')],
    ),
    "NUL": (
        f"@article{{a, {REST},\n note = {{x\0}}}}",
        [(8, 11, "NUL: the byte 0x00 cannot stand in a text file")],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_placed_and_hides_no_neighbour(tmp_path, name):
    snippet, expected = FAULTS[name]
    bibliography = read_bibliography(write(tmp_path, BEFORE + snippet + AFTER))
    assert found(bibliography) == [(line, column, "error", text, "") for line, column, text in expected]
    assert {"before", "after"} <= set(bibliography.references)


def test_all_faults_are_found_in_one_run(tmp_path):
    text, expected = BEFORE, set()
    for snippet, places in FAULTS.values():
        shift = text.count("\n") - 6
        text += snippet + "\n\n"
        expected |= {(line + shift, column) for line, column, _ in places}
    problems = read_bibliography(write(tmp_path, text + AFTER)).problems
    assert expected <= {(problem.line, problem.column) for problem in problems}
    assert list(problems) == sorted(problems)


def test_several_defects_in_one_entry_are_all_reported(tmp_path):
    path = write(
        tmp_path, BEFORE + "@article{be fore, doi = {10.1/X}, doi = {10.1/x}, journal = spin}" + AFTER
    )
    assert sorted(found(read_bibliography(path)), key=lambda problem: problem[2]) == [
        (7, 1, "error", 'entry "be fore" has neither a title nor a note', ""),
        (7, 1, "error", 'entry "be fore" has the field "doi" 2 times', ""),
        (7, 1, "error", 'entry "be fore": the field "journal" uses "spin", which no @string defines', ""),
        (7, 1, "error", 'entry "be fore": the key contains a space', ""),
        (7, 1, "note", 'entry "be fore" has no author', ""),
        (7, 1, "note", 'entry "be fore" has no year', ""),
    ]


def test_unclosed_comment_and_a_brace_too_many_hide_nothing(tmp_path):
    text = f"@comment{{x\n@article{{a, {REST}}}\n@article{{b, {REST}}}}}\n" + BEFORE
    bibliography = read_bibliography(write(tmp_path, text))
    assert list(bibliography.references) == ["a", "b", "before"]
    assert [(problem.line, problem.column) for problem in bibliography.problems] == [(1, 1), (3, 54)]


def test_gaps_are_notes(tmp_path):
    bibliography = read_bibliography(write(tmp_path, BEFORE + "@misc{a, note = {N}}" + AFTER))
    assert found(bibliography) == [
        (7, 1, "note", f'entry "a" has no {name}', "") for name in ("author", "title", "year")
    ]
    assert list(bibliography.references) == ["before", "a", "after"]


def test_undefined_string_is_answered_with_the_nearest(tmp_path):
    text = BEFORE + f'@string{{spine = "Spine"}}\n@article{{a, {REST}, journal = spin, month = jna}}' + AFTER
    problems = read_bibliography(write(tmp_path, text)).problems
    assert [(problem.line, problem.hint) for problem in problems] == [(8, "spine"), (8, "jan")]


def test_entry_inside_a_broken_line_is_not_hidden(tmp_path):
    text = BEFORE + f"@article{{a, title = {{T @article{{b, {REST}}} @article{{c, {REST}}}" + AFTER
    bibliography = read_bibliography(write(tmp_path, text))
    assert list(bibliography.references) == ["before", "b", "c", "after"]
    message = 'entry "a" is malformed: a brace is not closed before the next entry (line 7)'
    assert found(bibliography) == [(7, 1, "error", message, "")]


def test_end_of_file_in_an_entry(tmp_path):
    text = BEFORE + "@article{a,\n  title = {T"
    message = 'entry "a" is malformed: a brace or quotation mark is not closed before the end of the file'
    assert found(read_bibliography(write(tmp_path, text))) == [(7, 1, "error", message, "")]


def test_remarks_comments_preambles_and_parentheses_are_fine(tmp_path):
    text = (
        "% remark\n@comment{in braces {nested}\n@article{off, title = {x}}\n}\n@Comment(x)\n"
        '@preamble{"\\newcommand{\\x}{y}"}\n@string(spine = "Spi" # {ne})\n'
        '@ARTICLE (a, Author = "A", title = "T" # { (x)} # spine, year = 2001, month = jan # "~1",) % end\n'
    )
    bibliography = read_bibliography(write(tmp_path, text))
    assert found(bibliography) == [(2, 1, "note", "@comment: entries inside it are not read (1)", "")]
    assert bibliography.references["a"] == Reference(
        key="a",
        type="article",
        fields=(("author", '"A"'), ("title", "{T (x)Spine}"), ("year", "2001"), ("month", 'jan # "~1"')),
    )
    assert bibliography.references["a"].text("month") == "January 1"


@pytest.mark.parametrize(
    ("name", "hint"), [("reference.bib", "references.bib"), ("other.bib", ""), ("no/such/folder.bib", "")]
)
def test_missing_file(tmp_path, name, hint):
    write(tmp_path, BEFORE)
    expected = (Problem(tmp_path / name, 1, 1, "the file is missing", hint),)
    assert read_bibliography(tmp_path / name).problems == expected


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    bibliography = read_bibliography(write(tmp_path, BEFORE))
    assert found(bibliography) == [(1, 1, "error", "the file cannot be read: Permission denied", "")]


def test_folder_in_place_of_a_file(tmp_path):
    assert "the file cannot be read" in read_bibliography(tmp_path).problems[0].message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n\r\n", "the file is empty"),
        (b"% remark\n@comment{x}\n", "the file holds no entry"),
        ("@misc{a, title={T}}".encode("utf-16"), "byte 0xFF: the file is UTF-16; save it as UTF-8"),
    ],
)
def test_file_without_entries(tmp_path, content, message):
    bibliography = read_bibliography(write(tmp_path, content))
    assert found(bibliography) == [(1, 1, "error", message, "")]
    assert dict(bibliography.references) == {}


def test_wrong_encoding_names_the_first_byte_of_each_line_and_reading_goes_on(tmp_path):
    text = (
        BEFORE
        + "@misc{a,\n  title = {Sacr\u00f6 \u00e9 caf\u00e9},\n  author = {\u00d6zf}, year = 1\n}"
        + AFTER
    )
    bibliography = read_bibliography(write(tmp_path, text.encode("latin-1") + b"@misc{last}"))
    wrong = 'byte 0x{:02X} ("{}" in Latin-1) is not UTF-8: save the file as UTF-8'
    assert found(bibliography)[:2] == [
        (8, 16, "error", wrong.format(0xF6, "\u00f6"), ""),
        (9, 13, "error", wrong.format(0xD6, "\u00d6"), ""),
    ]
    assert found(bibliography)[2][3] == 'entry "last" has neither a title nor a note'
    assert list(bibliography.references) == ["before", "a", "after", "last"]


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_and_mark_do_not_matter(tmp_path, ends):
    text = BEFORE + "@misc{a,\n  title = {T\n  U},\n  author = {\U00020bb7 A}, year = 1\n}\nstray" + AFTER
    plain = read_bibliography(write(tmp_path, text))
    other = read_bibliography(write(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", ends).encode()))
    assert other == plain
    assert [reference.line for reference in other.references.values()] == [1, 7, 14]
    assert [(problem.line, problem.column) for problem in other.problems] == [(12, 1)]


def test_backslash_at_the_end_of_a_line_does_not_shift_the_lines(tmp_path):
    text = "@misc{a, author = {A}, year = 1, title = {T\\\nU\\\n}}\n@misc{b}"
    bibliography = read_bibliography(write(tmp_path, text))
    assert bibliography.references["b"].line == 4
    assert {problem.line for problem in bibliography.problems} == {4}


def test_nothing_is_logged_or_printed(tmp_path):
    path = write(tmp_path, BEFORE + "@article{a, title = {T" + AFTER)
    code = (
        "from pathlib import Path; from spineevidence.bibliography import read_bibliography; "
        f"read_bibliography(Path({str(path)!r}))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_other_threads_keep_their_log(caplog, monkeypatch):
    logger = logging.getLogger("bibtexparser.splitter")

    class Talking:
        def __init__(self, text: str) -> None:
            self.text = text

        def split(self):
            logger.warning("from this thread")
            thread = threading.Thread(target=logger.warning, args=("from another",))
            thread.start()
            thread.join()
            raise KeyboardInterrupt

    monkeypatch.setattr("bibtexparser.splitter.Splitter", Talking)
    with pytest.raises(KeyboardInterrupt):
        read_bibliography(BUNDLED)
    logger.warning("afterwards")
    assert caplog.messages == ["from another", "afterwards"]


def test_import_is_cheap():
    code = "import sys, spineevidence.bibliography; print(*{'bibtexparser', 'pylatexenc'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b""


def test_bundled_file_is_sound_and_round_trips_byte_for_byte():
    bibliography = read_bibliography(BUNDLED)
    assert [problem for problem in bibliography.problems if problem.severity == "error"] == []
    assert format_bibliography(bibliography.references).encode() == BUNDLED.read_bytes()
    backwards = reversed(list(bibliography.references.values()))
    assert format_bibliography(backwards).encode() == BUNDLED.read_bytes()
    for reference in bibliography.references.values():
        assert reference.title
        assert not {"\\", "{", "}"} & set(reference.short + reference.title + reference.journal)


def test_bundled_references_are_cited_as_expected():
    references = read_bibliography(BUNDLED).references
    assert references["freeman2005"].short == "Freeman et al. 2005"
    assert references["vankleef1999"].short == "van Kleef et al. 1999"
    assert references["anderson1999"].short == "Anderson and Burchiel 1999"
    assert references["patientinfo_idet"].short.endswith(" n.d.")


NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
KEYS = st.from_regex(r"[A-Za-z0-9_:./+\u00e0-\u00ff-]{1,12}", fullmatch=True)
PLAIN = st.text(st.characters(exclude_characters='{}"\\\r\0', exclude_categories=["Cs"]), max_size=30).filter(
    lambda text: "@" not in text
)
BRACED = st.recursive(
    PLAIN, lambda inner: st.lists(inner | inner.map("{{{}}}".format), max_size=3).map("".join), max_leaves=5
).map("{{{}}}".format)
PIECES = BRACED | PLAIN.map('"{}"'.format) | st.integers(0, 10**6).map(str) | st.sampled_from(["jan", "DEC"])
VALUES = st.lists(PIECES, min_size=1, max_size=3).map(" # ".join)
REFERENCES = st.builds(
    lambda key, kind, title, rest: Reference(key=key, type=kind, fields=(("title", title), *rest.items())),
    KEYS,
    st.sampled_from(["article", "misc", "techreport"]),
    PLAIN.map("{{T{}}}".format),
    st.dictionaries(NAMES.filter(lambda name: name not in {"title", "doi"}), VALUES, max_size=5),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.lists(REFERENCES, min_size=1, max_size=4, unique_by=lambda reference: reference.key.casefold()))
def test_what_is_written_is_read_back(tmp_path, references):
    text = format_bibliography(references)
    bibliography = read_bibliography(write(tmp_path, text))
    assert [problem for problem in bibliography.problems if problem.severity == "error"] == []
    assert sorted(references, key=lambda reference: reference.key) == list(bibliography.references.values())
    assert format_bibliography(bibliography.references) == text


SHARDS = st.lists(
    st.sampled_from(
        [
            *'{}(),="#%@\\\n\t \0éx$',
            *(
                "@article{",
                "@misc(",
                "@string{",
                "@comment{",
                "@{",
                "\r\n",
                "a1",
                "title",
                "{T}",
                '"q"',
                "𠮷",
            ),
            *("= {x},\n", "\n@misc{k, title = {x}}\n", "author = {B}"),
        ]
    ),
    max_size=25,
).map("".join)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SHARDS)
@example('@article{a, title = "x}\n"{')
def test_no_text_crashes_or_hides_the_entry_after_it(tmp_path, shards):
    text = shards.replace("\r\n", "\n")
    bibliography = read_bibliography(write(tmp_path, shards + "\n" + BEFORE))
    assert bibliography.references["before"].line == text.count("\n") + 2
    lines = (text + "\n" + BEFORE).split("\n")
    for problem in bibliography.problems:
        assert "\n" not in str(problem)
        character = lines[problem.line - 1][problem.column - 1 : problem.column]
        assert character == "@" or not problem.message.startswith(("entry", "@string", "@comment"))
        assert not character.isspace()
    for reference in bibliography.references.values():
        assert "\n" not in repr(reference)
        assert reference.short
        reference._repr_html_()
    assert format_bibliography(bibliography.references)


@settings(deadline=None)
@given(st.text(max_size=60) | SHARDS)
def test_any_text_decodes_to_something(text):
    reference = made(title=text, author=text, doi=text, year=text, url=text, pmid=text, journal=text)
    assert "\n" not in repr(reference)
    assert isinstance(reference._repr_html_(), str)
    assert reference.authors is not None
    assert (reference.url, reference.pmid) is not None


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("van Kleef, Maarten", [Name("Maarten", "van", "Kleef", "")]),
        ("Ludwig van Beethoven", [Name("Ludwig", "van", "Beethoven", "")]),
        ("Smith, Jr, John and Doe, J.~A.", [Name("John", "", "Smith", "Jr"), Name("J. A.", "", "Doe", "")]),
        (r"{\"O}zfidan, Erhan", [Name("Erhan", "", "Özfidan", "")]),
        (
            r"Lant{\'e}ri-Minet, M. and M{\"u}ller, T",
            [Name("M.", "", "Lantéri-Minet", ""), Name("T", "", "Müller", "")],
        ),
        (
            r"Sokal, Pawe{\l} and Sundstr{\o}m, T.",
            [Name("Paweł", "", "Sokal", ""), Name("T.", "", "Sundstrøm", "")],
        ),
        ("{Barnes and Noble, Inc.}", [Name("", "", "Barnes and Noble, Inc.", "")]),
        ("\U00020bb7田, 太郎", [Name("太郎", "", "\U00020bb7田", "")]),
        ("Freeman, B. and others", [Name("B.", "", "Freeman", "")]),
        ("", []),
        ("others", []),
        ("A, B, C, D", [Name("C D", "", "A", "B")]),
    ],
)
def test_names(latex, expected):
    reference = made(author="{" + latex + "}")
    assert reference.authors == tuple(expected)
    assert reference.et_al == latex.endswith("others")


@pytest.mark.parametrize(
    ("author", "title", "expected"),
    [
        ("{Freeman, B.}", "{T}", "Freeman 2005"),
        ("{Pauza, K. and Dreyfuss, P.}", "{T}", "Pauza and Dreyfuss 2005"),
        ("{Kallmes, D. and Comstock, B. and Heagerty, P.}", "{T}", "Kallmes et al. 2005"),
        ("{Kallmes, D. and others}", "{T}", "Kallmes et al. 2005"),
        ("{{Task Force}}", "{T}", "Task Force 2005"),
        ("{}", "{One two {Three} four five}", "One two Three four… 2005"),
        ("{}", "{" + "x" * 10_000 + "}", "x" * 40 + "… 2005"),
        ("{}", "{}", "k1"),
    ],
)
def test_short(author, title, expected):
    assert made(author=author, title=title, year="{2005}").short == expected


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("10 {kHz} for  back\n pain", "10 kHz for back pain"),
        (r"PM\&R, 50\% and 50% of $p < 0.05$", "PM&R, 50% and 50% of p < 0.05"),
        (r"costs $5 and $10, {\'e}t{\'{e}}", "costs $5 and $10, été"),
        ("479--485~f", "479–485 f"),
        (r"\input{/etc/passwd} \unknown{a {b}} c", r"\input{/etc/passwd} \unknown{a {b}} c"),
        (r"\today \'", r"\today \'"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{" * 3000 + "\\'e" + "}" * 3000, "{" * 3000 + "\\'e" + "}" * 3000),
        ("\U00100000 \\'e", "\U00100000 \\'e"),
        ("x" * 10_000, "x" * 10_000),
    ],
)
def test_decoding(latex, expected):
    assert made(title="{" + latex + "}").title == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{10.1000/ABC}", "10.1000/abc"),
        ('"https://doi.org/10.1000/abc"', "10.1000/abc"),
        ("{http://dx.doi.org/10.1000/a\\_b}", "10.1000/a_b"),
        ("{ doi: 10.1000/a--b }", "10.1000/a--b"),
        ("{}", ""),
    ],
)
def test_doi(raw, expected):
    assert made(doi=raw).doi == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"year": "2004"}, 2004),
        ({"year": "{c. 1999a}"}, 1999),
        ({"year": "{in press}"}, None),
        ({"year": "{20045}"}, None),
        ({"date": "{2011-03-01}"}, 2011),
        ({}, None),
    ],
)
def test_year(fields, expected):
    assert made(**fields).year == expected


def test_fields_as_printed_and_decoded():
    reference = made(
        title='"A {TENS} " # "x"', pmid="{ 123 }", url="{https://a.b/~c\\_d%20}", journaltitle="{PM\\&R}"
    )
    assert reference.field("TITLE") == '"A {TENS} " # "x"'
    assert (reference.title, reference.pmid, reference.url) == ("A TENS x", "123", "https://a.b/~c_d%20")
    assert (reference.journal, reference.field("volume"), reference.text("volume")) == ("PM&R", "", "")


def test_reference_shows_itself_on_one_line_and_escaped():
    reference = made(
        author="{<b>, X}", title="{<script>\n\x1b[0m" + "y" * 200 + "}", year="{2001}", doi='{10.1/">}'
    )
    shown = "<script> [0m" + "y" * 68 + "…"
    assert repr(reference) == str(reference) == f"Reference(k1: <b> 2001: {shown})"
    page = reference._repr_html_()
    assert page.startswith('<table><caption>k1</caption><tr><th scope="row">Type</th><td>article</td></tr>')
    assert "&lt;script&gt;" in page
    assert "10.1/&quot;&gt;" in page
    assert "<script" not in page


def test_reference_is_frozen_closed_and_equal_wherever_it_stands():
    one = Reference(key="a", type="misc", fields=(("title", "{T}"),), line=3)
    two = Reference(key="a", type="misc", fields=(("title", "{T}"),), line=9)
    assert one == two
    assert hash(one) == hash(two)
    assert one != "a"
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(ValidationError):
        one.key = "b"
    for wrong in ({"key": "a b"}, {"key": ""}, {"type": "a-b"}, {"line": -1}, {"more": 1}):
        with pytest.raises(ValidationError):
            Reference.model_validate({"key": "a", "type": "misc", "fields": (), **wrong})


def test_references_read_are_those_that_validation_gives():
    for reference in read_bibliography(BUNDLED).references.values():
        again = Reference.model_validate(reference.model_dump())
        assert again == reference
        assert again.line == reference.line


def test_bibliography_is_read_only_and_short_to_show():
    bibliography = read_bibliography(BUNDLED)
    assert repr(bibliography) == "Bibliography(290 references, 0 errors, 10 notes)"
    with pytest.raises(TypeError):
        bibliography.references["x"] = None


@pytest.mark.parametrize(
    "raw", ["", "bare words", "{open", "{a}}", '"a', "{a} {b}", "{a} #", "{a\\}", "{a\\\\}"]
)
def test_nothing_unreadable_is_written(raw):
    with pytest.raises(InputError, match='the field "title" of "k1" is not BibTeX'):
        format_bibliography([made(title=raw)])


def test_nothing_is_written_for_nothing():
    assert format_bibliography([]) == ""
