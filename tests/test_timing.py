"""Months and follow-up windows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.timing import (
    MONTHS_PER_UNIT,
    WINDOWS,
    find_window,
    to_months,
    window_labels,
    window_of,
)

UNITS = sorted(MONTHS_PER_UNIT)


@pytest.mark.parametrize(
    ("value", "unit", "months"),
    [
        (365.25, "days", 12),
        (30.4375, "days", 1),
        (12, "weeks", 2.7597536),
        (7, "months", 7),
        (5, "years", 60),
    ],
)
def test_months_of_each_unit(value: float, unit: str, months: float) -> None:
    assert to_months(value, unit) == pytest.approx(months, rel=1e-7)


def test_a_number_gives_a_number_and_an_array_an_array() -> None:
    assert type(to_months(6, "weeks")) is float
    assert np.array_equal(to_months([1, 2], "years"), [12.0, 24.0])
    assert to_months(np.ones((2, 3)), "weeks").shape == (2, 3)


def test_a_missing_time_in_an_array_stays_missing() -> None:
    assert np.isnan(to_months([1.0, np.nan], "years")).tolist() == [False, True]


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), [1, -2], [1, float("inf")], "six", None])
def test_a_time_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="must be a number of months"):
        to_months(value, "months")


def test_an_unknown_unit_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InputError, match='did you mean "weeks"'):
        to_months(6, "week")
    with pytest.raises(InputError, match="known: days, weeks, months, years"):
        to_months(6, "fortnights")


def test_units_and_windows_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MONTHS_PER_UNIT["days"] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        WINDOWS[0].high = 1.0


def test_windows_adjoin_and_hold_their_nominal_time() -> None:
    assert [w.label for w in WINDOWS] == ["<=2wk", "1mo", "3mo", "6mo", "12mo", "24mo", "60mo", "120mo"]
    assert [w.low for w in WINDOWS[1:]] == [w.high for w in WINDOWS[:-1]]
    assert WINDOWS[0].low == 0
    assert WINDOWS[-1].high == 180
    for window in WINDOWS:
        assert window_of(window.nominal) == window


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.label)
@pytest.mark.parametrize("unit", UNITS)
def test_the_upper_limit_belongs_to_the_window_in_every_unit(window: object, unit: str) -> None:
    at_limit = to_months(window.high / MONTHS_PER_UNIT[unit], unit)
    assert window_of(at_limit) == window
    assert window_of(np.nextafter(at_limit, np.inf)) == window
    assert window_of(at_limit * 1.001) != window


@pytest.mark.parametrize("months", [0, -1, 180.01, 1e9, float("inf"), float("nan")])
def test_times_without_a_window(months: float) -> None:
    assert window_of(months) is None
    assert window_labels([months]).tolist() == [""]


@given(st.lists(st.floats(-10, 400), max_size=30))
def test_labels_are_those_of_each_time_alone(months: list[float]) -> None:
    alone = [window_of(month) for month in months]
    assert window_labels(months).tolist() == [window.label if window else "" for window in alone]


@given(st.floats(1e-6, 180))
def test_a_window_holds_its_times(months: float) -> None:
    window = window_of(months)
    assert window.low * (1 - 1e-8) <= months <= window.high * (1 + 1e-8)


def test_finding_a_window() -> None:
    assert find_window("<=2wk").nominal == 0.25
    with pytest.raises(InputError, match='did you mean "12mo"'):
        find_window("12 mo")
