"""Meta-regression: what the effects of studies depend on, with what is left unexplained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import html_table, interval, number, trimmed
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.mixedmodel import (
    TESTS,
    Fits,
    checked_words,
    chi2_p,
    fit_models,
    half_width,
    p_value,
)
from spineevidence.pooling.moderators import INTERCEPT, Given, Moderator, read_moderators
from spineevidence.timing import FloatArray

STUDIES_PER_COEFFICIENT = 10  # Cochrane Handbook, 10.11.5.1
PERMUTATIONS = 1000
TIE = 1e-9  # relative: permuted statistics this close count as equal


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MetaRegression:
    """A mixed-effects meta-regression.

    Attributes
    ----------
    names : tuple of str
        The coefficients: ``intercept``, then the moderators; ``column=word`` is that word against the
        reference.
    b, se, statistic, p, ci_low, ci_high : ndarray, shape (p,)
        Coefficients, standard errors, statistics (z or t), two-sided p-values and limits.
    vcov : ndarray, shape (p, p)
        Covariances of the coefficients.
    df : float
        Degrees of freedom of the tests, k - p; infinity for ``test="z"``.
    k : int
        Studies.
    tau2, se_tau2 : float, float or None
        Variance between studies that the moderators leave, and its standard error (None for "EE").
    q, q_df, q_p : float
        Residual heterogeneity.
    i2, h2 : float
        Residual, in percent and as a ratio, from tau2 and the typical variance; for "EE" from `q`.
    r2 : float or None
        Percent of tau2 that the moderators explain, not below 0; None where there was none to explain.
    qm, qm_df, qm_p : float, tuple and float
        Test of all coefficients but the intercept: chi-squared with (m,) degrees of freedom for "z", else F
        with (m, k - p).
    loglik, aic, bic, aicc : float or None
        Restricted for "REML"; None for methods without a likelihood. Count tau2, and k - p observations for
        "REML".
    moderators : tuple of Moderator
        With the words of factors, the reference first.
    effects : EffectSizes
        What was fitted.
    design : ndarray, shape (k, p)
        The columns of the coefficients.
    method, test : str
        As asked for.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats.
    """

    names: tuple[str, ...]
    b: FloatArray
    se: FloatArray
    statistic: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    vcov: FloatArray
    df: float
    k: int
    tau2: float
    se_tau2: float | None
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    r2: float | None
    qm: float
    qm_df: tuple[int, ...]
    qm_p: float
    loglik: float | None
    aic: float | None
    bic: float | None
    aicc: float | None
    moderators: tuple[Moderator, ...]
    effects: EffectSizes = field(repr=False)
    design: FloatArray = field(repr=False)
    method: str
    test: str
    level: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        slopes = ", ".join(
            f"{name} {number(b, 3)} ({interval(low, high, 3)})"
            for name, b, low, high in zip(
                self.names[1:], self.b[1:], self.ci_low[1:], self.ci_high[1:], strict=True
            )
        )
        return (
            f"<MetaRegression: k {self.k}, {slopes}, p {self.qm_p:.3g}, tau2 {number(self.tau2, 3)}, "
            f"R2 {_percent(self.r2)} ({self.method}, {self.test})>"
        )

    def _repr_html_(self) -> str:
        per_cent = trimmed(100 * self.level)
        caption = (
            f"Meta-regression of {self.k} studies, {self.method}, {TESTS[self.test]}: "
            f"tau2 {number(self.tau2, 3)}, R2 {_percent(self.r2)}, all moderators p {self.qm_p:.3g}"
        )
        rows = [
            (name, number(b, 3), number(se, 3), interval(low, high, 3), f"{p:.3g}")
            for name, b, se, low, high, p in zip(
                self.names, self.b, self.se, self.ci_low, self.ci_high, self.p, strict=True
            )
        ]
        head = ("Coefficient", "b", "SE", f"{per_cent} % CI", "p")
        return notes_below(html_table(caption, head, rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the coefficients, unrounded.

        Returns
        -------
        DataFrame
            A row per coefficient, its name as index: ``b``, ``se``, ``statistic``, ``df``, ``p``,
            ``ci_low`` and ``ci_high``.
        """
        columns = {
            "b": self.b,
            "se": self.se,
            "statistic": self.statistic,
            "df": self.df,
            "p": self.p,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
        }
        return pd.DataFrame(columns, index=pd.Index(self.names, name="coefficient"))

    def predict(self, at: Mapping[str, npt.ArrayLike] | pd.DataFrame | None = None) -> pd.DataFrame:
        """Return expected effects, with intervals for their mean and for the effect of a new study.

        Parameters
        ----------
        at : mapping or DataFrame, optional
            A value of every moderator, or a column of them; the studies themselves without it.

        Returns
        -------
        DataFrame
            A row per value: the moderators, ``pred``, ``se``, ``ci_low``, ``ci_high``, ``pi_low`` and
            ``pi_high``. Both intervals use the quantile of the test (normal, or t with k - p degrees of
            freedom; programs that follow Riley take one fewer). For "EE" both are the same.

        Raises
        ------
        InputError
            If a moderator is missing or the columns differ in length.

        Examples
        --------
        >>> four = EffectSizes(yi=[0.1, 0.4, 0.4, 0.9], vi=[0.02, 0.03, 0.02, 0.03])
        >>> fit = meta_regression(four, moderators={"dose": [1, 2, 3, 4]})
        >>> fit.predict({"dose": [2, 5]})["pred"].round(3).tolist()
        [0.318, 1.01]
        """
        items = () if at is None else at.items()
        given = {str(name): np.atleast_1d(np.asarray(values)) for name, values in items}
        design = self.design if at is None else self._design_at(given)
        pred = design @ self.b
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, self.vcov, design), 0.0))
        columns: dict[str, object] = {one.name: given[one.name] for one in self.moderators if at is not None}
        columns |= {"pred": pred, "se": se}
        for name, spread in (("ci", se), ("pi", np.sqrt(se**2 + self.tau2))):
            half = half_width(se=spread, df=self.df, level=self.level)
            columns |= {f"{name}_low": pred - half, f"{name}_high": pred + half}
        return pd.DataFrame(columns)

    def _design_at(self, given: dict[str, npt.NDArray[np.generic]]) -> FloatArray:
        missing = [one.name for one in self.moderators if one.name not in given]
        if missing:
            raise InputError(f"a prediction needs every moderator; {missing[0]} is missing; give its values")
        length = max(values.size for values in given.values())
        blocks = [np.ones((length, 1))]
        for one in self.moderators:
            values = given[one.name]
            if values.size not in {1, length}:
                raise InputError(
                    f"{one.name} has {values.size} values, another moderator {length}; give as many of each"
                )
            given[one.name] = np.broadcast_to(values, (length,))
            blocks.append(one.coded(given[one.name]))
        return np.hstack(blocks)

    def permutation_test(
        self, rng: np.random.Generator, *, permutations: int = PERMUTATIONS
    ) -> PermutationTest:
        """Return p-values from moving the moderators about between the studies.

        Valid with few studies, where the assumptions behind z and t are hard to trust. If there are no more
        than `permutations` distinct arrangements, all are taken (exact); else so many are drawn, and the
        observed one is counted with them, so that p is never 0.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the draws; give a seeded one to get the same numbers again.
        permutations : int, optional
            Arrangements to draw.

        Returns
        -------
        PermutationTest
            Two-sided p-values: the share of arrangements with a statistic at least as far from 0. (R's
            metafor doubles the smaller tail instead.)

        References
        ----------
        .. [1] Higgins JPT, Thompson SG (2004). https://doi.org/10.1002/sim.1752
        .. [2] Phipson B, Smyth GK (2010). https://doi.org/10.2202/1544-6115.1585

        Examples
        --------
        >>> four = EffectSizes(yi=[0.1, 0.4, 0.4, 0.9], vi=[0.02, 0.03, 0.02, 0.03])
        >>> fit = meta_regression(four, moderators={"dose": [1, 2, 3, 4]})
        >>> fit.permutation_test(np.random.default_rng(1))
        <PermutationTest: dose p 0.167, all 24 arrangements>
        """
        if permutations < 1:
            raise InputError(f"permutations must be 1 or more; found {permutations}; 1000 is usual")
        _, codes = np.unique(self.design, axis=0, return_inverse=True)
        codes = np.asarray(codes).reshape(-1)
        exact = _arrangements(codes) <= permutations
        if exact:
            orders = np.array(list(_distinct(codes)))
        else:
            orders = rng.permuted(np.tile(np.arange(self.k), (permutations, 1)), axis=1)
        fits = fit_models(
            yi=self.effects.yi,
            vi=self.effects.vi,
            design=self.design[orders],
            method=self.method,
            test=self.test,
        )
        moved = np.abs(fits.beta / fits.se)
        seen = np.abs(self.statistic)
        hits = (moved >= seen * (1 - TIE)).sum(axis=0)
        hits_all = int((_wald(fits)[0] >= self.qm * (1 - TIE)).sum())
        more = 0 if exact else 1
        total = orders.shape[0] + more
        return PermutationTest(
            names=self.names[1:],
            p=(hits[1:] + more) / total,
            qm_p=(hits_all + more) / total,
            permutations=orders.shape[0],
            exact=exact,
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PermutationTest:
    """P-values of a meta-regression by permutation.

    Attributes
    ----------
    names : tuple of str
        The coefficients but the intercept.
    p : ndarray
        Two-sided p-value of each.
    qm_p : float
        P-value of all together.
    permutations : int
        Arrangements looked at.
    exact : bool
        Whether these were all there are.
    notes : tuple of str
        Caveats.
    """

    names: tuple[str, ...]
    p: FloatArray
    qm_p: float
    permutations: int
    exact: bool
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        found = ", ".join(f"{name} p {p:.3g}" for name, p in zip(self.names, self.p, strict=True))
        return f"<PermutationTest: {found}, {self._how()}>"

    def _how(self) -> str:
        if self.exact:
            return f"all {self.permutations} arrangements"
        return f"{self.permutations} random arrangements"

    def _repr_html_(self) -> str:
        rows = [(name, f"{p:.3g}") for name, p in zip(self.names, self.p, strict=True)]
        rows.append(("all moderators", f"{self.qm_p:.3g}"))
        caption = f"Permutation test, {self._how()}"
        return notes_below(html_table(caption, ("Coefficient", "p"), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return ``p`` per coefficient, its name as index; the last row is all together."""
        index = pd.Index([*self.names, "all moderators"], name="coefficient")
        return pd.DataFrame({"p": [*self.p, self.qm_p]}, index=index)


def meta_regression(
    effects: EffectSizes,
    *,
    moderators: Given,
    data: pd.DataFrame | None = None,
    reference: Mapping[str, str] | None = None,
    method: str = "REML",
    test: str = "adhoc",
    level: float = LEVEL,
) -> MetaRegression:
    """Return how the effects of studies depend on moderators, in a mixed-effects model.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study.
    moderators : str, sequence of str, mapping, DataFrame or array
        Names of columns of `data`, or the columns themselves by name. Text is coded as treatment contrasts.
    data : DataFrame, optional
        A row per effect in the same order; ``effects.to_frame()`` without it.
    reference : mapping of str to str, optional
        The word that the others of a text column are compared with; else the first in alphabetical order.
    method : {"REML", "ML", "DL", "HE", "HS", "SJ", "EB", "PM", "EE"}, optional
        Estimator of tau2; "REML" and "ML" take the highest maximum. "EE" assumes that the moderators explain
        all heterogeneity.
    test : {"adhoc", "knha", "t", "z"}, optional
        "knha" is Knapp and Hartung's; "adhoc" keeps its factor at 1 or above.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    MetaRegression
        As ``metafor::rma(yi, vi, mods = ~ ...)``. Differs between programs: `i2` is from tau2 and the
        typical variance (elsewhere from Q), `r2` compares with tau2 of the same method without moderators.

    Raises
    ------
    InputError
        If effects have no variance, a moderator is blank, constant or adds nothing, or there are not more
        studies than coefficients.
    UnknownNameError
        If a column is not there.

    References
    ----------
    .. [1] Berkey CS et al. (1995). https://doi.org/10.1002/sim.4780140406
    .. [2] Knapp G, Hartung J (2003). https://doi.org/10.1002/sim.1482
    .. [3] Thompson SG, Higgins JPT (2002). https://doi.org/10.1002/sim.1187
    .. [4] Cochrane Handbook, 10.11. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> five = EffectSizes(yi=[0.1, 0.4, 0.4, 0.9, 1.1], vi=[0.02, 0.03, 0.02, 0.03, 0.04])
    >>> meta_regression(five, moderators={"dose": [1, 2, 3, 4, 5]})
    <MetaRegression: k 5, dose 0.245 (0.076 to 0.414), p 0.0192, tau2 0.000, R2 100 % (REML, adhoc)>
    """
    checked_words(method=method, test=test, level=level)
    check_poolable(effects, least=3, what="a meta-regression")
    found, design = read_moderators(effects, moderators, data=data, reference=reference)
    k, p = design.shape
    if k <= p:
        raise InputError(f"{p} coefficients need more than {p} studies; found {k}; use fewer moderators")
    fits = fit_models(yi=effects.yi, vi=effects.vi, design=design, method=method, test=test)
    null = fit_models(yi=effects.yi, vi=effects.vi, design=np.ones((k, 1)), method=method)
    b, se, df, tau2 = fits.beta[0], fits.se[0], float(fits.df[0]), float(fits.tau2[0])
    half = half_width(se=se, df=df, level=level)
    qm, qm_p = (part[0] for part in _wald(fits))
    before = float(null.tau2[0])
    return MetaRegression(
        names=(INTERCEPT, *(column for one in found for column in one.columns)),
        b=b,
        se=se,
        statistic=b / se,
        p=p_value(statistic=b / se, df=df),
        ci_low=b - half,
        ci_high=b + half,
        vcov=fits.vcov[0],
        df=df,
        k=k,
        tau2=tau2,
        se_tau2=_or_none(float(fits.se_tau2[0])),
        q=float(fits.q[0]),
        q_df=k - p,
        q_p=float(chi2_p(q=fits.q[0], df=k - p)),
        i2=float(fits.i2[0]),
        h2=float(fits.h2[0]),
        r2=100 * max(0.0, 1 - tau2 / before) if before > 0 else None,
        qm=float(qm),
        qm_df=(p - 1,) if math.isinf(df) else (p - 1, k - p),
        qm_p=float(qm_p),
        **_criteria(_or_none(float(fits.loglik[0])), k=k, p=p, method=method),
        moderators=found,
        effects=effects,
        design=design,
        method=method,
        test=test,
        level=float(level),
        notes=(*effects.notes, *_notes(found, fits, k=k, p=p, method=method, test=test)),
    )


def _wald(fits: Fits) -> tuple[FloatArray, FloatArray]:
    """Return the test of all coefficients but the first: chi-squared or F, and its p-value."""
    from scipy.special import fdtrc

    slopes = fits.beta[:, 1:]
    m = slopes.shape[1]
    size = np.sqrt(np.einsum("gii->gi", fits.vcov[:, 1:, 1:]))
    shape = fits.vcov[:, 1:, 1:] / (size[:, :, None] * size[:, None, :])
    scaled = slopes / size
    qm = np.einsum("gi,gi->g", scaled, np.linalg.solve(shape, scaled[..., None])[..., 0])
    normal = np.isinf(fits.df)
    finite = np.where(normal, 1.0, fits.df)
    statistic = np.where(normal, qm, qm / m)
    p = np.where(normal, chi2_p(q=qm, df=m), fdtrc(m, finite, qm / m))
    return statistic, p


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _criteria(loglik: float | None, *, k: int, p: int, method: str) -> dict[str, float | None]:
    if loglik is None:
        return dict.fromkeys(("loglik", "aic", "bic", "aicc"))
    free = p + (method != "EE")
    n = k - p if method == "REML" else k
    enough = max(n, free + 2)
    return {
        "loglik": loglik,
        "aic": -2 * loglik + 2 * free,
        "bic": -2 * loglik + free * math.log(n),
        "aicc": -2 * loglik + 2 * free * enough / (enough - free - 1),
    }


def _notes(
    found: Sequence[Moderator], fits: Fits, *, k: int, p: int, method: str, test: str
) -> Iterator[str]:
    for one in found:
        if one.levels:
            yield f'{one.name}: compared with "{one.levels[0]}"'
    if k < STUDIES_PER_COEFFICIENT * (p - 1):
        yield (
            f"{k} studies for {p - 1} coefficient{'s' if p > 2 else ''}: fewer than "
            f"{STUDIES_PER_COEFFICIENT} for each, so that a slope may be chance"
        )
    yield from maxima_note(int(fits.maxima[0]), method)
    if method != "EE" and fits.tau2[0] == 0:
        yield "tau2 is 0: no heterogeneity beyond the moderators was found, which is not proof of none"
    if method == "EE" and test in {"knha", "adhoc"}:
        yield "Hartung-Knapp is meant for models with heterogeneity between studies, not for EE"


def maxima_note(maxima: int, method: str) -> Iterator[str]:
    """Yield a note where the likelihood has several maxima.

    >>> list(maxima_note(2, "REML"))
    ['the REML likelihood of tau2 has 2 maxima; the highest was taken']
    """
    if maxima > 1:
        yield f"the {method} likelihood of tau2 has {maxima} maxima; the highest was taken"


def _percent(value: float | None) -> str:
    return "not defined" if value is None else f"{number(value, 0)} %"


def _arrangements(codes: npt.NDArray[np.intp]) -> int:
    """Return in how many ways studies can be given these rows of the design."""
    ways = math.factorial(codes.size)
    for count in np.bincount(codes):
        ways //= math.factorial(int(count))
    return ways


def _distinct(codes: npt.NDArray[np.intp]) -> Iterator[list[int]]:
    """Yield each distinct arrangement once, as positions of rows that stand for their code."""
    row = {int(code): place for place, code in enumerate(codes)}
    current = sorted(int(code) for code in codes)
    while True:
        yield [row[code] for code in current]
        pivot = len(current) - 2
        while pivot >= 0 and current[pivot] >= current[pivot + 1]:
            pivot -= 1
        if pivot < 0:
            return
        swap = len(current) - 1
        while current[swap] <= current[pivot]:
            swap -= 1
        current[pivot], current[swap] = current[swap], current[pivot]
        current[pivot + 1 :] = reversed(current[pivot + 1 :])
