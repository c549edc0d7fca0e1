"""Adapters of the oracle families of means and changes: only words are translated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes
from spineevidence.formulas import (
    changes,
    controlledchanges,
    conversions,
    meanratios,
    means,
    onegroup,
    teststatistics,
)

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]


def _numbers(values: npt.ArrayLike) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in np.atleast_1d(values)]


def _effects(effect: EffectSizes) -> dict[str, list[float | None]]:
    return {"yi": _numbers(effect.yi), "vi": _numbers(effect.vi), "sei": _numbers(effect.sei)}


def _without_sei(effect: EffectSizes) -> dict[str, list[float | None]]:
    return {"yi": _numbers(effect.yi), "vi": _numbers(effect.vi)}


def _arms(inputs: Columns) -> dict[str, list[Any]]:
    return {name.removesuffix("i"): inputs[name] for name in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")}


def _spreads(inputs: Columns) -> dict[str, list[Any]]:
    return {name: values for name, values in _arms(inputs).items() if not name.startswith("m")}


def of_two_means(inputs: Columns, case: Case) -> object:
    settings = case["settings"]
    if case["id"] in OTHER_MEANS:
        return OTHER_MEANS[case["id"]](inputs)
    return _effects(BY_MEASURE[settings["measure"]](_arms(inputs), settings))


def _rough_smd(inputs: Columns) -> object:
    arms = _arms(inputs)
    of_form = {
        form: means.hedges_g(**arms, factor="approximate", variance=form)
        for form in ("LS", "LS2", "cochrane")
    }
    return {
        "J": _numbers(means.small_sample_factor(n1=arms["n1"], n2=arms["n2"], method="approximate")),
        "yi": _numbers(of_form["LS"].yi),
        "vi_ls": _numbers(of_form["LS"].vi),
        "vi_cochrane": _numbers(of_form["cochrane"].vi),
        "vi_borenstein": _numbers(of_form["LS2"].vi),
    }


def _cohen_d(inputs: Columns) -> object:
    found = means.cohen_d(**_arms(inputs))
    return {
        "df": _numbers(found.df),
        "sd_pooled": _numbers(found.sd_pooled),
        "d": _numbers(found.d),
        "J": _numbers(found.factor),
    }


def _welch(inputs: Columns) -> object:
    effect = means.mean_difference(**_arms(inputs), better="higher")
    return {
        "df": _numbers(effect.df),
        "lb": _numbers(effect.ci_low),
        "ub": _numbers(effect.ci_high),
        "p": _numbers(teststatistics.two_sided_p(effect)),
    }


OTHER_MEANS: dict[str, Callable[[Columns], object]] = {
    "g_approxJ_4df-1": _rough_smd,
    "g_approxJ_4N-9": _rough_smd,
    "cohen_d_exactJ": _cohen_d,
    "welch": _welch,
}

Arms = Mapping[str, list[Any]]

BY_MEASURE: dict[str, Callable[[Any, Case], EffectSizes]] = {
    "MD": lambda arms, settings: means.mean_difference(
        **arms, better="higher", method={"LS": "welch", "HO": "pooled"}[settings["vtype"]]
    ),
    "SMD": lambda arms, settings: means.hedges_g(
        **arms, correct=settings["correct"], variance=settings["vtype"]
    ),
    "SMDH": lambda arms, settings: means.smdh(
        **arms, correct=settings["correct"], variance=settings["vtype"]
    ),
    "SMD1": lambda arms, settings: means.glass_delta(**arms, correct=settings["correct"]),
    "SMD1H": lambda arms, settings: means.glass_delta(
        **arms, correct=settings["correct"], heteroscedastic=True
    ),
    "D2ORL": lambda arms, _: meanratios.smd_as_log_odds_ratio(**arms, method="logistic"),
    "D2ORN": lambda arms, _: meanratios.smd_as_log_odds_ratio(**arms, method="normal"),
    "VR": lambda arms, _: meanratios.variability_ratio(
        sd1=arms["sd1"], n1=arms["n1"], sd2=arms["sd2"], n2=arms["n2"]
    ),
    "ROM": lambda arms, settings: meanratios.ratio_of_means(
        **arms, correct=settings["correct"], variance=settings["vtype"]
    ),
    "CVR": lambda arms, settings: meanratios.coefficient_of_variation_ratio(
        **arms, correct=settings["correct"]
    ),
}


def of_statistics(inputs: Columns, case: Case) -> object:
    return FROM_STATISTICS[case["id"]](inputs, {"n1": inputs["n1i"], "n2": inputs["n2i"]})


def _spread_of_md(inputs: Columns, sizes: Any) -> object:
    p = np.abs(inputs["pi"])
    found = {
        "p": teststatistics.spread_from_p(md=inputs["MD"], p=p, **sizes),
        "t": teststatistics.spread_from_t(md=inputs["MD"], t=inputs["ti"], **sizes),
        "ci": teststatistics.spread_from_half_width(half_width=inputs["hw"], **sizes),
    }
    errors = {f"se_from_{name}": _numbers(spread.se) for name, spread in found.items()}
    return errors | {f"sd_from_{name}": _numbers(spread.sd) for name, spread in found.items()}


FROM_STATISTICS: dict[str, Callable[[Columns, Any], object]] = {
    "SMD_from_t": lambda inputs, sizes: _effects(teststatistics.smd_from_t(t=inputs["ti"], **sizes)),
    "SMD_from_d": lambda inputs, sizes: _effects(means.smd_from_d(d=inputs["di"], **sizes)),
    "SMD_from_signed_p": lambda inputs, sizes: _effects(
        teststatistics.smd_from_p(signed_p=inputs["pi"], **sizes)
    ),
    "SMD_from_rpb": lambda inputs, sizes: _effects(teststatistics.smd_from_r(r=inputs["ri"], **sizes)),
    "SMD_from_F1": lambda inputs, sizes: _without_sei(teststatistics.smd_from_f(f=inputs["Fi"], **sizes)),
    "MD_se_from_p_t_ci": _spread_of_md,
}


def of_changes(inputs: Columns, case: Case) -> object:
    # the file has the follow-up first, and sd1i is the standardiser where there is but one
    visits = {
        "base": inputs["m2i"],
        "final": inputs["m1i"],
        "sd_base": inputs["sd2i"],
        "sd_final": inputs["sd1i"],
        "n": inputs["ni"],
        "r": inputs["ri"],
    }
    by_first = visits | {"sd_base": inputs["sd1i"], "sd_final": inputs["sd2i"]}
    if case["id"] in OTHER_CHANGES:
        return OTHER_CHANGES[case["id"]](inputs, visits)
    settings = case["settings"]
    return _effects(BY_CHANGE[settings["measure"]](visits, by_first, settings))


def _sd_change(_: Columns, visits: Any) -> object:
    deviations = {name: visits[name] for name in ("sd_base", "sd_final", "r")}
    return {
        "sd_change": _numbers(conversions.sd_change(**deviations)),
        "se_change": _numbers(changes.mean_change(**visits).sei),
    }


def _difference_of_changes(inputs: Columns, visits: Any) -> object:
    first = {f"{name}1": values for name, values in visits.items()}
    return _without_sei(
        controlledchanges.difference_of_changes(
            **first,
            base2=inputs["c_m2"],
            final2=inputs["c_m1"],
            sd_base2=inputs["c_sd2"],
            sd_final2=inputs["c_sd1"],
            n2=inputs["n2"],
            r2=inputs["ri"],
        )
    )


OTHER_CHANGES: dict[str, Callable[[Columns, Any], object]] = {
    "sd_change": _sd_change,
    "difference_of_changes": _difference_of_changes,
}

BY_CHANGE: dict[str, Callable[[Any, Any, Case], EffectSizes]] = {
    "MC": lambda visits, _, __: changes.mean_change(**visits),
    "SMCC": lambda visits, _, settings: changes.smcc(**visits, variance=settings["vtype"]),
    "SMCR": lambda _, by_first, settings: changes.smcr(
        **{name: values for name, values in by_first.items() if name != "sd_final"},
        variance=settings["vtype"],
    ),
    "SMCRH": lambda _, by_first, __: changes.smcrh(**by_first),
    "SMCRP": lambda visits, _, __: changes.smcrp(**visits),
    "SMCRPH": lambda visits, _, __: changes.smcrph(**visits),
    "ROMC": lambda visits, _, settings: changes.ratio_of_means_change(**visits, correct=settings["correct"]),
}


FAMILIES: dict[str, Callable[[Columns, Case], object]] = {
    "escalc_mean": of_two_means,
    "escalc_from_stat": of_statistics,
    "escalc_prepost": of_changes,
}

SINGLE: dict[str, Callable[[Columns, Case], object]] = {  # of family escalc_single, by measure
    "MN": lambda inputs, _: _effects(
        onegroup.mean_of_one_group(m=inputs["mi"], sd=inputs["sdi"], n=inputs["ni"])
    ),
    "SDLN": lambda inputs, _: _effects(onegroup.log_sd(sd=inputs["sdi"], n=inputs["ni"])),
    "SMN": lambda inputs, case: _effects(
        onegroup.standardised_mean(
            m=inputs["mi"], sd=inputs["sdi"], n=inputs["ni"], correct=case["settings"]["correct"]
        )
    ),
}
