"""Small-study effects and selection models: oracle cases, published examples, other programs, bad input."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.pooling.pool import pool
from spineevidence.pooling.regression import meta_regression
from spineevidence.pooling.selection import selection_model
from spineevidence.pooling.smallstudy import egger_test, rank_test, trim_and_fill

META = Path(__file__).parent / "oracles" / "meta"
FILES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(META.glob("rma_uni__*.json"))}


def of(name: str) -> EffectSizes:
    inputs = FILES[f"rma_uni__{name}"]["inputs"]
    return EffectSizes(yi=inputs["yi"], vi=inputs["vi"])


# Viechtbauer W (2010), J Stat Softw 36(3), https://doi.org/10.18637/jss.v036.i03, BCG vaccine: Egger's test
# t = -1.4013, df 11, p 0.1887 (Sterne and Egger 2005); rank test tau 0.0256, p 0.9524 (page not opened)
def test_the_published_tests_of_asymmetry() -> None:
    egger, begg = egger_test(of("bcg_logRR")), rank_test(of("bcg_logRR"))
    assert (egger.statistic, egger.df, egger.p) == pytest.approx((-1.4013, 11, 0.1887), abs=6e-5)
    assert (begg.tau, begg.p) == pytest.approx((0.0256, 0.9524), abs=6e-5)


# Duval S (2005), in Rothstein HR et al., Publication Bias in Meta-Analysis, chapter 8, passive smoking
# and lung cancer (37 studies): 7 missing on the left, risk ratio 1.24 becomes 1.19 (1.08 to 1.31); not opened
@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_the_published_trim_and_fill(estimator: Any) -> None:
    found = trim_and_fill(of("hackshaw1998"), estimator=estimator, method="DL", test="z")
    assert (found.k0, found.side, found.k) == (7, "left", 44)
    ratios = np.exp([found.b_observed, found.b, found.ci_low, found.ci_high])
    assert ratios == pytest.approx([1.24, 1.19, 1.08, 1.31], abs=5e-3)


@pytest.mark.parametrize("name", ["lee2004_logRR", "curtis1998_lnRR", "collins1985a_logOR"])
def test_what_was_filled_in_is_pooled_exactly(name: str) -> None:
    effects = of(name)
    found = trim_and_fill(effects)
    filled = EffectSizes(yi=np.append(effects.yi, found.filled_yi), vi=np.append(effects.vi, found.filled_vi))
    every = pool(filled)
    assert found.k0 > 0
    assert (found.b, found.ci_low, found.tau2) == pytest.approx((every.b, every.ci_low, every.tau2), rel=1e-9)
    assert found.b_observed == pytest.approx(pool(effects).b, rel=1e-10)


def test_trim_and_fill_turns_with_the_effects() -> None:
    effects = of("hackshaw1998")
    found = trim_and_fill(effects)
    turned = trim_and_fill(EffectSizes(yi=-effects.yi, vi=effects.vi))
    assert (turned.k0, turned.side) == (found.k0, "right")
    assert turned.b == pytest.approx(-found.b, rel=1e-9)
    assert trim_and_fill(effects, side="right").side == "right"


def test_the_mixed_test_is_a_regression_on_the_standard_errors() -> None:
    effects = of("egger2001_logOR")
    fit = meta_regression(effects, moderators={"sei": effects.sei}, method="DL", test="knha")
    found = egger_test(effects, model="mixed", method="DL", test="knha")
    assert (found.b, found.statistic, found.p) == pytest.approx((fit.b[1], fit.statistic[1], fit.p[1]))
    assert (found.limit, found.limit_low) == pytest.approx((fit.b[0], fit.ci_low[0]))


def test_the_classical_test_is_eggers_regression_on_precision() -> None:
    pytest.importorskip("statsmodels")
    import statsmodels.api as sm

    effects = of("egger2001_logOR")
    other = sm.OLS(effects.yi / effects.sei, sm.add_constant(1 / effects.sei)).fit()
    found = egger_test(effects)
    assert (found.b, found.se, found.p) == pytest.approx((other.params[0], other.bse[0], other.pvalues[0]))
    assert found.limit == pytest.approx(other.params[1])


def test_the_exact_rank_test_counts_all_orders() -> None:
    effects = EffectSizes(yi=[0.1, 0.9, 0.3, 0.8, 0.75], vi=[0.01, 0.04, 0.02, 0.09, 0.03])
    found = rank_test(effects)
    pairs = list(itertools.combinations(range(5), 2))
    scores = [
        sum(1 if order[i] < order[j] else -1 for i, j in pairs) for order in itertools.permutations(range(5))
    ]
    score = round(found.tau * 10)
    tail = min(sum(other >= score for other in scores), sum(other <= score for other in scores))
    assert found.exact
    assert found.p == pytest.approx(min(1.0, 2 * tail / 120))


def test_ties_use_the_normal_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    effects = of("mcdaniel1994_ZCOR")
    found = rank_test(effects)
    weight = 1 / effects.vi
    mean = (weight * effects.yi).sum() / weight.sum()
    other = stats.kendalltau((effects.yi - mean) / np.sqrt(effects.vi - 1 / weight.sum()), effects.vi)
    assert not found.exact
    assert found.tau == pytest.approx(other.statistic, rel=1e-12)


# metafor 3.8-1, selmodel(rma(method = "ML"), type = "stepfun"), nlminb with rel.tol 1e-10: estimate,
# its error, tau2, weights but the first, their errors, likelihood-ratio statistic, log-likelihood
SELECTION = [
    ("hackshaw1998", "higher", (0.05, 0.1, 0.5), 0.1217409332, 0.1298797768, 0.03071318582,
     [2.422076804, 0.9775411885, 0.3967112524], [1.660849373, 0.8203866417, 0.4692341619],
     7.066136899, -6.615533957),
    ("mcdaniel1994_ZCOR", "higher", (0.05,), 0.2192954344, 0.02620892334, 0.02959320211,
     [0.7871512366], [0.2041357476], 0.853730886, 6.797445906),
    ("bangertdrowns2004", "higher", (0.025,), 0.1476647029, 0.07315887317, 0.02755254751,
     [0.4664531966], [0.3495806203], 1.163544239, -17.68039213),
    ("bcg_logRR", "lower", (0.025,), -0.62056306, 0.2613226819, 0.2912392527,
     [0.6355353364], [0.5866267859], 0.2424994835, -12.54382661),
    ("bcg_logRR", "lower", (0.025, 0.5), -0.6711969773, 0.2799685323, 0.2639015727,
     [0.631549253, 0.927853452], [0.591227696, 1.359944965], 0.3469198083, -12.49161644),
    ("raudenbush1985", "higher", (0.3,), 0.01367777502, 0.06670398948, 0.001371278038,
     [0.4475629149], [0.3954328951], 0.8488313998, -2.698154613),
]  # fmt: skip


@pytest.mark.parametrize("row", SELECTION, ids=lambda row: f"{row[0]}-{row[2]}")
def test_selection_models_of_another_program(row: tuple[Any, ...]) -> None:
    name, favoured, steps, b, se, tau2, weights, errors, lr, loglik = row
    found = selection_model(of(name), steps=steps, favoured=favoured)
    assert (found.b, found.se, found.tau2) == pytest.approx((b, se, tau2), rel=5e-6)
    assert found.weights[1:] == pytest.approx(weights, rel=5e-6)
    assert found.se_weights[1:] == pytest.approx(errors, rel=5e-6)
    assert (found.lr, found.loglik) == pytest.approx((lr, loglik), rel=1e-8)
    assert sum(found.counts) == found.k


def test_a_selection_model_is_told_the_true_weights() -> None:
    rng = np.random.default_rng(20)
    vi = rng.uniform(0.01, 0.2, 6000)
    yi = rng.normal(0.2, np.sqrt(vi + 0.02))
    kept = (yi / np.sqrt(vi) > 1.959964) | (rng.uniform(size=6000) < 0.3)
    found = selection_model(EffectSizes(yi=yi[kept], vi=vi[kept]))
    assert found.weights[1] == pytest.approx(0.3, abs=3 * found.se_weights[1])
    assert found.b == pytest.approx(0.2, abs=3 * found.se)
    assert found.b_unadjusted > 0.2 + 3 * found.se
    assert found.lr_p < 1e-6


def test_a_selection_model_turns_with_the_effects() -> None:
    effects = of("bcg_logRR")
    one = selection_model(effects, favoured="lower")
    two = selection_model(EffectSizes(yi=-effects.yi, vi=effects.vi))
    assert (one.b, one.ci_low, one.ci_high) == pytest.approx((-two.b, -two.ci_high, -two.ci_low))
    assert one.weights == pytest.approx(two.weights)


def test_few_studies_are_named() -> None:
    few = EffectSizes(yi=[0.1, 0.2, 0.5, 0.9], vi=[0.01, 0.02, 0.05, 0.08])
    for found in (egger_test(few), rank_test(few), trim_and_fill(few)):
        assert any("fewer than 10 studies" in note for note in found.notes)
    found = selection_model(few, steps=(0.1,))
    assert any("fewer than 10 studies" in note for note in found.notes)
    assert any("hardly known" in note for note in found.notes)
    assert not any("fewer than 10" in note for note in egger_test(of("hackshaw1998")).notes)


def test_what_is_shown() -> None:
    effects = of("hackshaw1998")
    shown = (egger_test(effects), rank_test(effects), trim_and_fill(effects), selection_model(effects))
    starts = (
        "<EggerTest: t(35) 2.38",
        "<RankTest: tau 0.144",
        "<TrimAndFill: 7 studies",
        "<SelectionModel: k 37",
    )
    for found, start in zip(shown, starts, strict=True):
        assert repr(found).startswith(start)
        assert "\n" not in repr(found)
        assert "<caption>" in found._repr_html_()
        assert len(found.to_frame())


def test_bad_input_is_named() -> None:
    effects = of("hackshaw1998")
    equal = EffectSizes(yi=[0.1, 0.2, 0.4], vi=[0.1, 0.1, 0.1])
    for call in (egger_test, rank_test, trim_and_fill):
        with pytest.raises(InputError, match="same variance"):
            call(equal)
        with pytest.raises(InputError, match="needs 3 studies or more; found 2"):
            call(EffectSizes(yi=[0.1, 0.2], vi=[0.1, 0.2]))
    with pytest.raises(InputError, match="no model is called"):
        egger_test(effects, model="lm")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no predictor is called"):
        egger_test(effects, predictor="ni")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no estimator is called"):
        trim_and_fill(effects, estimator="Q0")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no side is called"):
        trim_and_fill(effects, side="up")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no direction is called"):
        selection_model(effects, favoured="greater")  # type: ignore[arg-type]
    for steps in ((), (0.5, 0.1), (0.0, 0.5), (1.5,), (1,)):
        with pytest.raises(InputError, match="steps must rise between 0 and 1"):
            selection_model(effects, steps=steps)
    with pytest.raises(InputError, match="steps must be cut points"):
        selection_model(effects, steps=["a"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="no study has a one-sided p-value between 0 and 1e-09"):
        selection_model(effects, steps=(1e-9,))
