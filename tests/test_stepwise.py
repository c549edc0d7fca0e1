"""States of intervals, and the two runs that bound the duration of one series."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.stepwise import (
    CODES,
    STATES,
    StepwiseDuration,
    benefit_state,
    gap_around_loss,
    stepwise_duration,
)

NORMAL = 1.959963984540054
FLOATS = st.floats(-10, 10)
TIMES = (1.0, 3.0, 6.0, 12.0, 24.0)


def series(
    estimate: list[float],
    se: float | list[float] = 0.4,
    months: tuple[float, ...] = TIMES,
    delta: float = 1.0,
) -> StepwiseDuration:
    d, half = np.array(estimate), NORMAL * np.broadcast_to(se, len(estimate))
    return stepwise_duration(
        months=months[: len(estimate)], estimate=d, ci_low=d - half, ci_high=d + half, delta=delta
    )


@given(FLOATS, FLOATS, st.floats(0.01, 10))
def test_exactly_one_state_fits_an_interval(one: float, two: float, delta: float) -> None:
    low, high = min(one, two), max(one, two)
    rules = {
        "harm": high < 0,
        "important_benefit": low >= delta,
        "benefit": 0 < low < delta <= high,
        "small_benefit": low > 0 and high < delta,
        "no_important_benefit": low <= 0 <= high < delta,
        "inconclusive": low <= 0 and high >= delta,
    }
    assert [state for state, fits in rules.items() if fits] == [
        benefit_state(ci_low=low, ci_high=high, delta=delta)
    ]


def test_states_of_many_intervals() -> None:
    assert benefit_state(ci_low=np.array([0.1, -1.0]), ci_high=[0.5, -0.2], delta=1.0) == (
        "small_benefit",
        "harm",
    )
    assert benefit_state(ci_low=[], ci_high=[], delta=1.0) == ()
    assert benefit_state(ci_low=-np.inf, ci_high=np.inf, delta=1.0) == "inconclusive"
    assert set(STATES) == {
        "harm",
        "important_benefit",
        "benefit",
        "small_benefit",
        "no_important_benefit",
        "inconclusive",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ci_low": 1, "ci_high": 0, "delta": 1}, "ci_low must not exceed ci_high"),
        ({"ci_low": 0, "ci_high": 1, "delta": 0}, "delta must be above 0"),
        ({"ci_low": 0, "ci_high": 1, "delta": -1}, "delta must be above 0"),
        ({"ci_low": 0, "ci_high": 1, "delta": float("nan")}, "delta must be above 0"),
        ({"ci_low": float("nan"), "ci_high": 1, "delta": 1}, "ci_low must be numbers"),
        ({"ci_low": [0, 0], "ci_high": [1], "delta": 1}, "limits must pair up"),
        ({"ci_low": "a", "ci_high": 1, "delta": 1}, "ci_low must be a number"),
    ],
)
def test_bad_intervals_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        benefit_state(**arguments)


@pytest.mark.parametrize(
    ("estimate", "se", "code"),
    [
        ([1.9, 1.8, 1.6, 0.1], 0.4, "interval"),
        ([1.9, 1.9, 1.9], 0.4, "right_censored_at_horizon"),
        ([1.9, 1.9, 0.7], 0.4, "unresolved_after"),
        ([0.1, 0.1, 0.0], 0.4, "none_from_first"),
        ([0.6, 0.1, 0.0], 0.4, "excluded_late_only"),
        ([0.5, 0.5, 0.1], 0.15, "small_benefit"),
        ([0.0, 1.9, 1.9], 0.4, "delayed_or_intermittent"),
        ([0.5, 0.5, 0.5], 0.4, "indeterminate"),
    ],
)
def test_every_code_can_occur(estimate: list[float], se: float, code: str) -> None:
    assert series(estimate, se).code == code
    assert code in CODES


def test_shown_at_the_adjusted_level_comes_before_excluded_late() -> None:
    late = series([0.0, 1.9, 0.0])
    assert late.important_excluded_from == 6.0
    assert late.code == "delayed_or_intermittent"


def test_visits_may_be_given_in_any_order() -> None:
    sorted_run = series([1.9, 1.8, 1.6, 0.1])
    order = [2, 0, 3, 1]
    mixed = stepwise_duration(
        months=[sorted_run.months[i] for i in order],
        estimate=[sorted_run.estimate[i] for i in order],
        ci_low=[sorted_run.ci_low[i] for i in order],
        ci_high=[sorted_run.ci_high[i] for i in order],
        df=[np.inf] * 4,
        delta=1.0,
    )
    assert mixed == sorted_run


@given(
    st.lists(st.tuples(FLOATS, st.floats(0.05, 3), st.integers(3, 80)), min_size=1, max_size=5), st.randoms()
)
def test_order_does_not_matter(rows: list[tuple[float, float, int]], random: object) -> None:
    visits = [(month, d, d - half, d + half, df) for month, (d, half, df) in zip(TIMES, rows, strict=False)]

    def run(entries: list[tuple[float, ...]]) -> StepwiseDuration:
        months, estimate, low, high, df = zip(*entries, strict=True)
        return stepwise_duration(months=months, estimate=estimate, ci_low=low, ci_high=high, df=df, delta=1.0)

    shuffled = list(visits)
    random.shuffle(shuffled)
    assert run(shuffled) == run(visits)


@given(st.lists(FLOATS, min_size=1, max_size=5), st.floats(0.05, 3), st.floats(0.1, 1))
def test_more_precision_never_shortens_what_is_shown(d: list[float], se: float, factor: float) -> None:
    wide, narrow = series(d, se), series(d, se * factor)
    for name in ("shown_until", "important_shown_until"):
        before, after = getattr(wide, name), getattr(narrow, name)
        assert before is None or (after is not None and after >= before)
    if wide.important_excluded_from is not None and not wide.left_out:
        assert narrow.important_excluded_from is not None
        assert narrow.important_excluded_from <= wide.important_excluded_from


@given(st.lists(FLOATS, min_size=1, max_size=5), st.floats(0.05, 3), st.floats(0.1, 10))
def test_the_unit_of_the_effect_does_not_matter(d: list[float], se: float, factor: float) -> None:
    limits = np.array([[x - NORMAL * se, x + NORMAL * se] for x in d])
    half_ratio = NORMAL * se
    assume(np.abs(limits).min() > 1e-6)
    assume(np.abs(limits - 1).min() > 1e-6)
    assume(np.abs(np.array(d) - 1).min() > 1e-6)
    assume(abs(half_ratio - 1) > 1e-6)
    one, other = series(d, se), series([factor * x for x in d], se * factor, delta=factor)
    for name in ("states", "shown_until", "important_shown_until", "important_excluded_from", "code"):
        assert getattr(one, name) == getattr(other, name)


@given(st.lists(st.tuples(FLOATS, st.floats(0.05, 3)), min_size=1, max_size=5))
def test_bounds_agree_with_the_states(rows: list[tuple[float, float]]) -> None:
    result = series([d for d, _ in rows], [se for _, se in rows])
    state = dict(zip(result.months, result.states, strict=True))
    if result.shown_until is not None:
        run = [s for month, s in state.items() if result.anchor <= month <= result.shown_until]
        assert set(run) <= {"important_benefit", "benefit", "small_benefit"}
        assert result.shown_at_adjusted == ()
    if result.important_excluded_from is not None:
        run = [
            s
            for month, s in state.items()
            if month >= result.important_excluded_from and month not in result.left_out
        ]
        assert set(run) <= {"small_benefit", "no_important_benefit", "harm"}
    assert result.last_adequate not in result.left_out
    assert result.horizon == result.months[-1]


def test_the_anchor_is_the_first_visit_after_two_weeks() -> None:
    months = (0.1, 0.5, 1.0, 3.0)
    assert series([0.0, 0.0, 1.9, 1.9], months=months).anchor == 1.0
    early = series([1.9, 1.9], months=months)
    assert early.anchor == 0.1
    assert early.shown_until == 0.5
    assert [note.split(":")[0] for note in early.notes] == ["PRE_ANCHOR_ONLY"]


def test_visits_before_the_anchor_count_for_the_backward_run_and_the_adjusted_level() -> None:
    assert series([0.0, 0.0, 0.0], months=(0.1, 1.0, 3.0)).important_excluded_from == 0.1
    early = series([1.9, 0.0, 0.0], months=(0.1, 1.0, 3.0))
    assert early.shown_at_adjusted == (0.1,)


def test_too_imprecise_visits_are_left_out_by_width_alone() -> None:
    result = series([0.1, 0.1, 0.1], [0.4, 0.4, 0.9])
    assert result.left_out == (6.0,)
    assert result.important_excluded_from == 1.0
    assert result.last_adequate == 3.0
    assert result.horizon == 6.0
    assert series([5.0, 0.1, -5.0], [0.4, 0.4, 0.9]).left_out == (6.0,)


def test_the_bonferroni_step_stretches_each_side_by_itself() -> None:
    # two visits: 2.2414 / 1.9600 = 1.1436 times as far; the limit 0.125 below 1 is reached at 0.87447
    inside = stepwise_duration(months=[1, 3], estimate=[0, 1], ci_low=[-1, 0.13], ci_high=[1, 5], delta=1.0)
    outside = stepwise_duration(months=[1, 3], estimate=[0, 1], ci_low=[-1, 0.12], ci_high=[1, 5], delta=1.0)
    assert inside.shown_at_adjusted == (3.0,)
    assert outside.shown_at_adjusted == ()
    few = stepwise_duration(
        months=[1, 3], estimate=[0, 1], ci_low=[-1, 0.13], ci_high=[1, 5], delta=1.0, df=3
    )
    assert few.shown_at_adjusted == ()


def test_crossing_of_the_point_estimates_is_linear_in_log_time() -> None:
    result = series([1.5, 0.5], months=(2.0, 8.0))
    assert result.point_crossing == pytest.approx(4.0)
    assert result.point_crossing_kind == "crosses"
    assert series([0.5, 0.5]).point_crossing_kind == "below_throughout"
    above = series([0.5, 1.5])
    assert (above.point_crossing, above.point_crossing_kind) == (None, "above_at_last")
    last = series([1.5, 0.5, 1.5, 0.5], months=(1.0, 3.0, 6.0, 24.0))
    assert last.point_crossing == pytest.approx(12.0)


def test_caveats() -> None:
    wide = series([1.9, 1.9, 0.0], months=(1.0, 3.0, 24.0))
    assert [note.split(":")[0] for note in wide.notes] == ["GAP"]
    assert "3 months and 24 months" in wide.notes[0]
    assert series([1.9, 1.9, 0.0], months=(1.0, 3.0, 12.0)).notes == ()
    assert [note.split(":")[0] for note in series([1.9]).notes] == ["SINGLE_WINDOW"]


def test_a_left_out_visit_does_not_fill_a_gap() -> None:
    result = series([1.9, 1.0, 0.0], [0.4, 0.9, 0.4], months=(3.0, 6.0, 24.0))
    assert result.left_out == (6.0,)
    assert [note.split(":")[0] for note in result.notes] == ["GAP"]


def test_gap_without_a_loss() -> None:
    assert gap_around_loss(months=[1, 24], shown_until=None, excluded_from=24) is None
    assert gap_around_loss(months=[1, 24], shown_until=24, excluded_from=1) is None
    assert gap_around_loss(months=[1, 4], shown_until=1, excluded_from=4) is None
    assert gap_around_loss(months=[1, 5], shown_until=1, excluded_from=5) == (1.0, 5.0)


ONE_VISIT = {"months": [1], "estimate": [0.5], "ci_low": [0], "ci_high": [1], "delta": 1.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"months": []}, "one or more visits are needed"),
        ({"months": [0]}, "months must be above 0"),
        ({"months": [-3]}, "months must be above 0"),
        ({"months": [np.inf]}, "months must be above 0 and finite"),
        ({"months": [np.nan]}, "months must be numbers"),
        (
            {"months": [1, 1], "estimate": [0, 0], "ci_low": [0, 0], "ci_high": [1, 1]},
            "1 months is given twice",
        ),
        ({"estimate": [1, 2]}, "one number per visit"),
        ({"ci_low": [2]}, "each interval must hold its estimate"),
        ({"ci_high": [0.4]}, "each interval must hold its estimate"),
        ({"ci_high": [np.inf]}, "ci_high must be finite"),
        ({"estimate": ["much"]}, "estimate must be a number"),
        ({"delta": 0}, "delta must be above 0"),
        ({"df": [0]}, "df must be above 0"),
        ({"df": [5, 5]}, "df must be one number"),
        ({"level": 95}, "level must lie between 0 and 1"),
    ],
)
def test_bad_series_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stepwise_duration(**{**ONE_VISIT, **change})


def test_shown_rounded_and_given_unrounded() -> None:
    result = series([4 / 3, 0.1])
    assert repr(result) == (
        "<StepwiseDuration: interval, shown until 1 month, important benefit (1) excluded from 3 months, "
        "last follow-up 3 months>"
    )
    html = result._repr_html_()
    assert "<caption>" in html
    assert "1.33 (0.55 to 2.12)" in html
    assert '<th scope="col">Effect (95 % interval)</th>' in html
    frame = result.to_frame()
    assert frame.loc[0, "estimate"] == 4 / 3
    assert frame["state"].tolist() == ["benefit", "no_important_benefit"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.delta = 2.0


DESIGN_ERROR = 0.025  # of each run
REPLICATES = 3000
MONTE_CARLO = 3 * np.sqrt(DESIGN_ERROR * (1 - DESIGN_ERROR) / REPLICATES)  # three standard errors


def _simulated(truth: list[float], seed: int) -> list[StepwiseDuration]:
    rng = np.random.default_rng(seed)
    logs = np.log2(np.array(TIMES[: len(truth)]))
    correlation = 0.7 ** np.abs(logs[:, None] - logs[None, :])
    draws = rng.multivariate_normal(truth, 0.4**2 * correlation, size=REPLICATES)
    return [series(draw.tolist()) for draw in draws]


def test_an_important_benefit_is_seldom_excluded_where_it_is_present() -> None:
    runs = _simulated([1.0] * 4, seed=1)
    wrong = np.mean([run.important_excluded_from is not None for run in runs])
    assert wrong <= DESIGN_ERROR + MONTE_CARLO
    assert wrong >= DESIGN_ERROR - MONTE_CARLO


def test_benefit_is_seldom_shown_where_there_is_none() -> None:
    runs = _simulated([0.0] * 4, seed=2)
    assert np.mean([run.shown_until is not None for run in runs]) <= DESIGN_ERROR + MONTE_CARLO
    assert np.mean([bool(run.shown_at_adjusted) for run in runs]) <= DESIGN_ERROR + MONTE_CARLO


def test_the_interval_holds_the_true_duration() -> None:
    runs = _simulated([2.0, 1.2, 0.6, 0.2], seed=3)  # an important benefit until between 3 and 6 months
    late = [run.important_shown_until is not None and run.important_shown_until >= 6 for run in runs]
    early = [run.important_excluded_from is not None and run.important_excluded_from <= 3 for run in runs]
    assert np.mean(np.logical_or(late, early)) <= 2 * DESIGN_ERROR
