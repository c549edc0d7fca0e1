"""Adapters of the pooling families without moderators: only words are translated here."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from spineevidence.effectsizes import EffectSizes
from spineevidence.pooling.pool import Pooled, pool

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]

CASES = re.compile(
    r"(EE|DL|HE|HS|HSk|SJ|ML|REML|EB|PM|PMM)_(z|t|knha|adhoc)|tau2_ci_(qprofile|profilelik_(ML|REML))"
    r"|blup_REML|weights_REML"
)  # ids of the family rma_uni that are translated here

VECTORS = ("b", "se", "stat", "pval", "ci_lb", "ci_ub", "df")  # lists of one number in the files

WORDS = {
    "stat": "statistic",
    "pval": "p",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "I2": "i2",
    "H2": "h2",
    "Q": "q",
    "Q_df": "q_df",
    "Q_p": "q_p",
    "logLik": "loglik",
    "AIC": "aic",
    "BIC": "bic",
    "AICc": "aicc",
}


BLUPS = {"pred": "pred", "se": "se", "pi_lb": "pi_low", "pi_ub": "pi_high"}


def no_moderators(inputs: Columns, case: Case) -> object:
    """Cases of family rma_uni whose id matches CASES."""
    name, settings = case["id"], case["settings"]
    pooled = _pooled(inputs, settings)
    if name == "weights_REML":
        return {"percent": pooled.weights.tolist()}
    if name == "blup_REML":
        frame = pooled.blups()
        return {name: frame[column].tolist() for name, column in BLUPS.items()}
    if name.startswith("tau2_ci"):
        return _tau2_interval(pooled, name)
    return _fit(pooled, case["expected"])


def hard(inputs: Columns, case: Case) -> object:
    """All cases of family reml_hard."""
    effects = EffectSizes(yi=inputs["yi"], vi=inputs["vi"])
    method = case["settings"]["method"]
    z, knha = (pool(effects, method=method, test=test) for test in ("z", "knha"))
    return {"tau2": z.tau2, "b": z.b, "se_z": z.se, "se_knha": knha.se, "logLik": z.loglik}


def _pooled(inputs: Columns, settings: Mapping[str, Any]) -> Pooled:
    effects = EffectSizes(yi=inputs["yi"], vi=inputs["vi"])
    return pool(effects, method=settings["method"], test=settings["test"], level=settings["level"] / 100)


def _fit(pooled: Pooled, expected: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in expected:
        if name.startswith("pi_"):
            df = "k-2" if "riley" in name else "z" if pooled.test == "z" else "k-1"
            found[name] = pooled.prediction_interval(df=df)[name.endswith("ub")]
        else:
            value = getattr(pooled, WORDS.get(name, name))
            found[name] = [value] if name in VECTORS else _infinite(value)
    return found


def _infinite(value: float | None) -> float | str | None:
    return "-Inf" if value == -math.inf else value


def _tau2_interval(pooled: Pooled, name: str) -> dict[str, Any]:
    if name != "tau2_ci_qprofile":
        found = pooled.tau2_interval(method="profile")
        return {"tau2_lb": found.tau2_low, "tau2_ub": found.tau2_high}
    found = pooled.tau2_interval(method="qprofile")
    return {
        "tau2_lb": found.tau2_low,
        "tau2_ub": found.tau2_high,
        "I2_lb": found.i2_low,
        "I2_ub": found.i2_high,
        "H2_lb": found.h2_low,
        "H2_ub": found.h2_high,
        "empty": found.empty,
    }


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {
    "rma_uni": no_moderators,
    "reml_hard": hard,
}

RELATIVE = {"tau2": 1e-8, "b": 1e-8, "se": 1e-8, "tau2_lb": 1e-7, "tau2_ub": 1e-7}
DERIVED = 1e-6  # of the other quantities
TAIL = 1e-15  # p-values below are compared by their logarithms
P_VALUES = ("pval", "Q_p")


def pooling_differences(
    found: Mapping[str, Any], expected: Mapping[str, Any], inputs: Columns
) -> Iterator[str]:
    """Yield where a pooled estimate differs by more than the accuracy that the oracles were computed to."""
    if found.keys() != expected.keys():
        yield f"keys {sorted(found)}, expected {sorted(expected)}"
        return
    variance = statistics.median(inputs["vi"])
    floors = {"tau2": 1e-8 * variance, "tau2_lb": 1e-8 * variance, "tau2_ub": 1e-8 * variance, "logLik": 1e-9}
    for name, value in expected.items():
        ours = found[name] if isinstance(found[name], list) else [found[name]]
        theirs = value if isinstance(value, list) else [value]
        if len(ours) != len(theirs):
            yield f"{name}: {len(ours)} numbers, expected {len(theirs)}"
            continue
        floor = floors.get(name, 1e-8 * math.sqrt(variance))
        for one, other in zip(ours, theirs, strict=True):
            if not _alike(name, one, other, floor):
                yield f"{name}: {one!r}, expected {other!r}"


def _alike(name: str, ours: object, theirs: object, floor: float) -> bool:
    if not isinstance(ours, float | int) or not isinstance(theirs, float | int):
        return ours == theirs
    if name in P_VALUES:
        if 0 < theirs < TAIL and ours > 0:
            return abs(math.log(ours) - math.log(theirs)) <= 1e-7 * abs(math.log(theirs))
        return abs(ours - theirs) <= 1e-7 * theirs
    return abs(ours - theirs) <= RELATIVE.get(name, DERIVED) * abs(theirs) + floor
