"""`fit_multilevel`: effects with known sampling covariances and random effects on several levels or times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL
from spineevidence.errors import InputError
from spineevidence.formatting import count_of
from spineevidence.formulas.arguments import check_word, checked_level
from spineevidence.longitudinal.components import components_of, notes_of
from spineevidence.longitudinal.fitting import box, maxima, rival
from spineevidence.longitudinal.inputs import (
    Given,
    Named,
    RandomTerm,
    read_design,
    read_effects,
    read_intercept,
    read_term,
)
from spineevidence.longitudinal.marginal import IntArray, arrange, independent, solve, values_at
from spineevidence.longitudinal.multilevelfit import MultilevelFit, State, joint_test
from spineevidence.pooling.mixedmodel import chi2_p, half_width, p_value
from spineevidence.timing import FloatArray

METHODS = ("EE", "ML", "REML")
TESTS = ("z", "t")
FREEDOMS = ("contain", "residual")


def fit_multilevel(
    *,
    yi: npt.ArrayLike,
    v: npt.ArrayLike,
    design: npt.ArrayLike | pd.DataFrame | None = None,
    names: Sequence[str] | None = None,
    intercepts: Mapping[str, Given] | None = None,
    terms: Sequence[RandomTerm] = (),
    method: str = "REML",
    test: str = "z",
    freedom: str = "contain",
    level: float = LEVEL,
) -> MultilevelFit:
    """Return a model ``y = X b + Z u + e`` of effects whose errors have known covariances.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects.
    v : array_like, shape (k,) or (k, k)
        Sampling variances, or covariances, in squared units of `yi`.
    design : array_like or DataFrame, shape (k, p), optional
        Columns of the coefficients, the intercept among them; without it a column of ones.
    names : sequence of str, optional
        Names of the coefficients; those of the columns without it.
    intercepts : mapping of str to array_like or DataFrame, optional
        One effect per group, by name: nested or crossed groups, labels of shape (k,). The columns of a
        DataFrame count together, as school within district.
    terms : sequence of RandomTerm, optional
        One effect per inner level of each outer group.
    method : {"REML", "ML", "EE"}, optional
        "EE" takes no random effects.
    test : {"z", "t"}, optional
        Quantiles of the tests and intervals.
    freedom : {"contain", "residual"}, optional
        Degrees of freedom of "t": with "contain" those of a coefficient are the fewest groups of the random
        effects within whose every group its column is constant (else rows), less p; with "residual" k - p.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    MultilevelFit
        As ``metafor::rma.mv(yi, V, mods, random)``, at the highest of the maxima that many starts lead to
        (metafor has one start). Variances of 0 and correlations at a limit are reached exactly, and named in
        `notes`, as is another maximum that is nearly as high.

    Raises
    ------
    InputError
        If shapes do not fit, a number is missing, `v` is not symmetric or not positive definite, a column of
        the design adds nothing, there are no more effects than coefficients, a level occurs twice in a group,
        or a word is unknown.

    References
    ----------
    .. [1] Konstantopoulos S (2011), multilevel. https://doi.org/10.1002/jrsm.35
    .. [2] Berkey CS et al. (1998), multivariate.
       https://doi.org/10.1002/(SICI)1097-0258(19981130)17:22%3C2537::AID-SIM953%3E3.0.CO;2-C
    .. [3] Ishak KJ et al. (2007), longitudinal. https://doi.org/10.1177/1740774507083567
    .. [4] Trikalinos TA, Olkin I (2012), longitudinal. https://doi.org/10.1177/1740774512453218
    .. [5] Schluchter MD, Elashoff JT (1990), containment. https://doi.org/10.1080/00949659008811295

    Examples
    --------
    >>> fit_multilevel(yi=[1, 2, 4, 5], v=[1, 1, 1, 1], intercepts={"study": ["a", "a", "b", "b"]})
    <MultilevelFit: k 4, intercept 3.000 (0.060 to 5.940) (REML, z)>
    """
    for kind, word, known in (
        ("method", method, METHODS),
        ("test", test, TESTS),
        ("rule for degrees of freedom", freedom, FREEDOMS),
    ):
        check_word(kind, word, known)
    coverage = checked_level(level)
    y, known_v = read_effects(yi, v)
    x, words = read_design(design, names, k=y.size)
    named = [read_intercept(name, given, k=y.size) for name, given in (intercepts or {}).items()]
    named += [read_term(term, k=y.size) for term in terms]
    _check_terms(named, method)
    state = _fitted(x, y, known_v, tuple(named), restricted=method == "REML")
    df = np.full(x.shape[1], np.inf)
    if test == "t":
        df = _freedom(x, [one.term.outer for one in named] if freedom == "contain" else [])
    return _described(state, y, words, df=df, method=method, test=test, freedom=freedom, level=coverage)


def _check_terms(named: Sequence[Named], method: str) -> None:
    if method == "EE" and named:
        raise InputError(
            f'method "EE" has no random effects; found {named[0].name}; leave them out, or take "REML"'
        )
    words = [one.name for one in named]
    if len(set(words)) < len(words):
        raise InputError(
            f"random effects need different names; found {', '.join(words)}; give a name to each"
        )


def _fitted(
    x: FloatArray, y: FloatArray, v: FloatArray, named: tuple[Named, ...], *, restricted: bool
) -> State:
    size = np.sqrt((x**2).sum(axis=0))
    basis, triangle = np.linalg.qr(x / size)
    turn = np.linalg.inv(triangle) / size[:, None]
    terms = tuple(one.term for one in named)
    block = independent(v=v, groups=[term.outer for term in terms])
    centred = y - basis @ (basis.T @ y)
    model = arrange(x=basis, y=centred, v=v, terms=terms, restricted=restricted, block=block)
    if not terms:
        nothing = np.zeros(0)
        return State(model, named, nothing, nothing > 0, True, None, solve(model, []), turn, x)
    peaks = maxima(model)
    peak, gap = peaks[0], rival(peaks, box(model))
    solved = solve(model, values_at(model, peak.place))
    return State(model, named, peak.place, peak.at_bound, peak.converged, gap, solved, turn, x)


def _freedom(x: FloatArray, groups: Sequence[IntArray]) -> FloatArray:
    """Return the degrees of freedom of each coefficient by containment, shape (p,)."""
    k, p = x.shape
    units = np.full(p, k)
    for code in groups:
        first = np.zeros(code.max() + 1, dtype=np.intp)
        first[code] = np.arange(k)
        constant = (x == x[first[code]]).all(axis=0)
        units = np.where(constant, np.minimum(units, first.size), units)
    if units.min() <= p:
        few = f"{units.min()} groups for {count_of(p, 'coefficient')}"
        raise InputError(
            f'containment leaves no degree of freedom: {few}; take freedom="residual", or test="z"'
        )
    return np.asarray(units - p, dtype=np.float64)


def _described(
    state: State,
    y: FloatArray,
    words: tuple[str, ...],
    *,
    df: FloatArray,
    method: str,
    test: str,
    freedom: str,
    level: float,
) -> MultilevelFit:
    model, solved = state.model, state.solved
    k, p = model.x.shape
    b = state.turn @ (model.x.T @ y + solved.b)
    vcov = state.turn @ solved.vcov @ state.turn.T
    se = np.sqrt(np.diagonal(vcov))
    half = half_width(se=se, df=df, level=level)
    q = solve(model, [np.zeros((term.form.levels,) * 2) for term in model.terms]).rss
    slopes = np.flatnonzero(~(state.x == state.x[0]).all(axis=0))
    components = components_of(state.terms, model.split(state.parameters), model.split(state.at_bound))
    return MultilevelFit(
        names=words,
        b=b,
        se=se,
        statistic=b / se,
        df=df,
        p=p_value(statistic=b / se, df=df),
        ci_low=b - half,
        ci_high=b + half,
        vcov=vcov,
        k=k,
        components=components,
        **_criteria(solved.loglik, n_par=p + model.size, n=k - p if method == "REML" else k),
        n_par=p + model.size,
        q=q,
        q_df=k - p,
        q_p=float(chi2_p(q=q, df=k - p)),
        qm=joint_test(words, b, vcov, df, slopes if slopes.size else np.arange(p)),
        method=method,
        test=test,
        freedom=freedom,
        level=level,
        notes=tuple(notes_of(state.terms, components, converged=state.converged, rival=state.rival)),
        _state=state,
    )


def _criteria(loglik: float, *, n_par: int, n: int) -> dict[str, float]:
    enough = max(n, n_par + 2)
    return {
        "loglik": loglik,
        "deviance": -2 * loglik,
        "aic": -2 * loglik + 2 * n_par,
        "bic": -2 * loglik + n_par * math.log(n),
        "aicc": -2 * loglik + 2 * n_par * enough / (enough - n_par - 1),
    }
