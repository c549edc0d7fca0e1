"""One study: the two runs, and the rules in use that they are to replace."""

from __future__ import annotations

import numpy as np

from simulation.courses import COURSES, DELTA, VISITS
from simulation.statements import Columns, judged
from simulation.studies import RHO, Studies, arms, one_study
from spineevidence.effectsizes import LEVEL, t_quantile
from spineevidence.formulas.changes import mean_change
from spineevidence.longitudinal.intervalcensored import turnbull
from spineevidence.stepwise import benefit_state, stepwise_duration
from spineevidence.timing import FloatArray

STUDIES_OF_TURNBULL = 8
VERDICTS = {
    "supported": {"important_benefit", "benefit"},
    "mixed": {"small_benefit"},
    "contradicted": {"no_important_benefit", "harm"},
    "untested": {"inconclusive"},
}


def stepwise(rng: np.random.Generator, replicates: int, *, course: str, n: int, rho: float = RHO) -> Columns:
    """Return what the two runs say, and what the same tests without a run would say."""
    truth = COURSES[course](VISITS)
    found = one_study(rng, replicates, course=truth, n=n, rho=rho)
    durations = (
        stepwise_duration(months=VISITS, estimate=d, ci_low=low, ci_high=high, df=df, delta=DELTA)
        for d, low, high, df in zip(
            found.d[:, 0], found.low[:, 0], found.high[:, 0], found.df[:, 0], strict=True
        )
    )
    return judged(durations, truth) | {
        "any visit": _any_visit(found, truth),
        "last significant": _last_significant(found)[:, 0],
    }


def _any_visit(found: Studies, truth: FloatArray) -> FloatArray:
    """Return whether duration is bounded rightly by the last visit shown and the first excluded, no run."""
    important = truth >= DELTA
    last = float(VISITS[important][-1]) if important.any() else 0.0
    shown, excluded = found.low[:, 0] >= DELTA, found.high[:, 0] < DELTA
    too_long = (shown & (last < VISITS)).any(axis=1)
    too_short = (excluded & (last >= VISITS)).any(axis=1)
    return np.asarray(~(too_long | too_short), dtype=np.float64)


def _last_significant(found: Studies) -> FloatArray:
    """Return the last visit with a lower limit above 0, shape (R, K); 0 if there is none."""
    last: FloatArray = np.where(found.low > 0, VISITS, 0.0).max(axis=2)
    return last


def median_of_last_significant(rng: np.random.Generator, replicates: int, *, course: str, n: int) -> Columns:
    """Return where Turnbull's median lies of durations from the last significant visit to the next one."""
    truth = COURSES[course](VISITS)
    studies = one_study(rng, replicates * STUDIES_OF_TURNBULL, course=truth, n=n)
    left = _last_significant(studies).reshape(replicates, STUDIES_OF_TURNBULL)
    right = np.r_[VISITS, np.inf][np.searchsorted(VISITS, left, side="right")]
    medians = np.array([turnbull(left=a, right=b).median for a, b in zip(left, right, strict=True)])
    return {
        f"({start:g}, {end:g}]": (medians[:, 0] == start).astype(np.float64)
        for start, end in zip(np.r_[0.0, VISITS], np.r_[VISITS, np.inf], strict=True)
    }


def verdicts(rng: np.random.Generator, replicates: int, *, truth: float, se: float) -> Columns:
    """Return which verdict the state of one estimate with a known standard error leads to."""
    estimate = rng.normal(truth, se, replicates)
    half = float(t_quantile(p=(1 + LEVEL) / 2, df=np.inf)) * se
    states = benefit_state(ci_low=estimate - half, ci_high=estimate + half, delta=DELTA)
    return {
        verdict: np.array([state in own for state in states], dtype=np.float64)
        for verdict, own in VERDICTS.items()
    }


def uncontrolled(rng: np.random.Generator, replicates: int, *, n: int, fall: float, r: float) -> Columns:
    """Return whether one group, in which all improve by the natural course alone, is better than before."""
    truth = np.broadcast_to([6.0, 6.0 - fall], (replicates, 2))
    sizes = np.full(replicates, n)
    mean, sd = arms(rng, mean=truth, n=sizes, correlation=np.array([[1.0, r], [r, 1.0]]))
    change = mean_change(
        base=mean[:, 0],
        final=mean[:, 1],
        sd_base=sd[:, 0],
        sd_final=sd[:, 1],
        n=sizes,
        r=np.full(replicates, r),
        better="lower",
    )
    return {"improved": (change.ci_low > 0).astype(np.float64)}
