"""Meta-regression and subgroups: oracle cases, published examples, other programs, identities, bad input."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.pooling.mixedmodel import METHODS, TESTS, fit_models
from spineevidence.pooling.moderators import read_moderators
from spineevidence.pooling.pool import pool
from spineevidence.pooling.regression import meta_regression
from spineevidence.pooling.subgroups import subgroups

META = Path(__file__).parent / "oracles" / "meta"
FILES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(META.glob("rma_uni__*.json"))}

BCG = FILES["rma_uni__bcg_logRR"]["inputs"]
SIMPLE = ([0.1, 0.4, 0.3, 0.9, 1.0], [0.02, 0.03, 0.02, 0.03, 0.05])


def bcg() -> EffectSizes:
    return EffectSizes(yi=BCG["yi"], vi=BCG["vi"], measure="RR", estimand="contrast")


def simple() -> EffectSizes:
    return EffectSizes(yi=SIMPLE[0], vi=SIMPLE[1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    "stem", ["rma_uni__bcg_logRR", "rma_uni__edge_huge_study", "rma_uni__hart1999_logIRR"]
)
def test_a_model_without_moderators_is_the_pooled_effect(stem: str, method: Any, test: Any) -> None:
    inputs = FILES[stem]["inputs"]
    effects = EffectSizes(yi=inputs["yi"], vi=inputs["vi"])
    fit = fit_models(
        yi=effects.yi, vi=effects.vi, design=np.ones((len(effects), 1)), method=method, test=test
    )
    pooled = pool(effects, method=method, test=test)
    assert fit.beta[0, 0] == pytest.approx(pooled.b, rel=1e-10, abs=1e-10 * pooled.se)
    assert fit.se[0, 0] == pytest.approx(pooled.se, rel=1e-10)
    assert fit.tau2[0] == pytest.approx(pooled.tau2, rel=1e-10, abs=1e-10 * float(np.median(effects.vi)))
    assert fit.i2[0] == pytest.approx(pooled.i2, rel=1e-9, abs=1e-7)
    assert fit.q[0] == pytest.approx(pooled.q, rel=1e-10)


HARD = [
    (json.loads(path.read_text("utf-8"))["inputs"], case)
    for path in sorted(META.glob("reml_hard__*.json"))
    for case in json.loads(path.read_text("utf-8"))["cases"]
]


@pytest.mark.parametrize(("inputs", "case"), HARD)
def test_the_highest_maximum_is_found(inputs: dict[str, Any], case: dict[str, Any]) -> None:
    design = np.ones((len(inputs["yi"]), 1))
    fit = fit_models(yi=inputs["yi"], vi=inputs["vi"], design=design, method=case["settings"]["method"])
    assert fit.tau2[0] == pytest.approx(case["expected"]["tau2"], rel=1e-8, abs=1e-12)
    assert fit.loglik[0] == pytest.approx(case["expected"]["logLik"], abs=1e-9)


# Viechtbauer W (2010), J Stat Softw 36(3), https://doi.org/10.18637/jss.v036.i03, the mixed-effects model of
# log risk ratios on absolute latitude and year (page not opened; the printed digits are reproduced)
def test_the_published_model_of_latitude_and_year() -> None:
    fit = meta_regression(bcg(), moderators=["ablat", "year"], data=pd.DataFrame(BCG), test="z")
    assert fit.b == pytest.approx([-3.5455, -0.0280, 0.0019], abs=2e-4)  # printed with tau2 to 1e-5
    assert fit.se == pytest.approx([29.0959, 0.0102, 0.0147], abs=1e-3)
    assert (fit.tau2, fit.se_tau2) == pytest.approx((0.1108, 0.0845), abs=6e-5)
    assert (fit.i2, fit.h2) == pytest.approx((71.98, 3.57), abs=6e-3)
    assert (fit.q, fit.q_df, fit.q_p) == pytest.approx((28.3251, 10, 0.0016), abs=6e-5)
    assert (fit.qm, fit.qm_p) == pytest.approx((12.2043, 0.0022), abs=3e-4)
    assert fit.qm_df == (2,)


# van Houwelingen HC, Arends LR, Stijnen T (2002), Stat Med 21:589-624, https://doi.org/10.1002/sim.1040,
# regression of the log odds ratio on latitude by ML: 0.371 (0.106), -0.0327 (0.0034), tau2 0.004 (not opened)
def test_the_published_regression_on_latitude() -> None:
    tpos, tneg = [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27], [
        119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886,
    ]  # fmt: skip
    cpos, cneg = [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29], [
        128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825,
    ]  # fmt: skip
    cells = np.array([tpos, tneg, cpos, cneg], dtype=float)
    yi = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    effects = EffectSizes(yi=yi, vi=(1 / cells).sum(axis=0), measure="OR")
    fit = meta_regression(effects, moderators={"latitude": BCG["ablat"]}, method="ML", test="z")
    assert fit.b == pytest.approx([0.371, -0.0327], abs=5e-4)
    assert fit.se == pytest.approx([0.106, 0.0034], abs=5e-4)
    assert fit.tau2 == pytest.approx(0.004, abs=5e-4)


# Borenstein M et al. (2009), Introduction to Meta-Analysis, chapter 19 (tutoring; not opened, digits agree)
TUTORING = EffectSizes(
    yi=[0.110, 0.224, 0.338, 0.451, 0.480, 0.440, 0.492, 0.651, 0.710, 0.740],
    vi=[0.0100, 0.0300, 0.0200, 0.0150, 0.0100, 0.0150, 0.0200, 0.0150, 0.0250, 0.0120],
)
HALVES = ["A"] * 5 + ["B"] * 5


def test_the_published_subgroups_without_heterogeneity() -> None:
    found = subgroups(TUTORING, by=HALVES, method="EE", test="z")
    assert found.b == pytest.approx([0.3241, 0.6111], abs=6e-5)
    assert found.q == pytest.approx([8.4316, 4.5429], abs=6e-5)
    assert found.q_between == pytest.approx(13.4626, abs=6e-5)
    assert found.df_between == (1,)


def test_the_published_subgroups_with_heterogeneity() -> None:
    own = subgroups(TUTORING, by=HALVES, method="DL", test="z")
    assert own.b == pytest.approx([0.3245, 0.6100], abs=6e-5)
    assert own.q_between == pytest.approx(8.0547, abs=6e-5)
    shared = subgroups(TUTORING, by=HALVES, method="DL", test="z", heterogeneity="common")
    assert shared.q_between == pytest.approx(7.8324, abs=6e-5)
    assert len(set(shared.tau2)) == 1


def test_separate_subgroups_are_pooled_by_themselves() -> None:
    found = subgroups(TUTORING, by=HALVES)
    for place, rows in enumerate((slice(0, 5), slice(5, 10))):
        alone = pool(EffectSizes(yi=TUTORING.yi[rows], vi=TUTORING.vi[rows]))
        assert (found.b[place], found.ci_low[place], found.tau2[place], found.i2[place]) == pytest.approx(
            (alone.b, alone.ci_low, alone.tau2, alone.i2), rel=1e-9, abs=1e-12
        )


def test_common_subgroups_are_a_regression_on_the_groups() -> None:
    found = subgroups(TUTORING, by=HALVES, heterogeneity="common")
    fit = meta_regression(TUTORING, moderators={"half": HALVES})
    assert found.b[0] == pytest.approx(fit.b[0])
    assert found.b[1] == pytest.approx(fit.b[0] + fit.b[1])
    assert (found.q_between, found.p_between) == pytest.approx((fit.qm, fit.qm_p))
    assert found.tau2[0] == pytest.approx(fit.tau2)


@pytest.mark.parametrize("method", ["DL", "ML", "REML"])
def test_another_program_agrees(method: str) -> None:
    pytest.importorskip("pymare")
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

    x = np.array(BCG["ablat"], dtype=float)[:, None] - 33
    estimator = DerSimonianLaird() if method == "DL" else VarianceBasedLikelihoodEstimator(method=method)
    design = np.hstack([np.ones((13, 1)), x])
    estimator.fit(y=np.array(BCG["yi"])[:, None], v=np.array(BCG["vi"])[:, None], X=design)
    other = estimator.params_
    fit = meta_regression(bcg(), moderators={"latitude": x[:, 0]}, method=method, test="z")
    tolerance = 1e-9 if method == "DL" else 1e-3  # their search stops early
    assert fit.b == pytest.approx(np.ravel(other["fe_params"]), rel=tolerance)
    assert fit.tau2 == pytest.approx(float(np.ravel(other["tau2"])[0]), rel=10 * tolerance)


def test_weighted_least_squares_of_another_program() -> None:
    pytest.importorskip("statsmodels")
    import statsmodels.api as sm

    design = np.column_stack([np.ones(13), BCG["ablat"]])
    other = sm.WLS(BCG["yi"], design, weights=1 / np.array(BCG["vi"])).fit()
    fit = meta_regression(bcg(), moderators={"ablat": BCG["ablat"]}, method="EE", test="knha")
    assert fit.b == pytest.approx(other.params, rel=1e-10)
    assert fit.se == pytest.approx(other.bse, rel=1e-10)
    assert fit.p == pytest.approx(other.pvalues, rel=1e-8)
    assert any("not for EE" in note for note in fit.notes)


finite = st.floats(-5, 5, allow_nan=False)
studies = st.lists(st.tuples(finite, st.floats(0.01, 5), finite), min_size=5, max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    studies, st.floats(0.1, 10), st.floats(-50, 50), st.sampled_from(["REML", "ML", "DL", "PM", "HE", "SJ"])
)
def test_scale_and_shift(
    rows: list[tuple[float, float, float]], scale: float, shift: float, method: str
) -> None:
    yi, vi, x = (np.array(column) for column in zip(*rows, strict=True))
    if np.ptp(x) < 0.5 or np.ptp(yi) < 0.5:
        return
    one = meta_regression(EffectSizes(yi=yi, vi=vi), moderators={"x": x}, method=method)
    moved = EffectSizes(yi=scale * yi + shift, vi=scale**2 * vi)
    two = meta_regression(moved, moderators={"x": 3 * x + 7}, method=method)
    assert two.b[1] * 3 == pytest.approx(scale * one.b[1], rel=1e-5, abs=1e-7 * scale)
    assert two.tau2 == pytest.approx(scale**2 * one.tau2, rel=1e-5, abs=1e-7 * scale**2)
    assert two.p[1] == pytest.approx(one.p[1], rel=1e-4, abs=1e-9)
    assert two.qm == pytest.approx(one.qm, rel=1e-4, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(studies, st.randoms())
def test_the_order_of_studies_does_not_matter(rows: list[tuple[float, float, float]], random: Any) -> None:
    if np.ptp([row[2] for row in rows]) < 0.1:
        return
    shuffled = list(rows)
    random.shuffle(shuffled)
    fits = []
    for some in (rows, shuffled):
        yi, vi, x = zip(*some, strict=True)
        fits.append(meta_regression(EffectSizes(yi=yi, vi=vi), moderators={"x": x}))
    assert fits[0].b == pytest.approx(fits[1].b, rel=1e-6, abs=1e-8)
    assert fits[0].loglik == pytest.approx(fits[1].loglik, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(studies, st.sampled_from(["REML", "ML"]))
def test_no_tau2_has_a_higher_likelihood(rows: list[tuple[float, float, float]], method: str) -> None:
    yi, vi, x = (np.array(column) for column in zip(*rows, strict=True))
    if np.ptp(x) < 0.1:
        return
    design = np.column_stack([np.ones_like(x), x])
    best = fit_models(yi=yi, vi=vi, design=design, method=method)
    tried = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 400)])
    others = fit_models(yi=yi, vi=vi, design=design, method=method, tau2=tried)
    assert best.loglik[0] >= others.loglik.max() - 1e-9


def test_predictions_of_the_studies_and_of_new_ones() -> None:
    fit = meta_regression(bcg(), moderators={"ablat": BCG["ablat"], "alloc": BCG["alloc"]})
    own, again = fit.predict(), fit.predict({"ablat": BCG["ablat"], "alloc": BCG["alloc"]})
    assert own["pred"].to_numpy() == pytest.approx(again["pred"].to_numpy())
    assert (again["pi_low"] < again["ci_low"]).all()
    assert fit.predict({"ablat": [20, 40], "alloc": "random"})["alloc"].tolist() == ["random", "random"]


def test_a_reference_may_be_chosen() -> None:
    fits = [
        meta_regression(bcg(), moderators="alloc", data=pd.DataFrame(BCG), reference=reference)
        for reference in (None, {"alloc": "random"})
    ]
    assert fits[0].names == ("intercept", "alloc=random", "alloc=systematic")
    assert fits[1].names == ("intercept", "alloc=alternate", "alloc=systematic")
    assert fits[0].qm == pytest.approx(fits[1].qm)
    assert fits[0].b[1] == pytest.approx(-fits[1].b[1])
    assert 'alloc: compared with "random"' in fits[1].notes


def test_an_exact_permutation_test_looks_at_every_arrangement() -> None:
    fit = meta_regression(simple(), moderators={"x": [0, 0, 0, 1, 1]}, test="z")
    found = fit.permutation_test(np.random.default_rng(0))
    assert (found.exact, found.permutations) == (True, math.comb(5, 2))
    hits = 0
    for ones in itertools.combinations(range(5), 2):
        moved = [float(place in ones) for place in range(5)]
        other = meta_regression(simple(), moderators={"x": moved}, test="z")
        hits += abs(other.statistic[1]) >= abs(fit.statistic[1]) * (1 - 1e-9)
    assert found.p[0] == pytest.approx(hits / 10)
    assert found.qm_p == pytest.approx(found.p[0])


def test_a_random_permutation_test_counts_the_observed_arrangement() -> None:
    fit = meta_regression(bcg(), moderators={"ablat": BCG["ablat"]})
    first = fit.permutation_test(np.random.default_rng(5), permutations=199)
    again = fit.permutation_test(np.random.default_rng(5), permutations=199)
    assert first.p.tolist() == again.p.tolist()
    assert not first.exact
    assert first.p[0] * 200 == pytest.approx(round(first.p[0] * 200))
    assert first.p[0] >= 1 / 200
    with pytest.raises(InputError, match="permutations must be 1 or more"):
        fit.permutation_test(np.random.default_rng(5), permutations=0)


def test_what_is_shown() -> None:
    fit = meta_regression(bcg(), moderators={"ablat": BCG["ablat"], "<year>": BCG["year"]})
    assert repr(fit).startswith("<MetaRegression: k 13, ablat ")
    assert "&lt;year&gt;" in fit._repr_html_()
    assert "fewer than 10 for each" in " ".join(fit.notes)
    assert fit.to_frame().loc["ablat", "b"] == fit.b[1]
    test = fit.permutation_test(np.random.default_rng(1), permutations=20)
    assert test.to_frame()["p"].tolist() == [*test.p, test.qm_p]
    assert "<caption>" in test._repr_html_()
    found = subgroups(TUTORING, by=pd.Series(HALVES, name="half"))
    assert repr(found).startswith("<Subgroups by half: A ")
    assert found.to_frame().index.name == "half"
    assert "<caption>" in found._repr_html_()


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"moderators": {"x": [1, 1, 1, 1, 1]}}, InputError, "x is 1 for every study; leave it out"),
    ({"moderators": {"x": ["a"] * 5}}, InputError, 'x is "a" for every study'),
    ({"moderators": {"x": [1, 2, 3, 4, None]}}, InputError, "x is blank at position 4"),
    ({"moderators": {"x": [1, 2, 3, 4, math.inf]}}, InputError, "x must be finite"),
    ({"moderators": {"x": [1, 2, 3]}}, InputError, r"one value per effect \(5\); found 3"),
    (
        {"moderators": {"x": [1, 2, 3, 4, 5], "y": [3, 5, 7, 9, 11]}},
        InputError,
        "y adds nothing to intercept, x",
    ),
    ({"moderators": ["year"]}, UnknownNameError, "year"),
    ({"moderators": []}, InputError, "no moderator was named"),
    ({"moderators": [1, 2, 3, 4, 5]}, InputError, "names of columns"),
    ({"moderators": {"x": list("abcde")}}, InputError, "use fewer moderators"),
    ({"moderators": {"x": list("aabbb")}, "reference": {"x": "c"}}, UnknownNameError, "word of x"),
    ({"moderators": {"x": list("aabbb")}, "reference": {"z": "a"}}, UnknownNameError, "moderator"),
    ({"moderators": {"x": [1, 2, 3, 4, 5]}, "reference": {"x": "1"}}, InputError, "has no reference"),
    ({"moderators": {"x": np.ones((5, 2))}}, InputError, "one dimension"),
    ({"moderators": {"x": [1, 2, 3, 4, 5]}, "method": "reml"}, InputError, "no method is called"),
    ({"moderators": {"x": [1, 2, 3, 4, 5]}, "test": "kh"}, InputError, "no test is called"),
    ({"moderators": {"x": [1, 2, 3, 4, 5]}, "level": 95}, InputError, "a level must lie between 0 and 1"),
]


@pytest.mark.parametrize(("words", "kind", "message"), BAD)
def test_bad_input_is_named(words: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        meta_regression(simple(), **words)


def test_effects_that_cannot_be_pooled() -> None:
    gap = EffectSizes(yi=[0.1, np.nan, 0.4, 0.3], vi=[0.1, np.nan, 0.2, 0.1], undefined=True)
    with pytest.raises(InputError, match=r"position 1; leave the others out with effects\.estimable\(\)"):
        meta_regression(gap, moderators={"x": [1, 2, 3, 4]})
    with pytest.raises(InputError, match="takes EffectSizes, not list"):
        meta_regression([0.1, 0.2], moderators={"x": [1, 2]})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs 3 studies or more; found 2"):
        meta_regression(EffectSizes(yi=[1, 2], vi=[1, 1]), moderators={"x": [1, 2]})


def test_predictions_need_every_moderator() -> None:
    fit = meta_regression(bcg(), moderators={"ablat": BCG["ablat"], "alloc": BCG["alloc"]})
    with pytest.raises(InputError, match="alloc is missing"):
        fit.predict({"ablat": 30})
    with pytest.raises(InputError, match="as many of each"):
        fit.predict({"ablat": [30, 40, 50], "alloc": ["random", "random"]})
    with pytest.raises(UnknownNameError, match="word of alloc"):
        fit.predict({"ablat": 30, "alloc": "randon"})


def test_categories_keep_their_order() -> None:
    dose = pd.Categorical(["low", "low", "high", "high", "mid"], categories=["low", "mid", "high", "top"])
    found, design = read_moderators(simple(), {"dose": dose})
    assert found[0].levels == ("low", "mid", "high")
    assert design[:, 1].tolist() == [0, 0, 0, 0, 1]
    with pytest.raises(InputError, match="pool them together"):
        subgroups(simple(), by=["a"] * 5)
    with pytest.raises(InputError, match="no heterogeneity is called"):
        subgroups(simple(), by=list("aabbb"), heterogeneity="shared")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="join groups"):
        subgroups(simple(), by=list("abcde"), heterogeneity="common")


def test_nearly_collinear_moderators_are_still_told_apart() -> None:
    year = np.array(BCG["year"], dtype=float)
    raw = meta_regression(bcg(), moderators={"year": year})
    centred = meta_regression(bcg(), moderators={"year": year - 1966})
    assert raw.b[1] == pytest.approx(centred.b[1], rel=1e-9)
    assert raw.se[1] == pytest.approx(centred.se[1], rel=1e-9)
