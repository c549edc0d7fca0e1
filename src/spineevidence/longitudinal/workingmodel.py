r"""The joint model of several studies at several visits, for many values of its two variances; arrays only.

Of study i: ``y_i = X_i b + u_i 1 + w_i + e_i`` with ``u_i ~ N(0, tau2)`` (the study), ``w_ij ~ N(0, omega2)``
(the study at that visit) and ``e_i ~ N(0, S_i)`` (sampling), so that ``V_i = S_i + omega2 I + tau2 J``.
S_i is turned into its own axes once. There ``S_i + omega2 I`` is a diagonal for every omega2, and the term of
tau2 has rank one, so that all of a grid of variances costs a few sums over rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spineevidence.formulas.covariances import visit_covariance
from spineevidence.timing import FloatArray

LOG_2PI = float(np.log(2 * np.pi))
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class WorkingModel:
    """The rows of a joint model, study by study, each study in the axes of its sampling covariance.

    Attributes
    ----------
    study : ndarray of int, shape (N,)
        Place of the study of each row, ascending, from 0 to k - 1.
    first : ndarray of int, shape (k,)
        First row of each study.
    spread : ndarray, shape (N,)
        Eigenvalues of the sampling covariances, in squared units of the effects.
    y, one : ndarray, shape (N,)
        Effects, and a column of ones, in these axes.
    design : ndarray, shape (N, p)
        In these axes.
    log_det_design : float
        ``log |X'X|``, the constant of the restricted likelihood.
    """

    study: Places
    first: Places
    spread: FloatArray
    y: FloatArray
    one: FloatArray
    design: FloatArray
    log_det_design: float

    @property
    def k(self) -> int:
        """How many studies there are."""
        return self.first.size

    @property
    def p(self) -> int:
        """How many coefficients there are."""
        return int(self.design.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Coefficients and restricted likelihood at each of a grid of variances.

    Attributes
    ----------
    b : ndarray, shape (T, O, p)
        Coefficients by generalised least squares.
    vcov : ndarray, shape (T, O, p, p)
        Their covariance, ``inv(sum X'inv(V)X)``.
    log_likelihood : ndarray, shape (T, O)
        Restricted, with all constants.
    """

    b: FloatArray
    vcov: FloatArray
    log_likelihood: FloatArray


def working_model(
    *, y: FloatArray, v: FloatArray, months: FloatArray, study: Places, design: FloatArray, rho: float
) -> WorkingModel:
    """Return the rows in the axes of their studies' sampling covariance.

    Parameters
    ----------
    y, v : ndarray, shape (N,)
        Effects and their sampling variances, above 0.
    months : ndarray, shape (N,)
        Times of the visits, above 0, different within a study.
    study : ndarray of int, shape (N,)
        Place of the study of each row, from 0 to k - 1, in any order.
    design : ndarray, shape (N, p)
        Of full rank.
    rho : float
        Correlation of the sampling errors of two visits of one study, one twice as late as the other.

    Returns
    -------
    WorkingModel
        Rows sorted by study.

    References
    ----------
    .. [1] Pustejovsky JE, Tipton E (2022), correlated and hierarchical effects.
       https://doi.org/10.1007/s11121-021-01246-3
    .. [2] Trikalinos TA, Olkin I (2012). https://doi.org/10.1177/1740774512453218
    """
    order = np.argsort(study, kind="stable")
    study, design = study[order], design[order]
    y, v, months = y[order], v[order], months[order]
    first = np.flatnonzero(np.r_[True, np.diff(study) != 0])
    spread, turned = np.empty_like(v), np.column_stack([y, np.ones_like(y), design])
    for start, end in zip(first, np.r_[first[1:], study.size], strict=True):
        rows = slice(start, end)
        sampling = visit_covariance(vi=v[rows], months=months[rows], rho=rho)
        values, axes = np.linalg.eigh(sampling)
        spread[rows], turned[rows] = values, axes.T @ turned[rows]
    return WorkingModel(
        study=study,
        first=first,
        spread=np.maximum(spread, 0.0),
        y=turned[:, 0],
        one=turned[:, 1],
        design=turned[:, 2:],
        log_det_design=float(np.linalg.slogdet(design.T @ design)[1]),
    )


def surface(model: WorkingModel, *, tau2: FloatArray, omega2: FloatArray) -> Surface:
    """Return coefficients and restricted likelihood at every pair of variances.

    Parameters
    ----------
    model : WorkingModel
        Of N rows with p coefficients.
    tau2 : ndarray, shape (T,)
        Variances between studies, 0 or above.
    omega2 : ndarray, shape (O,)
        Variances between the visits of a study, 0 or above.

    Returns
    -------
    Surface
        ``-(N-p)/2 log 2pi + 1/2 log|X'X| - 1/2 log|V| - 1/2 log|X'inv(V)X| - 1/2 r'inv(V)r`` and what leads
        to it.
    """
    p = model.p
    weight = 1 / (model.spread + omega2[:, None])  # (O, N)
    columns = np.column_stack([model.design, model.y])
    squares = np.einsum("on,ni,nj->oij", weight, columns, columns, optimize=True)  # (O, p + 1, p + 1)
    shared = np.add.reduceat(weight[..., None] * (columns * model.one[:, None]), model.first, axis=1)
    precision = np.add.reduceat(weight * model.one**2, model.first, axis=1)  # (O, k)
    loss = 1 + tau2[:, None, None] * precision  # (T, O, k)
    share = tau2[:, None, None] / loss
    total = squares - np.einsum("tok,oki,okj->toij", share, shared, shared, optimize=True)
    information, right, squared = total[..., :p, :p], total[..., :p, p], total[..., p, p]
    vcov = np.linalg.inv(information)
    b = np.einsum("toij,toj->toi", vcov, right)
    residual = np.maximum(squared - np.einsum("toi,toi->to", b, right), 0.0)
    log_det = -np.log(weight).sum(axis=1) + np.log(loss).sum(axis=2)
    free = model.y.size - p
    value = (
        -free * LOG_2PI + model.log_det_design - log_det - np.linalg.slogdet(information)[1] - residual
    ) / 2
    return Surface(b=b, vcov=vcov, log_likelihood=value)
