"""Covariances: published examples, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.formulas import correlations
from spineevidence.formulas.covariances import (
    aggregate,
    constant_covariance,
    shared_group_covariance,
    visit_covariance,
)

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation

VARIANCES = st.lists(st.floats(0.01, 5), min_size=2, max_size=6)


def test_two_outcomes_as_in_borenstein() -> None:
    # Borenstein 2009, chapter 24, study 1: reading 0.30 and maths 0.10, variances 0.05, r = 0.5
    covariance = constant_covariance(vi=[0.05, 0.05], rho=0.5)
    plain = aggregate(yi=[0.30, 0.10], covariance=covariance, study=["1", "1"], weighted=False).effects
    assert plain.yi[0] == pytest.approx(0.20)
    assert plain.vi[0] == pytest.approx(0.0375)
    weighted = aggregate(yi=[0.30, 0.10], covariance=covariance, study=["1", "1"]).effects
    assert weighted.yi[0] == pytest.approx(plain.yi[0])
    assert weighted.vi[0] == pytest.approx(plain.vi[0])


def test_effects_that_follow_from_others_have_a_plain_mean_alone() -> None:
    # one effect told twice: the matrix is singular, the mean and its variance are those of the effect
    twice = {"yi": [0.30, 0.10], "covariance": [[0.05, 0.05], [0.05, 0.05]], "study": ["1", "1"]}
    plain = aggregate(**twice, weighted=False).effects
    assert (plain.yi[0], plain.vi[0]) == pytest.approx((0.20, 0.05))
    with pytest.raises(InputError, match="positive definite"):
        aggregate(**twice)
    # contrasts A-B, A-C and B-C of one study: the third is the difference of the others
    chain = shared_group_covariance(
        vi=[0.1] * 3,
        study=["s"] * 3,
        group1=["A", "A", "B"],
        group2=["B", "C", "C"],
        n1=[20] * 3,
        n2=[20] * 3,
    )
    three = aggregate(yi=[0.2, 0.3, 0.1], covariance=chain, study=["s"] * 3, weighted=False).effects
    assert three.vi[0] == pytest.approx((3 * 0.1 + 2 * (0.05 + 0.05 - 0.05)) / 9)


def test_a_doubling_of_time_has_the_correlation_of_a_doubling() -> None:
    found = visit_covariance(vi=[1, 4, 9], months=[3, 6, 12], rho=0.7)
    expected = [[1, 0.7 * 2, 0.49 * 3], [0.7 * 2, 4, 0.7 * 6], [0.49 * 3, 0.7 * 6, 9]]
    assert found == pytest.approx(np.array(expected))
    linear = visit_covariance(vi=[1, 1, 1], months=[1, 2, 4], rho=0.5, decay="linear")
    assert linear[0] == pytest.approx([1, 0.5, 0.125])


@given(VARIANCES, st.floats(0, 0.99), st.sampled_from(["doubling", "linear"]))
def test_visits_have_a_covariance_matrix(vi: list[float], rho: float, decay: str) -> None:
    months = np.arange(1, len(vi) + 1)
    found = visit_covariance(vi=vi, months=months, rho=rho, decay=decay)
    assert np.array_equal(found, found.T)
    assert np.diag(found) == pytest.approx(vi)
    assert np.linalg.eigvalsh(found)[0] > 0


@given(VARIANCES, st.floats(-0.19, 0.95))
def test_one_correlation_gives_a_covariance_matrix(vi: list[float], rho: float) -> None:
    found = constant_covariance(vi=vi, rho=rho)
    assert np.linalg.eigvalsh(found)[0] > 0
    root = np.sqrt(vi)
    assert (found / np.outer(root, root))[0, 1] == pytest.approx(rho, abs=1e-12)


def test_studies_are_apart_wherever_their_rows_stand() -> None:
    study = ["a", "b", "a", "b"]
    found = constant_covariance(vi=[1, 1, 1, 1], rho=0.5, study=study)
    assert found.tolist() == [[1, 0, 0.5, 0], [0, 1, 0, 0.5], [0.5, 0, 1, 0], [0, 0.5, 0, 1]]
    combined = aggregate(yi=[1, 5, 3, 9], covariance=found, study=study)
    assert combined.study == ("a", "b")
    assert combined.n_effects == (2, 2)
    assert combined.effects.yi == pytest.approx([2, 7])


@given(st.floats(0.5, 4), st.integers(2, 90), st.integers(2, 90), st.integers(2, 90))
def test_a_shared_control_has_the_variance_of_its_mean(sd: float, n1: int, n2: int, control: int) -> None:
    vi = [sd**2 * (1 / n1 + 1 / control), sd**2 * (1 / n2 + 1 / control)]
    found = shared_group_covariance(
        vi=vi, study=[1, 1], group1=["A", "B"], group2=["C", "C"], n1=[n1, n2], n2=[control, control]
    )
    between = float(correlations.shared_control_covariance(sd_control=sd, n_control=control))
    assert found == pytest.approx(np.array([[vi[0], between], [between, vi[1]]]))


def test_a_turned_contrast_turns_its_covariance() -> None:
    sizes = {"n1": [20, 30], "n2": [25, 25], "vi": [0.09, 0.08], "study": ["s", "s"]}
    there = shared_group_covariance(group1=["A", "B"], group2=["C", "C"], **sizes)
    turned = shared_group_covariance(
        **(sizes | {"n1": [20, 25], "n2": [25, 30]}), group1=["A", "C"], group2=["C", "B"]
    )
    assert turned[0, 1] == pytest.approx(-there[0, 1])
    apart = shared_group_covariance(group1=["A", "B"], group2=["C", "D"], **sizes)
    assert apart[0, 1] == 0


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=2, max_size=6))
def test_uncorrelated_effects_are_weighted_by_their_precision(pairs: list[tuple[float, float]]) -> None:
    yi, vi = map(np.array, zip(*pairs, strict=True))
    found = aggregate(yi=yi, covariance=np.diag(vi), study=["s"] * len(yi)).effects
    assert found.yi[0] == pytest.approx((yi / vi).sum() / (1 / vi).sum(), rel=1e-7, abs=1e-9)
    assert found.vi[0] == pytest.approx(1 / (1 / vi).sum(), rel=1e-7)


@given(VARIANCES, st.floats(0, 0.9))
def test_weights_never_do_worse_than_the_plain_mean(vi: list[float], rho: float) -> None:
    matrix = constant_covariance(vi=vi, rho=rho)
    given_ = {"yi": np.arange(len(vi)), "covariance": matrix, "study": ["s"] * len(vi)}
    weighted = aggregate(**given_).effects.vi[0]
    assert 0 < weighted <= aggregate(**given_, weighted=False).effects.vi[0] * (1 + ARITHMETIC)
    assert weighted <= min(vi) * (1 + ARITHMETIC)


def test_a_weight_below_0_is_said() -> None:
    matrix = constant_covariance(vi=[0.04, 0.40], rho=0.9)
    found = aggregate(yi=[0.5, 0.1], covariance=matrix, study=["s", "s"], measure="SMD").effects
    assert found.yi[0] > 0.5  # beyond both of its parts
    assert found.measure == "SMD"
    assert found.notes[-1].endswith("high: s.")
    assert len(aggregate(yi=[0.5, 0.1], covariance=np.eye(2), study=["s", "s"]).effects.notes) == 1


def test_one_effect_stays_as_it_is() -> None:
    found = aggregate(yi=[0.5], covariance=[[0.1]], study=["s"])
    assert (found.effects.yi[0], found.effects.vi[0]) == (0.5, pytest.approx(0.1))
    assert repr(found).startswith("<Aggregated: 1 effects of 1 studies")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: visit_covariance(vi=[1, 1], months=[6, 6]), "has a time twice"),
        (
            lambda: visit_covariance(vi=[1, 1], months=[3, 6], rho=1),
            "rho must lie from 0 to below 1; found 1",
        ),
        (lambda: visit_covariance(vi=[1, 1], months=[0, 6]), "months must be above 0"),
        (lambda: visit_covariance(vi=[1, 0], months=[3, 6]), "vi must be above 0; found 0 at position 1"),
        (lambda: visit_covariance(vi=[1, 1], months=[3, 6], decay="log"), 'no decay is called "log"'),
        (lambda: constant_covariance(vi=[1, 1, 1], rho=-0.6), "rho must lie from -0.5 to below 1"),
        (lambda: constant_covariance(vi=[1, 1], rho=0.5, study=["a"]), "study must be a list as long as"),
        (lambda: constant_covariance(vi=[[1, 1]], rho=0.5), "vi must have one dimension"),
        (lambda: _shared(group2=["B", "C"]), "sizes 25 and 30"),
        (lambda: _shared(group2=["A", "C"]), 'has "A" on both sides'),
        (lambda: aggregate(yi=[1, 2], covariance=[[1]], study=["a", "a"]), r"must have shape \(2, 2\)"),
        (lambda: aggregate(yi=[1, 2], covariance=np.ones((2, 2)), study=["a", "a"]), "positive definite"),
        (
            lambda: aggregate(yi=[1, 2], covariance=[[1, 2], [2, 1]], study=["a", "a"], weighted=False),
            "positive definite",
        ),
        (lambda: aggregate(yi=[1, 2], covariance=[[1, 0.5], [0.4, 1]], study=["a", "a"]), "symmetric"),
        (
            lambda: aggregate(yi=[1, 2], covariance=[[1, 0.5], [0.5, 1]], study=["a", "b"]),
            "effects of different studies must have covariance 0",
        ),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def _shared(group2: list[str]) -> object:
    return shared_group_covariance(
        vi=[1, 1], study=["s", "s"], group1=["A", "B"], group2=group2, n1=[20, 30], n2=[25, 25]
    )
