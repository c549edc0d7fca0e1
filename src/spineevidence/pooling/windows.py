"""Studies pooled window by window: a cross-check of the joint model, and what is displayed beside it.

Each window is pooled by itself, by the model that its number of studies allows. As other studies may report
at other times, an effect that fades between windows may be a change of studies: the table names them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below, t_quantile
from spineevidence.errors import EstimandError, InputError
from spineevidence.formatting import count_of, html_table, interval, listed, number, time_in_words, trimmed
from spineevidence.formulas.arguments import checked_level
from spineevidence.pooling.admission import check_poolable
from spineevidence.pooling.fits import PREDICTABLE
from spineevidence.pooling.halfnormal import HalfNormalPool, pool_half_normal
from spineevidence.pooling.mixtures import freedom_of_tails
from spineevidence.pooling.pool import Pooled, pool
from spineevidence.stepwise import (
    CHANGE_STATES,
    STATES,
    State,
    StepwiseDuration,
    benefit_state,
    stepwise_duration,
)
from spineevidence.timing import WINDOWS, find_window

Model = Literal["one study", "half-normal", "REML"]

MANY = 5  # studies from which REML with Hartung-Knapp is used
SCALE = 0.3  # of the half-normal prior of tau, in SDs of scores
SENSITIVITY = 0.4
WIDER = SENSITIVITY / SCALE  # of a given scale that is itself wide
OVERLAP = 0.5  # share of studies in both of two windows, of those in either, below which they are another mix


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledWindow:
    """The studies of one follow-up window as one estimate.

    Attributes
    ----------
    window : str
        Label of the window; "" where the effects carry no times.
    months : float or None
        Its nominal time.
    k : int
        Studies.
    studies : tuple of str
        Their names; empty where the effects carry none.
    n : int or None
        Participants analysed, where every study says.
    estimate, ci_low, ci_high : float
        The effect: the study's own (k = 1), the posterior median (k = 2 to 4) or the mean by REML (k >= 5),
        with the interval of the same model.
    pi_low, pi_high : float or None
        Interval of the true effect in a new study, of the same model, from three studies on; rough below
        five.
    model : {"one study", "half-normal", "REML"}
        The model used.
    df : float
        Degrees of freedom of the interval; infinity for the half-normal model, which has none.
    tau : float or None
        Standard deviation between studies: posterior median, or by REML; None for one study.
    q, i2 : float or None
        Cochran's Q, and ``max(0, (Q - df) / Q)`` in percent; None for one study.
    level : float
        Coverage of the intervals.
    reml, reml_knha : Pooled or None
        REML with the Hartung-Knapp factor floored at 1 and without floor, whatever was used; None for one
        study.
    half_normal, sensitivity : HalfNormalPool or None
        The half-normal model with the scale asked for, and with a wider one (0.4 of the SD of scores, or 4/3
        of a scale that is itself wider than 0.3), likewise.
    effects : EffectSizes, shape (k,)
        What was pooled, with its lineage.
    notes : tuple of str
        What a reader must know.
    """

    window: str
    months: float | None
    k: int
    studies: tuple[str, ...]
    n: int | None
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None
    model: Model
    df: float
    tau: float | None
    q: float | None
    i2: float | None
    level: float
    reml: Pooled | None
    reml_knha: Pooled | None
    half_normal: HalfNormalPool | None
    sensitivity: HalfNormalPool | None
    effects: EffectSizes
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        where = f"{self.window}, " if self.window else ""
        limits = interval(self.ci_low, self.ci_high, 3)
        return (
            f"<PooledWindow: {where}k {self.k}, {number(self.estimate, 3)} "
            f"({trimmed(100 * self.level)} % interval {limits}), {self.model}>"
        )

    def _repr_html_(self) -> str:
        return notes_below(html_table("Pooled studies", HEADS, [_cells(self)]), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded.

        Returns
        -------
        DataFrame
            One row, with the columns of `PooledWindows.to_frame` but ``state``.
        """
        return pd.DataFrame([_row(self)])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledWindows:
    """The studies of every follow-up window, pooled window by window.

    Attributes
    ----------
    windows : tuple of PooledWindow
        In order of time; only windows with a study.
    states : tuple of str
        What each interval says about benefit; see `spineevidence.stepwise.STATES`.
    duration : StepwiseDuration
        The step-by-step rule over the windows, at their nominal times.
    sd_rep : float
        Standard deviation of scores, in units of the effects.
    delta : float
        Smallest difference between groups that matters.
    level : float
        Coverage of the intervals.
    measure, estimand : str
        Of the effects.
    notes : tuple of str
        What a reader must know.
    """

    windows: tuple[PooledWindow, ...]
    states: tuple[State, ...]
    duration: StepwiseDuration
    sd_rep: float
    delta: float
    level: float
    measure: str
    estimand: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        studies = len({study for window in self.windows for study in window.studies})
        until, since = self.duration.shown_until, self.duration.important_excluded_from
        return (
            f"<PooledWindows: {count_of(len(self.windows), 'window')}, "
            f"{count_of(studies, 'study', 'studies')}, benefit shown until {_when(until)}, important benefit "
            f"excluded from {_when(since)}, last follow-up {time_in_words(self.duration.horizon)}>"
        )

    def _repr_html_(self) -> str:
        words = CHANGE_STATES if self.estimand == "change" else STATES
        rows = [
            (*_cells(window), words[state]) for window, state in zip(self.windows, self.states, strict=True)
        ]
        of = " ".join(word for word in (self.measure, self.estimand) if word)
        caption = f"Pooled window by window{': ' + of if of else ''}"
        return notes_below(html_table(caption, (*HEADS, "What it says"), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the windows, unrounded.

        Returns
        -------
        DataFrame
            A row per window: ``window``, ``months``, ``k``, ``studies`` (joined by ";"), ``n``, ``estimate``,
            ``ci_low``, ``ci_high``, ``pi_low``, ``pi_high``, ``model``, ``tau``, ``q``, ``i2`` and ``state``.
        """
        return pd.DataFrame(
            [
                {**_row(window), "state": state}
                for window, state in zip(self.windows, self.states, strict=True)
            ]
        )

    def mix(self) -> pd.DataFrame:
        """Return which study is in which window.

        Returns
        -------
        DataFrame
            A row per study, a column per window: True where the study reports then.
        """
        names = sorted({study for window in self.windows for study in window.studies})
        columns = {window.window: [name in window.studies for name in names] for window in self.windows}
        return pd.DataFrame(columns, index=pd.Index(names, name="study_id"))


def pool_window(
    effects: EffectSizes, *, sd_rep: float, scale: float = SCALE, level: float = LEVEL
) -> PooledWindow:
    """Return the studies of one window pooled by the model that their number allows.

    One study speaks for itself, by its own interval. Two to four are pooled by the half-normal model, because
    the interval of Hartung and Knapp then is too wide to say anything; from five on by REML with
    Hartung and Knapp's interval, whose factor is floored at 1.

    Parameters
    ----------
    effects : EffectSizes, shape (k,)
        One effect per study, of one window.
    sd_rep : float
        A representative standard deviation of scores, in units of the effects (pain from 0 to 10: 2.5; 1 for
        standardised differences).
    scale : float, optional
        Of the half-normal prior of tau, in units of `sd_rep`.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    PooledWindow
        The estimate, its intervals and the model, with the other models beside it.

    Raises
    ------
    InputError
        If there is no effect, several of one study or of several windows, one without a variance, or a
        number is out of range.

    References
    ----------
    .. [1] Röver C, Knapp G, Friede T (2015), the floor of Hartung and Knapp's factor.
       https://doi.org/10.1186/s12874-015-0091-1
    .. [2] Röver C et al. (2021), weakly informative priors for few studies. https://doi.org/10.1002/jrsm.1475
    .. [3] Higgins JPT, Thompson SG, Spiegelhalter DJ (2009), prediction intervals.
       https://doi.org/10.1111/j.1467-985X.2008.00552.x

    Examples
    --------
    >>> pool_window(EffectSizes(yi=[1.96, 0.81], vi=[0.217, 0.153]), sd_rep=2.5)
    <PooledWindow: k 2, 1.332 (95 % interval 0.100 to 2.634), half-normal>
    """
    for name, value in (("sd_rep", sd_rep), ("scale", scale)):
        if not isinstance(value, int | float) or not (value > 0 and math.isfinite(value)):
            raise InputError(f"{name} must be above 0; found {value}; pain from 0 to 10 has an SD near 2.5")
    checked_level(level)
    check_poolable(effects)
    labels = list(dict.fromkeys(effect.window for effect in effects.lineage))
    if len(labels) > 1:
        raise InputError(f"effects of one window are needed; found {listed(labels)}; use pool_windows")
    if len(effects) == 1:
        return _one_study(effects, level)
    return _several(
        effects, prior=scale * sd_rep, wider=max(SENSITIVITY, WIDER * scale) * sd_rep, level=level
    )


def pool_windows(
    effects: EffectSizes, *, sd_rep: float, delta: float, scale: float = SCALE, level: float = LEVEL
) -> PooledWindows:
    """Return the studies of every window pooled, the state of each interval, and the duration over windows.

    A cross-check and a display beside the joint model of all windows: a different mix of studies in early and
    late windows can look like an effect that fades.

    Parameters
    ----------
    effects : EffectSizes, shape (k,)
        Effects with lineage, of any number of studies and visits, on one scale and benefit-positive. Of
        several visits of a study in a window the one nearest to its nominal time speaks.
    sd_rep : float
        A representative standard deviation of scores, in units of the effects.
    delta : float
        Smallest difference between groups that matters, in the same units, above 0.
    scale : float, optional
        Of the half-normal prior of tau, in units of `sd_rep`.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    PooledWindows
        A window with k, names of studies, estimate, intervals, model and state each; and the duration.

    Raises
    ------
    InputError
        If the effects carry no times, none lies in a window, they are of several scales, or a number is out
        of range.

    Notes
    -----
    The step-by-step rule takes each window at its nominal time, or at the last visit of all if that is
    earlier. For its Bonferroni step the half-normal model gives its own quantile. ``MIX`` stands in the notes
    if the windows between which benefit is lost (else the first and the last of the run) share less than half
    of the studies that are in either.

    Examples
    --------
    >>> from spineevidence import effect_sizes, load_evidence
    >>> effects = effect_sizes(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> pooled = pool_windows(effects, sd_rep=2.5, delta=1.0)
    >>> pooled.to_frame()[["window", "k", "model", "state"]].head(3)
      window  k      model                 state
    0  <=2wk  1  one study          inconclusive
    1    1mo  1  one study  no_important_benefit
    2    3mo  1  one study          inconclusive
    """
    if len(effects) and not effects.lineage:
        raise InputError("these effects carry no times; make them with effect_sizes(evidence, ...)")
    scales = list(dict.fromkeys(effect.curve for effect in effects.lineage))
    if len(scales) > 1:
        raise InputError(f"effects on one scale are needed; found {listed(scales)}; choose one")
    if len({bool(effect.versus) for effect in effects.lineage}) > 1:
        raise EstimandError(
            "contrasts between arms and changes within one group cannot be pooled; pool each by itself"
        )
    estimable = effects.estimable()
    windows = tuple(
        pool_window(there, sd_rep=sd_rep, scale=scale, level=level)
        for there in (estimable.at(window.label) for window in WINDOWS)
        if len(there)
    )
    if not windows:
        raise InputError("no effect lies in a follow-up window; give effects with times after 0")
    states = benefit_state(
        ci_low=[window.ci_low for window in windows],
        ci_high=[window.ci_high for window in windows],
        delta=delta,
    )
    duration = stepwise_duration(
        months=_times(windows, estimable),
        estimate=[window.estimate for window in windows],
        ci_low=[window.ci_low for window in windows],
        ci_high=[window.ci_high for window in windows],
        df=[_freedom(window, len(windows)) for window in windows],
        delta=delta,
        level=level,
    )
    return PooledWindows(
        windows=windows,
        states=states,
        duration=duration,
        sd_rep=float(sd_rep),
        delta=float(delta),
        level=float(level),
        measure=effects.measure,
        estimand=effects.estimand,
        notes=_all_notes(estimable, windows, states, duration),
    )


def _one_study(effects: EffectSizes, level: float) -> PooledWindow:
    estimate, df = float(effects.yi[0]), float(effects.df[0])
    low, high = float(effects.ci_low[0]), float(effects.ci_high[0])
    notes: tuple[str, ...] = ("ONE_STUDY: the study's own interval; other studies may differ.",)
    if level != LEVEL:
        half = float(t_quantile(p=(1 + level) / 2, df=df) * effects.sei[0])
        low, high = estimate - half, estimate + half
        notes = (*notes, "Its interval is made from the standard error, as reports print 95 %.")
    label, months, studies, n = _who(effects)
    return PooledWindow(
        window=label,
        months=months,
        k=1,
        studies=studies,
        n=n,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        pi_low=None,
        pi_high=None,
        model="one study",
        df=df,
        tau=None,
        q=None,
        i2=None,
        level=float(level),
        reml=None,
        reml_knha=None,
        half_normal=None,
        sensitivity=None,
        effects=effects,
        notes=notes,
    )


def _several(effects: EffectSizes, *, prior: float, wider: float, level: float) -> PooledWindow:
    k = len(effects)
    reml = pool(effects, method="REML", test="adhoc", level=level)
    bare = pool(effects, method="REML", test="knha", level=level)
    weak = pool_half_normal(effects, scale=prior, level=level)
    many = k >= MANY
    used = reml if many else weak
    label, months, studies, n = _who(effects)
    tau = math.sqrt(reml.tau2)
    predictable = k >= PREDICTABLE
    return PooledWindow(
        window=label,
        months=months,
        k=k,
        studies=studies,
        n=n,
        estimate=reml.b if many else weak.median,
        ci_low=used.ci_low,
        ci_high=used.ci_high,
        pi_low=used.pi_low if predictable else None,
        pi_high=used.pi_high if predictable else None,
        model="REML" if many else "half-normal",
        df=float(k - 1) if many else math.inf,
        tau=tau if many else weak.tau_median,
        q=reml.q,
        i2=reml.i2_q,
        level=float(level),
        reml=reml,
        reml_knha=bare,
        half_normal=weak,
        sensitivity=pool_half_normal(effects, scale=wider, level=level),
        effects=effects,
        notes=_window_notes(k, tau, prior),
    )


def _window_notes(k: int, tau: float, prior: float) -> tuple[str, ...]:
    notes = []
    if PREDICTABLE <= k < MANY:
        notes.append(f"The prediction interval of {k} studies is rough.")
    if k < MANY and tau > prior:
        notes.append(
            f"PRIOR_CONFLICT: tau by REML is {number(tau, 2)}, above the scale of the prior, "
            f"{number(prior, 2)}; see `sensitivity`, with the wider one."
        )
    return tuple(notes)


def _who(effects: EffectSizes) -> tuple[str, float | None, tuple[str, ...], int | None]:
    """Return label and nominal time of the window, its studies and their participants."""
    if not effects.lineage:
        return "", None, (), None
    label = effects.lineage[0].window
    sizes = [effect.n for effect in effects.lineage]
    known = [size for size in sizes if size is not None]
    n = sum(known) if len(known) == len(sizes) else None
    months = find_window(label).nominal if label else None
    return label, months, tuple(effect.study_id for effect in effects.lineage), n


def _times(windows: Sequence[PooledWindow], effects: EffectSizes) -> list[float]:
    """Return the nominal times, the last not after the last visit: nothing is said beyond it."""
    last = max(effect.months for effect in effects.lineage if effect.window)
    return [min(find_window(window.window).nominal, last) for window in windows]


def _freedom(window: PooledWindow, count: int) -> float:
    """Return degrees of freedom that give the model's own lower limit at the level of Bonferroni."""
    weak = window.half_normal
    if window.model != "half-normal" or weak is None or count == 1:
        return window.df
    tail = (1 - window.level) / 2
    stretch = (weak.median - weak.quantile(tail / count)) / (weak.median - weak.ci_low)
    return freedom_of_tails(stretch=stretch, tail=tail, count=count)


def _all_notes(
    effects: EffectSizes,
    windows: Sequence[PooledWindow],
    states: Sequence[State],
    duration: StepwiseDuration,
) -> tuple[str, ...]:
    notes = [*effects.notes]
    if effects.estimand == "change":
        notes.append("CHANGE_ONLY: changes within groups, which no comparator tells from the natural course.")
    outside = sum(not effect.window for effect in effects.lineage)
    if outside:
        notes.append(f"{count_of(outside, 'effect')} at a time outside every window left out.")
    per_study = Counter((effect.study_id, effect.window) for effect in effects.lineage if effect.window)
    further = sum(count - 1 for count in per_study.values())
    if further:
        notes.append(f"{count_of(further, 'effect')} left out: the study speaks once in each window.")
    said: dict[str, list[str]] = {}
    for window in windows:
        for note in window.notes:
            said.setdefault(note, []).append(window.window)
    notes += [f"{listed(labels)}: {note}" for note, labels in said.items()]
    words = CHANGE_STATES if effects.estimand == "change" else STATES
    notes += _fragile(windows, states, duration.delta, words)
    names = [(window.window, window.studies) for window in windows]
    notes += [*duration.notes, *mix_note(dict(zip(duration.months, names, strict=True)), duration)]
    return tuple(notes)


def _fragile(
    windows: Sequence[PooledWindow], states: Sequence[State], delta: float, words: Mapping[str, str]
) -> list[str]:
    notes = []
    for window, state in zip(windows, states, strict=True):
        wide = window.sensitivity
        if window.model != "half-normal" or wide is None:
            continue
        other = benefit_state(ci_low=wide.ci_low, ci_high=wide.ci_high, delta=delta)
        if other != state:
            notes.append(
                f"FRAGILE_PRIOR: {window.window}: with scale {trimmed(wide.scale)} of the prior the interval "
                f"is {interval(wide.ci_low, wide.ci_high, 2)} ({words[other]})."
            )
    return notes


def mix_note(at: Mapping[float, tuple[str, tuple[str, ...]]], duration: StepwiseDuration) -> list[str]:
    """Return a warning if two windows that are compared rest on other studies.

    Parameters
    ----------
    at : mapping of float to (str, tuple of str)
        By the times of the duration: label of the window and its studies.
    duration : StepwiseDuration
        Over these windows.

    Returns
    -------
    list of str
        One note, or none.
    """
    first = duration.anchor if duration.shown_until is None else duration.shown_until
    last = duration.horizon if duration.important_excluded_from is None else duration.important_excluded_from
    (early, before), (late, after) = at[min(first, last)], at[max(first, last)]
    shared = set(before) & set(after)
    if len(shared) / len(set(before) | set(after)) >= OVERLAP:
        return []
    return [
        f"MIX: {early} ({listed(before)}) and {late} ({listed(after)}) share "
        f"{count_of(len(shared), 'study', 'studies')}; compare them within studies, not here."
    ]


HEADS = ("Window", "Studies", "n", "Effect", "New study", "Model")


def _cells(window: PooledWindow) -> tuple[str, ...]:
    names = f"{window.k}: {', '.join(window.studies)}" if window.studies else str(window.k)
    new = ""
    if window.pi_low is not None and window.pi_high is not None:
        rough = " (rough)" if window.k < MANY else ""
        new = f"{interval(window.pi_low, window.pi_high, 2)}{rough}"
    effect = f"{number(window.estimate, 2)} ({interval(window.ci_low, window.ci_high, 2)})"
    size = "not said" if window.n is None else str(window.n)
    return (window.window or "all", names, size, effect, new or "not given", window.model)


def _row(window: PooledWindow) -> dict[str, object]:
    return {
        "window": window.window,
        "months": np.nan if window.months is None else window.months,
        "k": window.k,
        "studies": ";".join(window.studies),
        "n": pd.NA if window.n is None else window.n,
        "estimate": window.estimate,
        "ci_low": window.ci_low,
        "ci_high": window.ci_high,
        "pi_low": np.nan if window.pi_low is None else window.pi_low,
        "pi_high": np.nan if window.pi_high is None else window.pi_high,
        "model": window.model,
        "tau": np.nan if window.tau is None else window.tau,
        "q": np.nan if window.q is None else window.q,
        "i2": np.nan if window.i2 is None else window.i2,
    }


def _when(months: float | None) -> str:
    return "no window" if months is None else time_in_words(months)
