"""Adapters of the oracle cases of models: regression, sensitivity, small-study effects; only words change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import EffectSizes
from spineevidence.pooling import regression, sensitivity, smallstudy

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]

UNSUPPORTED: dict[str, str] = {
    "rma_uni__*/tau2_ci_genq_*": "intervals of Biggerstaff and Jackson are not offered",
    "rma_uni__*/henmi_copas": "Henmi and Copas' interval is not offered",
    "rma_uni__*/failsafe_*": "the fail-safe N is not offered, as the Cochrane Handbook advises",
}

OF_MODERATORS = {  # word of the file -> attribute
    "k": "k",
    "b": "b",
    "se": "se",
    "stat": "statistic",
    "pval": "p",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "tau2": "tau2",
    "se_tau2": "se_tau2",
    "I2": "i2",
    "H2": "h2",
    "Q": "q",
    "Q_df": "q_df",
    "Q_p": "q_p",
    "logLik": "loglik",
    "AIC": "aic",
    "BIC": "bic",
    "AICc": "aicc",
    "vcov": "vcov",
    "QM": "qm",
    "QM_p": "qm_p",
    "R2": "r2",
}
OF_SERIES = {
    "b": "b",
    "se": "se",
    "pval": "p",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "Q": "q",
    "Q_p": "q_p",
    "tau2": "tau2",
    "I2": "i2",
    "H2": "h2",
}
PREDICTED = {
    "pred": "pred",
    "pred_se": "se",
    "pred_lb": "ci_low",
    "pred_ub": "ci_high",
    "pred_pi_lb": "pi_low",
    "pred_pi_ub": "pi_high",
}


def plain(value: object) -> object:
    """Return lists and numbers, with None for NaN."""
    if isinstance(value, np.ndarray | tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and math.isnan(value) else value


def effects_of(inputs: Columns, rows: npt.NDArray[np.bool_] | None = None) -> EffectSizes:
    yi, vi = np.array(inputs["yi"], dtype=float), np.array(inputs["vi"], dtype=float)
    kept = np.isfinite(yi) & np.isfinite(vi) if rows is None else rows
    return EffectSizes(yi=yi[kept], vi=vi[kept])


def regressed(inputs: Columns, case: Case) -> object:
    settings, expected = case["settings"], case["expected"]
    names = [word.strip() for word in settings["mods"].removeprefix("~").split("+")]
    table = pd.DataFrame({name: inputs[name] for name in names})
    rows = table.notna().all(axis=1).to_numpy()
    table = table[rows].reset_index(drop=True)
    factors = settings.get("categorical", {})
    fit = regression.meta_regression(
        effects_of(inputs, rows),
        moderators=names,
        data=table,
        method=settings["method"],
        test=settings["test"],
        level=settings["level"] / 100,
    )
    levels = {one.name: list(one.levels) for one in fit.moderators if one.levels}
    assert levels == factors
    found: dict[str, object] = {
        word: plain(getattr(fit, name)) for word, name in OF_MODERATORS.items() if word in expected
    }
    found["tau"] = math.sqrt(fit.tau2)
    found["QM_df"] = list(fit.qm_df)
    if "df" in expected:
        found["df"] = [fit.df]
    new = fit.predict(_decoded(settings["newX"], settings["coef_order"], names, factors))
    return found | {word: new[name].tolist() for word, name in PREDICTED.items() if word in expected}


def _decoded(
    rows: list[list[float]], order: list[str], names: list[str], factors: Mapping[str, list[str]]
) -> dict[str, list[Any]]:
    """Return moderators from rows of a design with treatment coding."""
    coded = [dict(zip(order, row, strict=True)) for row in rows]
    columns: dict[str, list[Any]] = {}
    for name in names:
        words = factors.get(name)
        if words is None:
            columns[name] = [row[name] for row in coded]
        else:
            columns[name] = [
                next((word for word in words[1:] if row[f"{name}{word}"]), words[0]) for row in coded
            ]
    return columns


def series(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    function = sensitivity.cumulative if "order" in settings else sensitivity.leave_one_out
    found = function(
        effects_of(inputs),
        method=settings["method"],
        test=settings["test"],
        level=settings["level"] / 100,
    )
    values = {word: plain(getattr(found, name)) for word, name in OF_SERIES.items()}
    if settings["method"] == "EE":
        values["tau2"] = []  # the file holds no series for a model without tau2
    return {word: value for word, value in values.items() if word in case["expected"]}


def influence(inputs: Columns, case: Case) -> object:
    found = sensitivity.influence(effects_of(inputs), method=case["settings"]["method"])
    names = {name: name for name in case["expected"]} | {"QE_del": "q_del"}
    values = {word: getattr(found, name) for word, name in names.items()}
    return {word: plain(value.reshape(-1)) for word, value in values.items()}


def egger(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    words = (
        {"model": "classical"}
        if settings["model"] == "lm"
        else {
            "model": "mixed",
            "method": settings["method"],
            "test": settings["test"],
        }
    )
    found = smallstudy.egger_test(
        effects_of(inputs), predictor=settings["predictor"], level=settings["level"] / 100, **words
    )
    return {
        "stat": found.statistic,
        "df": None if math.isinf(found.df) else found.df,
        "pval": found.p,
        "limit_est": found.limit,
        "limit_lb": found.limit_low,
        "limit_ub": found.limit_high,
    }


def begg(inputs: Columns, case: Case) -> object:
    found = smallstudy.rank_test(effects_of(inputs))
    assert case["settings"].keys() == {"note", "level"}
    return {"tau": found.tau, "pval": found.p}


def trimmed(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    found = smallstudy.trim_and_fill(
        effects_of(inputs),
        estimator=settings["estimator"],
        method=settings["method"],
        test=settings["test"],
        level=settings["level"] / 100,
    )
    return {
        "k0": found.k0,
        "se_k0": found.se_k0,
        "side": found.side,
        "filled_yi": plain(found.filled_yi),
        "filled_vi": plain(found.filled_vi),
        "k": found.k,
        "b": [found.b],
        "se": [found.se],
        "stat": [found.statistic],
        "pval": [found.p],
        "ci_lb": [found.ci_low],
        "ci_ub": [found.ci_high],
        "tau2": found.tau2,
        "I2": found.i2,
        "Q": found.q,
    }


MODELS: dict[str, Callable[[Columns, Case], object]] = {  # of family rma_uni, by the first word of the case
    "reg": regressed,
    "leave1out": series,
    "cumulative": series,
    "influence": influence,
    "regtest": egger,
    "ranktest": begg,
    "trimfill": trimmed,
}


def model(inputs: Columns, case: Case) -> object:
    return MODELS[case["id"].partition("_")[0]](inputs, case)


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {"rma_uni": model}


SERIES = ("leave1out", "cumulative")  # no moderators, no approximate search: held to 1e-8
P_VALUES = ("pval", "Q_p", "QM_p")
TINY_P = 1e-15  # below it logarithms are compared
LOOSE_REFIT = 1e-3  # metafor refits REML in trim and fill with its default stop, tau2 1e-4 off


def misses(found: Mapping[str, Any], case: Case, vi: list[float]) -> list[str]:
    """Return where numbers differ from the file by more than they are known to."""
    expected, name = case["expected"], case["id"]
    if found.keys() != expected.keys():
        return [f"{name}: words {sorted(set(found) ^ set(expected))}"]
    wrong = []
    for word, wanted in expected.items():
        pairs = list(_pairs(found[word], wanted))
        floor = _floor(word, expected, vi)
        rel = _relative(word, name)
        if rel == LOOSE_REFIT:
            floor = LOOSE_REFIT * max(expected["se"]) if word in {"b", "ci_lb", "ci_ub"} else floor
            rel = 10 * rel if word in P_VALUES else rel
        for have, want in pairs:
            if want is None and have is not None and name.startswith(SERIES):
                continue  # there the reference did not converge, so it holds no number to compare with
            if isinstance(want, str) or want is None or have is None:
                same = have == want
            elif word in P_VALUES and 0 < want < TINY_P:
                same = abs(math.log(have) - math.log(want)) <= rel
            else:
                same = abs(have - want) <= rel * abs(want) + floor
            if not same:
                wrong.append(f"{name} {word}: {have!r}, expected {want!r}")
    return wrong


def _pairs(found: object, expected: object) -> list[tuple[Any, Any]]:
    if isinstance(expected, list) and isinstance(found, list):
        if len(found) != len(expected):
            return [(len(found), f"length {len(expected)}")]
        return [pair for one, other in zip(found, expected, strict=True) for pair in _pairs(one, other)]
    return [(found, expected)]


def _relative(word: str, name: str) -> float:
    if name.startswith("trimfill") and name.endswith("REML"):
        return LOOSE_REFIT
    if name.startswith(SERIES):
        return 1e-7 if word in P_VALUES else 1e-8 if word in {"b", "se", "tau2"} else 1e-6
    return 1e-6


def _floor(word: str, expected: Mapping[str, Any], vi: list[float]) -> float:
    """Return an absolute tolerance, from the errors of estimates and the median variance."""
    if word == "tau2":
        return 1e-8 * float(np.median(vi))
    if word == "tau":
        return 1e-4 * math.sqrt(float(np.median(vi)))  # the square root of noise in tau2
    if word.startswith("pred"):
        return 1e-6 * max(expected["pred_se"])
    if word in {"b", "ci_lb", "ci_ub"}:
        spread = [se for se in expected["se"] if se is not None]
        return (1e-8 if word == "b" else 1e-6) * max(spread)
    return 1e-9
