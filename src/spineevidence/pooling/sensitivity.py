"""How much a pooled effect leans on single studies: leave-one-out, cumulative pooling, influence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, SHOWN_ROWS, BoolArray, EffectSizes, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import html_table, interval, number
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.mixedmodel import (
    Fits,
    checked_words,
    chi2_p,
    fit_models,
    half_width,
    p_value,
)
from spineevidence.pooling.moderators import COLLINEAR, INTERCEPT, Given, groups_of, read_moderators
from spineevidence.timing import FloatArray

COLUMNS = ("b", "se", "statistic", "p", "ci_low", "ci_high", "q", "q_p", "tau2", "i2", "h2")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Repooled:
    """A series of pooled effects, each of part of the studies.

    Attributes
    ----------
    kind : str
        "leave-one-out" or "cumulative".
    studies : tuple of str
        The study left out, or added last.
    k : ndarray of int
        Studies in each.
    b, se, statistic, p, ci_low, ci_high : ndarray
        Pooled effects, standard errors, statistics (z or t), p-values and limits.
    q, q_p : ndarray
        Heterogeneity, weights 1 / vi.
    tau2, i2, h2 : ndarray
        Of the method; `i2` in percent, from tau2 and the typical variance (for "EE" from `q`).
    method, test : str
        As asked for.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats.
    """

    kind: str
    studies: tuple[str, ...]
    k: npt.NDArray[np.intp]
    b: FloatArray
    se: FloatArray
    statistic: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    q: FloatArray
    q_p: FloatArray
    tau2: FloatArray
    i2: FloatArray
    h2: FloatArray
    method: str
    test: str
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<Repooled, {self.kind}: {len(self.studies)} estimates, "
            f"b {interval(self.b.min(), self.b.max(), 3)}, p {self.p.min():.3g} to {self.p.max():.3g} "
            f"({self.method}, {self.test})>"
        )

    def _repr_html_(self) -> str:
        first = "Without" if self.kind == "leave-one-out" else "Up to"
        rows: list[tuple[str, ...]] = [
            (
                study,
                str(k),
                f"{number(b, 3)} ({interval(low, high, 3)})",
                f"{p:.3g}",
                number(tau2, 3),
            )
            for study, k, b, low, high, p, tau2 in zip(
                self.studies, self.k, self.b, self.ci_low, self.ci_high, self.p, self.tau2, strict=True
            )
        ]
        head = (first, "k", f"Effect ({100 * self.level:g} % CI)", "p", "tau2")
        return _table(f"Pooled effects, {self.kind}", head, rows, self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the series, unrounded.

        Returns
        -------
        DataFrame
            A row per estimate, the study left out or added last as index: ``k``, ``b``, ``se``,
            ``statistic``, ``p``, ``ci_low``, ``ci_high``, ``q``, ``q_p``, ``tau2``, ``i2`` (percent) and
            ``h2``.
        """
        columns = {"k": self.k} | {name: getattr(self, name) for name in COLUMNS}
        return pd.DataFrame(columns, index=pd.Index(self.studies, name="study"))


def leave_one_out(
    effects: EffectSizes, *, method: str = "REML", test: str = "adhoc", level: float = LEVEL
) -> Repooled:
    """Return the pooled effect without each study in turn.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study, two or more.
    method, test, level : optional
        As in `meta_regression`.

    Returns
    -------
    Repooled
        In the order of the studies; as ``metafor::leave1out``.

    Raises
    ------
    InputError
        If there are fewer than two studies, or effects cannot be pooled.

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L (2010). https://doi.org/10.1002/jrsm.11

    Examples
    --------
    >>> three = EffectSizes(yi=[0.1, 0.2, 0.9], vi=[0.02, 0.03, 0.02])
    >>> leave_one_out(three).b.round(2).tolist()
    [0.56, 0.5, 0.14]
    """
    checked_words(method=method, test=test, level=level)
    check_poolable(effects, least=2, what="leaving one out")
    present = ~np.eye(len(effects), dtype=bool)
    return _repooled(
        effects, "leave-one-out", np.arange(len(effects)), present, method=method, test=test, level=level
    )


def cumulative(
    effects: EffectSizes,
    *,
    by: str | npt.ArrayLike | None = None,
    data: pd.DataFrame | None = None,
    method: str = "REML",
    test: str = "adhoc",
    level: float = LEVEL,
) -> Repooled:
    """Return the pooled effect of the first study, of the first two, and so on.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study.
    by : str or array_like, shape (k,), optional
        What to order by, lowest first, such as the year: the name of a column, or a number per study; ties
        stay in the order of the rows, which is also the order without it.
    data : DataFrame, optional
        Where the column is, a row per effect in the same order; ``effects.to_frame()`` without it.
    method, test, level : optional
        As in `meta_regression`.

    Returns
    -------
    Repooled
        As ``metafor::cumul``. The first estimate is the first study itself, with the normal quantile.

    Raises
    ------
    InputError
        If effects cannot be pooled, or `by` does not give a number for each.

    References
    ----------
    .. [1] Lau J et al. (1992). https://doi.org/10.1056/NEJM199207233270406

    Examples
    --------
    >>> three = EffectSizes(yi=[0.9, 0.1, 0.2], vi=[0.02, 0.02, 0.03])
    >>> late = cumulative(three, by=[2011, 1998, 2004])
    >>> late.studies, late.b.round(2).tolist()
    (('2', '3', '1'), [0.1, 0.14, 0.4])
    """
    checked_words(method=method, test=test, level=level)
    check_poolable(effects, least=1, what="cumulative pooling")
    order = np.arange(len(effects))
    notes: tuple[str, ...] = ()
    if by is not None:
        name, values = groups_of(effects, by, data=data)
        if not pd.api.types.is_numeric_dtype(values.dtype):
            raise InputError(f"{name} must hold numbers to order by; give years or ranks")
        numbers = values.to_numpy(dtype=np.float64)
        order = np.argsort(numbers, kind="stable")
        if np.unique(numbers).size < numbers.size:
            notes = (f"studies with the same {name} are added in the order of the rows",)
    present = np.zeros((order.size, order.size), dtype=bool)
    present[:, order] = np.tri(order.size, dtype=bool)
    return _repooled(
        effects, "cumulative", order, present, method=method, test=test, level=level, notes=notes
    )


def _repooled(
    effects: EffectSizes,
    kind: str,
    order: npt.NDArray[np.intp],
    present: BoolArray,
    *,
    method: str,
    test: str,
    level: float,
    notes: tuple[str, ...] = (),
) -> Repooled:
    design = np.ones((len(effects), 1))
    fits = fit_models(yi=effects.yi, vi=effects.vi, design=design, present=present, method=method, test=test)
    b, se = fits.beta[:, 0], fits.se[:, 0]
    half = half_width(se=se, df=fits.df, level=level)
    labels = study_labels(effects)
    return Repooled(
        kind=kind,
        studies=tuple(labels[place] for place in order),
        k=fits.k,
        b=b,
        se=se,
        statistic=b / se,
        p=p_value(statistic=b / se, df=fits.df),
        ci_low=b - half,
        ci_high=b + half,
        q=fits.q,
        q_p=chi2_p(q=fits.q, df=fits.q_df),
        tau2=fits.tau2,
        i2=fits.i2,
        h2=fits.h2,
        method=method,
        test=test,
        level=float(level),
        notes=(*effects.notes, *notes, *_repooled_notes(fits, test, method)),
    )


def _repooled_notes(fits: Fits, test: str, method: str) -> Iterator[str]:
    if test != "z" and (fits.k == 1).any():
        yield "an estimate of one study has the normal quantile, whatever the test"
    several = int((fits.maxima > 1).sum())
    if several:
        yield f"{several} times the {method} likelihood of tau2 has several maxima; the highest was taken"


def study_labels(effects: EffectSizes) -> tuple[str, ...]:
    """Return what to call each study: its identifier, or its number counted from 1.

    >>> study_labels(EffectSizes(yi=[0.1, 0.2], vi=[0.02, 0.03]))
    ('1', '2')
    """
    if effects.lineage:
        return tuple(effect.study_id for effect in effects.lineage)
    return tuple(str(place + 1) for place in range(len(effects)))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Influence:
    """What each study does to a model.

    Attributes
    ----------
    studies : tuple of str
        The studies.
    rstudent : ndarray, shape (k,)
        Deviation from the model without the study, in its standard errors.
    dffits : ndarray, shape (k,)
        Move of the study's fitted value when it is left out, in standard errors.
    cook_d : ndarray, shape (k,)
        Cook's distance: move of all coefficients together.
    cov_r : ndarray, shape (k,)
        Determinant of the covariances without the study over that with it; below 1 the study costs precision.
    tau2_del, q_del : ndarray, shape (k,)
        tau2 and Q without the study.
    hat, weight : ndarray, shape (k,)
        Leverage, and weight in percent.
    dfbetas : ndarray, shape (k, p)
        Move of each coefficient, in standard errors.
    influential : ndarray of bool, shape (k,)
        Whether any of these is beyond its rule of thumb: abs(dffits) > 3 sqrt(p / (k - p)), Cook's distance
        beyond the median of chi-squared with p degrees of freedom, hat > 3 p / k, abs(dfbetas) > 1.
    names : tuple of str
        The coefficients.
    method : str
        As asked for.
    notes : tuple of str
        Caveats.
    """

    studies: tuple[str, ...]
    rstudent: FloatArray
    dffits: FloatArray
    cook_d: FloatArray
    cov_r: FloatArray
    tau2_del: FloatArray
    q_del: FloatArray
    hat: FloatArray
    weight: FloatArray
    dfbetas: FloatArray
    influential: BoolArray
    names: tuple[str, ...]
    method: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        marked = [study for study, yes in zip(self.studies, self.influential, strict=True) if yes]
        found = ", ".join(marked) if marked else "none"
        return f"<Influence: k {len(self.studies)}, influential: {found} ({self.method})>"

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        names = ("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "hat")
        rows = [
            (
                f"{study}{' (influential)' if yes else ''}",
                *(number(value, 3) for value in frame.loc[frame.index[place], list(names)]),
            )
            for place, (study, yes) in enumerate(zip(self.studies, self.influential, strict=True))
        ]
        head = ("Study", "Deviation", "DFFITS", "Cook", "Covariance ratio", "tau2 without", "Leverage")
        return _table("What each study does to the model", head, rows, self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the measures, unrounded.

        Returns
        -------
        DataFrame
            A row per study: ``rstudent``, ``dffits``, ``cook_d``, ``cov_r``, ``tau2_del``, ``q_del``,
            ``hat``, ``weight`` (percent), ``dfbetas_<coefficient>`` and ``influential``.
        """
        names = ("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "q_del", "hat", "weight")
        columns = {name: getattr(self, name) for name in names}
        columns |= {f"dfbetas_{name}": self.dfbetas[:, place] for place, name in enumerate(self.names)}
        columns["influential"] = self.influential
        return pd.DataFrame(columns, index=pd.Index(self.studies, name="study"))


def influence(
    effects: EffectSizes,
    *,
    moderators: Given | None = None,
    data: pd.DataFrame | None = None,
    method: str = "REML",
) -> Influence:
    """Return what each study does to a pooled effect or a meta-regression.

    All measures use unscaled variances (those of ``test="z"``), and tau2 is estimated anew without the study.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study.
    moderators, data : optional
        As in `meta_regression`; without moderators, of the pooled effect.
    method : str, optional
        Estimator of tau2.

    Returns
    -------
    Influence
        As ``metafor::influence``. DFFITS and DFBETAS take the standard error with tau2 of the model without
        the study, and weights of all studies.

    Raises
    ------
    InputError
        If there are not at least two studies more than coefficients, or effects cannot be pooled.

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L (2010). Outlier and influence diagnostics for meta-analysis.
       https://doi.org/10.1002/jrsm.11

    Examples
    --------
    >>> influence(EffectSizes(yi=[0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 1.9], vi=[0.02] * 7))
    <Influence: k 7, influential: 7 (REML)>
    """
    checked_words(method=method, test="z", level=LEVEL)
    check_poolable(effects, least=3, what="influence of single studies")
    names: tuple[str, ...] = (INTERCEPT,)
    design = np.ones((len(effects), 1))
    if moderators is not None:
        found, design = read_moderators(effects, moderators, data=data)
        names = (INTERCEPT, *(column for one in found for column in one.columns))
    k, p = design.shape
    if k < p + 2:
        raise InputError(f"{p} coefficients without a study need {p + 2} studies; found {k}")
    yi, vi = effects.yi, effects.vi
    full = fit_models(yi=yi, vi=vi, design=design, method=method)
    present = ~np.eye(k, dtype=bool)
    possible = np.array([_full_rank(design[there]) for there in present])
    part = fit_models(yi=yi, vi=vi, design=design, present=present[possible], method=method)
    again = fit_models(yi=yi, vi=vi, design=design, method=method, tau2=part.tau2)
    rows = design[possible]
    hat = full.hat[0]
    moved = full.beta[0] - part.beta
    fitted_se2 = np.einsum("ij,ijk,ik->i", rows, part.vcov, rows)
    around = vi[possible] + part.tau2
    measures = {
        "rstudent": (yi[possible] - np.einsum("ij,ij->i", rows, part.beta)) / np.sqrt(around + fitted_se2),
        "dffits": np.einsum("ij,ij->i", rows, moved) / np.sqrt(hat[possible] * around),
        "cook_d": _quadratic(moved, full.vcov[0]),
        "cov_r": np.exp(_log_det(part.vcov) - _log_det(full.vcov)),
        "tau2_del": part.tau2,
        "q_del": part.q,
    }
    spread = {name: _placed(values, possible) for name, values in measures.items()}
    dfbetas = np.full((k, p), np.nan)
    dfbetas[possible] = moved / again.se
    with np.errstate(invalid="ignore"):
        influential = (
            (np.abs(spread["dffits"]) > 3 * np.sqrt(p / (k - p)))
            | (chi2_p(q=np.nan_to_num(spread["cook_d"]), df=p) < 0.5)
            | (hat > 3 * p / k)
            | (np.abs(dfbetas) > 1).any(axis=1)
        )
    weight = full.weight[0]
    notes = list(effects.notes)
    if not possible.all():
        missing = [label for label, ok in zip(study_labels(effects), possible, strict=True) if not ok]
        notes.append(f"a coefficient rests on one study alone, so nothing is left without it: {missing[0]}")
    return Influence(
        studies=study_labels(effects),
        **spread,
        hat=hat,
        weight=100 * weight / weight.sum(),
        dfbetas=dfbetas,
        influential=influential,
        names=names,
        method=method,
        notes=tuple(notes),
    )


def _full_rank(design: FloatArray) -> bool:
    scaled = design / np.maximum(np.linalg.norm(design, axis=0), np.finfo(np.float64).tiny)
    return bool(np.linalg.matrix_rank(scaled, tol=COLLINEAR) == design.shape[1])


def _quadratic(moved: FloatArray, vcov: FloatArray) -> FloatArray:
    """Return m' inv(V) m for each row, after scaling V to correlations."""
    size = np.sqrt(np.diag(vcov))
    scaled = moved / size
    solved = np.linalg.solve(vcov / np.outer(size, size), scaled.T).T
    return np.asarray(np.einsum("ij,ij->i", scaled, solved))


def _log_det(vcov: FloatArray) -> FloatArray:
    _, value = np.linalg.slogdet(vcov)
    return np.asarray(value)


def _placed(values: FloatArray, possible: BoolArray) -> FloatArray:
    placed = np.full(possible.size, np.nan)
    placed[possible] = values
    return placed


def _table(
    caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], notes: tuple[str, ...]
) -> str:
    if len(rows) > SHOWN_ROWS:
        caption += f" (the first {SHOWN_ROWS} of {len(rows)} shown)"
    return notes_below(html_table(caption, head, rows[:SHOWN_ROWS]), notes)
