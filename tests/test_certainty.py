"""The certainty of a line of evidence: the numbers of its windows, and what people judged of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from planting import BUNDLED
from spineevidence.certainty import COLUMNS, Certainty, WindowCertainty, certainty_of
from spineevidence.duration import duration_of_benefit
from spineevidence.effects import effect_sizes
from spineevidence.errors import EstimandError, InputError, UnknownNameError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.grading import SUGGESTED
from spineevidence.models import LOWERING, TABLES, WindowLabel
from spineevidence.pooling.windows import pool_window, pool_windows
from spineevidence.timing import WINDOWS
from tiny import Row, contrast, finding, tiny

ASKED = {"procedure": "heat", "comparator": "placebo", "domain": "pain"}
LINE = {"procedure_id": "heat", "comparator": "placebo", "domain": "pain", "curve": "pain_0_10"}
BUNDLED_BASE = load_evidence(BUNDLED)


def trial(name: str, benefit: float, half: float, months: float = 3, **cells: str) -> Row:
    """A contrast of pain scores: lower is better, so that a benefit is negative in print."""
    return contrast(-benefit, -benefit - half, -benefit + half, study_id=name, months=months, **cells)


TWO = [
    trial("first", 1.5, 0.8),
    trial("first", 0.9, 0.8, months=12),
    trial("second", 1.1, 0.6),
    trial("second", 0.5, 0.6, months=12),
]


def judged(grade_domain: str, judgement: str, **cells: str) -> Row:
    start = {**LINE, "window": "3mo", "grade_domain": grade_domain, "judgement": judgement}
    return start | {"reason": "because", "assessor": "AB"} | cells


def bias(study: str, judgement: str, **cells: str) -> Row:
    start = {"study_id": study, "tool": "rob2_2019", "domain": "overall", "judgement": judgement}
    return start | {"support": "Table 1", "assessor": "AB", "citekey": "src"} | cells


def of(
    folder: Path,
    rows: Sequence[Row] = TWO,
    certainty: Sequence[Row] | None = None,
    biases: Sequence[Row] = (),
    studies: dict[str, Row] | None = None,
    **asked: object,
) -> Certainty:
    evidence = tiny(folder, rows, certainty=certainty, bias=biases, studies=studies)
    return certainty_of(evidence, **(ASKED | asked))


def at(found: Certainty, window: str = "3mo") -> WindowCertainty:
    return next(one for one in found.windows if one.window == window)


def test_the_windows_of_judgements_are_those_of_the_library() -> None:
    assert get_args(WindowLabel) == tuple(window.label for window in WINDOWS)


def test_effects_of_several_windows_are_those_of_the_joint_model(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, TWO)
    found = certainty_of(evidence, **ASKED)
    together = duration_of_benefit(evidence, **ASKED).together
    assert together is not None
    assert together.level == 3
    assert [one.window for one in found.windows] == [one.window for one in together.course.windows]
    steps = together.steps
    for place, one in enumerate(found.windows):
        assert (one.estimate, one.ci_low, one.ci_high) == (
            steps.estimate[place],
            steps.ci_low[place],
            steps.ci_high[place],
        )
        assert one.state == steps.states[place]
        joint = together.course.windows[place]
        assert (one.pi_low, one.pi_high, one.n) == (joint.pi_low, joint.pi_high, joint.n)


def test_a_fragile_window_has_its_widest_interval() -> None:
    found = certainty_of(
        BUNDLED_BASE, procedure="radiofrequency_ablation", comparator="usual_care", domain="pain"
    )
    together = duration_of_benefit(
        BUNDLED_BASE, procedure="radiofrequency_ablation", comparator="usual_care", domain="pain"
    ).together
    (label,) = together.fragile
    own = at(found, label)
    joint = next(one for one in together.course.windows if one.window == label)
    assert own.ci_high - own.ci_low > joint.ci_high - joint.ci_low
    assert any(note.startswith("FRAGILE_PRIOR: 6mo") for note in found.notes)


def test_effects_of_one_window_are_those_of_that_window(tmp_path: Path) -> None:
    rows = [row for row in TWO if row["time"] == "3"]
    evidence = tiny(tmp_path, rows)
    (own,) = certainty_of(evidence, **ASKED).windows
    pooled = pool_window(effect_sizes(evidence, **ASKED).at("3mo"), sd_rep=2.5)
    assert (own.estimate, own.ci_low, own.ci_high) == (pooled.estimate, pooled.ci_low, pooled.ci_high)
    assert (own.k, own.studies, own.pi_low) == (2, ("first", "second"), None)


def test_one_study_speaks_by_its_own_interval(tmp_path: Path) -> None:
    found = of(tmp_path, [trial("first", 1.5, 0.4)])
    (own,) = found.windows
    assert (own.ci_low, own.ci_high) == pytest.approx((1.1, 1.9))
    assert own.state == "important_benefit"
    assert own.hint("inconsistency").suggestion is None
    assert own.start_reason == "1 study, randomised."


def test_the_numbers_of_a_window_stand_in_its_reasons(tmp_path: Path) -> None:
    own = at(of(tmp_path))
    window = pool_windows(effect_sizes(tiny(tmp_path / "b", TWO), **ASKED), sd_rep=2.5, delta=1.0).windows[0]
    assert f"I2 {window.i2:.0f} %" in own.hint("inconsistency").reason
    assert f"The interval {own.ci_low:.2f} to {own.ci_high:.2f}" in own.hint("imprecision").reason
    assert "the optimal information size is 198 (SD 2.5)" in own.hint("imprecision").reason
    assert own.hint("indirectness").reason == "Conditions: chronic low back pain 2."
    assert own.hint("publication_bias").reason == "Cannot be judged by a test, k 2 < 10."
    with pytest.raises(InputError, match="there are risk_of_bias, inconsistency"):
        own.hint("imprecison")


def test_risk_differences_are_told_in_percentage_points(tmp_path: Path) -> None:
    measure = "pain_relief_50pct"
    cells = {"statistic": "risk_difference", "measure": measure}
    found = of(tmp_path, [contrast("30", "12", "48", **cells)], curve="pain_responders", domain=None)
    (own,) = found.windows
    assert (own.ci_low, own.ci_high) == pytest.approx((0.12, 0.48))
    assert "The interval 12.00 to 48.00 holds neither 0 nor 10" in own.hint("imprecision").reason
    assert "786 (SD 50)" in own.hint("imprecision").reason
    assert "effect 30 (12 to 48) percentage points" in own.sentence
    assert found.delta == pytest.approx(0.1)


def test_nothing_is_rated_until_a_person_has_judged(tmp_path: Path) -> None:
    found = of(tmp_path)
    frame = found.to_frame()
    assert list(frame) == list(COLUMNS)
    assert set(frame["status"]) == {SUGGESTED}
    assert set(frame["judgement"]) == {""}
    assert frame.query("grade_domain == 'overall'")["suggestion"].tolist() == ["", ""]
    assert [own.level for own in found.windows] == ["", ""]
    for own in found.windows:
        assert "Certainty suggested, not assessed: starts at high" in own.sentence
        assert not {"probably", "may"} & set(own.sentence.split())
        assert own.hint("risk_of_bias").reason.startswith("not assessed 100 % of the weight (second, first)")
        assert own.hint("risk_of_bias").suggestion is None
    assert repr(found) == "<Certainty: heat, sham or placebo, pain_0_10: 2 windows, 0 judged>"


def test_shares_of_the_weight_are_those_of_variance_and_heterogeneity(tmp_path: Path) -> None:
    rows = [row for row in TWO if row["time"] == "3"]
    own = at(of(tmp_path, rows, biases=[bias("second", "High")]))
    evidence = tiny(tmp_path / "b", rows)
    effects = effect_sizes(evidence, **ASKED)
    tau = pool_window(effects.at("3mo"), sd_rep=2.5).tau
    weights = 1 / (effects.vi + tau**2)
    share = 100 * weights[1] / weights.sum()
    assert own.hint("risk_of_bias").reason == (
        f"High {share:.0f} % of the weight (second), not assessed {100 - share:.0f} % (first)."
    )


def test_shares_beside_the_joint_model_have_both_of_its_variances(tmp_path: Path) -> None:
    rows = [trial("first", 1.3, 0.1), trial("first", 0.4, 0.1, months=12)]
    rows += [trial("second", 1.2, 1.0), trial("second", 1.3, 1.0, months=12)]
    evidence = tiny(tmp_path, rows, bias=[bias("first", "Low")])
    course = duration_of_benefit(evidence, **ASKED).together.course
    weights = 1 / (effect_sizes(evidence, **ASKED).at("3mo").vi + course.tau**2 + course.omega**2)
    bare = 1 / (effect_sizes(evidence, **ASKED).at("3mo").vi + course.tau**2)
    share, other = (f"{100 * own[0] / own.sum():.0f} %" for own in (weights, bare))
    assert share != other
    assert (
        f"Low {share} of the weight (first)"
        in at(certainty_of(evidence, **ASKED)).hint("risk_of_bias").reason
    )


def test_risk_of_bias_is_that_of_the_result_where_a_row_names_it(tmp_path: Path) -> None:
    late = {"measure_id": "nrs_pain_0_10", "time": "12", "unit": "months"}
    biases = [
        bias("first", "Low"),
        bias("second", "Low"),
        bias("first", "High", **late),
        bias("second", "High", **late),
    ]
    found = of(tmp_path, biases=biases)
    assert [own.hint("risk_of_bias").suggestion for own in found.windows] == [0, -2]


@pytest.mark.parametrize(
    ("biases", "said"),
    [
        ([bias("first", "Low"), bias("first", "High", assessor="CD")], "assessors disagree"),
        ([bias("first", "Low"), bias("first", "High", tool="cochrane_2011")], "High and Low"),
        ([bias("first", "No information", tool="robins_i_2016")], "No information"),
        ([bias("first", "High", domain="Bias due to missing outcome data")], "not assessed"),
    ],
)
def test_what_is_no_clear_overall_judgement_counts_as_none(
    biases: list[Row], said: str, tmp_path: Path
) -> None:
    hint = at(of(tmp_path, [trial("first", 1.5, 0.4)], biases=biases)).hint("risk_of_bias")
    assert hint.suggestion is None
    assert hint.reason == f"{said} 100 % of the weight (first)."


def test_two_tools_that_agree_count_once(tmp_path: Path) -> None:
    biases = [bias("first", "High"), bias("first", "High", tool="cochrane_2011")]
    hint = at(of(tmp_path, [trial("first", 1.5, 0.4)], biases=biases)).hint("risk_of_bias")
    assert (hint.suggestion, hint.reason) == (-2, "High 100 % of the weight (first).")


def test_the_level_starts_low_without_randomisation_and_names_robins_i(tmp_path: Path) -> None:
    cohort = {"first": {"design": "nonrandomised_controlled"}}
    rows = [trial("first", 1.5, 0.4)]
    own = at(of(tmp_path / "a", rows, studies=cohort))
    assert (own.start, own.start_reason) == ("low", "1 study, not randomised.")
    by_tool = [bias("first", "Serious", tool="robins_i_2016")]
    own = at(of(tmp_path / "b", rows, studies=cohort, biases=by_tool))
    assert own.start == "low"
    assert "GRADE guidelines 18" in own.start_reason
    assert own.hint("risk_of_bias").suggestion == -2


def test_several_conditions_and_contradicting_studies(tmp_path: Path) -> None:
    rows = [trial("first", 2.0, 0.5), trial("second", 0.0, 0.5)]
    own = at(of(tmp_path, rows, studies={"first": {"condition": "stenosis"}}))
    assert own.hint("indirectness").suggestion == -1
    assert own.hint("inconsistency").suggestion == -1
    assert "first (important benefit) and second (no important benefit)" in own.hint("inconsistency").reason


def test_ten_studies_are_tested_for_small_study_effects(tmp_path: Path) -> None:
    def rows(slope: float) -> list[Row]:
        halves = [0.3 + 0.2 * place for place in range(11)]
        return [
            trial(f"s{place:02}", round(0.5 + slope * half + 0.02 * (-1) ** place, 3), round(half, 2))
            for place, half in enumerate(halves)
        ]

    lower = at(of(tmp_path / "a", rows(0.8))).hint("publication_bias")
    assert lower.suggestion == -1
    assert "small studies show larger benefits; k 11." in lower.reason
    assert at(of(tmp_path / "b", rows(0.0))).hint("publication_bias").suggestion == 0
    same = [trial(f"s{place:02}", 0.1 * place, 0.5) for place in range(10)]
    none = at(of(tmp_path / "c", same)).hint("publication_bias")
    assert none.suggestion is None
    assert "the same variance" in none.reason


def test_a_persons_certainty_is_told_with_who_and_why(tmp_path: Path) -> None:
    found = of(tmp_path, certainty=[judged("overall", "moderate", reason="few patients")])
    own, other = found.windows
    assert (own.level, other.level) == ("moderate", "")
    assert own.status == "judged moderate by AB: few patients"
    assert own.sentence == (
        "At 3 months, against sham or placebo: Disc heat probably improves pain, by how much is uncertain "
        "(certainty moderate by AB: few patients)."
    )
    assert SUGGESTED in other.sentence
    row = found.to_frame().query("window == '3mo' and grade_domain == 'overall'").iloc[0]
    assert (row["judgement"], row["status"]) == ("moderate", "judged moderate by AB: few patients")
    assert repr(found).endswith("2 windows, 1 judged>")


def test_a_judgement_of_a_domain_stands_over_its_hint_alone(tmp_path: Path) -> None:
    plain = at(of(tmp_path / "a"))
    own = at(of(tmp_path / "b", certainty=[judged("imprecision", "0", reason="a large trial is under way")]))
    assert own.hint("imprecision").judged == 0
    assert own.hint("imprecision").suggestion == plain.hint("imprecision").suggestion == -1
    assert own.hint("imprecision").judgements[0].line == 2
    assert [hint.judged for hint in own.hints if hint.domain != "imprecision"] == [None] * 4
    assert (own.level, own.status) == ("", SUGGESTED)


def test_assessors_who_disagree_leave_the_certainty_open(tmp_path: Path) -> None:
    rows = [judged("overall", "low"), judged("overall", "high", assessor="CD")]
    own = at(of(tmp_path, certainty=rows))
    assert own.level == ""
    assert own.status == "assessors disagree: low by AB: because; high by CD: because"
    assert "assessors disagree" in own.sentence


@pytest.mark.parametrize(
    "other",
    [
        {"comparator": "usual_care"},
        {"procedure_id": "cool"},
        {"curve": "pain_responders"},
        {"curve": "nrs_pain_0_10"},
        {"window": "12mo"},
    ],
)
def test_judgements_of_another_line_or_window_are_not_used(other: dict[str, str], tmp_path: Path) -> None:
    own = at(of(tmp_path, certainty=[judged("overall", "low", **other)]))
    assert own.level == ""


def test_a_judgement_of_a_window_without_an_effect_is_said(tmp_path: Path) -> None:
    found = of(tmp_path, certainty=[judged("overall", "low", window="60mo")])
    assert "UNUSED: certainty.csv, line 2: no effect in the window 60mo" in found.notes


def test_a_measure_has_judgements_of_its_own(tmp_path: Path) -> None:
    rows = [judged("overall", "low"), judged("overall", "high", curve="nrs_pain_0_10")]
    evidence = tiny(tmp_path, TWO, certainty=rows)
    found = certainty_of(evidence, procedure="heat", comparator="placebo", measure="nrs_pain_0_10")
    assert (found.curve, at(found).level) == ("nrs_pain_0_10", "high")
    assert at(certainty_of(evidence, **ASKED)).level == "low"


FIVE = [judged(domain, "0") for domain in LOWERING]


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([*FIVE, judged("overall", "high")], ""),
        (
            [*FIVE, judged("overall", "low")],
            "AB rates low; from high the judgements of the domains lead to high",
        ),
        ([*FIVE[1:], judged("risk_of_bias", "-3"), judged("overall", "very low")], ""),
        ([*FIVE, judged("start", "low"), judged("overall", "low")], ""),
        ([*FIVE, judged("start", "low"), judged("large_effect", "1"), judged("overall", "moderate")], ""),
        ([*FIVE[1:], judged("overall", "low")], ""),
        ([*FIVE, judged("overall", "low", assessor="CD")], ""),
    ],
)
def test_a_certainty_that_does_not_follow_from_its_domains_is_noted(
    rows: list[Row], note: str, tmp_path: Path
) -> None:
    found = of(tmp_path, certainty=rows)
    said = [one for one in found.notes if one.startswith("SUM")]
    assert said == ([f"SUM: 3mo: {note}"] if note else [])
    assert at(found).level == rows[-1]["judgement"]


def test_rating_up_is_shown_where_a_person_did(tmp_path: Path) -> None:
    found = of(tmp_path, certainty=[judged("large_effect", "1", reason="a risk ratio above 5")])
    frame = found.to_frame().query("grade_domain == 'large_effect'")
    assert frame[["window", "judgement", "suggestion"]].values.tolist() == [["3mo", "1", ""]]
    assert "judged 1 by AB: a risk ratio above 5" in found._repr_html_()


def test_conditions_asked_for_leave_judgements_of_the_whole_line_out(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        certainty=[judged("overall", "low")],
        studies={"first": {"condition": "stenosis"}},
        condition="stenosis",
    )
    assert at(found).studies == ("first",)
    assert at(found).level == ""
    assert any("none is used for some conditions" in note for note in found.notes)


def test_a_part_of_a_line_has_no_judgements_of_the_whole(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, TWO, certainty=[judged("overall", "low")])
    found = certainty_of(evidence.select(study="first"), **ASKED)
    assert at(found).level == ""
    assert any("1 judgement of the certainty left out" in note for note in found.notes)
    assert at(certainty_of(evidence.select(procedure="heat"), **ASKED)).level == "low"


def test_findings_without_numbers_are_not_rated(tmp_path: Path) -> None:
    found = of(tmp_path, [finding("favours_arm")])
    assert found.windows == ()
    assert found.notes[-1].startswith("NO_NUMBERS")
    assert found.to_frame().empty
    assert list(found.to_frame()) == list(COLUMNS)
    assert str(found) == ""


def test_text_of_others_is_escaped(tmp_path: Path) -> None:
    found = of(tmp_path, certainty=[judged("overall", "low", reason="<script>alert()</script>")])
    page = found._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert page.count("3 months: ") == 1


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"comparator": "change"}, EstimandError, "no effect"),
        ({"comparator": None}, InputError, "a contrast needs a comparator"),
        ({"comparator": "sham"}, UnknownNameError, "comparator class"),
        ({"procedure": "haet"}, UnknownNameError, "heat"),
        ({"domain": "pian"}, UnknownNameError, "pain"),
        ({"domain": "safety"}, InputError, "has no curve"),
        ({"delta": 0.0}, InputError, "delta must be above 0"),
        ({"domain": None, "measure": "eq5d", "delta": 0.05}, InputError, "representative standard deviation"),
    ],
)
def test_questions_that_cannot_be_answered(
    asked: dict[str, object], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        of(tmp_path, **asked)


def every_line(evidence: Evidence) -> list[tuple[str, str, str]]:
    from spineevidence.summary import summary_lines

    return [
        (line.procedure.procedure_id, line.comparator, curve.asked.curve.name)
        for line in summary_lines(evidence)
        if line.comparator != "change"
        for curve in line.curves
        if curve.studies
    ]


def test_every_line_of_the_bundled_evidence_is_told_and_none_is_rated() -> None:
    lines = every_line(BUNDLED_BASE)
    assert len(lines) > 60
    for procedure, comparator, curve in lines[::4]:
        found = certainty_of(BUNDLED_BASE, procedure=procedure, comparator=comparator, curve=curve)
        frame = found.to_frame()
        assert len(frame) == 7 * len(found.windows)
        assert set(frame["judgement"]) <= {""}
        assert set(frame["status"]) <= {SUGGESTED}
        for own in found.windows:
            assert own.hint("risk_of_bias").suggestion is None
            assert own.ci_low <= own.estimate <= own.ci_high
            if own.state == "inconclusive":
                assert own.hint("imprecision").suggestion == -2


def test_nobody_has_judged_the_bundled_evidence() -> None:
    header = ",".join(TABLES["certainty"].columns)
    assert (BUNDLED / "certainty.csv").read_text(encoding="utf-8") == f"{header}\n"
