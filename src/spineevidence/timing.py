"""Times after a procedure: months from any printed unit, and the eight follow-up windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import overload

import numpy as np
import numpy.typing as npt

from spineevidence.errors import InputError, did_you_mean
from spineevidence.formatting import DAYS_PER_MONTH

FloatArray = npt.NDArray[np.float64]

MONTHS_PER_UNIT: Mapping[str, float] = MappingProxyType(
    {"days": 1 / DAYS_PER_MONTH, "weeks": 7 / DAYS_PER_MONTH, "months": 1.0, "years": 12.0}
)
LIMIT_SLACK = 1e-9  # relative: a time on a limit after a change of unit still counts as on it


@dataclass(frozen=True, slots=True)
class Window:
    """A span of follow-up times that is read as one nominal time.

    Attributes
    ----------
    label : str
        How the window is called, for example ``"6mo"``.
    nominal : float
        The time that the window stands for, in months.
    low, high : float
        Limits in months; a time belongs to the window if ``low < time <= high``.
    """

    label: str
    nominal: float
    low: float
    high: float


WINDOWS: tuple[Window, ...] = (
    Window("<=2wk", 0.25, 0.0, 0.5),
    Window("1mo", 1.0, 0.5, 2.0),
    Window("3mo", 3.0, 2.0, 4.5),
    Window("6mo", 6.0, 4.5, 9.0),
    Window("12mo", 12.0, 9.0, 18.0),
    Window("24mo", 24.0, 18.0, 36.0),
    Window("60mo", 60.0, 36.0, 84.0),
    Window("120mo", 120.0, 84.0, 180.0),
)


@overload
def to_months(value: float, unit: str) -> float: ...
@overload
def to_months(value: npt.ArrayLike, unit: str) -> float | FloatArray: ...
def to_months(value: npt.ArrayLike, unit: str) -> float | FloatArray:
    """Return times in months of 30.4375 days.

    Parameters
    ----------
    value : float or array_like
        Times of 0 or more, in `unit`. Missing times (NaN) in an array stay missing.
    unit : {"days", "weeks", "months", "years"}
        The unit of every value.

    Returns
    -------
    float or ndarray
        Months; of the shape of `value`.

    Raises
    ------
    InputError
        If the unit is not one of the four, or a time is negative, infinite or not a number.

    Examples
    --------
    >>> round(to_months(6, "weeks"), 3)
    1.38
    >>> to_months([1, 5], "years")
    array([12., 60.])
    """
    if unit not in MONTHS_PER_UNIT:
        raise InputError(unknown_word("unit of time", unit, tuple(MONTHS_PER_UNIT)))
    try:
        times = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"a time must be a number of {unit}, not {value!r}") from error
    scalar = times.ndim == 0
    wrong = np.flatnonzero(~(times >= 0) & (scalar | ~np.isnan(times)) | np.isinf(times))
    if wrong.size:
        found = float(times.reshape(-1)[wrong[0]])
        place = "" if scalar else f" at position {wrong[0]}"
        raise InputError(f"a time must be a number of {unit} of 0 or more; found {found:g}{place}")
    months = times * MONTHS_PER_UNIT[unit]
    return float(months) if scalar else months


def window_of(months: float) -> Window | None:
    """Return the follow-up window of a time, or None at 0 and beyond 180 months.

    Parameters
    ----------
    months : float
        Time since the procedure, in months.

    Returns
    -------
    Window or None
        Time 0 belongs to no window: it is a baseline or a first-day result.

    Examples
    --------
    >>> window_of(7).label
    '6mo'
    >>> window_of(0) is None
    True
    """
    index = int(_indices(np.asarray(months, dtype=np.float64)))
    return WINDOWS[index] if index < len(WINDOWS) else None


def window_labels(months: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Return the label of the window of each time, and "" for a time outside every window.

    Parameters
    ----------
    months : array_like
        Times since the procedure, in months; a missing time (NaN) has no window.

    Returns
    -------
    ndarray of str
        Of the shape of `months`.

    Examples
    --------
    >>> window_labels([0, 1.38, 18, 200]).tolist()
    ['', '1mo', '12mo', '']
    """
    labels = np.array([*(window.label for window in WINDOWS), ""])
    return labels[_indices(np.asarray(months, dtype=np.float64))]


def find_window(label: str) -> Window:
    """Return the window of that label.

    Parameters
    ----------
    label : str
        One of the labels in `WINDOWS`.

    Returns
    -------
    Window
        The window with its nominal time and limits.

    Raises
    ------
    InputError
        If no window is called so; the message names the nearest label.

    Examples
    --------
    >>> find_window("24mo").high
    36.0
    """
    for window in WINDOWS:
        if window.label == label:
            return window
    raise InputError(unknown_word("window", label, tuple(window.label for window in WINDOWS)))


def unknown_word(kind: str, word: str, known: tuple[str, ...]) -> str:
    """Return the message for a word outside a short vocabulary, with the nearest word and all of them.

    >>> unknown_word("window", "6 mo", ("3mo", "6mo"))
    'no window is called "6 mo"; did you mean "6mo"? known: 3mo, 6mo'
    """
    hint = did_you_mean(str(word), known)
    suggestion = f'did you mean "{hint}"? ' if hint else ""
    return f'no {kind} is called "{word}"; {suggestion}known: {", ".join(known)}'


def _indices(months: FloatArray) -> npt.NDArray[np.intp]:
    """Return the place of each time in `WINDOWS`, and ``len(WINDOWS)`` outside of all."""
    limits = np.array([window.high for window in WINDOWS]) * (1 + LIMIT_SLACK)
    found = np.searchsorted(limits, months, side="left")
    return np.where(months > 0, found, len(WINDOWS))
