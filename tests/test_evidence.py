"""Load, select, look up, write."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pandas as pd
import pytest

from planting import BUNDLED, Base
from spineevidence.errors import DataError, Problem, UnknownNameError, did_you_mean
from spineevidence.evidence import Evidence, check, load_evidence, write_evidence
from spineevidence.models import TABLES

EVIDENCE = load_evidence(BUNDLED)
PROCEDURES = EVIDENCE.tables["procedures"].text("procedure_id").tolist()
NAMES = [(record.procedure_id, name) for record in EVIDENCE.procedure_records() for name in record.names]


def ids(evidence: Evidence, table: str, column: str) -> set[str]:
    return set(evidence.tables[table].text(column))


def test_the_bundled_release_is_loaded_without_a_path() -> None:
    assert repr(load_evidence()) == repr(EVIDENCE)
    assert load_evidence(str(BUNDLED)).outcomes.equals(EVIDENCE.outcomes)
    assert all(isinstance(problem, Problem) for problem in check())


def test_the_counts_are_those_of_the_files() -> None:
    base = Base(BUNDLED)
    for name, model in TABLES.items():
        assert len(EVIDENCE.tables[name]) == len(base.lines(model.file)) - 1
        assert len(getattr(EVIDENCE, name)) == len(EVIDENCE.tables[name])
    controls = sum(record.is_control for record in EVIDENCE.procedure_records())
    assert repr(EVIDENCE) == (
        f"Evidence: {len(PROCEDURES) - controls} procedures, {controls} controls, "
        f"{len(EVIDENCE.studies)} studies, {len(EVIDENCE.outcomes)} results"
    )
    assert str(len(EVIDENCE.references)) in EVIDENCE._repr_html_()


def test_frames_are_tidy_copies_with_months_and_lines() -> None:
    frame = EVIDENCE.outcomes
    base = Base(BUNDLED)
    assert [name for name in frame if name not in ("months", "line")] == base.header("outcomes.csv")
    assert frame["line"].tolist() == list(range(2, len(frame) + 2))
    weeks = frame[frame["unit"] == "weeks"]
    assert weeks["months"].tolist() == pytest.approx((weeks["time"] * 7 / 30.4375).tolist())
    assert frame[frame["unit"] == ""]["months"].isna().all()
    assert frame["value"].dtype == "float64"
    assert frame["n"].dtype == "Int64"
    frame.loc[:, "value"] = -1.0
    frame.loc[:, "line"] = 0
    assert EVIDENCE.outcomes["value"].min() != EVIDENCE.outcomes["value"].max()
    assert EVIDENCE.outcomes["line"].tolist()[0] == 2
    assert isinstance(EVIDENCE.risk_of_bias, pd.DataFrame)


def test_a_number_is_the_one_on_its_line() -> None:
    base = Base(BUNDLED)
    frame = EVIDENCE.select(procedure="IDET").outcomes
    assert len(frame)
    for _, row in frame.iterrows():
        printed = base.row("outcomes.csv", row["line"])
        assert printed["study_id"] == row["study_id"]
        assert printed["value"] == "" if pd.isna(row["value"]) else float(printed["value"]) == row["value"]


@pytest.mark.parametrize(("procedure", "name"), NAMES, ids=lambda part: part)
def test_every_name_in_any_case_leads_to_its_procedure(procedure: str, name: str) -> None:
    for asked in (name, name.upper(), name.lower(), f" {name.title()} "):
        assert EVIDENCE.procedure(asked).procedure_id == procedure
    assert EVIDENCE.select(procedure=name.swapcase()).focus == (procedure,)


def test_select_by_any_name_gives_the_same_evidence() -> None:
    idet = EVIDENCE.select(procedure="idet")
    assert "freeman2005" in ids(idet, "studies", "study_id")
    assert "pauza2004" in ids(idet, "studies", "study_id")
    for name in ("IDET", "Intradiscal electrothermal therapy", "spinecath", "IDTA"):
        assert EVIDENCE.select(procedure=name).outcomes.equals(idet.outcomes)


def test_a_typo_raises_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r'no procedure is called "IDTE"; did you mean "idet"\?'):
        EVIDENCE.select(procedure="IDTE")
    with pytest.raises(
        UnknownNameError, match=r'no procedure is called "discografy"; did you mean "discogra'
    ):
        EVIDENCE.procedure("discografy")
    with pytest.raises(
        UnknownNameError, match=r'no condition is called .* did you mean "discogenic_low_back_pain"'
    ):
        EVIDENCE.select(condition="discogenic_back_pain")
    with pytest.raises(
        UnknownNameError, match=r'no study is called "freman2005"; did you mean "freeman2005"'
    ):
        EVIDENCE.select(study="freman2005")
    with pytest.raises(UnknownNameError, match='did you mean "freeman2005"'):
        EVIDENCE.study("freman2005")
    with pytest.raises(UnknownNameError, match='no comparator is called "plasebo"; did you mean "placebo"'):
        EVIDENCE.select(comparator="plasebo")
    with pytest.raises(UnknownNameError, match='no domain is called "pian"; did you mean "pain"'):
        EVIDENCE.select(domain="pian")
    with pytest.raises(UnknownNameError, match='no measure is called "odi"'):
        EVIDENCE.select(measure="odi")
    with pytest.raises(UnknownNameError, match='no design is called "rtc"; did you mean "rct"'):
        EVIDENCE.select(design="rtc")
    with pytest.raises(LookupError):
        EVIDENCE.select(procedure="no such thing at all, 1900")


def test_selections() -> None:
    trials = EVIDENCE.select(procedure="idet", design="rct")
    assert ids(trials, "studies", "design") == {"rct"}
    pain = EVIDENCE.select(domain="pain")
    assert ids(pain, "measures", "domain") == {"pain"}
    assert ids(pain, "outcomes", "study_id") == ids(pain, "studies", "study_id")
    against_sham = EVIDENCE.select(procedure="idet", comparator="sham")
    assert ids(against_sham, "studies", "study_id") <= ids(
        EVIDENCE.select(procedure="idet"), "studies", "study_id"
    )
    placebo = EVIDENCE.select(comparator="placebo")
    assert ids(against_sham, "studies", "study_id") <= ids(placebo, "studies", "study_id")
    two = EVIDENCE.select(procedure=["idet", "discography"])
    assert two.focus == ("idet", "discography")
    assert len(two.studies) >= len(EVIDENCE.select(procedure="discography").studies)
    one = EVIDENCE.select(study="freeman2005", measure="odi_0_100")
    assert ids(one, "outcomes", "measure_id") == {"odi_0_100"}
    assert ids(one, "arms", "study_id") == {"freeman2005"}
    assert set(one.references) >= {"freeman2005"}
    assert (
        EVIDENCE.select(condition="discogenic_low_back_pain", procedure="discography").notes == EVIDENCE.notes
    )


def test_nothing_selected_is_everything() -> None:
    assert EVIDENCE.select().outcomes.equals(EVIDENCE.outcomes)


def test_all_arms_of_a_study_stay() -> None:
    idet = EVIDENCE.select(procedure="idet")
    kept = EVIDENCE.arms[EVIDENCE.arms["study_id"].isin(idet.studies["study_id"])]
    assert idet.arms["line"].tolist() == kept["line"].tolist()


def test_attributes_of_a_procedure_come_with_the_articles_that_state_them() -> None:
    idet = EVIDENCE.procedure("IDET")
    assert "90 degC" in idet.mechanism
    assert "2004" in idet.note
    assert idet.used_since == "1990s"
    assert any("discogenic" in indication for indication in idet.indications)
    assert idet.contraindications
    assert {article.key for article in idet.articles} >= {"patientinfo_idet"}
    shown = str(idet)
    for label in (
        "mechanism: ",
        "indications: ",
        "contraindications: ",
        "used since: ",
        "note: ",
        "stated by: ",
    ):
        assert label in shown
    assert all(article.short in shown for article in idet.articles)
    assert "see also (same family): intradiscal_radiofrequency; intradiscal_biacuplasty" in shown
    stimulation = EVIDENCE.procedure("SCS")
    assert any("pacemakers" in who for who in stimulation.contraindications)
    assert "pregnancy" in stimulation.contraindications
    assert stimulation.articles
    assert stimulation.used_since
    discography = EVIDENCE.procedure("discogram")
    assert discography.role == "diagnostic"
    assert "no treatment" in discography.note
    assert "role: diagnostic" in str(discography)


def test_profiles_show_themselves_in_one_line_and_as_a_table() -> None:
    for profile in (EVIDENCE.procedure("idet"), EVIDENCE.procedure("sham"), EVIDENCE.study("freeman2005")):
        assert "\n" not in repr(profile)
        assert "0x" not in repr(profile) + profile._repr_html_()
        assert "<caption>" in profile._repr_html_()
    assert "compared as: placebo" in str(EVIDENCE.procedure("sham"))
    assert "no article" in str(EVIDENCE.procedure("sham"))


def test_the_counts_of_a_profile() -> None:
    idet = EVIDENCE.procedure("idet")
    arms = {(row.study_id, row.arm) for row in EVIDENCE.arms.itertuples() if row.procedure_id == "idet"}
    assert idet.n_studies == len({study for study, _ in arms})
    assert idet.n_results == sum(
        (row.study_id, row.arm) in arms or (row.study_id, row.versus) in arms
        for row in EVIDENCE.outcomes.itertuples()
    )


def test_a_study_comes_with_reports_arms_and_results() -> None:
    freeman = EVIDENCE.study("freeman2005")
    assert [report.key for report in freeman.reports] == ["freeman2005"]
    assert {arm.arm for arm in freeman.arms} == {"idet", "sham"}
    assert len(freeman.results) == (EVIDENCE.outcomes["study_id"] == "freeman2005").sum()
    assert "arm sham: sham, n 19" in str(freeman)


def test_every_row_is_a_valid_record() -> None:
    for table in EVIDENCE.tables.values():
        for row in range(0, len(table), 7):
            table.record(row)


def test_writing_gives_the_same_bytes(tmp_path: Path) -> None:
    write_evidence(EVIDENCE, tmp_path / "copy")
    for path in (tmp_path / "copy").iterdir():
        assert path.read_bytes() == (BUNDLED / path.name).read_bytes(), path.name


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_any_selection_can_be_written_and_loaded(procedure: str, tmp_path: Path) -> None:
    chosen = EVIDENCE.select(procedure=procedure)
    write_evidence(chosen, tmp_path)
    again = load_evidence(tmp_path)
    lineage = ["line"]
    for name in TABLES:
        ours, theirs = getattr(chosen, name), getattr(again, name)
        assert ours.drop(columns=lineage).equals(theirs.drop(columns=lineage)), name
    assert dict(again.references) == dict(chosen.references)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_evidence(again, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_rows_in_any_order_are_written_in_canonical_order(base: Base, tmp_path: Path) -> None:
    for file in ("outcomes.csv", "arms.csv", "studies.csv", "claims.csv"):
        header, *rows = base.lines(file)
        base.write(file, [header, *reversed(rows)])
    write_evidence(load_evidence(base.folder), tmp_path / "copy")
    for file in ("outcomes.csv", "arms.csv", "studies.csv", "claims.csv"):
        assert (tmp_path / "copy" / file).read_bytes() == (BUNDLED / file).read_bytes()


def test_columns_in_any_order_are_read(base: Base, tmp_path: Path) -> None:
    frame = pd.read_csv(base.path("arms.csv"), dtype=str, keep_default_na=False)
    frame[frame.columns[::-1]].to_csv(base.path("arms.csv"), index=False)
    write_evidence(load_evidence(base.folder), tmp_path / "copy")
    assert (tmp_path / "copy" / "arms.csv").read_bytes() == (BUNDLED / "arms.csv").read_bytes()


def test_defects_are_raised_together_and_the_error_can_be_sent_from_a_worker(base: Base) -> None:
    line = base.find("outcomes.csv", statistic="mean")
    base.put("outcomes.csv", line, value="x", basis="y")
    with pytest.raises(DataError) as caught:
        load_evidence(base.folder)
    assert str(caught.value).startswith("2 defects found:\n")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.problems, str(again)) == (caught.value.problems, str(caught.value))
    unknown = UnknownNameError("procedure", "x", ["y"])
    assert str(copy.copy(unknown)) == str(pickle.loads(pickle.dumps(unknown))) == str(unknown)


def test_suggestions() -> None:
    assert did_you_mean("TEN", ["TENS", "IDET"]) == "TENS"
    assert did_you_mean("", ["TENS"]) == ""
    assert did_you_mean("tens", []) == ""


RATED = "idet,placebo,pain,pain_0_10,6mo,overall,low,few patients,AB,freeman2005\n"


def rated(base: Base, *rows: str) -> Evidence:
    header = base.line("certainty.csv", 1)
    base.path("certainty.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return load_evidence(base.folder)


def test_without_the_file_of_the_certainty_nothing_is_written_of_it(base: Base, tmp_path: Path) -> None:
    base.path("certainty.csv").unlink()
    evidence = load_evidence(base.folder)
    assert evidence.certainty.empty
    assert list(evidence.certainty)[:-1] == list(TABLES["certainty"].columns)
    assert len(evidence.table("certainty")) == 0
    write_evidence(evidence, tmp_path / "copy")
    assert not (tmp_path / "copy" / "certainty.csv").exists()
    package = json.loads((tmp_path / "copy" / "datapackage.json").read_text(encoding="utf-8"))
    assert "certainty" not in [one["name"] for one in package["resources"]]
    assert load_evidence(tmp_path / "copy").certainty.empty


def test_judgements_of_another_base_do_not_stay_in_the_folder(base: Base, tmp_path: Path) -> None:
    write_evidence(rated(base, RATED), tmp_path / "copy")
    assert RATED in (tmp_path / "copy" / "certainty.csv").read_text(encoding="utf-8")
    base.path("certainty.csv").unlink()
    write_evidence(load_evidence(base.folder), tmp_path / "copy")
    left = (tmp_path / "copy" / "certainty.csv").read_text(encoding="utf-8")
    assert left == ",".join(TABLES["certainty"].columns) + "\n"


def test_judgements_of_the_certainty_go_with_whole_lines_only(base: Base, tmp_path: Path) -> None:
    other = RATED.replace("idet", "vertebroplasty", 1)
    evidence = rated(base, RATED + other)
    assert len(evidence.certainty) == 2
    own = evidence.select(procedure="IDET")
    assert own.certainty["procedure_id"].tolist() == ["idet"]
    assert len(evidence.select(domain="pain").certainty) == 2
    assert evidence.select(domain="disability").certainty.empty
    assert not any("of the certainty" in note for note in own.notes)
    part = evidence.select(study="freeman2005")
    assert part.certainty.empty
    assert part.notes[-1].startswith("2 judgements of the certainty left out")
    part = evidence.select(procedure="IDET", design="rct")
    assert part.notes[-1].startswith("1 judgement of the certainty left out")
    write_evidence(own, tmp_path / "copy")
    again = load_evidence(tmp_path / "copy")
    assert again.certainty["reason"].tolist() == ["few patients"]
    assert "freeman2005" in again.references


@pytest.mark.parametrize(
    ("comparator", "kept"),
    [
        ("placebo", ["placebo"]),
        (["placebo", "usual_care"], ["placebo", "usual_care"]),
        ("sham", []),
        ("active", []),
        (None, ["active", "placebo", "usual_care"]),
    ],
)
def test_a_selection_by_comparator_keeps_judgements_of_whole_classes_only(
    comparator: object, kept: list[str], base: Base
) -> None:
    rows = [RATED.replace("placebo", name, 1) for name in ("active", "placebo", "usual_care")]
    evidence = rated(base, "".join(rows))
    assert evidence.select(comparator=comparator).certainty["comparator"].tolist() == kept
