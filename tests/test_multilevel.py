"""Multilevel models: gradients, invariances, special cases known otherwise, bounds, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meta_multilevel
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.longitudinal import fitting, marginal, structures
from spineevidence.longitudinal.inputs import RandomTerm
from spineevidence.longitudinal.multilevel import fit_multilevel
from spineevidence.longitudinal.multilevelfit import MultilevelFit
from spineevidence.pooling.mixedmodel import fit_models
from spineevidence.pooling.pool import pool

FloatArray = npt.NDArray[np.float64]

META = Path(__file__).parent / "oracles" / "meta"
SAME = 1e-6  # relative: variances of two searches that end where the gradient is 0
CLOSE = 1e-8  # of a standard error: coefficients of the same
DIFFERENCE = 1e-5  # relative: central differences against exact derivatives
TIMES = np.array([1.5, 3.0, 6.0, 12.0])
ONE_PER_LEVEL = ("DIAG", "HCS", "HAR", "UN")
SEEDS = st.integers(min_value=0, max_value=10_000)
FEW = settings(max_examples=10, deadline=None)


def draw(seed: int, *, studies: int = 20, between: float = 2.0) -> dict[str, Any]:
    """Return effects of studies at some of four times, with correlated errors."""
    rng = np.random.default_rng(seed)
    there = rng.random((studies, 4)) < 0.75
    there[:, 0] |= ~there.any(axis=1)
    there[0] = True
    study, time = np.nonzero(there)
    spread = rng.uniform(0.5, 2.0, study.size)
    apart = np.abs(TIMES[time][:, None] - TIMES[time])
    v = np.where(study[:, None] == study, 0.95**apart, 0.0) * np.outer(spread, spread)
    noise = np.linalg.cholesky(v) @ rng.standard_normal(study.size)
    level = np.sqrt(between) * rng.standard_normal(studies)
    own = np.sqrt(between / 2) * rng.standard_normal(study.size)
    return {
        "yi": 3.0 - 0.5 * np.log(TIMES[time]) + level[study] + own + noise,
        "v": v,
        "design": np.column_stack([np.ones(study.size), np.log(TIMES[time])]),
        "study": study,
        "time": TIMES[time],
    }


def fit(data: dict[str, Any], structure: str = "CS", **words: Any) -> MultilevelFit:
    term = RandomTerm(outer=data["study"], inner=data["time"], structure=structure, name="t")
    return fit_multilevel(yi=data["yi"], v=data["v"], design=data["design"], terms=[term], **words)


def estimates(found: MultilevelFit) -> FloatArray:
    return found.components_frame()["estimate"].to_numpy()


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("structure", structures.STRUCTURES)
@given(seed=SEEDS)
@FEW
def test_derivatives_are_those_of_the_likelihood(structure: str, method: str, seed: int) -> None:
    data = draw(seed % 50, studies=8)
    model = fit(data, structure, method=method)._state.model
    rng = np.random.default_rng(seed)
    low, high = structures.bounds(model.terms[0].form)
    place = rng.uniform(0.2, 0.8, low.size) * np.where(np.isfinite(high), high, 2.0)
    _, slope, bend = marginal.derivatives(model, place)
    step = 1e-5
    for i, one in enumerate(np.eye(low.size)):
        above = marginal.derivatives(model, place + step * one)
        below = marginal.derivatives(model, place - step * one)
        assert (above[0] - below[0]) / (2 * step) == pytest.approx(slope[i], rel=DIFFERENCE, abs=DIFFERENCE)
        assert (above[1] - below[1]) / (2 * step) == pytest.approx(bend[i], rel=1e-4, abs=1e-4)


def test_all_starts_at_once_have_the_likelihood_of_each() -> None:
    model = fit(draw(1), "HAR")._state.model
    places = [place for _, place in fitting._starts(model)]
    alone = [marginal.solve(model, marginal.values_at(model, place)).loglik for place in places]
    assert marginal.log_likelihoods(model, places) == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("structure", structures.STRUCTURES)
def test_the_gradient_is_0_at_the_estimate(structure: str) -> None:
    state = fit(draw(3, studies=40), structure)._state
    _, slope, bend = marginal.derivatives(state.model, state.parameters)
    free = ~state.at_bound
    assert np.abs((slope * fitting.box(state.model).scale)[free]).max(initial=0.0) < 1e-7
    assert (np.linalg.eigvalsh(bend[np.ix_(free, free)]) < 1e-6).all()


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("structure", ["CS", "CAR", "HAR"])
@given(seed=SEEDS)
@FEW
def test_the_order_of_rows_does_not_matter(structure: str, method: str, seed: int) -> None:
    data = draw(seed)
    rows = np.random.default_rng(seed).permutation(data["yi"].size)
    moved = {name: values[rows] for name, values in data.items()} | {"v": data["v"][np.ix_(rows, rows)]}
    one, other = fit(data, structure, method=method), fit(moved, structure, method=method)
    assert other.loglik == pytest.approx(one.loglik, abs=1e-8)
    assert other.b == pytest.approx(one.b, rel=SAME, abs=SAME)


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("structure", ["ID", "CS", "AR", "UN"])
@given(seed=SEEDS, factor=st.sampled_from([1e-3, 0.2, 7.0, 1e4]))
@FEW
def test_units_do_not_matter(structure: str, method: str, seed: int, factor: float) -> None:
    data = draw(seed, studies=30)
    other = data | {"yi": factor * data["yi"], "v": factor**2 * data["v"]}
    one, two = fit(data, structure, method=method), fit(other, structure, method=method)
    k, p = data["design"].shape
    n = k - p if method == "REML" else k
    assert two.loglik + n * np.log(factor) == pytest.approx(one.loglik, abs=1e-7)
    assert two.b / factor == pytest.approx(one.b, rel=SAME, abs=SAME)
    assert two.components[0].covariance / factor**2 == pytest.approx(
        one.components[0].covariance, rel=1e-3, abs=1e-4
    )


@pytest.mark.parametrize("method", ["ML", "REML"])
@given(seed=SEEDS, shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)))
@FEW
def test_adding_a_multiple_of_the_design_moves_the_coefficients_alone(
    method: str, seed: int, shift: tuple[float, float]
) -> None:
    data = draw(seed)
    other = data | {"yi": data["yi"] + data["design"] @ shift}
    one, two = fit(data, method=method), fit(other, method=method)
    assert two.b - np.array(shift) == pytest.approx(one.b, abs=1e-6)
    assert two.se == pytest.approx(one.se, rel=SAME)
    assert two.loglik == pytest.approx(one.loglik, abs=1e-8)


@pytest.mark.parametrize("method", ["ML", "REML"])
@given(seed=SEEDS)
@FEW
def test_a_random_intercept_of_single_rows_is_plain_pooling(method: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(5, 25))
    v = rng.uniform(0.05, 0.5, k)
    y = rng.normal(1.0, np.sqrt(v + 0.3))
    found = fit_multilevel(yi=y, v=v, intercepts={"study": np.arange(k)}, method=method)
    plain = pool(EffectSizes(yi=y, vi=v), method=method, test="z")
    assert found.b[0] == pytest.approx(plain.b, abs=1e-7 * plain.se)
    assert found.se[0] == pytest.approx(plain.se, rel=1e-7)
    assert found.sigma2[0] == pytest.approx(plain.tau2, rel=SAME, abs=1e-9)
    assert found.q == pytest.approx(plain.q)


def test_with_moderators_it_is_plain_regression() -> None:
    rng = np.random.default_rng(5)
    v, x = rng.uniform(0.05, 0.5, 20), rng.uniform(0, 10, 20)
    y, design = rng.normal(0.2 * x, np.sqrt(v + 0.3)), np.column_stack([np.ones(20), x])
    found = fit_multilevel(yi=y, v=v, design=design, intercepts={"study": np.arange(20)}, test="t")
    plain = fit_models(yi=y, vi=v, design=design, test="t")
    assert found.b == pytest.approx(plain.beta[0], rel=1e-8)
    assert found.loglik == pytest.approx(plain.loglik[0], abs=1e-8)
    assert found.df.tolist() == [18.0, 18.0]


@pytest.mark.parametrize("seed", range(6))
def test_cs_is_an_intercept_of_groups_and_one_of_rows(seed: int) -> None:
    data = draw(seed)
    rows = np.arange(data["yi"].size)
    both = fit_multilevel(
        yi=data["yi"], v=data["v"], design=data["design"], intercepts={"study": data["study"], "row": rows}
    )
    shared, own = both.sigma2
    one = fit(data, "CS")
    if one.components[0].rho[0] > 0:  # intercepts cannot make it negative
        assert one.components[0].tau2[0] == pytest.approx(shared + own, rel=SAME)
        assert one.components[0].rho[0] == pytest.approx(shared / (shared + own), rel=SAME)
        assert one.loglik == pytest.approx(both.loglik, abs=1e-8)


def test_structures_with_two_equal_steps_agree() -> None:
    data = draw(7, studies=40)
    data["yi"] = data["yi"] + 3 * np.sin(data["study"])
    data["time"] = np.searchsorted(TIMES, data["time"]).astype(float)
    one, two = fit(data, "AR"), fit(data, "CAR")
    assert one.components[0].rho[0] > 0
    assert estimates(two) == pytest.approx(estimates(one), rel=SAME)


@pytest.mark.parametrize("seed", range(4))
def test_a_structure_within_another_is_never_better(seed: int) -> None:
    data = draw(seed, studies=40)
    height = {structure: fit(data, structure).loglik for structure in structures.STRUCTURES}
    for inner, outer in (
        ("ID", "CS"), ("ID", "AR"), ("ID", "DIAG"), ("CS", "HCS"), ("AR", "HAR"), ("DIAG", "HCS"),
        ("HCS", "UN"), ("HAR", "UN"), ("DIAG", "UN"),
    ):  # fmt: skip
        assert height[inner] <= height[outer] + 1e-6


def test_a_dense_formula_gives_the_same() -> None:
    data = draw(11)
    found = fit(data, "HAR")
    component = found.components[0]
    code = np.searchsorted(TIMES, data["time"])
    same = data["study"][:, None] == data["study"]
    m = data["v"] + np.where(same, component.covariance[np.ix_(code, code)], 0.0)
    w, x, y = np.linalg.inv(m), data["design"], data["yi"]
    b = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    r = y - x @ b
    k, p = x.shape
    logs = [np.linalg.slogdet(part)[1] for part in (x.T @ x, m, x.T @ w @ x)]
    loglik = -0.5 * ((k - p) * np.log(2 * np.pi) - logs[0] + logs[1] + logs[2] + r @ w @ r)
    assert found.b == pytest.approx(b, rel=1e-9)
    assert found.vcov == pytest.approx(np.linalg.inv(x.T @ w @ x), rel=1e-9)
    assert found.loglik == pytest.approx(loglik, abs=1e-9)


def dense_likelihood(found: MultilevelFit, v: FloatArray, study: FloatArray, level: FloatArray) -> float:
    """Return the log-likelihood from whole matrices, as the formula is printed."""
    state = found._state
    same = np.asarray(study)[:, None] == study
    m = v + np.where(same, found.components[0].covariance[np.ix_(level, level)], 0.0)
    w, x = np.linalg.inv(m), state.x
    y = state.model.y
    r = y - x @ np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    logs = [np.linalg.slogdet(part)[1] for part in (x.T @ x, m, x.T @ w @ x)]
    if found.method == "ML":
        return float(-0.5 * (y.size * np.log(2 * np.pi) + logs[1] + r @ w @ r))
    free = y.size - x.shape[1]
    return float(-0.5 * (free * np.log(2 * np.pi) - logs[0] + logs[1] + logs[2] + r @ w @ r))


@pytest.mark.parametrize("name", sorted(meta_multilevel.LOWER_MAXIMUM))
def test_a_higher_maximum_than_that_of_one_start_is_found(name: str) -> None:
    file = json.loads((META / "rma_mv__synthetic_long_1.json").read_text(encoding="utf-8"))
    case = next(case for case in file["cases"] if case["id"] == name)
    highest = meta_multilevel.fitted(file["inputs"], case)
    lower = meta_multilevel.fitted_at_the_maximum_of_the_file(file["inputs"], case)
    data = file["inputs"]["data"]
    level = np.searchsorted(case["settings"]["inner_levels"], data["months"])
    heights = [
        dense_likelihood(fit, np.array(file["inputs"]["V"]), np.array(data["study"]), level)
        for fit in (highest, lower)
    ]
    assert heights == pytest.approx([highest.loglik, lower.loglik], abs=1e-8)
    assert heights[1] == pytest.approx(case["expected"]["logLik"], abs=1e-8)
    assert heights[0] > heights[1] + 0.09
    assert any(note.startswith("SEVERAL_MAXIMA: ") for note in highest.notes)


@pytest.mark.parametrize("structure", ["CS", "CAR", "HCS", "HAR", "UN"])
@pytest.mark.parametrize("seed", [51, 57, 115, 158])
def test_no_place_is_higher_than_the_maximum(structure: str, seed: int) -> None:
    data = draw(seed, studies=12, between=0.2)
    found = fit(data, structure)
    model = found._state.model
    area, rng = fitting.box(model), np.random.default_rng(seed)
    low = np.where(np.isfinite(area.low), area.low, -2 * area.scale)
    high = np.where(np.isfinite(area.high), area.high, 2 * area.scale)
    tried = [low + (high - low) * rng.random(low.size) ** 2 for _ in range(12)]
    reached = [fitting.reach(lambda at: marginal.derivatives(model, at), area, place) for place in tried]
    assert max(peak.height for peak in reached) <= found.loglik + 1e-6


def test_crossed_groups_are_one_block() -> None:
    rng = np.random.default_rng(2)
    study, team = np.repeat(np.arange(10), 4), np.tile(np.arange(4), 10)
    y = rng.normal(0, 1, 10)[study] + rng.normal(0, 2, 4)[team] + rng.normal(0, 0.7, 40)
    found = fit_multilevel(yi=y, v=np.full(40, 0.5), intercepts={"study": study, "team": team})
    assert [one.rows.shape for one in found._state.model.blocks] == [(1, 40)]
    grid = y.reshape(10, 4)
    between = 4 * grid.mean(axis=1).var(ddof=1), 10 * grid.mean(axis=0).var(ddof=1)
    # of a balanced table with errors of known variance the mean squares are the estimates
    rest = (((grid - grid.mean(axis=1)[:, None] - grid.mean(axis=0) + grid.mean()) ** 2).sum()) / 27
    assert rest > 0
    assert found.sigma2 == pytest.approx([(between[0] - 0.5) / 4, (between[1] - 0.5) / 10], rel=SAME)


def test_a_variance_of_0_is_reached_and_named() -> None:
    data = draw(1, between=0.0)
    data["yi"] = data["design"] @ [3.0, -0.5]
    found = fit(data, "HCS")
    assert (found.components[0].tau2 == 0).all()
    assert any("t: variance at 1.5 is 0" in note for note in found.notes)
    assert "Note: t: variance" in str(found)


def test_a_correlation_of_1_is_reached_and_named() -> None:
    data = draw(1)
    level = np.random.default_rng(1).normal(0, 5, 20)
    data["yi"] = data["design"] @ [3.0, -0.5] + level[data["study"]]
    found = fit(data, "CS")
    assert found.components[0].rho.tolist() == [1.0]
    assert found.notes == ("t: correlation is at its limit, 1.00: the likelihood is highest at this bound",)
    interval = found.profile_interval("t: correlation")
    assert interval.high == 1.0
    assert interval.high_at_bound


def test_correlations_that_no_group_tells_are_named() -> None:
    data = draw(2)
    single = fit_multilevel(
        yi=data["yi"],
        v=np.diagonal(data["v"]),
        terms=[RandomTerm(outer=np.arange(data["yi"].size), inner=data["time"], structure="AR", name="t")],
    )
    assert single.components[0].rho.tolist() == [0.0]
    assert single.n_par == 2
    assert "no group has two levels" in single.notes[-1]
    with pytest.raises(InputError, match="no group has two levels; ask for a variance"):
        single.profile_interval("t: correlation")
    apart = fit_multilevel(
        yi=[1.0, 2.5, 0.5, 2.0, 3.0, 2.0],
        v=np.full(6, 0.2),
        terms=[RandomTerm(outer=[1, 1, 2, 2, 3, 3], inner=[1, 2, 1, 2, 1, 3], structure="UN", name="t")],
    )
    assert any("no group has both 2 and 3" in note for note in apart.notes)


@pytest.mark.parametrize("structure", structures.STRUCTURES)
def test_profile_intervals_hold_the_estimate_and_fall_as_much_as_they_say(structure: str) -> None:
    data = draw(3, studies=40)
    found = fit(data, structure)
    for name, estimate, _ in found.components[0].rows():
        one = found.profile_interval(name)
        narrow = found.profile_interval(name, level=0.5)
        assert one.low <= narrow.low <= estimate + 1e-9
        assert estimate - 1e-9 <= narrow.high <= one.high
        assert str(one).startswith(name)


@pytest.mark.parametrize("structure", ["HCS", "HAR"])
def test_with_two_levels_an_unstructured_matrix_has_the_same_profiles(structure: str) -> None:
    data = draw(5, studies=40)
    two = data["time"] < 5
    data = {name: values[two] for name, values in data.items()} | {"v": data["v"][np.ix_(two, two)]}
    one, other = fit(data, "UN"), fit(data, structure)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-8)
    names = zip(one.components_frame().index, other.components_frame().index, strict=True)
    for left, right in names:
        first, second = one.profile_interval(left), other.profile_interval(right)
        assert (first.low, first.high) == pytest.approx((second.low, second.high), rel=SAME, abs=SAME)


def test_a_profile_interval_is_that_of_a_plain_variance() -> None:
    rng = np.random.default_rng(8)
    v = rng.uniform(0.05, 0.5, 15)
    y = rng.normal(1.0, np.sqrt(v + 0.3))
    found = fit_multilevel(yi=y, v=v, intercepts={"study": np.arange(15)}).profile_interval("study: variance")
    plain = [
        fit_models(yi=y, vi=v, design=np.ones((15, 1)), tau2=[t]).loglik[0] for t in (found.low, found.high)
    ]
    top = fit_models(yi=y, vi=v, design=np.ones((15, 1))).loglik[0]
    assert 2 * (top - np.array(plain)) == pytest.approx([3.841458820694124] * 2, rel=1e-6)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1p", "CR2", "metafor"])
def test_single_rows_as_clusters_have_the_known_factors(kind: str) -> None:
    rng = np.random.default_rng(4)
    k = 12
    v, x = rng.uniform(0.1, 1.0, k), np.column_stack([np.ones(k), rng.normal(size=k)])
    y = rng.normal(x @ [1.0, 0.5], np.sqrt(v))
    found = fit_multilevel(yi=y, v=v, design=x, method="EE")
    w = 1 / v
    c = np.linalg.inv((x * w[:, None]).T @ x)
    hat = w * np.einsum("ij,jk,ik->i", x, c, x)
    factor = {"CR0": 1.0, "CR1": k / (k - 1), "CR2": 1 / (1 - hat)}.get(kind, k / (k - 2))
    middle = x * (w * (y - x @ found.b))[:, None]
    expected = c @ (middle.T * factor) @ middle @ c
    robust = found.robust(np.arange(k), kind=kind)
    assert robust.vcov == pytest.approx(expected, rel=1e-10)
    assert (robust.df < k).all()


def test_a_coefficient_of_one_cluster_has_no_robust_standard_error() -> None:
    alone = np.array([0.0] * 5 + [1.0])
    found = fit_multilevel(
        yi=[1, 2, 3, 4, 5, 6], v=np.ones(6), design=np.column_stack([1 - alone, alone]), method="EE"
    ).robust(range(6))
    assert found.expected == pytest.approx([1, 0], abs=1e-12)
    assert found.df == pytest.approx([4, 0])
    assert (found.se[1], found.ci_low[1], found.ci_high[1], found.p[1]) == (np.inf, -np.inf, np.inf, 1.0)
    assert found.notes == ("x1: one cluster alone tells it, so that it has no robust standard error",)


def test_a_robust_variance_is_on_average_what_it_says() -> None:
    rng = np.random.default_rng(4)
    study = np.repeat(np.arange(6), 3)
    late = np.array([0.0] * 14 + [1, 0, 1, 0])  # late rows of two studies
    x = np.column_stack([np.ones(18), late])
    v = 0.5 * np.eye(18) + 0.5 * (study[:, None] == study)
    lower = np.linalg.cholesky(v)
    found = [
        fit_multilevel(yi=lower @ rng.standard_normal(18), v=v, design=x, method="EE").robust(study)
        for _ in range(1500)
    ]
    true = np.diagonal(np.linalg.inv(x.T @ np.linalg.solve(v, x)))
    mean = np.mean([one.se**2 for one in found], axis=0) / true
    assert found[0].expected == pytest.approx(mean, abs=0.08)


def test_equal_clusters_of_a_mean_have_one_degree_of_freedom_less() -> None:
    rng = np.random.default_rng(4)
    study = np.repeat(np.arange(9), 3)
    y = rng.normal(0, 1, 9)[study] + rng.normal(0, 1, 27)
    found = fit_multilevel(yi=y, v=np.ones(27), intercepts={"study": study})
    means = y.reshape(9, 3).mean(axis=1)
    robust = found.robust(study)
    assert robust.df == pytest.approx([8.0])
    assert robust.se == pytest.approx([means.std(ddof=1) / 3])
    assert "9 clusters" in repr(robust)
    assert robust.to_frame().columns.tolist()[0] == "b"


def test_predictions_at_the_data_are_those_of_their_design_and_levels() -> None:
    data = draw(6)
    found = fit(data, "HAR", test="t")
    there = found.predict()
    again = found.predict(data["design"], levels=data["time"])
    named = found.predict(data["design"], levels={"t": data["time"]})
    pd.testing.assert_frame_equal(there, again)
    pd.testing.assert_frame_equal(there, named)
    assert there["pred"].to_numpy() == pytest.approx(data["design"] @ found.b)
    assert (there["pi_low"] < there["ci_low"]).all()


def test_predictions_of_groups_shrink_their_means() -> None:
    study = np.repeat(np.arange(6), 2)
    y = np.array([1.0, 3, 2, 2, 5, 6, 8, 7, 4, 4, 9, 8])
    found = fit_multilevel(yi=y, v=np.ones(12), intercepts={"study": study})
    table = found.blups()
    tau2, mean = found.sigma2[0], found.b[0]
    assert table["blup"].to_numpy() == pytest.approx(
        tau2 / (tau2 + 0.5) * (y.reshape(6, 2).mean(axis=1) - mean)
    )
    assert table["level"].tolist() == [None] * 6
    assert found.blups().columns.tolist() == ["term", "group", "level", "blup", "se", "pi_low", "pi_high"]
    known = tau2 * 0.5 / (tau2 + 0.5) + (tau2 / (tau2 + 0.5)) ** 2 * found.vcov[0, 0]
    assert table["se"].to_numpy() ** 2 == pytest.approx(known)


def test_one_effect_model_is_generalised_least_squares() -> None:
    found = fit_multilevel(yi=[1.0, 2.0, 4.0], v=[[1.0, 0.5, 0], [0.5, 1.0, 0], [0, 0, 2.0]], method="EE")
    w = np.linalg.inv([[1.0, 0.5, 0], [0.5, 1.0, 0], [0, 0, 2.0]])
    assert found.b[0] == pytest.approx(w.sum(axis=0) @ [1, 2, 4] / w.sum())
    assert found.components == ()
    assert found.blups().empty
    assert found.sigma2.size == 0
    assert found.predict().iloc[0][["ci_low"]].to_numpy() == pytest.approx(found.ci_low)


def test_a_fit_shows_itself() -> None:
    found = fit(draw(1), "CS")
    assert repr(found).startswith("<MultilevelFit: k ")
    assert "Q " in str(found)
    assert "<table>" in found._repr_html_()
    assert found.to_frame().index.tolist() == ["intercept", "x1"]
    assert found.components_frame().index.tolist() == ["t: variance", "t: correlation"]
    assert found.qm.names == ("x1",)
    assert found.wald(["intercept", "x1"]).df == (2,)
    frame = pd.DataFrame({"one": 1.0, "two": [1.0, 2, 3, 5]})
    named = fit_multilevel(yi=[1.0, 2, 2, 4], v=np.ones(4), design=frame, intercepts={"s": list("aabb")})
    assert named.names == ("one", "two")


def test_nested_groups_may_be_columns_of_a_table() -> None:
    table = pd.DataFrame({"district": [1, 1, 1, 2, 2, 2], "school": [1, 1, 2, 1, 2, 2]})
    found = fit_multilevel(
        yi=[1.0, 2, 4, 3, 7, 5],
        v=np.full(6, 0.1),
        intercepts={"district": table["district"], "school": table},
        test="t",
        freedom="residual",
    )
    assert [component.groups for component in found.components] == [2, 4]
    assert found.df.tolist() == [5.0]
    assert found.blups()["group"].tolist()[2:] == [(1, 1), (1, 2), (2, 1), (2, 2)]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "asymmetric": ({"v": [[1, 0.2, 0], [0.1, 1, 0], [0, 0, 1]]}, "v must be symmetric; found 0.2 in row 0"),
    "indefinite": (
        {"v": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]},
        "v must be positive definite; the covariances of positions 0, 1 have the eigenvalue -1",
    ),
    "shape of v": ({"v": [1.0, 2.0]}, "v must have shape (3,) or (3, 3)"),
    "variance of 0": ({"v": [1.0, 0.0, 1.0]}, "sampling variances must be above 0"),
    "not finite": ({"yi": [1.0, np.nan, 2.0]}, "yi must be finite"),
    "no rows": ({"yi": [], "v": []}, "yi must be one row of effects"),
    "design": ({"design": np.ones((2, 1))}, "design must have a row for each of the 3 effects"),
    "too many": ({"design": np.eye(3)}, "3 coefficients need more than 3 effects; found 3"),
    "rank": (
        {"design": [[1, 2], [1, 2], [1, 2]]},
        'columns of the design must be independent; "x1" is the sum',
    ),
    "zero column": ({"design": [[1, 0], [1, 0], [1, 0]]}, "must be independent"),
    "names": ({"names": ["a", "b"]}, "1 different names of coefficients are needed; found a and b"),
    "method": ({"method": "DL"}, 'no method is called "DL"'),
    "test": ({"test": "knha"}, 'no test is called "knha"'),
    "freedom": ({"freedom": "all"}, "no rule for degrees of freedom"),
    "level": ({"level": 95}, "a level must lie between 0 and 1"),
    "EE": ({"method": "EE", "intercepts": {"s": [1, 2, 3]}}, 'method "EE" has no random effects; found s'),
    "labels": ({"intercepts": {"s": [1, 2]}}, "s must have 3 labels"),
    "missing label": ({"intercepts": {"s": ["a", None, "b"]}}, "s must have no missing labels"),
    "wide labels": ({"intercepts": {"s": np.ones((3, 2))}}, "s must be one column"),
    "structure": ({"terms": [RandomTerm([1, 1, 2], [1, 2, 1], "CAS")]}, 'no structure is called "CAS"'),
    "twice": ({"terms": [RandomTerm([1, 1, 2], [1, 1, 1])]}, "a level may occur once in a group; found 1"),
    "times": ({"terms": [RandomTerm([1, 1, 2], ["a", "b", "a"], "CAR")]}, "CAR needs times as inner levels"),
    "order": (
        {"terms": [RandomTerm([1, 1, 2], [1, 2, 1], levels=[1])]},
        "the order must hold every level once; found 2",
    ),
    "same names": (
        {"terms": [RandomTerm([1, 1, 2], [1, 2, 1]), RandomTerm([1, 1, 2], [1, 2, 1])]},
        "random effects need different names",
    ),
    "containment": (
        {"intercepts": {"s": [1, 1, 1]}, "test": "t"},
        "containment leaves no degree of freedom: 1 groups for 1 coefficient",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(case: str) -> None:
    words, message = BAD[case]
    with pytest.raises(InputError, match=re.escape(message)):
        fit_multilevel(**({"yi": [1.0, 2.0, 3.0], "v": [1.0, 1.0, 1.0]} | words))


def test_bad_questions_are_refused_in_words() -> None:
    data = draw(1)
    found = fit(data, "HCS")
    with pytest.raises(InputError, match="a prediction needs a column for each of the 2 coefficients"):
        found.predict([[1.0]])
    with pytest.raises(InputError, match="the variances of t differ between levels"):
        found.predict([[1.0, 2.0]])
    with pytest.raises(InputError, match="one level for each of 1 rows"):
        found.predict([[1.0, 2.0]], levels=[3.0, 6.0])
    with pytest.raises(UnknownNameError, match="level of t"):
        found.predict([[1.0, 2.0]], levels=[5.0])
    with pytest.raises(UnknownNameError, match="component"):
        found.profile_interval("tau2")
    with pytest.raises(UnknownNameError, match="coefficient"):
        found.wald(["slope"])
    with pytest.raises(InputError, match="rows that depend on each other must lie in one cluster"):
        found.robust(np.arange(found.k))
    with pytest.raises(InputError, match="CR1p needs 3 clusters or more; found 1"):
        found.robust(np.zeros(found.k), kind="CR1p")
    with pytest.raises(InputError, match="kind of robust standard errors"):
        found.robust(data["study"], kind="HC3")
