"""Studies pooled window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulation.courses import COURSES, DELTA, VISITS
from simulation.statements import Columns, judged
from simulation.studies import Studies, drawn_schedules, several_studies
from spineevidence.effectsizes import EffectSizes
from spineevidence.pooling.batches import arrange
from spineevidence.pooling.fits import Test, fits
from spineevidence.pooling.halfnormal import pool_half_normal
from spineevidence.pooling.heterogeneity import Method
from spineevidence.stepwise import StepwiseDuration, stepwise_duration
from spineevidence.timing import FloatArray

PLACE = 2  # of the window looked at alone: 6 months


def one_window(
    rng: np.random.Generator, replicates: int, *, k: int, tau: float, method: Method, test: Test
) -> Columns:
    """Return whether the interval of k studies holds the mean effect, and half its width."""
    truth, studies = _in_one_window(rng, replicates, k, tau)
    d, v = studies.d[:, :, PLACE], studies.v[:, :, PLACE]
    found = fits(arrange(yi=d, vi=v), method=method, test=test)
    return _covered(found.ci_low, found.ci_high, truth)


def lone_study(rng: np.random.Generator, replicates: int, *, tau: float) -> Columns:
    """Return whether the interval of the only study of a window holds the mean effect of all studies."""
    truth, studies = _in_one_window(rng, replicates, 1, tau)
    return _covered(studies.low[:, 0, PLACE], studies.high[:, 0, PLACE], truth)


def half_normal_window(
    rng: np.random.Generator, replicates: int, *, k: int, tau: float, scale: float
) -> Columns:
    """Return the same for the half-normal model."""
    truth, studies = _in_one_window(rng, replicates, k, tau)
    pooled = [
        pool_half_normal(EffectSizes(yi=d, vi=v), scale=scale)
        for d, v in zip(studies.d[:, :, PLACE], studies.v[:, :, PLACE], strict=True)
    ]
    low, high = (np.array([getattr(one, name) for one in pooled]) for name in ("ci_low", "ci_high"))
    return _covered(low, high, truth)


def durations_over_windows(rng: np.random.Generator, replicates: int, *, k: int, course: str) -> Columns:
    """Return what the two runs say over windows pooled by REML with Hartung-Knapp, its factor floored."""
    truth = COURSES[course](VISITS)
    reported = drawn_schedules(rng, replicates, k)
    studies = several_studies(rng, course=truth, reported=reported)
    return judged(_durations(studies), truth)


def _in_one_window(rng: np.random.Generator, replicates: int, k: int, tau: float) -> tuple[float, Studies]:
    course = COURSES["exponential"](VISITS)
    reported = np.ones((replicates, k, VISITS.size), dtype=bool)
    studies = several_studies(rng, course=course, reported=reported, tau=tau)
    return float(course[PLACE]), studies


def _covered(low: FloatArray, high: FloatArray, truth: float) -> Columns:
    return {
        "covered": ((low <= truth) & (truth <= high)).astype(np.float64),
        "half-width": (high - low) / 2,
    }


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Every window of every replicate pooled by itself; arrays of shape (R, J), NaN where nobody reports."""

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    low: FloatArray
    high: FloatArray


def by_window(studies: Studies) -> Windows:
    """Return windows pooled by REML with a floored Hartung-Knapp; a lone study has its own interval."""
    k = studies.reported.sum(axis=1)
    there = k > 0
    groups = tuple(np.moveaxis(of, 1, 2)[there] for of in (studies.d, studies.v, studies.reported))
    found = fits(arrange(yi=groups[0], vi=groups[1], mask=groups[2]))
    first = studies.reported.argmax(axis=1)[:, None]
    own = [np.take_along_axis(of, first, axis=1)[:, 0] for of in (studies.df, studies.low, studies.high)]
    pooled = [np.full(k.shape, np.nan) for _ in range(5)]
    for place, of in enumerate((found.b, found.se, found.df, found.ci_low, found.ci_high)):
        pooled[place][there] = of
    for place, alone in enumerate(own, start=2):
        pooled[place] = np.where(k == 1, alone, pooled[place])
    return Windows(*pooled)


def _durations(studies: Studies) -> Iterator[StepwiseDuration]:
    found = by_window(studies)
    for place, there in enumerate(np.asarray(studies.reported.any(axis=1))):
        yield stepwise_duration(
            months=VISITS[there],
            estimate=found.estimate[place, there],
            ci_low=found.low[place, there],
            ci_high=found.high[place, there],
            df=found.df[place, there],
            delta=DELTA,
        )
