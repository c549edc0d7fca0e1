"""What may explain differences between studies: columns of numbers, and words as treatment contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import SHOWN_POSITIONS, EffectSizes, positions, require
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.timing import FloatArray

INTERCEPT = "intercept"
UNNAMED = "moderator"  # what a bare array is called
COLLINEAR = 1e-9  # of a column's length is left after the columns before it: it adds nothing

Given = str | Sequence[str] | Mapping[str, npt.ArrayLike] | pd.DataFrame | npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Moderator:
    """One moderator and its columns of the design.

    Attributes
    ----------
    name : str
        As in the table it came from.
    levels : tuple of str
        The words, the reference first; empty for numbers.
    """

    name: str
    levels: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients: the name, or ``name=word`` for each word but the reference."""
        return tuple(f"{self.name}={level}" for level in self.levels[1:]) if self.levels else (self.name,)

    def coded(self, values: npt.ArrayLike) -> FloatArray:
        """Return the columns of the design for values, shape (n, columns)."""
        if not self.levels:
            return _numbers(self.name, np.atleast_1d(np.asarray(values)))[:, None]
        words = [str(word) for word in np.atleast_1d(np.asarray(values, dtype=object))]
        for word in words:
            if word not in self.levels:
                raise UnknownNameError(f"word of {self.name}", word, self.levels)
        return np.array([[word == level for level in self.levels[1:]] for word in words], dtype=np.float64)


def read_moderators(
    effects: EffectSizes,
    moderators: Given,
    *,
    data: pd.DataFrame | None = None,
    reference: Mapping[str, str] | None = None,
) -> tuple[tuple[Moderator, ...], FloatArray]:
    """Return the moderators and the design, its first column the intercept.

    Parameters
    ----------
    effects : EffectSizes
        One effect per study.
    moderators : str, sequence of str, mapping, DataFrame or array
        Names of columns, or the columns themselves.
    data : DataFrame, optional
        Where the names are looked up, a row per effect in the same order; without it
        ``effects.to_frame()``.
    reference : mapping of str to str, optional
        The word that the others of a column are compared with; the first in alphabetical order (or of the
        categories) without it.

    Returns
    -------
    tuple of Moderator
        In the order asked for.
    ndarray, shape (k, p)
        The design.

    Raises
    ------
    InputError
        If a column is missing, has another length, holds blanks, does not vary, or adds nothing to those
        before it.
    UnknownNameError
        If no column or no word is so called.

    Examples
    --------
    >>> three = EffectSizes(yi=[1.0, 2.0, 3.0], vi=[0.1, 0.1, 0.1])
    >>> found, design = read_moderators(three, {"arm": ["sham", "usual", "sham"]})
    >>> found[0].columns, design.tolist()
    (('arm=usual',), [[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    """
    columns = _columns(effects, moderators, data)
    if not columns:
        raise InputError("no moderator was named; name a column, or use pool for a model without any")
    references = dict(reference or {})
    unknown = [name for name in references if name not in columns]
    if unknown:
        raise UnknownNameError("moderator", unknown[0], tuple(columns))
    found, blocks = [], [np.ones((len(effects), 1))]
    for name, values in columns.items():
        moderator = _moderator(name, values, references.get(name))
        found.append(moderator)
        blocks.append(moderator.coded(values.to_numpy()))
    design = np.hstack(blocks)
    _check_rank(design, (INTERCEPT, *(column for one in found for column in one.columns)))
    return tuple(found), design


def groups_of(
    effects: EffectSizes, by: str | npt.ArrayLike, *, data: pd.DataFrame | None = None
) -> tuple[str, pd.Series]:
    """Return the name and the values of one column that was named or given."""
    if isinstance(by, str):
        given: Given = by
    elif isinstance(by, pd.Series):
        given = {str(by.name or UNNAMED): by}
    else:
        given = {UNNAMED: by}
    ((name, values),) = _columns(effects, given, data).items()
    return name, values


def _columns(effects: EffectSizes, moderators: Given, data: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Return the columns by name, each as long as the effects and without blanks."""
    for frame in (moderators, data):
        if isinstance(frame, pd.DataFrame) and not frame.columns.is_unique:
            double = frame.columns[frame.columns.duplicated()][0]
            raise InputError(f'two columns are called "{double}"; rename one of them')
    if isinstance(moderators, pd.DataFrame | Mapping):
        table = {str(name): _bare(str(name), values) for name, values in moderators.items()}
    elif isinstance(moderators, str):
        table = _named(effects, [moderators], data)
    elif isinstance(moderators, np.ndarray):
        table = {UNNAMED: _bare(UNNAMED, moderators)}
    else:
        names = list(moderators)
        if not all(isinstance(name, str) for name in names):
            raise InputError(
                "moderators must be names of columns or a mapping from names to values; "
                'give numbers as {"name": values}'
            )
        table = _named(effects, names, data)
    for name, values in table.items():
        if len(values) != len(effects):
            raise InputError(
                f"{name} must have one value per effect ({len(effects)}); found {len(values)}; "
                "give the rows of the effects, in their order"
            )
        blank = values.isna().to_numpy()
        if blank.any():
            raise InputError(
                f"{name} is blank at {positions(blank)}; "
                "fill it in, or leave these studies out of the effects and of the data"
            )
    return table


def _bare(name: str, values: object) -> pd.Series:
    if isinstance(values, pd.Series):
        return values.reset_index(drop=True)
    if isinstance(values, pd.Categorical):
        return pd.Series(values)
    array = np.atleast_1d(np.asarray(values))
    if array.ndim > 1:
        raise InputError(
            f"{name} must have one dimension; found shape {array.shape}; give each column by its name"
        )
    return pd.Series(array)


def _named(effects: EffectSizes, names: Sequence[str], data: pd.DataFrame | None) -> dict[str, pd.Series]:
    frame = effects.to_frame() if data is None else data
    for name in names:
        if name not in frame.columns:
            raise UnknownNameError("column for a moderator", name, tuple(map(str, frame.columns)))
    return {name: frame[name].reset_index(drop=True) for name in names}


def _moderator(name: str, values: pd.Series, reference: str | None) -> Moderator:
    if pd.api.types.is_numeric_dtype(values.dtype):
        if reference is not None:
            raise InputError(
                f"{name} holds numbers and has no reference; turn it into text for one effect per value"
            )
        _check_varies(name, _numbers(name, values.to_numpy()))
        return Moderator(name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        used = set(values)
        levels = [str(level) for level in values.dtype.categories if level in used]
    else:
        levels = sorted({str(value) for value in values})
    if len(levels) < 2:
        raise InputError(f'{name} is "{levels[0]}" for every study; leave it out')
    if reference is not None:
        if reference not in levels:
            raise UnknownNameError(f"word of {name}", reference, levels)
        levels = [reference, *(level for level in levels if level != reference)]
    return Moderator(name, tuple(levels))


def _numbers(name: str, values: npt.NDArray[np.generic]) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers; found {values.tolist()[:SHOWN_POSITIONS]}") from error
    require(np.isfinite(array), f"{name} must be finite", array, "give a number for every study")
    return array


def _check_varies(name: str, values: FloatArray) -> None:
    if np.ptp(values) == 0:
        raise InputError(f"{name} is {values[0]:g} for every study; leave it out")


def _check_rank(design: FloatArray, names: Sequence[str]) -> None:
    basis: list[FloatArray] = []
    for place, column in enumerate(design.T):
        length = float(np.linalg.norm(column))
        rest = column / (length or 1.0)
        for unit in [*basis, *basis]:
            rest = rest - (unit @ rest) * unit
        left = float(np.linalg.norm(rest))
        if left <= COLLINEAR:
            before = ", ".join(names[:place])
            raise InputError(
                f"{names[place]} adds nothing to {before}: it is a combination of them; leave it out"
            )
        basis.append(rest / left)
