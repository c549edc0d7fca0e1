"""Correlations: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.formulas import correlations

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation


@given(st.floats(0.1, 200), st.floats(0.1, 200), st.floats(0, 1))
def test_correlation_over_time(first: float, second: float, rho: float) -> None:
    there = correlations.doubling_correlation(months_j=first, months_l=second, rho=rho)
    back = correlations.doubling_correlation(months_j=second, months_l=first, rho=rho)
    assert float(there) == pytest.approx(float(back), rel=1e-9, abs=1e-300)
    assert 0 <= there <= 1
    assert float(
        correlations.doubling_correlation(months_j=first, months_l=2 * first, rho=rho)
    ) == pytest.approx(rho)


def test_correlation_of_visits_that_everybody_attended() -> None:
    assert float(correlations.overlap_correlation(r=0.7, n_j=50, n_l=50, n_both=50)) == pytest.approx(0.7)
    assert float(correlations.overlap_correlation(r=0.7, n_j=50, n_l=50, n_both=0)) == 0.0


def test_change_scores_share_their_baseline() -> None:
    # with uncorrelated scores of equal spread, half of the variance of each change is the shared baseline
    assert float(correlations.change_score_correlation(r_jl=0, r_base_j=0, r_base_l=0)) == 0.5
    assert float(correlations.change_score_correlation(r_jl=1, r_base_j=0.3, r_base_l=0.3)) == pytest.approx(
        1
    )


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (correlations.change_score_correlation, {"r_jl": 0, "r_base_j": 1, "r_base_l": 0}, "must be below 1"),
        (
            correlations.change_score_correlation,
            {"r_jl": -0.9, "r_base_j": 0.9, "r_base_l": 0.9},
            "possible together",
        ),
        (correlations.overlap_correlation, {"r": 0.5, "n_j": 10, "n_l": 5, "n_both": 6}, "n_both must lie"),
        (
            correlations.overlap_correlation,
            {"r": 0.5, "n_j": 0, "n_l": 5, "n_both": 0},
            "n_j must be 1 or more",
        ),
        (correlations.doubling_correlation, {"months_j": 0, "months_l": 1}, "months_j must be above 0"),
        (correlations.doubling_correlation, {"months_j": 1, "months_l": 1, "rho": 1.5}, "rho must lie"),
        (
            correlations.shared_control_covariance,
            {"sd_control": 1, "n_control": 1},
            "n_control must be 2 or more",
        ),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)


def test_correlation_as_in_borenstein() -> None:
    # Borenstein 2009, chapter 6: r = 0.50 of 100: variance 0.0057; z = 0.5493 with variance 0.0103
    plain = correlations.correlation_of_one_group(r=0.5, n=100, scale="r")
    assert plain.vi[0] == pytest.approx(0.0057, abs=5e-5)
    assert plain.measure == "COR"
    by_z = correlations.correlation_of_one_group(r=0.5, n=100)
    assert by_z.yi[0] == pytest.approx(0.5493, abs=5e-5)
    assert by_z.vi[0] == pytest.approx(0.0103, abs=5e-5)
    assert by_z.measure == "ZCOR"


@given(st.floats(-0.99, 0.99), st.integers(4, 500))
def test_the_sign_of_a_correlation_leaves_its_variance(r: float, n: int) -> None:
    for scale in ("r", "z"):
        there = correlations.correlation_of_one_group(r=r, n=n, scale=scale)
        back = correlations.correlation_of_one_group(r=-r, n=n, scale=scale)
        assert back.yi[0] == -there.yi[0]
        assert back.vi[0] == there.vi[0] > 0


def test_a_perfect_correlation_keeps_its_place() -> None:
    by_z = correlations.correlation_of_one_group(r=[0.2, 1.0], n=20)
    assert by_z.defined.tolist() == [True, False]
    assert by_z.notes == ("1 of 2 correlations are -1 or 1 and cannot be pooled: position 1.",)
    assert correlations.correlation_of_one_group(r=[0.2, -1.0], n=20, scale="r").vi[1] == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlations.correlation_of_one_group(r=0.5, n=3), "n must be 4 or more"),
        (lambda: correlations.correlation_of_one_group(r=50, n=30), "r must lie from -1 to 1"),
        (lambda: correlations.correlation_of_one_group(r=0.5, n=30, scale="Z"), 'no scale is called "Z"'),
    ],
)
def test_bad_correlations_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
