"""How long a benefit lasts on a line of evidence: level, votes, horizon, notes and the whole sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.duration import DurationOfBenefit, duration_of_benefit, support_horizon
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lines import in_conflict
from tiny import Row, contrast, finding, row, tiny


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


def lasting(base: Evidence, comparator: str | None = "placebo", **more: object) -> DurationOfBenefit:
    words: dict[str, object] = {"procedure": "heat", "comparator": comparator, "domain": "pain"} | more
    return duration_of_benefit(base, **words)


COURSE = [
    contrast(-1.9, -2.7, -1.1, months=1),
    contrast(-1.6, -2.4, -0.8, months=6),
    contrast(-0.1, -0.9, 0.7, months=12),
]


def test_level_1_tells_each_study(tmp_path: Path) -> None:
    found = lasting(tiny(tmp_path, COURSE))
    assert (found.level, found.engine, found.k, found.n, found.code) == (1, "stepwise", 1, 60, "interval")
    assert (found.shown_until, found.important_shown_until) == (6.0, 1.0)
    assert (found.important_excluded_from, found.benefit_excluded_from) == (12.0, None)
    assert (found.horizon, found.support_horizon, found.delta) == (12.0, None, 1.0)
    assert [state for _, _, state in found.states] == ["important_benefit", "benefit", "no_important_benefit"]
    assert found.notes[0] == "ONE_STUDY: trial"
    assert "(n 30/30 at 1 month, 6 months and 12 months)" in found.sentence
    assert str(found) == found.sentence
    assert found.to_frame()["state"].tolist() == [state for _, _, state in found.states]


def test_several_studies_are_pooled_and_told_one_by_one(tmp_path: Path) -> None:
    rows = [*COURSE, contrast(-0.1, -0.6, 0.4, months=6, study_id="two")]
    found = lasting(tiny(tmp_path, rows))
    assert (found.level, found.engine, found.code, found.k) == (3, "half-normal", "indeterminate", 2)
    assert found.together is not None
    assert found.steps == found.together.steps
    assert found.sentence.startswith("2 studies together (joint model, half-normal priors): Cannot tell")
    assert "Each of 2 studies by itself. trial: Benefit" in found.sentence
    assert (found.horizon, found.support_horizon) == (12.0, 6.0)


def test_controls_who_had_the_procedure_are_named(evidence: Evidence, tmp_path: Path) -> None:
    found = duration_of_benefit(evidence, procedure="vertebroplasty", comparator="placebo", domain="pain")
    assert [note for note in found.notes if note.startswith("CONTAMINATED")] == [
        "CONTAMINATED: kallmes2009: 38 of 63 controls had crossed over by 12 months, line 764"
    ]
    few = row("crossover", 12, arm="s", statistic="events", value=6, n=30)
    assert not [note for note in lasting(tiny(tmp_path, [*COURSE, few])).notes if "CONTAM" in note]


def test_studies_that_were_not_randomised_are_named_beside_trials(tmp_path: Path) -> None:
    two = {"two": {"design": "nonrandomised_controlled", "blinding": "none"}}
    rows = [*COURSE, contrast(-0.1, -0.6, 0.4, months=6, study_id="two")]
    assert "MIXED_DESIGNS: not randomised: two" in lasting(tiny(tmp_path / "a", rows, studies=two)).notes
    for own in (rows, rows[-1:]):
        said = lasting(tiny(tmp_path / f"{len(own)}", own, studies=two if len(own) == 1 else None)).notes
        assert not [note for note in said if note.startswith("MIXED_DESIGNS")]


def test_notes_of_pooled_changes_speak_of_no_benefit(evidence: Evidence) -> None:
    found = lasting(evidence, None, procedure="intrathecal_drug_delivery", estimand="change")
    fragile = [note for note in found.notes if note.startswith("FRAGILE")]
    assert fragile
    assert "better than before" in fragile[0]
    assert not [note for note in fragile if "benefit" in note]


def test_studies_in_one_window_are_pooled_there(tmp_path: Path) -> None:
    rows = [contrast(-1.5, -2.5, -0.5, months=5), contrast(-0.1, -0.6, 0.4, months=5.5, study_id="two")]
    found = lasting(tiny(tmp_path, rows))
    assert (found.level, found.engine, found.k) == (2, "half-normal", 2)
    assert found.steps is not None
    assert found.steps.horizon == 5.5
    assert found.sentence.startswith("2 studies together (half-normal prior): ")
    assert "6 months" not in found.sentence


def test_level_0_counts_findings(tmp_path: Path) -> None:
    found = lasting(tiny(tmp_path, [finding("favours_arm", 6), finding("no_difference", 12)]))
    assert (found.level, found.engine, found.code, found.horizon) == (0, "votes", "reported_only", 12.0)
    assert found.reported is not None
    assert (found.reported.reported_until, found.reported.reported_no_benefit_from) == ("6mo", "12mo")
    assert found.states == ()


def test_nothing_is_said_of_nothing(tmp_path: Path) -> None:
    found = lasting(tiny(tmp_path, [contrast(-1, -2, 0, versus="c")]))
    assert (found.level, found.k, found.code, found.horizon) == (None, 0, "no_data", None)
    assert found.sentence.startswith("No result against sham or placebo that says how long")


def test_the_horizons_of_numbers_and_findings_are_told_apart(tmp_path: Path) -> None:
    found = lasting(tiny(tmp_path, [*COURSE, finding("no_difference", 60)]))
    assert found.horizon == 12.0
    assert (
        "Horizon 12 months (1 study) with numbers, 60 months (1 study) by reported findings" in found.sentence
    )
    assert "last visit with numbers 12 months" in found.sentence
    assert found.support_horizon is None


def test_a_later_result_that_was_set_aside_is_owned_up_to(tmp_path: Path) -> None:
    alone = lasting(tiny(tmp_path / "alone", COURSE))
    assert "nothing later is known" in alone.sentence
    later = contrast(-0.1, -0.9, 0.7, months=24, note="mean follow-up")
    beside = lasting(tiny(tmp_path / "beside", [*COURSE, later]))
    assert "later results were set aside" in beside.sentence
    assert "24 months" not in beside.sentence
    cohort = row(months=60, value=3, study_id="cohort")
    studies = {"cohort": {"design": "case_series"}}
    other = lasting(tiny(tmp_path / "other", [*COURSE, cohort], studies=studies))
    assert "nothing later is known" in other.sentence


def test_votes_are_one_per_study_and_window(tmp_path: Path) -> None:
    rows = [
        finding("favours_arm", 6),
        finding("favours_arm", 6, measure="vas_pain_0_10"),
        finding("no_difference", 6, measure="vas_pain_0_100"),
        finding("favours_arm", 6, study_id="two", note="sign inferred"),
        finding("favours_versus", 6, study_id="three", arm="s", versus="t", note="scale assumed"),
        finding("favours_arm", 6, study_id="four", analysis="as_treated"),
        finding("favours_arm", 6, study_id="five", note="mean follow-up"),
        finding("favours_arm", 0, study_id="six"),
    ]
    found = lasting(tiny(tmp_path, rows)).reported
    assert found is not None
    (window,) = found.windows
    assert window.votes == (("three", 1), ("trial", 1))


def test_a_tie_within_a_study_is_no_difference(tmp_path: Path) -> None:
    rows = [finding("favours_arm", 6), finding("no_difference", 6, measure="vas_pain_0_10")]
    found = lasting(tiny(tmp_path, rows)).reported
    assert found is not None
    assert found.windows[0].votes == (("trial", 0),)


def test_single_arms_vote_on_change_only(tmp_path: Path) -> None:
    rows = [finding("improved", 6, versus="")]
    base = tiny(tmp_path, rows, studies={"trial": {"design": "case_series"}})
    change = lasting(base, None, estimand="change")
    assert (change.level, change.estimand) == (0, "change")
    assert lasting(base).level is None
    assert lasting(tiny(tmp_path / "rct", rows), None, estimand="change").level is None


def test_crossover_trials_vote_and_are_named(tmp_path: Path) -> None:
    base = tiny(tmp_path, [finding("favours_arm", 1)], studies={"trial": {"design": "crossover_rct"}})
    assert "CROSSOVER: trial" in lasting(base).notes


def test_not_compared_is_said_only_of_classes_without_any_result(tmp_path: Path) -> None:
    rows = [
        *COURSE,
        row(months=3, arm="c", value=6, sd=2),
        row(months=3, value=5, sd=2),
        contrast(-1, -2, 0, versus="o", months="", study_id="two"),
    ]
    found = lasting(tiny(tmp_path, rows))
    assert found.sentence.endswith("Not compared on pain with active placebo.")
    narrow = lasting(tiny(tmp_path, rows), condition="chronic_low_back_pain")
    assert narrow.sentence.endswith("Not compared on pain in the conditions asked for with active placebo.")


def test_other_curves_and_conditions_are_noted(tmp_path: Path) -> None:
    responders = [
        row("pain_relief_50pct", 6, arm=arm, statistic="events", value=value, study_id="two", n=30)
        for arm, value in (("t", 15), ("s", 6))
    ]
    base = tiny(tmp_path, [*COURSE, *responders], studies={"two": {"condition": "facet_joint_pain"}})
    found = lasting(base)
    assert any(note.startswith("OTHER_CURVE: 1 study with numbers on responders") for note in found.notes)
    mixed = [*COURSE, contrast(-1, -2, 0, study_id="two")]
    both = lasting(tiny(tmp_path / "mixed", mixed, studies={"two": {"condition": "facet_joint_pain"}}))
    assert "MIXED_CONDITIONS: chronic_low_back_pain 1, facet_joint_pain 1" in both.notes


def test_series_of_other_arms_or_measures_are_noted(tmp_path: Path) -> None:
    rows: list[Row] = [
        contrast(-1, -2, 0),
        contrast(-1, -2, 0, months=6, versus="v", measure="vas_pain_0_10"),
    ]
    notes = lasting(tiny(tmp_path, rows, arms={"v": ("saline", "30")})).notes
    assert "trial: OUTCOME_SWITCH: nrs_pain_0_10 and vas_pain_0_10 at different visits" in notes
    assert "trial: ARM_SWITCH: t against s and t against v at different visits" in notes


def test_a_threshold_may_be_given(tmp_path: Path) -> None:
    base = tiny(tmp_path, COURSE)
    assert lasting(base, delta=0.5).important_excluded_from is None
    assert lasting(base, delta=2.0).delta_source == "given by the caller"
    with pytest.raises(InputError, match="delta must be above 0"):
        lasting(base, delta=0)
    sf36 = tiny(tmp_path / "sf36", [contrast(5, 1, 9, measure="sf36_bp")])
    with pytest.raises(InputError, match="no smallest important difference is known"):
        lasting(sf36, domain=None, measure="sf36_bp")
    assert lasting(sf36, domain=None, measure="sf36_bp", delta=4).shown_until == 3.0


def test_a_change_uses_the_change_within_a_person(tmp_path: Path) -> None:
    rows = [row("vas_pain_0_100", months, value=value, sd=20) for months, value in ((0, 70), (6, 40))]
    base = tiny(tmp_path, rows, studies={"trial": {"design": "case_series"}})
    found = lasting(base, None, estimand="change")
    assert found.delta is None
    assert found.studies[0].steps.delta == pytest.approx(1.5)  # 15 of 100
    assert not re.search("benefit|relief|works", found.sentence)
    html = found._repr_html_()
    assert "importantly better than before" in html
    assert "effect" not in html


def test_a_result_shows_itself_without_negative_zeros(tmp_path: Path) -> None:
    html = lasting(tiny(tmp_path, [contrast(0.001, -1, 1)]))._repr_html_()
    assert "0.00 (-1.00 to 1.00)" in html
    assert "-0.00" not in html


def test_conflict_needs_a_study_on_either_side() -> None:
    assert in_conflict(["important_benefit", "harm"])
    assert not in_conflict(["important_benefit", "small_benefit", "inconclusive"])
    assert not in_conflict(["harm", "no_important_benefit"])


def test_support_needs_two_studies_or_a_hundred_participants() -> None:
    assert support_horizon([("a", 6, 50), ("b", 7, None), ("a", 12, 99)]) == 6
    assert support_horizon([("a", 6, 50), ("a", 12, 100)]) == 12
    assert support_horizon([("a", 6, 50), ("a", 7, 60)]) is None


def test_spinal_cord_stimulation_in_crps(evidence: Evidence) -> None:
    """METHOD 3.4, example 2: shown until 24 months, no difference reported at 60."""
    found = duration_of_benefit(
        evidence,
        procedure="SCS",
        comparator="usual_care",
        domain="pain",
        condition="complex_regional_pain_syndrome",
    )
    assert [state for _, _, state in found.states] == ["important_benefit", "benefit"]
    assert (found.shown_until, found.important_shown_until, found.n) == (24.0, 6.0, 54)
    assert "Reported without numbers: no difference from 60 months (1 study)." in found.sentence
    assert "n 36/18 at 6 months and 24 months" in found.sentence


def test_idet_against_sham(evidence: Evidence) -> None:
    found = duration_of_benefit(evidence, procedure="IDET", comparator="placebo", domain="pain")
    assert found.sentence.startswith("Reported: studies disagree at 6 months (1 better, 1 no difference).")
    assert found.reported is not None
    assert found.reported.windows[0].votes == (("freeman2005", 0), ("pauza2004", 1))
    assert found.horizon == 6.0


def test_vertebroplasty_against_sham_and_against_usual_care(evidence: Evidence) -> None:
    sham, care = (
        duration_of_benefit(evidence, procedure="vertebroplasty", comparator=name, domain="pain")
        for name in ("placebo", "usual_care")
    )
    states = {(study, window): state for window, study, state in sham.states}
    assert states["buchbinder2009", "1mo"] == "no_important_benefit"
    assert states["kallmes2009", "12mo"] == "benefit"
    assert [study.study_id for study in care.studies] == ["farrokhi2011"]
    assert care.reported is not None
    assert {votes.window: votes.label for votes in care.reported.windows}["3mo"] == "no_benefit"


def test_nobody_is_counted_twice(tmp_path: Path) -> None:
    crossed = tiny(
        tmp_path / "crossed",
        [finding("favours_arm", 1), finding("favours_arm", 1, arm="x")],
        arms={"x": ("heat", "24")},
        studies={"trial": {"design": "crossover_rct"}},
    )
    assert lasting(crossed).n == 30
    overlapping = tiny(
        tmp_path / "overlapping",
        [finding("favours_arm", 1), finding("favours_arm", 6, arm="x")],
        arms={"x": ("heat", "20", "subset of t")},
        studies={"trial": {"n_enrolled": "60"}},
    )
    assert lasting(overlapping).n == 60
    assert lasting(tiny(tmp_path / "apart", [finding("favours_arm", 1)])).n == 60


def test_the_bundled_evidence_counts_no_more_than_were_enrolled(evidence: Evidence) -> None:
    enrolled = evidence.studies.set_index("study_id")["n_enrolled"]
    stimulation = duration_of_benefit(evidence, procedure="SCS", comparator="placebo", domain="pain")
    assert stimulation.reported is not None
    voters = {study for window in stimulation.reported.windows for study, _ in window.votes}
    assert stimulation.n is not None
    assert stimulation.n <= sum(int(enrolled[study]) for study in voters)


def responders(tmp_path: Path) -> Evidence:
    counts = [
        row("pain_relief_50pct", statistic="events", arm=arm, value=value, n=40)
        for arm, value in (("t", 30), ("s", 10))
    ]
    return tiny(tmp_path, counts)


def test_a_given_threshold_never_lands_on_another_scale(tmp_path: Path) -> None:
    base = responders(tmp_path)
    assert lasting(base).curve == "pain_responders"
    given = lasting(base, delta=1.0)
    assert (given.curve, given.delta, given.level, given.studies) == ("pain_0_10", 1.0, None, ())
    assert [note for note in given.notes if note.startswith("OTHER_CURVE")] == [
        'OTHER_CURVE: 1 study with numbers on responders (pain) (curve="pain_responders")'
    ]


def test_a_threshold_of_responders_is_a_fraction(tmp_path: Path) -> None:
    base = responders(tmp_path)
    with pytest.raises(
        InputError, match=r"fraction below 1 .* such as 0\.1 for 10 percentage points; found 10"
    ):
        lasting(base, domain=None, curve="pain_responders", delta=10)
    assert lasting(base, domain=None, curve="pain_responders", delta=0.2).code == "right_censored_at_horizon"
