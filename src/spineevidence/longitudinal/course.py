"""`pool_over_time`: several studies at several visits as one course of the effect, inside its horizon."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spineevidence.curves import SD_REP, SD_REP_OF_KIND
from spineevidence.effectsizes import LEVEL, EffectSizes, notes_below, t_quantile
from spineevidence.errors import EstimandError, InputError
from spineevidence.formatting import count_of, html_table, interval, listed, number, time_in_words, trimmed
from spineevidence.formulas.arguments import check_word, checked_level
from spineevidence.longitudinal.engines import (
    ENGINES,
    Engine,
    Estimates,
    Fit,
    RestrictedFit,
    cluster_robust,
    fitted,
)
from spineevidence.longitudinal.restricted import restricted_maximum
from spineevidence.longitudinal.robust import FEW, ROUNDING, UNBIASED
from spineevidence.longitudinal.trend import Crossing, Decline, crossing, decline_within
from spineevidence.longitudinal.workingmodel import Places, WorkingModel, working_model
from spineevidence.pooling.mixtures import freedom_of_tails
from spineevidence.pooling.windows import mix_note
from spineevidence.stepwise import (
    CHANGE_STATES,
    STATES,
    State,
    StepwiseDuration,
    benefit_state,
    stepwise_duration,
)
from spineevidence.timing import LIMIT_SLACK, WINDOWS, FloatArray, find_window, window_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RHO = 0.7  # correlation of sampling errors for a doubling of time
OTHER_RHO = (0.5, 0.9)
SCALE = 0.3  # of the half-normal prior of tau, in SDs of scores
WIDER_SCALE = 0.4
OMEGA_SCALE = 0.12
MANY = 8  # studies from which REML is used
CURVE_WINDOWS = 3  # distinct windows that a curve needs
MISFIT = 0.5  # of delta: a window further from the curve than that tells the curve to be wrong
SUPPORT_STUDIES = 2
SUPPORT_PARTICIPANTS = 100


@dataclass(frozen=True, slots=True)
class CourseWindow:
    """The effect in one follow-up window, by the joint model of all windows.

    Attributes
    ----------
    window : str
        Its label.
    months : float
        The time it stands for: the nominal time or, if that is later, the last visit of all.
    k : int
        Studies with a visit in it.
    studies : tuple of str
        Their names.
    n : int or None
        Participants analysed, where every study says.
    estimate, ci_low, ci_high : float
        Mean effect and its interval.
    pi_low, pi_high : float
        Interval of the true effect in a new study.
    alternatives : tuple of (str, float, float)
        Intervals under other assumptions, each with its name.
    """

    window: str
    months: float
    k: int
    studies: tuple[str, ...]
    n: int | None
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float
    alternatives: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True, repr=False)
class CourseDuration:
    """How long a course of effects shows a benefit, against one threshold.

    Attributes
    ----------
    delta : float
        Smallest difference that matters, in the units of the effects.
    steps : StepwiseDuration
        The two runs over the windows; where a state is fragile, on the widest of its intervals.
    states : tuple of (window, state)
        As used.
    fragile : tuple of str
        Windows whose state depends on an assumption.
    new_setting : StepwiseDuration
        The same runs on the intervals of a new study.
    crossing : Crossing or None
        When the curve falls below the threshold; None where there is no curve, or it does not fit.
    notes : tuple of str
        Warnings, each with its keyword.
    """

    delta: float
    steps: StepwiseDuration
    states: tuple[tuple[str, State], ...]
    fragile: tuple[str, ...]
    new_setting: StepwiseDuration
    crossing: Crossing | None
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        fragile = f", fragile at {listed(self.fragile)}" if self.fragile else ""
        return f"<CourseDuration: delta {trimmed(self.delta, 3)}, {self.steps.code}{fragile}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TimeCourse:
    """The course of an effect over time, by the joint model of several studies.

    Attributes
    ----------
    windows : tuple of CourseWindow
        In order of time.
    engine : {"half-normal", "REML"}
        How the model was fitted.
    k : int
        Studies.
    tau, omega : float
        Standard deviations between studies, and between the visits of a study, in units of the effects.
    rho : float
        Assumed correlation of the sampling errors of two visits, one twice as late as the other.
    scales : tuple of float
        Of the half-normal priors of tau and omega.
    sd_rep : float
        A representative standard deviation of scores.
    start, horizon : float
        First and last visit, in months. Nothing is said before and beyond.
    support_horizon : float or None
        Time of the last window with two studies or 100 participants.
    decline : Decline or None
        Change per doubling of time within studies.
    line : Fit or None
        The curve ``b0 + b1 log2 t``, for its crossing and for drawing only.
    effects : EffectSizes
        One effect per study and window: what went in.
    level : float
        Coverage of the intervals.
    measure, estimand : str
        Of the effects: contrast or change, never both.
    freedom : tuple of float
        Degrees of freedom of each window's interval; with priors those of the t distribution that comes
        nearest.
    notes : tuple of str
        What a reader must know.
    """

    windows: tuple[CourseWindow, ...]
    engine: Engine
    k: int
    tau: float
    omega: float
    rho: float
    scales: tuple[float, float]
    sd_rep: float
    start: float
    horizon: float
    support_horizon: float | None
    decline: Decline | None
    line: Fit | None
    effects: EffectSizes
    level: float
    measure: str
    estimand: str
    freedom: tuple[float, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<TimeCourse: {self._of()}{count_of(self.k, 'study', 'studies')}, "
            f"{count_of(len(self.windows), 'window')}, {self.engine}, horizon {time_in_words(self.horizon)}>"
        )

    def _repr_html_(self) -> str:
        share = trimmed(100 * self.level)
        rows = [
            (
                time_in_words(window.months),
                f"{window.k}: {', '.join(window.studies)}",
                "not said" if window.n is None else str(window.n),
                f"{number(window.estimate, 2)} ({interval(window.ci_low, window.ci_high, 2)})",
                interval(window.pi_low, window.pi_high, 2),
            )
            for window in self.windows
        ]
        caption = f"Course of the {self._what()} over time: {self._of()}{self.engine}"
        head = ("Time", "Studies", "n", f"Mean ({share} % interval)", "New study")
        return notes_below(html_table(caption, head, rows), self.notes)

    def _of(self) -> str:
        words = " ".join(word for word in (self.measure, self.estimand) if word)
        return f"{words}, " if words else ""

    def _what(self) -> str:
        return "change" if self.estimand == "change" else "effect"

    def to_frame(self) -> pd.DataFrame:
        """Return the windows, unrounded.

        Returns
        -------
        DataFrame
            A row per window: ``window``, ``months``, ``k``, ``studies`` (joined by ";"), ``n``, ``estimate``,
            ``ci_low``, ``ci_high``, ``pi_low``, ``pi_high``, and limits under other assumptions in pairs of
            columns such as ``"rho 0.5 low"`` and ``"rho 0.5 high"``.
        """
        return pd.DataFrame(
            [
                {
                    "window": window.window,
                    "months": window.months,
                    "k": window.k,
                    "studies": ";".join(window.studies),
                    "n": pd.NA if window.n is None else window.n,
                    "estimate": window.estimate,
                    "ci_low": window.ci_low,
                    "ci_high": window.ci_high,
                    "pi_low": window.pi_low,
                    "pi_high": window.pi_high,
                }
                | {f"{name} low": low for name, low, _ in window.alternatives}
                | {f"{name} high": high for name, _, high in window.alternatives}
                for window in self.windows
            ]
        )

    def sensitivity(self) -> pd.DataFrame:
        """Return the windows under every assumption, fitted anew.

        Returns
        -------
        DataFrame
            A row per window and assumption: ``window``, ``months``, ``k``, ``assumption``, ``estimate``,
            ``ci_low``, ``ci_high``, ``df`` (missing with priors) and ``note``. The assumptions are "main",
            "rho 0.5", "rho 0.9", with priors a wider one of tau (such as "scale 1"), and with REML the priors
            ("half-normal") and cluster-robust standard errors ("CR2", Satterthwaite's degrees of freedom).

        Notes
        -----
        States and durations do not use it, but for the intervals that stand in `CourseWindow.alternatives`.
        CR2 needs no right covariance within studies, but studies: with fewer than 4 degrees of freedom, or
        where one study tells much of a window, its row has a note and is no main result.

        References
        ----------
        .. [1] Pustejovsky JE, Tipton E (2022). https://doi.org/10.1007/s11121-021-01246-3
        .. [2] Tipton E (2015). https://doi.org/10.1037/met0000011

        Examples
        --------
        >>> from spineevidence import effect_sizes, load_evidence
        >>> effects = effect_sizes(
        ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
        >>> pool_over_time(effects).sensitivity()[["window", "assumption", "estimate"]].round(2).tail(2)
           window assumption  estimate
        18   24mo    rho 0.9      1.47
        19   24mo    scale 1      1.41
        """
        rows = _rows(self.effects)
        setting = _Setting(self.engine, self.rho, self.scales, self.sd_rep, self.level)
        assumed = list(_assumed(rows, setting))
        return pd.DataFrame(
            [
                {
                    "window": window.window,
                    "months": window.months,
                    "k": window.k,
                    "assumption": one.name,
                    "estimate": float(one.estimate[place]),
                    "ci_low": float(one.low[place]),
                    "ci_high": float(one.high[place]),
                    "df": pd.NA if one.df is None else float(one.df[place]),
                    "note": one.notes[place],
                }
                for place, window in enumerate(self.windows)
                for one in assumed
            ]
        ).astype({"df": "Float64"})

    def effect_at(self, months: float) -> CourseWindow:
        """Return the effect at a time: that of the window in which it lies, never one read off a curve.

        Parameters
        ----------
        months : float
            Between the first and the last visit.

        Returns
        -------
        CourseWindow
            Estimate, interval and studies.

        Raises
        ------
        InputError
            If the time lies beyond the horizon or before the first visit, or no study has a visit in its
            window: nothing is extrapolated, and nothing is filled in.
        """
        known = listed([time_in_words(window.months) for window in self.windows])
        if not math.isfinite(months) or months > self.horizon * (1 + LIMIT_SLACK):
            raise InputError(
                f"nothing is known at {trimmed(months, 2)} months: the last visit is at "
                f"{time_in_words(self.horizon)}; ask for {known}"
            )
        place = window_of(months)
        found = [window for window in self.windows if place is not None and window.window == place.label]
        if not found:
            raise InputError(f"no study has a visit near {trimmed(months, 2)} months; ask for {known}")
        return found[0]

    def fragile(self, delta: float) -> tuple[str, ...]:
        """Return the labels of the windows whose state depends on an assumption."""
        return tuple(window.window for window in self.windows if len(set(_states_of(window, delta))) > 1)

    def limits(self, label: str, delta: float) -> tuple[float, float, float]:
        """Return estimate and interval of a window as they are judged: the widest one if it is fragile.

        Parameters
        ----------
        label : str
            A window with a study.
        delta : float
            Smallest difference that matters, in the units of the effects, above 0.

        Raises
        ------
        InputError
            If no study has a visit in the window.
        """
        for window in self.windows:
            if window.window == label:
                fragile = len(set(_states_of(window, delta))) > 1
                low, high = _widest(window) if fragile else (window.ci_low, window.ci_high)
                return window.estimate, low, high
        known = listed([window.window for window in self.windows])
        raise InputError(f'no study has a visit in the window "{label}"; ask for {known}')

    def duration(self, delta: float) -> CourseDuration:
        """Return how long a benefit is shown, and from when one of size `delta` is excluded.

        Parameters
        ----------
        delta : float
            Smallest difference that matters, in the units of the effects, above 0.

        Returns
        -------
        CourseDuration
            Over the windows, with the states that depend on assumptions named.

        Notes
        -----
        A window whose state changes with rho (0.5 and 0.9), or with the wider prior, is fragile: its widest
        interval is used.
        """
        fragile = self.fragile(delta)
        used = [
            _widest(window) if window.window in fragile else (window.ci_low, window.ci_high)
            for window in self.windows
        ]
        steps = self._steps(delta, used)
        fresh = self._steps(delta, [(window.pi_low, window.pi_high) for window in self.windows])
        found, why = self._crossing(delta)
        return CourseDuration(
            delta=float(delta),
            steps=steps,
            states=tuple(
                (window.window, state) for window, state in zip(self.windows, steps.states, strict=True)
            ),
            fragile=fragile,
            new_setting=fresh,
            crossing=found,
            notes=(
                *self._fragile_notes(fragile, delta),
                *why,
                *steps.notes,
                *mix_note({window.months: (window.window, window.studies) for window in self.windows}, steps),
            ),
        )

    def months_until(self, delta: float) -> Crossing | None:
        """Return when the curve falls below a threshold, with its interval, within the observed times.

        Parameters
        ----------
        delta : float
            In units of the effects.

        Returns
        -------
        Crossing or None
            None where there is no curve (fewer than three windows) or it misfits a window by more than half
            of `delta`; `duration` says which.
        """
        return self._crossing(delta)[0]

    def plot(self, *, delta: float | None = None, ax: Axes | None = None) -> Axes:
        """Draw the course; `spineevidence.time_course_plot` has all options.

        Parameters
        ----------
        delta : float, optional
            Smallest difference that matters, in the units of the effects; without it windows are not judged.
        ax : Axes, optional
            Where to draw. Without it a figure is made.

        Returns
        -------
        Axes
            The panel.
        """
        from spineevidence.plots.timecourse import time_course_plot

        return time_course_plot(self, delta=delta, ax=ax)

    def _crossing(self, delta: float) -> tuple[Crossing | None, tuple[str, ...]]:
        if self.line is None:
            return None, (f"No curve: {CURVE_WINDOWS} windows of two studies are needed.",)
        observed = [window for window in self.windows if self.start <= window.months]
        middle, _, _ = self.line.band(np.log2([window.months for window in observed]))
        off = np.abs(np.array([window.estimate for window in observed]) - middle)
        if off.max() > MISFIT * delta:
            where = time_in_words(observed[int(off.argmax())].months)
            gap = number(float(off.max()), 2)
            return None, (f"CURVE_MISFIT: at {where} the curve is {gap} off; no time is read off it.",)
        found = crossing(self.line.band, threshold=delta, start=self.start, horizon=self.horizon)
        return found, ()

    def _steps(self, delta: float, limits: Sequence[tuple[float, float]]) -> StepwiseDuration:
        return stepwise_duration(
            months=[window.months for window in self.windows],
            estimate=[window.estimate for window in self.windows],
            ci_low=[low for low, _ in limits],
            ci_high=[high for _, high in limits],
            df=self.freedom,
            delta=delta,
            level=self.level,
        )

    def _fragile_notes(self, fragile: Sequence[str], delta: float) -> Iterator[str]:
        words = CHANGE_STATES if self.estimand == "change" else STATES
        for window in self.windows:
            if window.window in fragile:
                own = _states_of(window, delta)
                others = [
                    f"{name}: {words[state]}"
                    for (name, _, _), state in zip(window.alternatives, own[1:], strict=True)
                    if state != own[0]
                ]
                kind = "FRAGILE_RHO" if any(name.startswith("rho") for name in others) else "FRAGILE_PRIOR"
                yield (
                    f"{kind}: {window.window}: {words[own[0]]}; with {listed(others)}; the widest interval "
                    "is used."
                )


def _states_of(window: CourseWindow, delta: float) -> tuple[State, ...]:
    return (
        benefit_state(ci_low=window.ci_low, ci_high=window.ci_high, delta=delta),
        *(benefit_state(ci_low=low, ci_high=high, delta=delta) for _, low, high in window.alternatives),
    )


def _widest(window: CourseWindow) -> tuple[float, float]:
    choices = [(window.ci_low, window.ci_high), *((low, high) for _, low, high in window.alternatives)]
    holding = [limits for limits in choices if limits[0] <= window.estimate <= limits[1]]
    return max(holding, key=lambda limits: limits[1] - limits[0])


def pool_over_time(
    effects: EffectSizes,
    *,
    engine: Engine | None = None,
    rho: float = RHO,
    sd_rep: float | None = None,
    scale: float = SCALE,
    level: float = LEVEL,
) -> TimeCourse:
    """Return several studies at several visits as one course of the effect.

    All windows are estimated together, so that a study that reports early and late ties them: another mix of
    studies in late windows does not look like an effect that fades.

    Parameters
    ----------
    effects : EffectSizes, shape (N,)
        With lineage, on one scale: contrasts or changes, never both. In each window a study speaks once.
    engine : {"half-normal", "REML"}, optional
        Half-normal priors of both standard deviations, by quadrature, or restricted likelihood with
        t(k - 1); by default half-normal for up to 7 studies.
    rho : float, optional
        Correlation of the sampling errors of two visits of which one is twice as late, from 0 to below 1.
    sd_rep : float, optional
        A representative standard deviation of scores in the units of the effects; known for pain 0-10 (2.5),
        ODI (16), RMDQ (5.5), risk differences (0.5) and standardised differences (1).
    scale : float, optional
        Of the half-normal prior of tau, in units of `sd_rep`; that of omega is 0.12.
    level : float, optional
        Coverage of the intervals.

    Returns
    -------
    TimeCourse
        Effects by window, durations for any threshold, decline within studies, and the horizon.

    Raises
    ------
    InputError
        If there is no effect in a window, the effects are of several scales, or a number is out of range.
    EstimandError
        If contrasts and changes are mixed.

    Notes
    -----
    ``y_i = X_i b + u_i 1 + w_i + e_i`` with one coefficient per window, ``u_i ~ N(0, tau2)``,
    ``w_ij ~ N(0, omega2)`` and sampling correlations ``rho^|log2(t / t')|`` of the actual times.

    References
    ----------
    .. [1] Pustejovsky JE, Tipton E (2022). https://doi.org/10.1007/s11121-021-01246-3
    .. [2] Ishak KJ et al. (2007). https://doi.org/10.1177/1740774507083567
    .. [3] Röver C et al. (2021). https://doi.org/10.1002/jrsm.1475

    Examples
    --------
    >>> from spineevidence import effect_sizes, load_evidence
    >>> effects = effect_sizes(
    ...     load_evidence(), procedure="vertebroplasty", comparator="placebo", domain="pain")
    >>> course = pool_over_time(effects)
    >>> course
    <TimeCourse: MD contrast, 2 studies, 5 windows, half-normal, horizon 24 months>
    >>> course.to_frame()[["window", "k", "estimate"]].round(2).tail(2)
      window  k  estimate
    3   12mo  2      0.70
    4   24mo  1      1.41
    >>> course.duration(1.0).steps.code
    'indeterminate'
    """
    rows = _rows(effects)
    setting = _setting(rows, engine=engine, rho=rho, sd_rep=sd_rep, scale=scale, level=level)
    each = np.eye(len(rows.labels))
    main = setting.fit(rows.saturated(rho))
    found = main.at(each)
    others = [(name, other.fit(rows.saturated(other.rho)).at(each)) for name, other in setting.others()]
    windows = tuple(
        _window(rows.effects, label, place, found, others) for place, label in enumerate(rows.labels)
    )
    line, decline = _in_time(rows, setting)
    return TimeCourse(
        windows=windows,
        engine=setting.engine,
        k=rows.k,
        tau=main.tau,
        omega=main.omega,
        rho=float(rho),
        scales=setting.scales,
        sd_rep=setting.sd_rep,
        start=float(rows.months.min()),
        horizon=float(rows.months.max()),
        support_horizon=_support(windows),
        decline=decline,
        line=line,
        effects=rows.effects,
        level=float(level),
        measure=effects.measure,
        estimand=effects.estimand,
        freedom=_freedom(main, each, found, setting),
        notes=tuple(_notes(effects, rows, setting)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """One effect per study and window, and what the model needs of them."""

    effects: EffectSizes
    labels: tuple[str, ...]
    study: Places
    months: FloatArray

    @property
    def k(self) -> int:
        return int(self.study.max()) + 1

    def model(self, design: FloatArray, rho: float) -> WorkingModel:
        y, v = np.asarray(self.effects.yi), np.asarray(self.effects.vi)
        return working_model(y=y, v=v, months=self.months, study=self.study, design=design, rho=rho)

    def saturated(self, rho: float) -> WorkingModel:
        own = [effect.window for effect in self.effects.lineage]
        return self.model(np.array([[float(one == label) for label in self.labels] for one in own]), rho)


@dataclass(frozen=True, slots=True)
class _Setting:
    """The assumptions of one fit."""

    engine: Engine
    rho: float
    scales: tuple[float, float]
    sd_rep: float
    level: float

    def fit(self, model: WorkingModel) -> Fit:
        return fitted(model, engine=self.engine, scales=self.scales, level=self.level)

    def others(self) -> Iterator[tuple[str, _Setting]]:
        """Yield the same with other assumptions, each with its name."""
        for rho in OTHER_RHO:
            yield f"rho {trimmed(rho)}", replace(self, rho=rho)
        if self.engine == "half-normal":
            tau, omega = self.scales
            wider = max(WIDER_SCALE * self.sd_rep, tau * WIDER_SCALE / SCALE)
            yield f"scale {trimmed(wider, 3)}", replace(self, scales=(wider, omega))


def _setting(
    rows: _Rows, *, engine: Engine | None, rho: float, sd_rep: float | None, scale: float, level: float
) -> _Setting:
    checked_level(level)
    if engine is None:
        engine = "REML" if rows.k >= MANY else "half-normal"
    check_word("engine", engine, ENGINES)
    if engine == "REML" and rows.k < 2:
        raise InputError('REML needs two studies; found one; use engine="half-normal"')
    if engine == "REML" and rows.months.size <= len(rows.labels):
        raise InputError(
            f"REML needs more effects than windows; found {rows.months.size} in {len(rows.labels)}; use "
            'engine="half-normal"'
        )
    sd = _sd_rep(rows.effects, sd_rep)
    if not (isinstance(scale, int | float) and scale > 0 and math.isfinite(scale)):
        raise InputError(f"scale must be above 0; found {scale}; 0.3 is usual")
    return _Setting(engine, float(rho), (scale * sd, OMEGA_SCALE * sd), sd, float(level))


@dataclass(frozen=True, slots=True, eq=False)
class _Assumed:
    """The windows under one assumption; arrays of shape (m,), no `df` with priors."""

    name: str
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    df: FloatArray | None
    notes: tuple[str, ...]


def _assumed(rows: _Rows, setting: _Setting) -> Iterator[_Assumed]:
    """Yield the windows under the main assumption and under all others."""
    yield _fitted_anew("main", rows, setting)
    for name, other in setting.others():
        yield _fitted_anew(name, rows, other)
    if setting.engine == "REML":
        yield _fitted_anew("half-normal", rows, replace(setting, engine="half-normal"))
        yield _cluster_robust(rows, setting)


def _fitted_anew(name: str, rows: _Rows, setting: _Setting) -> _Assumed:
    count = len(rows.labels)
    fit = setting.fit(rows.saturated(setting.rho))
    found = fit.at(np.eye(count))
    df = np.full(count, float(fit.df)) if isinstance(fit, RestrictedFit) else None
    return _Assumed(name, found.estimate, found.low, found.high, df, ("",) * count)


def _cluster_robust(rows: _Rows, setting: _Setting) -> _Assumed:
    model = rows.saturated(setting.rho)
    fit = RestrictedFit(restricted_maximum(model), model.k - 1, setting.level)
    found = cluster_robust(model, fit, names=rows.labels)
    notes = tuple(
        "; ".join(_robust_notes(df, expected)) for df, expected in zip(found.df, found.expected, strict=True)
    )
    return _Assumed("CR2", found.b, found.ci_low, found.ci_high, found.df, notes)


def _robust_notes(df: float, expected: float) -> Iterator[str]:
    if df < FEW - ROUNDING:
        yield f"fewer than {FEW:g} degrees of freedom: no main result"
    if expected < UNBIASED:
        yield "one study tells much of this window: the interval is too narrow"


def _freedom(main: Fit, each: FloatArray, found: Estimates, setting: _Setting) -> tuple[float, ...]:
    """Return degrees of freedom that give the model's own lower limits at the level of Bonferroni."""
    if isinstance(main, RestrictedFit):
        return (float(main.df),) * len(each)
    tail, count = (1 - setting.level) / 2, len(each)
    if count == 1:
        return (math.inf,)
    strict = main.lower(each, tail / count)
    stretch = (found.estimate - strict) / (found.estimate - found.low)
    return tuple(freedom_of_tails(stretch=float(one), tail=tail, count=count) for one in stretch)


def _rows(effects: EffectSizes) -> _Rows:
    """Return one effect per study and window, checked."""
    if not isinstance(effects, EffectSizes):
        raise InputError(f"pool_over_time takes EffectSizes, not {type(effects).__name__}")
    if len(effects) and not effects.lineage:
        raise InputError("these effects carry no times; make them with effect_sizes(evidence, ...)")
    if len({bool(effect.versus) for effect in effects.lineage}) > 1:
        raise EstimandError(
            "contrasts between arms and changes within one group cannot be pooled; pool each by itself"
        )
    scales = list(dict.fromkeys(effect.curve for effect in effects.lineage))
    if len(scales) > 1:
        raise InputError(f"effects on one scale are needed; found {listed(scales)}; choose one")
    usable = effects.estimable()
    by_window = [(window.label, usable.at(window.label)) for window in WINDOWS]
    spoken = [(label, there) for label, there in by_window if len(there)]
    if not spoken:
        raise InputError("no effect lies in a follow-up window; give effects with times after 0")
    chosen = {id(effect) for _, there in spoken for effect in there.lineage}
    kept = usable.take([place for place, effect in enumerate(usable.lineage) if id(effect) in chosen])
    names = [effect.study_id for effect in kept.lineage]
    return _Rows(
        effects=kept,
        labels=tuple(label for label, _ in spoken),
        study=np.unique(names, return_inverse=True)[1],
        months=np.array([effect.months for effect in kept.lineage]),
    )


def _sd_rep(effects: EffectSizes, given: float | None) -> float:
    curve = effects.lineage[0].curve
    found = given if given is not None else SD_REP_OF_KIND.get(effects.measure, SD_REP.get(curve))
    if found is None:
        raise InputError(
            f"no representative standard deviation is known for {curve or effects.measure}; give sd_rep= in "
            "units of the effects"
        )
    if not (isinstance(found, int | float) and found > 0 and math.isfinite(found)):
        raise InputError(f"sd_rep must be above 0; found {found}; pain from 0 to 10 has an SD near 2.5")
    return float(found)


def _window(
    effects: EffectSizes,
    label: str,
    place: int,
    found: Estimates,
    others: Sequence[tuple[str, Estimates]],
) -> CourseWindow:
    there = [effect for effect in effects.lineage if effect.window == label]
    sizes = [effect.n for effect in there]
    known = [size for size in sizes if size is not None]
    return CourseWindow(
        window=label,
        months=min(find_window(label).nominal, max(effect.months for effect in effects.lineage)),
        k=len(there),
        studies=tuple(sorted(effect.study_id for effect in there)),
        n=sum(known) if len(known) == len(sizes) else None,
        estimate=float(found.estimate[place]),
        ci_low=float(found.low[place]),
        ci_high=float(found.high[place]),
        pi_low=float(found.new_low[place]),
        pi_high=float(found.new_high[place]),
        alternatives=tuple(
            (name, float(other.low[place]), float(other.high[place])) for name, other in others
        ),
    )


def _in_time(rows: _Rows, setting: _Setting) -> tuple[Fit | None, Decline | None]:
    """Return the curve in log time and the decline within studies, as far as the visits allow them."""
    if np.unique(rows.months).size < 2 or rows.k < 2:
        return None, None
    model = rows.model(np.column_stack([np.ones_like(rows.months), np.log2(rows.months)]), setting.rho)
    reml = restricted_maximum(model) if rows.months.size > 2 else None
    omega2 = 0.0 if reml is None else reml.omega2
    tail = (1 - setting.level) / 2
    decline = decline_within(
        model,
        omega2=omega2,
        critical=lambda df: float(t_quantile(p=1 - tail, df=df)),
        level=setting.level,
    )
    enough = len(rows.labels) >= CURVE_WINDOWS
    return (setting.fit(model) if enough else None), decline


def _support(windows: Sequence[CourseWindow]) -> float | None:
    for window in reversed(windows):
        if window.k >= SUPPORT_STUDIES or (window.n or 0) >= SUPPORT_PARTICIPANTS:
            return window.months
    return None


def _notes(given: EffectSizes, rows: _Rows, setting: _Setting) -> Iterator[str]:
    yield from given.notes
    if given.estimand == "change":
        yield "CHANGE_ONLY: changes within groups, which no comparator tells from the natural course."
    if rows.k == 1:
        yield "ONE_STUDY: the prior alone says how much other studies may differ."
    if len(rows.labels) == 1:
        yield f"SINGLE_WINDOW: {rows.labels[0]}; nothing is known of the course."
    lost = len(given) - len(rows.effects)
    if lost:
        yield f"{count_of(lost, 'effect')} left out: a study speaks once in each window, with an estimate."
    if rows.k > 1 and rows.months.size > len(rows.labels):
        tau = math.sqrt(restricted_maximum(rows.saturated(setting.rho)).tau2)
        if tau > setting.scales[0]:
            yield (
                f"PRIOR_CONFLICT: tau by REML is {number(tau, 2)}, above the scale of the prior, "
                f"{number(setting.scales[0], 2)}; intervals with the wider prior stand beside."
            )
