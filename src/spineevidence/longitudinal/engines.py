"""The two engines of the joint model behind one face: half-normal priors, or restricted likelihood.

Both give effects at rows of a design with intervals, for the mean of studies and for a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spineevidence.effectsizes import t_quantile
from spineevidence.longitudinal.multilevel import fit_multilevel
from spineevidence.longitudinal.quadrature import Posterior, posterior
from spineevidence.longitudinal.restricted import Restricted, restricted_maximum
from spineevidence.longitudinal.robust import RobustFit
from spineevidence.longitudinal.workingmodel import WorkingModel
from spineevidence.timing import FloatArray

Engine = Literal["half-normal", "REML"]
ENGINES: tuple[Engine, ...] = ("half-normal", "REML")


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Effects at rows of a design.

    Attributes
    ----------
    estimate, low, high : ndarray, shape (m,)
        Mean effects with their interval.
    new_low, new_high : ndarray, shape (m,)
        Interval of the true effect in a new study.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    new_low: FloatArray
    new_high: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class HalfNormalFit:
    """A joint model with half-normal priors on tau and omega.

    Attributes
    ----------
    posterior : Posterior
        Nodes and weights.
    level : float
        Coverage of the intervals.
    """

    posterior: Posterior
    level: float

    @property
    def tau(self) -> float:
        """Posterior mean of the standard deviation between studies."""
        return float(self.posterior.weights @ self.posterior.tau)

    @property
    def omega(self) -> float:
        """Posterior mean of the standard deviation between the visits of a study."""
        return float(self.posterior.weights @ self.posterior.omega)

    def at(self, x: FloatArray) -> Estimates:
        """Return effects at rows of the design, shape (m, p)."""
        tail = (1 - self.level) / 2
        p = np.array([tail, 0.5, 1 - tail])
        low, median, high = self.posterior.quantiles(x, p).T
        new_low, _, new_high = self.posterior.quantiles(x, p, new_study=True).T
        return Estimates(median, low, high, new_low, new_high)

    def band(self, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return curve and limits at log2 of months, shape (m,), of a model with the design [1, log2 t]."""
        tail = (1 - self.level) / 2
        x = np.column_stack([np.ones_like(z), z])
        low, median, high = self.posterior.quantiles(x, np.array([tail, 0.5, 1 - tail])).T
        return median, low, high

    def lower(self, x: FloatArray, tail: float) -> FloatArray:
        """Return lower limits that are exceeded with probability 1 - `tail`."""
        return self.posterior.quantiles(x, np.array([tail]))[:, 0]


@dataclass(frozen=True, slots=True, eq=False)
class RestrictedFit:
    """A joint model by restricted likelihood, with t intervals on k - 1 degrees of freedom.

    Attributes
    ----------
    found : Restricted
        Variances and coefficients.
    df : int
        Degrees of freedom.
    level : float
        Coverage of the intervals.
    """

    found: Restricted
    df: int
    level: float

    @property
    def tau(self) -> float:
        """Standard deviation between studies."""
        return float(np.sqrt(self.found.tau2))

    @property
    def omega(self) -> float:
        """Standard deviation between the visits of a study."""
        return float(np.sqrt(self.found.omega2))

    def _critical(self, tail: float) -> float:
        return float(t_quantile(p=1 - tail, df=self.df))

    def _variances(self, x: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("mi,ij,mj->m", x, self.found.vcov, x))

    def at(self, x: FloatArray) -> Estimates:
        """Return effects at rows of the design, shape (m, p)."""
        centre, variances = x @ self.found.b, self._variances(x)
        critical = self._critical((1 - self.level) / 2)
        half = critical * np.sqrt(variances)
        new = critical * np.sqrt(variances + self.found.tau2 + self.found.omega2)
        return Estimates(centre, centre - half, centre + half, centre - new, centre + new)

    def band(self, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return curve and limits at log2 of months, shape (m,), of a model with the design [1, log2 t]."""
        found = self.at(np.column_stack([np.ones_like(z), z]))
        return found.estimate, found.low, found.high

    def lower(self, x: FloatArray, tail: float) -> FloatArray:
        """Return lower limits that are exceeded with probability 1 - `tail`."""
        return np.asarray(x @ self.found.b - self._critical(tail) * np.sqrt(self._variances(x)))


Fit = HalfNormalFit | RestrictedFit


def fitted(model: WorkingModel, *, engine: Engine, scales: tuple[float, float], level: float) -> Fit:
    """Return a joint model fitted by one of the two engines.

    Parameters
    ----------
    model : WorkingModel
        Of k studies.
    engine : {"half-normal", "REML"}
        Which.
    scales : tuple of float
        Of the priors of tau and omega; REML has none.
    level : float
        Coverage of the intervals.

    Returns
    -------
    HalfNormalFit or RestrictedFit
        With the same methods.
    """
    if engine == "half-normal":
        return HalfNormalFit(posterior(model, scales=scales), level)
    return RestrictedFit(restricted_maximum(model), model.k - 1, level)


def cluster_robust(model: WorkingModel, fit: RestrictedFit, *, names: Sequence[str]) -> RobustFit:
    """Return the coefficients with standard errors that hold whatever the covariances within studies are.

    Parameters
    ----------
    model : WorkingModel
        Of k studies, which are the clusters.
    fit : RestrictedFit
        Of this model: its variances make the weights.
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    RobustFit
        "CR2" with Satterthwaite's degrees of freedom. The axes in which a study stands do not matter.

    References
    ----------
    .. [1] Pustejovsky JE, Tipton E (2018). https://doi.org/10.1080/07350015.2016.1247004
    """
    same = model.study[:, None] == model.study
    between = fit.found.tau2 * np.where(same, np.outer(model.one, model.one), 0.0)
    working = fit_multilevel(
        yi=model.y,
        v=np.diag(model.spread + fit.found.omega2) + between,
        design=model.design,
        names=names,
        method="EE",
        level=fit.level,
    )
    return working.robust(model.study, kind="CR2")
