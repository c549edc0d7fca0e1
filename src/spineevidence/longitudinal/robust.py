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
SINGULAR = 1e-10  # of the largest eigenvalue: directions of a cluster that the design determines
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
    df = _satterthwaite(np.concatenate(own), np.concatenate(cross), solved.vcov)
    if kind == "metafor":
        df = np.full(p, float(clusters - p))
    se = np.sqrt(np.diagonal(vcov))
    half = half_width(se=se, df=df, level=level)
    return RobustFit(
        names=names,
        b=b,
        se=se,
        statistic=b / se,
        df=df,
        p=p_value(statistic=b / se, df=df),
        ci_low=b - half,
        ci_high=b + half,
        vcov=vcov,
        kind=kind,
        clusters=clusters,
        level=level,
        notes=tuple(_notes(names, df)),
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
    small = size <= SINGULAR * size.max(axis=1, keepdims=True)
    root = np.where(small, 0.0, 1 / np.sqrt(np.where(small, 1.0, size)))
    half = (direction * root[:, None, :]) @ direction.transpose(0, 2, 1)
    return np.asarray(lower @ half @ upper)


def _satterthwaite(own: FloatArray, cross: FloatArray, vcov: FloatArray) -> FloatArray:
    """Return degrees of freedom of each coefficient; `own` (J, p) and `cross` (J, p, p) as summed above."""
    df = np.empty(own.shape[1])
    for i in range(df.size):
        pairs = -(cross[:, :, i] @ vcov) @ cross[:, :, i].T
        pairs[np.diag_indices_from(pairs)] += own[:, i]
        df[i] = np.trace(pairs) ** 2 / (pairs**2).sum()
    return df


def _notes(names: tuple[str, ...], df: FloatArray) -> Iterator[str]:
    for name, one in zip(names, df, strict=True):
        if one < FEW:
            yield f"{name}: {number(one, 1)} degrees of freedom; below {FEW:g} p-values are not to be trusted"
