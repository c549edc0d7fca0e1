"""The joint model of all windows, by both engines, and the curve in log time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from simulation.courses import COURSES, DELTA, LASTS, VISITS
from simulation.statements import Columns, judged
from simulation.studies import RHO, SD, TAU, Studies, drawn_schedules, several_studies
from spineevidence.effectsizes import LEVEL, BoolArray, EffectSizes
from spineevidence.lineage import Effect
from spineevidence.longitudinal.course import pool_over_time
from spineevidence.longitudinal.engines import Engine, HalfNormalFit, RestrictedFit, fitted
from spineevidence.longitudinal.trend import Crossing, crossing
from spineevidence.longitudinal.workingmodel import WorkingModel, working_model
from spineevidence.stepwise import stepwise_duration
from spineevidence.timing import FloatArray, window_labels

Freedom = Literal["k - 1", "normal"]

SCALES = (0.3 * SD, 0.12 * SD)  # of the priors of tau and omega
TAILS = np.array([(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
NORMAL = 10**9  # degrees of freedom that make t normal
PLACE = 2  # the window at 6 months
WINDOWS_OF_VISITS = tuple(window_labels(VISITS).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The reported effects of one replicate."""

    d: FloatArray
    v: FloatArray
    study: npt.NDArray[np.intp]
    visit: npt.NDArray[np.intp]

    @property
    def windows(self) -> BoolArray:
        """Which visits some study has, shape (J,)."""
        return np.isin(np.arange(VISITS.size), self.visit)

    @property
    def saturated(self) -> FloatArray:
        """One indicator per window."""
        indicators: FloatArray = np.eye(VISITS.size)[self.visit][:, self.windows]
        return indicators

    @property
    def line(self) -> FloatArray:
        """``[1, log2 t]``."""
        return np.column_stack([np.ones_like(self.d), np.log2(VISITS[self.visit])])

    def model(self, design: FloatArray, rho: float = RHO) -> WorkingModel:
        """Return the working model with a design."""
        months = VISITS[self.visit]
        return working_model(y=self.d, v=self.v, months=months, study=self.study, design=design, rho=rho)


def rows_of(studies: Studies) -> Iterator[Rows]:
    """Yield the rows of each replicate."""
    for d, v, reported in zip(studies.d, studies.v, studies.reported, strict=True):
        study, visit = np.nonzero(reported)
        yield Rows(d[reported], v[reported], study, visit)


def saturated(
    rng: np.random.Generator,
    replicates: int,
    *,
    k: int,
    engine: Engine,
    course: str,
    tau: float = TAU,
    scales: tuple[float, float] = SCALES,
    df: Freedom = "k - 1",
) -> Columns:
    """Return which share of the windows' intervals holds the mean effect, and what the two runs say."""
    truth = COURSES[course](VISITS)
    studies = several_studies(rng, course=truth, reported=drawn_schedules(rng, replicates, k), tau=tau)
    inside, durations = [], []
    freedom = np.inf if engine == "half-normal" or df == "normal" else k - 1
    for rows in rows_of(studies):
        effect, low, high = _limits(rows, engine, scales, freedom)
        there = truth[rows.windows]
        inside.append(np.mean((low <= there) & (there <= high)))
        durations.append(
            stepwise_duration(
                months=VISITS[rows.windows],
                estimate=effect,
                ci_low=low,
                ci_high=high,
                df=freedom,
                delta=DELTA,
            )
        )
    said = judged(durations, truth)
    return {"duration": said.pop("covered"), **said, "covered": np.array(inside)}


def _limits(
    rows: Rows, engine: Engine, scales: tuple[float, float], freedom: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the effect in each window with its limits, without those of a new study, which take long."""
    each = np.eye(int(rows.windows.sum()))
    fit = fitted(rows.model(rows.saturated), engine=engine, scales=scales, level=LEVEL)
    if isinstance(fit, HalfNormalFit):
        low, median, high = fit.posterior.quantiles(each, TAILS).T
        return median, low, high
    found = (replace(fit, df=NORMAL) if np.isinf(freedom) else fit).at(each)
    return found.estimate, found.low, found.high


def as_shipped(
    rng: np.random.Generator, replicates: int, *, k: int, course: str, tau: float = TAU
) -> Columns:
    """Return what `pool_over_time` says of the duration: fragile windows with their widest interval."""
    truth = COURSES[course](VISITS)
    studies = several_studies(rng, course=truth, reported=drawn_schedules(rng, replicates, k), tau=tau)
    found = (pool_over_time(_effects(rows), sd_rep=SD).duration(DELTA).steps for rows in rows_of(studies))
    return judged(found, truth)


def _effects(rows: Rows) -> EffectSizes:
    lineage = [
        Effect(
            study_id=f"study {study + 1}",
            curve="",
            measure_id="",
            arm="procedure",
            versus="control",
            months=float(VISITS[visit]),
            window=WINDOWS_OF_VISITS[visit],
            yi=float(d),
            sei=float(np.sqrt(v)),
            df=np.inf,
            ci_low=-np.inf,
            ci_high=np.inf,
            n_arm=None,
            n_versus=None,
            route="",
            lines=(),
            derivation="",
            notes=(),
            rank=(0, 0, 0),
        )
        for study, visit, d, v in zip(rows.study, rows.visit, rows.d, rows.v, strict=True)
    ]
    return EffectSizes(yi=rows.d, vi=rows.v, measure="MD", estimand="contrast", lineage=lineage)


def curve(
    rng: np.random.Generator,
    replicates: int,
    *,
    k: int,
    course: str,
    rho: float = RHO,
    df: Freedom = "k - 1",
) -> Columns:
    """Return whether the curve in log time holds the true crossing, and the true effect at 6 months.

    By REML, `rho` being the correlation that the model assumes.
    """
    at: Callable[[FloatArray], FloatArray] = COURSES[course]
    truth = at(VISITS)
    studies = several_studies(rng, course=truth, reported=drawn_schedules(rng, replicates, k))
    crossed, held = [], []
    for rows in rows_of(studies):
        fit = fitted(rows.model(rows.line, rho), engine="REML", scales=SCALES, level=LEVEL)
        if isinstance(fit, RestrictedFit) and df == "normal":
            fit = replace(fit, df=NORMAL)
        months = VISITS[rows.visit]
        found = crossing(fit.band, threshold=DELTA, start=float(months.min()), horizon=float(months.max()))
        crossed.append(_holds(found, LASTS[course]))
        _, low, high = fit.band(np.log2(VISITS[PLACE : PLACE + 1]))
        held.append(low[0] <= truth[PLACE] <= high[0])
    return {"crossing": np.array(crossed, dtype=float), "effect at 6 months": np.array(held, dtype=float)}


def _holds(found: Crossing, lasts: float) -> bool:
    """Return whether what is said of the crossing inside the observed times is true."""
    after = lasts > found.horizon if found.low is None else lasts >= found.low
    before = found.high is None or lasts <= max(found.high, found.start)
    return after and before
