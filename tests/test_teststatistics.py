"""Effects from printed tests: values from the Cochrane Handbook, round trips, and input that is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import means, teststatistics

# Cochrane Handbook, section 6.5.2.3 (7.7.3.3 of version 5.1): MD 3.8, p = 0.008, 25 and 22 patients
MD, P, SIZES = 3.8, 0.008, {"n1": 25, "n2": 22}


def test_the_published_example_of_a_spread_from_a_p_value() -> None:
    found = teststatistics.spread_from_p(md=MD, p=P, **SIZES)
    assert float(found.df) == 45
    assert MD / float(found.se) == pytest.approx(2.78, abs=5.1e-3)
    assert float(found.se) == pytest.approx(1.37, abs=5.1e-3)
    assert float(found.sd) == pytest.approx(4.69, abs=0.011)  # the page divides by the rounded 2.78
    assert float(teststatistics.spread_from_t(md=MD, t=2.78, **SIZES).se) == pytest.approx(1.37, abs=5.1e-3)


ARM_SIZES = st.integers(3, 400)
T = st.floats(-8, 8).filter(lambda t: abs(t) > 1e-3)


@given(T, st.floats(0.1, 20), ARM_SIZES, ARM_SIZES)
def test_p_t_and_half_width_of_one_test_agree(t: float, md: float, n1: int, n2: int) -> None:
    df = n1 + n2 - 2
    se = abs(md / t)
    by_t = teststatistics.spread_from_t(md=md, t=t, n1=n1, n2=n2)
    by_p = teststatistics.spread_from_p(md=-md, p=2 * stats.t.sf(abs(t), df), n1=n1, n2=n2)
    half = se * stats.t.ppf(0.95, df)
    by_width = teststatistics.spread_from_half_width(half_width=half, n1=n1, n2=n2, level=0.9)
    for found in (by_t, by_p, by_width):
        assert float(found.se) == pytest.approx(se, rel=1e-7)
        assert float(found.sd) == pytest.approx(se / np.sqrt(1 / n1 + 1 / n2), rel=1e-7)


def _by_every_way(d: float, n1: int, n2: int) -> list[EffectSizes]:
    df = n1 + n2 - 2
    t = d / np.sqrt(1 / n1 + 1 / n2)
    r = t / np.sqrt(t**2 + df)
    sizes = {"n1": n1, "n2": n2, "better": "lower"}
    return [
        means.smd_from_d(d=d, **sizes),
        teststatistics.smd_from_t(t=t, **sizes),
        teststatistics.smd_from_p(signed_p=np.copysign(2 * stats.t.sf(abs(t), df), t), **sizes),
        teststatistics.smd_from_r(r=r, **sizes),
        teststatistics.smd_from_f(f=t**2, sign=np.sign(t), **sizes),
    ]


@given(st.floats(-1.5, 1.5).filter(lambda d: abs(d) > 1e-3), st.integers(3, 60), st.integers(3, 60))
def test_every_way_gives_the_same_smd(d: float, n1: int, n2: int) -> None:
    first, *others = _by_every_way(d, n1, n2)
    for other in others:
        assert other.measure == "SMD"
        assert other.yi == pytest.approx(first.yi, rel=1e-7)
        assert other.vi == pytest.approx(first.vi, rel=1e-7)


def test_the_form_of_variance_is_passed_on() -> None:
    more = {"n1": 9, "n2": 12, "variance": "UB", "factor": "approximate", "correct": False}
    expected = means.smd_from_d(d=2.0 * np.sqrt(1 / 9 + 1 / 12), **more)
    assert teststatistics.smd_from_t(t=2.0, **more).vi.tolist() == expected.vi.tolist()
    by_f = teststatistics.smd_from_f(f=4.0, sign=1, **more)
    assert (by_f.yi.tolist(), by_f.vi.tolist()) == (expected.yi.tolist(), expected.vi.tolist())


def test_f_without_a_sign_is_positive_and_says_so() -> None:
    effect = teststatistics.smd_from_f(f=[4.0, 9.0], n1=9, n2=12, better="lower")
    assert (effect.yi > 0).all()
    assert "F has no sign" in effect.notes[0]
    signed = teststatistics.smd_from_f(f=[4.0, 9.0], n1=9, n2=12, sign=[1, -1], better="lower")
    assert signed.yi.tolist() == [-effect.yi[0], effect.yi[1]]
    assert signed.notes == ()


def test_p_of_1_is_no_difference() -> None:
    assert teststatistics.smd_from_p(signed_p=[1.0, -1.0], n1=9, n2=12).yi == pytest.approx(0.0)


@given(st.floats(-5, 5), st.floats(0.1, 9), st.floats(1, 200))
def test_p_values_are_those_of_student(yi: float, vi: float, df: float) -> None:
    effect = EffectSizes(yi=[yi, yi], vi=[vi, vi], df=[df, np.inf])
    expected = [2 * stats.t.sf(abs(yi) / np.sqrt(vi), df), 2 * stats.norm.sf(abs(yi) / np.sqrt(vi))]
    assert teststatistics.two_sided_p(effect) == pytest.approx(expected, rel=1e-9)


def test_no_estimate_has_no_p_value() -> None:
    effect = EffectSizes(yi=[np.nan, 1.0, 1.0], vi=[np.nan, 0.0, 1.0], undefined=True)
    assert np.isnan(teststatistics.two_sided_p(effect)).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (teststatistics.smd_from_t, {"t": 2, "n1": 1, "n2": 9}, "n1 must be 2 or more"),
        (teststatistics.smd_from_p, {"signed_p": 0, "n1": 9, "n2": 9}, "signed_p must be above 0"),
        (teststatistics.smd_from_p, {"signed_p": -1.2, "n1": 9, "n2": 9}, "at most 1"),
        (teststatistics.smd_from_r, {"r": 1, "n1": 9, "n2": 9}, "r must lie between -1 and 1"),
        (teststatistics.smd_from_f, {"f": -1, "n1": 9, "n2": 9}, "f must be 0 or more"),
        (teststatistics.smd_from_f, {"f": 1, "n1": 9, "n2": 9, "sign": 0}, "sign must be 1 or -1"),
        (teststatistics.spread_from_t, {"md": 1, "t": 0, "n1": 9, "n2": 9}, "t must not be 0"),
        (teststatistics.spread_from_t, {"md": 0, "t": 1, "n1": 9, "n2": 9}, "md must not be 0"),
        (teststatistics.spread_from_t, {"md": 1, "t": 1, "n1": 9, "n2": 1}, "n2 must be 2 or more"),
        (teststatistics.spread_from_p, {"md": 1, "p": 1, "n1": 9, "n2": 9}, "p must be below 1"),
        (teststatistics.spread_from_half_width, {"half_width": 0, "n1": 9, "n2": 9}, "must be above 0"),
        (
            teststatistics.spread_from_half_width,
            {"half_width": 1, "n1": 9, "n2": 9, "level": 95},
            "level must lie",
        ),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)


def test_the_published_example_of_an_smd_from_t() -> None:
    # Lakens 2013, Frontiers in Psychology 4:863, page 4: t(18) = 2.52 is d 1.13 and Hedges' g 1.08
    found = teststatistics.smd_from_t(t=2.52, n1=10, n2=10)
    assert found.yi[0] == pytest.approx(1.08, abs=5.1e-3)
    assert found.yi[0] / float(means.factor_from_df(df=18)) == pytest.approx(1.13, abs=5.1e-3)
