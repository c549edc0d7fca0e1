"""Effects of counts: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence import counts
from spineevidence.errors import InputError

CLOSED_FORM = 1e-10  # the reference values have 15 digits; log-gamma costs about 5e-14

# metadat dat.bcg, the first six trials, and metafor 5.1-12 on it (RD, OR2DL)
BCG = {
    "events1": np.array([4, 6, 3, 62, 33, 180]),
    "none1": np.array([119, 300, 228, 13536, 5036, 1361]),
    "events2": np.array([11, 29, 11, 248, 47, 372]),
    "none2": np.array([128, 274, 209, 12619, 5761, 1079]),
}

BCG_RD_YI = [
    -0.04661636544423, -0.0761017278198408, -0.037012987012987, -0.0147146180263938, -0.00158212670654608,
    -0.139567645844728,
]  # fmt: skip

BCG_RD_VI = [
    0.000780068664855938, 0.000348462574726583, 0.000271399785630685, 1.80285493533638e-06,
    2.65797248260319e-06, 0.000198335654149806,
]  # fmt: skip


def test_risk_difference_equals_metafor() -> None:
    effect = counts.risk_difference(
        events1=BCG["events1"],
        n1=BCG["events1"] + BCG["none1"],
        events2=BCG["events2"],
        n2=BCG["events2"] + BCG["none2"],
    )
    assert effect.yi == pytest.approx(BCG_RD_YI, rel=CLOSED_FORM)
    assert effect.vi == pytest.approx(BCG_RD_VI, rel=CLOSED_FORM)
    assert effect.notes == ()


# Newcombe RG (1998), Statistics in Medicine 17:873-890, Table II, examples (a) to (h), method 10
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]

# Newcombe RG (1998), Statistics in Medicine 17:857-872, Wilson's interval
WILSON = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]

PRINTED = 5.1e-5  # half of the fourth decimal


@pytest.mark.parametrize("example", NEWCOMBE)
def test_the_published_examples_of_the_hybrid_score_interval(example: tuple[float, ...]) -> None:
    e1, n1, e2, n2, low, high = example
    effect = counts.risk_difference(events1=e1, n1=n1, events2=e2, n2=n2)
    assert effect.ci_low[0] == pytest.approx(low, abs=PRINTED)
    assert effect.ci_high[0] == pytest.approx(high, abs=PRINTED)
    turned = counts.risk_difference(events1=e1, n1=n1, events2=e2, n2=n2, better="lower")
    assert (turned.ci_low[0], turned.ci_high[0]) == (-effect.ci_high[0], -effect.ci_low[0])


@pytest.mark.parametrize(("events", "n", "low", "high"), WILSON)
def test_the_published_examples_of_the_score_interval(events: int, n: int, low: float, high: float) -> None:
    found = counts.wilson_interval(events=events, n=n)
    assert found == pytest.approx((low, high), abs=PRINTED)


def test_arms_without_variation_get_a_variance_and_a_note() -> None:
    effect = counts.risk_difference(events1=[0, 5], n1=[10, 10], events2=[0, 3], n2=[20, 10])
    assert effect.vi[0] == pytest.approx((0.5 / 11) * (10.5 / 11) / 11 + (0.5 / 21) * (20.5 / 21) / 21)
    assert effect.vi[1] == pytest.approx(0.25 / 10 + 0.21 / 10)
    assert len(effect.notes) == 1


@given(st.integers(1, 300), st.data())
def test_wilson_limits_hold_the_share_and_mirror(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, n))
    low, high = counts.wilson_interval(events=events, n=n)
    assert 0 <= low <= events / n + 1e-12
    assert events / n - 1e-12 <= high <= 1
    other_low, other_high = counts.wilson_interval(events=n - events, n=n)
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high), abs=1e-12)


RD = {"events1": 5, "n1": 10, "events2": 4, "n2": 10}


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (counts.wilson_interval, {"events": 11, "n": 10}, "events must lie between 0"),
        (counts.wilson_interval, {"events": 0, "n": 0}, "n must be 1 or more"),
        (counts.risk_difference, {**RD, "events2": 11}, "events2 must lie between 0"),
        (counts.risk_difference, {**RD, "events1": -1}, "events1 must lie between 0"),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)
