"""Mantel-Haenszel and Peto: R, papers, another program, identities, and input that must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.formulas.counts import odds_ratio, peto_odds_ratio
from spineevidence.pooling.mantelhaenszel import StratifiedPool, mantel_haenszel, mantel_haenszel_rates, peto

FILES = sorted((Path(__file__).parent / "oracles" / "meta").glob("mh_peto__*.json"))
ROUNDING = 1e-9  # relative: the same sums in another order

# Breslow NE, Day NE (1980). Statistical Methods in Cancer Research, volume 1, chapter 4: oesophageal cancer
# by alcohol (80 g a day or more) in six age groups.
CANCER = {
    "events1": np.array([1, 4, 25, 42, 19, 5]),
    "n1": np.array([10, 30, 54, 69, 37, 5]),
    "events2": np.array([0, 5, 21, 34, 36, 8]),
    "n2": np.array([106, 169, 159, 173, 124, 39]),
}

# Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology, 3rd edition, chapter 15: table 15-1, deaths
# on tolbutamide and placebo in two age groups; table 15-2, deaths by person-years, clozapine now and before.
# The inputs are those of https://www.metafor-project.org/doku.php/analyses:rothman2008
TOLBUTAMIDE = {"events1": [8, 22], "n1": [106, 98], "events2": [5, 16], "n2": [120, 85]}
CLOZAPINE = {"events1": [196, 167], "time1": [62119, 6085], "events2": [111, 157], "time2": [15763, 2780]}

SPARSE = {"events1": [0, 1, 0, 10], "n1": [20, 30, 15, 10], "events2": [0, 0, 3, 9], "n2": [22, 31, 15, 11]}


def oracles() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    files = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
    return [(f"{file['id']}/{case['id']}", file["inputs"], case) for file in files for case in file["cases"]]


def test_oesophageal_cancer() -> None:
    found = mantel_haenszel(**CANCER)
    assert np.exp(found.b) == pytest.approx(5.158, abs=5.1e-4)
    assert found.association is not None
    assert found.association.statistic == pytest.approx(83.22, abs=6e-3)  # printed from rounded parts
    assert found.breslow_day is not None
    assert found.breslow_day.statistic == pytest.approx(9.32, abs=5.1e-3)
    assert found.breslow_day.df == 5


def test_tolbutamide() -> None:
    difference = mantel_haenszel(**TOLBUTAMIDE, measure="RD")
    assert (difference.b, difference.ci_low, difference.ci_high) == pytest.approx(
        (0.0349, -0.028, 0.097), abs=5.1e-4
    )
    ratio = mantel_haenszel(**TOLBUTAMIDE, measure="RR")
    assert np.exp([ratio.b, ratio.ci_low, ratio.ci_high]) == pytest.approx([1.33, 0.80, 2.20], abs=5.1e-3)


def test_clozapine() -> None:
    difference = mantel_haenszel_rates(**CLOZAPINE, measure="IRD")
    per_100_000 = 1e5 * np.array([difference.b, difference.ci_low, difference.ci_high])
    assert per_100_000 == pytest.approx([-720, -896, -544], abs=0.51)
    ratio = mantel_haenszel_rates(**CLOZAPINE)
    assert np.exp([ratio.b, ratio.ci_low, ratio.ci_high]) == pytest.approx([0.469, 0.400, 0.550], abs=5.1e-4)


@pytest.mark.parametrize("tables", [CANCER, TOLBUTAMIDE], ids=["cancer", "tolbutamide"])
def test_statsmodels_agrees(tables: dict[str, npt.ArrayLike]) -> None:
    module = pytest.importorskip("statsmodels.stats.contingency_tables")
    a, n1, c, n2 = (np.asarray(tables[name]) for name in ("events1", "n1", "events2", "n2"))
    other = module.StratifiedTable(np.array([[a, n1 - a], [c, n2 - c]], dtype=np.float64))
    found = mantel_haenszel(**tables, correct=True)
    assert found.b == pytest.approx(other.logodds_pooled, rel=ROUNDING)
    assert found.se == pytest.approx(other.logodds_pooled_se, rel=ROUNDING)
    assert found.association is not None
    assert found.breslow_day is not None
    assert found.tarone is not None
    assert found.association.statistic == pytest.approx(other.test_null_odds(correction=True).statistic)
    assert found.breslow_day.statistic == pytest.approx(other.test_equal_odds().statistic)
    assert found.tarone.p == pytest.approx(other.test_equal_odds(adjust=True).pvalue)
    ratio = mantel_haenszel(**tables, measure="RR")
    assert np.exp(ratio.b) == pytest.approx(other.riskratio_pooled, rel=ROUNDING)


Table = tuple[int, int, int, int]
CELL = st.integers(1, 60)
TABLES = st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=2, max_size=6)


def counts(tables: list[Table]) -> dict[str, npt.NDArray[np.float64]]:
    a, b, c, d = np.array(tables, dtype=np.float64).T
    return {"events1": a, "n1": a + b, "events2": c, "n2": c + d}


def pooled(measure: str, tables: dict[str, Any], **words: Any) -> StratifiedPool:
    """Return any of the six; sizes stand for person-time."""
    if measure == "PETO":
        return peto(**tables, **words)
    if measure in {"IRR", "IRD"}:
        times = {name.replace("n", "time") if name in {"n1", "n2"} else name: v for name, v in tables.items()}
        return mantel_haenszel_rates(**times, measure=measure, **words)
    return mantel_haenszel(**tables, measure=measure, **words)


MEASURES = ("OR", "RR", "RD", "PETO", "IRR", "IRD")


@pytest.mark.parametrize("measure", MEASURES)
@given(tables=TABLES)
def test_exchanging_the_arms_turns_the_sign(measure: str, tables: list[Table]) -> None:
    there = pooled(measure, counts(tables))
    back = pooled(measure, counts([(c, d, a, b) for a, b, c, d in tables]))
    lower = pooled(measure, counts(tables), better="lower")
    for other in (back, lower):
        assert other.b == pytest.approx(-there.b, abs=1e-12)
        assert other.ci_low == pytest.approx(-there.ci_high, abs=1e-9)
        assert (other.se, other.q, other.p) == pytest.approx((there.se, there.q, there.p), rel=1e-7)
    assert lower.effects.yi == pytest.approx(-there.effects.yi)


@pytest.mark.parametrize("measure", MEASURES)
@given(tables=TABLES)
def test_leaving_one_out_is_pooling_the_others(measure: str, tables: list[Table]) -> None:
    frame = pooled(measure, counts(tables)).leave_one_out()
    for place in range(len(tables)):
        rest = pooled(measure, counts([table for i, table in enumerate(tables) if i != place]))
        names = ("b", "se", "statistic", "p", "ci_low", "ci_high", "q", "q_df", "q_p", "i2", "h2")
        wanted = [getattr(rest, name) for name in names]
        assert frame.loc[place, list(names)].to_list() == pytest.approx(wanted, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@given(tables=TABLES)
def test_the_order_of_studies_does_not_matter(measure: str, tables: list[Table]) -> None:
    there, back = pooled(measure, counts(tables)), pooled(measure, counts(tables[::-1]))
    assert (back.b, back.se, back.q) == pytest.approx((there.b, there.se, there.q), rel=1e-9, abs=1e-12)
    assert back.weights[::-1] == pytest.approx(there.weights)
    assert there.weights.sum() == pytest.approx(100)
    assert there.se > 0


@given(table=st.tuples(CELL, CELL, CELL, CELL))
def test_one_study_keeps_its_own_odds_ratio(table: Table) -> None:
    found, single = mantel_haenszel(**counts([table])), odds_ratio(**counts([table]))
    assert (found.b, found.se) == pytest.approx((single.yi[0], single.sei[0]), rel=1e-9, abs=1e-12)
    assert (found.q, found.q_df, found.i2, found.h2) == (0.0, 0, 0.0, 1.0)
    assert found.breslow_day is None
    one_step = peto(**counts([table]))
    alone = peto_odds_ratio(**counts([table]), to="none")
    assert (one_step.b, one_step.se) == pytest.approx((alone.yi[0], alone.sei[0]), rel=1e-9, abs=1e-12)


@given(a=CELL, b=CELL, c=CELL, d=CELL, times=st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_studies_of_one_odds_ratio_are_homogeneous(a: int, b: int, c: int, d: int, times: list[int]) -> None:
    found = mantel_haenszel(**counts([(a * m, b * m, c * m, d * m) for m in times]))
    assert found.b == pytest.approx(np.log(a * d / b / c), abs=1e-9)
    assert found.breslow_day is not None
    assert found.breslow_day.statistic == pytest.approx(0, abs=1e-9)
    assert found.q == pytest.approx(0, abs=1e-9)


@given(tables=TABLES)
def test_breslow_day_keeps_the_margins_at_any_odds_ratio(tables: list[Table]) -> None:
    found = mantel_haenszel(**counts(tables))
    assert found.breslow_day is not None
    assert found.tarone is not None
    assert np.isfinite(found.breslow_day.statistic)
    assert -1e-9 <= found.tarone.statistic <= found.breslow_day.statistic + 1e-9


@given(tables=TABLES, unit=st.floats(0.001, 1000))
def test_the_unit_of_person_time_does_not_change_a_ratio(tables: list[Table], unit: float) -> None:
    there = counts(tables)
    scaled = there | {name: there[name] * unit for name in ("n1", "n2")}
    assert pooled("IRR", scaled).b == pytest.approx(pooled("IRR", there).b, abs=1e-9)
    assert pooled("IRD", scaled).b * unit == pytest.approx(pooled("IRD", there).b, abs=1e-9)


def test_the_two_variances_of_a_risk_difference_differ_little() -> None:
    sato = mantel_haenszel(**CANCER, measure="RD")
    other = mantel_haenszel(**CANCER, measure="RD", se="greenland_robins")
    assert sato.b == other.b
    assert sato.se != other.se
    assert other.se == pytest.approx(sato.se, rel=0.1)


def test_rules_for_single_studies_and_for_the_pool_are_apart() -> None:
    plain = mantel_haenszel(**SPARSE)
    single = mantel_haenszel(**SPARSE, to="none", drop00=False)
    assert (single.b, single.se) == (plain.b, plain.se)
    assert (single.k_effects, plain.k_effects) == (0, 3)
    before = mantel_haenszel(**SPARSE, pooled_to="only0")
    assert before.b != plain.b
    assert before.effects.yi.tolist()[1:] == plain.effects.yi.tolist()[1:]
    dropped = mantel_haenszel(**SPARSE, measure="RD", pooled_drop00=True)
    assert (dropped.k, dropped.weights[0]) == (3, 0.0)
    assert any(note.startswith("For the pooled estimate: 1 of 4 tables") for note in dropped.notes)
    assert any(note.startswith("For the effects of single studies: 1 of 4") for note in plain.notes)


# metafor 3.8-1: rma.mh(..., add=c(.3, .4), drop00=c(FALSE, FALSE)) with to=c("all", "all"), c("only0", "all")
ZEROS = {"events1": [0, 5, 3, 8], "n1": [12, 20, 15, 30], "events2": [2, 6, 0, 9], "n2": [14, 22, 13, 28]}


@pytest.mark.parametrize(
    ("measure", "to", "pooled_to", "expected"),
    [
        ("OR", "all", "all", (-0.0821167501, 0.3847314227, 2.794663957)),
        ("OR", "if0all", "if0all", (-0.0821167501, 0.3847314227, 2.794663957)),
        ("OR", "only0", "all", (-0.0821167501, 0.3847314227, 2.799510384)),
        ("RR", "all", "all", (-0.0619554983, 0.2918710327, 2.554723673)),
        ("RD", "only0", "all", (-0.0138769911, 0.0650041113, 4.802803918)),
    ],
)
def test_other_rules_for_cells_of_0_are_those_of_metafor(
    measure: Any, to: Any, pooled_to: Any, expected: tuple[float, float, float]
) -> None:
    words: dict[str, Any] = {"measure": measure, "to": to, "pooled_to": pooled_to, "drop00": False}
    found = mantel_haenszel(**ZEROS, **words, add=0.3, pooled_add=0.4)
    assert (found.b, found.se, found.q) == pytest.approx(expected, rel=1e-9, abs=5.1e-11)  # ten decimals


def test_leaving_out_the_only_study_with_an_event_leaves_no_estimate() -> None:
    frame = mantel_haenszel(**SPARSE).leave_one_out()
    assert frame["b"].isna().tolist() == [False, False, True, False]
    assert frame["q"].isna().tolist() == [False, False, True, False]


def test_a_correction_that_overshoots_is_noted() -> None:
    with_correction = mantel_haenszel(**SPARSE)
    without = mantel_haenszel(**SPARSE, correct=False)
    assert with_correction.association is not None
    assert without.association is not None
    assert with_correction.association.statistic > without.association.statistic
    assert any("correct=False" in note for note in with_correction.notes)
    assert not any("correct=False" in note for note in without.notes)


def test_the_level_widens_the_interval_only() -> None:
    narrow, wide = (mantel_haenszel(**CANCER, level=level) for level in (0.95, 0.99))
    assert (wide.b, wide.se) == (narrow.b, narrow.se)
    assert (wide.ci_high - wide.b) / (narrow.ci_high - narrow.b) == pytest.approx(2.575829 / 1.959964)


def test_how_it_looks() -> None:
    found = mantel_haenszel(**CANCER)
    assert repr(found) == (
        "<StratifiedPool: Mantel-Haenszel, OR, k 6, 1.640 (95 % CI 1.270 to 2.011), I2 27.2 %>"
    )
    page = found._repr_html_()
    assert '<th scope="row">OR</th><td>5.158 (95 % CI 3.562 to 7.468)</td>' in page
    assert "Breslow-Day" in page
    assert "0.5 was added" in page
    assert "log" not in peto(**TOLBUTAMIDE, level=0.9)._repr_html_().partition("log PETO")[0]
    frame = found.to_frame()
    assert list(frame) == ["yi", "vi", "sei", "df", "ci_low", "ci_high", "weight"]
    assert frame["weight"].sum() == pytest.approx(100)
    assert "IRD" in mantel_haenszel_rates(**CLOZAPINE, measure="IRD")._repr_html_()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"measure": "HR"}, 'no measure is called "HR"'),
        ({"se": "sata"}, 'did you mean "sato"'),
        ({"level": 95}, "a level must lie between 0 and 1"),
        ({"pooled_to": "some"}, "rule for cells of 0"),
        ({"pooled_add": -1, "pooled_to": "all"}, "add must be 0 or more"),
        ({"events1": [200, 22]}, "events1 must lie between 0"),
        ({"n2": [120, 85, 3]}, "arrays of one length"),
        ({"events1": [0, 0]}, "no pooled OR"),
        ({"events1": [], "n1": [], "events2": [], "n2": []}, "found none"),
        ({"events1": [0, 0], "events2": [0, 0], "measure": "RD"}, "no pooled RD"),
    ],
)
def test_bad_input_is_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mantel_haenszel(**TOLBUTAMIDE | words)


def test_bad_rates_are_refused() -> None:
    with pytest.raises(InputError, match="time2 must be above 0"):
        mantel_haenszel_rates(**CLOZAPINE | {"time2": [0, 1]})
    with pytest.raises(InputError, match="no pooled IRR"):
        mantel_haenszel_rates(**CLOZAPINE | {"events2": [0, 0]})
    with pytest.raises(InputError, match="no pooled PETO"):
        peto(events1=[0, 5], n1=[9, 5], events2=[0, 4], n2=[8, 4])


def test_leaving_one_out_is_refused_where_it_would_mislead() -> None:
    with pytest.raises(InputError, match="two studies are needed"):
        mantel_haenszel(events1=[3], n1=[9], events2=[4], n2=[9]).leave_one_out()
    with pytest.raises(InputError, match="if0all"):
        mantel_haenszel(**SPARSE, to="if0all").leave_one_out()
