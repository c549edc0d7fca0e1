"""How long does relief last? Published evidence on interventional procedures for back pain, as data.

>>> import spineevidence as spe
>>> spe.load_evidence()
Evidence: 29 procedures, 10 controls, 243 studies, 1459 results
"""

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
from spineevidence.formulas.counts import risk_difference
from spineevidence.formulas.means import hedges_g
from spineevidence.formulas.means import mean_difference as md
from spineevidence.plots.durations import duration_plot
from spineevidence.report import build_report
from spineevidence.stepwise import benefit_state, stepwise_duration
from spineevidence.summary import summarize

__version__ = "0.1.0"

__all__ = [
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
    "benefit_state",
    "build_report",
    "check",
    "duration_of_benefit",
    "duration_plot",
    "effect_sizes",
    "hedges_g",
    "load_evidence",
    "md",
    "reported_findings",
    "risk_difference",
    "stepwise_duration",
    "summarize",
    "write_evidence",
]
