"""Each rule of METHOD 4 has its own tiny evidence base, with a number computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planting import BUNDLED
from spineevidence.curves import curve_for
from spineevidence.effects import as_effect_sizes, by_study, derive, effect_sizes, question
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import EstimandError, InputError, UnknownNameError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.lineage import Effect
from spineevidence.results import results_of
from tiny import ArmOf, Row, contrast, finding, row, tiny

CLOSED_FORM = 1e-9  # the same arithmetic in another order
T58 = 2.0017174841452356  # t(0.975, 58)
PAIN = "pain_0_10"


def means(treated: float, control: float, *, sd: str = "2", months: float = 3, **cells: str) -> list[Row]:
    """Final means of arms "t" and "s"."""
    return [
        row(months=months, arm=arm, value=value, sd=sd, **cells)
        for arm, value in (("t", treated), ("s", control))
    ]


def asked(base: Evidence, comparator: str | None = "placebo", **more: object) -> EffectSizes:
    words: dict[str, object] = {"procedure": "heat", "comparator": comparator, "domain": "pain"} | more
    return effect_sizes(base, **words)


def only(effects: EffectSizes) -> Effect:
    assert len(effects) == 1, effects
    return effects.lineage[0]


def reasons(effects: EffectSizes) -> dict[str, int]:
    counts: dict[str, int] = {}
    for left in effects.left_out:
        counts[left.reason] = counts.get(left.reason, 0) + 1
    return counts


def test_a_printed_contrast_is_turned_so_that_benefit_is_positive(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(-1.5, -2.5, -0.5)])))
    assert (effect.yi, effect.ci_low, effect.ci_high) == (1.5, 0.5, 2.5)
    assert effect.sei == pytest.approx(2 / (2 * T58), abs=CLOSED_FORM)
    assert (effect.route, effect.df, effect.n_arm, effect.n_versus) == ("contrast", 58.0, 30, 30)
    assert any(note.startswith("N_FROM_ARM: n of t is the number allocated (30)") for note in effect.notes)


def test_a_higher_score_that_is_better_keeps_its_sign(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(12, 2, 22, measure="sf36_bp")])
    effect = only(asked(base, domain=None, measure="sf36_bp"))
    assert (effect.yi, effect.ci_low, effect.ci_high) == (12, 2, 22)


def test_n_of_the_row_gives_the_degrees_of_freedom(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, n=50)])))
    assert effect.df == 48


def test_without_any_n_the_normal_quantile_is_used_and_said(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5)], arms={"t": ("heat", ""), "s": ("sham", "")})
    effect = only(asked(base))
    assert effect.df == float("inf")
    assert effect.sei == pytest.approx(1 / 1.959963984540054, abs=CLOSED_FORM)
    assert effect.n is None
    assert any(note.startswith("N_UNKNOWN") for note in effect.notes)


@pytest.mark.parametrize("note", ["adjusted for baseline", "ANCOVA", "least-squares means"])
def test_an_adjusted_contrast_ranks_before_everything_else(tmp_path: Path, note: str) -> None:
    rows = [contrast(-1.5, -2.5, -0.5, note=note), *means(4, 5)]
    effect = only(asked(tiny(tmp_path, rows)))
    assert (effect.yi, effect.route) == (1.5, "adjusted_contrast")
    assert any("ALSO_PRINTED" in n and "final means" in n for n in effect.notes)


def test_unadjusted_is_not_adjusted(tmp_path: Path) -> None:
    assert only(asked(tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, note="unadjusted")]))).route == "contrast"


def test_final_means_by_welch(tmp_path: Path) -> None:
    rows = [row(value=4, sd=2, n=30), row(arm="s", value=5, sd=3, n=30)]
    effect = only(asked(tiny(tmp_path, rows)))
    assert (effect.yi, effect.route) == (1.0, "final_means")
    assert effect.sei == pytest.approx(0.6582805886043833, abs=CLOSED_FORM)
    assert effect.df == pytest.approx(50.52577319587629, abs=1e-6)


def test_a_standard_error_and_an_interval_of_an_arm_give_its_sd(tmp_path: Path) -> None:
    half = 2.045229642132703 * 0.5  # t(0.975, 29) standard errors
    rows = [row(value=4, se=0.5, n=30), row(arm="s", value=5, ci_low=5 - half, ci_high=5 + half, n=30)]
    effect = only(asked(tiny(tmp_path, rows)))
    assert effect.sei == pytest.approx(0.5**0.5, abs=1e-7)
    assert effect.df == pytest.approx(58, abs=1e-6)


def test_changes_rank_after_final_means_and_before_p(tmp_path: Path) -> None:
    changes = [row(arm=arm, statistic="change", value=value, sd=2) for arm, value in (("t", -3), ("s", -1))]
    tested = finding("favours_arm", p_value="0.02")
    effect = only(asked(tiny(tmp_path / "one", [*changes, tested])))
    assert (effect.yi, effect.route) == (2.0, "changes")
    assert only(asked(tiny(tmp_path / "two", [*changes, *means(4, 5)]))).route == "final_means"


def test_a_p_value_of_a_contrast_gives_its_standard_error(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(-1.2, p_value="0.02")])))
    assert (effect.yi, effect.route) == (1.2, "contrast_p")
    assert effect.sei == pytest.approx(1.2 / 2.3923774674, abs=1e-6)
    assert not any(note.startswith("P_BOUND") for note in effect.notes)


def test_a_bound_on_p_is_said_to_be_one(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(-1.2, p_value="<0.02")])))
    assert effect.sei == pytest.approx(1.2 / 2.3923774674, abs=1e-6)
    assert any(note.startswith("P_BOUND") for note in effect.notes)


def test_p_of_a_finding_belongs_to_the_difference_of_its_arms(tmp_path: Path) -> None:
    """The worked example of spinal cord stimulation in METHOD 3.4: 2.6 (1.10 to 4.10)."""
    rows = [
        row("vas_pain_0_10", 6, statistic="change", value=-2.4),
        row("vas_pain_0_10", 6, arm="s", statistic="change", value=0.2),
        finding("favours_arm", 6, measure="vas_pain_0_10", p_value="<0.001"),
    ]
    effect = only(asked(tiny(tmp_path, rows, arms={"t": ("heat", "36"), "s": ("sham", "18")})))
    assert effect.route == "arms_p"
    assert effect.yi == pytest.approx(2.6)
    assert effect.sei == pytest.approx(0.745, abs=0.001)
    assert (effect.ci_low, effect.ci_high) == pytest.approx((1.10, 4.10), abs=0.005)


def test_p_of_a_finding_without_any_n_gives_no_effect(tmp_path: Path) -> None:
    rows = [
        row(statistic="change", value=-2.4),
        row(arm="s", statistic="change", value=0.2),
        finding("favours_arm", p_value="<0.001"),
    ]
    effects = asked(tiny(tmp_path, rows, arms={"t": ("heat", ""), "s": ("sham", "")}))
    assert len(effects) == 0
    assert len(effects.left_out) == 3


def test_p_of_a_finding_against_the_figures_gives_no_effect(tmp_path: Path) -> None:
    rows = [row(value=6), row(arm="s", value=4), finding("favours_arm", p_value="0.02")]
    assert len(asked(tiny(tmp_path, rows))) == 0


def test_p_of_one_arm_tests_its_change_and_no_contrast(tmp_path: Path) -> None:
    rows = [row(value=4, p_value="<0.001"), row(arm="s", value=5, p_value="0.5")]
    effects = asked(tiny(tmp_path, rows))
    assert len(effects) == 0
    assert reasons(effects) == {"no counterpart in the other arm, or no SD, n or p-value": 2}


def test_unlike_baselines_are_adjusted_for_from_summary_figures(tmp_path: Path) -> None:
    rows = [*means(7, 6, months=0), *means(4, 5)]
    effect = only(asked(tiny(tmp_path, rows)))
    assert effect.route == "pseudo_ancova"
    assert effect.yi == pytest.approx(1.25)  # -((4 - 5) - 0.25 x (7 - 6))
    assert effect.sei == pytest.approx(2 * 0.9375**0.5 * (2 / 30 + 1 / (58 * 4)) ** 0.5)
    assert effect.df == 57
    assert {note.split(":")[0] for note in effect.notes} >= {"BASELINE_IMBALANCE", "IMPUTED_R"}


def test_a_quarter_of_the_sd_is_no_imbalance(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [*means(6.5, 6, months=0), *means(4, 5)])))
    assert (effect.route, effect.yi) == ("final_means", 1.0)
    assert not any(note.startswith("BASELINE") for note in effect.notes)


def test_an_imbalance_that_cannot_be_adjusted_for_is_said(tmp_path: Path) -> None:
    rows = [*means(7.5, 6, months=0, sd=""), *means(4, 5)]
    effect = only(asked(tiny(tmp_path, rows)))
    assert effect.route == "final_means"
    assert any("BASELINE_IMBALANCE: 1.5 at baseline, not adjusted for" in note for note in effect.notes)


@pytest.mark.parametrize(
    ("measure", "curve", "factor"),
    [
        ("vas_pain_0_100", PAIN, 0.1),
        ("vas_pain_0_10", PAIN, 1.0),
        ("vas_leg_0_100", "leg_pain_0_10", 0.1),
        ("odi_0_100", "odi_0_100", 1.0),
        ("rmdq_0_24", "rmdq_0_24", 1.0),
        ("rmdq_0_23", "rmdq_0_24", 24 / 23),
    ],
)
def test_scales_are_put_on_their_natural_range(
    tmp_path: Path, measure: str, curve: str, factor: float
) -> None:
    base = tiny(tmp_path, [contrast(-6, -10, -2, measure=measure)])
    effect = only(asked(base, domain=None, curve=curve))
    found = (effect.yi, effect.ci_low, effect.ci_high)
    assert found == pytest.approx((6 * factor, 2 * factor, 10 * factor))
    assert effect.sei == pytest.approx(8 * factor / (2 * T58))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(value=st.integers(-80, 80), half=st.integers(1, 19))
def test_rescaling_divides_effect_and_interval_by_ten(tmp_path: Path, value: int, half: int) -> None:
    wide, narrow = (
        only(asked(tiny(tmp_path / name, [contrast(*cells, measure=f"vas_pain_{name}")])))
        for name, cells in (
            ("0_100", (value, value - half, value + half)),
            ("0_10", (value / 10, (value - half) / 10, (value + half) / 10)),
        )
    )
    for one, other in ((wide.yi, narrow.yi), (wide.sei, narrow.sei), (wide.ci_low, narrow.ci_low)):
        assert one == pytest.approx(other, abs=CLOSED_FORM)


def test_responders_by_newcombe(tmp_path: Path) -> None:
    rows = [
        row("pain_relief_50pct", arm=arm, statistic="events", value=value, n=30)
        for arm, value in (("t", 15), ("s", 6))
    ]
    effect = only(asked(tiny(tmp_path, rows), domain=None, curve="pain_responders"))
    assert effect.yi == pytest.approx(0.3)
    assert (effect.ci_low, effect.ci_high) == pytest.approx((0.0584900, 0.4984758), abs=1e-6)


def test_a_percentage_is_read_as_whole_patients_and_failure_is_turned(tmp_path: Path) -> None:
    rows = [
        row("treatment_failure", arm=arm, statistic="percent", value=value)
        for arm, value in (("t", 27), ("s", 73))
    ]
    effect = only(asked(tiny(tmp_path, rows), domain=None, curve="global_responders"))
    assert effect.yi == pytest.approx(14 / 30)  # 8 and 22 of 30 failed
    assert "FROM_PERCENT: 27 % of 30 read as 8 patients" in effect.notes


def test_a_printed_risk_difference_is_divided_by_100(tmp_path: Path) -> None:
    printed = contrast(25, 5, 45, measure="pain_relief_50pct", statistic="risk_difference")
    effect = only(asked(tiny(tmp_path, [printed]), domain=None, curve="pain_responders"))
    assert (effect.yi, effect.ci_low, effect.ci_high) == pytest.approx((0.25, 0.05, 0.45))
    assert effect.route == "risk_difference"


def test_a_printed_risk_difference_with_its_interval_speaks_before_the_counts(tmp_path: Path) -> None:
    printed = contrast(25, 5, 45, measure="pain_relief_50pct", statistic="risk_difference")
    counts = [
        row("pain_relief_50pct", statistic="events", arm=arm, value=value, n=20)
        for arm, value in (("t", 12), ("s", 6))
    ]
    effect = only(asked(tiny(tmp_path, [printed, *counts]), domain=None, curve="pain_responders"))
    assert (effect.route, effect.yi) == ("risk_difference", 0.25)
    assert any(note.startswith("ALSO_PRINTED") and "responders" in note for note in effect.notes)


def test_counts_speak_before_a_risk_difference_that_has_only_a_p_value(tmp_path: Path) -> None:
    printed = contrast(25, p_value="0.04", measure="pain_relief_50pct", statistic="risk_difference")
    counts = [
        row("pain_relief_50pct", statistic="events", arm=arm, value=value, n=20)
        for arm, value in (("t", 12), ("s", 6))
    ]
    effect = only(asked(tiny(tmp_path, [printed, *counts]), domain=None, curve="pain_responders"))
    assert (effect.route, effect.yi) == ("responders", pytest.approx(0.3))


def test_a_procedure_in_the_versus_arm_has_the_sign_turned(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(1.5, 0.5, 2.5, arm="s", versus="t")])))
    assert (effect.yi, effect.ci_low, effect.ci_high) == (1.5, 0.5, 2.5)
    assert (effect.arm, effect.versus) == ("t", "s")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(value=st.integers(-60, 60), low=st.integers(1, 30), high=st.integers(1, 30))
def test_a_contrast_of_two_procedures_has_the_opposite_sign_on_the_other(
    tmp_path: Path, value: int, low: int, high: int
) -> None:
    cells = (value / 10, (value - low) / 10, (value + high) / 10)
    base = tiny(tmp_path, [contrast(*cells, versus="u")])
    one, other = (only(asked(base, "active", procedure=name)) for name in ("heat", "cool"))
    assert (other.yi, other.ci_low, other.ci_high) == (-one.yi, -one.ci_high, -one.ci_low)
    assert (other.sei, other.df, other.arm, other.versus) == (one.sei, one.df, one.versus, one.arm)
    assert len(asked(base, "placebo")) == len(asked(base, "usual_care")) == 0


def test_comparator_classes_are_never_merged(tmp_path: Path) -> None:
    rows = [
        contrast(-1.0, -2, 0, versus="s"),
        contrast(-2.0, -3, -1, versus="c"),
        contrast(-3.0, -4, -2, versus="o"),
    ]
    base = tiny(tmp_path, rows)
    found = {name: only(asked(base, name)).yi for name in ("placebo", "usual_care", "active")}
    assert found == {"placebo": 1.0, "usual_care": 2.0, "active": 3.0}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"note": "scale assumed"}, "scale assumed"),
        ({"note": "sign inferred"}, "sign inferred"),
        ({"note": "scale assumed; sign inferred"}, "scale assumed"),
        ({"analysis": "as_treated"}, "as treated analysis"),
        ({"analysis": "responders"}, "responders analysis"),
        ({"note": "mean follow-up"}, "mean or median follow-up and no visit"),
        ({"note": "median follow-up"}, "mean or median follow-up and no visit"),
        ({"months": 0}, "difference at time 0"),
        ({"months": 0, "note": "reported at discharge"}, "first-day result"),
        ({"months": ""}, "no time stated"),
        ({"months": 181}, "later than 180 months"),
        ({"statistic": "smd"}, "smd, not on a natural scale"),
        (
            {"statistic": "odds_ratio", "value": 2, "ci_low": 1, "ci_high": 4},
            "odds ratio, not on a natural scale",
        ),
    ],
)
def test_what_is_left_out_and_why(tmp_path: Path, cells: dict[str, str | float], reason: str) -> None:
    numbers = {"value": -1.5, "low": -2.5, "high": -0.5} | cells
    effects = asked(tiny(tmp_path, [contrast(**numbers)]))
    assert len(effects) == 0
    assert reasons(effects) == {reason: 1}
    assert effects.notes == (f"1 row left out (trial): {reason}",)


@pytest.mark.parametrize("doubt", ["scale assumed", "sign inferred"])
def test_doubtful_rows_enter_only_when_asked_for(tmp_path: Path, doubt: str) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, note=doubt)])
    effect = only(asked(base, include=[doubt]))
    assert effect.yi == 1.5
    assert any(note.startswith(doubt.upper().replace(" ", "_")) for note in effect.notes)


def test_a_median_is_not_read_as_a_mean(tmp_path: Path) -> None:
    effects = asked(tiny(tmp_path, means(4, 5, statistic="median")))
    assert len(effects) == 0
    assert reasons(effects) == {"median that gives no mean: no quartiles, or too skewed": 2}


def test_an_interval_without_its_estimate_gives_no_number(tmp_path: Path) -> None:
    assert len(asked(tiny(tmp_path, [contrast("-1.5", "", "")]))) == 0


def test_crossover_trials_give_their_first_period_only(tmp_path: Path) -> None:
    studies = {"trial": {"design": "crossover_rct"}}
    later = tiny(tmp_path / "later", [contrast(-1.5, -2.5, -0.5)], studies=studies)
    first = tiny(tmp_path / "first", [contrast(-1.5, -2.5, -0.5, note="first period")], studies=studies)
    assert reasons(asked(later)) == {"crossover trial, not its first period": 1}
    assert "CROSSOVER: first period only" in only(asked(first)).notes


def test_the_analysis_as_randomised_ranks_before_completers(tmp_path: Path) -> None:
    rows = [
        contrast(-1.5, -2.5, -0.5, analysis="completers", note="ANCOVA"),
        *means(4, 5, analysis="itt"),
    ]
    assert only(asked(tiny(tmp_path, rows))).yi == 1.0


def test_nrs_ranks_before_vas_and_0_10_before_0_100(tmp_path: Path) -> None:
    rows = [
        contrast(-30, -40, -20, measure="vas_pain_0_100"),
        contrast(-2, -3, -1, measure="vas_pain_0_10"),
    ]
    assert only(asked(tiny(tmp_path / "vas", rows))).yi == 2.0
    assert only(asked(tiny(tmp_path / "nrs", [*rows, contrast(-1, -2, 0)]))).yi == 1.0


def test_one_estimate_per_study_and_window_nearest_in_log_time_then_later(tmp_path: Path) -> None:
    rows = [contrast(-1, -2, 0, months=5), contrast(-2, -3, -1, months=7), contrast(-3, -4, -2, months=9)]
    effects = asked(tiny(tmp_path, rows))
    assert effects.yi.tolist() == [1.0, 2.0, 3.0]
    assert effects.at("6mo").yi.tolist() == [2.0]
    ties = asked(tiny(tmp_path / "tie", [contrast(-1, -2, 0, months=2.25), contrast(-2, -3, -1, months=4)]))
    assert ties.at("3mo").yi.tolist() == [2.0]


def test_a_better_form_speaks_in_a_window_before_a_nearer_visit(tmp_path: Path) -> None:
    rows = [contrast(-1, -2, 0, months=5), *means(4, 6, months=6)]
    assert asked(tiny(tmp_path, rows)).at("6mo").yi.tolist() == [1.0]


DOSES: dict[str, ArmOf] = {"low": ("heat", "30"), "high": ("heat", "40")}


def test_dose_arms_are_put_together_where_their_means_are_printed(tmp_path: Path) -> None:
    rows = [row(arm=arm, value=value, sd=2, n=30) for arm, value in (("low", 4), ("high", 5), ("s", 6))]
    effect = only(asked(tiny(tmp_path, rows, arms=DOSES)))
    assert (effect.yi, effect.n_arm, effect.arm) == (1.5, 60, "low + high")
    assert effect.sei == pytest.approx(((29 * 4 * 2 + 15) / 59 / 60 + 4 / 30) ** 0.5)


def test_of_dose_arms_without_means_the_larger_speaks_and_the_other_is_named(tmp_path: Path) -> None:
    rows = [contrast(-1, -2, 0, arm="low"), contrast(-2, -3, -1, arm="high")]
    effect = only(asked(tiny(tmp_path, rows, arms=DOSES)))
    assert (effect.yi, effect.arm) == (2.0, "high")
    assert any(note.startswith("ALSO_PRINTED: low against s") for note in effect.notes)
    even = only(asked(tiny(tmp_path / "even", rows, arms={**DOSES, "high": ("heat", "30")})))
    assert even.arm == "low"


def test_putting_dose_arms_together_shows_on_the_other_procedure_too(tmp_path: Path) -> None:
    printed = [contrast(-1, -2, 0, arm="low", versus="u"), contrast(-2, -3, -1, arm="high", versus="u")]
    arms = [row(arm=arm, value=value, sd=2, n=30) for arm, value in (("low", 4), ("high", 5), ("u", 6))]
    base = tiny(tmp_path, [*printed, *arms], arms=DOSES)
    one, other = (only(asked(base, "active", procedure=name)) for name in ("heat", "cool"))
    assert (one.yi, one.arm) == (1.5, "low + high")
    assert (other.yi, other.versus) == (-1.5, "low + high")


def test_arms_outside_the_allocation_enter_no_contrast(tmp_path: Path) -> None:
    arms: dict[str, ArmOf] = {"x": ("heat", "30", "placebo patients treated after crossover")}
    rows = [row(arm="x", value=2, sd=2), row(arm="s", value=5, sd=2), contrast(-3, -4, -2, arm="x")]
    assert len(asked(tiny(tmp_path, rows, arms=arms))) == 0


def test_of_several_controls_of_a_class_the_largest_speaks(tmp_path: Path) -> None:
    rows = [row(arm=arm, value=value, sd=2) for arm, value in (("t", 4), ("s", 5), ("v", 7))]
    effect = only(asked(tiny(tmp_path, rows, arms={"v": ("saline", "50")})))
    assert (effect.yi, effect.versus) == (3.0, "v")


def test_one_definition_of_response_speaks_for_a_study(tmp_path: Path) -> None:
    rows = [
        row(measure, months, arm=arm, statistic="events", value=value, n=30)
        for measure, times in (("pain_relief_30pct", (3, 6)), ("pain_relief_50pct", (3,)))
        for months in times
        for arm, value in (("t", 15), ("s", 6))
    ]
    effects = asked(tiny(tmp_path, rows), domain=None, curve="pain_responders")
    assert [effect.measure_id for effect in effects.lineage] == ["pain_relief_30pct"] * 2


def test_a_change_comes_from_studies_that_were_not_randomised(tmp_path: Path) -> None:
    rows = [row(months=0, value=7, sd=2, n=30), row(months=6, value=4, sd=2, n=30)]
    cohort = tiny(tmp_path / "cohort", rows, studies={"trial": {"design": "case_series"}})
    effect = only(asked(cohort, None, estimand="change"))
    assert (effect.yi, effect.route, effect.versus, effect.df) == (3.0, "before_after", "", 29)
    assert effect.sei == pytest.approx((6 / 30) ** 0.5)  # 4 + 4 - 2 x 0.25 x 4
    trial = tiny(tmp_path / "trial", rows)
    assert len(asked(trial, None, estimand="change")) == 0
    assert only(asked(trial, None, estimand="change", trial_arms=True)).yi == 3.0


def test_disability_takes_a_correlation_of_one_half(tmp_path: Path) -> None:
    rows = [row("odi_0_100", months, value=value, sd=10, n=30) for months, value in ((0, 50), (6, 35))]
    base = tiny(tmp_path, rows, studies={"trial": {"design": "case_series"}})
    effect = only(asked(base, None, estimand="change", domain="disability"))
    assert (effect.yi, effect.sei) == pytest.approx((15, 10 / 30**0.5))


def test_a_change_as_printed_and_by_p(tmp_path: Path) -> None:
    rows = [
        row(months=3, statistic="change", value=-2, sd=3, n=36),
        row(months=6, statistic="change", value=-2, p_value="0.02", n=30),
        row(months=12, statistic="change", value=1, sd=3, n=36),
    ]
    base = tiny(tmp_path, rows, studies={"trial": {"design": "prospective_cohort"}})
    effects = asked(base, None, estimand="change")
    assert effects.yi.tolist() == [2.0, 2.0, -1.0]
    assert effects.sei[0] == pytest.approx(0.5)
    assert effects.sei[1] == pytest.approx(2 / 2.462021, abs=1e-6)
    assert [effect.route for effect in effects.lineage] == ["change", "change_p", "change"]
    assert effects.estimand == "change"


def test_zero_is_never_negative(tmp_path: Path) -> None:
    assert str(only(asked(tiny(tmp_path, [contrast(0, -1, 1)]))).yi) == "0.0"


def test_caveats_of_design_and_loss(tmp_path: Path) -> None:
    rows = [row(value=4, sd=2, n=20), row(arm="s", value=5, sd=2, n=30)]
    studies = {"trial": {"design": "nonrandomised_controlled", "blinding": "none"}}
    notes = only(asked(tiny(tmp_path, rows, studies=studies))).notes
    assert "UNBLINDED" in notes
    assert "NOT_RANDOMISED: nonrandomised_controlled" in notes
    assert "ATTRITION: not analysed 33% of t, 0% of s" in notes


def test_an_unrelated_study_changes_nothing(tmp_path: Path) -> None:
    own = [contrast(-1.5, -2.5, -0.5), *means(4, 5, months=6)]
    alone = asked(tiny(tmp_path / "alone", own))
    other = [contrast(-9, -9.5, -8.5, study_id="zother", arm="u", versus="c")]
    beside = asked(tiny(tmp_path / "beside", [*own, *other]))
    assert beside.lineage == alone.lineage
    assert beside.left_out == alone.left_out


def test_a_question_must_be_whole(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5)])
    with pytest.raises(InputError, match="a contrast needs a comparator"):
        asked(base, None)
    with pytest.raises(UnknownNameError, match="did you mean"):
        asked(base, "placebos")
    with pytest.raises(EstimandError, match="no comparator"):
        asked(base, "placebo", estimand="change")
    with pytest.raises(InputError, match='"contrast" or "change"'):
        asked(base, "placebo", estimand="effect")
    with pytest.raises(UnknownNameError, match="scale assumed"):
        asked(base, include=["scale assume"])
    with pytest.raises(InputError, match="is a control"):
        asked(base, procedure="Sham")
    with pytest.raises(InputError, match="say which procedure"):
        asked(base, procedure=None)
    assert len(asked(base.select(procedure="DH"), procedure=None)) == 1


def test_condition_narrows_the_studies(tmp_path: Path) -> None:
    rows = [contrast(-1, -2, 0), contrast(-2, -3, -1, study_id="two")]
    base = tiny(tmp_path, rows, studies={"two": {"condition": "facet_joint_pain"}})
    assert len(asked(base)) == 2
    assert asked(base, condition="facet_joint_pain").yi.tolist() == [2.0]


@pytest.fixture(scope="module")
def bundled() -> Evidence:
    return load_evidence(BUNDLED)


WEEK = 7 / 30.4375
PUBLISHED = (
    ("SCS", "usual_care", PAIN, "kemler2000", 6, (2.6, 1.1041, 4.0959)),
    ("SCS", "usual_care", PAIN, "kemler2000", 24, (2.1, 0.8918, 3.3082)),
    ("vertebroplasty", "placebo", PAIN, "buchbinder2009", 24, (1.1, -0.3, 2.4)),
    ("vertebroplasty", "placebo", PAIN, "kallmes2009", 12, (1.02, 0.04, 2.01)),
    ("IDET", "active", PAIN, "kapural2005", 12, (3.2219, 1.8852, 4.5587)),
    ("IDET", "placebo", "global_responders", "freeman2005", 6, (0.0, -0.1682, 0.0918)),
    ("condoliase", "placebo", "leg_pain_0_10", "chiba2018", 13 * WEEK, (1.52, 0.62, 2.42)),
)


@pytest.mark.parametrize("known", PUBLISHED, ids=lambda known: f"{known[3]}-{known[4]:.0f}")
def test_numbers_of_published_trials(
    bundled: Evidence, known: tuple[str, str, str, str, float, tuple[float, float, float]]
) -> None:
    procedure, comparator, curve, study, months, numbers = known
    effects = effect_sizes(bundled, procedure=procedure, comparator=comparator, curve=curve)
    (effect,) = (e for e in effects.lineage if e.study_id == study and abs(e.months - months) < CLOSED_FORM)
    assert (effect.yi, effect.ci_low, effect.ci_high) == pytest.approx(numbers, abs=5e-5)


def test_effects_become_arrays_in_order(bundled: Evidence) -> None:
    curve = curve_for(bundled, domain="pain", measure=None)
    line = question(bundled, procedure="SCS", estimand="contrast", comparator="usual_care", curve=curve)
    derived = derive(line, by_study(results_of(bundled)))
    effects = as_effect_sizes(line, derived)
    assert effects.yi.tolist() == [effect.yi for effect in derived.effects]
    assert effects.measure == "MD"


def notes_of(effects: EffectSizes, word: str) -> list[str]:
    return [note for note in only(effects).notes if note.startswith(f"{word}:")]


def test_paired_contrasts_of_a_crossover_trial_speak(tmp_path: Path) -> None:
    studies = {"trial": {"design": "crossover_rct"}}
    base = tiny(
        tmp_path, [contrast(-1.5, -2.5, -0.5, note="paired t test over both periods")], studies=studies
    )
    assert notes_of(asked(base), "CROSSOVER") == ["CROSSOVER: paired"]
    arms = tiny(tmp_path / "arms", means(4, 5, note="paired"), studies=studies)
    assert len(asked(arms)) == 0


def test_a_cluster_trial_is_named(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5)], studies={"trial": {"design": "cluster_rct"}})
    assert len(notes_of(asked(base), "CLUSTER")) == 1


def test_a_control_that_serves_two_procedures_is_named(tmp_path: Path) -> None:
    rows = [*means(4, 5), row(arm="u", value=4.5, sd=2), *means(4, 5, months=6)]
    effects = asked(tiny(tmp_path, rows))
    shared = [[n for n in effect.notes if n.startswith("SHARED_CONTROL")] for effect in effects.lineage]
    assert shared == [["SHARED_CONTROL: s is also compared with u"], []]


def test_odd_rows_are_named_beside_the_effect(tmp_path: Path) -> None:
    base = tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, p_value="0.30")])
    assert notes_of(asked(base), "ODD") == [
        "ODD: line 2: p 0.30 and the interval -2.5 to -0.5 disagree about 0.05"
    ]
    rows = [row("pain_relief_50pct", statistic="percent", arm=arm, value=52, n=10) for arm in ("t", "s")]
    found = asked(tiny(tmp_path / "grim", rows), domain=None, measure="pain_relief_50pct")
    assert [note[:19] for note in notes_of(found, "ODD")] == ["ODD: line 2: no who", "ODD: line 3: no who"]


def test_differences_beyond_three_sds_are_named(tmp_path: Path) -> None:
    assert notes_of(asked(tiny(tmp_path / "sd", means(3, 6, sd="1.01"))), "LARGE_SMD") == []
    assert notes_of(asked(tiny(tmp_path / "se", means(3, 6, sd="0.37"))), "LARGE_SMD") == [
        "LARGE_SMD: 8.1 standard deviations; an SE may have been taken for an SD"
    ]


def test_a_p_value_of_a_rounded_difference_warns(tmp_path: Path) -> None:
    rough = asked(tiny(tmp_path / "rough", [contrast("-0.1", p_value="0.50")]))
    assert notes_of(rough, "ROUNDED") == [
        "ROUNDED: 0.1 may be 0.05 off by rounding, its standard error by 50%"
    ]
    fine = asked(tiny(tmp_path / "fine", [contrast("-1.5", p_value="0.01")]))
    assert notes_of(fine, "ROUNDED") == []


BEFORE = [row(months=0, value=6, sd=2), row(months=0, arm="s", value=7, sd=2)]


def test_the_assumed_correlation_can_be_varied(tmp_path: Path) -> None:
    base = tiny(tmp_path, [*BEFORE, *means(4, 5)])
    usual, other = asked(base), asked(base, r=0.6)
    assert notes_of(usual, "IMPUTED_R") == ["IMPUTED_R: correlation of baseline and follow-up taken as 0.25"]
    assert usual.yi[0] == pytest.approx(1 - 0.25)  # the procedure's arm began one point lower
    assert other.yi[0] == pytest.approx(1 - 0.6)
    assert notes_of(other, "IMPUTED_R")[0].endswith("0.6")
    with pytest.raises(InputError, match=r"r must lie between -1 and 1; found 1\.2"):
        asked(base, r=1.2)


def test_three_sds_give_the_correlation(tmp_path: Path) -> None:
    """SDs 2, 2 and 2 leave a correlation of (4 + 4 - 4) / 8."""
    changes = [row(statistic="change", arm=arm, value=-2, sd=2) for arm in ("t", "s")]
    effects = asked(tiny(tmp_path, [*BEFORE, *means(4, 5), *changes]))
    assert notes_of(effects, "R_COMPUTED") == [
        "R_COMPUTED: correlation 0.5 from the SDs of baseline, follow-up and change"
    ]
    assert effects.yi[0] == pytest.approx(1 - 0.5)
    assert notes_of(asked(tiny(tmp_path / "one", [*BEFORE, *means(4, 5), changes[0]])), "IMPUTED_R")


@pytest.mark.parametrize(
    ("note", "adjusted"),
    [
        ("adjusted for baseline", True),
        ("difference in least-squares means", True),
        ("unadjusted; adjusted odds ratio 4.8", False),
        ("not adjusted for baseline", False),
        ("p adjusted for multiple testing", False),
    ],
)
def test_what_counts_as_adjusted(tmp_path: Path, note: str, adjusted: bool) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, note=note)])))
    assert effect.route == ("adjusted_contrast" if adjusted else "contrast")


def test_groups_of_a_study_without_control_are_not_compared(tmp_path: Path) -> None:
    studies = {"trial": {"design": "retrospective_cohort"}}
    assert len(asked(tiny(tmp_path / "arms", means(4, 5), studies=studies))) == 0
    printed = asked(tiny(tmp_path / "report", [contrast(-1.5, -2.5, -0.5)], studies=studies))
    assert notes_of(printed, "NOT_RANDOMISED") == ["NOT_RANDOMISED: retrospective_cohort"]


def test_an_arm_printed_twice_counts_once(tmp_path: Path) -> None:
    rows = [
        row("pain_relief_50pct", statistic=statistic, arm=arm, value=value)
        for arm, events, share in (("t", 10, 33), ("s", 5, 17))
        for statistic, value in (("percent", share), ("events", events))
    ]
    effect = only(asked(tiny(tmp_path / "share", rows), domain=None, measure="pain_relief_50pct"))
    assert (effect.n_arm, effect.n_versus) == (30, 30)
    assert effect.sei == pytest.approx((10 * 20 / 30**3 + 5 * 25 / 30**3) ** 0.5)
    medians = [row(arm="t", statistic="median", value=3.9, note="IQR 3-5"), *means(4, 5)]
    effect = only(asked(tiny(tmp_path / "median", medians)))
    assert (effect.n_arm, effect.yi) == (30, 1.0)


def test_weeks_and_days_make_one_visit(tmp_path: Path) -> None:
    """One week and seven days differ in the last binary digit of their months."""
    rows = [
        row(months="", arm="t", value=4, sd=2, time=1, unit="weeks"),
        row(months="", arm="s", value=5, sd=2, time=7, unit="days"),
    ]
    assert len(asked(tiny(tmp_path, rows))) == 1


def test_itt_and_no_analysis_named_are_one_population(tmp_path: Path) -> None:
    rows = [row(value=4, sd=2, analysis="itt"), row(arm="s", value=5, sd=2)]
    assert only(asked(tiny(tmp_path, rows))).route == "final_means"


def test_patients_of_a_contrast_are_shared_between_its_arms(tmp_path: Path) -> None:
    effect = only(asked(tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, n=40)])))
    assert (effect.n_arm, effect.n_versus, effect.df) == (20, 20, 38.0)
    assert [note for note in effect.notes if note.startswith("N_")] == [
        "N_SPLIT: 40 analysed, shared between the arms as they were allocated"
    ]


def test_pairs_have_their_own_degrees_of_freedom_and_unpaired_is_not_paired(tmp_path: Path) -> None:
    studies = {"trial": {"design": "crossover_rct"}}
    paired = tiny(
        tmp_path / "paired", [contrast(-1.5, -2.5, -0.5, note="paired t test", n=20)], studies=studies
    )
    assert only(asked(paired)).df == 19.0
    other = tiny(tmp_path / "other", [contrast(-1.5, -2.5, -0.5, note="unpaired t test")], studies=studies)
    assert len(asked(other)) == 0


def test_the_baseline_of_the_same_population_is_taken(tmp_path: Path) -> None:
    completers = [row(months=0, arm=arm, value=9, sd=2, analysis="completers") for arm in ("t", "s")]
    effects = asked(tiny(tmp_path, [*completers, *BEFORE, *means(4, 5)]))
    assert notes_of(effects, "BASELINE_IMBALANCE") == [
        "BASELINE_IMBALANCE: -1 at baseline (-0.5 SD), adjusted for"
    ]
    studies = {"trial": {"design": "prospective_cohort"}}
    rows = [completers[0], row(months=0, value=6, sd=2), row(value=4, sd=2)]
    change = asked(tiny(tmp_path / "change", rows, studies=studies), None, estimand="change")
    assert change.yi[0] == 2


def test_a_doubtful_baseline_adjusts_nothing(tmp_path: Path) -> None:
    doubtful = [one | {"note": "scale assumed"} for one in BEFORE]
    base = tiny(tmp_path, [*doubtful, *means(4, 5)])
    assert only(asked(base)).route == "final_means"
    assert only(asked(base, include=["scale assumed"])).route == "pseudo_ancova"


def test_a_dose_without_spread_does_not_silence_the_other(tmp_path: Path) -> None:
    arms: dict[str, ArmOf] = {"t2": ("heat", "60")}
    rows = [*means(4, 4.5, sd="2.5"), row(arm="t2", value=4.2)]
    effect = only(asked(tiny(tmp_path, rows, arms=arms)))
    assert (effect.arm, effect.yi) == ("t", 0.5)
    assert [note for note in effect.notes if note.startswith("ONE_ARM")] == [
        "ONE_ARM_OF_SEVERAL: t speaks; not t2"
    ]


def test_a_bound_of_p_ranks_last(tmp_path: Path) -> None:
    studies = {"trial": {"design": "prospective_cohort"}}
    rows = [
        row(months=0, value=6, sd=2, n=30),
        row(value=4, sd=2, n=30),
        row(statistic="change", value=-2, n=30, p_value="<0.05"),
    ]
    effect = only(asked(tiny(tmp_path, rows, studies=studies), None, estimand="change"))
    assert effect.route == "before_after"


def test_a_domain_answers_on_its_first_scale_with_effects(tmp_path: Path) -> None:
    rmdq = [row("rmdq_0_24", arm=arm, value=value, sd=5) for arm, value in (("t", 8), ("s", 11))]
    other = [
        row("odi_0_100", study_id="other", arm=arm, value=value, sd=15)
        for arm, value in (("u", 30), ("s", 35))
    ]
    response = [row("disability_response", statistic="events", arm=arm, value=9) for arm in ("t", "s")]
    base = tiny(tmp_path, [*rmdq, *other, *response])
    effects = asked(base, domain="disability")
    assert only(effects).curve == "rmdq_0_24"
    assert effects.notes[0] == "OTHER_CURVE: disability_responders has effects too; ask with curve="
    assert asked(base.select(procedure="heat"), domain="disability").yi.tolist() == effects.yi.tolist()
    nothing = asked(base, "usual_care", domain="disability")
    assert (len(nothing), nothing.measure) == (0, "MD")
