"""Studies in groups: one estimate for each, and whether the groups differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import html_table, interval, listed, number
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.mixedmodel import (
    Fits,
    checked_words,
    chi2_p,
    fit_models,
    half_width,
    p_value,
)
from spineevidence.pooling.moderators import groups_of
from spineevidence.pooling.regression import maxima_note, meta_regression
from spineevidence.timing import FloatArray, unknown_word

Heterogeneity = Literal["separate", "common"]

FEW = 5  # studies: below that a tau2 of their own is badly known


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Subgroups:
    """One pooled effect per group of studies, and the test between the groups.

    Attributes
    ----------
    name : str
        What the studies were grouped by.
    groups : tuple of str
        The groups, in alphabetical order (or that of the categories).
    k : ndarray of int
        Studies in each.
    b, se, p, ci_low, ci_high : ndarray
        Pooled effects, standard errors, p-values and limits.
    tau2, i2, q, q_p : ndarray
        Heterogeneity within each group; with a common tau2 the same tau2 in each, and `i2` from it.
    q_between, df_between, p_between : float, tuple and float
        The test that all groups have one mean: chi-squared with (groups - 1,) degrees of freedom, or F with
        (groups - 1, k - groups).
    heterogeneity : {"separate", "common"}
        Whether each group has its own tau2.
    method, test : str
        As asked for.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats.
    """

    name: str
    groups: tuple[str, ...]
    k: npt.NDArray[np.intp]
    b: FloatArray
    se: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    tau2: FloatArray
    i2: FloatArray
    q: FloatArray
    q_p: FloatArray
    q_between: float
    df_between: tuple[int, ...]
    p_between: float
    heterogeneity: str
    method: str
    test: str
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        found = ", ".join(
            f"{group} {number(b, 3)} ({interval(low, high, 3)})"
            for group, b, low, high in zip(self.groups, self.b, self.ci_low, self.ci_high, strict=True)
        )
        return (
            f"<Subgroups by {self.name}: {found}; between p {self.p_between:.3g} "
            f"({self.heterogeneity} tau2, {self.method}, {self.test})>"
        )

    def _repr_html_(self) -> str:
        kind = "Q" if len(self.df_between) == 1 else "F"
        freedom = ", ".join(map(str, self.df_between))
        caption = (
            f"Subgroups by {self.name}, {self.heterogeneity} tau2: "
            f"between groups {kind}({freedom}) = {number(self.q_between, 2)}, p {self.p_between:.3g}"
        )
        rows = [
            (
                group,
                str(k),
                f"{number(b, 3)} ({interval(low, high, 3)})",
                number(tau2, 3),
                f"{number(i2, 0)} %",
            )
            for group, k, b, low, high, tau2, i2 in zip(
                self.groups, self.k, self.b, self.ci_low, self.ci_high, self.tau2, self.i2, strict=True
            )
        ]
        head = ("Group", "k", f"Effect ({100 * self.level:g} % CI)", "tau2", "I2")
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the groups, unrounded.

        Returns
        -------
        DataFrame
            A row per group, its name as index: ``k``, ``b``, ``se``, ``p``, ``ci_low``, ``ci_high``,
            ``tau2``, ``i2`` (percent), ``q`` and ``q_p``.
        """
        names = ("k", "b", "se", "p", "ci_low", "ci_high", "tau2", "i2", "q", "q_p")
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame(columns, index=pd.Index(self.groups, name=self.name))


def subgroups(
    effects: EffectSizes,
    *,
    by: str | npt.ArrayLike,
    data: pd.DataFrame | None = None,
    heterogeneity: Heterogeneity = "separate",
    method: str = "REML",
    test: str = "adhoc",
    level: float = LEVEL,
) -> Subgroups:
    """Return one pooled effect per group of studies and the test between the groups.

    With ``heterogeneity="separate"`` each group is pooled by itself, with its own tau2, and the group means
    are compared by Q with their standard errors (those of Hartung and Knapp, if the test is theirs). With
    ``"common"`` all groups share one tau2, as in a meta-regression on the groups, whose test is given:
    steadier where groups are small, wrong where heterogeneity differs.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study.
    by : str or array_like, shape (k,)
        The name of a column, or the group of each study.
    data : DataFrame, optional
        Where the column is, a row per effect in the same order; ``effects.to_frame()`` without it.
    heterogeneity : {"separate", "common"}, optional
        Whether each group has its own tau2.
    method, test, level : optional
        As in `meta_regression`.

    Returns
    -------
    Subgroups
        Separate: as ``metafor::rma`` on each group; R's meta calls it ``tau.common = FALSE``. Common: as
        ``metafor::rma(mods = ~ group)``.

    Raises
    ------
    InputError
        If there are fewer than two groups, a study has none, or effects cannot be pooled.

    References
    ----------
    .. [1] Borenstein M, Higgins JPT (2013). https://doi.org/10.1007/s11121-013-0377-7
    .. [2] Rubio-Aparicio M et al. (2020). https://doi.org/10.1080/00220973.2018.1561404

    Examples
    --------
    >>> four = EffectSizes(yi=[0.1, 0.2, 0.8, 0.9], vi=[0.02, 0.03, 0.02, 0.03])
    >>> found = subgroups(four, by=["sham", "sham", "usual", "usual"], test="z")
    >>> found.b.round(2).tolist(), round(found.q_between, 2)
    ([0.14, 0.84], 20.42)
    """
    checked_words(method=method, test=test, level=level)
    check_poolable(effects, least=3, what="a comparison of subgroups")
    if heterogeneity not in {"separate", "common"}:
        raise InputError(unknown_word("heterogeneity", heterogeneity, ("separate", "common")))
    name, values = groups_of(effects, by, data=data)
    groups = _ordered(name, values)
    members = np.array([[str(value) == group for value in values] for group in groups])
    if heterogeneity == "separate":
        fits = fit_models(
            yi=effects.yi,
            vi=effects.vi,
            design=np.ones((len(effects), 1)),
            present=members,
            method=method,
            test=test,
        )
        b, se, df = fits.beta[:, 0], fits.se[:, 0], fits.df
        between, df_between, p_between = _between(b, se)
        tau2, i2, maxima = fits.tau2, fits.i2, fits.maxima
    else:
        if len(effects) <= len(groups):
            raise InputError(
                f"{len(groups)} groups with one tau2 need more than {len(groups)} studies; "
                f"found {len(effects)}; join groups"
            )
        shared = fit_models(
            yi=effects.yi, vi=effects.vi, design=members.T.astype(np.float64), method=method, test=test
        )
        fits = _alone(effects, members)
        b, se, df = shared.beta[0], shared.se[0], np.full(len(groups), shared.df[0])
        compared = meta_regression(effects, moderators={name: values.astype(str)}, method=method, test=test)
        between, df_between, p_between = compared.qm, compared.qm_df, compared.qm_p
        tau2 = np.full(len(groups), shared.tau2[0])
        i2 = _against_typical(effects, members, tau2, fits, method)
        maxima = shared.maxima
    half = half_width(se=se, df=df, level=level)
    return Subgroups(
        name=name,
        groups=groups,
        k=fits.k,
        b=b,
        se=se,
        p=p_value(statistic=b / se, df=df),
        ci_low=b - half,
        ci_high=b + half,
        tau2=tau2,
        i2=i2,
        q=fits.q,
        q_p=chi2_p(q=fits.q, df=fits.q_df),
        q_between=between,
        df_between=df_between,
        p_between=p_between,
        heterogeneity=heterogeneity,
        method=method,
        test=test,
        level=float(level),
        notes=(*effects.notes, *_notes(groups, fits.k, maxima, method, heterogeneity)),
    )


def _ordered(name: str, values: pd.Series) -> tuple[str, ...]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        used = set(values)
        groups = tuple(str(group) for group in values.dtype.categories if group in used)
    else:
        groups = tuple(str(group) for group in sorted(set(values)))
    if len(groups) < 2:
        raise InputError(f'{name} is "{groups[0]}" for every study; pool them together')
    return groups


def _between(b: FloatArray, se: FloatArray) -> tuple[float, tuple[int, ...], float]:
    weight = 1 / se**2
    mean = float((weight * b).sum() / weight.sum())
    q = float((weight * (b - mean) ** 2).sum())
    return q, (b.size - 1,), float(chi2_p(q=q, df=b.size - 1))


def _alone(effects: EffectSizes, members: npt.NDArray[np.bool_]) -> Fits:
    """Return each group with weights 1 / vi, for its Q."""
    design = np.ones((len(effects), 1))
    return fit_models(yi=effects.yi, vi=effects.vi, design=design, present=members, method="EE")


def _against_typical(
    effects: EffectSizes, members: npt.NDArray[np.bool_], tau2: FloatArray, fits: Fits, method: str
) -> FloatArray:
    """Return I2 of each group from a given tau2 and the typical variance of its studies."""
    if method == "EE":
        return fits.i2
    design = np.ones((len(effects), 1))
    given = fit_models(yi=effects.yi, vi=effects.vi, design=design, present=members, method="DL", tau2=tau2)
    return given.i2


def _notes(
    groups: tuple[str, ...],
    k: npt.NDArray[np.intp],
    maxima: npt.NDArray[np.intp],
    method: str,
    heterogeneity: str,
) -> Iterator[str]:
    how = "each group has its own tau2" if heterogeneity == "separate" else "all groups share one tau2"
    yield f"{how}; the test between groups is of the same model"
    single = [group for group, count in zip(groups, k, strict=True) if count == 1]
    if single:
        yield f"one study only: {listed(single)}"
    few = [group for group, count in zip(groups, k, strict=True) if 1 < count < FEW]
    if few and heterogeneity == "separate":
        yield f"fewer than {FEW} studies: {listed(few)}; tau2 of so few is badly known"
    yield from maxima_note(int(maxima.max()), method)
