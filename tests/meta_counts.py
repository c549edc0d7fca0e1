"""Adapters of the oracle families of counts and rates: only words are translated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas import counts, rates

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]

TABLES: dict[str, tuple[Callable[..., EffectSizes], dict[str, Any]]] = {
    "RR": (counts.risk_ratio, {}),
    "OR": (counts.odds_ratio, {}),
    "RD": (counts.risk_difference, {"interval": "wald"}),
    "AS": (counts.arcsine_difference, {}),
    "PETO": (counts.peto_odds_ratio, {}),
    "PHI": (counts.phi_coefficient, {}),
    "YUQ": (counts.yule_q, {}),
    "YUY": (counts.yule_y, {}),
    "OR2DN": (counts.odds_ratio_as_smd, {"method": "normal"}),
    "OR2DL": (counts.odds_ratio_as_smd, {"method": "logistic"}),
}

RATES: dict[str, tuple[Callable[..., EffectSizes], dict[str, Any]]] = {
    "IRR": (rates.incidence_rate_ratio, {}),
    "IRD": (rates.incidence_rate_difference, {"scale": "raw"}),
    "IRSD": (rates.incidence_rate_difference, {"scale": "sqrt"}),
}

PROPORTIONS = {"PR": "raw", "PLN": "log", "PLO": "logit", "PAS": "arcsine", "PFT": "double_arcsine"}

INCIDENCES = {"IR": "raw", "IRLN": "log", "IRS": "sqrt", "IRFT": "freeman_tukey"}


def numbers(effect: EffectSizes) -> dict[str, list[float | None]]:
    """Return effects, variances and standard errors, with None for NaN."""
    columns = {"yi": effect.yi, "vi": effect.vi, "sei": effect.sei}
    return {
        name: [None if np.isnan(value) else value for value in column.tolist()]
        for name, column in columns.items()
    }


def tables(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    a, b, c, d = (np.array(inputs[settings["columns"][name]]) for name in ("ai", "bi", "ci", "di"))
    function, words = TABLES[settings["measure"]]
    if "vtype" in settings:
        words = {**words, "variance": settings["vtype"]}
    effect = function(events1=a, n1=a + b, events2=c, n2=c + d, **_zero_cells(settings), **words)
    assert effect.measure == settings["measure"]
    return numbers(effect)


def rates_of_two(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    x1, t1, x2, t2 = (inputs[settings["columns"][name]] for name in ("x1i", "t1i", "x2i", "t2i"))
    function, words = RATES[settings["measure"]]
    effect = function(events1=x1, time1=t1, events2=x2, time2=t2, **_zero_cells(settings), **words)
    assert effect.measure == settings["measure"]
    return numbers(effect)


def proportions(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    x, n = (inputs[settings["columns"][name]] for name in ("xi", "ni"))
    scale = PROPORTIONS[settings["measure"]]
    effect = counts.proportion(events=x, n=n, scale=scale, to=settings["to"], add=settings["add"])
    assert effect.measure == settings["measure"]
    return numbers(effect)


def incidences(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    x, t = (inputs[settings["columns"][name]] for name in ("xi", "ti"))
    scale = INCIDENCES[settings["measure"]]
    effect = rates.incidence_rate(events=x, time=t, scale=scale, to=settings["to"], add=settings["add"])
    assert effect.measure == settings["measure"]
    return numbers(effect)


def _zero_cells(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in ("to", "add", "drop00")}


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {
    "escalc_2x2": tables,
    "escalc_rate": rates_of_two,
}

SINGLE: dict[str, Callable[[Columns, Case], object]] = {  # of family escalc_single, by measure
    **dict.fromkeys(PROPORTIONS, proportions),
    **dict.fromkeys(INCIDENCES, incidences),
}
