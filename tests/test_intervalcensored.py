"""Interval-censored times: a worked example, the conditions of the optimum, identities, refused input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.longitudinal.intervalcensored import TurnbullEstimate, turnbull

INF = math.inf
SLACK = 1e-12  # of the slopes at the optimum, per row
SAME = 1e-10  # masses of the same optimum, reached on another way

Rows = list[tuple[float, float]]


@st.composite
def intervals(draw: st.DrawFn) -> Rows:
    """Return rows of every kind, with many ties: exact, between two visits, right-censored."""
    visit = st.integers(0, draw(st.integers(1, 30)))
    width = st.one_of(st.just(0), st.integers(1, 12), st.just(INF))
    rows = draw(st.lists(st.tuples(visit, width), min_size=1, max_size=40))
    return [(float(left), float(left + wide)) for left, wide in rows]


def of(rows: Sequence[tuple[float, float]]) -> TurnbullEstimate:
    return turnbull(left=[left for left, _ in rows], right=[right for _, right in rows])


def inside(rows: Rows, found: TurnbullEstimate) -> np.ndarray:
    """Return which innermost interval lies inside which row, by the definition of (left, right]."""
    table = np.zeros((len(rows), found.mass.size))
    for i, (left, right) in enumerate(rows):
        for j, (begin, end) in enumerate(zip(found.left, found.right, strict=True)):
            if left == right:
                table[i, j] = begin == end == left
            elif begin == end:
                table[i, j] = left < begin <= right
            else:
                table[i, j] = left <= begin and end <= right
    return table


@given(intervals())
def test_the_optimum_keeps_the_conditions_of_kuhn_and_tucker(rows: Rows) -> None:
    found = of(rows)
    table = inside(rows, found)
    slope = (1 / (table @ found.mass)) @ table / len(rows) - 1
    assert np.all(found.mass >= 0)
    assert found.mass.sum() == pytest.approx(1, abs=1e-14)
    assert np.all(slope <= SLACK)
    assert np.all(np.abs(slope[found.mass > 0]) <= SLACK)
    assert found.slack <= SLACK
    assert found.loglik == pytest.approx(float(np.log(table @ found.mass).sum()), abs=1e-10)


@given(intervals())
def test_innermost_intervals_are_apart_in_order_and_inside_a_row(rows: Rows) -> None:
    found = of(rows)
    assert np.all(found.left <= found.right)
    assert np.all(found.right[:-1] <= found.left[1:])
    assert set(found.left) <= {left for left, _ in rows}
    assert set(found.right) <= {right for _, right in rows}
    assert np.all(inside(rows, found).sum(axis=1) >= 1)
    assert np.array_equal(inside(rows, found).sum(axis=1), found.last - found.first)


@given(intervals(), st.integers(0, 2**32 - 1))
def test_no_other_masses_are_more_likely(rows: Rows, seed: int) -> None:
    found = of(rows)
    table = inside(rows, found)
    other = np.random.default_rng(seed).dirichlet(np.ones(found.mass.size), size=20)
    near = 0.99 * found.mass + 0.01 * other
    for masses in (other, near):
        with np.errstate(divide="ignore"):
            assert np.all(np.log(masses @ table.T).sum(axis=1) <= found.loglik + 1e-10)


@given(intervals(), st.sampled_from([0.25, 3.0, 30.4375]))
def test_another_unit_changes_the_times_only(rows: Rows, unit: float) -> None:
    found, scaled = of(rows), of([(unit * left, unit * right) for left, right in rows])
    assert scaled.left == pytest.approx(unit * found.left)
    assert scaled.right == pytest.approx(unit * found.right)
    assert np.array_equal(scaled.mass, found.mass)
    assert scaled.loglik == found.loglik


@given(intervals(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_of_no_account(rows: Rows, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert np.array_equal(of(shuffled).mass, of(rows).mass)


@given(intervals())
def test_every_row_twice_gives_the_same(rows: Rows) -> None:
    once, twice = of(rows), of(rows + rows)
    assert twice.mass == pytest.approx(once.mass, abs=SAME)
    assert twice.loglik == pytest.approx(2 * once.loglik, abs=1e-9)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_intervals_that_do_not_overlap_give_their_shares(visits: list[int]) -> None:
    found = of([(float(visit), visit + 1.0) for visit in visits])
    values, counts = np.unique(visits, return_counts=True)
    assert np.array_equal(found.left, values)
    assert found.mass == pytest.approx(counts / len(visits), abs=1e-14)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30))
def test_exact_and_right_censored_times_give_kaplan_and_meier(patients: list[tuple[int, bool]]) -> None:
    found = of([(float(time), float(time) if event else INF) for time, event in patients])
    survival = 1.0
    for time in range(13):
        at_risk = sum(other >= time for other, _ in patients)
        events = sum(other == time and event for other, event in patients)
        survival *= 1 - events / at_risk if at_risk else 1
        if at_risk:
            assert found.survival(time)[1] == pytest.approx(survival, abs=SAME)


@given(intervals(), st.lists(st.floats(0, 50), min_size=1, max_size=10))
def test_bounds_of_survival_fall_and_hold_the_definition(rows: Rows, times: list[float]) -> None:
    found = of(rows)
    lower, upper = found.survival(sorted(times))
    assert np.all(lower <= upper)
    assert np.all(np.diff(lower) <= 0)
    assert np.all(np.diff(upper) <= 0)
    for at, low, high in zip(sorted(times), lower, upper, strict=True):
        surely = np.where(found.exact, found.left > at, found.left >= at)
        assert low == pytest.approx(found.mass[surely].sum(), abs=1e-13)
        assert high == pytest.approx(found.mass[found.right > at].sum(), abs=1e-13)


def test_a_worked_example() -> None:
    """Two of three came in (0, 2] or (1, 3], overlapping in (1, 2]; the third after 3.

    Innermost are (1, 2] and (3, inf); masses 2/3 and 1/3, log-likelihood log(4/27).
    """
    found = of([(0, 2), (1, 3), (3, INF)])
    assert found.left.tolist() == [1, 3]
    assert found.right.tolist() == [2, INF]
    assert found.mass == pytest.approx([2 / 3, 1 / 3], abs=1e-15)
    assert found.loglik == pytest.approx(math.log(4 / 27), abs=1e-14)
    assert found.median == (1, 2)
    lower, upper = found.survival([0, 1, 1.5, 2, 3, 4])
    assert lower == pytest.approx([1, 1, 1 / 3, 1 / 3, 1 / 3, 0], abs=1e-15)
    assert upper == pytest.approx([1, 1, 1, 1 / 3, 1 / 3, 1 / 3], abs=1e-15)
    assert found.notes == (
        "how the probability is spread inside an interval is not known",
        "no row tells when the last 33.3 % come: after 3, if ever",
    )
    assert found.to_frame()["survival_after"].tolist() == pytest.approx([1 / 3, 0], abs=1e-15)
    assert "after 3" in found._repr_html_()


def test_a_mass_of_0_is_kept() -> None:
    """Innermost are (0, 1], (2, 3] and (4, 5]; at masses 1/2, 0, 1/2 the slopes per row are 1, 4/6, 1."""
    found = of([(0, 1), (0, 1), (0, 3), (2, 5), (4, 5), (4, 5)])
    assert found.left.tolist() == [0, 2, 4]
    assert found.mass == pytest.approx([0.5, 0, 0.5], abs=1e-15)
    assert found.mass[1] == 0


def test_the_end_of_an_interval_belongs_to_it_and_its_beginning_does_not() -> None:
    ends = of([(3, 6), (6, 6)])
    assert (ends.left.tolist(), ends.right.tolist(), ends.exact.tolist()) == ([6], [6], [True])
    begins = of([(6, 9), (6, 6)])
    assert begins.left.tolist() == [6, 6]
    assert begins.right.tolist() == [6, 9]
    assert begins.exact.tolist() == [True, False]
    assert begins.mass == pytest.approx([0.5, 0.5], abs=1e-15)
    assert begins.median == (6, 6)
    assert [float(bound) for bound in begins.survival(6)] == pytest.approx([0.5, 0.5], abs=1e-15)


def test_nothing_but_right_censored_rows_bounds_nothing() -> None:
    found = of([(3, INF), (12, INF)])
    assert found.left.tolist() == [12]
    assert found.median == (12, INF)
    assert found.loglik == 0
    assert repr(found) == "<TurnbullEstimate: 2 rows, 1 innermost interval, median after 12>"
    assert found.notes == ("no row tells when the last 100 % come: after 12, if ever",)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_many_different_intervals_reach_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = rng.exponential(10, 300)
    found = turnbull(
        left=np.maximum(times - rng.exponential(3, 300), 0), right=times + rng.exponential(3, 300)
    )
    assert np.any(found.mass == 0)
    assert found.slack <= SLACK


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ([], [], "at least one row is needed; found none"),
        ([3, 6], [6, 3], "left must be at most right; found 6 at position 1"),
        ([-1], [3], "left must be 0 or more; found -1"),
        ([math.nan], [3], "left must be finite; found nan"),
        ([3], [math.nan], "right must be a number; found nan"),
        ([INF], [INF], "left must be finite; found inf"),
        ([1, 2, 3], [4, 5], "arrays of one length are needed"),
        ([[1, 2]], [[4, 5]], "left must have one dimension"),
        (["soon"], [5], "left must be a number or an array of numbers"),
    ],
)
def test_limits_that_are_no_interval_are_refused(left: list, right: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        turnbull(left=left, right=right)


@pytest.mark.parametrize(("times", "message"), [([-1], "times must be 0 or more"), (INF, "must be finite")])
def test_times_that_are_none_are_refused(times: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        of([(0, 3)]).survival(times)
