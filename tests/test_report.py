"""Everything into one folder: the same bytes each time, whole or not at all, text never code."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from planting import BUNDLED
from spineevidence import report as module
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lanes import lane_groups, lanes_in_words
from spineevidence.report import build_report, figure_text, summary_text
from spineevidence.summary import summary_frame, summary_lines
from spineevidence.tables.csvtable import FORMULA_STARTS
from spineevidence.tables.markdown import escaped
from tiny import Row, contrast, finding, tiny

FILES = {
    "summary.csv",
    "windows.csv",
    "verdicts.csv",
    "summary.md",
    "durations.svg",
    "durations.png",
    "durations.txt",
    "problems.txt",
}
FIGURE = {"durations.svg", "durations.png", "durations.txt"}
FILES = {"index.html", "summary.csv", "summary.md", "problems.txt", *FIGURE}
HOSTILE = '<script>alert("x")</script> [a](b) *c* `d`'
SHAM: Row = {"procedure_id": "sham", "name": "Sham", "role": "control", "comparator_class": "placebo"}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


def small(folder: Path) -> Evidence:
    return tiny(folder, [contrast(-1.6, -2.4, -0.8, months=6), finding("no_difference", 24)])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_evidence_gives_the_same_bytes(evidence: Evidence, tmp_path: Path) -> None:
    chosen = evidence.select(procedure="IDET")
    for name in ("one", "two"):
        written = build_report(chosen, tmp_path / name)
        assert {path.name for path in written} == FILES
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one").keys() == FILES


def test_the_steps_are_told(tmp_path: Path) -> None:
    steps: list[str] = []
    build_report(small(tmp_path / "data"), tmp_path / "out", progress=steps.append)
    assert len(steps) == 6
    assert steps[-1] == "problems.txt"


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
        if self.parent.name == "new":
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

    monkeypatch.setattr(module, "_figure_files", fail)
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
    text = figure_text(contrasts, changes)
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
