"""Effects of counts: patients with an event in one group or in two.

Every function takes arrays or single numbers by keyword and lets them broadcast. Of two arms the first had
the procedure, the second is its comparator. What is added to cells of 0 is a choice of the caller: `to`,
`add` and `drop00`, by the names that metafor gives them, and the notes of the result say what was done.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import LEVEL, BoolArray, EffectSizes, positions, t_quantile
from spineevidence.errors import InputError
from spineevidence.formulas.arguments import (
    aligned,
    check_events,
    check_n,
    check_word,
    checked_level,
    direction,
)
from spineevidence.formulas.transformations import COX_SD, LOGISTIC_SD
from spineevidence.formulas.zerocells import Tables, ZeroCells, as_effects, fill_zero_cells, fourfold_tables
from spineevidence.models import Better
from spineevidence.timing import FloatArray

FILLED = "Both arms were all or none: the variance was taken with 1/2 added to each cell."


def wilson_interval(
    *, events: npt.ArrayLike, n: npt.ArrayLike, level: float = LEVEL
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's score interval of a proportion.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Patients with the event, and all patients.
    level : float, optional
        Coverage.

    Returns
    -------
    low, high : ndarray, shape (k,)
        Limits from 0 to 1.

    References
    ----------
    .. [1] Wilson EB (1927). https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_interval(events=3, n=4)
    >>> round(float(low), 3), round(float(high), 3)
    (0.301, 0.954)
    """
    count, size = aligned({"events": events, "n": n})
    check_n("n", size, least=1)
    check_events("events", count, size)
    low, high = _score_limits(count, size, checked_level(level))
    return low[()], high[()]


def risk_ratio(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the logarithm of the ratio of two proportions.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "RR", the natural logarithm; variance ``1/a - 1/n1 + 1/c - 1/n2``. Equals
        ``metafor::escalc(measure="RR")`` with the same `to`, `add` and `drop00`. NaN where a cell of 0 leaves
        no estimate; a variance of 0 where both arms had nothing but events and nothing was added.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.4.1.2. https://training.cochrane.org/handbook/current/chapter-06
    .. [2] Katz D et al. (1978). https://doi.org/10.2307/2530610

    Examples
    --------
    >>> risk_ratio(events1=5, n1=100, events2=10, n2=100)
    <EffectSizes: 1 of RR contrast, yi -0.693 (95 % CI -1.730 to 0.344)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(table.a * table.n2 / (table.c * table.n1))
        variance = table.b / (table.a * table.n1) + table.d / (table.c * table.n2)
    return _contrast(table, direction(better) * effect, variance, "RR")


def odds_ratio(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the logarithm of the ratio of two odds.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "OR", the natural logarithm; variance ``1/a + 1/b + 1/c + 1/d`` (Woolf). Equals
        ``metafor::escalc(measure="OR")`` with the same `to`, `add` and `drop00`. NaN where a cell of 0 leaves
        no estimate.

    References
    ----------
    .. [1] Cochrane Handbook, section 6.4.1.2. https://training.cochrane.org/handbook/current/chapter-06
    .. [2] Woolf B (1955). https://doi.org/10.1111/j.1469-1809.1955.tb01348.x

    Examples
    --------
    >>> odds_ratio(events1=5, n1=100, events2=10, n2=100)
    <EffectSizes: 1 of OR contrast, yi -0.747 (95 % CI -1.859 to 0.364)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    effect, variance = _log_odds_ratio(table)
    return _contrast(table, direction(better) * effect, variance, "OR")


def odds_ratio_as_smd(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    method: Literal["logistic", "normal"] = "logistic",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the standardised mean difference that an odds ratio stands for.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    method : {"logistic", "normal"}, optional
        Of the continuous outcome behind the event: logistic, the factor is ``sqrt(3) / pi`` (Chinn); normal,
        the factor is ``1 / 1.65`` (Cox).
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "OR2DL" ("logistic") or "OR2DN" ("normal"), in standard deviations. Equals
        ``metafor::escalc(measure="OR2DL")`` or ``"OR2DN"``. Whoever has the logarithm and its standard error
        takes `conversions.log_odds_ratio_to_smd`.

    References
    ----------
    .. [1] Chinn S (2000). Statistics in Medicine 19:3127-3131.
       https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M
    .. [2] Cox DR (1970). Analysis of binary data. Chapman & Hall; as used by Sánchez-Meca J et al. (2003).
       https://doi.org/10.1037/1082-989X.8.4.448

    Examples
    --------
    >>> odds_ratio_as_smd(events1=30, n1=50, events2=20, n2=50)
    <EffectSizes: 1 of OR2DL contrast, yi 0.447 (95 % CI 0.006 to 0.888)>
    """
    check_word("method", method, ("logistic", "normal"))
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    effect, variance = _log_odds_ratio(table)
    factor = 1 / (LOGISTIC_SD if method == "logistic" else COX_SD)
    measure = "OR2DL" if method == "logistic" else "OR2DN"
    note = f"Odds ratios read as cuts of a continuous outcome ({method}) with one spread in both arms."
    effect = direction(better) * factor * effect
    return _contrast(table, effect, factor**2 * variance, measure, notes=(note,))


def risk_difference(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    interval: Literal["newcombe", "wald"] = "newcombe",
    variance: Literal["LS", "UB", "AV"] = "LS",
    to: ZeroCells = "none",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the difference of two proportions, by default with Newcombe's hybrid score interval.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    interval : {"newcombe", "wald"}, optional
        Newcombe's, which needs the counts as they are (``to="none"``), or ``yi -+ 1.96 * sei``.
    variance : {"LS", "UB", "AV"}, optional
        ``p (1 - p) / n`` of each arm; the same with ``n - 1``, so that an arm of one patient leaves the
        variance NaN; or with p pooled over all tables of the call.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "RD", as a fraction. `yi` and `vi` equal those of
        ``metafor::escalc(measure="RD", to="none")``, or with the same `to`, `add`, `drop00` and `vtype`.

        "newcombe": the interval is Newcombe's (his method 10), which need not be symmetric. If in both arms
        either nobody or everybody had the event ("AV": in all tables together), Wald's variance is 0; it is
        then taken with 1/2 added to each cell, and a note says so. "wald": a variance of 0 stays 0.

    Raises
    ------
    InputError
        Also if Newcombe's interval is asked for with something added to the cells.

    References
    ----------
    .. [1] Newcombe RG (1998). Statistics in Medicine 17:873-890.
       https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    .. [2] Cochrane Handbook, section 6.4.1.4. https://training.cochrane.org/handbook/current/chapter-06

    Examples
    --------
    >>> risk_difference(events1=56, n1=70, events2=48, n2=80)
    <EffectSizes: 1 of RD contrast, yi 0.200 (95 % CI 0.052 to 0.334)>
    >>> risk_difference(events1=5, n1=100, events2=10, n2=100, interval="wald")
    <EffectSizes: 1 of RD contrast, yi -0.050 (95 % CI -0.123 to 0.023)>
    """
    check_word("interval", interval, ("newcombe", "wald"))
    if interval == "newcombe" and to != "none":
        raise InputError(
            f"Newcombe's interval takes the counts as they are; found to={to!r}; "
            'give to="none" or interval="wald"'
        )
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    sign = direction(better)
    effect = sign * (table.a / table.n1 - table.c / table.n2)
    spread, notes = _difference_variance(table, variance, fill=interval == "newcombe")
    limits = _newcombe_limits(table, effect, sign) if interval == "newcombe" else None
    return _contrast(table, effect, spread, "RD", limits=limits, without=np.isnan(spread), notes=notes)


def arcsine_difference(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "none",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the difference of the arcsines of the square roots of two proportions.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "AS", in radians; variance ``1/(4 n1) + 1/(4 n2)``, so that no cell of 0 needs help and
        tables without an event keep their place. Equals ``metafor::escalc(measure="AS")``.

    References
    ----------
    .. [1] Rücker G et al. (2009). Statistics in Medicine 28:721-738. https://doi.org/10.1002/sim.3511

    Examples
    --------
    >>> arcsine_difference(events1=0, n1=20, events2=4, n2=20)
    <EffectSizes: 1 of AS contrast, yi -0.464 (95 % CI -0.774 to -0.154)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    effect = np.arcsin(np.sqrt(table.a / table.n1)) - np.arcsin(np.sqrt(table.c / table.n2))
    variance = 1 / (4 * table.n1) + 1 / (4 * table.n2)
    return _contrast(table, direction(better) * effect, variance, "AS")


def peto_odds_ratio(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return Peto's one-step estimate of the log odds ratio.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "PETO", a natural logarithm: ``(O - E) / V`` with variance ``1 / V``, V hypergeometric. Good
        for rare events, arms of like size and small effects; biased otherwise. Equals
        ``metafor::escalc(measure="PETO")``. With ``to="none"`` cells of 0 are used as they are, as Peto
        meant, and only tables without an event, or with nothing else, in both arms give NaN.

    References
    ----------
    .. [1] Yusuf S et al. (1985). https://doi.org/10.1016/S0033-0620(85)80003-7
    .. [2] Cochrane Handbook, section 10.4.2. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> peto_odds_ratio(events1=1, n1=100, events2=4, n2=100)
    <EffectSizes: 1 of PETO contrast, yi -1.225 (95 % CI -2.996 to 0.546)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    a, n1s, c, n2s = table.a, table.n1, table.c, table.n2
    total, events, none = n1s + n2s, a + c, table.b + table.d
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = total**2 * (total - 1) / (n1s * n2s * events * none)
        effect = (a * n2s - c * n1s) / total * variance
    return _contrast(table, direction(better) * effect, variance, "PETO")


def phi_coefficient(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "none",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return the correlation of arm and event in a fourfold table.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "PHI", from -1 to 1. The variance is the delta method's for one sample of ``n1 + n2`` patients
        who fall into the four cells. Equals ``metafor::escalc(measure="PHI", vtype="LS")``. NaN if nobody, or
        everybody, had the event; a variance of 0 if the arm foretells the event without fail.

    References
    ----------
    .. [1] Yule GU (1912). https://doi.org/10.2307/2340126
    .. [2] Bishop YMM et al. (2007). Discrete multivariate analysis, chapter 11.
       https://doi.org/10.1007/978-0-387-72806-3

    Examples
    --------
    >>> phi_coefficient(events1=30, n1=50, events2=20, n2=50)
    <EffectSizes: 1 of PHI contrast, yi 0.200 (95 % CI 0.008 to 0.392)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    effect, variance = _phi(table)
    note = "Variances hold for one sample of all patients; arms of fixed size make them approximate."
    return _contrast(table, direction(better) * effect, variance, "PHI", notes=(note,))


def yule_q(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return Yule's coefficient of association Q.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "YUQ": ``(OR - 1) / (OR + 1)``, from -1 to 1; the variance ``(1 - Q^2)^2 / 4`` times
        ``1/a + 1/b + 1/c + 1/d``. Equals ``metafor::escalc(measure="YUQ")``. NaN where any cell is 0.

    References
    ----------
    .. [1] Yule GU (1912). https://doi.org/10.2307/2340126
    .. [2] Bonett DG, Price RM (2007). https://doi.org/10.1177/0049124106292358

    Examples
    --------
    >>> yule_q(events1=30, n1=50, events2=20, n2=50)
    <EffectSizes: 1 of YUQ contrast, yi 0.385 (95 % CI 0.044 to 0.726)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    effect, variance = _yule(table, root=1)
    return _contrast(table, direction(better) * effect, variance, "YUQ")


def yule_y(
    *,
    events1: npt.ArrayLike,
    n1: npt.ArrayLike,
    events2: npt.ArrayLike,
    n2: npt.ArrayLike,
    better: Better = "higher",
    to: ZeroCells = "only0",
    add: float = 0.5,
    drop00: bool = False,
) -> EffectSizes:
    """Return Yule's coefficient of colligation Y.

    Parameters
    ----------
    events1, n1 : array_like, shape (k,)
        Patients with the event, and all patients, of the arm that had the procedure.
    events2, n2 : array_like, shape (k,)
        The same for the comparator.
    better : {"lower", "higher"}, optional
        "higher" for responders; "lower" turns the sign, for events that nobody wants.
    to : {"only0", "all", "if0all", "none"}, optional
        To which tables `add` is given: those with a cell of 0; all; all if any has a cell of 0; none.
    add : float, optional
        What is added to each of the four cells.
    drop00 : bool, optional
        Whether tables without an event, or with nothing else, in both arms are left without an estimate.

    Returns
    -------
    EffectSizes
        Measure "YUY": ``(sqrt(OR) - 1) / (sqrt(OR) + 1)``, from -1 to 1; the variance ``(1 - Y^2)^2 / 16``
        times ``1/a + 1/b + 1/c + 1/d``. Equals ``metafor::escalc(measure="YUY")``. NaN where any cell is 0.

    References
    ----------
    .. [1] Yule GU (1912). https://doi.org/10.2307/2340126
    .. [2] Bonett DG, Price RM (2007). https://doi.org/10.1177/0049124106292358

    Examples
    --------
    >>> yule_y(events1=30, n1=50, events2=20, n2=50)
    <EffectSizes: 1 of YUY contrast, yi 0.200 (95 % CI 0.008 to 0.392)>
    """
    table = fourfold_tables(events1=events1, n1=n1, events2=events2, n2=n2, to=to, add=add, drop00=drop00)
    effect, variance = _yule(table, root=2)
    return _contrast(table, direction(better) * effect, variance, "YUY")


def proportion(
    *,
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    scale: Literal["raw", "log", "logit", "arcsine", "double_arcsine"] = "raw",
    to: ZeroCells | None = None,
    add: float = 0.5,
) -> EffectSizes:
    """Return the proportion of one group, on the scale on which it is to be pooled.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Patients with the event, and all patients.
    scale : {"raw", "log", "logit", "arcsine", "double_arcsine"}, optional
        A fraction, its logarithm, the logarithm of the odds, the arcsine of its square root, or the mean of
        two such arcsines (Freeman and Tukey).
    to : {"only0", "all", "if0all", "none"}, optional
        To which groups `add` is given: those without events, or with nothing else; all; all if there is such
        a group; none. Without it "none" for the arcsines and "only0" for the rest.
    add : float, optional
        What is added to the patients with and to those without the event.

    Returns
    -------
    EffectSizes
        Measure "PR", "PLN", "PLO", "PAS" or "PFT", a level and no effect. Equals ``metafor::escalc`` of that
        measure. The interval is Wald's on the scale; `wilson_interval` is better for one raw proportion.

    References
    ----------
    .. [1] Freeman MF, Tukey JW (1950). https://doi.org/10.1214/aoms/1177729756
    .. [2] Schwarzer G et al. (2019), on the double arcsine. https://doi.org/10.1002/jrsm.1348

    Examples
    --------
    >>> proportion(events=12, n=40, scale="logit")
    <EffectSizes: 1 of PLO, yi -0.847 (95 % CI -1.524 to -0.171)>
    """
    check_word("scale", scale, ("raw", "log", "logit", "arcsine", "double_arcsine"))
    count, size = aligned({"events": events, "n": n})
    check_n("n", size, least=1)
    check_events("events", count, size)
    rule: ZeroCells = ("none" if scale in {"arcsine", "double_arcsine"} else "only0") if to is None else to
    cells = fill_zero_cells((count, size - count), to=rule, add=add, rows="groups")
    x, rest = cells.counts
    total = np.atleast_1d(size) if cells.added is None else size + 2 * cells.added
    measure, effect, variance = _on_scale(x, rest, total, scale)
    return as_effects(cells, yi=effect, vi=variance, measure=measure, estimand="")


def _contrast(
    table: Tables,
    effect: FloatArray,
    variance: FloatArray,
    measure: str,
    *,
    limits: tuple[FloatArray, FloatArray] | None = None,
    without: BoolArray | None = None,
    notes: tuple[str, ...] = (),
) -> EffectSizes:
    return as_effects(
        table.cells,
        yi=effect,
        vi=variance,
        measure=measure,
        estimand="contrast",
        limits=limits,
        without=without,
        notes=notes,
    )


def _log_odds_ratio(table: Tables) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(table.a * table.d / (table.b * table.c))
        return effect, 1 / table.a + 1 / table.b + 1 / table.c + 1 / table.d


def _yule(table: Tables, *, root: int) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        same, other = table.a * table.d, table.b * table.c
        if root == 2:
            same, other = np.sqrt(same), np.sqrt(other)
        effect = (same - other) / (same + other)
        slope = same * other / (same + other) ** 2 * (2 / root)  # (1 - effect^2) / (2 root)
        return effect, slope**2 * (1 / table.a + 1 / table.b + 1 / table.c + 1 / table.d)


def _phi(table: Tables) -> tuple[FloatArray, FloatArray]:
    """Return the correlation, and the mean square of its influence function over the four cells."""
    a, b, c, d = table.a, table.b, table.c, table.d
    with np.errstate(divide="ignore", invalid="ignore"):
        total, odds_arm, odds_event = table.n1 + table.n2, table.n2 / table.n1, (b + d) / (a + c)
        product = np.sqrt(odds_arm * odds_event)  # of the two standard scores of cell a
        cross = np.sqrt(odds_arm / odds_event)  # of those of cell b, without its sign
        phi = (a * d - b * c) / np.sqrt(table.n1 * table.n2 * (a + c) * (b + d))
        influence = (
            (a, product - phi / 2 * (odds_arm + odds_event)),
            (b, -cross - phi / 2 * (odds_arm + 1 / odds_event)),
            (c, -1 / cross - phi / 2 * (1 / odds_arm + odds_event)),
            (d, 1 / product - phi / 2 * (1 / odds_arm + 1 / odds_event)),
        )
        variance = sum(count * value**2 for count, value in influence) / total**2
    certain = ((b == 0) & (c == 0)) | ((a == 0) & (d == 0))  # phi is -1 or 1, but for rounding
    return phi, np.where(certain & np.isfinite(phi), 0.0, variance)


def _difference_variance(table: Tables, kind: str, *, fill: bool) -> tuple[FloatArray, tuple[str, ...]]:
    """Return variances with the notes on them; NaN where an arm of one patient has none ("UB")."""
    check_word("variance", kind, ("LS", "UB", "AV"))
    if kind == "AV":
        return _pooled_variance(table, fill=fill)
    a, b, c, d, n1, n2 = table.a, table.b, table.c, table.d, table.n1, table.n2
    plain = a * b / n1**3 + c * d / n2**3
    filled = np.zeros(plain.shape, dtype=np.bool_) if not fill else plain == 0
    notes: tuple[str, ...] = (FILLED,) if filled.any() else ()
    less = 1 if kind == "UB" else 0
    if less:
        single = ((n1 == 1) | (n2 == 1)) & ~filled
        with np.errstate(divide="ignore", invalid="ignore"):
            plain = np.where(single, np.nan, a * b / n1**2 / (n1 - 1) + c * d / n2**2 / (n2 - 1))
        if single.any():
            tables = f"{np.count_nonzero(single)} of {single.size} tables"
            notes += (f'An arm of 1 patient has no variance "UB" in {tables}: {positions(single)}.',)
    q1, q2 = (a + 0.5) / (n1 + 1), (c + 0.5) / (n2 + 1)
    instead = q1 * (1 - q1) / (n1 + 1 - less) + q2 * (1 - q2) / (n2 + 1 - less)
    return np.where(filled, instead, plain), notes


def _pooled_variance(table: Tables, *, fill: bool) -> tuple[FloatArray, tuple[str, ...]]:
    kept = np.ones(table.n1.shape, dtype=np.bool_) if table.cells.dropped is None else ~table.cells.dropped
    note = f"Variances were taken with the proportions of {int(kept.sum())} tables together, by arm."
    plain = _pooled_part(table.a, table.n1, kept) + _pooled_part(table.c, table.n2, kept)
    if not fill or not (plain == 0).any():
        return plain, (note,)
    filled = _pooled_part(table.a + 0.5, table.n1 + 1, kept) + _pooled_part(table.c + 0.5, table.n2 + 1, kept)
    return filled, (note, FILLED)


def _pooled_part(events: FloatArray, n: FloatArray, kept: BoolArray) -> FloatArray:
    with np.errstate(invalid="ignore"):  # no table is left
        p = (events * kept).sum() / (n * kept).sum()
    return np.asarray(p * (1 - p) / n)


def _newcombe_limits(table: Tables, effect: FloatArray, sign: float) -> tuple[FloatArray, FloatArray]:
    p1, p2 = table.a / table.n1, table.c / table.n2
    low1, high1 = _score_limits(table.a, table.n1, LEVEL)
    low2, high2 = _score_limits(table.c, table.n2, LEVEL)
    down, up = np.hypot(p1 - low1, high2 - p2), np.hypot(high1 - p1, p2 - low2)
    below, above = (down, up) if sign > 0 else (up, down)
    return effect - below, effect + above


def _score_limits(count: FloatArray, size: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    z = t_quantile(p=(1 + level) / 2, df=np.inf)
    middle = 2 * count + z**2
    half = z * np.sqrt(z**2 + 4 * count * (size - count) / size)
    scale = 2 * (size + z**2)
    low = np.where(count == 0, 0.0, (middle - half) / scale)
    high = np.where(count == size, 1.0, (middle + half) / scale)
    return low, high


def _on_scale(
    x: FloatArray, rest: FloatArray, n: FloatArray, scale: str
) -> tuple[str, FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "raw":
            return "PR", x / n, x * rest / n**3
        if scale == "log":
            return "PLN", np.log(x / n), rest / (x * n)
        if scale == "logit":
            return "PLO", np.log(x / rest), 1 / x + 1 / rest
        if scale == "arcsine":
            return "PAS", np.arcsin(np.sqrt(x / n)), 1 / (4 * n)
        both = np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))
        return "PFT", both / 2, 1 / (4 * n + 2)
