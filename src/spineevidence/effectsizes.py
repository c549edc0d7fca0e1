"""Effect sizes with their sampling variances: the type that every synthesis takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.errors import InputError, UnknownNameError
from spineevidence.formatting import html_table, interval, number, time_in_words, trimmed
from spineevidence.lineage import Effect, Explanation, LeftOut, explained
from spineevidence.timing import FloatArray, find_window

BoolArray = npt.NDArray[np.bool_]

LEVEL = 0.95  # of every interval of the library, unless a call says otherwise
SHOWN_POSITIONS = 5  # in a message
SHOWN_ROWS = 20  # in a notebook
SAME_TIME = 0.05  # months: weeks turned into months and rounded to one decimal still find their visit


@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class EffectSizes:
    """Effects with their sampling variances and 95 % intervals, one per study or visit.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects, in the units of `measure`; a single number counts as one effect.
    vi : array_like, shape (k,)
        Sampling variances, greater than 0.
    df : array_like, shape (k,), optional
        Degrees of freedom of the variances; one number serves all. Without them the normal
        quantile is used, and `df` holds infinity.
    ci_low, ci_high : array_like, shape (k,), optional
        Limits of the 95 % interval. Without them, and in rows where both are NaN, Wald's:
        ``yi -+ t(0.975, df) * sei``.
    measure : str, optional
        Such as "MD", "SMD" or "RD"; ratios ("RR", "OR", ...) are logarithms.
    estimand : str, optional
        "contrast" (between arms) or "change" (within one group).
    notes : iterable of str, optional
        What a reader must know about these effects.
    lineage : iterable of Effect, optional
        Study, visit, rows and derivation of each effect.
    left_out : iterable of LeftOut, optional
        Printed rows that became no effect, and why.
    undefined : bool, optional
        Whether rows from which no estimate can be made are kept, as NaN, and estimates without a variance
        (0). Formulas on arrays keep them, so that effects stay beside the rows they came from; `estimable`
        leaves them out.

    Attributes
    ----------
    yi, vi, df, ci_low, ci_high : ndarray, shape (k,)
        As above, read-only.
    measure, estimand : str
        As above.
    notes, lineage, left_out : tuple
        As above.

    Raises
    ------
    InputError
        If lengths differ, an effect is not finite, a variance or a number of degrees of freedom
        is not above 0, limits are missing on one side or reversed, or values are masked.

    Examples
    --------
    >>> EffectSizes(yi=[1.3, 0.4], vi=[0.25, 0.16], measure="MD")
    <EffectSizes: 2 of MD, yi 0.400 to 1.300>
    """

    yi: FloatArray
    vi: FloatArray
    df: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    measure: str
    estimand: str
    notes: tuple[str, ...]
    lineage: tuple[Effect, ...]
    left_out: tuple[LeftOut, ...]
    undefined: bool

    def __init__(
        self,
        *,
        yi: npt.ArrayLike,
        vi: npt.ArrayLike,
        df: npt.ArrayLike | None = None,
        ci_low: npt.ArrayLike | None = None,
        ci_high: npt.ArrayLike | None = None,
        measure: str = "",
        estimand: str = "",
        notes: Iterable[str] = (),
        lineage: Iterable[Effect] = (),
        left_out: Iterable[LeftOut] = (),
        undefined: bool = False,
    ) -> None:
        effects = _vector("yi", yi)
        variances = _vector("vi", vi, length=effects.size)
        freedom = _vector("df", np.inf if df is None else df, length=effects.size, spread=True)
        _check_estimates(effects, variances, freedom, undefined=undefined)
        half = t_quantile(p=(1 + LEVEL) / 2, df=freedom) * np.sqrt(variances)
        low, high = effects - half, effects + half
        if ci_low is not None or ci_high is not None:
            low, high = _printed_limits(ci_low, ci_high, instead=(low, high))
        for name, values in zip(
            ("yi", "vi", "df", "ci_low", "ci_high"), (effects, variances, freedom, low, high), strict=True
        ):
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        object.__setattr__(self, "undefined", undefined)
        object.__setattr__(self, "measure", measure)
        object.__setattr__(self, "estimand", estimand)
        object.__setattr__(self, "notes", tuple(notes))
        object.__setattr__(self, "left_out", tuple(left_out))
        object.__setattr__(self, "lineage", tuple(lineage))
        if self.lineage and len(self.lineage) != effects.size:
            raise InputError(f"lineage must be as long as yi ({effects.size}); found {len(self.lineage)}")

    @property
    def defined(self) -> BoolArray:
        """Where there is an estimate with a variance above 0, shape (k,)."""
        return np.isfinite(self.yi) & (self.vi > 0)

    def estimable(self) -> EffectSizes:
        """Return the effects that can be pooled; a note counts the others.

        Returns
        -------
        EffectSizes
            Without rows that gave no estimate, or one without a variance. Positions in the notes stay those
            of all rows.
        """
        kept = self.defined
        if kept.all():
            return self
        missing = np.flatnonzero(~kept)
        note = (
            f"{missing.size} of {kept.size} left out, no estimate with a variance: {positions(~kept)}; "
            "these and the positions in other notes are those before rows were left out."
        )
        return self._kept(np.flatnonzero(kept), notes=(*self.notes, note))

    def take(self, positions: Sequence[int]) -> EffectSizes:
        """Return the effects at some positions, with the same caveats.

        Parameters
        ----------
        positions : sequence of int
            From 0.

        Returns
        -------
        EffectSizes
            In the order asked for.
        """
        return self._kept(np.asarray(positions, dtype=np.intp), notes=self.notes)

    def _kept(self, keep: npt.NDArray[np.intp], *, notes: tuple[str, ...]) -> EffectSizes:
        return EffectSizes(
            yi=self.yi[keep],
            vi=self.vi[keep],
            df=self.df[keep],
            ci_low=self.ci_low[keep],
            ci_high=self.ci_high[keep],
            measure=self.measure,
            estimand=self.estimand,
            notes=notes,
            lineage=[self.lineage[position] for position in keep] if self.lineage else (),
            left_out=self.left_out,
        )

    @property
    def sei(self) -> FloatArray:
        """Standard errors, shape (k,)."""
        return np.sqrt(self.vi)

    def __len__(self) -> int:
        return int(self.yi.size)

    def __repr__(self) -> str:
        of = " of " + " ".join(word for word in (self.measure, self.estimand) if word)
        head = f"<EffectSizes: {len(self)}{of if of != ' of ' else ''}"
        if not len(self):
            return f"{head}>"
        if len(self) == 1:
            if not self.defined[0]:
                return f"{head}, no estimate with a variance>"
            limits = interval(self.ci_low[0], self.ci_high[0], 3)
            return f"{head}, yi {number(self.yi[0], 3)} (95 % CI {limits})>"
        defined = self.defined
        if not defined.any():
            return f"{head}, none with an estimate>"
        few = "" if defined.all() else f" ({int(defined.sum())} estimable)"
        return f"{head}{few}, yi {interval(self.yi[defined].min(), self.yi[defined].max(), 3)}>"

    def _repr_html_(self) -> str:
        where = ("Study", "Time") if self.lineage else ("No.",)
        head = (*where, "yi", "sei", "df", "95 % CI")
        rows = [
            (*self._where(i), number(yi, 3), number(sei, 3), number(df), interval(low, high, 3))
            for i, (yi, sei, df, low, high) in enumerate(
                zip(self.yi, self.sei, self.df, self.ci_low, self.ci_high, strict=True)
            )
        ]
        words = " ".join(word for word in (self.measure, self.estimand) if word)
        rest = len(rows) - SHOWN_ROWS
        caption = f"Effect sizes{': ' + words if words else ''} (k = {len(self)})"
        if rest > 0:
            caption += f", the first {SHOWN_ROWS} shown"
        return notes_below(html_table(caption, head, rows[:SHOWN_ROWS]), self.notes)

    def _where(self, position: int) -> tuple[str, ...]:
        if not self.lineage:
            return (str(position + 1),)
        effect = self.lineage[position]
        return effect.study_id, time_in_words(effect.months)

    def at(self, window: str) -> EffectSizes:
        """Return one effect per study for a follow-up window.

        Of several, the one that ranks first speaks (analysis, then form, then measure); then the one nearest
        to the window's nominal time in log time; then the later one.

        Parameters
        ----------
        window : str
            A label of `spineevidence.timing.WINDOWS`, such as ``"6mo"``.

        Returns
        -------
        EffectSizes
            With the same caveats; may be empty.

        Raises
        ------
        InputError
            If there is no such window, or the effects carry no times (bare arrays).
        """
        nominal = find_window(window).nominal
        if len(self) and not self.lineage:
            raise InputError("these effects carry no times; make them with effect_sizes(evidence, ...)")
        best: dict[str, int] = {}
        for position, effect in enumerate(self.lineage):
            if effect.window == window:
                rival = best.setdefault(effect.study_id, position)
                if _nearness(effect, nominal) < _nearness(self.lineage[rival], nominal):
                    best[effect.study_id] = position
        keep = [best[study] for study in sorted(best)]
        return self.take(keep)

    def explain(self, study: str | None = None, months: float | None = None) -> Explanation:
        """Return how effects were derived, step by step with the numbers put in.

        Parameters
        ----------
        study : str, optional
            Only effects of this study.
        months : float, optional
            Only effects at this time.

        Returns
        -------
        Explanation
            Prints as text: the rows as printed, each step with its numbers, the result, the caveats.

        Raises
        ------
        InputError
            If the effects carry no lineage (bare arrays), or none is at that time.
        UnknownNameError
            If there is no effect of the study.
        """
        if not len(self) and study is None and months is None:
            return Explanation((("no effect", *self.notes),))
        if len(self) and not self.lineage:
            raise InputError("these effects carry no derivation; make them with effect_sizes(evidence, ...)")
        studies = list(dict.fromkeys(effect.study_id for effect in self.lineage))
        if study is not None and study not in studies:
            raise UnknownNameError("study with an effect here", study, studies)
        found = [effect for effect in self.lineage if study in (None, effect.study_id)]
        if months is not None:
            times = [effect.months for effect in found]
            found = [effect for effect in found if abs(effect.months - months) < SAME_TIME]
            if not found:
                known = ", ".join(trimmed(time, 2) for time in sorted(set(times)))
                raise InputError(
                    f"no effect at {trimmed(months, 2)} months; there are some at {known} months"
                )
        return explained(found)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded.

        Returns
        -------
        DataFrame
            A row per effect: ``yi``, ``vi``, ``sei`` (square root of ``vi``), ``df`` (infinite
            for the normal quantile), ``ci_low`` and ``ci_high`` (95 % interval). With lineage also, before
            them, study, time and arms, and after them participants, route, formula, derivation, lines and
            notes.
        """
        numbers = {
            "yi": self.yi,
            "vi": self.vi,
            "sei": self.sei,
            "df": self.df,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
        }
        if len(self) and not self.lineage:
            return pd.DataFrame(numbers)
        before = ("study_id", "months", "window", "measure_id", "arm", "versus")
        columns: dict[str, object] = {
            name: [getattr(effect, name) for effect in self.lineage] for name in before
        }
        columns |= numbers
        for name in ("n_arm", "n_versus"):
            columns[name] = pd.array([getattr(effect, name) for effect in self.lineage], dtype="Int64")
        columns["route"] = [effect.route for effect in self.lineage]
        columns["formula"] = [effect.formula for effect in self.lineage]
        columns["derivation"] = [effect.derivation for effect in self.lineage]
        columns["lines"] = [";".join(map(str, effect.lines)) for effect in self.lineage]
        columns["notes"] = [" | ".join(effect.notes) for effect in self.lineage]
        return pd.DataFrame(columns)


def _nearness(effect: Effect, nominal: float) -> tuple[tuple[int, int, int], float, float]:
    return effect.rank, round(abs(math.log(effect.months / nominal)), 9), -effect.months


def t_quantile(*, p: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """Return quantiles of Student's t, or of the normal distribution where df is infinite.

    Parameters
    ----------
    p : array_like
        Probabilities.
    df : array_like
        Degrees of freedom, above 0; infinity for the normal distribution.

    Returns
    -------
    ndarray
        Of the broadcast shape; a NumPy scalar for scalar input.

    Examples
    --------
    >>> t_quantile(p=0.975, df=[10, float("inf")]).round(3).tolist()
    [2.228, 1.96]
    """
    from scipy.special import ndtri, stdtrit  # its import alone would cost half of the library's

    freedom = np.asarray(df, dtype=np.float64)
    normal = np.isinf(freedom)
    tail = np.asarray(p, dtype=np.float64)
    if normal.all():
        return np.broadcast_to(ndtri(tail), np.broadcast_shapes(normal.shape, tail.shape))[()]
    finite = stdtrit(np.where(normal, 1.0, freedom), tail)
    return np.where(normal, ndtri(tail), finite)[()]


def require(ok: BoolArray, rule: str, found: FloatArray, advice: str) -> None:
    """Raise an InputError that lists the places where a rule on an array does not hold.

    Parameters
    ----------
    ok : ndarray of bool
        True where the rule holds.
    rule : str
        The rule, such as "vi must be above 0".
    found : ndarray
        The values that were given, of the shape of `ok` or broadcast to it.
    advice : str
        What the caller can do.

    Raises
    ------
    InputError
        If any value breaks the rule; positions are counted from 0.
    """
    if np.all(ok):
        return
    wrong = np.flatnonzero(~np.asarray(ok))
    values = np.broadcast_to(found, np.shape(ok)).reshape(-1)[wrong[:SHOWN_POSITIONS]]
    listed = ", ".join(f"{value:g}" for value in values)
    where = ""
    if np.ndim(ok):
        where = f" at {positions(~np.asarray(ok))}"
    raise InputError(f"{rule}; found {listed}{where}; {advice}")


def refuse_masked(name: str, values: object) -> None:
    """Raise an InputError for masked entries, whose numbers would be used as if they were valid.

    Parameters
    ----------
    name : str
        Of the argument.
    values : object
        What was given.

    Raises
    ------
    InputError
        If any entry is masked.
    """
    if np.ma.is_masked(values):
        raise InputError(
            f"{name} must have no masked values; a mask is not kept; fill them, or drop their rows"
        )


def positions(where: BoolArray) -> str:
    """Return the first places where an array is true, counted from 0.

    >>> positions(np.array([False, True, True]))
    'positions 1, 2'
    """
    places = np.flatnonzero(where)
    listed = ", ".join(str(place) for place in places[:SHOWN_POSITIONS])
    rest = places.size - SHOWN_POSITIONS
    more = f" and {rest} more" if rest > 0 else ""
    return f"position{'s' if places.size > 1 else ''} {listed}{more}"


def notes_below(table: str, notes: Iterable[str]) -> str:
    """Return an HTML table with its caveats beneath it, a paragraph each.

    >>> notes_below("<table></table>", ["p < 0.05"])
    '<table></table><p>p &lt; 0.05</p>'
    """
    return table + "".join(f"<p>{escape(note)}</p>" for note in notes)


def _vector(
    name: str, values: npt.ArrayLike, *, length: int | None = None, spread: bool = False
) -> FloatArray:
    refuse_masked(name, values)
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} must be a number or a list of numbers; give one number per effect"
        ) from error
    if array.ndim > 1:
        raise InputError(
            f"{name} must have one dimension; found shape {array.shape}; give one number per effect"
        )
    if spread and array.ndim == 0 and length is not None:
        return np.broadcast_to(array, (length,))
    array = array.reshape(-1)
    if length is not None and array.size != length:
        raise InputError(
            f"{name} must be as long as yi ({length}); found {array.size}; give one number per effect"
        )
    return array


def _check_estimates(yi: FloatArray, vi: FloatArray, df: FloatArray, *, undefined: bool) -> None:
    if undefined:
        require(~np.isinf(yi), "yi must not be infinite", yi, "give NaN where there is no estimate")
        require(~(vi < 0) & ~np.isinf(vi), "vi must not be negative or infinite", vi, "give NaN for none")
    else:
        require(np.isfinite(yi), "yi must be finite", yi, "leave out effects without a number")
        require(
            np.isfinite(vi) & (vi > 0),
            "vi must be finite and above 0",
            vi,
            "give variances, not standard deviations of 0 or blanks",
        )
    known = df if df.strides != (0,) else df[:1]  # one number that serves all is checked once
    require(~(known <= 0), "df must be above 0", known, "leave df out where it is not known")
    if not undefined:
        require(~np.isnan(known), "df must be above 0", known, "leave df out where it is not known")


def _printed_limits(
    ci_low: npt.ArrayLike | None, ci_high: npt.ArrayLike | None, *, instead: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return limits as given, and those of `instead` in rows that have none."""
    if ci_low is None or ci_high is None:
        missing = "ci_low" if ci_low is None else "ci_high"
        raise InputError(f"an interval needs both limits; {missing} is missing; give both or neither")
    k = instead[0].size
    low, high = _vector("ci_low", ci_low, length=k), _vector("ci_high", ci_high, length=k)
    for name, limits, other in (("ci_low", low, high), ("ci_high", high, low)):
        rule = f"an interval needs both limits; {name} must not be missing alone"
        require(~np.isnan(limits) | np.isnan(other), rule, limits, "give both or neither")
    require(~(low > high), "ci_low must not exceed ci_high", low, "exchange the limits")
    none = np.isnan(low)
    return np.where(none, instead[0], low), np.where(none, instead[1], high)
