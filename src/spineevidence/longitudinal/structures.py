"""Covariances of the random effects of one group over its inner levels, with their derivatives; arrays only.

Standard deviations, not their logarithms, are the parameters, so that a variance of 0 and a correlation of 1
can be reached exactly; UN has the entries of its Cholesky factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from spineevidence.timing import FloatArray

Structure = Literal["ID", "DIAG", "CS", "HCS", "AR", "HAR", "CAR", "UN"]
STRUCTURES: tuple[Structure, ...] = get_args(Structure)

ONE_VARIANCE = frozenset({"ID", "CS", "AR", "CAR"})
ONE_CORRELATION = frozenset({"CS", "HCS", "AR", "HAR", "CAR"})
SMALL = 1e-6  # base of a power, where its second derivative would be infinite at 0


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A structure over given levels.

    Attributes
    ----------
    structure : str
        One of `STRUCTURES`.
    distance : ndarray, shape (L, L)
        Exponents of the correlation: positions apart for AR and HAR, times apart over `unit` for CAR.
    unit : float
        The shortest distance within a group, in the units of the times; 1 but for CAR.
    correlated : bool
        Whether any group has two levels; if not, a correlation is no parameter and counts as 0.
    """

    structure: Structure
    distance: FloatArray
    unit: float
    correlated: bool

    @property
    def levels(self) -> int:
        """The number L of levels."""
        return int(self.distance.shape[0])

    @property
    def scales(self) -> int:
        """The number of standard deviations among the parameters (UN: those of the diagonal)."""
        return 1 if self.structure in ONE_VARIANCE else self.levels

    @property
    def with_correlation(self) -> bool:
        """Whether one correlation is a parameter."""
        return self.structure in ONE_CORRELATION and self.correlated

    @property
    def size(self) -> int:
        """The number q of parameters."""
        if self.structure == "UN":
            return self.levels * (self.levels + 1) // 2
        return self.scales + self.with_correlation


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """A covariance matrix and its derivatives.

    Attributes
    ----------
    value : ndarray, shape (L, L)
        Covariances of the levels.
    first : ndarray, shape (q, L, L)
        Derivatives by each parameter.
    second : ndarray, shape (q, q, L, L)
        Derivatives by each pair of parameters.
    """

    value: FloatArray
    first: FloatArray
    second: FloatArray


def make_form(
    *, structure: Structure, positions: npt.ArrayLike, together: npt.ArrayLike, levels: int
) -> Form:
    """Return a structure over levels.

    Parameters
    ----------
    structure : str
        One of `STRUCTURES`.
    positions : array_like, shape (L,)
        Times of the levels, used by CAR alone.
    together : array_like of bool, shape (L, L)
        Whether two different levels occur in one group.
    levels : int
        L.

    Returns
    -------
    Form
        With distances.

    Examples
    --------
    >>> make_form(structure="CAR", positions=[3, 6, 12], together=np.ones((3, 3)) > 0, levels=3).unit
    3.0
    """
    pairs = np.asarray(together, dtype=bool) & ~np.eye(levels, dtype=bool)
    correlated = bool(pairs.any())
    if structure != "CAR":
        place = np.arange(levels, dtype=np.float64)
        return Form(structure, np.abs(place[:, None] - place), 1.0, correlated)
    time = np.asarray(positions, dtype=np.float64)
    apart = np.abs(time[:, None] - time)
    unit = float(apart[pairs].min()) if correlated else 1.0
    return Form(structure, apart / unit, unit, correlated)


def bounds(form: Form) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest value of each parameter, shape (q,) both.

    Standard deviations are 0 or more. Correlations of CS and HCS are -1 / (L - 1) or more, which keeps the
    matrix positive semi-definite, those of AR and HAR -1 or more, those of CAR 0 or more.

    >>> bounds(make_form(structure="CS", positions=[], together=np.ones((3, 3)) > 0, levels=3))[0].tolist()
    [0.0, -0.5]
    """
    low, high = np.zeros(form.size), np.full(form.size, np.inf)
    if form.structure == "UN":
        low[~on_diagonal(form)] = -np.inf
    elif form.with_correlation:
        high[-1] = 1.0
        if form.structure in {"CS", "HCS"}:
            low[-1] = -1.0 / (form.levels - 1)
        elif form.structure in {"AR", "HAR"}:
            low[-1] = -1.0
    return low, high


def on_diagonal(form: Form) -> npt.NDArray[np.bool_]:
    """Return which parameters are standard deviations, or the diagonal of the Cholesky factor; shape (q,)."""
    if form.structure == "UN":
        row, column = np.tril_indices(form.levels)
        return np.asarray(row == column)
    return np.arange(form.size) < form.scales


def moments(form: Form, parameters: FloatArray) -> Moments:
    """Return the covariance matrix of the levels and its first and second derivatives.

    Parameters
    ----------
    form : Form
        The structure.
    parameters : ndarray, shape (q,)
        Standard deviations, then the correlation: of CAR that at one `unit` apart. For UN the Cholesky
        factor, row by row.

    Returns
    -------
    Moments
        Exact derivatives.

    References
    ----------
    .. [1] Pinheiro JC, Bates DM (2000). Mixed-Effects Models in S and S-PLUS, 5.3.
       https://doi.org/10.1007/b98882
    .. [2] Pinheiro JC, Bates DM (1996), the Cholesky factor as parameter.
       https://doi.org/10.1007/BF00140873

    Examples
    --------
    >>> form = make_form(structure="AR", positions=[], together=np.ones((3, 3)) > 0, levels=3)
    >>> moments(form, np.array([2.0, 0.5])).value.tolist()
    [[4.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 4.0]]
    """
    if form.structure == "UN":
        return _unstructured(form, parameters)
    n, q = form.scales, form.size
    shared = np.ones((1, form.levels)) if n == 1 else np.eye(form.levels)
    spread = parameters[:n] @ shared
    product = np.outer(spread, spread)
    r0, r1, r2 = _correlations(form, parameters[-1] if form.with_correlation else 0.0)
    half = shared[:, :, None] * spread
    slope = half + half.transpose(0, 2, 1)
    bend = shared[:, None, :, None] * shared[None, :, None, :]
    first, second = np.empty((q, *product.shape)), np.empty((q, q, *product.shape))
    first[:n] = slope * r0
    second[:n, :n] = (bend + bend.transpose(0, 1, 3, 2)) * r0
    if q > n:
        first[n] = product * r1
        second[n, n] = product * r2
        second[:n, n] = second[n, :n] = slope * r1
    return Moments(product * r0, first, second)


def covariance(form: Form, parameters: FloatArray) -> FloatArray:
    """Return the covariance matrix of the levels alone, shape (L, L); see `moments`."""
    if form.structure == "UN":
        factor = np.zeros((form.levels, form.levels))
        factor[np.tril_indices(form.levels)] = parameters
        return np.asarray(factor @ factor.T)
    spread = np.broadcast_to(parameters[: form.scales], (form.levels,))
    correlations = _correlations(form, parameters[-1] if form.with_correlation else 0.0)[0]
    return np.asarray(spread[:, None] * spread * correlations)


def _unstructured(form: Form, parameters: FloatArray) -> Moments:
    size = form.levels
    row, column = np.tril_indices(size)
    factor = np.zeros((size, size))
    factor[row, column] = parameters
    unit = np.zeros((form.size, size, size))
    unit[np.arange(form.size), row, column] = 1.0
    half = unit @ factor.T
    cross = np.einsum("aik,bjk->abij", unit, unit)
    return Moments(factor @ factor.T, half + half.transpose(0, 2, 1), cross + cross.transpose(0, 1, 3, 2))


def _correlations(form: Form, rho: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the correlation matrix and its two derivatives by its parameter."""
    same = np.eye(form.levels)
    none = np.zeros_like(same)
    if not form.with_correlation:
        return same, none, none
    if form.structure in {"CS", "HCS"}:
        return same + rho * (1 - same), 1 - same, none
    d = form.distance
    if form.structure == "CAR":
        base = max(rho, SMALL)
        value = np.where(d > 0, max(rho, 0.0) ** np.where(d > 0, d, 1.0), 1.0)
        return value, d * base ** (d - 1), d * (d - 1) * base ** (d - 2)
    slope = np.where(d > 0, d * rho ** np.maximum(d - 1, 0), 0.0)
    bend = np.where(d > 1, d * (d - 1) * rho ** np.maximum(d - 2, 0), 0.0)
    return rho**d, slope, bend


def start(form: Form, *, variance: float, correlation: float) -> FloatArray:
    """Return parameters with one variance, and a correlation at the median distance; shape (q,).

    >>> start(make_form(structure="DIAG", positions=[], together=[[False]], levels=1), variance=4.0,
    ...       correlation=0.5).tolist()
    [2.0]
    """
    scale = np.sqrt(variance)
    if form.structure == "UN":
        same = np.eye(form.levels)
        rho = max(correlation, -0.5 / max(form.levels - 1, 1))
        factor = np.linalg.cholesky(variance * (same + rho * (1 - same)))
        return np.asarray(factor[np.tril_indices(form.levels)])
    found = np.full(form.size, scale)
    if form.with_correlation:
        low, high = bounds(form)
        rho = correlation
        if form.structure == "CAR":
            rho = max(correlation, 0.02) ** (1 / max(1.0, float(np.median(form.distance[form.distance > 0]))))
        found[-1] = np.clip(rho, 0.5 * low[-1], 0.999 * high[-1])
    return found


def printed(form: Form, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return variances and correlations as they are reported.

    Parameters
    ----------
    form : Form
        The structure.
    parameters : ndarray, shape (q,)
        As in `moments`.

    Returns
    -------
    tau2 : ndarray, shape (1,) or (L,)
        Variances: one, or one per level.
    rho : ndarray, shape (0,), (1,) or (L (L - 1) / 2,)
        Correlations: of CAR at one unit of the times apart; of UN the lower triangle by columns, NaN where a
        variance is 0.

    Examples
    --------
    >>> form = make_form(structure="CAR", positions=[0, 2], together=np.ones((2, 2)) > 0, levels=2)
    >>> [part.round(9).tolist() for part in printed(form, np.array([3.0, 0.25]))]
    [[9.0], [0.5]]
    """
    if form.structure == "UN":
        value = moments(form, parameters).value
        variance = np.diagonal(value).copy()
        column, row = np.triu_indices(form.levels, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return variance, value[row, column] / np.sqrt(variance[row] * variance[column])
    tau2 = parameters[: form.scales] ** 2
    if form.structure not in ONE_CORRELATION:
        return tau2, np.zeros(0)
    rho = parameters[-1] if form.with_correlation else 0.0
    return tau2, np.array([max(rho, 0.0) ** (1 / form.unit) if form.structure == "CAR" else rho])
