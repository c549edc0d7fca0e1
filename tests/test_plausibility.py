"""What is odd but possible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.plausibility import at_odds_with_arms, no_count_gives


def odd(share: str, n: float, unit: float = 100.0) -> bool:
    decimals = float(len(share.partition(".")[2]))
    return bool(
        no_count_gives(
            share=np.array([float(share)]), n=np.array([n]), decimals=np.array([decimals]), unit=unit
        )[0]
    )


@pytest.mark.parametrize(
    ("share", "n", "expected"),
    [
        ("50", 3, True),
        ("33", 3, False),
        ("33.3", 3, False),
        ("33.4", 3, True),
        ("12.5", 8, False),
        ("12", 8, False),
        ("13", 8, False),
        ("0", 7, False),
        ("100", 7, False),
        ("0.5", 200, False),
        ("0.5", 199, False),
        ("0.50", 199, False),
        ("0.51", 199, True),
    ],
)
def test_percentages(share: str, n: float, expected: bool) -> None:
    assert odd(share, n) is expected


@pytest.mark.parametrize(
    ("mean", "n", "expected"), [("3.45", 20, False), ("3.47", 20, True), ("5.19", 28, True)]
)
def test_means_of_whole_scores(mean: str, n: float, expected: bool) -> None:
    """5.19 from 28 whole numbers is the worked example of Brown and Heathers (2017)."""
    assert odd(mean, n, unit=1.0) is expected


@given(st.integers(1, 400), st.data(), st.integers(0, 3))
def test_a_percentage_of_a_whole_number_is_never_odd(n: int, data: st.DataObject, decimals: int) -> None:
    events = data.draw(st.integers(0, n))
    assert not odd(f"{100 * events / n:.{decimals}f}", n)


def test_nothing_is_said_without_n() -> None:
    assert not odd("50", np.nan)


def test_rounding_half_up_and_half_to_even_are_both_taken() -> None:
    assert not odd("62", 8)
    assert not odd("63", 8)


def test_differences() -> None:
    found = at_odds_with_arms(
        printed=np.array([2.0, 2.0, 2.0, 2.0, 2.0]),
        from_arms=np.array([2.4, 2.6, 4.0, np.nan, 9.0]),
        half_width=np.array([0.5, 0.5, np.nan, 0.5, np.nan]),
        scale=np.array([10.0, 10.0, 10.0, 10.0, np.nan]),
    )
    assert found.tolist() == [False, True, True, False, False]
