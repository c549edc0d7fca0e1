"""The command line: each command, its exit code, and what goes to which stream."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from planting import BUNDLED, Base
from spineevidence.cli import main
from tiny import contrast, finding, plant


class Ran:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str | Path) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else -1, said.out, said.err)

    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        contrast(-1.6, -2.4, -0.8, months=6),
        contrast(-1, -2, 0, months=30, note="mean follow-up"),
        finding("no_difference", 24),
        finding("favours_arm", measure="serious_adverse_event"),
    ]
    plant(tmp_path / "data", rows)
    return tmp_path / "data"


@pytest.fixture
def broken(data: Path) -> Path:
    base = Base(data)
    line = base.find("outcomes.csv", statistic="mean_difference", ci_low=True)
    base.put("outcomes.csv", line, study_id="nobody1999")
    return data


def test_check_of_sound_files(run: Run, folder: Path) -> None:
    ran = run("check", folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("0 defects, ")


def test_check_of_the_bundled_evidence(run: Run) -> None:
    ran = run("check")
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("0 defects, ")


def test_check_of_defects(run: Run, broken: Path) -> None:
    ran = run("check", broken)
    assert ran.code == 1
    assert "nobody1999" in ran.out
    assert "outcomes.csv:" in ran.out
    assert not ran.out.splitlines()[-1].startswith("0 defects")


def test_summary(run: Run, folder: Path) -> None:
    ran = run("summary", folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(
        "Disc heat: pain, versus sham or placebo (k 1, n 60; one study with numbers)\n  trial: Benefit"
    )
    assert "serious" not in ran.out


def test_duration(run: Run, folder: Path) -> None:
    ran = run("duration", "dh", "--data", folder)
    assert (ran.code, ran.err) == (0, "")
    assert "the only visit with numbers, 6 months" in ran.out
    assert "1 row set aside: mean or median follow-up and no visit" in ran.out
    assert "Not compared at all with: active placebo, usual care, another active treatment." in ran.out


def test_duration_in_a_condition(run: Run, folder: Path) -> None:
    ran = run("duration", "DH", "--data", folder, "--condition", "chronic_low_back_pain")
    assert ran.code == 0
    assert "Not compared at all in studies of chronic_low_back_pain with: active placebo" in ran.out
    wrong = run("duration", "DH", "--data", folder, "--condition", "chronic_back_pain")
    assert (wrong.code, wrong.out) == (2, "")
    assert 'did you mean "chronic_low_back_pain"' in wrong.err


def test_duration_of_an_unknown_procedure(run: Run) -> None:
    ran = run("duration", "IDTE")
    assert (ran.code, ran.out) == (2, "")
    assert 'did you mean "idet"' in ran.err


def test_duration_where_nothing_can_be_said(run: Run) -> None:
    ran = run("duration", "discography")
    assert ran.code == 0
    assert "No result from which a duration of benefit could be said." in ran.out


def test_report(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("report", "--data", folder, "--out", out)
    assert ran.code == 0
    names = [Path(line).relative_to(out).as_posix() for line in ran.out.splitlines()]
    assert {"index.html", "summary.md", "durations.svg", "numbers.json", "manifest.json"} <= set(names)
    assert sorted(names) == sorted(
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()
    )
    assert all(line.startswith("... ") for line in ran.err.splitlines())
    assert "... loading" in ran.err
    assert "..." not in ran.out


def test_report_of_single_parts(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("report", "--data", folder, "--out", out, "--only", "durations, problems", "--formats", "svg")
    assert ran.code == 0
    names = ["durations.svg", "durations.txt", "problems.txt", "manifest.json"]
    assert ran.out.splitlines() == [str(out / name) for name in names]
    again = run("report", "--data", folder, "--out", out, "--only", "durations", "--formats", "svg")
    assert "... figure of durations: unchanged" in again.err
    wrong = run("report", "--data", folder, "--out", out, "--only", "tabels")
    assert (wrong.code, wrong.out) == (2, "")


def test_a_table_on_the_terminal(run: Run, folder: Path) -> None:
    ran = run("table", "findings", folder, "--procedure", "heat", "--comparator", "placebo")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("**Disc heat against sham or placebo: summary of findings**")


def test_a_table_as_a_file(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "studies.html"
    ran = run("table", "studies", folder, "--out", out)
    assert (ran.code, ran.out) == (0, f"{out}\n")
    assert "<caption>Characteristics of the studies</caption>" in out.read_text(encoding="utf-8")


def test_a_table_that_does_not_exist(run: Run, folder: Path) -> None:
    ran = run("table", "finding", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "findings" in ran.err


def test_report_on_defects_writes_nothing(run: Run, broken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("report", "--data", broken, "--out", out)
    assert (ran.code, ran.out) == (1, "")
    assert "outcomes.csv:" in ran.err
    assert "nothing was written" in ran.err
    assert not out.exists()


def test_report_into_a_file_is_wrong_use(run: Run, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("mine", encoding="utf-8")
    ran = run("report", "--data", folder, "--out", place)
    assert ran.code == 2
    assert place.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("words", [("durations", "IDET"), ("duration",), ("report", "--outt", "x")])
def test_wrong_use(run: Run, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_help(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    for name in ("report", "check", "summary", "duration"):
        assert name in ran.out


def test_as_a_module_of_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "spineevidence.cli", "check", str(BUNDLED)], capture_output=True, check=False
    )
    assert ran.returncode == 0
    assert ran.stdout.rstrip().splitlines()[-1].startswith(b"0 defects")


def test_effects_of_a_procedure(run: Run, folder: Path) -> None:
    done = run("effects", "heat", "--data", folder)
    assert done.code == 0
    assert done.out.splitlines() == [
        "trial, 6 months: 1.60 (95 % CI 0.80 to 2.40) on pain_0_10, t against s; contrast",
        "  1 row left out (trial): finding only, no number",
        "  1 row left out (trial): mean or median follow-up and no visit",
    ]


def test_effects_explained(run: Run, folder: Path) -> None:
    done = run("effects", "heat", "--data", folder, "--explain", "trial")
    assert done.code == 0
    assert "  d = -1 x printed = -1 x (-1.6) = 1.6" in done.out.splitlines()


def test_effects_on_another_scale(run: Run, folder: Path) -> None:
    done = run("effects", "heat", "--data", folder, "--scale", "smd")
    assert "on pain_smd" in done.out
    assert run("effects", "heat", "--data", folder, "--scale", "smdd").code == 2


def test_the_account(run: Run, folder: Path) -> None:
    done = run("effects", "--account", "--data", folder)
    assert done.code == 0
    assert done.out.startswith("4 printed results: 1 went into 1 contrast")
    own = run("effects", "heat", "--account", "--data", folder)
    assert own.out.startswith("4 printed results")


def test_effects_need_a_procedure_or_the_account(run: Run, folder: Path) -> None:
    done = run("effects", "--data", folder)
    assert done.code == 2
    assert "name a procedure" in done.err


def test_no_effect_is_said(run: Run, folder: Path) -> None:
    done = run("effects", "heat", "--data", folder, "--comparator", "usual_care")
    assert done.out == "No effect can be derived.\n"
    change = run("effects", "heat", "--data", folder, "--comparator", "change")
    assert change.code == 0


def test_verdicts(run: Run) -> None:
    ran = run("verdicts")
    assert (ran.code, ran.err) == (0, "")
    assert "idet-none-at-one-year: There is no reduction of pain at one year" in ran.out
    assert "Against sham or placebo: " in ran.out
    assert ran.out.splitlines()[-1].startswith("Judgements: 32 claims: ")


def test_verdicts_as_a_table(run: Run) -> None:
    ran = run("verdicts", "--csv")
    assert ran.out.splitlines()[0].startswith(
        "claim_id,citekey,procedure_id,domain,kind,claim,row,comparator,verdict"
    )
    assert ran.out.count(",comparator class,placebo,") == 30


def test_verdicts_of_a_file_of_ones_own(run: Run, tmp_path: Path) -> None:
    head = (BUNDLED / "claims.csv").read_text(encoding="utf-8").splitlines()[0]
    own = tmp_path / "mine.csv"
    rows = "mine,leaflet,idet,any,pain,benefit_at,6,,months,,,,,It works,,p. 1"
    own.write_text(f"{head}\n{rows}\n", encoding="utf-8")
    ran = run("verdicts", "--claims", own)
    assert ran.code == 0
    assert "IDET, pain: benefit at 6 months. Mixed: " in ran.out
    own.write_text(f"{head}\n{rows.replace('benefit_at', 'benefits_at')}\n", encoding="utf-8")
    ran = run("verdicts", "--claims", own)
    assert ran.code == 1
    assert "mine.csv:2:" in ran.err
    assert 'did you mean "benefit_at"' in ran.err
