"""The half-normal model: another integration, known limits, identities, and input that is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

import meta_pooling_tables
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.pooling.halfnormal import HalfNormalPool, pool_half_normal

PROBABILITY = 1e-8  # of the spline through the grid
GRID = 1e-9  # a smooth density summed on an even grid: the error falls faster than any power of its step

TWO = {"yi": [1.96, 0.81], "vi": [0.217, 0.153]}


def by_grid(yi: list[float], vi: list[float], scale: float) -> dict[str, Any]:
    """Return the posterior from the joint density of mean and tau on a grid, without its normal parts."""
    y, v = np.array(yi), np.array(vi)
    tau = np.linspace(0, math.hypot(float(np.ptp(y)), 9 * scale), 801)
    width = 12 * math.sqrt(v.max()) + 30 * scale
    mean = np.linspace(y.min() - width, y.max() + width, 12001)
    spread = v[:, None] + tau**2
    prior = -((tau / scale) ** 2) / 2 - np.log(spread).sum(axis=0) / 2
    away = (y[:, None] - mean) ** 2
    log_density = prior[:, None] - ((1 / spread).T @ away) / 2
    density = np.exp(log_density - log_density.max())
    density[0] /= 2  # the trapezoid at tau = 0, from where the density is even
    density /= density.sum()
    marginal, of_tau = density.sum(axis=1), density.sum(axis=0)
    return {
        "mean": float(of_tau @ mean),
        "sd": math.sqrt(float(of_tau @ (mean - of_tau @ mean) ** 2)),
        "tau2_mean": float(marginal @ tau**2),
        "below": CubicSpline(mean, of_tau / (mean[1] - mean[0])).antiderivative(),
    }


@pytest.mark.parametrize(
    ("yi", "vi", "scale"),
    [
        (TWO["yi"], TWO["vi"], 0.75),
        ([0.3], [0.04], 0.75),
        ([0.0, 3.0, 6.0], [0.2, 0.3, 0.1], 0.5),
        ([-0.1, 0.0, 0.2, 0.1], [0.1, 0.4, 0.2, 0.9], 0.2),
        ([1.0, 1.1, 0.8, 1.4, 0.2, 0.9, 1.2], [0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.1], 1.0),
    ],
)
def test_the_joint_density_on_a_grid_gives_the_same(yi: list[float], vi: list[float], scale: float) -> None:
    found, other = pool_half_normal(EffectSizes(yi=yi, vi=vi), scale=scale), by_grid(yi, vi, scale)
    assert found.mean == pytest.approx(other["mean"], abs=GRID * found.sd + GRID)
    assert found.sd == pytest.approx(other["sd"], rel=1e-8)
    assert float(found.weights @ found.tau**2) == pytest.approx(other["tau2_mean"], rel=1e-8)
    for limit, p in ((found.ci_low, 0.025), (found.median, 0.5), (found.ci_high, 0.975)):
        assert float(other["below"](limit)) == pytest.approx(p, abs=PROBABILITY)


def test_one_study_tells_nothing_about_tau() -> None:
    found = pool_half_normal(EffectSizes(yi=[0.3], vi=[0.04]), scale=0.75)
    assert found.tau_mean == pytest.approx(0.75 * math.sqrt(2 / math.pi), rel=1e-9)
    assert found.tau_median == pytest.approx(0.75 * 0.6744897501960817, rel=1e-9)
    assert found.tau_high == pytest.approx(0.75 * 2.241402727604947, rel=1e-9)
    assert found.sd**2 == pytest.approx(0.04 + 0.75**2, rel=1e-9)
    assert found.median == pytest.approx(0.3, abs=1e-12)
    assert any("prior alone" in note for note in found.notes)


def test_a_prior_that_allows_no_spread_gives_the_common_effect() -> None:
    yi, vi = np.array([0.2, 0.9, 0.4]), np.array([0.04, 0.09, 0.05])
    found = pool_half_normal(EffectSizes(yi=yi, vi=vi), scale=1e-6)
    common, precision = float((yi / vi).sum() / (1 / vi).sum()), float((1 / vi).sum())
    assert found.median == pytest.approx(common, abs=1e-9)
    assert found.ci_high - found.ci_low == pytest.approx(
        2 * 1.959963984540054 / math.sqrt(precision), rel=1e-9
    )
    assert found.pi_high == pytest.approx(found.ci_high, abs=1e-9)


def test_studies_far_apart_pull_tau_beyond_five_scales() -> None:
    found = pool_half_normal(EffectSizes(yi=[0, 100], vi=[1, 1]), scale=0.75)
    assert found.tau_median > 5 * 0.75
    assert found.median == pytest.approx(50, abs=1e-9)


def test_many_precise_studies_find_their_spread() -> None:
    yi = np.random.default_rng(4).normal(1.0, 0.3, 400)
    found = pool_half_normal(EffectSizes(yi=yi, vi=np.full(400, 1e-4)), scale=0.75)
    assert found.tau_median == pytest.approx(yi.std(ddof=1), rel=0.01)
    assert found.sd == pytest.approx(found.tau_median / 20, rel=0.02)
    assert found.tau_low < 0.3 < found.tau_high


STUDY = st.tuples(st.floats(-3, 3), st.floats(0.01, 2))
STUDIES = st.lists(STUDY, min_size=1, max_size=6)
NAMES = ("mean", "median", "ci_low", "ci_high", "pi_low", "pi_high")


def from_pairs(studies: list[tuple[float, float]]) -> EffectSizes:
    yi, vi = np.array(studies).T
    return EffectSizes(yi=yi, vi=vi)


@settings(max_examples=40, deadline=None)
@given(studies=STUDIES, scale=st.floats(0.05, 3), shift=st.floats(-1e4, 1e4), unit=st.floats(0.01, 100))
def test_units_and_origin_carry_over(
    studies: list[tuple[float, float]], scale: float, shift: float, unit: float
) -> None:
    there = pool_half_normal(from_pairs(studies), scale=scale)
    back = pool_half_normal(
        from_pairs([(shift + unit * yi, unit**2 * vi) for yi, vi in studies]), scale=unit * scale
    )
    for name in NAMES:
        wanted = shift + unit * getattr(there, name)
        assert getattr(back, name) == pytest.approx(wanted, abs=1e-8 * (unit + abs(shift) / 1e4))
    assert back.tau_median == pytest.approx(unit * there.tau_median, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(studies=STUDIES, scale=st.floats(0.05, 3))
def test_turning_the_sign_turns_the_limits(studies: list[tuple[float, float]], scale: float) -> None:
    there = pool_half_normal(from_pairs(studies), scale=scale)
    back = pool_half_normal(from_pairs([(-yi, vi) for yi, vi in studies][::-1]), scale=scale)
    assert back.ci_low == pytest.approx(-there.ci_high, abs=1e-9)
    assert back.pi_high == pytest.approx(-there.pi_low, abs=1e-9)
    assert back.tau_mean == pytest.approx(there.tau_mean, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(studies=STUDIES, scale=st.floats(0.05, 3), level=st.floats(0.5, 0.99))
def test_the_parts_fit_together(studies: list[tuple[float, float]], scale: float, level: float) -> None:
    found = pool_half_normal(from_pairs(studies), scale=scale, level=level)
    assert found.pi_low < found.ci_low < found.median < found.ci_high < found.pi_high
    assert 0 < found.tau_low < found.tau_median < found.tau_high
    assert found.weights.sum() == pytest.approx(1)
    assert np.all(found.weights >= 0)
    tail = (1 - level) / 2
    assert found.probability_above(found.ci_high) == pytest.approx(tail, abs=1e-9)
    assert found.probability_above(found.pi_low, new_study=True) == pytest.approx(1 - tail, abs=1e-9)
    assert found.quantile(tail) == pytest.approx(found.ci_low, abs=1e-9)
    assert found.quantile(1 - tail, new_study=True) == pytest.approx(found.pi_high, abs=1e-9)


def test_how_it_looks() -> None:
    found = pool_half_normal(EffectSizes(**TWO, measure="MD", estimand="contrast"), scale=0.75)
    assert repr(found) == "<HalfNormalPool: k 2 of MD, 1.332 (95 % interval 0.100 to 2.634), tau 0.571>"
    page = found._repr_html_()
    assert '<th scope="row">Effect in a new study</th><td>1.332</td>' in page
    assert "<p>Prior: tau half-normal with scale 0.75, mean effect flat.</p>" in page
    frame = found.to_frame()
    assert frame.loc[0, "median"] == found.median
    assert frame.loc[0, "scale"] == 0.75


@pytest.mark.parametrize(
    ("effects", "words", "message"),
    [
        (EffectSizes(yi=[], vi=[]), {"scale": 1}, "no effect for pooling"),
        (EffectSizes(**TWO), {"scale": 0}, "scale must be above 0"),
        (EffectSizes(**TWO), {"scale": math.inf}, "scale must be above 0"),
        (EffectSizes(**TWO), {"scale": 1, "level": 95}, "a level must lie between 0 and 1"),
        (EffectSizes(yi=[1, np.nan], vi=[1, np.nan], undefined=True), {"scale": 1}, r"\.estimable\(\)"),
        (EffectSizes(yi=[1, 2], vi=[1, 0], undefined=True), {"scale": 1}, "position 1"),
    ],
)
def test_bad_input_is_refused(effects: EffectSizes, words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pool_half_normal(effects, **words)


def test_several_effects_of_one_study_are_refused() -> None:
    bare = EffectSizes(**TWO)
    lineage = [meta_pooling_tables.lineage_of(bare, place, study="S1", months=3) for place in (0, 1)]
    with pytest.raises(InputError, match=r"several of S1; choose a follow-up"):
        pool_half_normal(EffectSizes(**TWO, lineage=lineage), scale=1)


def test_a_quantile_needs_a_probability() -> None:
    found: HalfNormalPool = pool_half_normal(EffectSizes(**TWO), scale=0.75)
    with pytest.raises(InputError, match="between 0 and 1"):
        found.quantile(0)
