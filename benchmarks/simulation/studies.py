"""Studies drawn from a known truth, replicates side by side: arms with means and standard deviations.

What is drawn is what a report prints. Effects, variances and intervals come from the library's formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.courses import VISITS
from spineevidence.effectsizes import BoolArray
from spineevidence.formulas.covariances import visit_covariance
from spineevidence.formulas.means import mean_difference
from spineevidence.timing import FloatArray

SD = 2.5  # of scores
RHO = 0.7  # true correlation of a patient's scores, for a doubling of time
TAU, OMEGA = 0.5, 0.2
SIZES = (20, 100)  # patients in each arm, log-uniform
SCHEDULES = np.array(
    [
        [True, True, True, True, True],
        [True, True, True, True, False],
        [True, True, True, False, False],
        [True, False, True, True, False],
        [False, True, True, True, True],
        [False, True, True, True, False],
        [False, False, True, True, True],
    ]
)  # of the visits at 1, 3, 6, 12 and 24 months; any two share one, so that every model can be fitted


@dataclass(frozen=True, slots=True, eq=False)
class Studies:
    """Effects of K studies at J visits, of R replicates; arrays of shape (R, K, J).

    Attributes
    ----------
    d, v, df, low, high : ndarray
        Effects, sampling variances, degrees of freedom and 95 % intervals, at reported visits or not.
    reported : ndarray of bool
        Whether the study has the visit.
    """

    d: FloatArray
    v: FloatArray
    df: FloatArray
    low: FloatArray
    high: FloatArray
    reported: BoolArray


def correlations(months: FloatArray, rho: float) -> FloatArray:
    """Return the correlation matrix of scores at visits, shape (J, J)."""
    return visit_covariance(vi=np.ones_like(months), months=months, rho=rho)


def arms(
    rng: np.random.Generator, *, mean: FloatArray, n: npt.NDArray[np.int64], correlation: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return means and standard deviations of arms of n patients with normal, correlated scores.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    mean : ndarray, shape (..., J)
        True means.
    n : ndarray of int, shape (...)
        Patients; more than J.
    correlation : ndarray, shape (J, J)
        Of one patient's scores.

    Returns
    -------
    tuple of ndarray, shape (..., J)
        Distributed exactly as those of n patients: the covariance matrix by Bartlett's decomposition.
    """
    visits = mean.shape[-1]
    root = np.linalg.cholesky(correlation)
    means = mean + SD * rng.standard_normal(mean.shape) @ root.T / np.sqrt(n)[..., None]
    lower = np.tril(rng.standard_normal((*mean.shape, visits)), -1)
    free = n[..., None] - 1 - np.arange(visits)
    lower[..., np.arange(visits), np.arange(visits)] = np.sqrt(rng.chisquare(free))
    squares = ((root @ lower) ** 2).sum(axis=-1)
    return means, SD * np.sqrt(squares / (n - 1)[..., None])


def trials(
    rng: np.random.Generator, *, truth: FloatArray, n: npt.NDArray[np.int64], rho: float, reported: BoolArray
) -> Studies:
    """Return trials with true effects (R, K, J) and n patients (R, K) in each of their two arms."""
    correlation = correlations(VISITS, rho)
    treated_mean, treated_sd = arms(rng, mean=truth, n=n, correlation=correlation)
    control_mean, control_sd = arms(rng, mean=np.zeros_like(truth), n=n, correlation=correlation)
    size = np.repeat(n.ravel(), truth.shape[-1])
    found = mean_difference(
        m1=treated_mean.ravel(),
        sd1=treated_sd.ravel(),
        n1=size,
        m2=control_mean.ravel(),
        sd2=control_sd.ravel(),
        n2=size,
        better="higher",
    )
    return Studies(
        d=found.yi.reshape(truth.shape),
        v=found.vi.reshape(truth.shape),
        df=found.df.reshape(truth.shape),
        low=found.ci_low.reshape(truth.shape),
        high=found.ci_high.reshape(truth.shape),
        reported=reported,
    )


def one_study(
    rng: np.random.Generator, replicates: int, *, course: FloatArray, n: int, rho: float = RHO
) -> Studies:
    """Return one trial per replicate that has every visit and no effect of its own."""
    truth = np.broadcast_to(course, (replicates, 1, course.size))
    sizes = np.full((replicates, 1), n)
    return trials(rng, truth=truth, n=sizes, rho=rho, reported=np.ones(truth.shape, dtype=bool))


def several_studies(
    rng: np.random.Generator,
    *,
    course: FloatArray,
    reported: BoolArray,
    tau: float = TAU,
    omega: float = OMEGA,
) -> Studies:
    """Return K trials per replicate about a mean course, (J,) or (K, J), that have the visits (R, K, J)."""
    low, high = np.log(SIZES)
    n = np.rint(np.exp(rng.uniform(low, high, reported.shape[:2]))).astype(np.int64)
    own = tau * rng.standard_normal((*reported.shape[:2], 1))
    there = omega * rng.standard_normal(reported.shape)
    return trials(rng, truth=course + own + there, n=n, rho=RHO, reported=reported)


def drawn_schedules(rng: np.random.Generator, replicates: int, studies: int) -> BoolArray:
    """Return which visits studies have, drawn from the seven schedules, shape (R, K, J)."""
    schedules: BoolArray = SCHEDULES[rng.integers(len(SCHEDULES), size=(replicates, studies))]
    return schedules
