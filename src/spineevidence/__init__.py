"""How long does relief last? Published evidence on interventional procedures for back pain, as data.

>>> import spineevidence as spe
>>> spe.load_evidence()
Evidence: 29 procedures, 10 controls, 243 studies, 1459 results
"""

from spineevidence.account import Account, account_of_effects
from spineevidence.bibliography import Reference
from spineevidence.duration import DurationOfBenefit, duration_of_benefit
from spineevidence.effects import effect_sizes
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import (
    DataError,
    EstimandError,
    InputError,
    Problem,
    SpineEvidenceError,
    UnknownNameError,
)
from spineevidence.evidence import Evidence, check, load_evidence, write_evidence
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
from spineevidence.plots.durations import duration_plot
from spineevidence.report import build_report
from spineevidence.stepwise import benefit_state, stepwise_duration
from spineevidence.summary import summarize

__version__ = "0.1.0"

__all__ = [
    "Account",
    "DataError",
    "DurationOfBenefit",
    "EffectSizes",
    "EstimandError",
    "Evidence",
    "InputError",
    "Problem",
    "Reference",
    "SpineEvidenceError",
    "UnknownNameError",
    "account_of_effects",
    "arcsine_difference",
    "benefit_state",
    "build_report",
    "check",
    "duration_of_benefit",
    "duration_plot",
    "effect_sizes",
    "glass_delta",
    "hedges_g",
    "incidence_rate_difference",
    "incidence_rate_ratio",
    "load_evidence",
    "md",
    "mean_change",
    "mean_sd_from_median",
    "odds_ratio",
    "peto_odds_ratio",
    "proportion",
    "ratio_of_means",
    "reported_findings",
    "risk_difference",
    "risk_ratio",
    "smcc",
    "smcr",
    "smdh",
    "stepwise_duration",
    "summarize",
    "write_evidence",
]
