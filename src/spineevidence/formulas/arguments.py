"""The rules that numbers given to a formula must keep, and the messages when they do not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import require
from spineevidence.errors import InputError
from spineevidence.timing import FloatArray, unknown_word


def aligned(values: Mapping[str, npt.ArrayLike]) -> list[FloatArray]:
    """Return finite float arrays of one common shape, or raise with the name that does not fit."""
    arrays = []
    for name, value in values.items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{name} must be a number or an array of numbers, not {value!r}") from error
        require(np.isfinite(array), f"{name} must be finite", array, "leave out rows without a number")
        arrays.append(array)
    try:
        return [array[()] for array in np.broadcast_arrays(*arrays)]
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True))
        raise InputError(
            f"arrays of one length are needed; found {shapes}; give one value per row"
        ) from error


def two_arms(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    time: str = "",
) -> list[FloatArray]:
    """Return means, standard deviations and sizes of two arms, checked; `time` names them in messages."""
    mean, sd_of = (time, f"sd_{time}") if time else ("m", "sd")
    arms = aligned({f"{mean}1": m1, f"{sd_of}1": sd1, "n1": n1, f"{mean}2": m2, f"{sd_of}2": sd2, "n2": n2})
    _, s1, size1, _, s2, size2 = arms
    for name, sd in ((f"{sd_of}1", s1), (f"{sd_of}2", s2)):
        check_sd(name, sd)
    for name, size in (("n1", size1), ("n2", size2)):
        check_n(name, size)
    require(
        (s1 > 0) | (s2 > 0), "one standard deviation must be above 0", s1, "leave out arms that do not vary"
    )
    return arms


def freedom(df: npt.ArrayLike | None) -> FloatArray:
    """Return degrees of freedom above 0; infinity where they are not given."""
    degrees = np.asarray(np.inf if df is None else df, dtype=np.float64)
    require(degrees > 0, "df must be above 0", degrees, "leave df out where it is not known")
    return degrees


def checked_level(level: float) -> float:
    """Return the coverage of an interval, between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(f"a level must lie between 0 and 1; found {level:g}; give 0.95 for 95 %")
    return level


def direction(better: str) -> float:
    """Return 1 where higher values are better, else -1."""
    if better not in {"lower", "higher"}:
        raise InputError(unknown_word("direction", better, ("lower", "higher")))
    return -1.0 if better == "lower" else 1.0


def check_n(name: str, n: FloatArray, *, least: int = 2) -> None:
    """Refuse sizes below `least`."""
    require(n >= least, f"{name} must be {least} or more", n, "give the patients analysed in that arm")


def check_sd(name: str, sd: FloatArray) -> None:
    """Refuse negative standard deviations."""
    require(sd >= 0, f"{name} must be 0 or more", sd, "give a standard deviation in score units")


def check_above_0(name: str, values: FloatArray) -> None:
    """Refuse values that are not above 0."""
    require(values > 0, f"{name} must be above 0", values, "leave out rows where it is 0 or unknown")


def check_r(name: str, r: FloatArray) -> None:
    """Refuse correlations beyond -1 or 1."""
    require(np.abs(r) <= 1, f"{name} must lie from -1 to 1", r, "give a correlation, not a percentage")


def check_events(name: str, events: FloatArray, n: FloatArray) -> None:
    """Refuse events below 0 or above the number of patients."""
    rule = f"{name} must lie between 0 and the number of patients"
    require((events >= 0) & (events <= n), rule, events, "give patients with the event, not a percentage")
