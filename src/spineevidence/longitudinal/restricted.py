"""The joint model by restricted maximum likelihood (REML); arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spineevidence.effectsizes import BoolArray
from spineevidence.longitudinal.workingmodel import WorkingModel, surface
from spineevidence.timing import FloatArray

GRID = 24  # values of each variance at which the likelihood is looked at first, 0 among them
STARTS = 4  # of the highest points of that grid from which the search goes on
STEPS = 60  # of Newton's method; about six are usual
CLOSE = 1e-9  # expected rise of the log-likelihood below which steps are taken as they are
SETTLED = 1e-20  # expected rise that ends the search: the variances move by 1e-10 of their standard errors
HALVINGS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Restricted:
    """The highest restricted likelihood (REML) of a joint model.

    Attributes
    ----------
    tau2, omega2 : float
        Variances between studies, and between the visits of a study.
    b : ndarray, shape (p,)
        Coefficients.
    vcov : ndarray, shape (p, p)
        Their covariance, the variances taken as known.
    log_likelihood : float
        Restricted, with all constants.
    """

    tau2: float
    omega2: float
    b: FloatArray
    vcov: FloatArray
    log_likelihood: float


def restricted_maximum(model: WorkingModel) -> Restricted:
    """Return where the restricted likelihood is highest, over variances of 0 or more.

    Parameters
    ----------
    model : WorkingModel
        With more rows than coefficients.

    Returns
    -------
    Restricted
        The highest of the maxima reached from several places of a grid over both variances.

    Notes
    -----
    With ``P = inv(V) - inv(V)X inv(X'inv(V)X) X'inv(V)`` the score of a variance with ``dV = D`` is
    ``-1/2 tr(PD) + 1/2 y'PDPy``; Newton's method takes the average of observed and expected information,
    ``1/2 y'PDPDPy`` (Gilmour et al. 1995), shortens a step that does not climb and keeps a variance at 0
    whose score is not above 0 there.

    References
    ----------
    .. [1] Gilmour AR, Thompson R, Cullis BR (1995). https://doi.org/10.2307/2533274
    """
    reach = float(np.sum((model.y - model.design @ _plain(model)) ** 2)) + float(model.spread.mean())
    fine = reach * 1e-7
    steps = np.r_[0.0, np.geomspace(fine, reach, GRID - 1)]
    seen = surface(model, tau2=steps, omega2=steps).log_likelihood
    _, at = max(
        (_climbed(model, steps[list(start)]) for start in _peaks(seen)[:STARTS]), key=lambda found: found[0]
    )
    there = surface(model, tau2=at[:1], omega2=at[1:])
    return Restricted(
        tau2=float(at[0]),
        omega2=float(at[1]),
        b=there.b[0, 0],
        vcov=there.vcov[0, 0],
        log_likelihood=float(there.log_likelihood[0, 0]),
    )


def _plain(model: WorkingModel) -> FloatArray:
    return np.asarray(np.linalg.lstsq(model.design, model.y, rcond=None)[0])


def _peaks(seen: FloatArray) -> list[tuple[int, int]]:
    """Return the places of a grid that none of their neighbours exceeds, the highest first."""
    padded = np.pad(seen, 1, constant_values=-np.inf)
    rows, columns = seen.shape
    around = [
        padded[1 + i : 1 + i + rows, 1 + j : 1 + j + columns]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if (i, j) != (0, 0)
    ]
    top = np.argwhere(np.all([seen >= other for other in around], axis=0))
    ordered = sorted(top.tolist(), key=lambda place: -float(seen[place[0], place[1]]))
    return [(int(row), int(column)) for row, column in ordered]


def _climbed(model: WorkingModel, start: FloatArray) -> tuple[float, FloatArray]:
    at, value = start, _height(model, start)
    for _ in range(STEPS):
        score, information = _score(model, at)
        free: BoolArray = (at > 0) | (score > 0)
        if not free.any():
            break
        step = np.zeros(2)
        step[free] = _solved(information[np.ix_(free, free)], score[free])
        decrement = float(score @ step)
        if decrement < CLOSE:  # rises this small drown in rounding: the step itself is to be trusted
            at = np.maximum(at + step, 0.0)
            value = _height(model, at)
            if decrement < SETTLED:
                break
            continue
        rise, after = _along(model, at, value, step)
        if not rise > 0:
            break
        at, value = after, value + rise
    return value, at


def _along(model: WorkingModel, at: FloatArray, value: float, step: FloatArray) -> tuple[float, FloatArray]:
    """Return the rise along a step, halved until it climbs, and where it ends; 0 if it never does."""
    for _ in range(HALVINGS):
        after = np.maximum(at + step, 0.0)
        rise = _height(model, after) - value
        if rise > 0:
            return rise, after
        step = step / 2
    return 0.0, at


def _solved(information: FloatArray, score: FloatArray) -> FloatArray:
    """Return a step that climbs, even where the information is not positive definite."""
    values, axes = np.linalg.eigh(information)
    floor = max(float(np.abs(values).max()) * 1e-10, np.finfo(float).tiny)
    step: FloatArray = axes @ ((axes.T @ score) / np.maximum(np.abs(values), floor))
    return step


def _height(model: WorkingModel, at: FloatArray) -> float:
    return float(surface(model, tau2=at[:1], omega2=at[1:]).log_likelihood[0, 0])


def _score(model: WorkingModel, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the scores of tau2 and omega2 and their average information."""
    inverse = _Inverse(model, float(at[0]), float(at[1]))
    solved = inverse.times(model.design)
    vcov: FloatArray = np.asarray(np.linalg.inv(model.design.T @ solved), dtype=np.float64)
    projected = inverse.projected(model.y[:, None], solved, vcov)
    moved = np.column_stack([inverse.joint(projected), projected])  # D P y of tau2 and of omega2
    again = inverse.projected(moved, solved, vcov)
    quadratic = (projected.T @ moved)[0]
    trace = np.array(
        [
            inverse.trace_joint() - np.trace(vcov @ (solved.T @ inverse.joint(solved))),
            inverse.trace() - np.trace(vcov @ (solved.T @ solved)),
        ]
    )
    information: FloatArray = moved.T @ again / 2
    return (quadratic - trace) / 2, information


class _Inverse:
    """``inv(V)`` at one pair of variances, never written out."""

    __slots__ = ("model", "precision", "share", "tau2", "weight")

    def __init__(self, model: WorkingModel, tau2: float, omega2: float) -> None:
        self.model, self.tau2 = model, tau2
        self.weight = 1 / (model.spread + omega2)
        self.precision = np.add.reduceat(self.weight * model.one**2, model.first)
        self.share = tau2 / (1 + tau2 * self.precision)

    def _sums(self, columns: FloatArray) -> FloatArray:
        return np.add.reduceat(self.model.one[:, None] * columns, self.model.first, axis=0)

    def joint(self, columns: FloatArray) -> FloatArray:
        """Return J times columns, J the block of ones of each study."""
        spread: FloatArray = self.model.one[:, None] * self._sums(columns)[self.model.study]
        return spread

    def times(self, columns: FloatArray) -> FloatArray:
        """Return inv(V) times columns."""
        light = self.weight[:, None] * columns
        shared = self.share[:, None] * self._sums(light)
        turned: FloatArray = light - (self.weight * self.model.one)[:, None] * shared[self.model.study]
        return turned

    def projected(self, columns: FloatArray, solved: FloatArray, vcov: FloatArray) -> FloatArray:
        """Return P times columns."""
        turned: FloatArray = self.times(columns) - solved @ (vcov @ (solved.T @ columns))
        return turned

    def trace(self) -> float:
        """Return the trace of inv(V)."""
        squares = np.add.reduceat((self.weight * self.model.one) ** 2, self.model.first)
        return float(self.weight.sum() - (self.share * squares).sum())

    def trace_joint(self) -> float:
        """Return the trace of inv(V) J."""
        return float((self.precision - self.share * self.precision**2).sum())
