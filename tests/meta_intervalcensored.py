"""Adapters of interval-censored times: only words are translated here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from spineevidence.longitudinal.intervalcensored import TurnbullEstimate, turnbull
from spineevidence.longitudinal.scoretests import interval_censored_test

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]

UNSUPPORTED: dict[str, str] = {
    "interval_cens__*/survreg_*": "parametric models of interval-censored times are not offered",
}


def interval_cens(inputs: Columns, case: Case) -> object:
    """Return what stands under `expected`, which may leave words out."""
    given, asked = case["settings"], case["expected"]
    if "by" in given:
        groups = {name: _rows(inputs, given["by"], name) for name in asked}
        return {name: _chosen(_npmle(turnbull(**rows)), asked[name]) for name, rows in groups.items()}
    if "scores" in given:
        test = interval_censored_test(**_rows(inputs), group=inputs[given["group"]], scores=given["scores"])
        return {"statistic": test.statistic, "pval": test.p}
    estimate = turnbull(**_rows(inputs))
    lower, upper = estimate.survival(given["times"])
    return {**_npmle(estimate), "S_lower": lower.tolist(), "S_upper": upper.tolist()}


def durations(case: Case) -> object:
    """File o08: `null` stands for no limit."""
    pairs = case["input"]["intervals"]
    estimate = turnbull(
        left=[left for left, _ in pairs],
        right=[math.inf if right is None else right for _, right in pairs],
    )
    limits = zip(estimate.left.tolist(), estimate.right.tolist(), strict=True)
    return {
        "support": [[left, None if math.isinf(right) else right] for left, right in limits],
        "mass": estimate.mass.tolist(),
    }


def _rows(inputs: Columns, by: str = "", name: str = "") -> dict[str, list[float]]:
    """Return limits as numbers (the word "Inf" is one), of all rows or of one group."""
    kept = [not by or value == name for value in inputs[by or "L"]]
    sides = {"left": inputs["L"], "right": inputs["R"]}
    return {
        side: [float(value) for value, keep in zip(values, kept, strict=True) if keep]
        for side, values in sides.items()
    }


def _npmle(estimate: TurnbullEstimate) -> dict[str, object]:
    return {
        "innermost_left": estimate.left.tolist(),
        "innermost_right": ["Inf" if math.isinf(right) else right for right in estimate.right.tolist()],
        "exact": estimate.exact.tolist(),
        "mass": estimate.mass.tolist(),
        "loglik": estimate.loglik,
    }


def _chosen(found: Mapping[str, object], asked: Mapping[str, object]) -> dict[str, object]:
    return {word: value for word, value in found.items() if word in asked}


def misses(found: Any, expected: Mapping[str, Any], place: str = "") -> list[str]:
    """Return where masses and S differ by more than 1e-8, log-likelihoods by 1e-9, tests by 1e-6 relative."""
    if found.keys() != expected.keys():
        return [f"{place}: keys {sorted(found)}, expected {sorted(expected)}"]
    wrong = []
    for word, value in expected.items():
        at, got = f"{place}.{word}", found[word]
        if isinstance(value, dict):
            wrong += misses(got, value, at)
        elif isinstance(value, list):
            near = len(got) == len(value) and all(map(_near, got, value))
            wrong += [] if near else [f"{at}: {got!r}, expected {value!r}"]
        else:
            room = LOGLIK if word == "loglik" else TEST * abs(value)
            wrong += [] if abs(got - value) <= room else [f"{at}: {got!r}, expected {value!r}"]
    return wrong


MASS = 1e-8  # absolute: both sides stop at a slope of rounding
LOGLIK = 1e-9  # absolute: flat at the optimum
TEST = 1e-6  # relative


def _near(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float | int) and not isinstance(expected, bool):
        return abs(found - expected) <= MASS
    return found == expected


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {"interval_cens": interval_cens}
DURATION: dict[str, Callable[[Case], object]] = {"o08_turnbull": durations}
