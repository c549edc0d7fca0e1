"""Claims judged by evidence: worked examples, tiny evidence bases, bad claims, and what the results show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planting import BUNDLED, Base
from spineevidence.claims import judge, judge_claims
from spineevidence.effects import effect_sizes
from spineevidence.errors import DataError, InputError, UnknownNameError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.judgements import Judgement, Judgements
from spineevidence.longitudinal.course import pool_over_time
from spineevidence.models import Claim
from spineevidence.statements import claim
from spineevidence.verdicts.sentences import NO_DIFFERENCE
from tiny import Row, contrast, finding, row, tiny

TIME = re.compile(r"(?:[Aa]t|until|from) (\d+(?:\.\d+)?) (day|week|month)s?\b")
MONTHS = {"day": 1 / 30.4375, "week": 7 / 30.4375, "month": 1.0}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def judged(evidence: Evidence) -> Judgements:
    return judge_claims(evidence)


def ask(evidence: Evidence, kind: str, months: float | None = None, **cells: object) -> Judgement:
    made = {"procedure": "DH", "kind": kind, "months": months} | cells
    return judge(claim(**made), evidence)  # type: ignore[arg-type]


def by_class(found: Judgement) -> dict[str, tuple[str, str]]:
    return {line.comparator: (line.found.verdict, line.found.reason) for line in found.lines}


# Worked examples of METHOD 3.4 on the bundled rows.


def test_idet_at_six_months_against_sham(evidence: Evidence) -> None:
    """The example has pauza2004 with numbers; the bundled rows of it are "scale assumed" and only vote.

    So the two sham trials disagree as reports (REPORTED_CONFLICT), where the example's numbers conflict with
    a report (CONFLICT_WITH_REPORTED). The verdict is the same: mixed.
    """
    found = ask(evidence, "benefit_at", 6, procedure="IDET", comparator="placebo")
    assert (found.verdict, found.reason) == ("mixed", "REPORTED_CONFLICT")
    assert {result.study_id for result in found.decided_by} == {"pauza2004", "freeman2005"}
    assert any("scale assumed" in note for note in found.notes)


def test_idet_at_one_year(evidence: Evidence, judged: Judgements) -> None:
    """No sham data at one year (NO_DATA in the example); another class has some, which the code says."""
    found = ask(evidence, "no_benefit_at", 12, procedure="IDET", comparator="placebo")
    assert (found.verdict, found.reason) == ("untested", "OTHER_COMPARATOR")
    whole = judged["idet-none-at-one-year"]
    assert (whole.verdict, whole.reason) == ("untested", "ACTIVE_ONLY")
    assert whole.change.startswith("Reported change, not an effect. Reported: improved")


def test_stimulation_for_complex_regional_pain(evidence: Evidence) -> None:
    """Example 2 to the letter: shown until 24 months, reported no difference at 60."""
    cells = {"procedure": "SCS", "comparator": "usual_care", "condition": "complex_regional_pain_syndrome"}
    gone = ask(evidence, "gone_by", 60, **cells)
    assert (gone.verdict, gone.reason, gone.strength) == ("supported", "REPORTED_ONLY", "reported")
    assert NO_DIFFERENCE in gone.sentence
    lasts = ask(evidence, "lasts_until", 24, **cells)
    assert (lasts.verdict, lasts.reason) == ("supported", "LOSS_SHOWN")
    assert NO_DIFFERENCE in lasts.sentence
    early = ask(evidence, "benefit_at", 6, **cells)
    assert (early.verdict, early.reason, early.strength) == ("supported", "IMPORTANT", "weak")


def test_vertebroplasty_at_one_month(evidence: Evidence) -> None:
    """The example is firanescu2018 with numbers, which exclude 1.5 points, and klazen2010 against usual care.

    The bundled rows give firanescu2018 as findings; the numbers of buchbinder2009 cannot tell, and of usual
    care one report differs (diamond2003, not randomised). So it is no "depends on the comparator" here.
    """
    found = ask(evidence, "benefit_at", 1, procedure="PVP")
    assert by_class(found)["placebo"] == ("untested", "IMPRECISE")
    assert by_class(found)["usual_care"] == ("mixed", "REPORTED_CONFLICT")
    assert (found.verdict, found.reason) == ("mixed", "UNTESTED_VS_SHAM")


def test_vertebroplasty_at_one_year_controls_had_crossed_over(evidence: Evidence) -> None:
    found = ask(evidence, "no_benefit_at", 12, procedure="PVP", comparator="placebo")
    assert (found.verdict, found.reason) == ("untested", "CONTAMINATED")
    assert "kallmes2009: 38 of 63 controls had crossed over by 12 months" in found.lines[0].sentence


def test_the_state_judged_is_that_of_the_joint_model(evidence: Evidence) -> None:
    effects = effect_sizes(evidence, procedure="vertebroplasty", comparator="placebo", domain="pain")
    course = pool_over_time(effects)
    window = next(own for own in course.windows if own.window == "24mo")
    found = ask(evidence, "benefit_at", 24, procedure="PVP", comparator="placebo")
    (sham,) = (line for line in found.lines if line.comparator == "placebo")
    (step,) = sham.found.steps
    assert step.evidence.pooled is not None
    judged = (step.evidence.pooled.estimate, step.evidence.pooled.ci_low, step.evidence.pooled.ci_high)
    assert judged == course.limits("24mo", 1.0)
    assert judged[0] == window.estimate
    with pytest.raises(InputError, match="no study has a visit"):
        course.limits("120mo", 1.0)


# Every claim of the bundled evidence.


def test_every_claim_is_judged(evidence: Evidence, judged: Judgements) -> None:
    assert [found.claim for found in judged] == list(evidence.claim_records())
    assert len(judged) == len(evidence.claims)


def test_every_class_is_printed_and_every_result_traced(evidence: Evidence, judged: Judgements) -> None:
    lines = set(evidence.outcomes["line"])
    for found in judged:
        if found.verdict == "not_checkable":
            continue
        assert [line.comparator for line in found.lines] == [
            "placebo",
            "active_placebo",
            "usual_care",
            "active",
        ]
        for line in found.lines:
            assert all(result.lines and set(result.lines) <= lines for result in line.decided_by)
            if (
                line.found.verdict in ("supported", "contradicted", "mixed")
                and line.found.kind != "no_evidence_at"
            ):
                assert line.decided_by


def test_the_explanation_says_the_verdict(judged: Judgements) -> None:
    for found in judged:
        assert found.sentence.casefold().startswith(found.verdict.replace("_", " "))
        for line in found.lines:
            assert line.sentence.partition(": ")[2].startswith(line.found.verdict)


def test_no_sentence_goes_beyond_the_last_result(judged: Judgements) -> None:
    for found in judged:
        for line in found.lines:
            words = line.sentence.partition(". ")[2]
            times = [float(count) * MONTHS[unit] for count, unit in TIME.findall(words)]
            if times:
                *others, last = times
                assert "Last usable result at" in words
                assert all(time <= last + 0.06 for time in others)


def test_change_never_decides_and_is_labelled(judged: Judgements) -> None:
    told = [found for found in judged if found.change]
    assert len(told) > 5
    for found in told:
        assert found.change.startswith("Reported change, not an effect. ")
        assert all(word not in found.change for word in ("benefit", "relief due", "works"))


def test_frame_and_tables(judged: Judgements) -> None:
    frame = judged.to_frame()
    claims = frame[frame["row"] == "claim"]
    assert list(claims["claim_id"]) == [found.claim.claim_id for found in judged]
    classes = frame[frame["row"] == "comparator class"]
    assert len(classes) == 4 * sum(found.verdict != "not_checkable" for found in judged)
    assert set(frame.loc[frame["row"] == "change, not an effect", "verdict"]) == {""}
    html = judged._repr_html_()
    assert html.count("<tr>") == len(judged) + 1
    one = judged["scs-wears-off"]
    assert repr(one) == "<Judgement: scs-wears-off: untested, IMPRECISE>"
    assert one._repr_html_().count('<th scope="row">') == 4
    assert len(one.to_frame()) == 5 + bool(one.change)
    with pytest.raises(UnknownNameError, match='did you mean "scs-wears-off"'):
        judged["scs-wear-off"]


# Assembly, on a few rows.


def test_numbers_before_reports_of_the_same_study(tmp_path: Path) -> None:
    rows = [contrast(-1.9, -2.6, -1.2, months=6, finding="no_difference")]
    found = ask(tiny(tmp_path, rows), "benefit_at", 6)
    assert (found.verdict, found.reason, found.strength) == ("supported", "IMPORTANT", "moderate")
    (result,) = found.decided_by
    assert (result.study_id, result.window, result.said) == (
        "trial",
        "6mo",
        "1.90 (1.20 to 2.60) points on pain 0-10",
    )
    assert found.delta == 1.0


def test_a_report_of_another_study_contradicts(tmp_path: Path) -> None:
    rows = [contrast(-1.9, -2.6, -1.2, months=6), finding("no_difference", 6, study_id="other")]
    found = ask(tiny(tmp_path, rows), "benefit_at", 6)
    assert (found.verdict, found.reason) == ("mixed", "CONFLICT_WITH_REPORTED")
    assert {result.study_id for result in found.decided_by} == {"trial", "other"}


def test_randomised_studies_speak_before_others(tmp_path: Path) -> None:
    rows = [
        contrast(-0.1, -0.7, 0.5, months=6),
        contrast(-2.9, -3.6, -2.2, months=6, study_id="cohort"),
        contrast(-2.9, -3.6, -2.2, months=12, study_id="cohort"),
    ]
    studies: dict[str, Row] = {"cohort": {"design": "nonrandomised_controlled"}}
    evidence = tiny(tmp_path, rows, studies=studies)
    at_six = ask(evidence, "benefit_at", 6)
    assert (at_six.verdict, at_six.reason) == ("contradicted", "IMPORTANT_EXCLUDED")
    (sham, *_) = at_six.lines
    assert sham.beside == (
        "Beside, not in the verdict: at 6 months 2.90 (2.20 to 3.60) points on pain 0-10 (cohort, not "
        "randomised): important benefit shown.",
    )
    later = ask(evidence, "benefit_at", 12)
    assert (later.verdict, later.strength) == ("supported", "weak")


@pytest.mark.parametrize("analysis", ["as_treated", "responders"])
def test_patients_sorted_afterwards_are_no_evidence(tmp_path: Path, analysis: str) -> None:
    rows = [
        contrast(-1.9, -2.6, -1.2, months=6, analysis=analysis),
        finding("favours_arm", 6, analysis=analysis),
    ]
    evidence = tiny(tmp_path, [rows[0]])
    assert ask(evidence, "benefit_at", 6).reason == "NO_DATA"
    assert ask(tiny(tmp_path / "b", [rows[1]]), "benefit_at", 6).reason == "NO_DATA"


def test_mean_follow_up_is_no_evidence(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, [contrast(-1.9, -2.6, -1.2, months=6, note="mean follow-up")])
    found = ask(evidence, "benefit_at", 6)
    assert found.reason == "NO_DATA"
    assert any("mean or median follow-up" in note for note in found.notes)


def test_a_null_after_crossover_is_no_answer(tmp_path: Path) -> None:
    rows = [
        contrast(-0.1, -0.7, 0.5, months=12),
        row("crossover", 6, arm="s", statistic="events", value=20),
    ]
    found = ask(tiny(tmp_path, rows), "no_benefit_at", 12)
    assert (found.verdict, found.reason) == ("untested", "CONTAMINATED")
    assert "20 of 30 controls had crossed over by 6 months" in found.lines[0].sentence


def test_conditions(tmp_path: Path) -> None:
    rows = [contrast(-1.9, -2.6, -1.2, months=6), contrast(-0.1, -0.7, 0.5, months=6, study_id="other")]
    studies: dict[str, Row] = {"other": {"condition": "facet_joint_pain"}}
    evidence = tiny(tmp_path, rows, studies=studies)
    found = ask(evidence, "benefit_at", 6, condition="chronic_low_back_pain")
    assert (found.verdict, found.reason) == ("supported", "IMPORTANT")
    assert "In other conditions, not in the verdict: Contradicted" in found.lines[0].beside[0]
    both = ask(evidence, "benefit_at", 6)
    assert "MIXED_CONDITIONS: chronic_low_back_pain 1, facet_joint_pain 1" in both.notes
    cold = judge(claim(procedure="DH", kind="benefit_at", months=12), evidence, condition="facet_joint_pain")
    assert cold.reason == "NO_DATA"
    only = tiny(tmp_path / "b", rows[1:], studies=studies)
    plain = [*rows[1:], contrast(0, -1, 1, arm="u", months=6)]
    other = tiny(tmp_path / "c", plain, studies=studies)
    assert ask(other, "benefit_at", 6, condition="chronic_low_back_pain").reason == "OTHER_CONDITION"
    with pytest.raises(UnknownNameError, match="condition"):
        ask(only, "benefit_at", 6, condition="chronic_low_back_pain")


def test_a_named_control(tmp_path: Path) -> None:
    rows = [
        contrast(-1.9, -2.6, -1.2, months=6, versus="c"),
        contrast(-0.1, -0.7, 0.5, months=6, versus="p", study_id="other"),
        contrast(-1.9, -2.6, -1.2, months=6),
    ]
    evidence = tiny(tmp_path, rows, arms={"p": ("pills", "30")})
    assert ask(evidence, "benefit_at", 6, comparator="Care").verdict == "supported"
    pills = ask(evidence, "benefit_at", 6, comparator="pills")
    assert pills.verdict == "contradicted"
    assert by_class(pills)["placebo"] == ("supported", "IMPORTANT")


def test_scales_speak_in_turn(tmp_path: Path) -> None:
    rows = [contrast(-1.9, -2.6, -1.2, months=3)]
    for months in (3, 12):
        for arm, events in (("t", 24), ("s", 9)):
            rows.append(row("pain_relief_50pct", months, arm=arm, statistic="events", value=events))
    evidence = tiny(tmp_path, rows)
    early = ask(evidence, "benefit_at", 3)
    assert "points on pain 0-10" in early.decided_by[0].said
    assert "percentage points" in early.lines[0].beside[0]
    late = ask(evidence, "benefit_at", 12)
    assert "percentage points" in late.decided_by[0].said
    whole = ask(evidence, "lasts_until", 12)
    assert any(note.startswith("OUTCOME_SWITCH") for note in whole.notes)


def test_another_scale_that_says_something_else_is_named(tmp_path: Path) -> None:
    rows = [contrast(-0.4, -2.0, 1.2, months=6)]
    rows += [
        row("pain_relief_50pct", 6, arm=arm, study_id="other", statistic="events", value=events)
        for arm, events in (("t", 24), ("s", 9))
    ]
    found = ask(tiny(tmp_path, rows), "benefit_at", 6)
    assert found.reason == "IMPRECISE"
    assert any(
        note.startswith(
            "OTHER_SCALE: against sham or placebo, benefit at 6 months on responders (pain): supported"
        )
        for note in found.notes
    )


def test_the_last_result_is_that_of_the_last_visit(tmp_path: Path) -> None:
    """A visit at 17 months lies in the window of 12; the last result is that of the last visit."""
    evidence = tiny(
        tmp_path, [contrast(-1.9, -2.6, -1.2, months=17), finding("no_difference", 18, study_id="other")]
    )
    found = ask(evidence, "benefit_at", 12)
    assert found.lines[0].sentence.endswith("Last usable result at 18 months.")
    alone = ask(tiny(tmp_path / "b", [contrast(-1.9, -2.6, -1.2, months=17)]), "benefit_at", 12)
    assert "At 17 months" in alone.lines[0].sentence
    assert alone.lines[0].sentence.endswith("Last usable result at 17 months.")


def test_no_usable_number_is_said(tmp_path: Path) -> None:
    rows = [row("eq5d", 6, versus="s", statistic="mean_difference", value=0.1, ci_low=0, ci_high=0.2)]
    found = ask(tiny(tmp_path, rows), "benefit_at", 6, domain="quality_of_life")
    assert found.reason == "NO_DATA"
    assert any("no natural scale" in note for note in found.notes)
    exists = ask(tiny(tmp_path / "b", rows), "no_evidence_at", 6, domain="quality_of_life")
    assert exists.reason == "EVIDENCE_EXISTS"


def test_thresholds(tmp_path: Path) -> None:
    evidence = tiny(tmp_path, [contrast(-0.2, -1.2, 0.8, months=6)])
    found = ask(evidence, "no_benefit_at", 6)
    assert [(at.delta, at.verdict) for at in found.thresholds] == [
        (0.5, "untested"),
        (1.0, "untested"),
        (1.5, "supported"),
    ]
    assert found.threshold_dependent
    assert found.sentence.endswith(
        "Threshold-dependent: at 0.5 points untested, at 1.0 point untested, at 1.5 points supported."
    )
    given = judge(claim(procedure="DH", kind="no_benefit_at", months=6), evidence, delta=1.3)
    assert (given.verdict, given.delta) == ("supported", 1.3)
    assert [at.delta for at in given.thresholds] == [0.5, 1.0, 1.3, 1.5]
    assert any("given by the caller" in note for note in given.notes)
    for wrong in (0.0, -1.0):
        with pytest.raises(InputError, match="delta must be above 0"):
            judge(claim(procedure="DH", kind="no_benefit_at", months=6), evidence, delta=wrong)


def test_the_size_of_a_trial_that_could_tell(tmp_path: Path) -> None:
    found = ask(tiny(tmp_path, [contrast(-0.2, -1.9, 1.5, months=6)]), "benefit_at", 6)
    assert found.reason == "IMPRECISE"
    assert found.would_change == (
        "What would change it: a comparison with sham or placebo at the claimed time; about 98 patients per "
        "arm would exclude 1.0 point with 80 % power, if there is no difference (SD 2.5 points)."
    )


def test_two_sham_trials_in_the_joint_model_are_strong(tmp_path: Path) -> None:
    rows = [
        contrast(-2.5, -2.9, -2.1, months=months, study_id=study)
        for study in ("trial", "other")
        for months in (3, 6)
    ]
    found = ask(tiny(tmp_path, rows), "benefit_at", 6)
    assert (found.verdict, found.reason, found.strength) == ("supported", "IMPORTANT", "strong")
    assert "joint model of several times; here other and trial" in found.lines[0].sentence
    one_window = [row for row in rows if row["time"] == "6"]
    alone = ask(tiny(tmp_path / "b", one_window), "benefit_at", 6)
    assert (alone.verdict, alone.strength) == ("supported", "moderate")
    assert "(pooled: other and trial)" in alone.lines[0].sentence


def test_a_scale_without_a_threshold_needs_one(tmp_path: Path) -> None:
    rows = [
        contrast(12, 8, 16, months=6, measure="sf36_bp"),
        contrast(1, -8, 10, months=6, measure="sf36_bp", study_id="other"),
    ]
    evidence = tiny(tmp_path, rows)
    asked = claim(procedure="DH", kind="benefit_at", months=6, measure="sf36_bp")
    without = judge(asked, evidence)
    assert without.reason == "NO_DATA"
    assert any(note.startswith("NO_THRESHOLD: ") for note in without.notes)
    given = judge(asked, evidence, delta=5)
    (step,) = given.lines[0].found.steps
    assert step.evidence.pooled is not None
    # No SD of scores is known, so nothing is pooled: all that either interval covers is judged.
    assert (step.evidence.pooled.ci_low, step.evidence.pooled.ci_high) == (-8, 16)
    assert given.reason == "IMPRECISE"


def test_a_measure_of_another_domain(evidence: Evidence) -> None:
    with pytest.raises(InputError, match="odi_0_100 measures disability, but the claim is about pain"):
        ask(evidence, "benefit_at", 6, procedure="IDET", measure="odi_0_100")


def test_caveats_of_the_results_are_named(tmp_path: Path) -> None:
    studies: dict[str, Row] = {
        "trial": {"design": "crossover_rct"},
        "open": {"blinding": "none", "note": "patients with a positive response to diagnostic blocks"},
    }
    rows = [finding("favours_arm", 6), contrast(-1.9, -2.6, -1.2, months=6, study_id="open")]
    found = ask(tiny(tmp_path, rows, studies=studies), "benefit_at", 6)
    assert "CROSSOVER: trial" in found.notes
    assert "open: UNBLINDED" in found.notes
    assert any(note.startswith("ENRICHED: open") for note in found.notes)


def test_no_claims() -> None:
    none = judge_claims(load_evidence(), [])
    assert (len(none), repr(none), len(none.to_frame())) == (0, "<Judgements: 0 claims>", 0)


def test_a_decline_within_one_study(tmp_path: Path) -> None:
    visits = [(1, -3.0), (3, -2.2), (6, -1.6), (12, -0.9), (24, -0.2), (60, 0.6)]
    rows = [contrast(value, value - 0.4, value + 0.4, months=months) for months, value in visits]
    found = ask(tiny(tmp_path, rows), "wanes")
    assert (found.verdict, found.reason) == ("supported", "DECLINE_SHOWN")
    rising = [contrast(-3 - value, -3.4 - value, -2.6 - value, months=months) for months, value in visits]
    assert ask(tiny(tmp_path / "b", rising), "wanes").reason == "NO_DECLINE"
    assert ask(tiny(tmp_path / "c", rows[:2]), "wanes").reason == "IMPRECISE"
    assert ask(tiny(tmp_path / "d", rows[:1]), "wanes").reason == "NO_DATA"


def test_experience_is_change(tmp_path: Path) -> None:
    rows = [
        row("duration_of_relief_months", "", statistic="mean", value=10),
        row("pain_relief_50pct", 6, statistic="events", value=24),
        row("pain_relief_50pct", 6, arm="s", statistic="events", value=9),
    ]
    evidence = tiny(tmp_path, rows)
    lasting = ask(evidence, "average_duration", 12)
    assert (lasting.verdict, lasting.reason, lasting.strength) == (
        "supported",
        "REPORTED_DURATION",
        "reported",
    )
    rate = ask(evidence, "success_rate", 6, share=50)
    assert (rate.verdict, rate.reason) == ("contradicted", "UNDERSTATED")
    assert "and 9 of 30 after sham or placebo" in rate.sentence
    for found in (lasting, rate):
        assert "no effect" in found.sentence
        assert found.lines == ()
        assert [len(found.to_frame()), found.to_frame()["comparator"][0]] == [1, "change"]
    assert ask(evidence, "success_rate", 12, share=50).reason == "NO_DATA"
    assert ask(evidence, "success_rate", share=80).verdict == "supported"


@pytest.mark.parametrize("kind", ["safe", "lasts_longer", "repeatable_every"])
def test_what_cannot_be_checked_says_why(evidence: Evidence, kind: str) -> None:
    found = ask(evidence, kind, 3, procedure="IDET")
    assert (found.verdict, found.reason, found.strength) == ("not_checkable", "NOT_MODELLED", None)
    assert found.sentence.startswith("Not checkable: ")


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from([1, 3, 6, 12]), st.floats(-2, 2), st.floats(0.2, 2)), max_size=4),
    st.sampled_from([24.0, 60.0, 300.0]),
    st.sampled_from(["benefit_at", "no_benefit_at", "lasts_until", "lasts_at_least", "gone_by", "onset_by"]),
)
def test_a_claim_beyond_the_horizon_is_never_contradicted(
    tmp_path_factory: pytest.TempPathFactory, visits: list[tuple[int, float, float]], months: float, kind: str
) -> None:
    own = {time: (middle, half) for time, middle, half in visits} or {1: (0.0, 1.0)}
    rows = [contrast(m, m - half, m + half, months=time) for time, (m, half) in own.items()]
    if kind == "onset_by":
        rows = [contrast(0, -0.3, 0.3, months=time) for time in own]
    found = ask(tiny(tmp_path_factory.mktemp("base"), rows), kind, months)
    assert found.verdict != "contradicted"


def test_an_uncontrolled_row_changes_no_verdict(tmp_path: Path) -> None:
    rows = [contrast(-1.9, -2.6, -1.2, months=6)]
    series = [
        row(
            "nrs_pain_0_10",
            months,
            study_id="series",
            statistic="mean",
            value=value,
            sd=1,
            n=99,
            finding=word,
        )
        for months, value, word in ((0, 8, ""), (6, 7.9, "unchanged"), (12, 2, "improved"))
    ]
    studies: dict[str, Row] = {"series": {"design": "case_series"}}
    plain, more = tiny(tmp_path / "a", rows), tiny(tmp_path / "b", [*rows, *series], studies=studies)
    for kind in ("benefit_at", "lasts_until", "gone_by", "onset_by"):
        for months in (3, 6, 12):
            first, second = ask(plain, kind, months), ask(more, kind, months)
            assert first.verdict == second.verdict
            assert second.change
            assert not first.change


# Claims that cannot be judged.


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"procedure": "IDTE"}, 'did you mean "idet"'),
        ({"comparator": "placbo"}, 'did you mean "placebo"'),
        ({"comparator": "IDET"}, "no comparator is called"),
        ({"condition": "facet_pain"}, "no condition is called"),
        ({"measure": "vas_pain"}, "no measure is called"),
    ],
)
def test_unknown_names(evidence: Evidence, cells: dict[str, object], words: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        ask(evidence, "benefit_at", 6, **({"procedure": "IDET"} | cells))
    assert words in str(raised.value)


def test_a_control_is_no_procedure(evidence: Evidence) -> None:
    with pytest.raises(InputError, match="is a control"):
        ask(evidence, "benefit_at", 6, procedure="sham")


def test_an_unknown_name_is_told_with_the_claim(evidence: Evidence) -> None:
    made = claim(procedure="IDTE", kind="benefit_at", months=6).model_copy(update={"claim_id": "mine"})
    with pytest.raises(UnknownNameError, match='no procedure of the claim "mine" is called "IDTE"'):
        judge_claims(evidence, [made])


BAD = [
    ({"procedure_id": "idett"}, 'procedure_id "idett" is no known procedure (did you mean "idet"?)'),
    ({"procedure_id": "sham"}, 'procedure_id "sham" is a control; a claim is about a procedure'),
    ({"comparator": "tens"}, 'comparator "tens" is no control'),
    ({"comparator": "anny"}, 'comparator "anny" is no known procedure (did you mean "any"?)'),
    ({"kind": "last_until"}, "is not one of benefit_at"),
    ({"time": "", "unit": ""}, "a claim of kind no_benefit_at needs a time"),
    ({"time": "0"}, "time 0 is before any follow-up"),
    ({"statement": ""}, "statement is empty"),
]


@pytest.mark.parametrize(("cells", "words"), BAD)
def test_bad_claims_in_a_file(base: Base, cells: dict[str, str], words: str) -> None:
    line = base.find("claims.csv", claim_id="idet-none-at-one-year")
    base.put("claims.csv", line, **cells)
    with pytest.raises(DataError) as raised:
        load_evidence(base.folder)
    (problem,) = raised.value.problems
    assert words in str(problem)
    assert (problem.path.name, problem.line) == ("claims.csv", line)
    assert problem.column > 1


def test_a_file_of_claims_of_ones_own(tmp_path: Path) -> None:
    head = (BUNDLED / "claims.csv").read_text(encoding="utf-8").splitlines()[0]
    own = tmp_path / "mine.csv"
    own.write_text(
        f"{head}\nmine,my_leaflet,idet,any,pain,benefit_at,6,,months,,,,,It works,,p. 1\n", encoding="utf-8"
    )
    evidence = load_evidence(claims=own)
    assert [type(one) for one in evidence.claim_records()] == [Claim]
    assert judge_claims(evidence)["mine"].verdict == "mixed"
    own.write_text(
        f"{head}\nmine,my_leaflet,idett,any,pain,benefit_at,6,,months,,,,,It works,,p. 1\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"mine\.csv:2:\d+: procedure_id"):
        load_evidence(claims=own)
    with pytest.raises(DataError, match="absent"):
        load_evidence(claims=tmp_path / "absent.csv")


@pytest.mark.parametrize(("kind", "value"), [("lasts_at_least", 0.0), ("lasts_until", 0.0)])
def test_at_least_says_nothing_of_an_end_that_is_known(tmp_path: Path, kind: str, value: float) -> None:
    """With an end shown later, "no later result tells of its end" would be wrong."""
    rows = [contrast(-1.9, -2.6, -1.2, months=6), contrast(-0.2, -2, 1.6, months=12)]
    rows.append(contrast(value, value - 0.5, value + 0.5, months=24))
    found = ask(tiny(tmp_path, rows), kind, 6)
    assert (found.verdict, found.reason) == ("supported", "LOWER_BOUND_ONLY")
    assert "when it ends is left open" in found.sentence
    assert ("after the claimed time that can tell" in found.would_change) == (kind == "lasts_until")


def test_no_evidence_says_against_what(tmp_path: Path) -> None:
    """A comparison with another treatment is a controlled result, though it does not decide."""
    found = ask(tiny(tmp_path, [contrast(0, -1, 1, versus="o", months=12)]), "no_evidence_at", 12)
    assert found.verdict == "supported"
    assert found.sentence == (
        "Supported: no controlled result against sham or placebo, active placebo or usual care was found; "
        "other active treatments alone were compared."
    )
    without = ask(tiny(tmp_path / "b", [contrast(0, -1, 1, versus="o", months=6)]), "no_evidence_at", 12)
    assert "other active treatments" not in without.sentence


def test_controls_who_caught_up_are_no_waning(tmp_path: Path) -> None:
    """The difference shrinks in both trials; in the second base because controls had the procedure too."""
    rows = [
        contrast(value, value - 0.3, value + 0.3, months=months, study_id=study)
        for study in ("trial", "other")
        for months, value in ((3, -3.0), (6, -2.5), (12, -1.6), (24, -1.4))
    ]
    plain = ask(tiny(tmp_path, rows), "wanes")
    assert (plain.verdict, plain.reason, plain.strength) == ("supported", "DECLINE_SHOWN", "strong")
    crossed = row("crossover", 9, arm="s", statistic="events", value=20)
    found = ask(tiny(tmp_path / "b", [*rows, crossed]), "wanes")
    assert (found.verdict, found.reason, found.strength) == ("untested", "CONTAMINATED", None)
    assert "a shrinking difference is no loss of effect" in found.sentence
    assert "trial: 20 of 30 controls had crossed over by 9 months" in found.lines[0].sentence
    grows = [
        contrast(value, value - 0.3, value + 0.3, months=months)
        for months, value in ((3, -0.5), (6, -1.5), (12, -2.5), (24, -3.5))
    ]
    later = row("crossover", 6, arm="s", statistic="events", value=20)
    assert ask(tiny(tmp_path / "c", [*grows, later]), "wanes").reason == "NO_DECLINE"  # in spite of it


def test_the_threshold_is_that_of_the_scale_that_decides(tmp_path: Path) -> None:
    """ODI has numbers at another time; at one year RMDQ decides, and its thresholds give two verdicts."""
    rows = [
        contrast(-12, -20, -4, measure="odi_0_100", months=3),
        contrast(-0.5, -1.6, 0.6, measure="rmdq_0_24", months=12, study_id="other"),
    ]
    evidence = tiny(tmp_path, rows)
    found = ask(evidence, "benefit_at", 12, domain="disability")
    assert (found.verdict, found.delta, found.delta_scale) == ("contradicted", 2.0, "RMDQ 0-24")
    assert [(at.delta, at.verdict) for at in found.thresholds] == [
        (1.0, "untested"),
        (2.0, "contradicted"),
        (5.0, "contradicted"),
    ]
    assert "Threshold-dependent" in found.sentence
    both = ask(evidence, "none_at_any_time", domain="disability")
    scales = [note.split(" on ")[1].split(",")[0] for note in both.notes if note.startswith("DELTA")]
    assert scales == ["ODI 0-100"]
    several = ask(evidence, "onset_by", 12, domain="disability", comparator="placebo")
    assert (several.verdict, several.delta_scale) == ("supported", "ODI 0-100")
    lasts = ask(evidence, "lasts_until", 3, domain="disability")
    assert [note.startswith("DELTA") for note in lasts.notes].count(True) == 2


def test_a_result_clearly_before_the_claimed_time_is_said(tmp_path: Path) -> None:
    """10 and 18 months lie in one window; what was seen at 10 tells little of 18."""
    evidence = tiny(tmp_path, [contrast(-1.9, -2.6, -1.2, months=10)])
    said = "The claim is of 18 months, and the last result around that time is at 10 months."
    for kind in ("benefit_at", "lasts_at_least", "no_evidence_at"):
        assert said in ask(evidence, kind, 18).sentence
        assert "The claim is of" not in ask(evidence, kind, 10.9).sentence
        assert "The claim is of" not in ask(evidence, kind, 24).sentence
