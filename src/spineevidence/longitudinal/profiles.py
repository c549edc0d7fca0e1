"""Profile likelihood intervals of variances and correlations of random effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spineevidence.effectsizes import t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import interval, number
from spineevidence.longitudinal.climbing import Peak
from spineevidence.longitudinal.fitting import Box, box, reach
from spineevidence.longitudinal.marginal import Blocks, IntArray, Model, derivatives
from spineevidence.longitudinal.structures import covariance
from spineevidence.timing import FloatArray

DOUBLINGS = 60  # of a variance in search of its upper limit
STEPS = 100  # of the search for a limit; seven are usual
CLOSE = 1e-9  # times the width of the bracket at first
AWAY = 0.05  # of the scale: where a standard deviation of 0 is started from again
JITTER = 1e-10  # of the mean variance, to factor a singular covariance matrix


@dataclass(frozen=True, slots=True, eq=False)
class ProfileInterval:
    """The profile likelihood interval of a component.

    Attributes
    ----------
    name : str
        Of the component.
    estimate, low, high : float
        Variances in squared units of the effects; infinite where the likelihood does not fall.
    level : float
        Coverage.
    low_at_bound, high_at_bound : bool
        Whether a limit is the end of what is possible, and not where the likelihood falls.
    """

    name: str
    estimate: float
    low: float
    high: float
    level: float
    low_at_bound: bool
    high_at_bound: bool

    def __str__(self) -> str:
        return f"{self.name} {number(self.estimate, 4)} ({interval(self.low, self.high, 4)})"


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """How the parameters follow from a fixed value and free ones: ``offset(value) + turn(value) @ free``.

    `value` is a standard deviation or the parameter of a correlation, `shown` what is reported of it.
    """

    model: Model
    area: Box
    low: float
    high: float
    step: float
    value: float
    free: FloatArray
    offset: Callable[[float], FloatArray]
    turn: Callable[[float], FloatArray]
    shown: Callable[[float], float]


def profiled(
    model: Model,
    parameters: FloatArray,
    *,
    height: float,
    number: int,
    place: int,
    name: str,
    estimate: float,
    level: float,
) -> ProfileInterval:
    """Return the profile likelihood interval of a component.

    Parameters
    ----------
    model : Model
        Data and terms.
    parameters : ndarray, shape (q,)
        Those of the highest likelihood.
    height : float
        The log-likelihood there.
    number, place : int
        Which term, and which of its variances and then correlations.
    name : str
        Of the component.
    estimate : float
        As reported.
    level : float
        Coverage.

    Returns
    -------
    ProfileInterval
        See `spineevidence.longitudinal.multilevel.MultilevelFit.profile_interval`.

    References
    ----------
    .. [1] Venzon DJ, Moolgavkar SH (1988). https://doi.org/10.2307/2347496
    """
    path = _path(model, parameters, number, place, name)
    goal = float(t_quantile(p=(1 + level) / 2, df=np.inf))
    low, low_at_bound = _limit(path, height=height, goal=goal, down=True)
    high, high_at_bound = _limit(path, height=height, goal=goal, down=False)
    return ProfileInterval(
        name=name,
        estimate=estimate,
        low=path.shown(low),
        high=path.shown(high),
        level=level,
        low_at_bound=low_at_bound,
        high_at_bound=high_at_bound,
    )


def _path(model: Model, parameters: FloatArray, number: int, place: int, name: str) -> _Path:
    form = model.terms[number].form
    first = sum(term.form.size for term in model.terms[:number])
    if form.structure == "UN":
        return _unstructured_path(model, parameters, number, place, first)
    correlation = place >= form.scales
    if correlation and not form.with_correlation:
        raise InputError(f"{name} is not estimated: no group has two levels; ask for a variance")
    area = box(model)
    at = first + place
    rest = np.delete(np.arange(model.size), at)
    unit = form.unit if form.structure == "CAR" else 1.0
    return _Path(
        model,
        _part(area, rest),
        float(area.low[at]),
        float(area.high[at]),
        float(area.scale[at]),
        float(parameters[at]),
        parameters[rest],
        lambda value: value * np.eye(model.size)[at],
        lambda _: np.eye(model.size)[:, rest],
        (lambda value: max(value, 0.0) ** (1 / unit) if unit != 1 else value) if correlation else _square,
    )


def _square(value: float) -> float:
    return value**2


def _part(area: Box, rest: IntArray) -> Box:
    return Box(area.low[rest], area.high[rest], area.scale[rest], area.soft[rest])


def _unstructured_path(model: Model, parameters: FloatArray, number: int, place: int, first: int) -> _Path:
    """Return the path with the levels concerned put first: their Cholesky factor holds them by themselves."""
    form = model.terms[number].form
    size = form.levels
    correlation = place >= size
    pairs = np.triu_indices(size, 1)
    front = [int(side[place - size]) for side in pairs] if correlation else [place]
    order = np.array([*front, *(i for i in range(size) if i not in front)], dtype=np.intp)
    value = covariance(form, parameters[first : first + form.size])[np.ix_(order, order)]
    factor = np.linalg.cholesky(value + JITTER * np.trace(value) / size * np.eye(size))
    moved = parameters.copy()
    moved[first : first + form.size] = factor[np.tril_indices(size)]
    turned = _reordered(model, number, order)
    area = box(turned)
    if not correlation:
        rest = np.delete(np.arange(model.size), first)
        return _Path(
            turned,
            _part(area, rest),
            0.0,
            np.inf,
            float(area.scale[first]),
            float(moved[first]),
            moved[rest],
            lambda fixed: fixed * np.eye(model.size)[first],
            lambda _: np.eye(model.size)[:, rest],
            _square,
        )
    rest = np.delete(np.arange(model.size), first + 1)  # the second diagonal entry stands for both of its row
    free = moved.copy()
    free[first + 2] = np.hypot(moved[first + 1], moved[first + 2])

    def turn(rho: float) -> FloatArray:
        found = np.eye(model.size)
        found[first + 1, first + 2] = rho
        found[first + 2, first + 2] = np.sqrt(max(1 - rho**2, 0.0))
        return found[:, rest]

    rho = float(moved[first + 1] / free[first + 2])
    return _Path(
        turned,
        _part(area, rest),
        -1.0,
        1.0,
        0.25,
        rho,
        free[rest],
        lambda _: np.zeros(model.size),
        turn,
        lambda fixed: fixed,
    )


def _reordered(model: Model, number: int, order: IntArray) -> Model:
    """Return the model with the levels of one term in another order."""
    size = order.size
    new = np.argsort(order)
    table = np.append((new[:, None] * size + new).reshape(-1), size * size)
    blocks = []
    for one in model.blocks:
        pair = list(one.pair)
        pair[number] = table[pair[number]]
        blocks.append(Blocks(one.rows, one.data, one.v, tuple(pair)))
    terms = list(model.terms)
    terms[number] = replace(terms[number], inner=new[terms[number].inner])
    return replace(model, blocks=tuple(blocks), terms=tuple(terms))


def _highest_at(path: _Path, value: float, free: FloatArray) -> Peak:
    """Return the maximum over the free parameters."""
    offset, turn = path.offset(value), path.turn(value)

    def function(at: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        height, slope, bend = derivatives(path.model, offset + turn @ at)
        return height, turn.T @ slope, turn.T @ bend @ turn

    away = np.where(path.area.soft, AWAY * path.area.scale, -np.inf)
    return reach(function, path.area, np.maximum(free, away))


def _limit(path: _Path, *, height: float, goal: float, down: bool) -> tuple[float, bool]:
    """Return where the signed root of twice the fall of the likelihood reaches the goal, else the bound."""
    inner, free = path.value, path.free
    miss = -goal

    def fall(value: float, near: FloatArray) -> tuple[float, FloatArray]:
        peak = _highest_at(path, value, near)
        return float(np.sqrt(2 * max(height - peak.height, 0.0))) - goal, peak.place

    outer = path.low if down else path.high
    if np.isfinite(outer):
        over, beyond = fall(outer, free)
        if over <= 0:
            return outer, True
    else:
        step = max(0.5 * path.value, 0.25 * path.step)
        for _ in range(DOUBLINGS):
            outer = inner + step
            over, beyond = fall(outer, free)
            if over > 0:
                break
            inner, miss, free, step = outer, over, beyond, 2 * step
        else:
            return np.inf, True
    wide = abs(outer - inner)
    for _ in range(STEPS):
        middle = inner + (outer - inner) * float(np.clip(miss / (miss - over), 0.02, 0.98))
        found, place = fall(middle, free)
        if found <= 0:
            over = over / 2 if inner != path.value else over
            inner, miss, free = middle, found, place
        else:
            outer, over = middle, found
        if abs(outer - inner) <= CLOSE * wide or abs(found) < CLOSE:
            return middle, False
    return inner, False
