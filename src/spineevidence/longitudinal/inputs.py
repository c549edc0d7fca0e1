"""What a multilevel model is given, checked once: effects, covariances, design and random effects."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import positions, require
from spineevidence.errors import InputError
from spineevidence.formatting import listed
from spineevidence.formulas.arguments import check_word, numbers
from spineevidence.longitudinal.marginal import IntArray, Term, arrange, independent
from spineevidence.longitudinal.structures import STRUCTURES, Structure, make_form
from spineevidence.timing import FloatArray

INTERCEPT = "intercept"
SYMMETRIC = 1e-10  # times the standard deviations: sampling covariances that differ less are equal
COLLINEAR = 1e-10  # of a column's length is left after the columns before it: it adds nothing

Labels = tuple[Hashable, ...]
Given = npt.ArrayLike | pd.Series | pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class RandomTerm:
    """Random effects of the inner levels of each outer group, correlated within the group.

    Attributes
    ----------
    outer : array_like or DataFrame, shape (k,)
        Group of every row, such as its study. Several columns of a DataFrame count together.
    inner : array_like, shape (k,)
        Level of every row, such as its time; none twice in a group. Numbers for CAR, in months for example.
    structure : {"ID", "DIAG", "CS", "HCS", "AR", "HAR", "CAR", "UN"}
        Covariances of the levels: one variance (ID, CS, AR, CAR) or one per level (DIAG, HCS, HAR, UN); no
        correlation (ID, DIAG), the same of all pairs (CS, HCS), rho to the power of the number of levels
        apart (AR, HAR) or of the difference of the levels (CAR), or one of each pair (UN).
    name : str
        How the term is called; "inner | outer" if empty and these are named columns.
    levels : sequence, optional
        The levels in their order; sorted without it.
    """

    outer: Given
    inner: npt.ArrayLike | pd.Series
    structure: str = "CS"
    name: str = ""
    levels: Sequence[Hashable] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A term with the words for its groups and levels.

    Attributes
    ----------
    name : str
        Of the term.
    term : Term
        Codes of groups and levels.
    groups, levels : tuple
        What the codes stand for; a random intercept has the one level None.
    times : ndarray, shape (L,)
        The levels as numbers for CAR; else empty.
    """

    name: str
    term: Term
    groups: Labels
    levels: Labels
    times: FloatArray

    @property
    def intercept(self) -> bool:
        """Whether it is one effect per group."""
        return self.levels == (None,)

    @property
    def structure(self) -> Structure:
        """The structure of its covariances."""
        return self.term.form.structure


def read_effects(yi: npt.ArrayLike, v: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return effects and their sampling covariances.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects.
    v : array_like, shape (k,) or (k, k)
        Sampling variances or covariances.

    Returns
    -------
    ndarray, ndarray
        Of the same shapes.

    Raises
    ------
    InputError
        If a number is missing, shapes differ, or `v` is not symmetric or not positive definite.
    """
    y, known = numbers("yi", yi), numbers("v", v)
    if y.ndim != 1 or not y.size:
        raise InputError(f"yi must be one row of effects; found shape {y.shape}; give one value per row")
    k = y.size
    if known.shape not in {(k,), (k, k)}:
        raise InputError(
            f"v must have shape ({k},) or ({k}, {k}), as there are {k} effects; found {known.shape}; give "
            "variances, or the whole matrix of covariances"
        )
    diagonal = known if known.ndim == 1 else np.diagonal(known)
    require(diagonal > 0, "sampling variances must be above 0", diagonal, "leave out rows without one")
    if known.ndim == 2:
        known = _symmetric(known)
        _check_definite(known)
    return y, known


def _symmetric(v: FloatArray) -> FloatArray:
    spread = np.sqrt(np.diagonal(v))
    apart = np.abs(v - v.T) > SYMMETRIC * np.outer(spread, spread)
    if apart.any():
        i, j = (int(one) for one in np.argwhere(apart)[0])
        raise InputError(
            f"v must be symmetric; found {v[i, j]:g} in row {i} and column {j}, but {v[j, i]:g} in row {j} "
            f"and column {i}; give each covariance twice"
        )
    return np.asarray((v + v.T) / 2)


def _check_definite(v: FloatArray) -> None:
    """Refuse blocks with an eigenvalue that is not above 0."""
    k = v.shape[0]
    block = independent(v=v, groups=[])
    data = {"x": np.zeros((k, 0)), "y": np.zeros(k)}
    for blocks in arrange(**data, v=v, terms=(), restricted=False, block=block).blocks:
        try:
            np.linalg.cholesky(blocks.v)
        except np.linalg.LinAlgError as error:
            lowest = np.linalg.eigvalsh(blocks.v)[:, 0]
            worst = blocks.rows[int(lowest.argmin())]
            where = np.zeros(k, dtype=bool)
            where[worst[worst >= 0]] = True
            raise InputError(
                f"v must be positive definite; the covariances of {positions(where)} have the eigenvalue "
                f"{lowest.min():.3g}; use a smaller correlation, or leave out rows that repeat others"
            ) from error


def read_design(
    design: npt.ArrayLike | pd.DataFrame | None, names: Sequence[str] | None, *, k: int
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the design and the names of its columns; without one a column of ones.

    Raises
    ------
    InputError
        If shapes do not fit, there are fewer rows than coefficients, or a column adds nothing.
    """
    if design is None:
        design, names = np.ones((k, 1)), names or (INTERCEPT,)
    if isinstance(design, pd.DataFrame) and names is None:
        names = [str(column) for column in design.columns]
    x = numbers("design", design)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] != k or not x.shape[1]:
        raise InputError(
            f"design must have a row for each of the {k} effects and a column per coefficient; found shape "
            f"{x.shape}; give shape ({k}, p)"
        )
    p = x.shape[1]
    words = tuple(str(name) for name in names) if names is not None else _default_names(x)
    if len(words) != p or len(set(words)) != p:
        raise InputError(
            f"{p} different names of coefficients are needed; found {listed(words)}; give one per column"
        )
    if k <= p:
        raise InputError(f"{p} coefficients need more than {p} effects; found {k}; use fewer columns")
    _check_rank(x, words)
    return x, words


def _default_names(x: FloatArray) -> tuple[str, ...]:
    constant = (x == x[0]).all(axis=0)
    return tuple(INTERCEPT if constant[i] and not constant[:i].any() else f"x{i}" for i in range(x.shape[1]))


def _check_rank(x: FloatArray, names: tuple[str, ...]) -> None:
    length = np.sqrt((x**2).sum(axis=0))
    triangle = np.linalg.qr(x / np.where(length > 0, length, 1.0), mode="r")
    idle = np.abs(np.diagonal(triangle)) < COLLINEAR
    if idle.any():
        found = listed([f'"{name}"' for name, is_idle in zip(names, idle, strict=True) if is_idle])
        raise InputError(
            f"columns of the design must be independent; {found} is the sum of multiples of those before; "
            "leave it out"
        )


def read_intercept(name: str, given: Given, *, k: int) -> Named:
    """Return a random intercept: one effect per group."""
    code, groups = read_labels(name, given, k=k)
    form = make_form(structure="ID", positions=np.zeros(1), together=np.zeros((1, 1)), levels=1)
    return Named(name, Term(form, code, np.zeros(k, dtype=np.intp)), groups, (None,), np.zeros(0))


def read_term(given: RandomTerm, *, k: int) -> Named:
    """Return a term with its structure.

    Raises
    ------
    InputError
        If the structure is unknown, a level occurs twice in a group, or levels are not numbers for CAR.
    """
    check_word("structure", given.structure, STRUCTURES)
    structure: Structure = given.structure  # type: ignore[assignment]  # just checked
    name = given.name or f"{_word(given.inner, 'inner')} | {_word(given.outer, 'outer')}"
    outer, groups = read_labels(f"outer of {name}", given.outer, k=k)
    inner, levels = read_labels(f"inner of {name}", given.inner, k=k, order=given.levels)
    pair = outer * len(levels) + inner
    if np.unique(pair).size < k:
        _, first, count = np.unique(pair, return_index=True, return_counts=True)
        i = int(first[count > 1][0])
        raise InputError(
            f"{name}: a level may occur once in a group; found {levels[inner[i]]!r} more than once in "
            f"{groups[outer[i]]!r}; give each row of a group its own level, or a random intercept"
        )
    table = np.zeros((len(groups), len(levels)))
    table[outer, inner] = 1.0
    times = np.zeros(0)
    if structure == "CAR":
        times = _times(name, levels)
    form = make_form(structure=structure, positions=times, together=table.T @ table > 0, levels=len(levels))
    return Named(name, Term(form, outer, inner), groups, levels, times)


def _times(name: str, levels: Labels) -> FloatArray:
    try:
        return np.array([float(level) for level in levels])  # type: ignore[arg-type]  # words are refused below
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name}: CAR needs times as inner levels; found {levels[0]!r}; give numbers, or AR for steps"
        ) from error


def _word(given: object, instead: str) -> str:
    if isinstance(given, pd.DataFrame):
        return "/".join(map(str, given.columns))
    name = getattr(given, "name", None)
    return instead if name is None else str(name)


def read_labels(
    name: str, given: Given, *, k: int, order: Sequence[Hashable] | None = None
) -> tuple[IntArray, Labels]:
    """Return codes and what they stand for: sorted, or in a given order.

    Parameters
    ----------
    name : str
        For messages.
    given : array_like or DataFrame, shape (k,)
        Labels; the columns of a DataFrame count together.
    k : int
        Rows.
    order : sequence, optional
        All labels.

    Raises
    ------
    InputError
        If there are not k labels, one is missing, or one is not in the order given.
    """
    if isinstance(given, pd.DataFrame):
        column = pd.Series(list(given.itertuples(index=False, name=None)), dtype=object)
        missing = given.isna().any(axis=1).to_numpy()
    else:
        array = np.asarray(given)
        if array.ndim != 1:
            raise InputError(f"{name} must be one column; found shape {array.shape}; give one label per row")
        column = pd.Series(array)
        missing = column.isna().to_numpy()
    if column.size != k:
        raise InputError(f"{name} must have {k} labels, one per effect; found {column.size}")
    if missing.any():
        raise InputError(f"{name} must have no missing labels; found some at {positions(missing)}")
    if order is None:
        code, words = pd.factorize(column, sort=True)
        return code.astype(np.intp), tuple(words.tolist())
    place: Mapping[Hashable, int] = {label: i for i, label in enumerate(order)}
    unknown = [label for label in column.unique().tolist() if label not in place]
    if unknown or len(place) < len(order):
        found = repr(unknown[0]) if unknown else "a level twice"
        raise InputError(f"{name}: the order must hold every level once; found {found}; give all levels")
    return np.array([place[label] for label in column], dtype=np.intp), tuple(order)
