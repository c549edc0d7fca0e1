"""The variance between studies: the highest maximum, the estimators, the limits, extreme variances."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.pooling.batches import Batch, arrange, decline, trace_of_squares, weighted_mean
from spineevidence.pooling.heterogeneity import (
    METHODS,
    Method,
    cochran_q,
    profile_limits,
    qprofile_limits,
    tau2_estimates,
    tau2_of_q,
    typical_variance,
)
from spineevidence.pooling.likelihood import log_likelihood, maxima
from spineevidence.timing import FloatArray

LOWER = 1e-9  # a grid point may not be higher than the maximum by more than rounding

seeds = st.integers(0, 10_000)


def nasty(seed: int, groups: int = 60) -> tuple[FloatArray, FloatArray]:
    """Return groups whose likelihoods often have several maxima: variances and effects over many scales."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 12))
    wide = rng.choice([0.5, 1, 3, 8])
    v = 10 ** rng.uniform(-wide, wide, (groups, k))
    y = rng.normal(0, 1, (groups, k)) * 10 ** (rng.uniform(-wide, wide, (groups, 1)) / 2)
    y = np.where(rng.random((groups, k)) < 0.3, y * 10 ** rng.uniform(0, 1.5, (groups, k)), y)
    return y + rng.normal(0, 1, (groups, k)) * np.sqrt(v) * rng.choice([0.3, 1, 2]), v


def textbook(y: FloatArray, v: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return the log-likelihood with matrices."""
    k = y.size
    x = np.ones((k, 1))
    inverse = np.diag(1 / (v + tau2))
    info = x.T @ inverse @ x
    r = y - x[:, 0] * np.linalg.solve(info, x.T @ inverse @ y)[0]
    value = -np.log(v + tau2).sum() / 2 - r @ inverse @ r / 2
    if restricted:
        value += np.linalg.slogdet(x.T @ x)[1] / 2 - np.linalg.slogdet(info)[1] / 2
    return float(value - (k - restricted) / 2 * np.log(2 * np.pi))


@pytest.mark.parametrize("restricted", [True, False])
@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_no_point_of_a_grid_is_higher(restricted: bool, seed: int) -> None:
    y, v = nasty(seed)
    batch = arrange(yi=y, vi=v)
    best = log_likelihood(batch, t=maxima(batch, restricted=restricted).t, restricted=restricted)
    top = np.log1p(10 * (np.abs(batch.y).max(axis=0) ** 2 + batch.v.max(axis=0)))
    for part in np.linspace(0, 1, 300):
        height = log_likelihood(batch, t=np.expm1(part * top), restricted=restricted)
        assert (height <= best + LOWER).all()


def test_the_grids_see_several_maxima() -> None:
    batches = [arrange(yi=y, vi=v) for y, v in map(nasty, range(30))]
    counts = np.concatenate([maxima(batch, restricted=True).count for batch in batches])
    assert (counts > 1).sum() > 20
    assert counts.max() >= 2


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_every_maximum_is_one(seed: int) -> None:
    y, v = nasty(seed)
    batch = arrange(yi=y, vi=v)
    found = maxima(batch, restricted=True)
    several = batch.of(found.group)
    for near in (0.999, 1.001):
        beside = log_likelihood(several, t=found.places * near, restricted=True)
        assert (beside <= log_likelihood(several, t=found.places, restricted=True) + LOWER).all()


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_the_score_is_zero_at_an_inner_maximum(seed: int) -> None:
    y, v = nasty(seed)
    batch = arrange(yi=y, vi=v)
    t = maxima(batch, restricted=True).t
    inner = batch.of(t > 0)
    parts = decline(inner.y, inner.v, t[t > 0], restricted=True)
    np.testing.assert_allclose(parts.squares, parts.trace, rtol=1e-11)


@pytest.mark.parametrize("restricted", [True, False])
def test_log_likelihood_is_that_of_the_textbook(restricted: bool) -> None:
    rng = np.random.default_rng(3)
    y, v = rng.normal(0, 30, (20, 6)), rng.uniform(20, 5000, (20, 6))
    batch = arrange(yi=y, vi=v)
    for tau2 in (0.0, 70.0, 3e4):
        ours = log_likelihood(batch, t=tau2 / batch.tau2_unit, restricted=restricted)
        theirs = [textbook(*row, tau2, restricted=restricted) for row in zip(y, v, strict=True)]
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_no_digit_is_lost_beside_a_huge_study() -> None:
    y, v = [0.5, 0.2, 0.7, -0.1, 0.31], [1e-8, 0.04, 0.1, 0.06, 0.2]
    weights = [1 / Fraction(x) for x in v]
    mean = sum(w * Fraction(x) for w, x in zip(weights, y, strict=True)) / sum(weights)
    exact = sum(w * (Fraction(x) - mean) ** 2 for w, x in zip(weights, y, strict=True))
    trace = sum(weights) - sum(w * w for w in weights) / sum(weights)
    batch = arrange(yi=y, vi=v)
    assert cochran_q(batch).q[0] == pytest.approx(float(exact), rel=1e-14)
    assert typical_variance(batch)[0] == pytest.approx(float(4 / trace), rel=1e-14)
    dl = tau2_estimates(batch, method="DL").tau2[0]
    assert dl == pytest.approx(float((exact - 4) / trace), rel=1e-13)


def test_traces_are_those_of_matrices() -> None:
    rng = np.random.default_rng(8)
    y, v, delta = rng.normal(size=7), np.sort(rng.uniform(0.1, 3, 7)), rng.uniform(0.1, 3, 7)
    batch = arrange(yi=y, vi=v)
    tau2 = 0.4
    w = 1 / (v + tau2)
    p = np.diag(w) - np.outer(w, w) / w.sum()
    parts = decline(batch.y, batch.v, tau2 / batch.tau2_unit, restricted=True)
    unit = batch.tau2_unit[0]
    assert parts.trace[0] / unit == pytest.approx(np.trace(p))
    assert parts.trace2[0] / unit**2 == pytest.approx(np.trace(p @ p))
    assert parts.squares[0] / unit == pytest.approx(y @ p @ p @ y)
    assert parts.cubes[0] / unit**2 == pytest.approx(y @ p @ p @ p @ y)
    d = np.diag(delta)
    assert trace_of_squares(w[:, None], delta[:, None])[0] == pytest.approx(np.trace(p @ d @ p @ d))


@pytest.mark.parametrize("method", METHODS)
def test_filling_up_a_batch_changes_nothing(method: Method) -> None:
    rng = np.random.default_rng(11)
    y, v = rng.normal(0, 1, (30, 9)), rng.uniform(0.05, 1, (30, 9))
    k = rng.integers(1, 10, 30)
    mask = np.arange(9) < k[:, None]
    together = tau2_estimates(arrange(yi=y, vi=v, mask=mask), method=method)
    for row, size in enumerate(k):
        alone = tau2_estimates(arrange(yi=y[row, :size], vi=v[row, :size]), method=method)
        np.testing.assert_allclose(together.tau2[row], alone.tau2[0], rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(together.se[row], alone.se[0], rtol=1e-10)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, target=st.floats(0.01, 30))
def test_q_is_met_or_below_at_zero(seed: int, target: float) -> None:
    y, v = nasty(seed)
    batch = arrange(yi=y, vi=v)
    t = tau2_of_q(batch, q=np.full(batch.k.size, target))
    q = weighted_mean(batch, t).q
    np.testing.assert_allclose(q[t > 0], target, rtol=1e-9)
    assert (q[t == 0] <= target * (1 + 1e-12)).all()


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_limits_hold_the_estimate(seed: int) -> None:
    y, v = nasty(seed, 20)
    batch = arrange(yi=y, vi=v)
    for restricted, method in ((True, "REML"), (False, "ML")):
        tau2 = tau2_estimates(batch, method="REML" if method == "REML" else "ML").tau2
        limits = profile_limits(batch, tau2=tau2, restricted=restricted)
        assert (limits.low <= tau2 * (1 + 1e-9)).all()
        assert (limits.high >= tau2).all()
        inner = limits.low > 0
        drop = log_likelihood(batch, t=tau2 / batch.tau2_unit, restricted=restricted) - log_likelihood(
            batch, t=limits.low / batch.tau2_unit, restricted=restricted
        )
        np.testing.assert_allclose(drop[inner], 1.920729410347062, rtol=1e-6, atol=1e-9)
    wide, narrow = qprofile_limits(batch, level=0.99), qprofile_limits(batch, level=0.8)
    assert (wide.low <= narrow.low).all()
    assert (wide.high >= narrow.high).all()


def test_limits_of_one_study_do_not_exist() -> None:
    batch = arrange(yi=[[0.3, 0.0], [0.1, 0.9]], vi=[[0.04, 1.0], [0.04, 0.09]], mask=[[1, 0], [1, 1]])
    limits = qprofile_limits(batch), profile_limits(batch, tau2=tau2_estimates(batch).tau2)
    for found in limits:
        assert np.isnan(found.low).tolist() == [True, False]
        assert found.empty.tolist() == [False, False]


def test_equal_effects_leave_no_variance() -> None:
    batch = arrange(yi=np.full(4, 0.7), vi=[0.1, 0.2, 0.3, 1e9])
    for method in METHODS:
        assert tau2_estimates(batch, method=method).tau2[0] == 0


@pytest.mark.parametrize("size", [1e-150, 1e-8, 1e8, 1e150])
def test_units_of_any_size(size: float) -> None:
    y, v = np.array([0.1, 0.9, 0.4, -0.7]), np.array([0.04, 0.09, 0.05, 0.02])
    plain = tau2_estimates(arrange(yi=y, vi=v)).tau2[0]
    scaled = tau2_estimates(arrange(yi=y * np.sqrt(size), vi=v * size)).tau2[0]
    assert scaled == pytest.approx(plain * size, rel=1e-12)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"yi": [[1.0, np.nan]], "vi": [[1.0, 1.0]]}, "yi must be finite"),
        ({"yi": [[1.0, 2.0]], "vi": [[1.0, 0.0]]}, "vi must be finite and above 0"),
        ({"yi": [[1.0, 2.0]], "vi": [[1.0]]}, r"one shape; found yi \(1, 2\), vi \(1, 1\)"),
        (
            {"yi": [[1.0], [2.0]], "vi": [[1.0], [2.0]], "mask": [[True], [False]]},
            "every group needs a study",
        ),
        ({"yi": [[1.0], [2.0, 3.0]], "vi": [[1.0]]}, "a row per group of equal length"),
        ({"yi": [], "vi": []}, "found shape"),
    ],
)
def test_batches_are_checked(given_: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        arrange(**given_)  # type: ignore[arg-type]


def test_unknown_methods_name_the_known_ones() -> None:
    batch: Batch = arrange(yi=[1, 2], vi=[1, 1])
    with pytest.raises(InputError, match='did you mean "REML"'):
        tau2_estimates(batch, method="reml")  # type: ignore[arg-type]
