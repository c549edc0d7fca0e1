"""From a case of an oracle file to what the library returns for it, in the words of the file.

An adapter only translates words; a number computed here would be a defect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import meta_conversions
import meta_counts
import meta_intervalcensored
import meta_longitudinal
import meta_means
import meta_multilevel
import meta_pooling_core
import meta_pooling_models
import meta_pooling_tables
from spineevidence import effectsizes, findings, stepwise, timing
from spineevidence.formulas import conversions, correlations, counts, means
from spineevidence.timing import find_window
from spineevidence.verdicts import kinds, windows

Case = Mapping[str, Any]


def states(case: Case) -> object:
    given = case["input"]
    return stepwise.benefit_state(ci_low=given["lo"], ci_high=given["hi"], delta=given["delta"])


def converted(case: Case) -> object:
    return CONVERSIONS[case["function"]](case["input"])


def single_study(case: Case) -> object:
    given = case["input"]
    result = stepwise.stepwise_duration(
        months=given["times"],
        estimate=given["d"],
        ci_low=given["lo"],
        ci_high=given["hi"],
        delta=given["delta"],
        df=given["df"],
        anchor_after=given["anchor_after_months"],
        level=given["level"],
    )
    return meta_pooling_tables.stepwise_words(result)


def reported(case: Case) -> object:
    rows = case["input"]["rows"]
    result = findings.reported_findings(
        study=[row["study"] for row in rows],
        months=[row["time_months"] for row in rows],
        finding=[row["finding"] for row in rows],
        level=case["input"]["level"],
    )
    return {
        "windows": [
            {
                "window": found.window,
                "n_studies": found.n_studies,
                "benefit": found.benefit,
                "no_difference": found.no_difference,
                "against": found.against,
                "label": found.label,
                "share": found.share,
                "share_lo": found.share_low,
                "share_hi": found.share_high,
            }
            for found in result.windows
        ],
        "reported_until": result.reported_until,
        "reported_no_benefit_from": result.reported_no_benefit_from,
    }


CLASSES = {"sham": "placebo", "usual_care": "usual_care"}


def verdicts(case: Case) -> object:
    given = case["input"]
    asked = kinds.Assertion(given["claim"]["kind"], given["claim"].get("window", windows.BEYOND))
    if "evidence" in given:  # one line, whatever its comparator
        found = kinds.judge_line(asked, _line("usual_care", given["evidence"], given["delta"]))
        return {"verdict": found.verdict, "reason": found.reason}
    classes = given["evidence_by_comparator"].items()
    lines = [_line(CLASSES[name], evidence, given["delta"]) for name, evidence in classes]
    found = kinds.judge_lines(asked, lines, comparator=given["claim"]["comparator"])
    words = {ours: theirs for theirs, ours in CLASSES.items()}
    return {
        "verdict": found.verdict,
        "reason": found.reason,
        "per_comparator": {words[own.comparator]: [own.verdict, own.reason] for own in found.lines},
    }


def _line(comparator: str, evidence: Case, delta: float) -> kinds.LineEvidence:
    labels = sorted(evidence, key=lambda label: windows.PLACES[label])
    return kinds.LineEvidence(
        comparator, tuple(_window_evidence(label, evidence[label], delta) for label in labels)
    )


def _window_evidence(label: str, given: Case, delta: float) -> windows.WindowEvidence:
    why = "stated" if given.get("contaminated") else ""
    return windows.WindowEvidence(
        label,
        find_window(label).nominal,
        delta,
        pooled=windows.Estimate(*given["pooled"]) if "pooled" in given else None,
        studies=tuple(windows.Estimate(*study, contaminated=why) for study in given.get("studies", ())),
        ballots=tuple(
            windows.Ballot(f"study {place}", findings.VOTES[word])
            for place, word in enumerate(given.get("findings", ()))
        ),
        only="uncontrolled" if given.get("uncontrolled_only") else "",
    )


def _better(given: Case) -> str:
    return "lower" if given["lower_is_better"] else "higher"


def _effect(effect: effectsizes.EffectSizes) -> dict[str, float]:
    return {"d": float(effect.yi[0]), "se": float(effect.sei[0])}


def _limits(effect: effectsizes.EffectSizes) -> dict[str, float]:
    return {"lo": float(effect.ci_low[0]), "hi": float(effect.ci_high[0])}


def _to_months(given: Case) -> object:
    return timing.to_months(given["value"], given["unit"])


def _window(given: Case) -> object:
    window = timing.window_of(given["months"])
    return None if window is None else window.label


def _se_from_ci(given: Case) -> object:
    return float(conversions.se_from_ci(ci_low=given["lo"], ci_high=given["hi"], df=given["df"]))


def _se_from_p(given: Case) -> object:
    return float(conversions.se_from_p(estimate=given["d"], p=given["p"], df=given["df"]))


def _sd_change(given: Case) -> object:
    return float(conversions.sd_change(sd_base=given["sd_base"], sd_final=given["sd_final"], r=given["r"]))


def _r_from_sds(given: Case) -> object:
    return float(
        conversions.r_from_sds(
            sd_base=given["sd_base"], sd_final=given["sd_final"], sd_change=given["sd_change"]
        )
    )


def _mean_difference(given: Case, method: str) -> object:
    effect = means.mean_difference(
        m1=given["m1"],
        sd1=given["sd1"],
        n1=given["n1"],
        m2=given["m2"],
        sd2=given["sd2"],
        n2=given["n2"],
        better=_better(given),
        method=method,
    )
    return {**_effect(effect), "df": float(effect.df[0]), **_limits(effect)}


def _welch(given: Case) -> object:
    return _mean_difference(given, "welch")


def _pooled(given: Case) -> object:
    return _mean_difference(given, "pooled")


def _pseudo_ancova(given: Case) -> object:
    result = means.pseudo_ancova(
        base1=given["base1"],
        final1=given["final1"],
        sd_base1=given["sdb1"],
        sd_final1=given["sdf1"],
        n1=given["n1"],
        base2=given["base2"],
        final2=given["final2"],
        sd_base2=given["sdb2"],
        sd_final2=given["sdf2"],
        n2=given["n2"],
        r=given["r"],
        better="lower",
    )
    effect = result.effect
    return {
        "slope": float(result.slope),
        **_effect(effect),
        "df": float(effect.df[0]),
        **_limits(effect),
    }


def _rescale(given: Case) -> object:
    return float(
        conversions.rescale(
            value=given["value"], from_range=tuple(given["from_range"]), to_range=tuple(given["to_range"])
        )
    )


def _hedges_g(given: Case) -> object:
    n1, n2 = given["n1"], given["n2"]
    effect = means.hedges_g_from_d(d=given["d"], sd_pooled=given["sd_pooled"], n1=n1, n2=n2)
    return {
        "J": float(means.small_sample_factor(n1=n1, n2=n2, method="approximate")),
        "g": float(effect.yi[0]),
        "v": float(effect.vi[0]),
        "se": float(effect.sei[0]),
    }


def _smd_to_natural(given: Case) -> object:
    return _effect(conversions.smd_to_natural(g=given["g"], se=given["se"], sd_rep=given["sd_rep"]))


def _change_score_correlation(given: Case) -> object:
    return float(
        correlations.change_score_correlation(
            r_jl=given["r_jk"], r_base_j=given["r_base_j"], r_base_l=given["r_base_k"]
        )
    )


def _overlap_correlation(given: Case) -> object:
    return float(
        correlations.overlap_correlation(
            r=given["r_jk"], n_j=given["n_j"], n_l=given["n_k"], n_both=given["n_both"]
        )
    )


def _doubling_correlation(given: Case) -> object:
    return float(
        correlations.doubling_correlation(months_j=given["t_j"], months_l=given["t_k"], rho=given["rho"])
    )


def _combine_arms(given: Case) -> object:
    arm = conversions.combine_arms(
        n=[given["n1"], given["n2"]], mean=[given["m1"], given["m2"]], sd=[given["sd1"], given["sd2"]]
    )
    return {"n": float(arm.n), "mean": float(arm.mean), "sd": float(arm.sd)}


def _shared_control_covariance(given: Case) -> object:
    return float(
        correlations.shared_control_covariance(sd_control=given["sd_control"], n_control=given["n_control"])
    )


def _risk_difference(given: Case) -> object:
    effect = counts.risk_difference(events1=given["e1"], n1=given["n1"], events2=given["e2"], n2=given["n2"])
    return {**_effect(effect), **_limits(effect)}


def _log_odds_ratio_to_smd(given: Case) -> object:
    return _effect(conversions.log_odds_ratio_to_smd(lnor=given["lnor"], se=given["se"]))


def _mid_units(given: Case) -> object:
    return _effect(conversions.mid_units(d=given["d"], se=given["se"], mid=given["mid"]))


CONVERSIONS: dict[str, Callable[[Case], object]] = {
    "to_months": _to_months,
    "window": _window,
    "se_from_ci": _se_from_ci,
    "se_from_p": _se_from_p,
    "sd_change": _sd_change,
    "r_from_sds": _r_from_sds,
    "mean_difference_welch": _welch,
    "mean_difference_pooled": _pooled,
    "pseudo_ancova": _pseudo_ancova,
    "rescale": _rescale,
    "hedges_g": _hedges_g,
    "smd_to_nrs": _smd_to_natural,
    "change_score_correlation": _change_score_correlation,
    "overlap_correlation": _overlap_correlation,
    "doubling_correlation": _doubling_correlation,
    "combine_arms": _combine_arms,
    "shared_control_covariance": _shared_control_covariance,
    "risk_difference_newcombe": _risk_difference,
    "lnor_to_smd": _log_odds_ratio_to_smd,
    "mid_units": _mid_units,
}


def single(inputs: Mapping[str, list[Any]], case: Case) -> object:
    """Effects of one group are spread over the modules by what they are of."""
    by_measure = {**meta_counts.SINGLE, **meta_means.SINGLE, **meta_conversions.SINGLE}
    return by_measure[case["settings"]["measure"]](inputs, case)


def pooled(inputs: Mapping[str, list[Any]], case: Case) -> object:
    """Family rma_uni: one estimate, or what is built on it."""
    alone = meta_pooling_core.CASES.fullmatch(case["id"]) is not None
    return (meta_pooling_core.no_moderators if alone else meta_pooling_models.model)(inputs, case)


# files of the duration method: by stem, called with (case); families of meta/: by family, with (inputs, case)
ADAPTERS: dict[str, Callable[..., object]] = {
    "o01_states": states,
    "o02_conversions": converted,
    "o03_single_study": single_study,
    **meta_pooling_tables.DURATION,
    **meta_longitudinal.LONGITUDINAL,
    "o06_findings": reported,
    "o07_verdicts": verdicts,
    **meta_intervalcensored.DURATION,
    **meta_counts.FAMILIES,
    **meta_means.FAMILIES,
    **meta_conversions.FAMILIES,
    **meta_pooling_tables.FAMILIES,
    **meta_intervalcensored.FAMILIES,
    **meta_multilevel.FAMILIES,
    "escalc_single": single,
    "reml_hard": meta_pooling_core.hard,
    "rma_uni": pooled,
}

INTEGER_OVERFLOW = (
    "rows 4 to 13 expect null because R multiplied the four margins as 32-bit integers (the file says so); "
    "PHI_default has the same settings and is reproduced in full"
)
UNSUPPORTED: dict[str, str] = {
    "escalc_2x2__bcg/PHI_none": INTEGER_OVERFLOW,
    "escalc_2x2__bcg/PHI_add0.5_if0all": INTEGER_OVERFLOW,
    **meta_pooling_models.UNSUPPORTED,
    **meta_intervalcensored.UNSUPPORTED,
}
