"""Adapters of the oracle families of conversions, medians and covariances: only words are translated here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas import conversions, correlations, covariances, medians, ratios, transformations

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]

METHODS = {
    "luo/wan/shi": "luo",
    "wan2014": "wan",
    "hozo2005": "hozo",
    "walter2007": "walter",
    "bland2015": "bland",
    "shi2020 (log-normal)": "lognormal",
}
FIVE = {"min": "minimum", "q1": "q1", "median": "median", "q3": "q3", "max": "maximum"}
TRANSFORMED: dict[str, Callable[[Any], Any]] = {
    "inverse_logit": lambda x: transformations.inverse_logit(x=x),
    "exp": lambda x: transformations.inverse_log(x=x),
    "ztor": lambda x: transformations.inverse_fisher_z(z=x),
    "rtoz": lambda x: transformations.fisher_z(r=x),
    "iarcsin": lambda x: transformations.inverse_arcsine(x=x),
    "logit_to_d": lambda x: transformations.log_odds_ratio_to_d(lnor=x),
    "d_to_logit": lambda x: transformations.d_to_log_odds_ratio(d=x),
    "d_to_cles": lambda x: transformations.d_to_superiority(d=x),
    "d_to_overlap": lambda x: transformations.d_to_overlap(d=x),
}


def _wald(inputs: Columns, case: Case) -> object:
    name, ratio = case["id"], inputs["ratio"]
    levels = [level / 100 for level in inputs["level"]]
    if name == "asymmetry":
        off = ratios.interval_asymmetry(ratio=ratio, ci_low=inputs["lb"], ci_high=inputs["ub"])
        return {"asymmetry": off.tolist(), "flag": (off > ratios.ASYMMETRY).tolist()}
    if name == "ratio_ci":
        effects = ratios.ratio_from_interval(
            ratio=ratio, ci_low=inputs["lb"], ci_high=inputs["ub"], level=levels, measure="OR"
        )
    elif name == "ratio_upper_only":
        effects = ratios.ratio_from_limit(ratio=ratio, limit=inputs["ub"], level=levels, measure="OR")
    elif name == "ratio_p":
        effects = ratios.ratio_from_p(ratio=ratio, p=inputs["pval"], measure="OR")
    else:
        effects = ratios.ratio_from_z(ratio=ratio, z=inputs["z"], measure="OR")
    return _effects(effects)


def _fivenum(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    found = medians.mean_sd_from_median(
        n=inputs["n"],
        method=METHODS[settings["method"]],
        withhold_skewed=settings["skew_test"],
        **{FIVE[column]: inputs[column] for column in settings["columns"]},
    )
    numbers = {"mean": _listed(found.mean), "sd": _listed(found.sd)}
    if settings["dist"] == "lnorm":
        return numbers
    return numbers | {
        "skew_stat": _listed(found.skew_statistic),
        "skew_crit": _listed(found.skew_critical),
        "skewed": found.skewed.tolist(),
    }


def _transformed(inputs: Columns, case: Case) -> object:
    arguments = {
        "logit": lambda: np.array(inputs["logit"]),
        "z": lambda: np.array(inputs["z"]),
        "tanh(z)": lambda: np.tanh(inputs["z"]),
        "|z|/2": lambda: np.abs(inputs["z"]) / 2,
        "|z|/2 + 0.3": lambda: np.abs(inputs["z"]) / 2 + 0.3,
    }
    given = arguments[case["settings"]["argument"]]()
    if case["id"] == "ipft":
        return {"y": transformations.inverse_double_arcsine(x=given, n=inputs["n"]).tolist()}
    return {"y": TRANSFORMED[case["id"]](given).tolist()}


def _combined_arms(inputs: Columns, _: Case) -> object:
    arms = list(dict.fromkeys(inputs["arm"]))
    groups = [[i for i, arm in enumerate(inputs["arm"]) if arm == name] for name in arms]
    found = [
        conversions.combine_arms(
            n=[inputs["n"][i] for i in group],
            mean=[inputs["m"][i] for i in group],
            sd=[inputs["sd"][i] for i in group],
        )
        for group in groups
    ]
    return {
        "arm": arms,
        "n": [float(arm.n) for arm in found],
        "mean": [float(arm.mean) for arm in found],
        "sd": [float(arm.sd) for arm in found],
    }


def _aggregated(inputs: Columns, case: Case) -> object:
    settings, study, vi = case["settings"], inputs["cluster"], inputs["vi"]
    if settings["struct"] == "CS":
        matrix = covariances.constant_covariance(vi=vi, rho=settings["rho"], study=study)
    else:
        matrix = covariances.visit_covariance(
            vi=vi, months=inputs["time"], rho=settings["phi"], study=study, decay="linear"
        )
    found = covariances.aggregate(
        yi=inputs["yi"], covariance=matrix, study=study, weighted=settings["weighted"]
    )
    return {"cluster": list(found.study), **_effects(found.effects)}


def _covariance(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    if "data" in settings:
        data = settings["data"]
        matrix = covariances.shared_group_covariance(
            vi=data["vi"],
            study=data["study"],
            group1=data["grp1"],
            group2=data["grp2"],
            n1=data["n1"],
            n2=data["n2"],
        )
    elif "phi" in settings:
        matrix = covariances.visit_covariance(
            vi=inputs["vi"],
            months=inputs["time"],
            study=inputs["study"],
            rho=settings["phi"],
            decay="linear",
        )
    else:
        matrix = covariances.constant_covariance(vi=inputs["vi"], study=inputs["study"], rho=settings["rho"])
    return {"V": matrix.tolist()}


def _correlation(inputs: Columns, case: Case) -> object:
    scale = {"COR": "r", "ZCOR": "z"}[case["settings"]["measure"]]
    found = correlations.correlation_of_one_group(r=inputs["ri"], n=inputs["ni"], scale=scale)
    return {**_effects(found), "sei": _listed(found.sei)}


def _effects(effects: EffectSizes) -> dict[str, list[float | None]]:
    return {"yi": _listed(effects.yi), "vi": _listed(effects.vi)}


def _listed(values: Any) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {
    "aggregate": _aggregated,
    "combine_arms": _combined_arms,
    "conv_fivenum": _fivenum,
    "conv_wald": _wald,
    "transf": _transformed,
    "vcalc": _covariance,
}

SINGLE: dict[str, Callable[[Columns, Case], object]] = {  # of family escalc_single, by measure
    "COR": _correlation,
    "ZCOR": _correlation,
}
