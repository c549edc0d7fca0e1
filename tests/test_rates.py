"""Effects of rates: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import rates

EIGHT_DIGITS = 5.1e-9

# Breast cancer after fluoroscopies, women-years. StataCorp, "Incidence-rate ratio calculator",
# iri 41 15 28010 19017: difference .000675 (.0000749 to .0012751), ratio 1.855759. Rothman KJ, Greenland S,
# Lash TL (2008), Modern Epidemiology, chapter 14: limits of the ratio by the standard error of its logarithm,
# 1.03 to 3.35.
FLUOROSCOPY = {"events1": 41, "time1": 28010, "events2": 15, "time2": 19017}


def test_the_example_of_two_textbooks() -> None:
    difference = rates.incidence_rate_difference(**FLUOROSCOPY)
    assert difference.yi[0] == pytest.approx(0.000675, abs=5.1e-7)
    limits = (difference.ci_low[0], difference.ci_high[0])
    assert limits == pytest.approx((0.0000749, 0.0012751), abs=5.1e-8)
    ratio = rates.incidence_rate_ratio(**FLUOROSCOPY)
    assert np.exp(ratio.yi[0]) == pytest.approx(1.855759, abs=5.1e-7)
    assert np.exp([ratio.ci_low[0], ratio.ci_high[0]]) == pytest.approx([1.03, 3.35], abs=5.1e-3)


# metafor 3.8-1: escalc(measure=..., x1i=c(0,5,0), t1i=c(10,12,10), x2i=c(3,4,0), t2i=c(7,9,8), ...)
SPARSE = {"events1": [0, 5, 0], "time1": [10, 12, 10], "events2": [3, 4, 0], "time2": [7, 9, 8]}
NONE = float("nan")


@pytest.mark.parametrize(
    ("call", "words", "effects", "variances"),
    [
        (
            rates.incidence_rate_ratio,
            {},
            [-2.30258509, -0.06453852, -0.22314355],
            [2.28571429, 0.45000000, 4.00000000],
        ),
        (
            rates.incidence_rate_ratio,
            {"to": "if0all"},
            [-2.30258509, -0.08701138, -0.22314355],
            [2.28571429, 0.40404040, 4.00000000],
        ),
        (rates.incidence_rate_ratio, {"to": "none"}, [NONE, -0.06453852, NONE], [NONE, 0.45, NONE]),
        (
            rates.incidence_rate_ratio,
            {"drop00": True},
            [-2.30258509, -0.06453852, NONE],
            [2.28571429, 0.45000000, NONE],
        ),
        (
            rates.incidence_rate_difference,
            {},
            [-0.45000000, -0.02777778, -0.01250000],
            [0.07642857, 0.08410494, 0.01281250],
        ),
        (
            rates.incidence_rate_difference,
            {"to": "none"},
            [-0.42857143, -0.02777778, 0.0],
            [0.06122449, 0.08410494, 0.0],
        ),
        (
            rates.incidence_rate_difference,
            {"scale": "sqrt"},
            [-0.65465367, -0.02116944, 0.0],
            [0.06071429, 0.04861111, 0.05625],
        ),
    ],
)
def test_arms_without_events_are_dealt_with_as_in_r(
    call: Callable[..., EffectSizes], words: dict[str, object], effects: list[float], variances: list[float]
) -> None:
    found = call(**SPARSE, **words)
    assert found.yi == pytest.approx(effects, abs=EIGHT_DIGITS, nan_ok=True)
    assert found.vi == pytest.approx(variances, abs=EIGHT_DIGITS, nan_ok=True)


@pytest.mark.parametrize(
    ("scale", "effects", "variances"),
    [
        ("raw", [0.05, 0.41666667, 1.0], [0.005, 0.03472222, 0.1]),
        ("log", [-2.99573227, -0.87546874, 0.0], [2.0, 0.2, 0.1]),
        ("sqrt", [0.0, 0.64549722, 1.0], [0.025, 0.02083333, 0.025]),
        ("freeman_tukey", [0.15811388, 0.67630200, 1.02440442], [0.025, 0.02083333, 0.025]),
    ],
)
def test_rates_of_one_group_equal_metafor(scale: str, effects: list[float], variances: list[float]) -> None:
    # metafor 3.8-1: escalc(measure=..., xi=c(0,5,10), ti=c(10,12,10)) with the default of each measure
    found = rates.incidence_rate(events=[0, 5, 10], time=[10, 12, 10], scale=scale)
    assert found.yi == pytest.approx(effects, abs=EIGHT_DIGITS)
    assert found.vi == pytest.approx(variances, abs=EIGHT_DIGITS)
    assert found.estimand == ""
    filled = ("0.5 was added to each cell of 1 of 3 groups (those with a cell of 0): position 0.",)
    assert found.notes == (filled if scale in {"raw", "log"} else ())


def test_what_was_done_to_arms_without_events_is_said() -> None:
    assert rates.incidence_rate_ratio(**SPARSE).notes == (
        "0.5 was added to each cell of 2 of 3 studies (those with a cell of 0): positions 0, 2.",
    )
    dropped = rates.incidence_rate_ratio(**SPARSE, to="none", drop00=True)
    assert dropped.notes[0].startswith("1 of 3 studies had no event in both arms")
    assert dropped.notes[1] == "1 of 3 studies gave no estimate, for cells of 0: position 0."
    flat = rates.incidence_rate_difference(**SPARSE, to="none")
    assert flat.notes == ("1 of 3 studies have a variance of 0 and no weight: position 2.",)


@st.composite
def studies(draw: st.DrawFn) -> dict[str, float]:
    """Return events and person-time of two arms."""
    times = st.floats(1, 1e5, allow_nan=False)
    return {
        "events1": draw(st.integers(1, 500)),
        "time1": draw(times),
        "events2": draw(st.integers(1, 500)),
        "time2": draw(times),
    }


def _difference(**words: object) -> EffectSizes:
    return rates.incidence_rate_difference(**words)


def _root_difference(**words: object) -> EffectSizes:
    return rates.incidence_rate_difference(scale="sqrt", **words)


# what the change from years to months does to each: nothing, a twelfth, and the root of a twelfth
IN_MONTHS = [(rates.incidence_rate_ratio, 1.0), (_difference, 1 / 12), (_root_difference, 12**-0.5)]


@pytest.mark.parametrize(("call", "factor"), IN_MONTHS)
@given(study=studies())
def test_swap_direction_and_unit_of_time(
    call: Callable[..., EffectSizes], factor: float, study: dict[str, float]
) -> None:
    effect = call(**study)
    assert effect.vi[0] > 0
    swapped = call(
        events1=study["events2"], time1=study["time2"], events2=study["events1"], time2=study["time1"]
    )
    small = 1e-12 * effect.sei[0] + 1e-12
    for other in (swapped, call(**study, better="lower")):
        assert other.yi[0] == pytest.approx(-effect.yi[0], rel=1e-9, abs=small)
        assert other.vi[0] == pytest.approx(effect.vi[0], rel=1e-9)
    months = call(**{**study, "time1": 12 * study["time1"], "time2": 12 * study["time2"]})
    assert months.yi[0] == pytest.approx(factor * effect.yi[0], rel=1e-9, abs=small)
    assert months.vi[0] == pytest.approx(factor**2 * effect.vi[0], rel=1e-9)


@given(st.integers(1, 1000), st.floats(0.5, 1e5))
def test_a_rate_can_be_had_back_from_every_scale(events: int, time: float) -> None:
    scales = ("raw", "log", "sqrt", "freeman_tukey")
    found = {scale: rates.incidence_rate(events=events, time=time, scale=scale) for scale in scales}
    rate = events / time
    assert found["raw"].yi[0] == pytest.approx(rate)
    assert np.exp(found["log"].yi[0]) == pytest.approx(rate)
    assert found["sqrt"].yi[0] ** 2 == pytest.approx(rate)
    assert found["sqrt"].yi[0] < found["freeman_tukey"].yi[0] < ((events + 1) / time) ** 0.5
    # the delta method: the variance on a scale is the raw one times the squared slope
    assert found["log"].vi[0] == pytest.approx(found["raw"].vi[0] / rate**2)
    assert found["sqrt"].vi[0] == pytest.approx(found["raw"].vi[0] / (4 * rate))


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (rates.incidence_rate_ratio, {**FLUOROSCOPY, "events1": -1}, "events1 must be 0 or more"),
        (rates.incidence_rate_ratio, {**FLUOROSCOPY, "time2": 0}, "time2 must be above 0"),
        (rates.incidence_rate_ratio, {**FLUOROSCOPY, "to": "only"}, 'did you mean "only0"'),
        (rates.incidence_rate_ratio, {**FLUOROSCOPY, "better": "more"}, 'no direction is called "more"'),
        (rates.incidence_rate_difference, {**FLUOROSCOPY, "scale": "log"}, 'no scale is called "log"'),
        (rates.incidence_rate_difference, {**FLUOROSCOPY, "add": np.inf}, "add must be 0 or more"),
        (rates.incidence_rate, {"events": -1, "time": 1}, "events must be 0 or more"),
        (rates.incidence_rate, {"events": 1, "time": 0}, "time must be above 0"),
        (rates.incidence_rate, {"events": 1, "time": 1, "scale": "logit"}, 'no scale is called "logit"'),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)


def test_the_published_example_of_a_rate() -> None:
    # Wasserman, Pezzullo 2024, Biostatistics For Dummies, chapter on incidence and prevalence: 24 new cases
    # in 80,000 person-years are 30.0 (95 % interval 18.0 to 42.0) in 100,000
    found = rates.incidence_rate(events=24, time=0.8)
    assert found.yi[0] == pytest.approx(30.0)
    assert (found.ci_low[0], found.ci_high[0]) == pytest.approx((18.0, 42.0), abs=0.051)
