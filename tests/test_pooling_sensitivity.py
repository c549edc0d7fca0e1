"""Leave-one-out, cumulative pooling and influence: oracle cases, identities, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.pooling.pool import pool
from spineevidence.pooling.regression import meta_regression
from spineevidence.pooling.sensitivity import cumulative, influence, leave_one_out

META = Path(__file__).parent / "oracles" / "meta"
FILES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(META.glob("rma_uni__*.json"))}
BCG = FILES["rma_uni__bcg_logRR"]["inputs"]
GIVEN_UP = ("rma_uni__nielweise2007_logOR", "cumulative_REML_knha", 7)  # metafor's search did not converge


def bcg() -> EffectSizes:
    return EffectSizes(yi=BCG["yi"], vi=BCG["vi"])


def test_where_another_program_gives_up_the_score_is_0() -> None:
    inputs = FILES[GIVEN_UP[0]]["inputs"]
    found = cumulative(EffectSizes(yi=inputs["yi"], vi=inputs["vi"]), test="knha")
    part = slice(0, GIVEN_UP[2] + 1)
    yi, vi, tau2 = np.array(inputs["yi"])[part], np.array(inputs["vi"])[part], found.tau2[GIVEN_UP[2]]
    weight = 1 / (vi + tau2)
    mean = (weight * yi).sum() / weight.sum()
    trace = weight.sum() - (weight**2).sum() / weight.sum()
    assert found.b[GIVEN_UP[2]] == pytest.approx(mean, rel=1e-12)
    assert tau2 > 0
    assert ((weight * (yi - mean)) ** 2).sum() == pytest.approx(trace, rel=1e-9)


def test_leaving_one_out_is_pooling_the_others() -> None:
    found = leave_one_out(bcg())
    for place in range(13):
        others = np.delete(np.arange(13), place)
        alone = pool(EffectSizes(yi=bcg().yi[others], vi=bcg().vi[others]))
        have = (found.b, found.se, found.p, found.ci_low, found.tau2, found.i2, found.q)
        want = (alone.b, alone.se, alone.p, alone.ci_low, alone.tau2, alone.i2, alone.q)
        assert [values[place] for values in have] == pytest.approx(list(want), rel=1e-9)


def test_cumulative_pooling_ends_with_all_studies() -> None:
    found = cumulative(bcg(), by="year", data=pd.DataFrame(BCG))
    every = pool(bcg())
    assert (found.b[-1], found.se[-1], found.tau2[-1]) == pytest.approx((every.b, every.se, every.tau2))
    assert found.k.tolist() == list(range(1, 14))
    years = np.array(BCG["year"])[[int(study) - 1 for study in found.studies]]
    assert (np.diff(years) >= 0).all()
    assert any("the same year" in note for note in found.notes)
    assert found.tau2[0] == 0
    assert found.b[0] == bcg().yi[int(found.studies[0]) - 1]


def test_an_order_by_rank_is_an_order_of_rows() -> None:
    backwards = cumulative(bcg(), by=np.arange(13)[::-1])
    turned = cumulative(EffectSizes(yi=bcg().yi[::-1], vi=bcg().vi[::-1]))
    assert backwards.b == pytest.approx(turned.b, rel=1e-10)


def test_influence_on_a_regression_is_that_of_leaving_rows_out() -> None:
    found = influence(bcg(), moderators={"ablat": BCG["ablat"]})
    whole = meta_regression(bcg(), moderators={"ablat": BCG["ablat"]}, test="z")
    assert found.names == ("intercept", "ablat")
    for place in (0, 6, 12):
        others = np.delete(np.arange(13), place)
        part = meta_regression(
            EffectSizes(yi=bcg().yi[others], vi=bcg().vi[others]),
            moderators={"ablat": np.array(BCG["ablat"])[others]},
            test="z",
        )
        moved = whole.b - part.b
        assert found.tau2_del[place] == pytest.approx(part.tau2, rel=1e-9)
        assert found.q_del[place] == pytest.approx(part.q, rel=1e-10)
        assert found.cook_d[place] == pytest.approx(moved @ np.linalg.inv(whole.vcov) @ moved, rel=1e-7)
        ratio = np.linalg.det(part.vcov) / np.linalg.det(whole.vcov)
        assert found.cov_r[place] == pytest.approx(ratio, rel=1e-7)
        new = part.predict({"ablat": BCG["ablat"][place]})
        deviation = bcg().yi[place] - new["pred"][0]
        spread = np.sqrt(bcg().vi[place] + part.tau2 + new["se"][0] ** 2)
        assert found.rstudent[place] == pytest.approx(deviation / spread, rel=1e-8)
    assert found.hat.sum() == pytest.approx(2)
    assert found.weight.sum() == pytest.approx(100)


def test_an_outlier_is_marked() -> None:
    found = influence(EffectSizes(yi=[0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 3.0], vi=[0.02] * 7))
    assert found.influential.tolist() == [False] * 6 + [True]
    assert repr(found) == "<Influence: k 7, influential: 7 (REML)>"
    assert "7 (influential)" in found._repr_html_()
    assert found.to_frame().loc["7", "influential"]


def test_a_coefficient_that_rests_on_one_study() -> None:
    found = influence(bcg(), moderators={"first": [1] + [0] * 12})
    assert np.isnan(found.cook_d[0])
    assert np.isfinite(found.cook_d[1:]).all()
    assert any("nothing is left without it: 1" in note for note in found.notes)


def test_what_is_shown() -> None:
    found = leave_one_out(bcg())
    assert repr(found).startswith("<Repooled, leave-one-out: 13 estimates, b -0.795 to -0.628, p ")
    assert '<th scope="col">Without</th>' in found._repr_html_()
    assert found.to_frame().loc["8", "b"] == found.b[7]
    two = leave_one_out(EffectSizes(yi=[0.1, 0.4], vi=[0.02, 0.03]))
    assert two.b.tolist() == pytest.approx([0.4, 0.1])
    assert any("normal quantile" in note for note in two.notes)


def test_bad_input_is_named() -> None:
    one = EffectSizes(yi=[0.1], vi=[0.02])
    with pytest.raises(InputError, match="needs 2 studies or more; found 1"):
        leave_one_out(one)
    with pytest.raises(InputError, match="no effect for cumulative pooling"):
        cumulative(EffectSizes(yi=[], vi=[]))
    with pytest.raises(InputError, match="needs 3 studies or more; found 2"):
        influence(EffectSizes(yi=[0.1, 0.2], vi=[0.02, 0.03]))
    with pytest.raises(InputError, match="must hold numbers to order by"):
        cumulative(bcg(), by=list("abcdefghijklm"))
    with pytest.raises(InputError, match="one value per effect"):
        cumulative(bcg(), by=[1, 2])
    with pytest.raises(InputError, match="no method is called"):
        influence(bcg(), method="XX")
