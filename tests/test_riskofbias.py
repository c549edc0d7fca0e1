"""Judgements of the risk of bias are shown as made; nothing is guessed, merged or derived."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planting import Base
from spineevidence.biastools import bias_tools, names_of
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence, check, load_evidence, write_evidence
from spineevidence.riskofbias import BiasRow, RiskOfBiasAssessment, risk_of_bias, speaking
from tiny import Row, contrast, tiny

ROB2 = bias_tools()["rob2_2019"]
D1, D2, D3, D4, D5 = names_of(ROB2.domains)
RESULTS = [contrast("-1", "-2", "0", study_id=study) for study in ("first", "second")]


def judged(domain: str = "overall", judgement: str = "Low", **cells: str) -> Row:
    start = {"study_id": "first", "tool": "rob2_2019", "domain": domain, "judgement": judgement}
    return start | {"support": "Table 1", "assessor": "AB", "citekey": "src"} | cells


def base(folder: Path, *bias: Row, **studies: Row) -> Evidence:
    return tiny(folder, RESULTS, bias=bias, studies=studies)


def test_a_study_that_nobody_judged_is_not_assessed(tmp_path: Path) -> None:
    found = risk_of_bias(base(tmp_path))
    assert [study.study_id for study in found.studies] == ["first", "second"]
    assert found.to_frame()["judgement"].tolist() == ["not assessed", "not assessed"]
    assert not any(study.assessed or study.domains or study.overall.judgement for study in found.studies)
    assert found.notes == ("NOT_ASSESSED: 2 of 2 studies; nothing is guessed",)
    assert repr(found) == "<RiskOfBiasAssessment: 0 of 2 studies assessed>"


def test_every_domain_of_the_tool_is_shown_with_its_support(tmp_path: Path) -> None:
    found = risk_of_bias(base(tmp_path, judged(D3, "High", support="a third was lost")))
    first = found.studies[0]
    assert [domain.domain for domain in first.domains] == [D1, D2, D3, D4, D5]
    assert [domain.words for domain in first.domains] == [
        *["not assessed"] * 2,
        "High",
        *["not assessed"] * 2,
    ]
    row = first.domains[2].rows[0]
    assert (row.support, row.assessor, row.citekey, row.line) == ("a third was lost", "AB", "src", 2)
    assert first.overall.words == "not assessed"


def test_there_is_no_overall_judgement_unless_a_row_says_so(tmp_path: Path) -> None:
    every = [judged(domain, "High") for domain in (D1, D2, D3, D4, D5)]
    assert risk_of_bias(base(tmp_path / "a", *every)).studies[0].overall.judgement == ""
    said = risk_of_bias(base(tmp_path / "b", *every, judged("overall", "High"))).studies[0]
    assert (said.overall.judgement, said.notes) == ("High", ())


def test_an_overall_judgement_better_than_the_worst_domain_is_noted_and_kept(tmp_path: Path) -> None:
    found = risk_of_bias(base(tmp_path, judged(D2, "High"), judged("overall", "Some concerns")))
    assert found.studies[0].overall.judgement == "Some concerns"
    (note,) = found.studies[0].notes
    assert note.startswith(f"OVERALL_TOO_GOOD: overall Some concerns by AB, but {D2}: High; RoB 2 has")
    assert f"first: {note}" in found.notes


def test_the_worst_domain_of_another_assessor_is_no_reproach(tmp_path: Path) -> None:
    found = risk_of_bias(base(tmp_path, judged(D2, "High", assessor="CD"), judged("overall", "Low")))
    assert found.studies[0].notes == ()


def test_rob_1_has_no_rule_for_the_whole(tmp_path: Path) -> None:
    rows = [
        judged("Allocation concealment", "High", tool="cochrane_2011"),
        judged("overall", "Low", tool="cochrane_2011"),
    ]
    assert risk_of_bias(base(tmp_path, *rows)).studies[0].notes == ()


def test_assessors_who_disagree_stand_side_by_side(tmp_path: Path) -> None:
    found = risk_of_bias(base(tmp_path, judged(D1, "Low"), judged(D1, "High", assessor="CD")))
    domain = found.studies[0].domains[0]
    assert (domain.judgement, domain.disagree) == ("", True)
    assert domain.words == "disagreement: Low (AB), High (CD)"
    assert found.studies[0].notes == (
        f"DISAGREEMENT: assessors differ on {D1}; their judgements are not merged",
    )
    assert found.to_frame().query("domain == @D1")["assessor"].tolist() == ["AB", "CD"]


def test_the_most_specific_row_speaks(tmp_path: Path) -> None:
    pain, six = {"measure_id": "nrs_pain_0_10"}, {"time": "26", "unit": "weeks"}
    rows = [
        judged(judgement="Low"),
        judged(judgement="Some concerns", **six),
        judged(judgement="High", **pain),
        judged(judgement="Low", assessor="CD", **pain, **six),
    ]
    evidence = base(tmp_path, *rows)

    def of(**asked: object) -> str:
        return risk_of_bias(evidence, study="first", **asked).studies[0].overall.words

    assert of(measure="nrs_pain_0_10", months=6) == "Low"
    assert of(measure="nrs_pain_0_10", months=3) == "High"
    assert of(measure="nrs_pain_0_10") == "High"
    assert of(measure="odi_0_100", months=6.0) == "Some concerns"
    assert of(measure="odi_0_100", months=12) == "Low"
    whole = risk_of_bias(evidence, study="first").studies
    assert [one.concerns for one in whole] == [
        "the study",
        "26 weeks",
        "nrs_pain_0_10",
        "nrs_pain_0_10 at 26 weeks",
    ]


def test_a_row_of_the_measure_speaks_before_one_of_the_time(tmp_path: Path) -> None:
    rows = [
        judged(judgement="Some concerns", time="6", unit="months"),
        judged(judgement="High", measure_id="nrs_pain_0_10"),
    ]
    found = risk_of_bias(base(tmp_path, *rows), study="first", measure="nrs_pain_0_10", months=6)
    assert found.studies[0].overall.judgement == "High"


def test_a_row_of_another_result_never_speaks(tmp_path: Path) -> None:
    evidence = base(tmp_path, judged(measure_id="odi_0_100", judgement="High"))
    assert not risk_of_bias(evidence, study="first", measure="nrs_pain_0_10").studies[0].assessed


def test_tools_stand_beside_each_other_and_names_without_a_year_mean_the_same(tmp_path: Path) -> None:
    rows = [judged(tool="rob2"), judged("Selective reporting", "Unclear", tool="cochrane_2011")]
    found = risk_of_bias(base(tmp_path, *rows))
    assert [(one.study_id, one.tool) for one in found.studies] == [
        ("first", "cochrane_2011"),
        ("first", "rob2_2019"),
        ("second", ""),
    ]
    only = risk_of_bias(base(tmp_path / "b", *rows), tool="rob2")
    assert [(one.study_id, one.tool, len(one.domains)) for one in only.studies] == [
        ("first", "rob2_2019", 5),
        ("second", "rob2_2019", 5),
    ]
    assert only.tools == ("rob2_2019",)


def test_design_and_blinding_stand_beside_and_a_tool_for_others_is_noted(tmp_path: Path) -> None:
    cohort = {"design": "prospective_cohort", "blinding": "none"}
    found = risk_of_bias(base(tmp_path, judged(), first=cohort))
    assert (found.studies[0].design, found.studies[0].blinding) == ("prospective_cohort", "none")
    assert found.studies[0].notes == ("OTHER_DESIGN: RoB 2 was not made for the design prospective_cohort",)


def test_no_information_is_shown_and_is_no_better_than_anything(tmp_path: Path) -> None:
    cohort = {"design": "prospective_cohort"}
    rows = [
        judged("Bias due to missing data", "No information", tool="robins_i_2016"),
        judged("overall", "Low", tool="robins_i_2016"),
    ]
    found = risk_of_bias(base(tmp_path, *rows, first=cohort)).studies[0]
    assert (found.domains[4].words, found.notes) == ("No information", ())


def test_quadas_2_judges_applicability_apart(tmp_path: Path) -> None:
    row = judged("Applicability: index test", "Unclear", tool="quadas2")
    found = risk_of_bias(base(tmp_path, row)).studies[0]
    assert len(found.domains) == 7
    assert found.domains[5].judgement == "Unclear"


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"tool": "rob3"}, UnknownNameError, 'did you mean "rob2"'),
        ({"tool": "robins_i"}, UnknownNameError, 'did you mean "robins_i_20'),
        ({"study": "frist"}, UnknownNameError, 'did you mean "first"'),
        ({"measure": "nrs_pain"}, UnknownNameError, "did you mean"),
        ({"months": -1}, InputError, "0 or more"),
        ({"months": float("nan")}, InputError, "0 or more"),
    ],
)
def test_unknown_names_are_refused(
    asked: dict[str, object], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        risk_of_bias(base(tmp_path), **asked)


def test_the_table_escapes_and_shows_assessed_studies_first(tmp_path: Path) -> None:
    evidence = base(
        tmp_path, judged(D1, "Low", study_id="second", assessor="<b>"), judged(D1, "High", study_id="second")
    )
    page = risk_of_bias(evidence)._repr_html_()
    assert "disagreement: Low (&lt;b&gt;), High (AB)" in page
    assert page.index(">second<") < page.index(">first<")


ROWS = st.lists(
    st.builds(
        BiasRow,
        study_id=st.just("a"),
        measure_id=st.sampled_from(["", "pain", "odi"]),
        months=st.sampled_from([None, 3.0, 6.0]),
        tool=st.just("rob2_2019"),
        domain=st.sampled_from(["overall", D1]),
        judgement=st.sampled_from(["Low", "High"]),
        support=st.just("x"),
        assessor=st.sampled_from(["AB", "CD"]),
        citekey=st.just("src"),
        line=st.integers(2, 9),
    ),
    max_size=6,
)


@given(ROWS, st.sampled_from(["", "pain"]), st.sampled_from([None, 3.0]))
def test_whoever_speaks_was_asked_and_nobody_closer_is_silent(
    rows: list[BiasRow], measure: str, months: float | None
) -> None:
    said = speaking(rows, "overall", measure_id=measure, months=months).rows
    able = [r for r in rows if r.domain == "overall" and r.specificity(measure, months) is not None]
    assert set(said) <= set(able)
    assert bool(said) == bool(able)
    for row in able:
        assert row in said or row.specificity(measure, months) < said[0].specificity(measure, months)
    if months is None:
        assert all(row.months is None for row in said)


BAD: list[tuple[dict[str, str], str, str, str]] = [
    ({"tool": "robb2"}, "tool", 'tool "robb2" is no known tool; known: cochrane_2011', "rob2_2019"),
    ({"tool": "robins_i"}, "tool", 'tool "robins_i" is no known tool', ""),
    ({"domain": "D1"}, "domain", '"D1" is no domain of rob2_2019; known: Bias arising', ""),
    ({"domain": "Missing outcome data"}, "domain", "is no domain of rob2_2019", D3),
    ({"domain": "Overall"}, "domain", '"Overall" is no domain of rob2_2019', "overall"),
    ({"judgement": "low"}, "judgement", '"low" is no judgement of rob2_2019; known: Low, Some', "Low"),
    ({"judgement": "High risk of bias"}, "judgement", "is no judgement of rob2_2019", "High"),
    ({"judgement": "Serious"}, "judgement", '"Serious" is no judgement of rob2_2019', ""),
    (
        {"tool": "robins_i_2025", "domain": "Bias due to deviations from intended interventions"},
        "domain",
        "is no domain of robins_i_2025",
        "Bias in classification of interventions",
    ),
    ({"support": ""}, "support", "support is empty", ""),
]


@pytest.mark.parametrize(("cells", "column", "message", "hint"), BAD, ids=lambda part: str(part)[:30])
def test_bad_cells_are_found_with_their_place(
    cells: dict[str, str], column: str, message: str, hint: str, base: Base
) -> None:
    name = "risk_of_bias.csv"
    row = judged("overall", "Low", study_id="freeman2005", citekey="freeman2005") | cells
    good = judged("overall", "Low", study_id="freeman2005", citekey="freeman2005", assessor="CD")
    texts = [",".join(one.get(column, "") for column in base.header(name)) for one in (good, row)]
    base.write(name, [base.line(name, 1), *texts])
    (problem,) = [one for one in check(base.folder) if one.path.name == name]
    assert (problem.line, problem.column) == base.place(name, 3, column)
    assert message in problem.message
    assert problem.hint == hint


def test_judgements_of_a_selection_are_those_of_its_studies(tmp_path: Path) -> None:
    evidence = base(tmp_path / "a", judged(), judged(study_id="second"))
    chosen = evidence.select(study="second")
    assert [one.study_id for one in risk_of_bias(chosen).studies] == ["second"]
    write_evidence(chosen, tmp_path / "b")
    again = risk_of_bias(load_evidence(tmp_path / "b"))
    assert again.studies[0].overall.judgement == "Low"
    assert isinstance(again, RiskOfBiasAssessment)
