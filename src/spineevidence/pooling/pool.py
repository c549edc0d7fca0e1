"""Several studies as one estimate with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, interval, listed, number, trimmed
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.batches import Batch, arrange
from spineevidence.pooling.fits import PREDICTABLE, Fits, Test, fits, two_sided_p
from spineevidence.pooling.heterogeneity import (
    Method,
    profile_limits,
    qprofile_limits,
    share_of_heterogeneity,
    typical_variance,
)
from spineevidence.pooling.likelihood import log_likelihood, maxima
from spineevidence.timing import FloatArray, unknown_word

Freedom = Literal["k-1", "k-2", "z"]
FREEDOMS: tuple[Freedom, ...] = get_args(Freedom)

ROUGH = 5  # studies: below, it is known to be too narrow
LIKELIHOODS = ("EE", "ML", "REML")


@dataclass(frozen=True, slots=True, repr=False)
class Tau2Interval:
    """An interval of the variance between studies, and of what follows from it.

    Attributes
    ----------
    tau2_low, tau2_high : float
        Limits of tau2; both 0 if empty.
    i2_low, i2_high, h2_low, h2_high : float
        I2 (percent) and H2 at these limits, by the typical variance.
    empty : bool
        Whether no tau2 is compatible with studies as alike as these (Q-profile only).
    method : {"qprofile", "profile"}
        How it was made.
    level : float
        Coverage.
    notes : tuple of str
        Caveats.
    """

    tau2_low: float
    tau2_high: float
    i2_low: float
    i2_high: float
    h2_low: float
    h2_high: float
    empty: bool
    method: str
    level: float
    notes: tuple[str, ...] = ()

    @property
    def tau_low(self) -> float:
        """The square root of the lower limit."""
        return math.sqrt(self.tau2_low)

    @property
    def tau_high(self) -> float:
        """The square root of the upper limit."""
        return math.sqrt(self.tau2_high)

    def _rows(self) -> tuple[tuple[str, float, float], ...]:
        return (
            ("tau2", self.tau2_low, self.tau2_high),
            ("tau", self.tau_low, self.tau_high),
            ("I2 (%)", self.i2_low, self.i2_high),
            ("H2", self.h2_low, self.h2_high),
        )

    def __repr__(self) -> str:
        percent = trimmed(100 * self.level)
        limits = "empty" if self.empty else f"{self.tau2_low:.3g} to {self.tau2_high:.3g}"
        return f"<Tau2Interval: tau2 {limits} ({percent} %, {self.method})>"

    def _repr_html_(self) -> str:
        rows = [(name, f"{low:.3g}", f"{high:.3g}") for name, low, high in self._rows()]
        caption = f"Heterogeneity, {trimmed(100 * self.level)} % interval ({self.method})"
        return notes_below(html_table(caption, ("Quantity", "Low", "High"), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the limits, unrounded: a row for each of tau2, tau, i2 (percent) and h2."""
        rows = self._rows()
        index = pd.Index(["tau2", "tau", "i2", "h2"], name="quantity")
        return pd.DataFrame({"ci_low": [row[1] for row in rows], "ci_high": [row[2] for row in rows]}, index)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pooled:
    """One estimate from several studies.

    None stands for a number that does not exist, such as a prediction interval of two studies.

    Attributes
    ----------
    k : int
        Studies.
    b, se : float
        Estimate and its standard error (by Hartung and Knapp for "knha" and "adhoc").
    statistic, df, p : float
        Test against 0; df is infinite for the normal distribution.
    ci_low, ci_high : float
        Interval of the mean effect.
    pi_low, pi_high : float or None
        Where the true effect of a new study may lie, with t(k-1); from three studies on, not for "EE".
    tau2 : float
        Variance between studies, and
    se_tau2 : float or None
        its standard error.
    i2, h2 : float
        Share of heterogeneity (percent) and H2 from tau2 and the typical variance, as metafor;
        for "EE" from Q.
    i2_q, h2_q : float
        The same from Q, as most other programs.
    q, q_df, q_p : float
        Cochran's test of homogeneity.
    weights : ndarray, shape (k,)
        Percent.
    loglik, aic, bic, aicc : float or None
        Of "EE", "ML" and "REML"; that of REML is of contrasts, and counts ``k - 1`` observations.
    maxima : int
        Local maxima of the likelihood; `tau2` is the highest.
    method, test, level : str, str, float
        As asked for.
    measure, estimand : str
        Of the effects.
    studies : tuple of str
        Names, or numbers from 1.
    yi, vi : ndarray, shape (k,)
        The effects that were pooled.
    effects : EffectSizes, shape (k,)
        The same as they were given, with their lineage.
    notes : tuple of str
        Caveats, the pooling first, then those of the effects.
    """

    k: int
    b: float
    se: float
    statistic: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None
    tau2: float
    se_tau2: float | None
    i2: float
    h2: float
    i2_q: float
    h2_q: float
    q: float
    q_df: float
    q_p: float
    weights: FloatArray
    loglik: float | None
    aic: float | None
    bic: float | None
    aicc: float | None
    maxima: int
    method: Method
    test: Test
    level: float
    measure: str
    estimand: str
    studies: tuple[str, ...]
    yi: FloatArray
    vi: FloatArray
    effects: EffectSizes
    notes: tuple[str, ...]

    @property
    def tau(self) -> float:
        """Standard deviation of the true effects between studies."""
        return math.sqrt(self.tau2)

    def __repr__(self) -> str:
        digits = _digits(self.se)
        percent = trimmed(100 * self.level)
        limits = interval(self.ci_low, self.ci_high, digits)
        parts = [f"k {self.k}", f"{number(self.b, digits)} ({percent} % CI {limits})"]
        if self.pi_low is not None and self.pi_high is not None:
            parts.append(f"PI {interval(self.pi_low, self.pi_high, digits)}")
        parts += [f"tau2 {self.tau2:.3g}", f"I2 {number(self.i2, 0)} %"]
        return f"<Pooled: {', '.join(parts)} ({self.method}, {self.test})>"

    def _repr_html_(self) -> str:
        digits = _digits(self.se)
        percent = trimmed(100 * self.level)
        none = "none"
        predicted = none
        if self.pi_low is not None and self.pi_high is not None:
            predicted = interval(self.pi_low, self.pi_high, digits)
        distribution = "z" if math.isinf(self.df) else f"t({trimmed(self.df)})"
        rows = [
            ("Studies", str(self.k)),
            ("Estimate", number(self.b, digits)),
            (f"{percent} % CI", interval(self.ci_low, self.ci_high, digits)),
            (f"{percent} % prediction interval", predicted),
            (f"Test against 0, {distribution}", f"{self.statistic:.2f}, p = {self.p:.3g}"),
            ("tau2", f"{self.tau2:.3g}"),
            ("I2 from tau2, from Q", f"{number(self.i2, 0)} %, {number(self.i2_q, 0)} %"),
            ("Q", f"{self.q:.2f}, df {trimmed(self.q_df)}, p = {self.q_p:.3g}"),
        ]
        words = " ".join(word for word in (self.measure, self.estimand) if word)
        caption = f"Pooled{' ' + words if words else ''} ({self.method}, {self.test})"
        return notes_below(html_table(caption, ("Quantity", "Value"), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers in one row, unrounded; NaN where there is none."""
        names = (
            *("k", "b", "se", "statistic", "df", "p", "ci_low", "ci_high", "pi_low", "pi_high"),
            *("tau2", "se_tau2", "i2", "h2", "i2_q", "h2_q", "q", "q_df", "q_p"),
            *("loglik", "aic", "bic", "aicc", "method", "test", "level", "measure", "estimand"),
        )
        values = {name: getattr(self, name) for name in names}
        row = {name: [math.nan if value is None else value] for name, value in values.items()}
        return pd.DataFrame(row | {"notes": [" | ".join(self.notes)]})

    def prediction_interval(self, *, df: Freedom = "k-1", level: float | None = None) -> tuple[float, float]:
        """Return where the true effect of a new study may lie.

        ``b -+ quantile * sqrt(se^2 + tau2)``, with the `se` of the test asked for.

        Parameters
        ----------
        df : {"k-1", "k-2", "z"}
            Quantile of t(k-1), of t(k-2) as Riley, Higgins and Deeks (with 1 df at least), or normal.
            metafor takes normal quantiles for the tests "z" and t(k-1) for the others.
        level : float, optional
            Coverage; that of the interval of the mean if left out.

        Returns
        -------
        tuple of float
            Lower and upper limit.

        Raises
        ------
        InputError
            If the method is "EE", or one study leaves no degrees of freedom.

        References
        ----------
        .. [1] Riley RD, Higgins JPT, Deeks JJ (2011). BMJ 342:d549. https://doi.org/10.1136/bmj.d549
        .. [2] Partlett C, Riley RD (2017). Statistics in Medicine 36:301-317.
           https://doi.org/10.1002/sim.7140
        """
        if df not in FREEDOMS:
            raise InputError(unknown_word("prediction interval", df, FREEDOMS))
        if self.method == "EE":
            raise InputError('"EE" takes all studies to have one true effect; pool with method="REML"')
        if df == "k-1" and self.k == 1:
            raise InputError('one study says nothing about the next; name the quantile with df="z"')
        freedom = {"k-1": self.k - 1.0, "k-2": max(self.k - 2.0, 1.0), "z": math.inf}[df]
        share = checked_level(self.level if level is None else level)
        half = float(t_quantile(p=(1 + share) / 2, df=freedom)) * math.sqrt(self.se**2 + self.tau2)
        return self.b - half, self.b + half

    def predict(
        self, *, df: Freedom = "k-1", level: float | None = None, ratio: bool = False
    ) -> pd.DataFrame:
        """Return estimate, interval and prediction interval at another level or as ratios.

        Parameters
        ----------
        df : {"k-1", "k-2", "z"}
            Of the prediction interval; see `prediction_interval`.
        level : float, optional
            Coverage; as pooled if left out.
        ratio : bool
            Whether the effects are logarithms and ratios are wanted.

        Returns
        -------
        DataFrame
            One row: ``b``, ``ci_low``, ``ci_high``, ``pi_low``, ``pi_high`` (NaN where there is none).
        """
        share = checked_level(self.level if level is None else level)
        low, high = self.ci_low, self.ci_high
        if share != self.level:
            half = float(t_quantile(p=(1 + share) / 2, df=self.df)) * self.se
            low, high = self.b - half, self.b + half
        predicted = (math.nan, math.nan)
        if self.method != "EE" and (self.k >= PREDICTABLE or df != "k-1"):
            predicted = self.prediction_interval(df=df, level=share)
        values = np.array([[self.b, low, high, *predicted]])
        columns = ["b", "ci_low", "ci_high", "pi_low", "pi_high"]
        return pd.DataFrame(np.exp(values) if ratio else values, columns=columns)

    def blups(self) -> pd.DataFrame:
        """Return what each study says once the others are taken into account.

        Best linear unbiased predictions of the true effects: ``l yi + (1 - l) b`` with
        ``l = tau2 / (tau2 + vi)`` and variance ``l vi + (1 - l)^2 se^2``. The limits take the normal quantile
        for the test "z", else t(k-1). Equals ``metafor::blup``.

        Returns
        -------
        DataFrame
            A row per study: ``study``, ``yi``, ``vi``, ``weight`` (percent), ``pred``, ``se``, ``pi_low``,
            ``pi_high``.

        References
        ----------
        .. [1] Raudenbush SW, Bryk AS (1985). Empirical Bayes meta-analysis. Journal of Educational Statistics
           10:75-98. https://doi.org/10.3102/10769986010002075
        """
        kept = self.tau2 / (self.tau2 + self.vi)
        pred = kept * self.yi + (1 - kept) * self.b
        se = np.sqrt(kept * self.vi + (1 - kept) ** 2 * self.se**2)
        half = float(t_quantile(p=(1 + self.level) / 2, df=self.df)) * se
        columns = {"study": list(self.studies), "yi": self.yi, "vi": self.vi, "weight": self.weights}
        return pd.DataFrame(columns | {"pred": pred, "se": se, "pi_low": pred - half, "pi_high": pred + half})

    def tau2_interval(
        self, *, method: Literal["qprofile", "profile"] = "qprofile", level: float | None = None
    ) -> Tau2Interval:
        """Return an interval of tau2, and of I2 and H2 by it.

        Parameters
        ----------
        method : {"qprofile", "profile"}
            All tau2 at which Q is no surprise (any method of pooling), or at which the likelihood is not much
            lower than at its maximum (pooled by "ML" or "REML").
        level : float, optional
            Coverage; that of the pooled interval if left out.

        Returns
        -------
        Tau2Interval
            May be empty for "qprofile"; notes say so.

        Raises
        ------
        InputError
            If there is one study, no such method, or no likelihood.

        References
        ----------
        .. [1] Viechtbauer W (2007). Statistics in Medicine 26:37-52. https://doi.org/10.1002/sim.2514
        """
        if method not in {"qprofile", "profile"}:
            raise InputError(unknown_word("interval of tau2", method, ("qprofile", "profile")))
        if self.k == 1:
            raise InputError("one study says nothing about differences between studies; pool two or more")
        share = checked_level(self.level if level is None else level)
        batch = arrange(yi=self.yi, vi=self.vi)
        if method == "qprofile":
            limits = qprofile_limits(batch, level=share)
        elif self.method in {"ML", "REML"}:
            tau2 = np.array([self.tau2])
            restricted = self.method == "REML"
            limits = profile_limits(batch, tau2=tau2, restricted=restricted, level=share)
        else:
            raise InputError(f'a profile needs a likelihood; pool with method="REML", not "{self.method}"')
        notes = []
        if limits.empty[0]:
            notes.append("EMPTY_INTERVAL: the studies are more alike than chance allows at any tau2")
        low, high = float(limits.low[0]), float(limits.high[0])
        if method == "profile" and self.maxima > 1:
            apart = _pieces(batch, low, high, restricted=self.method == "REML", level=share)
            notes += [
                f"SECOND_PIECE: tau2 near {place:.3g} is about as likely, and lies outside" for place in apart
            ]
        i2, h2 = share_of_heterogeneity(tau2=np.array([low, high]), typical=typical_variance(batch))
        return Tau2Interval(
            tau2_low=low,
            tau2_high=high,
            i2_low=float(i2[0]),
            i2_high=float(i2[1]),
            h2_low=float(h2[0]),
            h2_high=float(h2[1]),
            empty=bool(limits.empty[0]),
            method=method,
            level=share,
            notes=tuple(notes),
        )


def _pieces(batch: Batch, low: float, high: float, *, restricted: bool, level: float) -> list[float]:
    """Return maxima outside an interval that are high enough to belong to its region."""
    places = maxima(batch, restricted=restricted).places
    height = log_likelihood(batch.of(np.zeros(places.size, dtype=np.intp)), t=places, restricted=restricted)
    drop = float(t_quantile(p=(1 + level) / 2, df=math.inf)) ** 2 / 2
    tau2 = places * batch.tau2_unit
    outside = (height >= height.max() - drop) & ((tau2 < low) | (tau2 > high))
    return [float(place) for place in tau2[outside]]


def pool(
    effects: EffectSizes, *, method: Method = "REML", test: Test = "adhoc", level: float = LEVEL
) -> Pooled:
    """Pool one estimate per study.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study, of one estimand.
    method : {"EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM"}
        How the variance between studies is estimated; see
        `spineevidence.pooling.heterogeneity.tau2_estimates`. "EE" takes it as 0 (common effect).
    test : {"z", "t", "knha", "adhoc"}
        Of the mean: normal; t(k-1) with the same standard error; Hartung-Knapp (Sidik-Jonkman), t(k-1) with
        the variance times ``q = Q(tau2) / (k - 1)``; the same with q of at least 1, so that it is never
        narrower than "t".
    level : float
        Coverage of both intervals.

    Returns
    -------
    Pooled
        Equals ``metafor::rma.uni(yi, vi, method=, test=)``, where REML and ML are the highest maximum over
        tau2 of 0 or more. One study keeps its own interval (with its own degrees of freedom, unless the test
        is "z"), tau2 0 and no prediction interval.

    Raises
    ------
    InputError
        If there is no effect, some cannot be pooled, two effects are of one study, or a word is unknown.
    EstimandError
        If contrasts between arms and changes within one group are mixed.

    References
    ----------
    .. [1] Langan D et al. (2019). Research Synthesis Methods 10:83-98. https://doi.org/10.1002/jrsm.1316
    .. [2] Knapp G, Hartung J (2003). Statistics in Medicine 22:2693-2710. https://doi.org/10.1002/sim.1482
    .. [3] Rover C, Knapp G, Friede T (2015). BMC Medical Research Methodology 15:99.
       https://doi.org/10.1186/s12874-015-0091-1
    .. [4] Cochrane Handbook, section 10.10.4. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> pool(EffectSizes(yi=[0.1, 0.9, 0.4, 0.7], vi=[0.04, 0.09, 0.05, 0.02]))
    <Pooled: k 4, 0.51 (95 % CI -0.03 to 1.04), PI -0.48 to 1.49, tau2 0.0672, I2 62 % (REML, adhoc)>
    """
    check_poolable(effects)
    batch = arrange(yi=effects.yi, vi=effects.vi)
    found = fits(batch, method=method, test=test, level=level)
    numbers = {
        name: float(getattr(found, name)[0])
        for name in (
            *("b", "se", "statistic", "df", "p", "ci_low", "ci_high", "tau2"),
            *("i2", "h2", "i2_q", "h2_q", "q", "q_df", "q_p"),
        )
    }
    k = len(effects)
    if k == 1 and test != "z":
        numbers |= _own_interval(effects, level)
    w = effects.vi.min() / (effects.vi + numbers["tau2"])
    loglik, aic, bic, aicc = _criteria(batch, found, method)
    return Pooled(
        k=k,
        **numbers,
        pi_low=_or_none(found.pi_low[0]),
        pi_high=_or_none(found.pi_high[0]),
        se_tau2=_or_none(found.se_tau2[0]),
        weights=_fixed(100 * w / w.sum()),
        loglik=loglik,
        aic=aic,
        bic=bic,
        aicc=aicc,
        maxima=int(found.heterogeneity.maxima[0]),
        method=method,
        test=test,
        level=level,
        measure=effects.measure,
        estimand=effects.estimand,
        studies=_names(effects),
        yi=effects.yi,
        vi=effects.vi,
        effects=effects,
        notes=(*_notes(batch, found, method, test), *effects.notes),
    )


def _names(effects: EffectSizes) -> tuple[str, ...]:
    if effects.lineage:
        return tuple(effect.study_id for effect in effects.lineage)
    return tuple(str(place + 1) for place in range(len(effects)))


def _own_interval(effects: EffectSizes, level: float) -> dict[str, float]:
    """Return the interval of the only study: as given, or by its degrees of freedom at another level."""
    b, se, df = float(effects.yi[0]), float(effects.sei[0]), float(effects.df[0])
    low, high = float(effects.ci_low[0]), float(effects.ci_high[0])
    if level != LEVEL or math.isnan(low):
        half = float(t_quantile(p=(1 + level) / 2, df=df)) * se
        low, high = b - half, b + half
    p = float(two_sided_p(np.array([b / se]), np.array([df]))[0])
    return {"df": df, "p": p, "ci_low": low, "ci_high": high}


def _criteria(
    batch: Batch, found: Fits, method: Method
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return log-likelihood, AIC, BIC and AICc."""
    if method not in LIKELIHOODS:
        return None, None, None, None
    restricted = method == "REML"
    value = float(log_likelihood(batch, t=found.tau2 / batch.tau2_unit, restricted=restricted)[0])
    parameters = 1 if method == "EE" else 2
    n = int(batch.k[0]) - restricted
    bic = -2 * value + parameters * (math.log(n) if n else -math.inf)
    correction = 2 * parameters * (parameters + 1) / (max(n, parameters + 2) - parameters - 1)
    aic = -2 * value + 2 * parameters
    return value, aic, bic, aic + correction


def _notes(batch: Batch, found: Fits, method: Method, test: Test) -> tuple[str, ...]:
    k = int(found.k[0])
    if k == 1:
        return ("ONE_STUDY: its own interval; nothing is known about differences between studies",)
    notes = []
    if k == 2 and test != "z":
        notes.append(
            "TWO_STUDIES: the interval rests on 1 degree of freedom and is very wide; "
            "a prior for the heterogeneity (half-normal) is the better choice"
        )
    if k < PREDICTABLE and method != "EE":
        notes.append("NO_PREDICTION: a prediction interval needs three studies")
    elif k < ROUGH and method != "EE":
        notes.append(f"ROUGH_PREDICTION: of {count_of(k, 'study', 'studies')}, likely too narrow")
    if method != "EE" and found.tau2[0] == 0:
        notes.append("TAU2_ZERO: estimated as 0, which does not show that the studies agree")
    if found.factor[0] < 1 and test == "knha":
        notes.append('NARROWED: Hartung-Knapp made the interval narrower; "adhoc" forbids that')
    count = int(found.heterogeneity.maxima[0])
    if count > 1:
        places = found.heterogeneity.places
        heights = [
            log_likelihood(batch, t=np.array([place]) / batch.tau2_unit, restricted=method == "REML")[0]
            for place in places
        ]
        told = listed([f"{place:.3g} ({height:.2f})" for place, height in zip(places, heights, strict=True)])
        notes.append(f"SEVERAL_MAXIMA: tau2 (log-likelihood) {told}; the highest is used")
    return tuple(notes)


def _digits(se: float) -> int:
    """Return decimals that show two digits of a standard error."""
    if not (math.isfinite(se) and se > 0):
        return 3
    return min(max(1 - math.floor(math.log10(se)), 0), 8)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _fixed(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values
