"""Tables of counts or rates pooled without weighting by variance: Mantel-Haenszel, and Peto.

Of two arms the first had the procedure, the second is its comparator. The pooled estimate is made from the
counts themselves, so studies with cells of 0 need no correction; the effects of single studies, which `q` and
a forest plot need, do. The rules for the two are named apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import LEVEL, BoolArray, EffectSizes, notes_below, positions, t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, interval, number, trimmed
from spineevidence.formulas.arguments import aligned, check_word, checked_level, direction
from spineevidence.formulas.counts import odds_ratio, peto_odds_ratio, risk_difference, risk_ratio
from spineevidence.formulas.rates import incidence_rate_difference, incidence_rate_ratio
from spineevidence.formulas.zerocells import Cells, Tables, ZeroCells, fill_zero_cells, fourfold_tables
from spineevidence.models import Better
from spineevidence.timing import FloatArray

TableMeasure = Literal["OR", "RR", "RD"]
RateMeasure = Literal["IRR", "IRD"]
DifferenceError = Literal["sato", "greenland_robins"]
VarianceSource = Literal["robins_breslow_greenland", "greenland_robins", "sato", "hypergeometric"]

RATIOS = ("OR", "RR", "PETO", "IRR")
YATES = 0.5  # taken from the difference between observed and expected events of all studies
BLOCK = 1_000_000  # numbers held at once while each study is left out in turn


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """A test with a chi-squared distribution.

    Attributes
    ----------
    statistic : float
        The value of the test.
    df : int
        Degrees of freedom.
    p : float
        Probability of that value or a greater one.
    """

    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StratifiedPool:
    """One estimate from the tables of several studies.

    Attributes
    ----------
    method : {"Mantel-Haenszel", "Peto"}
        How it was pooled.
    measure : str
        "OR", "RR", "RD", "PETO", "IRR" or "IRD"; ratios are natural logarithms.
    b, se, statistic, p : float
        The pooled effect, its standard error, their ratio (z) and its two-sided normal p.
    ci_low, ci_high, level : float
        Normal interval, and its coverage.
    variance : {"robins_breslow_greenland", "greenland_robins", "sato", "hypergeometric"}
        Whose formula the square of `se` is.
    k, k_effects : int
        Studies pooled, and those with an effect of their own, of which `q` is made.
    q, q_df, q_p : float, int, float
        Squared distances of the studies' effects from the pooled one, weighted by inverse variances. The
        pooled effect is not the one that makes `q` smallest, so `q` exceeds that of `pool`, if slightly.
    i2, h2 : float
        ``max(0, (q - df) / q)`` in percent, and ``q / df``; 0 and 1 where there is one effect.
    association, cochran : ChiSquared or None
        Cochran-Mantel-Haenszel test (odds ratios; rate ratios with the Poisson variance), and Cochran's,
        which divides by N^3 in place of N^2 (N - 1).
    breslow_day, tarone : ChiSquared or None
        Whether one odds ratio holds in all studies, without and with Tarone's correction.
    effects : EffectSizes, shape (k,)
        The effect of each study, NaN where the rule leaves none.
    weights : ndarray, shape (k,)
        Share of each study in the pooled estimate, in percent; for odds and risk ratios the share in the
        denominator.
    notes : tuple of str
        What was added, left out or approximated.
    """

    method: Literal["Mantel-Haenszel", "Peto"]
    measure: str
    b: float
    se: float
    statistic: float
    p: float
    ci_low: float
    ci_high: float
    level: float
    variance: VarianceSource
    k: int
    k_effects: int
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    association: ChiSquared | None
    cochran: ChiSquared | None
    breslow_day: ChiSquared | None
    tarone: ChiSquared | None
    effects: EffectSizes
    weights: FloatArray
    notes: tuple[str, ...]
    _sums: _Sums

    def __repr__(self) -> str:
        limits = interval(self.ci_low, self.ci_high, 3)
        return (
            f"<StratifiedPool: {self.method}, {self.measure}, k {self.k}, {number(self.b, 3)} "
            f"({trimmed(100 * self.level)} % CI {limits}), I2 {number(self.i2)} %>"
        )

    def _repr_html_(self) -> str:
        share = f"{trimmed(100 * self.level)} % CI"
        name = f"log {self.measure}" if self.measure in RATIOS else self.measure
        rows = [(name, f"{number(self.b, 3)} ({share} {interval(self.ci_low, self.ci_high, 3)})")]
        if self.measure in RATIOS:
            low, middle, high = (math.exp(value) for value in (self.ci_low, self.b, self.ci_high))
            rows.append((self.measure, f"{number(middle, 3)} ({share} {interval(low, high, 3)})"))
        rows.append(("z", f"{number(self.statistic, 2)}, p {_p(self.p)}"))
        heterogeneity = f"Q {number(self.q, 2)}, df {self.q_df}, p {_p(self.q_p)}; I2 {number(self.i2)} %"
        rows.append(("Between studies", heterogeneity))
        rows += [
            (name, f"{number(test.statistic, 2)}, df {test.df}, p {_p(test.p)}")
            for name, test in self._tests()
        ]
        caption = f"{self.method}, {count_of(self.k, 'study', 'studies')}"
        return notes_below(html_table(caption, ("", "Result"), rows), self.notes)

    def _tests(self) -> list[tuple[str, ChiSquared]]:
        named = (
            ("Cochran-Mantel-Haenszel", self.association),
            ("Cochran", self.cochran),
            ("Breslow-Day", self.breslow_day),
            ("Tarone", self.tarone),
        )
        return [(name, test) for name, test in named if test is not None]

    def to_frame(self) -> pd.DataFrame:
        """Return the studies, unrounded.

        Returns
        -------
        DataFrame
            A row per study: ``yi``, ``vi``, ``sei``, ``df``, ``ci_low``, ``ci_high`` (95 % interval), and
            ``weight`` in percent.
        """
        return self.effects.to_frame().assign(weight=self.weights)

    def leave_one_out(self) -> pd.DataFrame:
        """Return what is pooled when each study is left out in turn.

        Returns
        -------
        DataFrame
            A row per study left out: ``b``, ``se``, ``statistic``, ``p``, ``ci_low``, ``ci_high``, ``q``,
            ``q_df``, ``q_p``, ``i2`` and ``h2``; NaN where the other studies give no estimate. Equals
            ``metafor::leave1out`` of ``rma.mh`` or ``rma.peto``.

        Raises
        ------
        InputError
            For fewer than two studies, or where a cell of 0 in one study changes all ("if0all").
        """
        if self.k < 2:
            raise InputError(f"two studies are needed to leave one out; found {self.k}")
        if self._sums.together:
            raise InputError(
                'with the rule "if0all" a study that is left out changes the cells of the others; '
                'use "only0" or "all", or pool the others yourself'
            )
        estimate, variance = self._sums.solve(_without_each(self._sums.terms))
        se = np.sqrt(variance)
        half = t_quantile(p=(1 + self.level) / 2, df=np.inf) * se
        q, q_df = _q_without_each(self._sums.yi, self._sums.precision, estimate)
        q_p, i2, h2 = _heterogeneity(q, q_df)
        z = estimate / se
        return pd.DataFrame(
            {
                "b": estimate,
                "se": se,
                "statistic": z,
                "p": _two_sided(z),
                "ci_low": estimate - half,
                "ci_high": estimate + half,
                "q": q,
                "q_df": q_df,
                "q_p": q_p,
                "i2": i2,
                "h2": h2,
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """What each study adds to the sums from which an estimate is made.

    Attributes
    ----------
    measure : str
        Which estimate.
    terms : ndarray, shape (m, k)
        A row for each sum.
    weights : ndarray, shape (k,)
        Weights, not yet in percent.
    sign : float
        -1 if events are unwanted.
    together : bool
        Whether what is added to a study depends on the others.
    yi, precision : ndarray, shape (k,)
        Effects of single studies, and inverse variances, of which Q is made; 0 where there is none.
    """

    measure: str
    terms: FloatArray
    weights: FloatArray
    sign: float
    together: bool
    yi: FloatArray
    precision: FloatArray

    def solve(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return estimates and variances from sums of shape (m, ...); NaN where there are none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.measure in {"RD", "IRD", "PETO"}:
                above, below, *rest = sums
                estimate = above / below
                if len(rest) == 2:  # Sato's variance depends on the estimate
                    variance = (estimate * rest[0] + rest[1]) / below**2
                else:
                    variance = rest[0] / below**2
            else:
                above, below, *rest = sums
                estimate = np.log(above / below)
                variance = rest[0] / (above * below)
                if len(rest) == 3:  # Robins, Breslow and Greenland's for the odds ratio
                    variance = (rest[1] / above**2 + variance + rest[2] / below**2) / 2
        found = np.isfinite(estimate) & (variance > 0)
        return np.where(found, self.sign * estimate, np.nan), np.where(found, variance, np.nan)


def mantel_haenszel(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    measure: TableMeasure = "OR",
    se: DifferenceError = "sato",
    correct: bool = True,
    better: Better = "higher",
    level: float = LEVEL,
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = True,
    pooled_to: ZeroCells = "none",
    pooled_add: float = 0.5,
    pooled_drop00: bool = False,
) -> StratifiedPool:
    """Return fourfold tables pooled by the method of Mantel and Haenszel.

    One true effect is assumed for all studies. Weights come from sizes and events, not from variances, so the
    estimate keeps well where events are rare.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    measure : {"OR", "RR", "RD"}, optional
        Log odds ratio, log risk ratio or risk difference.
    se : {"sato", "greenland_robins"}, optional
        Variance of a risk difference: Sato, Greenland and Robins (1989), as metafor; or Greenland and Robins
        (1985), as RevMan and the R package meta. They differ by a few percent, by more where
        studies are few and small.
    correct : bool, optional
        Whether 1/2 is taken from the difference in the Cochran-Mantel-Haenszel test.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    level : float, optional
        Coverage of the pooled interval.
    to, add, drop00 : optional
        What is added to the tables for the effects of single studies, and so for `q`, as in `risk_ratio`; by
        default 1/2 in those with a cell of 0, and no effect where no arm, or all patients, had the event.
    pooled_to, pooled_add, pooled_drop00 : optional
        The same for the pooled estimate; by default nothing is added and nothing dropped.

    Returns
    -------
    StratifiedPool
        Equals ``metafor::rma.mh(add=c(add, pooled_add), to=c(to, pooled_to), drop00=c(...))``. For odds
        ratios with the tests of association and homogeneity.

    Raises
    ------
    InputError
        If the counts give no pooled estimate, such as an odds ratio with all events in one arm.

    Notes
    -----
    Programs differ: RevMan adds 1/2 to tables with a cell of 0 before pooling too (``pooled_to="only0"``). In
    the Cochran-Mantel-Haenszel test metafor, and this function, subtract 1/2 even from a difference below
    1/2, which then gets larger; ``stats::mantelhaen.test`` in R does not. A note says where that happens.

    References
    ----------
    .. [1] Mantel N, Haenszel W (1959). https://doi.org/10.1093/jnci/22.4.719
    .. [2] Robins J, Breslow N, Greenland S (1986), variance of the odds ratio.
       https://doi.org/10.2307/2531052
    .. [3] Greenland S, Robins JM (1985), variances of risk ratio and difference.
       https://doi.org/10.2307/2530643
    .. [4] Sato T, Greenland S, Robins JM (1989), variance of the risk difference.
       https://doi.org/10.2307/2531775
    .. [5] Tarone RE (1985), on the test of Breslow and Day. https://doi.org/10.1093/biomet/72.1.91
    .. [6] Cochrane Handbook, section 10.4.1. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> mantel_haenszel(events1=[4, 6, 3], n1=[123, 306, 231], events2=[11, 29, 11], n2=[139, 303, 220])
    <StratifiedPool: Mantel-Haenszel, OR, k 3, -1.414 (95 % CI -2.032 to -0.795), I2 0.0 %>
    """
    check_word("measure", measure, ("OR", "RR", "RD"))
    check_word("variance", se, ("sato", "greenland_robins"))
    tables = fourfold_tables(
        events1=events1,
        n1=n1,
        events2=events2,
        n2=n2,
        to=pooled_to,
        add=pooled_add,
        drop00=pooled_drop00,
    )
    effect: Callable[..., EffectSizes] = partial(risk_difference, interval="wald")
    if measure != "RD":
        effect = odds_ratio if measure == "OR" else risk_ratio
    effects = effect(
        events1=events1, n1=n1, events2=events2, n2=n2, better=better, to=to, add=add, drop00=drop00
    )
    kept = _kept(tables.cells)
    terms, weights = _table_terms(tables, measure, se)
    sums = _sums(measure, terms, weights, kept, effects, better=better, to=(to, pooled_to))
    tests = _tests_of_tables(tables, sums, kept, correct=correct) if measure == "OR" else _Tests()
    sources: dict[str, VarianceSource] = {"OR": "robins_breslow_greenland", "RD": se}
    return _pooled(
        "Mantel-Haenszel",
        sums,
        kept,
        effects=effects,
        cells=tables.cells,
        tests=tests,
        level=level,
        variance=sources.get(measure, "greenland_robins"),
    )


def mantel_haenszel_rates(
    *,
    events1: npt.ArrayLike,
    time1: npt.ArrayLike,
    events2: npt.ArrayLike,
    time2: npt.ArrayLike,
    measure: RateMeasure = "IRR",
    correct: bool = True,
    better: Better = "higher",
    level: float = LEVEL,
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = True,
    pooled_to: ZeroCells = "none",
    pooled_add: float = 0.5,
    pooled_drop00: bool = False,
) -> StratifiedPool:
    """Return rates of several studies pooled by the method of Mantel and Haenszel.

    Parameters
    ----------
    events1, time1 : array_like, shape (k,)
        Events, and person-time above 0, of the arm that had the procedure.
    events2, time2 : array_like, shape (k,)
        The same for the comparator, in the same unit of time.
    measure : {"IRR", "IRD"}, optional
        Log ratio of the rates, or their difference.
    correct, better, level, to, add, drop00, pooled_to, pooled_add, pooled_drop00 : optional
        As in `mantel_haenszel`; what is added goes to the events, person-time stays.

    Returns
    -------
    StratifiedPool
        Equals ``metafor::rma.mh(measure="IRR")`` or ``"IRD"``; ratios with a test of association.

    Raises
    ------
    InputError
        If the counts give no pooled estimate, such as a ratio with all events in one arm.

    References
    ----------
    .. [1] Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology, 3rd edition, chapter 15.
    .. [2] Greenland S, Robins JM (1985). https://doi.org/10.2307/2530643

    Examples
    --------
    >>> mantel_haenszel_rates(events1=[9, 8, 3], time1=[413, 263, 487], events2=[19, 19, 13],
    ...                       time2=[398, 245, 435], measure="IRR")
    <StratifiedPool: Mantel-Haenszel, IRR, k 3, -1.001 (95 % CI -1.518 to -0.485), I2 0.0 %>
    """
    check_word("measure", measure, ("IRR", "IRD"))
    given = {"events1": events1, "time1": time1, "events2": events2, "time2": time2}
    call = incidence_rate_ratio if measure == "IRR" else incidence_rate_difference
    effects = call(**given, better=better, to=to, add=add, drop00=drop00)
    x1, t1, x2, t2 = (np.atleast_1d(column) for column in aligned(given))
    none = ((x1 == 0) & (x2 == 0)) if pooled_drop00 else None
    cells = fill_zero_cells((x1, x2), to=pooled_to, add=pooled_add, dropped=none, rows="studies")
    kept = _kept(cells)
    a, c = cells.counts
    terms, weights = _rate_terms(a, c, t1, t2, measure)
    sums = _sums(measure, terms, weights, kept, effects, better=better, to=(to, pooled_to))
    tests = _Tests()
    if measure == "IRR":
        time = t1 + t2
        above = float(np.sum((a - (a + c) * t1 / time)[kept]))
        variance = float(np.sum(((a + c) * t1 * t2 / time**2)[kept]))
        test, said = _association(above, variance, correct=correct)
        tests = _Tests(association=test, notes=said)
    return _pooled(
        "Mantel-Haenszel",
        sums,
        kept,
        effects=effects,
        cells=cells,
        tests=tests,
        level=level,
        variance="greenland_robins",
    )


def peto(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    level: float = LEVEL,
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = True,
) -> StratifiedPool:
    """Return the odds ratio of fourfold tables pooled by Peto's one-step method.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    level : float, optional
        Coverage of the pooled interval.
    to, add, drop00 : optional
        What is added to the tables for the effects of single studies. The pooled estimate and `q` need no
        addition, and studies without an event, or with nothing else, carry no weight in them.

    Returns
    -------
    StratifiedPool
        Measure "PETO", a log odds ratio: ``sum(O - E) / sum(V)`` with variance ``1 / sum(V)``, V
        hypergeometric. Equals ``metafor::rma.peto``. Good for events below 1 %, arms of like size and small
        effects; else biased towards no effect.

    Raises
    ------
    InputError
        If no study has patients with and without the event.

    References
    ----------
    .. [1] Yusuf S et al. (1985). https://doi.org/10.1016/S0033-0620(85)80003-7
    .. [2] Cochrane Handbook, section 10.4.2. https://training.cochrane.org/handbook/current/chapter-10
    .. [3] Greenland S, Salvan A (1990), on its bias. https://doi.org/10.1002/sim.4780090307

    Examples
    --------
    >>> peto(events1=[1, 0], n1=[100, 80], events2=[4, 2], n2=[100, 82])
    <StratifiedPool: Peto, PETO, k 2, -1.445 (95 % CI -2.939 to 0.049), I2 0.0 %>
    """
    tables = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to="none", add=0.0, drop00=False)
    effects, bare = (
        peto_odds_ratio(
            events1=events1, n1=n1, events2=events2, n2=n2, better=better, to=rule, add=add, drop00=drop00
        )
        for rule in (to, "none")
    )
    excess, variance = _hypergeometric(tables)
    kept, terms = _kept(tables.cells), np.stack([excess, variance, variance])
    sums = _sums("PETO", terms, variance, kept, bare, better=better, to=("none",))
    return _pooled(
        "Peto",
        sums,
        kept,
        effects=effects,
        cells=tables.cells,
        tests=_Tests(),
        level=level,
        variance="hypergeometric",
    )


@dataclass(frozen=True, slots=True)
class _Tests:
    association: ChiSquared | None = None
    cochran: ChiSquared | None = None
    breslow_day: ChiSquared | None = None
    tarone: ChiSquared | None = None
    notes: tuple[str, ...] = ()


def _kept(cells: Cells) -> BoolArray:
    size = cells.counts[0].shape
    return np.ones(size, dtype=np.bool_) if cells.dropped is None else ~cells.dropped


def _table_terms(tables: Tables, measure: str, se: str) -> tuple[FloatArray, FloatArray]:
    """Return what each study adds to the sums, and its weight."""
    a, b, c, d, n1, n2 = tables.a, tables.b, tables.c, tables.d, tables.n1, tables.n2
    n = n1 + n2
    if measure == "OR":
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        return np.stack([r, s, p * s + q * r, p * r, q * s]), s
    if measure == "RR":
        spread = (n1 * n2 * (a + c) - a * c * n) / n**2
        return np.stack([a * n2 / n, c * n1 / n, spread]), c * n1 / n
    above, below = (a * n2 - c * n1) / n, n1 * n2 / n
    if se == "sato":
        slope = (n1**2 * c - n2**2 * a + n1 * n2 * (n2 - n1) / 2) / n**2
        constant = (a * d + c * b) / n / 2
        return np.stack([above, below, slope, constant]), below
    spread = (a * b * n2**3 + c * d * n1**3) / (n1 * n2 * n**2)
    return np.stack([above, below, spread]), below


def _rate_terms(
    x1: FloatArray, x2: FloatArray, t1: FloatArray, t2: FloatArray, measure: str
) -> tuple[FloatArray, FloatArray]:
    time = t1 + t2
    above, below = x1 * t2 / time, x2 * t1 / time
    if measure == "IRR":
        return np.stack([above, below, (x1 + x2) * t1 * t2 / time**2]), below
    weight = t1 * t2 / time
    return np.stack([above - below, weight, (x1 * t2**2 + x2 * t1**2) / time**2]), weight


def _sums(
    measure: str,
    terms: FloatArray,
    weights: FloatArray,
    kept: BoolArray,
    effects: EffectSizes,
    *,
    better: Better,
    to: tuple[str, ...],
) -> _Sums:
    defined = effects.defined
    precision = np.zeros(len(effects))
    precision[defined] = 1 / effects.vi[defined]
    return _Sums(
        measure=measure,
        terms=np.where(kept, terms, 0.0),
        weights=np.where(kept, weights, 0.0),
        sign=direction(better),
        together="if0all" in to,
        yi=np.where(defined, effects.yi, 0.0),
        precision=precision,
    )


def _pooled(
    method: Literal["Mantel-Haenszel", "Peto"],
    sums: _Sums,
    kept: BoolArray,
    *,
    effects: EffectSizes,
    cells: Cells,
    tests: _Tests,
    level: float,
    variance: VarianceSource,
) -> StratifiedPool:
    estimates, variances = sums.solve(sums.terms.sum(axis=1))
    estimate, se = float(estimates), math.sqrt(float(variances))
    if math.isnan(estimate):
        if not kept.any():
            raise InputError("one or more studies are needed; found none; give counts of one study or more")
        raise InputError(
            f"the counts give no pooled {sums.measure}; found a sum of 0 in it, over "
            f"{count_of(int(kept.sum()), 'study', 'studies')}; a difference needs events in one arm only, "
            "and pooled_to adds to cells before pooling"
        )
    half = float(t_quantile(p=(1 + checked_level(level)) / 2, df=np.inf)) * se
    count = int(np.count_nonzero(sums.precision))
    q_df = max(count - 1, 0)
    q = float(np.sum(sums.precision * (sums.yi - estimate) ** 2)) if q_df else 0.0
    q_p, i2, h2 = _heterogeneity(np.asarray(q), np.asarray(float(q_df)))
    z = estimate / se
    return StratifiedPool(
        method=method,
        measure=sums.measure,
        b=estimate,
        se=se,
        statistic=z,
        p=float(_two_sided(np.asarray(z))),
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        variance=variance,
        k=int(kept.sum()),
        k_effects=count,
        q=q,
        q_df=q_df,
        q_p=float(q_p),
        i2=float(i2),
        h2=float(h2),
        association=tests.association,
        cochran=tests.cochran,
        breslow_day=tests.breslow_day,
        tarone=tests.tarone,
        effects=effects,
        weights=100 * sums.weights / sums.weights.sum(),
        notes=(*_pool_notes(cells, effects), *tests.notes),
        _sums=sums,
    )


def _pool_notes(cells: Cells, effects: EffectSizes) -> tuple[str, ...]:
    pooled = tuple(f"For the pooled estimate: {note}" for note in cells.notes)
    single = tuple(f"For the effects of single studies: {note}" for note in effects.notes)
    return (*pooled, *single)


def _tests_of_tables(tables: Tables, sums: _Sums, kept: BoolArray, *, correct: bool) -> _Tests:
    """Return the tests of one odds ratio of 1, and of one odds ratio in all studies."""
    excess, variance = _hypergeometric(tables)
    n = tables.n1 + tables.n2
    above, below = float(excess[kept].sum()), float(variance[kept].sum())
    association, said = _association(above, below, correct=correct)
    cochran, _ = _association(above, float((variance * (n - 1) / n)[kept].sum()), correct=correct)
    m1, m2 = tables.a + tables.c, tables.b + tables.d
    mixed = kept & (m1 > 0) & (m2 > 0)
    total = sums.terms.sum(axis=1)
    if mixed.sum() < 2 or not total[:2].all():
        return _Tests(association=association, cochran=cochran, notes=said)
    a, n1, n2, events = tables.a[mixed], tables.n1[mixed], tables.n2[mixed], m1[mixed]
    expected = _expected(float(total[0] / total[1]), n1, n2, events)
    cells = (expected, n1 - expected, events - expected, n2 - events + expected)
    spread = 1 / sum((1 / cell for cell in cells), start=np.zeros(expected.shape))
    distance = a - expected
    statistic = float(np.sum(distance**2 / spread))
    df = int(mixed.sum()) - 1
    corrected = statistic - float(distance.sum() ** 2 / spread.sum())
    if not mixed[kept].all():
        lost = kept & ~mixed
        said = (*said, f"Breslow-Day and Tarone leave out tables without both outcomes: {positions(lost)}.")
    return _Tests(association, cochran, _chi_squared(statistic, df), _chi_squared(corrected, df), said)


def _hypergeometric(tables: Tables) -> tuple[FloatArray, FloatArray]:
    """Return observed minus expected events of the first arm, and its variance."""
    a, c, n1, n2 = tables.a, tables.c, tables.n1, tables.n2
    n, events = n1 + n2, a + c
    excess = (a * n2 - c * n1) / n
    return excess, n1 * n2 * events * (n - events) / (n**2 * (n - 1))


def _expected(ratio: float, n1: FloatArray, n2: FloatArray, events: FloatArray) -> FloatArray:
    """Return the first cell of tables with these margins and this odds ratio."""
    square, linear = 1 - ratio, n2 - events + ratio * (n1 + events)
    root = np.sqrt(linear**2 + 4 * square * ratio * n1 * events)
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = (root - linear) / (2 * square)  # without cancellation where `linear` is below 0
        upper = 2 * ratio * n1 * events / (linear + root)
    return np.where(linear < 0, lower, upper)


def _association(
    above: float, variance: float, *, correct: bool
) -> tuple[ChiSquared | None, tuple[str, ...]]:
    if not variance > 0:
        return None, ()
    said: tuple[str, ...] = ()
    if correct and abs(above) < YATES:
        said = (
            f"Observed and expected events differ by {number(abs(above), 3)}, less than the 1/2 that the "
            "Cochran-Mantel-Haenszel test subtracts: use correct=False.",
        )
    taken = abs(above) - (YATES if correct else 0.0)
    return _chi_squared(taken**2 / variance, 1), said


def _chi_squared(statistic: float, df: int) -> ChiSquared:
    from scipy.special import chdtrc

    return ChiSquared(statistic=statistic, df=df, p=float(chdtrc(df, statistic)))


def _heterogeneity(q: FloatArray, df: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return p, I2 in percent and H2; 1, 0 and 1 where there is no degree of freedom."""
    from scipy.special import chdtrc

    some = np.asarray(df) > 0
    freedom = np.where(some, df, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        i2 = np.where(q > freedom, 100 * (q - freedom) / q, 0.0)
    p = np.where(some, chdtrc(freedom, q), 1.0)
    return p, np.where(some, i2, 0.0), np.where(some, q / freedom, 1.0)


def _two_sided(z: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def _without_each(terms: FloatArray) -> FloatArray:
    """Return the sums over all studies but one, shape (m, k), without subtracting from a total."""
    before = np.zeros_like(terms)
    after = np.zeros_like(terms)
    before[:, 1:] = np.cumsum(terms, axis=1)[:, :-1]
    after[:, :-1] = np.cumsum(terms[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return before + after


def _q_without_each(
    yi: FloatArray, precision: FloatArray, estimate: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return Q about each estimate over all studies but its own, and the degrees of freedom."""
    q = np.empty(yi.size)
    rows = max(1, BLOCK // yi.size)
    for start in range(0, yi.size, rows):
        own = np.arange(start, min(start + rows, yi.size))
        parts = precision * (yi - estimate[own, None]) ** 2
        parts[np.arange(own.size), own] = 0.0
        q[own] = parts.sum(axis=1)
    defined = precision > 0
    df = defined.sum() - defined - 1.0
    return np.where((df > 0) | np.isnan(q), q, 0.0), np.maximum(df, 0.0)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else number(value, 3)
