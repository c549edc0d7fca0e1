"""One estimate from several studies, against oracles, a published analysis and what must hold always."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import meta_pooling_core as core
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import EstimandError, InputError
from spineevidence.formulas.counts import odds_ratio
from spineevidence.lineage import Effect
from spineevidence.pooling.heterogeneity import METHODS, Method
from spineevidence.pooling.pool import Pooled, pool

META = Path(__file__).parent / "oracles" / "meta"
CASES = 606  # of rma_uni without moderators, and of reml_hard

FOUR = EffectSizes(yi=[0.1, 0.9, 0.4, 0.7], vi=[0.04, 0.09, 0.05, 0.02], measure="MD", estimand="contrast")
TWO_PEAKS = "reml_hard__bimodal_05"


def cases() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    files = [*META.glob("rma_uni__*.json"), *META.glob("reml_hard__*.json")]
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(files)}
    return [
        (f"{stem}/{case['id']}", file["inputs"], case)
        for stem, file in read.items()
        for case in file["cases"]
        if stem.startswith("reml_hard") or core.CASES.fullmatch(case["id"])
    ]


def effects(**columns: object) -> EffectSizes:
    return EffectSizes(**columns)  # type: ignore[arg-type]


def several(study: tuple[str, ...], versus: tuple[str, ...]) -> EffectSizes:
    k = len(study)
    blank = {field.name: "" for field in dataclasses.fields(Effect) if field.type == "str"}
    numbers = {"months": 6.0, "yi": 0.0, "sei": 1.0, "df": np.inf, "ci_low": 0.0, "ci_high": 0.0}
    fixed = {**blank, **numbers, "n_arm": 10, "n_versus": 10, "lines": (), "notes": (), "rank": (0, 0, 0)}
    lineage = [
        Effect(**{**fixed, "study_id": name, "versus": other})  # type: ignore[arg-type]
        for name, other in zip(study, versus, strict=True)
    ]
    return EffectSizes(yi=np.linspace(0, 1, k), vi=np.full(k, 0.1), lineage=lineage)


def test_the_comparison_sees_a_difference() -> None:
    inputs = {"vi": [1.0]}
    assert list(core.pooling_differences({"tau2": 1.0}, {"tau2": 1.0 + 1e-6}, inputs))
    assert list(core.pooling_differences({"pval": 1e-20}, {"pval": 2e-20}, inputs))
    assert list(core.pooling_differences({"pval": 0.01}, {"pval": 0.01 + 1e-8}, inputs))
    assert list(core.pooling_differences({"b": [1.0]}, {"b": [1.0, 2.0]}, inputs))
    assert list(core.pooling_differences({"b": None}, {"b": 1.0}, inputs))
    assert list(core.pooling_differences({}, {"b": 1.0}, inputs))
    assert not list(core.pooling_differences({"b": 1.0}, {"b": 1.0 + 1e-10}, inputs))


def test_vaccine_trials_as_published() -> None:
    """Van Houwelingen, Arends and Stijnen (2002), Statistics in Medicine 21:589-624, tables I and III.

    Log odds ratios of 13 trials of BCG vaccine; the counts are on page 594. The common effect is -0.436 (SE
    0.042); by maximum likelihood the mean is -0.742 (SE 0.178) and the variance between trials 0.302. The
    article could not be opened; its analyses are repeated at
    https://www.metafor-project.org/doku.php/analyses:vanhouwelingen2002, where the Q-profile interval of the
    REML estimate is 0.1302 to 1.1812.
    """
    ill = np.array([4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27])
    well = np.array([119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886])
    control_ill = np.array([11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29])
    control_well = np.array([128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825])
    trials = odds_ratio(events1=ill, n1=ill + well, events2=control_ill, n2=control_ill + control_well)
    common = pool(trials, method="EE", test="z")
    assert (round(common.b, 3), round(common.se, 3)) == (-0.436, 0.042)
    likely = pool(trials, method="ML", test="z")
    assert (round(likely.b, 3), round(likely.se, 3), round(likely.tau2, 3)) == (-0.742, 0.178, 0.302)
    interval = pool(trials, method="REML", test="z").tau2_interval(method="qprofile")
    assert interval.tau2_low == pytest.approx(0.1302, abs=1e-4)  # printed by a search that stops at 1e-4
    assert interval.tau2_high == pytest.approx(1.1812, abs=1e-4)


def test_one_study_keeps_its_own_interval() -> None:
    one = effects(yi=[0.3], vi=[0.04], df=[18])
    pooled = pool(one)
    assert (pooled.ci_low, pooled.ci_high, pooled.df) == (one.ci_low[0], one.ci_high[0], 18)
    assert (pooled.tau2, pooled.i2, pooled.pi_low, pooled.se_tau2) == (0, 0, None, None)
    assert pooled.notes[0].startswith("ONE_STUDY")
    assert pool(one, test="z").ci_high == pytest.approx(0.3 + 1.959963984540054 * 0.2)
    wider = pool(one, level=0.99)
    assert wider.ci_low == pytest.approx(0.3 - 2.878440473 * 0.2)
    with pytest.raises(InputError, match="one study"):
        pooled.tau2_interval()
    with pytest.raises(InputError, match="one study"):
        pooled.prediction_interval()
    assert np.isnan(pooled.predict().loc[0, "pi_low"])


def test_a_printed_interval_of_one_study_is_kept() -> None:
    one = effects(yi=[0.3], vi=[0.04], ci_low=[0.0], ci_high=[0.9])
    pooled = pool(one)
    assert (pooled.ci_low, pooled.ci_high) == (0.0, 0.9)


def test_two_studies_warn_and_predict_nothing() -> None:
    pooled = pool(effects(yi=[0.1, 0.9], vi=[0.04, 0.09]))
    assert pooled.df == 1
    assert pooled.pi_low is None
    assert [note.partition(":")[0] for note in pooled.notes] == ["TWO_STUDIES", "NO_PREDICTION"]


@pytest.mark.parametrize(("k", "rough"), [(3, True), (4, True), (5, False)])
def test_a_prediction_of_few_studies_is_called_rough(k: int, rough: bool) -> None:
    pooled = pool(effects(yi=np.arange(k) / 2, vi=np.full(k, 0.1)))
    assert pooled.pi_low is not None
    assert any(note.startswith("ROUGH_PREDICTION") for note in pooled.notes) is rough


def test_no_heterogeneity_is_not_agreement() -> None:
    pooled = pool(effects(yi=[0.31, 0.3, 0.33], vi=[0.04, 0.09, 0.02]), test="knha")
    assert pooled.tau2 == 0
    assert {note.partition(":")[0] for note in pooled.notes} >= {"TAU2_ZERO", "NARROWED"}
    interval = pooled.tau2_interval()
    assert interval.empty
    assert interval.notes[0].startswith("EMPTY_INTERVAL")
    assert "empty" in repr(interval)


@pytest.mark.parametrize(("y", "p"), [(0.0, 1.0), (0.5, 0.0)])
def test_equal_effects_leave_hartung_and_knapp_no_variance(y: float, p: float) -> None:
    pooled = pool(effects(yi=[y, y, y], vi=[0.1, 0.2, 0.3]), test="knha")
    assert (pooled.se, pooled.p, pooled.ci_low, pooled.ci_high) == (0, p, y, y)
    assert any(note.startswith("NARROWED") for note in pooled.notes)
    assert pool(effects(yi=[y, y, y], vi=[0.1, 0.2, 0.3])).se > 0.2


def test_two_maxima_are_told() -> None:
    inputs = json.loads((META / f"{TWO_PEAKS}.json").read_text(encoding="utf-8"))["inputs"]
    pooled = pool(effects(**inputs))
    assert pooled.maxima == 2
    (told,) = [note for note in pooled.notes if note.startswith("SEVERAL_MAXIMA")]
    assert "5.75 (-19.95) and 0 (-22.78)" in told
    assert not pooled.tau2_interval(method="profile").notes
    (piece,) = pooled.tau2_interval(method="profile", level=0.999).notes or ("",)
    low = pooled.tau2_interval(method="profile", level=0.999).tau2_low
    assert (low == 0) != piece.startswith("SECOND_PIECE")


def test_the_effects_keep_their_notes_and_their_estimand() -> None:
    noted = effects(yi=[1, 2], vi=[1, 1], measure="MD", estimand="change", notes=["IMPUTED_R: taken as 0.5"])
    pooled = pool(noted)
    assert pooled.notes[-1] == "IMPUTED_R: taken as 0.5"
    assert (pooled.estimand, pooled.measure) == ("change", "MD")


def test_blups_lie_between_the_study_and_the_mean() -> None:
    pooled = pool(FOUR)
    frame = pooled.blups()
    between = (frame["pred"] - frame["yi"]) * (frame["pred"] - pooled.b)
    assert (between <= 0).all()
    assert frame["weight"].sum() == pytest.approx(100)
    assert frame["study"].tolist() == ["1", "2", "3", "4"]


def test_predictions_at_other_levels_and_as_ratios() -> None:
    pooled = pool(FOUR)
    (same,) = pooled.predict().itertuples(index=False)
    assert tuple(same) == (pooled.b, pooled.ci_low, pooled.ci_high, pooled.pi_low, pooled.pi_high)
    np.testing.assert_allclose(pooled.predict(ratio=True), np.exp(pooled.predict()))
    again = pool(FOUR, level=0.9)
    (other,) = pooled.predict(level=0.9).itertuples(index=False)
    np.testing.assert_allclose(other, (again.b, again.ci_low, again.ci_high, again.pi_low, again.pi_high))
    normal, riley = pooled.prediction_interval(df="z"), pooled.prediction_interval(df="k-2")
    assert riley[0] < same.pi_low < normal[0]
    common = pool(FOUR, method="EE")
    assert common.pi_low is None
    assert np.isnan(common.predict().loc[0, "pi_high"])
    with pytest.raises(InputError, match="one true effect"):
        common.prediction_interval()


def test_criteria_only_where_there_is_a_likelihood() -> None:
    assert pool(FOUR, method="DL").aic is None
    assert np.isnan(pool(FOUR, method="DL").to_frame().loc[0, "aic"])
    with pytest.raises(InputError, match="needs a likelihood"):
        pool(FOUR, method="DL").tau2_interval(method="profile")


def test_it_shows_itself_rounded_and_gives_itself_unrounded() -> None:
    pooled = pool(FOUR)
    assert repr(pooled) == (
        "<Pooled: k 4, 0.51 (95 % CI -0.03 to 1.04), PI -0.48 to 1.49, tau2 0.0672, I2 62 % (REML, adhoc)>"
    )
    shown = pooled._repr_html_()
    assert "<caption>Pooled MD contrast (REML, adhoc)</caption>" in shown
    assert "-0.48 to 1.49" in shown
    assert "ROUGH_PREDICTION" in shown
    frame = pooled.to_frame()
    assert frame.loc[0, "b"] == pooled.b
    assert frame.loc[0, "notes"] == " | ".join(pooled.notes)
    interval = pooled.tau2_interval()
    assert interval.to_frame().loc["tau2", "ci_high"] == interval.tau2_high
    assert "95 % interval (qprofile)" in interval._repr_html_()
    assert interval.tau_high**2 == pytest.approx(interval.tau2_high)
    assert repr(pool(effects(yi=[1.0], vi=[0.25]), test="z")).startswith(
        "<Pooled: k 1, 1.00 (95 % CI 0.02 to 1.98)"
    )
    with pytest.raises(ValueError, match="read-only"):
        pooled.weights[0] = 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"method": "REM"}, 'did you mean "REML"'),
        ({"test": "hksj"}, "known: z, t, knha, adhoc"),
        ({"level": 95}, "0.95 for 95 %"),
    ],
)
def test_unknown_words_name_the_known_ones(words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pool(FOUR, **words)


def test_unknown_words_of_the_methods() -> None:
    pooled = pool(FOUR)
    with pytest.raises(InputError, match="k-2"):
        pooled.prediction_interval(df="k-3")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="qprofile"):
        pooled.tau2_interval(method="wald")  # type: ignore[arg-type]


def test_what_cannot_be_pooled_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"effects\.estimable\(\)"):
        pool(effects(yi=[1, np.nan], vi=[1, np.nan], undefined=True))
    with pytest.raises(InputError, match=r"effects\.estimable\(\)"):
        pool(effects(yi=[1, 2], vi=[1, 0], undefined=True))
    with pytest.raises(InputError, match="no effect for pooling"):
        pool(effects(yi=[], vi=[]))
    with pytest.raises(InputError, match="takes EffectSizes, not list"):
        pool([1.0, 2.0])  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r'several of a2001; .*at\(window="6mo"\)'):
        pool(several(("a2001", "b2002", "a2001"), ("sham", "sham", "sham")))
    with pytest.raises(EstimandError, match="pool each by itself"):
        pool(several(("a2001", "b2002"), ("sham", "")))
    assert pool(several(("a2001", "b2002"), ("sham", "sham"))).studies == ("a2001", "b2002")


studies = st.lists(
    st.tuples(st.floats(-5, 5).map(lambda y: round(y, 3)), st.floats(0.01, 4).map(lambda v: round(v, 3))),
    min_size=2,
    max_size=9,
)
methods = st.sampled_from(METHODS)


def both(
    rows: list[tuple[float, float]], method: Method, *, shift: float = 0.0, scale: float = 1.0
) -> Pooled:
    y, v = np.array(rows).T
    return pool(effects(yi=y * scale + shift, vi=v * scale**2), method=method)


def close_to(a: float, b: float, size: float) -> bool:
    return abs(a - b) <= 1e-7 * size


@given(rows=studies, method=methods, shift=st.floats(-10, 10), scale=st.floats(0.01, 100))
def test_shift_and_scale(rows: list[tuple[float, float]], method: Method, shift: float, scale: float) -> None:
    plain, moved = both(rows, method), both(rows, method, shift=shift, scale=scale)
    assume(plain.maxima == 1)
    assert close_to(moved.b, plain.b * scale + shift, scale * 10 + abs(shift))
    assert close_to(moved.se, plain.se * scale, scale)
    assert close_to(moved.tau2, plain.tau2 * scale**2, 100 * scale**2)
    assert close_to(moved.i2, plain.i2, 1000)


@given(rows=studies, method=methods, seed=st.integers(0, 999))
def test_the_order_does_not_matter(rows: list[tuple[float, float]], method: Method, seed: int) -> None:
    mixed = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    a, b = both(rows, method), both(mixed, method)
    assert close_to(a.b, b.b, 10)
    assert close_to(a.ci_low, b.ci_low, 100)
    assert sorted(a.weights.round(6).tolist()) == pytest.approx(sorted(b.weights.round(6).tolist()), abs=1e-5)


@given(rows=studies, method=methods, v=st.floats(0.01, 4))
def test_equal_variances_give_the_plain_mean(
    rows: list[tuple[float, float]], method: Method, v: float
) -> None:
    y = np.array([row[0] for row in rows])
    pooled = pool(effects(yi=y, vi=np.full(y.size, v)), method=method)
    assert close_to(pooled.b, y.mean(), 10)
    if method in {"REML", "DL", "HE", "PM", "EB"}:
        assert close_to(pooled.tau2, max(y.var(ddof=1) - v, 0), 100)
    if method == "ML":
        assert close_to(pooled.tau2, max(y.var() - v, 0), 100)


@given(rows=studies, y=st.floats(-5, 5))
def test_one_huge_study_decides_without_heterogeneity(rows: list[tuple[float, float]], y: float) -> None:
    assert close_to(both([*rows, (y, 1e-12)], "EE").b, y, 1)


@given(rows=studies, method=methods, v=st.floats(0.01, 4))
def test_a_study_at_the_mean_never_moves_it(
    rows: list[tuple[float, float]], method: Method, v: float
) -> None:
    """With the tau2 of the larger set the smaller one has its mean; a study there leaves it."""
    pooled = both(rows, method)
    tau2 = pooled.tau2
    y, variance = np.array(rows).T
    w = 1 / (np.append(variance, v) + tau2)
    assert close_to(float((w * np.append(y, pooled.b)).sum() / w.sum()), pooled.b, 10)
    assert close_to(both([*rows, (both(rows, "EE").b, v)], "EE").b, both(rows, "EE").b, 10)


@given(rows=studies, method=methods)
def test_the_floor_never_narrows(rows: list[tuple[float, float]], method: Method) -> None:
    y, v = np.array(rows).T
    data = effects(yi=y, vi=v)
    widths = {test: pool(data, method=method, test=test) for test in ("t", "knha", "adhoc")}
    assert widths["adhoc"].se == max(widths["t"].se, widths["knha"].se)
    assert widths["t"].b == widths["adhoc"].b
