"""The rules that numbers given to a formula must keep, and the messages when they do not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import refuse_masked, require
from spineevidence.errors import InputError
from spineevidence.timing import FloatArray, unknown_word

NOTHING: Mapping[str, npt.ArrayLike] = MappingProxyType({})


def aligned(values: Mapping[str, npt.ArrayLike], *, unbounded: tuple[str, ...] = ()) -> list[FloatArray]:
    """Return float arrays of one common shape, (k,) or scalar, or raise with the name that does not fit.

    All are finite, but those named in `unbounded`, which may hold infinity.
    """
    arrays = {name: numbers(name, value, unbounded=name in unbounded) for name, value in values.items()}
    for name, array in arrays.items():
        if array.ndim > 1:
            raise InputError(
                f"{name} must have one dimension; found shape {array.shape}; give one value per row"
            )
    return _broadcast(arrays, "arrays of one length are needed", "give one value per row")


def grouped(values: Mapping[str, npt.ArrayLike]) -> list[FloatArray]:
    """Return finite float arrays of one common shape, (g,) or (g, k): groups first, then studies.

    A vector has one value per group, whatever the shape of the others.
    """
    arrays = {name: numbers(name, value) for name, value in values.items()}
    most = max(array.ndim for array in arrays.values())
    if most > 2:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(
            f"two dimensions at most, groups and studies; found {shapes}; give one row per group"
        )
    if most == 2:
        arrays = {name: array[:, None] if array.ndim == 1 else array for name, array in arrays.items()}
    return _broadcast(arrays, "values of the same groups are needed", "give one row per group")


def numbers(name: str, value: npt.ArrayLike, *, unbounded: bool = False) -> FloatArray:
    """Return a float array of any shape, finite unless `unbounded`; masked values are refused."""
    refuse_masked(name, value)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a number or an array of numbers, not {value!r}") from error
    if unbounded:
        require(~np.isnan(array), f"{name} must be a number", array, "leave out rows without a number")
    else:
        require(np.isfinite(array), f"{name} must be finite", array, "leave out rows without a number")
    return array


def _broadcast(arrays: Mapping[str, FloatArray], rule: str, advice: str) -> list[FloatArray]:
    try:
        return [array[()] for array in np.broadcast_arrays(*arrays.values())]
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"{rule}; found {shapes}; {advice}") from error


def two_arms(
    *,
    m1: npt.ArrayLike,
    sd1: npt.ArrayLike,
    n1: npt.ArrayLike,
    m2: npt.ArrayLike,
    sd2: npt.ArrayLike,
    n2: npt.ArrayLike,
    time: str = "",
    also: Mapping[str, npt.ArrayLike] = NOTHING,
) -> list[FloatArray]:
    """Return means, standard deviations and sizes of two arms, checked, and then what is given in `also`.

    All have one shape. `time` names means and standard deviations in messages.
    """
    mean, sd_of = (time, f"sd_{time}") if time else ("m", "sd")
    named = {f"{mean}1": m1, f"{sd_of}1": sd1, "n1": n1, f"{mean}2": m2, f"{sd_of}2": sd2, "n2": n2}
    arms = aligned({**named, **also})
    _, s1, size1, _, s2, size2 = arms[:6]
    for name, sd in ((f"{sd_of}1", s1), (f"{sd_of}2", s2)):
        check_sd(name, sd)
    for name, size in (("n1", size1), ("n2", size2)):
        check_n(name, size)
    require(
        (s1 > 0) | (s2 > 0), "one standard deviation must be above 0", s1, "leave out arms that do not vary"
    )
    return arms


def checked_number(name: str, value: object, advice: str) -> float:
    """Return one number, which may be NaN or infinite."""
    one = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(one, int | float | np.integer | np.floating):
        return float(one)
    raise InputError(f"{name} must be one number; found {value!r}; {advice}")


def checked_level(level: float) -> float:
    """Return the coverage of an interval, one number between 0 and 1."""
    coverage = checked_number("level", level, "give 0.95 for 95 %")
    check_level(np.asarray(coverage))
    return coverage


def checked_range(name: str, limits: object) -> tuple[float, float]:
    """Return the lowest and the highest score of a scale."""
    advice = "give the lowest and the highest score, such as (0, 100)"
    if not isinstance(limits, tuple | list | np.ndarray) or len(limits) != 2:
        raise InputError(f"{name} must be two numbers; found {limits!r}; {advice}")
    low, high = (checked_number(f"each limit of {name}", limit, advice) for limit in limits)
    if not -np.inf < low < high < np.inf:
        raise InputError(f"{name} must be the lowest and the highest score; found {limits!r}; {advice}")
    return low, high


def check_word(kind: str, word: object, known: tuple[str, ...]) -> None:
    """Refuse words outside a short vocabulary."""
    if not isinstance(word, str) or word not in known:
        raise InputError(unknown_word(kind, str(word), known))


def direction(better: str) -> float:
    """Return 1 where higher values are better, else -1."""
    check_word("direction", better, ("lower", "higher"))
    return -1.0 if better == "lower" else 1.0


def check_freedom(df: FloatArray) -> None:
    """Refuse degrees of freedom that are not above 0."""
    require(df > 0, "df must be above 0", df, "leave df out where it is not known")


def check_level(level: FloatArray) -> None:
    """Refuse coverages that do not lie between 0 and 1."""
    rule = "a level must lie between 0 and 1"
    require((level > 0) & (level < 1), rule, level, "give 0.95 for 95 %")


def check_p(name: str, p: FloatArray) -> None:
    """Refuse p-values of 0 or above 1."""
    require((p > 0) & (p <= 1), f"{name} must be above 0 and at most 1", p, 'give 0.001 for "p < 0.001"')


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


def check_r_inside(name: str, r: FloatArray, advice: str = "0.25 suits pain, 0.5 disability") -> None:
    """Refuse correlations of -1 or 1, with which no variance is left, and those beyond."""
    require(np.abs(r) < 1, f"{name} must lie between -1 and 1", r, advice)


def check_events(name: str, events: FloatArray, n: FloatArray) -> None:
    """Refuse events below 0 or above the number of patients."""
    rule = f"{name} must lie between 0 and the number of patients"
    require((events >= 0) & (events <= n), rule, events, "give patients with the event, not a percentage")
