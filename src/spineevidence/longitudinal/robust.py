"""Cluster-robust standard errors and tests of the coefficients of a multilevel model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spineevidence.effectsizes import positions
from spineevidence.errors import InputError
from spineevidence.formatting import interval, number
from spineevidence.formulas.arguments import check_word
from spineevidence.longitudinal.marginal import IntArray, Model, arrange, covariances, solve
from spineevidence.pooling.mixedmodel import half_width, p_value
from spineevidence.timing import FloatArray

KINDS = ("CR2", "CR1p", "CR1", "CR0", "metafor")
SINGULAR = 1e-10  # of the largest eigenvalue of a cluster: directions that the design determines
UNBIASED = 0.95  # of the variance on average: below that one cluster alone tells much of a coefficient
NOTHING = 1e-8  # of it: one cluster alone tells the coefficient
ROUNDING = 1e-9  # of degrees of freedom
FEW = 4.0  # degrees of freedom below which Satterthwaite's approximation is poor (Tipton 2015)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RobustFit:
    """Coefficients with cluster-robust standard errors.

    Attributes
    ----------
    names : tuple of str
        The coefficients.
    b, se, statistic, df, p, ci_low, ci_high : ndarray, shape (p,)
        Coefficients, robust standard errors, t statistics, degrees of freedom, p-values and limits.
    vcov : ndarray, shape (p, p)
        Robust covariances.
    kind : str
        As asked for.
    clusters : int
        J.
    expected : ndarray, shape (p,)
        What a robust variance is on average, over the true one, if the working model holds. With "CR2" it is
        1, or less where one cluster alone tells part of a coefficient. Where it is 0, `se` is infinite.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats.
    """

    names: tuple[str, ...]
    b: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    vcov: FloatArray
    kind: str
    clusters: int
    expected: FloatArray
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        found = ", ".join(
            f"{name} {number(b, 3)} ({interval(low, high, 3)})"
            for name, b, low, high in zip(self.names, self.b, self.ci_low, self.ci_high, strict=True)
        )
        return f"<RobustFit: {self.clusters} clusters, {found} ({self.kind})>"

    def to_frame(self) -> pd.DataFrame:
        """Return ``b``, ``se``, ``statistic``, ``df``, ``p``, ``ci_low`` and ``ci_high`` per coefficient."""
        words = ("b", "se", "statistic", "df", "p", "ci_low", "ci_high")
        columns = {word: getattr(self, word) for word in words}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="coefficient"))


def robust_tests(
    model: Model,
    *,
    values: list[FloatArray],
    turn: FloatArray,
    b: FloatArray,
    names: tuple[str, ...],
    cluster: IntArray,
    clusters: int,
    kind: str,
    level: float,
) -> RobustFit:
    """Return robust standard errors and t tests, the fitted covariances being the working model.

    Parameters
    ----------
    model : Model
        Data and terms.
    values : list of ndarray, each of shape (L, L)
        Covariance matrix of the levels of each term.
    turn : ndarray, shape (p, p)
        From coefficients of the orthonormal design to those of the given one.
    b : ndarray, shape (p,)
        Coefficients.
    names : tuple of str
        Their names.
    cluster : ndarray of int, shape (k,)
        Codes of the J clusters.
    clusters : int
        J.
    kind : {"CR2", "CR1p", "CR1", "CR0", "metafor"}
        "CR0" has no correction; "CR1" is CR0 times J / (J - 1), "CR1p" times J / (J - p); "CR2" is unbiased
        if the working model holds (Bell and McCaffrey). All have Satterthwaite's degrees of freedom.
        "metafor" is CR1p with J - p degrees of freedom.
    level : float
        Coverage of the intervals.

    Returns
    -------
    RobustFit
        As ``clubSandwich::coef_test(fit, vcov = kind, cluster = cluster)``.

    Raises
    ------
    InputError
        If the kind is unknown, there are too few clusters, or rows of two clusters depend on each other.

    References
    ----------
    .. [1] Pustejovsky JE, Tipton E (2018). https://doi.org/10.1080/07350015.2016.1247004
    .. [2] Tipton E (2015). https://doi.org/10.1037/met0000011
    """
    check_word("kind of robust standard errors", kind, KINDS)
    p = b.size
    least = {"CR1": 2, "CR1p": p + 1, "metafor": p + 1}.get(kind, 2)
    if clusters < least:
        raise InputError(f"{kind} needs {least} clusters or more; found {clusters}; take a smaller model")
    _check_nested(model, cluster)
    whole = arrange(
        x=model.x, y=model.y, v=model.v, terms=model.terms, restricted=model.restricted, block=cluster
    )
    solved = solve(whole, values)
    scores, own, cross = [], [], []
    for blocks, weighted in zip(whole.blocks, solved.weighted, strict=True):
        m = covariances(blocks, values)
        x = blocks.data[..., :p]
        pulls = weighted
        if kind == "CR2":
            pulls = _adjustments(m, x, solved.vcov) @ weighted
        pulls = pulls @ (solved.vcov @ turn.T)
        residual = blocks.data[..., p] - x @ solved.b
        scores.append(np.einsum("bm,bmp->bp", residual, pulls))
        own.append(np.einsum("bip,bij,bjp->bp", pulls, m, pulls, optimize=True))
        cross.append(np.einsum("bmi,bmp->bip", x, pulls))
    score = np.concatenate(scores)
    factor = {"CR1": clusters / (clusters - 1)} | dict.fromkeys(
        ("CR1p", "metafor"), clusters / max(clusters - p, 1)
    )
    vcov = factor.get(kind, 1.0) * score.T @ score
    mean, df = _satterthwaite(np.concatenate(own), np.concatenate(cross), solved.vcov)
    expected = factor.get(kind, 1.0) * mean / np.einsum("ij,jk,ik->i", turn, solved.vcov, turn)
    told = expected > NOTHING
    if kind == "metafor":
        df = np.full(p, float(clusters - p))
    se = np.where(told, np.sqrt(np.diagonal(vcov)), np.inf)
    half = np.where(told, half_width(se=se, df=np.where(told, df, 1.0), level=level), np.inf)
    return RobustFit(
        names=names,
        b=b,
        se=se,
        statistic=b / se,
        df=df,
        p=np.where(told, p_value(statistic=b / se, df=np.where(told, df, 1.0)), 1.0),
        ci_low=b - half,
        ci_high=b + half,
        vcov=vcov,
        kind=kind,
        clusters=clusters,
        expected=expected,
        level=level,
        notes=tuple(_notes(names, df, expected, kind)),
    )


def _check_nested(model: Model, cluster: IntArray) -> None:
    """Refuse clusters that cut through rows that depend on each other."""
    for blocks in model.blocks:
        there = blocks.rows >= 0
        code = cluster[blocks.rows]
        cut = (there & (code != code[:, :1])).any(axis=1)
        if cut.any():
            rows = blocks.rows[cut][0]
            where = np.zeros(cluster.size, dtype=bool)
            where[rows[rows >= 0]] = True
            raise InputError(
                f"rows that depend on each other must lie in one cluster; those of {positions(where)} lie in "
                "several; take the groups of the highest level as clusters"
            )


def _adjustments(m: FloatArray, x: FloatArray, vcov: FloatArray) -> FloatArray:
    """Return the matrices of Bell and McCaffrey, shape (B, m, m): D' B^(-1/2) D with D'D = M."""
    lower = np.linalg.cholesky(m)
    upper = lower.transpose(0, 2, 1)
    left = m - (x @ vcov) @ x.transpose(0, 2, 1)
    size, direction = np.linalg.eigh(upper @ left @ lower)
    small = size <= SINGULAR * np.einsum("bij,bji->b", upper @ m, lower)[:, None]
    root = np.where(small, 0.0, 1 / np.sqrt(np.where(small, 1.0, size)))
    half = (direction * root[:, None, :]) @ direction.transpose(0, 2, 1)
    return np.asarray(lower @ half @ upper)


def _satterthwaite(own: FloatArray, cross: FloatArray, vcov: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and degrees of freedom of each robust variance, shape (p,) both.

    `own` (J, p) and `cross` (J, p, p) as summed above; 0 degrees of freedom where the mean is 0.
    """
    mean, df = np.empty(own.shape[1]), np.empty(own.shape[1])
    for i in range(df.size):
        pairs = -(cross[:, :, i] @ vcov) @ cross[:, :, i].T
        pairs[np.diag_indices_from(pairs)] += own[:, i]
        mean[i], squares = np.trace(pairs), (pairs**2).sum()
        df[i] = mean[i] ** 2 / squares if squares > 0 else 0.0
    return mean, df


def _notes(names: tuple[str, ...], df: FloatArray, expected: FloatArray, kind: str) -> Iterator[str]:
    for name, one, share in zip(names, df, expected, strict=True):
        if share <= NOTHING:
            yield f"{name}: one cluster alone tells it, so that it has no robust standard error"
        elif kind == "CR2" and share < UNBIASED:
            yield f"{name}: one cluster tells much of it; the standard error is too small"
        if share > NOTHING and one < FEW - ROUNDING:
            yield f"{name}: {number(one, 1)} degrees of freedom; below {FEW:g} p-values are not to be trusted"
