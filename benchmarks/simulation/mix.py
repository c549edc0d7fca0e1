"""A constant effect that looks as if it faded, because other studies report late than early."""

from __future__ import annotations

import numpy as np

from simulation.courses import COURSES, VISITS
from simulation.joint import SCALES, Rows, rows_of
from simulation.statements import Columns
from simulation.studies import several_studies
from simulation.windows import by_window
from spineevidence.effectsizes import LEVEL, t_quantile
from spineevidence.longitudinal.engines import fitted
from spineevidence.longitudinal.restricted import restricted_maximum
from spineevidence.longitudinal.trend import decline_within

K = 8
APART = 0.6  # points: early studies have this much more than the mean effect, late ones this much less
TAU, OMEGA = 0.3, 0.1
EARLY = np.array([True, True, True, False, False])  # visits at 1, 3, 6 months
LATE = np.array([False, False, True, True, True])  # 6, 12, 24


def false_fade(rng: np.random.Generator, replicates: int) -> Columns:
    """Return the differences and slopes found, and whether each is said to be a fall.

    ``windows``: the effect at 24 months less that at 1 month, each window pooled by itself; ``joint``: the
    slope of the joint model; ``within``: the slope within studies.
    """
    early = np.arange(K) < K // 2
    reported = np.broadcast_to(np.where(early[:, None], EARLY, LATE), (replicates, K, VISITS.size))
    course = COURSES["constant"](VISITS) + np.where(early, APART, -APART)[:, None]
    studies = several_studies(rng, course=course, reported=reported, tau=TAU, omega=OMEGA)
    tail = (1 - LEVEL) / 2
    pooled = by_window(studies)
    fall = pooled.estimate[:, -1] - pooled.estimate[:, 0]
    spread = np.hypot(pooled.se[:, -1], pooled.se[:, 0])
    slopes = np.array([_slopes(rows) for rows in rows_of(studies)])
    names = ("joint", "joint fades", "within", "within fades", "within covered")
    return {
        "windows": fall,
        "windows fade": (fall + t_quantile(p=1 - tail, df=np.inf) * spread < 0).astype(np.float64),
        **dict(zip(names, slopes.T, strict=True)),
    }


def _slopes(rows: Rows) -> tuple[float, ...]:
    """Return the slope of the joint model and of that within studies, and what is said of each."""
    model = rows.model(rows.line)
    fit = fitted(model, engine="REML", scales=SCALES, level=LEVEL)
    found = fit.at(np.array([[0.0, 1.0]]))
    omega2 = restricted_maximum(model).omega2
    tail = (1 - LEVEL) / 2
    within = decline_within(
        model, omega2=omega2, critical=lambda df: float(t_quantile(p=1 - tail, df=df)), level=LEVEL
    )
    if within is None:
        raise ValueError("every study here has three visits")
    return (
        float(found.estimate[0]),
        found.high[0] < 0,
        within.slope,
        within.shown,
        within.low <= 0 <= within.high,
    )
