"""Pooling window by window: the oracle, the choice of the model, notes, and input that is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meta_pooling_tables
from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.errors import EstimandError, InputError
from spineevidence.pooling.halfnormal import pool_half_normal
from spineevidence.pooling.pool import pool
from spineevidence.pooling.windows import PooledWindow, pool_window, pool_windows
from spineevidence.stepwise import benefit_state

FILE = Path(__file__).parent / "oracles" / "o04_windows.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"]

PAIN = {"sd_rep": 2.5}  # of scores from 0 to 10


def six_trials() -> EffectSizes:
    return meta_pooling_tables.contrasts(CASES[0]["input"]["arms"])


def made(rows: list[tuple[str, float, float, float]], **words: Any) -> EffectSizes:
    """Return effects with lineage from rows of study, months, effect and variance."""
    bare = EffectSizes(yi=[row[2] for row in rows], vi=[row[3] for row in rows])
    lineage = [
        meta_pooling_tables.lineage_of(bare, place, study=row[0], months=row[1], n=(20, 21))
        for place, row in enumerate(rows)
    ]
    return EffectSizes(yi=bare.yi, vi=bare.vi, lineage=lineage, **words)


def bare(k: int) -> EffectSizes:
    return EffectSizes(yi=np.linspace(0.2, 1.6, k), vi=np.linspace(0.1, 0.3, k), df=30)


def test_one_study_speaks_for_itself() -> None:
    given = EffectSizes(yi=[0.5], vi=[0.04], df=[12], ci_low=[0.1], ci_high=[1.0])
    found = pool_window(given, **PAIN)
    assert (found.model, found.k, found.df) == ("one study", 1, 12)
    assert (found.estimate, found.ci_low, found.ci_high) == (0.5, 0.1, 1.0)
    assert (found.pi_low, found.pi_high, found.tau, found.q, found.i2) == (None,) * 5
    assert found.reml is None
    assert found.half_normal is None
    wider = pool_window(given, **PAIN, level=0.99)
    assert wider.ci_high == pytest.approx(0.5 + 0.2 * float(t_quantile(p=0.995, df=12)))
    assert any("standard error" in note for note in wider.notes)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_few_studies_take_the_half_normal_model(k: int) -> None:
    found, other = pool_window(bare(k), **PAIN), pool_half_normal(bare(k), scale=0.75)
    assert found.model == "half-normal"
    assert (found.estimate, found.ci_low, found.ci_high) == (other.median, other.ci_low, other.ci_high)
    assert (found.tau, found.df) == (other.tau_median, math.inf)
    assert (found.pi_low, found.pi_high) == ((None, None) if k == 2 else (other.pi_low, other.pi_high))
    assert any("rough" in note for note in found.notes) == (k > 2)
    assert found.sensitivity is not None
    assert found.sensitivity.scale == pytest.approx(1.0)


@pytest.mark.parametrize("k", [5, 9])
def test_many_studies_take_reml(k: int) -> None:
    found, other = pool_window(bare(k), **PAIN), pool(bare(k), method="REML", test="adhoc")
    assert found.model == "REML"
    assert (found.estimate, found.ci_low, found.ci_high) == (other.b, other.ci_low, other.ci_high)
    assert (found.pi_low, found.pi_high) == (other.pi_low, other.pi_high)
    half = float(t_quantile(p=0.975, df=k - 1)) * math.sqrt(other.se**2 + other.tau2)
    assert found.pi_high == pytest.approx(other.b + half)
    assert found.q == pytest.approx(other.q)
    assert found.i2 == pytest.approx(max(0.0, 100 * (other.q - (k - 1)) / other.q))
    assert found.notes == ()


def test_a_spread_beyond_the_prior_is_noted() -> None:
    found = pool_window(EffectSizes(yi=[0, 4], vi=[0.1, 0.1]), **PAIN)
    assert any(note.startswith("PRIOR_CONFLICT: tau by REML is 2.81") for note in found.notes)
    calm = pool_window(EffectSizes(yi=[0, 0.2], vi=[0.1, 0.1]), **PAIN)
    assert not calm.notes


def test_every_window_has_its_studies_and_state() -> None:
    found = pool_windows(six_trials(), **PAIN, delta=1.0)
    frame = found.to_frame()
    assert frame["window"].tolist() == ["<=2wk", "1mo", "3mo", "6mo", "12mo", "24mo"]
    assert frame["k"].tolist() == [1, 5, 5, 5, 5, 2]
    assert frame["n"].tolist() == [136, 506, 422, 367, 371, 115]
    assert frame["studies"].tolist()[-1] == "S4;S5"
    assert frame["state"].tolist() == list(found.states) == list(found.duration.states)
    for window, state in zip(found.windows, found.states, strict=True):
        assert benefit_state(ci_low=window.ci_low, ci_high=window.ci_high, delta=1.0) == state
    mix = found.mix()
    assert mix.loc["S6"].tolist() == [True, True, True, False, True, False]
    assert mix.sum().tolist() == frame["k"].tolist()


def test_each_window_is_that_of_pool_window() -> None:
    effects = six_trials()
    found = pool_windows(effects, **PAIN, delta=1.0, level=0.9)
    for window in found.windows:
        alone = pool_window(effects.at(window.window), **PAIN, level=0.9)
        assert (window.estimate, window.ci_low, window.ci_high) == (
            alone.estimate,
            alone.ci_low,
            alone.ci_high,
        )


def test_another_mix_of_studies_is_noted() -> None:
    notes = pool_windows(six_trials(), **PAIN, delta=1.0).notes
    assert any(note.startswith("MIX: 1mo (S1, S2, S3, S5 and S6) and 24mo (S4 and S5)") for note in notes)
    same = made([(study, months, 0.4, 0.1) for study in "ABC" for months in (1, 12)])
    assert not any(note.startswith("MIX") for note in pool_windows(same, **PAIN, delta=1.0).notes)


def test_a_study_speaks_once_in_a_window() -> None:
    rows = [("A", 5.0, 0.1, 0.1), ("A", 6.0, 0.5, 0.1), ("B", 8.0, 0.7, 0.1), ("B", 200.0, 9.0, 0.1)]
    found = pool_windows(made(rows), **PAIN, delta=1.0)
    (window,) = found.windows
    assert (window.window, window.k, window.studies) == ("6mo", 2, ("A", "B"))
    assert window.estimate == pytest.approx(0.6)
    assert "1 effect left out: the study speaks once in each window." in found.notes
    assert "1 effect at a time outside every window left out." in found.notes
    assert any(note.startswith("SINGLE_WINDOW") for note in found.notes)


def test_rows_without_an_estimate_are_counted() -> None:
    whole = made([("A", 6.0, 0.5, 0.1), ("B", 6.0, 0.7, 0.1)])
    effects = EffectSizes(
        yi=[0.5, np.nan], vi=[0.1, np.nan], lineage=whole.lineage, undefined=True, measure="MD"
    )
    found = pool_windows(effects, **PAIN, delta=1.0)
    assert found.windows[0].k == 1
    assert any(note.startswith("1 of 2 left out, no estimate") for note in found.notes)


def test_a_state_that_hangs_on_the_prior_is_noted() -> None:
    found = pool_windows(meta_pooling_tables.contrasts(CASES[1]["input"]["arms"]), **PAIN, delta=1.0)
    assert any(note.startswith("FRAGILE_PRIOR: 1mo: with scale 1 of the prior") for note in found.notes)
    as_asked = pool_windows(
        meta_pooling_tables.contrasts(CASES[1]["input"]["arms"]), **PAIN, delta=1.0, scale=0.4
    )
    assert as_asked.windows[0].sensitivity is not None
    assert as_asked.windows[0].sensitivity.scale == pytest.approx(0.4 * 4 / 3 * PAIN["sd_rep"])


def test_contrasts_and_changes_are_not_mixed() -> None:
    contrasts = made([("A", 6.0, 1.5, 0.1)])
    (change,) = made([("B", 12.0, 2.7, 0.1)]).lineage
    both = [*contrasts.lineage, dataclasses.replace(change, versus="")]
    mixed = EffectSizes(yi=[1.5, 2.7], vi=[0.1, 0.1], lineage=both)
    for call in (lambda: pool_windows(mixed, **PAIN, delta=1.0), lambda: pool_half_normal(mixed, scale=0.75)):
        with pytest.raises(EstimandError, match="cannot be pooled"):
            call()


@pytest.mark.parametrize(("beyond", "shown"), [(1e-6, (12.0,)), (-1e-6, ())])
def test_bonferroni_takes_the_quantile_of_the_model(beyond: float, shown: tuple[float, ...]) -> None:
    first = [("A", 1.0, -0.3, 0.2), ("B", 1.0, 0.2, 0.2)]
    later = [("A", 12.0, 1.9, 0.2), ("B", 12.0, 2.6, 0.3)]
    limit = pool_half_normal(made(later), scale=0.75).quantile(0.025 / 2)
    moved = [(study, months, yi - limit + beyond, vi) for study, months, yi, vi in later]
    found = pool_windows(made([*first, *moved]), **PAIN, delta=1.0)
    assert found.duration.shown_until is None
    assert found.duration.shown_at_adjusted == shown


def test_changes_are_told_apart() -> None:
    rows = [("A", 6.0, 2.5, 0.1), ("B", 6.0, 2.7, 0.1)]
    found = pool_windows(made(rows, estimand="change", measure="MC"), **PAIN, delta=1.0)
    assert found.estimand == "change"
    assert any(note.startswith("CHANGE_ONLY") for note in found.notes)


def test_how_it_looks() -> None:
    found = pool_windows(six_trials(), **PAIN, delta=1.0)
    assert repr(found) == (
        "<PooledWindows: 6 windows, 6 studies, benefit shown until 1 month, important benefit excluded from "
        "no window, last follow-up 24 months>"
    )
    page = found._repr_html_()
    assert "<td>2: S4, S5</td><td>115</td><td>-1.11 (-2.60 to 0.16)</td><td>not given</td>" in page
    assert "<caption>Pooled window by window: MD contrast</caption>" in page
    first: PooledWindow = found.windows[0]
    assert repr(first) == "<PooledWindow: <=2wk, k 1, 3.080 (95 % interval 2.190 to 3.970), one study>"
    assert "&lt;=2wk" in first._repr_html_()
    assert first.to_frame().loc[0, "estimate"] == first.estimate
    few = pool_window(bare(3), **PAIN)
    assert repr(few).startswith("<PooledWindow: k 3, ")
    assert "(rough)" in few._repr_html_()
    assert few.to_frame()["n"].isna().all()


@pytest.mark.parametrize(
    ("effects", "words", "message"),
    [
        (EffectSizes(yi=[], vi=[]), PAIN, "no effect for pooling"),
        (bare(2), {"sd_rep": 0}, "sd_rep must be above 0"),
        (bare(2), PAIN | {"scale": math.nan}, "scale must be above 0"),
        (bare(2), PAIN | {"level": 95}, "a level must lie between 0 and 1"),
        (EffectSizes(yi=[1], vi=[0], undefined=True), PAIN, "estimable"),
        (made([("A", 1, 0.1, 0.1), ("A", 1.5, 0.1, 0.1)]), PAIN, "several of A"),
        (made([("A", 1, 0.1, 0.1), ("B", 6, 0.1, 0.1)]), PAIN, "use pool_windows"),
    ],
)
def test_bad_input_of_one_window_is_refused(
    effects: EffectSizes, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        pool_window(effects, **words)


def test_bad_input_of_all_windows_is_refused() -> None:
    with pytest.raises(InputError, match="carry no times"):
        pool_windows(bare(2), **PAIN, delta=1.0)
    with pytest.raises(InputError, match="no effect lies in a follow-up window"):
        pool_windows(made([("A", 300.0, 0.1, 0.1)]), **PAIN, delta=1.0)
    with pytest.raises(InputError, match="delta must be above 0"):
        pool_windows(six_trials(), **PAIN, delta=0)
