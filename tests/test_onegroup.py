"""Levels of one group: values from the Cochrane Handbook, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spineevidence.errors import InputError
from spineevidence.formulas import meanratios, means, onegroup

SDS = st.floats(0.1, 50)
SIZES = st.integers(3, 500)


# Cochrane Handbook, section 6.5.2.2: the interval 30.0 to 34.2 of 25 patients comes from SD 5.09
def test_the_published_example_of_a_mean() -> None:
    effect = onegroup.mean_of_one_group(m=32.1, sd=5.09, n=25)
    assert (effect.ci_low[0], effect.ci_high[0]) == pytest.approx((30.0, 34.2), abs=0.051)
    assert effect.df[0] == 24
    assert (effect.measure, effect.estimand) == ("MN", "")


@given(st.floats(-100, 100), SDS, SIZES, st.floats(0.1, 10))
def test_a_change_of_units_changes_what_it_must(m: float, sd: float, n: int, unit: float) -> None:
    mean, other = (onegroup.mean_of_one_group(m=u * m, sd=u * sd, n=n) for u in (1.0, unit))
    assert other.yi == pytest.approx(unit * mean.yi)
    assert other.vi == pytest.approx(unit**2 * mean.vi)
    standard, again = (onegroup.standardised_mean(m=u * m, sd=u * sd, n=n) for u in (1.0, unit))
    assert again.yi == pytest.approx(standard.yi)
    assert again.vi == pytest.approx(standard.vi)
    log, shifted = (onegroup.log_sd(sd=u * sd, n=n) for u in (1.0, unit))
    assert shifted.yi == pytest.approx(log.yi + np.log(unit), abs=1e-12)
    assert shifted.vi.tolist() == log.vi.tolist()


@given(SDS, SIZES, SDS, SIZES)
def test_the_variability_ratio_is_the_difference_of_two_log_sds(
    sd1: float, n1: int, sd2: float, n2: int
) -> None:
    one, two = onegroup.log_sd(sd=sd1, n=n1), onegroup.log_sd(sd=sd2, n=n2)
    ratio = meanratios.variability_ratio(sd1=sd1, n1=n1, sd2=sd2, n2=n2)
    assert ratio.yi == pytest.approx(one.yi - two.yi, abs=1e-12)
    assert ratio.vi == pytest.approx(one.vi + two.vi)


def test_the_log_sd_is_right_on_average() -> None:
    # (n-1) sd^2 is chi-squared: the mean and variance of log(sd) are those of half a log-gamma variable
    n = 40
    centre, spread = stats.loggamma.stats((n - 1) / 2, moments="mv")
    effect = onegroup.log_sd(sd=1.0, n=n)
    correction = effect.yi[0]
    assert (centre - np.log((n - 1) / 2)) / 2 + correction == pytest.approx(0.0, abs=3e-4)
    assert effect.vi[0] == pytest.approx(spread / 4, rel=0.03)


def test_the_standardised_mean_has_the_factor_of_one_group() -> None:
    plain = onegroup.standardised_mean(m=1.8, sd=2.4, n=32, correct=False)
    corrected = onegroup.standardised_mean(m=1.8, sd=2.4, n=32)
    assert plain.yi[0] == pytest.approx(0.75)
    assert corrected.yi[0] == pytest.approx(0.75 * float(means.factor_from_df(df=31)))
    centre, _ = stats.nct.stats(31, 0.75 * np.sqrt(32), moments="mv")
    unbiased = onegroup.standardised_mean(m=centre / np.sqrt(32), sd=1.0, n=32)
    assert unbiased.yi[0] == pytest.approx(0.75)


def test_two_patients_give_no_corrected_estimate() -> None:
    effect = onegroup.standardised_mean(m=[1, 1], sd=1, n=[2, 3])
    assert np.isnan(effect.yi).tolist() == [True, False]
    assert effect.notes == ("1 of 2 rows gives no estimate (fewer than 3 patients): position 0.",)


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (onegroup.mean_of_one_group, {"m": 1, "sd": 0, "n": 9}, "sd must be above 0"),
        (onegroup.mean_of_one_group, {"m": [1, 2], "sd": [1, 1, 1], "n": 9}, "arrays of one length"),
        (onegroup.log_sd, {"sd": 1, "n": 1}, "n must be 2 or more"),
        (onegroup.standardised_mean, {"m": np.inf, "sd": 1, "n": 9}, "m must be finite"),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)
