"""Adapters of Mantel-Haenszel and Peto, and of pooling by windows: only words are translated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas import means
from spineevidence.lineage import Effect
from spineevidence.pooling import mantelhaenszel
from spineevidence.pooling.mantelhaenszel import ChiSquared, StratifiedPool
from spineevidence.pooling.windows import PooledWindow, pool_windows
from spineevidence.stepwise import StepwiseDuration
from spineevidence.timing import window_of

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]


def mh_peto(inputs: Columns, case: Case) -> object:
    found = _stratified(inputs, case["settings"])
    if case["id"].startswith("leave1out_"):
        frame = found.leave_one_out()
        words = {"b": "b", "se": "se", "pval": "p", "Q": "q"}
        return {word: blanks(frame[column].to_numpy()) for word, column in words.items()}
    if case["id"].startswith("weights_"):
        return {"percent": found.weights.tolist()}
    return {word: value for word, value in _pooled(found).items() if word in case["expected"]}


def blanks(values: npt.ArrayLike) -> list[float | None]:
    """Return numbers with None for NaN."""
    return [None if np.isnan(value) else float(value) for value in np.asarray(values)]


def _stratified(inputs: Columns, settings: Mapping[str, Any]) -> StratifiedPool:
    words: dict[str, Any] = {"level": settings["level"] / 100}
    rules = {name: settings[name] for name in ("to", "add", "drop00")}
    if settings["method"] == "Peto":
        return mantelhaenszel.peto(**_counts(inputs), **rules, **words)
    words |= {name: both[0] for name, both in rules.items()}
    words |= {f"pooled_{name}": both[1] for name, both in rules.items()}
    words |= {"measure": settings["measure"], "correct": settings.get("correct", True)}
    if "x1i" in inputs:
        names = {"events1": "x1i", "time1": "t1i", "events2": "x2i", "time2": "t2i"}
        times = {name: inputs[column] for name, column in names.items()}
        return mantelhaenszel.mantel_haenszel_rates(**times, **words)
    revman = settings.get("note", "").startswith("SE as in RevMan")
    se = "greenland_robins" if revman else "sato"
    return mantelhaenszel.mantel_haenszel(**_counts(inputs), se=se, **words)


def _counts(inputs: Columns) -> dict[str, npt.ArrayLike]:
    a, b, c, d = (np.array(inputs[name]) for name in ("ai", "bi", "ci", "di"))
    return {"events1": a, "n1": a + b, "events2": c, "n2": c + d}


def _pooled(found: StratifiedPool) -> dict[str, object]:
    words: dict[str, object] = {
        "k": found.k,
        "k_yi": found.k_effects,
        "b": found.b,
        "se": found.se,
        "z": found.statistic,
        "pval": found.p,
        "ci_lb": found.ci_low,
        "ci_ub": found.ci_high,
        "Q": found.q,
        "Q_df": found.q_df,
        "Q_p": found.q_p,
        "I2": found.i2,
        "H2": found.h2,
        "yi": blanks(found.effects.yi),
        "vi": blanks(found.effects.vi),
    }
    tests = (
        ("MH", found.association),
        ("BD", found.breslow_day),
        ("TA", found.tarone),
        ("CO", found.cochran),
    )
    for word, test in tests:
        words |= _test(word, test)
    return words


def _test(word: str, test: ChiSquared | None) -> dict[str, float]:
    return {} if test is None else {word: test.statistic, f"{word}p": test.p}


SD_OF_PAIN = 2.5  # on a scale from 0 to 10; the prior's scale in the file is 0.3 times that
MODELS = {"one study": "single study", "half-normal": "bhn", "REML": "reml+mkh"}


def windows(case: Case) -> object:
    given = case["input"]
    effects = contrasts(given["arms"])
    pooled = pool_windows(
        effects,
        sd_rep=SD_OF_PAIN,
        scale=given["hn_scale"] / SD_OF_PAIN,
        delta=given["delta"],
        level=given["level"],
    )
    return {
        "contrasts": [_contrast(effects, position) for position in range(len(effects))],
        "windows": [_window(window) for window in pooled.windows],
        "stepwise": stepwise_words(pooled.duration),
    }


def contrasts(arms: list[Mapping[str, Any]]) -> EffectSizes:
    """Return the differences of means of an oracle file as effects with lineage."""
    names = {"m1": "mean_t", "sd1": "sd_t", "n1": "n_t", "m2": "mean_c", "sd2": "sd_c", "n2": "n_c"}
    columns = {name: [arm[column] for arm in arms] for name, column in names.items()}
    found = means.mean_difference(**columns, better="lower")
    lineage = [
        lineage_of(found, position, study=arm["study"], months=arm["months"], n=(arm["n_t"], arm["n_c"]))
        for position, arm in enumerate(arms)
    ]
    return EffectSizes(
        yi=found.yi, vi=found.vi, df=found.df, measure="MD", estimand="contrast", lineage=lineage
    )


def lineage_of(
    found: EffectSizes,
    position: int,
    *,
    study: str,
    months: float,
    versus: str = "sham",
    n: tuple[int, int] | None = None,
) -> Effect:
    """Return what stands behind an effect, of which only study, time and sizes matter here."""
    window = window_of(months)
    return Effect(
        study_id=study,
        curve="pain",
        measure_id="pain",
        arm="procedure",
        versus=versus,
        months=months,
        window="" if window is None else window.label,
        yi=float(found.yi[position]),
        sei=float(found.sei[position]),
        df=float(found.df[position]),
        ci_low=float(found.ci_low[position]),
        ci_high=float(found.ci_high[position]),
        n_arm=None if n is None else n[0],
        n_versus=None if n is None else n[1],
        route="two arms",
        lines=(position + 2,),
        derivation="",
        notes=(),
        rank=(0, 0, 0),
    )


def _contrast(effects: EffectSizes, position: int) -> dict[str, object]:
    behind = effects.lineage[position]
    numbers = {
        "d": effects.yi,
        "v": effects.vi,
        "df": effects.df,
        "lo": effects.ci_low,
        "hi": effects.ci_high,
    }
    words: dict[str, object] = {"study": behind.study_id, "months": behind.months}
    return words | {word: float(values[position]) for word, values in numbers.items()}


def _window(window: PooledWindow) -> dict[str, object]:
    words: dict[str, object] = {
        "window": window.window,
        "nominal": window.months,
        "k": window.k,
        "studies": list(window.studies),
        "method": MODELS[window.model],
        "lo": window.ci_low,
        "hi": window.ci_high,
    }
    if window.reml is None or window.reml_knha is None or window.half_normal is None:
        return words | {"d": window.estimate}
    weak, reml, knha = window.half_normal, window.reml, window.reml_knha
    return words | {
        "d": reml.b,
        "d_used": window.estimate,
        "tau2_reml": reml.tau2,
        "Q": window.q,
        "I2": window.i2,
        "hksj": [knha.ci_low, knha.ci_high],
        "mkh": [reml.ci_low, reml.ci_high],
        "pi": [reml.pi_low, reml.pi_high] if window.pi_low is not None else None,
        "bhn": {
            "median": weak.median,
            "lo": weak.ci_low,
            "hi": weak.ci_high,
            "tau_mean": weak.tau_mean,
        },
    }


def stepwise_words(found: StepwiseDuration) -> dict[str, object]:
    """Return the two runs in the words of the files."""
    kinds = {"crosses": found.point_crossing, "below_throughout": 0.0, "above_at_last": None}
    return {
        "anchor_time": found.anchor,
        "states": list(found.states),
        "shown_until": found.shown_until or 0.0,
        "important_shown_until": found.important_shown_until or 0.0,
        "important_excluded_from": found.important_excluded_from,
        "benefit_excluded_from": found.benefit_excluded_from,
        "shown_at_adjusted": list(found.shown_at_adjusted),
        "left_out_too_imprecise": list(found.left_out),
        "horizon": found.horizon,
        "code": found.code,
        "point_crossing": kinds[found.point_crossing_kind],
    }


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {"mh_peto": mh_peto}
DURATION: dict[str, Callable[[Case], object]] = {"o04_windows": windows}
