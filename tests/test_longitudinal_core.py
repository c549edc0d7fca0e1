"""The joint model on arrays: the oracle, the plain formulas, and what must not change it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meta_longitudinal import Rows
from spineevidence.effectsizes import t_quantile
from spineevidence.formulas.covariances import visit_covariance
from spineevidence.longitudinal.quadrature import posterior
from spineevidence.longitudinal.restricted import restricted_maximum
from spineevidence.longitudinal.trend import crossing, decline_within, fieller
from spineevidence.longitudinal.workingmodel import surface
from spineevidence.timing import FloatArray

FILE = Path(__file__).parent / "oracles" / "o05_longitudinal.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
TRIALS = ("A_six_sham_trials", "B_two_trials", "C_three_trials_null")


def case(name: str) -> tuple[Rows, dict[str, Any]]:
    return Rows(CASES[name]["input"]), CASES[name]["expected"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shape", ["saturated", "trend"])
def test_restricted_likelihood_meets_the_oracle(name: str, shape: str) -> None:
    rows, expected = case(name)
    want = expected.get(f"{shape}_reml") or expected[shape]
    found = restricted_maximum(rows.model(rows.saturated if shape == "saturated" else rows.line))
    assert found.tau2 == pytest.approx(want["tau2"], abs=1e-5)
    assert found.omega2 == pytest.approx(want["omega2"], abs=1e-5)
    assert found.log_likelihood == pytest.approx(want["logLik"], abs=1e-6)
    assert found.b == pytest.approx(want["beta"], abs=1e-6)
    if "se" in want:
        assert np.sqrt(np.diag(found.vcov)) == pytest.approx(want["se"], abs=1e-6)
    else:
        upper = found.vcov[np.triu_indices(2)]
        assert upper == pytest.approx(want["V"], abs=1e-6)


@pytest.mark.parametrize("name", TRIALS)
def test_quadrature_meets_the_oracle(name: str) -> None:
    rows, expected = case(name)
    want, each = expected["saturated_bhn"], np.eye(len(rows.windows))
    found = posterior(rows.model(rows.saturated), scales=(0.75, 0.3))
    low, median, high = found.quantiles(each, np.array([0.025, 0.5, 0.975])).T
    assert (median, low, high) == (
        pytest.approx(want["median"], abs=1e-5),
        pytest.approx(want["lo"], abs=1e-5),
        pytest.approx(want["hi"], abs=1e-5),
    )
    new_low, new_high = found.quantiles(each, np.array([0.025, 0.975]), new_study=True).T
    assert new_low == pytest.approx(want["pred_lo"], abs=1e-5)
    assert new_high == pytest.approx(want["pred_hi"], abs=1e-5)
    assert found.above(each, 1.0) == pytest.approx(want["prob_important"], abs=1e-6)
    assert found.weights @ found.tau == pytest.approx(want["tau_mean"], abs=1e-5)
    assert found.weights @ found.omega == pytest.approx(want["omega_mean"], abs=1e-5)


@pytest.mark.parametrize("name", TRIALS)
def test_crossing_and_decline_meet_the_oracle(name: str) -> None:
    rows, expected = case(name)
    model, want = rows.model(rows.line), expected["trend_reml"]
    found = restricted_maximum(model)
    critical = float(t_quantile(p=0.975, df=expected["k"] - 1))
    limits = fieller(b=found.b, vcov=found.vcov, threshold=1.0, critical=critical)
    assert limits.kind == want["fieller_type"]
    if want["fieller_months"] is not None:
        assert [limits.low, limits.high] == pytest.approx(want["fieller_months"], rel=1e-4)

    def band(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        x = np.column_stack([np.ones_like(z), z])
        half = critical * np.sqrt(np.einsum("mi,ij,mj->m", x, found.vcov, x))
        return x @ found.b, x @ found.b - half, x @ found.b + half

    start, horizon = want["t_range"]
    time = crossing(band, threshold=1.0, start=start, horizon=horizon)
    for got, key in ((time.months, "T_point"), (time.low, "T_lower"), (time.high, "T_upper")):
        assert got == (None if want[key] is None else pytest.approx(want[key], rel=1e-4))
    slope = decline_within(
        model, omega2=found.omega2, critical=lambda df: float(t_quantile(p=0.975, df=df)), level=0.95
    )
    assert slope is not None
    wanted = expected["within_study_slope_per_doubling"]
    for name_of, key in (("slope", "slope"), ("se", "se"), ("low", "lo"), ("high", "hi")):
        assert getattr(slope, name_of) == pytest.approx(wanted[key], abs=2e-6)
    assert (slope.df, slope.k) == (wanted["df"], wanted["k"])


@pytest.mark.parametrize("name", TRIALS)
def test_crossing_of_the_half_normal_curve_meets_the_oracle(name: str) -> None:
    rows, expected = case(name)
    found, want = posterior(rows.model(rows.line), scales=(0.75, 0.3)), expected["trend_bhn"]

    def band(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        x = np.column_stack([np.ones_like(z), z])
        low, median, high = found.quantiles(x, np.array([0.025, 0.5, 0.975])).T
        return median, low, high

    start, horizon = expected["trend_reml"]["t_range"]
    time = crossing(band, threshold=1.0, start=start, horizon=horizon)
    for got, key in ((time.months, "T_point"), (time.low, "T_lower"), (time.high, "T_upper")):
        assert got == (None if want[key] is None else pytest.approx(want[key], rel=1e-3))
    z = np.log2([point["months"] for point in want["curve"]])
    median, low, high = band(z)
    assert median == pytest.approx([point["median"] for point in want["curve"]], abs=3e-4)
    assert low == pytest.approx([point["lo"] for point in want["curve"]], abs=3e-4)
    assert high == pytest.approx([point["hi"] for point in want["curve"]], abs=3e-4)


def dense(rows: Rows, design: FloatArray, tau2: float, omega2: float) -> tuple[FloatArray, FloatArray, float]:
    """Return the same as `surface` from whole matrices, as the formula is printed."""
    same = rows.study[:, None] == rows.study[None, :]
    sampling = visit_covariance(
        vi=rows.v, months=rows.months, study=[str(name) for name in rows.study], rho=0.7
    )
    total = sampling + tau2 * same + omega2 * np.eye(rows.y.size)
    inverse = np.linalg.inv(total)
    information = design.T @ inverse @ design
    b = np.linalg.solve(information, design.T @ inverse @ rows.y)
    off = rows.y - design @ b
    logs = [np.linalg.slogdet(matrix)[1] for matrix in (design.T @ design, total, information)]
    free = rows.y.size - design.shape[1]
    value = (-free * np.log(2 * np.pi) + logs[0] - logs[1] - logs[2] - off @ inverse @ off) / 2
    return b, np.linalg.inv(information), float(value)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), tau2=st.floats(0, 4), omega2=st.floats(0, 2))
def test_the_surface_is_the_printed_formula(seed: int, tau2: float, omega2: float) -> None:
    rows = made(seed)
    found = surface(rows.model(rows.line), tau2=np.array([tau2]), omega2=np.array([omega2]))
    b, vcov, value = dense(rows, rows.line, tau2, omega2)
    assert found.b[0, 0] == pytest.approx(b, rel=1e-8, abs=1e-9)
    assert found.vcov[0, 0] == pytest.approx(vcov, rel=1e-8, abs=1e-10)
    assert found.log_likelihood[0, 0] == pytest.approx(value, rel=1e-10, abs=1e-8)


def made(seed: int) -> Rows:
    """Return random rows of 2 to 6 studies."""
    random = np.random.default_rng(seed)
    picked = []
    for study in range(random.integers(2, 7)):
        times = sorted(random.choice([0.25, 1, 3, 6, 12, 24], size=random.integers(2, 5), replace=False))
        shift = random.normal(0, 0.6)
        picked += [
            {
                "study": f"S{study}",
                "months": float(time),
                "d": 1.5 - 0.4 * np.log2(time) + shift + random.normal(0, 0.4),
                "v": float(random.uniform(0.05, 0.4)),
            }
            for time in times
        ]
    return Rows({"rows": picked})


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_pair_of_variances_is_more_likely_than_the_maximum(seed: int) -> None:
    rows = made(seed)
    model = rows.model(rows.line)
    found = restricted_maximum(model)
    steps = np.r_[0.0, np.geomspace(1e-5, 20, 60)]
    grid = surface(model, tau2=steps, omega2=steps).log_likelihood
    assert grid.max() <= found.log_likelihood + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_the_unit_of_the_effects_does_not_matter(seed: int, factor: float) -> None:
    rows = made(seed)
    scaled = made(seed)
    scaled.y, scaled.v = rows.y * factor, rows.v * factor**2
    one, other = (restricted_maximum(each.model(each.line)) for each in (rows, scaled))
    assert other.b == pytest.approx(one.b * factor, rel=1e-5, abs=1e-7 * factor)
    assert other.tau2 == pytest.approx(one.tau2 * factor**2, rel=1e-5, abs=1e-7 * factor**2)
    wide = posterior(scaled.model(scaled.line), scales=(0.75 * factor, 0.3 * factor))
    weak = posterior(rows.model(rows.line), scales=(0.75, 0.3))
    x, p = np.array([[1.0, 2.0]]), np.array([0.025, 0.5, 0.975])
    assert wide.quantiles(x, p) == pytest.approx(weak.quantiles(x, p) * factor, rel=1e-8, abs=1e-9 * factor)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    rows = made(seed)
    order = np.random.default_rng(seed).permutation(rows.y.size)
    turned = made(seed)
    turned.y, turned.v, turned.months, turned.study = (
        column[order] for column in (rows.y, rows.v, rows.months, rows.study)
    )
    turned.line = rows.line[order]
    one, other = (restricted_maximum(each.model(each.line)) for each in (rows, turned))
    assert other.b == pytest.approx(one.b, rel=1e-6, abs=1e-8)


def test_prior_and_data_that_disagree_reach_beyond_four_scales() -> None:
    rows = made(3)
    rows.y = rows.y + 40.0 * rows.study
    found = posterior(rows.model(rows.line), scales=(0.75, 0.3))
    assert found.tau.max() > 4 * 0.75
    assert found.weights.sum() == pytest.approx(1.0)


def test_one_visit_per_study_tells_nothing_of_the_decline() -> None:
    rows = Rows({"rows": [{"study": f"S{i}", "months": 2.0**i, "d": 1.0, "v": 0.1} for i in range(4)]})
    assert decline_within(rows.model(rows.line), omega2=0.0, critical=lambda _: 2.0, level=0.95) is None


def test_times_outside_the_range_are_never_given() -> None:
    def band(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return 2 - 0.1 * z, 1.5 - 0.1 * z, 2.5 - 0.1 * z

    still = crossing(band, threshold=1.0, start=1.0, horizon=12.0)
    assert (still.months, still.low, still.high) == (None, None, None)
    never = crossing(band, threshold=5.0, start=1.0, horizon=12.0)
    assert (never.months, never.low, never.high) == (0.0, 0.0, 0.0)
