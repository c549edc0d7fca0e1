"""Everything into one folder: the same bytes each time, whole or not at all, text never code."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from planting import BUNDLED
from spineevidence.bibliography import read_bibliography
from spineevidence.claims import judge_claims
from spineevidence.duration import duration_of_benefit
from spineevidence.errors import UnknownNameError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lanes import lane_groups, lanes_in_words
from spineevidence.report import build_report
from spineevidence.reporting import parts
from spineevidence.reporting.numbers import numbers_json, numbers_of
from spineevidence.reporting.parts import PARTS
from spineevidence.reporting.pictures import lanes_text
from spineevidence.reporting.summarytext import summary_text
from spineevidence.summary import pooled_windows, summary_frame, summary_lines
from spineevidence.tables.csvtable import FORMULA_STARTS
from spineevidence.tables.markdown import escaped
from spineevidence.tables.model import FORMATS
from spineevidence.tables.named import all_tables
from spineevidence.windowsummary import windows_frame
from tiny import Row, contrast, finding, tiny

PARTS_OF = {
    "summary": {"summary.md", "summary.csv", "windows.csv"},
    "verdicts": {"verdicts.csv", "verdicts.txt"},
    "durations": {"durations.svg", "durations.png", "durations.pdf", "durations.txt"},
    "page": {"index.html"},
    "numbers": {"numbers.json"},
    "methods": {"methods.md"},
    "references": {"references.md", "references.bib", "references.json"},
    "problems": {"problems.txt"},
}
COURSE = "courses/vertebroplasty-placebo-pain_0_10"
COURSES = {f"{COURSE}.{form}" for form in ("svg", "png", "pdf", "txt")}
PLAIN = set().union(*PARTS_OF.values()) | {"manifest.json"}
HOSTILE = '<script>alert("x")</script> [a](b) *c* `d`'
SHAM: Row = {"procedure_id": "sham", "name": "Sham", "role": "control", "comparator_class": "placebo"}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


def small(folder: Path) -> Evidence:
    return tiny(folder, [contrast(-1.6, -2.4, -0.8, months=6), finding("no_difference", 24)])


def files_of(base: Evidence) -> set[str]:
    """Return every file of a report without courses."""
    tables = [name for name, _ in all_tables(base, summary_lines(base), tuple(judge_claims(base)))]
    return PLAIN | {f"tables/{name}.{form}" for name in tables for form in FORMATS}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_same_evidence_gives_the_same_bytes(evidence: Evidence, tmp_path: Path) -> None:
    chosen = evidence.select(procedure="vertebroplasty", comparator="placebo")
    for name in ("one", "two"):
        written = build_report(chosen, tmp_path / name)
        found = {path.relative_to(tmp_path / name).as_posix() for path in written}
        assert found == files_of(chosen) | COURSES
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one").keys() == files_of(chosen) | COURSES


def test_the_steps_are_told_and_nothing_is_made_twice(tmp_path: Path) -> None:
    base, out = small(tmp_path / "data"), tmp_path / "out"
    steps: list[str] = []
    build_report(base, out, progress=steps.append)
    assert steps == [part.what for part in PARTS]
    before = {path: path.stat().st_mtime_ns for path in out.iterdir() if path.name != "manifest.json"}
    again: list[str] = []
    written = build_report(base, out, progress=again.append)
    assert again == [f"{step}: unchanged" for step in steps]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {path.relative_to(out).as_posix() for path in written} == files_of(base)


def test_a_part_is_made_again_if_its_file_or_the_evidence_changed(tmp_path: Path) -> None:
    base, out = small(tmp_path / "data"), tmp_path / "out"
    build_report(base, out)
    whole = contents(out)
    (out / "summary.md").write_text("mine", encoding="utf-8")
    (out / "methods.md").unlink()
    steps: list[str] = []
    build_report(base, out, progress=steps.append)
    assert [step for step in steps if "unchanged" not in step] == ["durations of every procedure", "methods"]
    assert contents(out) == whole
    other = tiny(tmp_path / "other", [contrast(-3, -4, -2)])
    build_report(other, out, progress=(changed := []).append)
    assert changed == [part.what for part in PARTS]
    assert contents(out)["numbers.json"] != whole["numbers.json"]


def test_a_damaged_manifest_makes_everything_again(tmp_path: Path) -> None:
    base, out = small(tmp_path / "data"), tmp_path / "out"
    build_report(base, out)
    whole = contents(out)
    for text in (
        "",
        "[]",
        '{"parts": 1}',
        '{"parts": {"summary": {"key": 1}}}',
        '{"evidence": "", "parts": {}}',
    ):
        (out / "manifest.json").write_text(text, encoding="utf-8")
        steps: list[str] = []
        build_report(base, out, progress=steps.append)
        assert not [step for step in steps if "unchanged" in step]
        assert contents(out) == whole


def test_the_manifest_says_of_which_evidence_each_part_tells(tmp_path: Path) -> None:
    def made_from() -> dict[str, str]:
        parts = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["parts"]
        return {name: part["evidence"] for name, part in parts.items()}

    out = tmp_path / "out"
    build_report(small(tmp_path / "data"), out, only=["summary", "numbers", "methods"])
    (former,) = set(made_from().values())
    other = tiny(tmp_path / "other", [contrast(-3, -4, -2)])
    build_report(other, out, only=["numbers"], progress=(told := []).append)
    now = made_from()
    assert now.pop("numbers") != former
    assert now == {"summary": former, "methods": former}
    assert told == [
        "every number with what it rests on",
        "durations of every procedure: left as it is, made from other evidence",
        "methods: left as it is, made from other evidence",
    ]
    build_report(other, out, only=["summary", "numbers", "methods"], progress=(again := []).append)
    assert again == [
        "durations of every procedure",
        "every number with what it rests on: unchanged",
        "methods",
    ]
    assert len(set(made_from().values())) == 1


@pytest.mark.parametrize("part", sorted(PARTS_OF))
def test_single_parts_and_formats(tmp_path: Path, part: str) -> None:
    written = build_report(small(tmp_path / "data"), tmp_path / "out", only=[part], formats=["svg"])
    wanted = {name for name in PARTS_OF[part] if not name.endswith((".png", ".pdf"))} | {"manifest.json"}
    assert {path.name for path in written} == wanted == contents(tmp_path / "out").keys()


def test_other_formats_make_only_their_parts_again(tmp_path: Path) -> None:
    base, out = small(tmp_path / "data"), tmp_path / "out"
    build_report(base, out, formats=["svg", "csv"])
    steps: list[str] = []
    build_report(base, out, formats=["svg", "md"], progress=steps.append)
    assert [step for step in steps if "unchanged" not in step] == ["evidence tables"]


def test_tables_in_the_formats_asked_for(tmp_path: Path) -> None:
    base, out = small(tmp_path / "data"), tmp_path / "out"
    written = build_report(base, out, only=["tables"], formats=["csv", "docx", "svg"])
    endings = {path.suffix for path in written}
    assert endings == {".csv", ".docx", ".json"}
    durations = (out / "tables" / "durations.csv").read_text(encoding="utf-8")
    assert "6 months" in durations
    assert (out / "tables" / "findings" / "heat.docx").read_bytes().startswith(b"PK")


def test_files_that_are_no_longer_made_go(tmp_path: Path) -> None:
    base, out = small(tmp_path / "data"), tmp_path / "out"
    (out / "mine").mkdir(parents=True)
    (out / "mine" / "notes.txt").write_text("kept", encoding="utf-8")
    build_report(base, out, only=["durations"])
    assert (out / "durations.pdf").exists()
    build_report(base, out, only=["durations"], formats=["svg"])
    assert not (out / "durations.pdf").exists()
    assert (out / "durations.svg").exists()
    assert (out / "mine" / "notes.txt").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("words", "said"),
    [({"only": ["sumary"]}, 'did you mean "summary"'), ({"formats": ["pgn"]}, 'did you mean "png"')],
)
def test_unknown_parts_and_formats(tmp_path: Path, words: dict[str, list[str]], said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        build_report(small(tmp_path / "data"), tmp_path / "out", **words)
    assert not (tmp_path / "out").exists()


def test_every_number_rests_on_others_or_on_printed_rows(evidence: Evidence) -> None:
    lines = summary_lines(evidence)
    windows = windows_frame(evidence, lines, judge_claims(evidence))
    numbers = numbers_of(lines, windows)
    paths = [number.path for number in numbers]
    assert len(paths) == len(set(paths)) > 3000
    assert paths == sorted(paths)
    below = {path.rpartition("/")[0] for path in paths}
    rows = len(evidence.tables["outcomes"])
    for number in numbers:
        for source in number.rests_on:
            name, _, line = source.partition(":")
            assert source in below or (name == "outcomes.csv" and 2 <= int(line) <= rows + 1)
        contrast_of_it = "/change/" not in number.path
        assert not contrast_of_it or not [source for source in number.rests_on if "/change/" in source]
    found = {number.path: number.value for number in numbers}
    line = "vertebroplasty/placebo/pain/pain_0_10"
    asked = {"procedure": "vertebroplasty", "comparator": "placebo", "domain": "pain"}
    told = duration_of_benefit(evidence, **asked)
    assert told.together is not None
    assert found[f"{line}/window 12mo/ci_low"] == pytest.approx(told.together.steps.ci_low[3], rel=1e-11)
    assert found[f"{line}/kallmes2009/12 months/yi"] == pytest.approx(
        told.studies[1].effects[0].yi, rel=1e-11
    )
    printed = [words for one in lines for words in pooled_windows(one)]
    assert any("vertebroplasty" in number.path and "alone" in number.path for number in numbers)
    assert len(printed) == len([path for path in paths if path.endswith(" alone/estimate")]) > 10
    read = json.loads(numbers_json(numbers))
    assert [row["path"] for row in read] == paths
    assert [row["value"] for row in read] == [number.value for number in numbers]


def test_methods_are_told_of_each_line_of_several_studies(evidence: Evidence, tmp_path: Path) -> None:
    chosen = evidence.select(procedure="vertebroplasty", comparator="placebo")
    build_report(chosen, tmp_path, only=["methods", "references"])
    text = (tmp_path / "methods.md").read_text(encoding="utf-8")
    assert "## Vertebroplasty, sham or placebo, pain 0 10" in text
    assert "half-normal" in text
    assert set(map(int, re.findall(r"\[(\d+)[\],]", text))) <= set(range(1, 60))
    bib = read_bibliography(tmp_path / "references.bib").references
    assert bib.keys() == chosen.references.keys()
    assert {item["id"] for item in json.loads((tmp_path / "references.json").read_text())} == bib.keys()


def test_pictures_carry_their_text_and_no_date(evidence: Evidence, tmp_path: Path) -> None:
    build_report(
        evidence.select(procedure="vertebroplasty", comparator="placebo"), tmp_path, only=["courses"]
    )
    pdf = (tmp_path / f"{COURSE}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    said = (tmp_path / f"{COURSE}.txt").read_text(encoding="utf-8")
    assert "No data beyond 24 months." in said
    assert "Vertebroplasty versus sham or placebo" in (tmp_path / f"{COURSE}.svg").read_text(encoding="utf-8")


def test_an_interruption_leaves_the_former_report_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    build_report(small(tmp_path / "data"), out)
    before = contents(out)
    other = tiny(tmp_path / "other", [contrast(-3, -4, -2)])
    replace = Path.replace
    moved: list[str] = []

    def stumble(self: Path, target: Path) -> Path:
        if "new" in self.parts:
            moved.append(self.name)
            if len(moved) == 3:
                raise OSError("no space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stumble)
    with pytest.raises(OSError, match="no space"):
        build_report(other, out)
    assert len(moved) == 3
    assert contents(out) == before


def test_a_failing_figure_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> dict[str, bytes]:
        raise RuntimeError("no figure")

    monkeypatch.setattr(parts, "durations_files", fail)
    with pytest.raises(RuntimeError):
        build_report(small(tmp_path / "data"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_of_the_csv_is_a_formula(tmp_path: Path, start: str) -> None:
    name = f"{start}HYPERLINK(1)"
    heat: Row = {"procedure_id": "heat", "name": name, "role": "therapeutic"}
    build_report(tiny(tmp_path / "data", [contrast(-1, -2, 0)], procedures=[heat, SHAM]), tmp_path / "out")
    with (tmp_path / "out" / "summary.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    assert cells["procedure"] == f"'{name}"
    assert not any(cell.startswith(FORMULA_STARTS) for cell in cells.values())


def test_the_csv_is_the_frame_of_the_summary(evidence: Evidence, tmp_path: Path) -> None:
    chosen = evidence.select(procedure="vertebroplasty")
    build_report(chosen, tmp_path)
    found = pd.read_csv(io.BytesIO((tmp_path / "summary.csv").read_bytes()))
    frame = summary_frame(summary_lines(chosen))
    assert found["sentence"].tolist() == frame["sentence"].tolist()
    assert found["horizon_months"].tolist() == pytest.approx(
        frame["horizon_months"].tolist(), nan_ok=True, abs=5e-5
    )


def test_text_is_never_markup(tmp_path: Path) -> None:
    kin: Row = {"procedure_id": "cool", "name": f"Cool {HOSTILE}", "role": "therapeutic", "family": "disc"}
    heat: Row = {
        "procedure_id": "heat",
        "name": HOSTILE,
        "role": "therapeutic",
        "family": "disc",
        "note": HOSTILE,
    }
    rows = [contrast(-1, -2, 0, study_id="<script>"), contrast(-1, -2, 0, arm="u", study_id="b")]
    base = tiny(tmp_path / "data", rows, procedures=[heat, kin, SHAM])
    build_report(base, tmp_path / "out")
    text = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "[a](b)" not in text
    root = ElementTree.fromstring((tmp_path / "out" / "durations.svg").read_bytes())
    assert not [element for element in root.iter() if element.tag.lower().endswith("script")]


@pytest.mark.parametrize("procedure", ["../../evil", "..", "a/b", "p" * 300, "<b>", "\N{GRINNING FACE}"])
def test_any_id_of_a_procedure_names_files_within_the_folder(tmp_path: Path, procedure: str) -> None:
    heat: Row = {"procedure_id": procedure, "name": "Disc heat", "role": "therapeutic"}
    rows = [
        contrast(-1.5, -2.5, -0.5, months=months, study_id=study) for months in (3, 6) for study in ("a", "b")
    ]
    base = tiny(tmp_path / "data", rows, procedures=[heat, SHAM], arms={"t": (procedure, "30")})
    before = contents(tmp_path)
    build_report(base, tmp_path / "out", only=["courses", "tables", "methods"], formats=["svg", "md"])
    after = contents(tmp_path)
    made = [name for name in after if name not in before]
    assert all(name.startswith("out/") for name in made)
    assert sorted(name.count("/") for name in made if "/courses/" in name) == [2, 2]
    assert sorted(name.count("/") for name in made if "/findings/" in name) == [3]
    assert b"<b>" not in after["out/methods.md"]


def test_a_line_break_in_a_name_starts_no_heading(tmp_path: Path) -> None:
    heat: Row = {"procedure_id": "heat", "name": "Disc\n# heat", "role": "therapeutic", "note": "a\n\n# b"}
    rows = [contrast(-1.5, -2.5, -0.5, months=months, study_id=study) for months in (3, 6) for study in "ab"]
    base = tiny(tmp_path / "data", rows, procedures=[heat, SHAM])
    build_report(base, tmp_path / "out", only=["summary", "methods", "tables"], formats=["md"])
    for name, heading in (("summary.md", "# How long does relief last?"), ("methods.md", "# Methods")):
        lines = (tmp_path / "out" / name).read_text(encoding="utf-8").split("\n")
        assert [line for line in lines if line.startswith("# ")] == [heading]
    assert "**Disc # heat against" in (tmp_path / "out/tables/effects.md").read_text(encoding="utf-8")


def test_a_file_where_a_folder_should_be_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_report(small(tmp_path / "data"), out, only=["summary"])
    (out / "tables").write_text("mine", encoding="utf-8")
    before = contents(out)
    with pytest.raises(FileExistsError, match="tables"):
        build_report(tiny(tmp_path / "other", [contrast(-3, -4, -2)]), out)
    assert contents(out) == before


def test_a_hostile_title_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    small(folder)
    title = r"<script>x</script> \input{/etc/passwd} =1+1 & 50 \% $y"
    bib = folder / "references.bib"
    bib.write_text(bib.read_text(encoding="utf-8").replace("A trial", title), encoding="utf-8")
    build_report(load_evidence(folder), tmp_path / "out")
    for name in ("summary.md", "summary.csv", "durations.txt", "durations.svg"):
        assert b"<script" not in (tmp_path / "out" / name).read_bytes()


def test_escaping() -> None:
    assert escaped("a & b <i> | `c`") == "a &amp; b &lt;i&gt; \\| \\`c\\`"
    assert escaped("plain words, 6 months (n 3).") == "plain words, 6 months (n 3)."


def test_the_text_of_the_figure_has_every_lane(evidence: Evidence) -> None:
    lines = summary_lines(evidence)
    contrasts, changes = lane_groups(lines), lane_groups(lines, change=True)
    text = lanes_text(contrasts, changes)
    assert lanes_in_words(contrasts) in text
    assert lanes_in_words(changes) in text
    assert text.index("Contrasts with a comparator") < text.index("Uncontrolled changes, no effect")


def test_the_summary_in_words_has_every_sentence(evidence: Evidence) -> None:
    lines = summary_lines(evidence)
    text = summary_text(evidence, lines)
    for line in lines:
        assert f"## {escaped(line.procedure.name)}" in text
        if line.says_how_long:
            assert escaped(line.sentence) in text


def test_problems_are_listed(evidence: Evidence, tmp_path: Path) -> None:
    build_report(evidence.select(procedure="IDET"), tmp_path)
    said = (tmp_path / "problems.txt").read_text(encoding="utf-8").splitlines()
    assert said[0].startswith(f"{len(evidence.notes)} findings that are odd but possible")
    assert said[1:] == list(evidence.notes)


def test_pooled_windows_stand_below_their_line(tmp_path: Path) -> None:
    rows = [contrast(-1.6, -2.1, -1.1, months=6), contrast(-1.5, -2.0, -1.0, months=6, study_id="two")]
    base = tiny(tmp_path, rows)
    text = summary_text(base, summary_lines(base))
    (said,) = (line for line in text.splitlines() if line.startswith("  - pooled"))
    assert re.fullmatch(
        r"  - pooled: window 6mo, pain 0-10: 1\.\d \(.*\), 2 studies pooled, benefit \(trial, two\)", said
    )
