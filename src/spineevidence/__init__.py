"""How long does relief last? Published evidence on interventional procedures for back pain, as data.

>>> import spineevidence as spe
>>> spe.load_evidence()
Evidence: 29 procedures, 10 controls, 243 studies, 1459 results
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from spineevidence.errors import (
    DataError,
    EstimandError,
    InputError,
    Problem,
    SpineEvidenceError,
    UnknownNameError,
)
from spineevidence.evidence import Evidence, check, load_evidence, write_evidence

if TYPE_CHECKING:
    from spineevidence.account import Account, account_of_effects
    from spineevidence.bibliography import Reference
    from spineevidence.certainty import Certainty, certainty_of
    from spineevidence.citations import ReferenceList, reference_list
    from spineevidence.claims import judge, judge_claims
    from spineevidence.duration import DurationOfBenefit, duration_of_benefit
    from spineevidence.effects import effect_sizes
    from spineevidence.effectsizes import EffectSizes
    from spineevidence.findings import reported_findings
    from spineevidence.formulas.changes import mean_change, smcc, smcr
    from spineevidence.formulas.counts import (
        arcsine_difference,
        odds_ratio,
        peto_odds_ratio,
        proportion,
        risk_difference,
        risk_ratio,
    )
    from spineevidence.formulas.meanratios import ratio_of_means
    from spineevidence.formulas.means import glass_delta, hedges_g, smdh
    from spineevidence.formulas.means import mean_difference as md
    from spineevidence.formulas.medians import mean_sd_from_median
    from spineevidence.formulas.rates import incidence_rate_difference, incidence_rate_ratio
    from spineevidence.judgements import Judgement, Judgements
    from spineevidence.longitudinal.course import TimeCourse, pool_over_time
    from spineevidence.longitudinal.inputs import RandomTerm
    from spineevidence.longitudinal.multilevel import fit_multilevel
    from spineevidence.longitudinal.multilevelfit import MultilevelFit
    from spineevidence.methods import MethodsText, methods_text
    from spineevidence.page.document import build_page
    from spineevidence.plots.durations import duration_plot
    from spineevidence.plots.forest import forest_plot
    from spineevidence.plots.funnel import funnel_plot
    from spineevidence.plots.timecourse import time_course_plot
    from spineevidence.pooling.groups import pool_groups
    from spineevidence.pooling.halfnormal import pool_half_normal
    from spineevidence.pooling.mantelhaenszel import mantel_haenszel, mantel_haenszel_rates, peto
    from spineevidence.pooling.pool import Pooled, pool
    from spineevidence.pooling.regression import meta_regression
    from spineevidence.pooling.selection import selection_model
    from spineevidence.pooling.sensitivity import cumulative, influence, leave_one_out
    from spineevidence.pooling.smallstudy import egger_test, rank_test, trim_and_fill
    from spineevidence.pooling.subgroups import subgroups
    from spineevidence.pooling.windows import pool_window, pool_windows
    from spineevidence.report import build_report
    from spineevidence.riskofbias import RiskOfBiasAssessment, risk_of_bias
    from spineevidence.robvis import RobvisImport, read_robvis, to_robvis
    from spineevidence.statements import claim
    from spineevidence.stepwise import benefit_state, stepwise_duration
    from spineevidence.summary import summarize
    from spineevidence.tables.characteristics import study_characteristics
    from spineevidence.tables.durationtable import durations_table
    from spineevidence.tables.effectrows import effects_table
    from spineevidence.tables.excluded import excluded_rows
    from spineevidence.tables.model import Table
    from spineevidence.tables.printed import outcomes_by_time
    from spineevidence.tables.profile import evidence_profile
    from spineevidence.tables.summaryoffindings import summary_of_findings
    from spineevidence.tables.verdicttable import claim_verdicts
    from spineevidence.windowsummary import summarize_windows

__version__ = "0.1.0"

# What is not needed to load an evidence base is imported when it is first used.
_HOMES = MappingProxyType(
    {
        "Account": "account",
        "Certainty": "certainty",
        "DurationOfBenefit": "duration",
        "EffectSizes": "effectsizes",
        "Judgement": "judgements",
        "Judgements": "judgements",
        "MethodsText": "methods",
        "MultilevelFit": "longitudinal.multilevelfit",
        "Pooled": "pooling.pool",
        "RandomTerm": "longitudinal.inputs",
        "Reference": "bibliography",
        "ReferenceList": "citations",
        "RiskOfBiasAssessment": "riskofbias",
        "RobvisImport": "robvis",
        "Table": "tables.model",
        "TimeCourse": "longitudinal.course",
        "account_of_effects": "account",
        "arcsine_difference": "formulas.counts",
        "benefit_state": "stepwise",
        "build_page": "page.document",
        "build_report": "report",
        "certainty_of": "certainty",
        "claim": "statements",
        "claim_verdicts": "tables.verdicttable",
        "cumulative": "pooling.sensitivity",
        "duration_of_benefit": "duration",
        "duration_plot": "plots.durations",
        "durations_table": "tables.durationtable",
        "effect_sizes": "effects",
        "effects_table": "tables.effectrows",
        "egger_test": "pooling.smallstudy",
        "evidence_profile": "tables.profile",
        "excluded_rows": "tables.excluded",
        "fit_multilevel": "longitudinal.multilevel",
        "forest_plot": "plots.forest",
        "funnel_plot": "plots.funnel",
        "glass_delta": "formulas.means",
        "hedges_g": "formulas.means",
        "incidence_rate_difference": "formulas.rates",
        "incidence_rate_ratio": "formulas.rates",
        "influence": "pooling.sensitivity",
        "judge": "claims",
        "judge_claims": "claims",
        "leave_one_out": "pooling.sensitivity",
        "mantel_haenszel": "pooling.mantelhaenszel",
        "mantel_haenszel_rates": "pooling.mantelhaenszel",
        "md": "formulas.means:mean_difference",
        "mean_change": "formulas.changes",
        "mean_sd_from_median": "formulas.medians",
        "meta_regression": "pooling.regression",
        "methods_text": "methods",
        "odds_ratio": "formulas.counts",
        "outcomes_by_time": "tables.printed",
        "peto": "pooling.mantelhaenszel",
        "peto_odds_ratio": "formulas.counts",
        "pool": "pooling.pool",
        "pool_groups": "pooling.groups",
        "pool_half_normal": "pooling.halfnormal",
        "pool_over_time": "longitudinal.course",
        "pool_window": "pooling.windows",
        "pool_windows": "pooling.windows",
        "proportion": "formulas.counts",
        "rank_test": "pooling.smallstudy",
        "ratio_of_means": "formulas.meanratios",
        "read_robvis": "robvis",
        "reference_list": "citations",
        "reported_findings": "findings",
        "risk_difference": "formulas.counts",
        "risk_of_bias": "riskofbias",
        "risk_ratio": "formulas.counts",
        "selection_model": "pooling.selection",
        "smcc": "formulas.changes",
        "smcr": "formulas.changes",
        "smdh": "formulas.means",
        "stepwise_duration": "stepwise",
        "study_characteristics": "tables.characteristics",
        "subgroups": "pooling.subgroups",
        "summarize": "summary",
        "summarize_windows": "windowsummary",
        "summary_of_findings": "tables.summaryoffindings",
        "time_course_plot": "plots.timecourse",
        "to_robvis": "robvis",
        "trim_and_fill": "pooling.smallstudy",
    }
)

__all__ = [
    "Account",
    "Certainty",
    "DataError",
    "DurationOfBenefit",
    "EffectSizes",
    "EstimandError",
    "Evidence",
    "InputError",
    "Judgement",
    "Judgements",
    "MethodsText",
    "MultilevelFit",
    "Pooled",
    "Problem",
    "RandomTerm",
    "Reference",
    "ReferenceList",
    "RiskOfBiasAssessment",
    "RobvisImport",
    "SpineEvidenceError",
    "Table",
    "TimeCourse",
    "UnknownNameError",
    "account_of_effects",
    "arcsine_difference",
    "benefit_state",
    "build_page",
    "build_report",
    "certainty_of",
    "check",
    "claim",
    "claim_verdicts",
    "cumulative",
    "duration_of_benefit",
    "duration_plot",
    "durations_table",
    "effect_sizes",
    "effects_table",
    "egger_test",
    "evidence_profile",
    "excluded_rows",
    "fit_multilevel",
    "forest_plot",
    "funnel_plot",
    "glass_delta",
    "hedges_g",
    "incidence_rate_difference",
    "incidence_rate_ratio",
    "influence",
    "judge",
    "judge_claims",
    "leave_one_out",
    "load_evidence",
    "mantel_haenszel",
    "mantel_haenszel_rates",
    "md",
    "mean_change",
    "mean_sd_from_median",
    "meta_regression",
    "methods_text",
    "odds_ratio",
    "outcomes_by_time",
    "peto",
    "peto_odds_ratio",
    "pool",
    "pool_groups",
    "pool_half_normal",
    "pool_over_time",
    "pool_window",
    "pool_windows",
    "proportion",
    "rank_test",
    "ratio_of_means",
    "read_robvis",
    "reference_list",
    "reported_findings",
    "risk_difference",
    "risk_of_bias",
    "risk_ratio",
    "selection_model",
    "smcc",
    "smcr",
    "smdh",
    "stepwise_duration",
    "study_characteristics",
    "subgroups",
    "summarize",
    "summarize_windows",
    "summary_of_findings",
    "time_course_plot",
    "to_robvis",
    "trim_and_fill",
    "write_evidence",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, own_name = home.partition(":")
    found: object = getattr(import_module(f"{__name__}.{module}"), own_name or name)
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
