"""Sampling covariances of one study's effects, and several effects of a study combined into one.

Matrices cover all effects of all studies: effects of different studies have covariance 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import EffectSizes, require
from spineevidence.errors import InputError
from spineevidence.formatting import count_of
from spineevidence.formulas.arguments import aligned, check_above_0, check_word, checked_number, numbers
from spineevidence.formulas.correlations import doubling_correlation
from spineevidence.timing import FloatArray

Labels = Sequence[str] | Sequence[int] | npt.NDArray[np.generic]
Places = npt.NDArray[np.intp]

SAME = 1e-8  # relative: a covariance matrix typed in with rounded entries still counts as symmetric


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Aggregated:
    """One effect per study.

    Attributes
    ----------
    study : tuple of str
        Studies, in the order in which they first appear.
    n_effects : tuple of int
        Effects that went into each.
    effects : EffectSizes
        Combined effects, one per study.
    """

    study: tuple[str, ...]
    n_effects: tuple[int, ...]
    effects: EffectSizes

    def __repr__(self) -> str:
        return f"<Aggregated: {sum(self.n_effects)} effects of {len(self.study)} studies, {self.effects!r}>"


def visit_covariance(
    *,
    vi: npt.ArrayLike,
    months: npt.ArrayLike,
    study: Labels | None = None,
    rho: float = 0.7,
    decay: Literal["doubling", "linear"] = "doubling",
) -> FloatArray:
    """Return the covariance matrix of effects that studies report at several visits.

    Parameters
    ----------
    vi : array_like, shape (k,)
        Sampling variances, above 0.
    months : array_like, shape (k,)
        Times of the visits, above 0, different within a study.
    study : sequence, shape (k,), optional
        Study of each effect; without it all belong to one.
    rho : float, optional
        Correlation of two visits, from 0 to below 1: with "doubling" of visits of which one is twice as
        late, with "linear" of visits one month apart.
    decay : {"doubling", "linear"}, optional
        Whether the correlation falls with the ratio of the times or with their difference.

    Returns
    -------
    ndarray, shape (k, k)
        ``rho^|log2(t / t')| sqrt(vi vj)``, or ``rho^|t - t'| sqrt(vi vj)`` as ``metafor::vcalc`` with `time1`
        and `phi`; 0 between studies.

    References
    ----------
    .. [1] Trikalinos TA, Olkin I (2012). https://doi.org/10.1177/1740774512453218
    .. [2] Musekiwa A et al. (2016). https://doi.org/10.1371/journal.pone.0164898

    Examples
    --------
    >>> visit_covariance(vi=[0.04, 0.09], months=[6, 12]).round(3).tolist()
    [[0.04, 0.042], [0.042, 0.09]]
    """
    variances, times = _vectors({"vi": vi, "months": months})
    check_above_0("vi", variances)
    check_above_0("months", times)
    check_word("decay", decay, ("doubling", "linear"))
    if not 0 <= checked_number("rho", rho, "0.7 is usual for a doubling of time") < 1:
        raise InputError(
            f"rho must lie from 0 to below 1; found {rho:g}; 0.7 is usual for a doubling of time"
        )
    blocks = list(_blocks(study, variances.size))
    for name, places in blocks:
        if np.unique(times[places]).size < places.size:
            raise InputError(
                f"effects of one study need different times; {name or 'the study'} has a time twice; "
                "combine effects of one visit first"
            )
    if decay == "doubling":
        one, other = np.repeat(times, times.size), np.tile(times, times.size)
        pairs = doubling_correlation(months_j=one, months_l=other, rho=rho)
        correlation = pairs.reshape(times.size, times.size)
    else:
        correlation = rho ** np.abs(times[:, None] - times[None, :])
    return _scaled(correlation, variances, blocks)


def constant_covariance(*, vi: npt.ArrayLike, rho: float, study: Labels | None = None) -> FloatArray:
    """Return the covariance matrix of effects that have one correlation within each study.

    For several outcomes of the same patients. The correlation is rarely printed: repeat the analysis with
    a lower and a higher one.

    Parameters
    ----------
    vi : array_like, shape (k,)
        Sampling variances, above 0.
    rho : float
        Correlation of two effects of a study, below 1; for m effects at least ``-1 / (m - 1)``.
    study : sequence, shape (k,), optional
        Study of each effect; without it all belong to one.

    Returns
    -------
    ndarray, shape (k, k)
        ``rho sqrt(vi vj)`` within studies, 0 between them. As ``metafor::vcalc`` with `obs` and `rho`.

    References
    ----------
    .. [1] Borenstein M et al. (2009). Introduction to Meta-Analysis, chapter 24.
       https://doi.org/10.1002/9780470743386.ch24

    Examples
    --------
    >>> constant_covariance(vi=[0.05, 0.05], rho=0.5).round(3).tolist()
    [[0.05, 0.025], [0.025, 0.05]]
    """
    (variances,) = _vectors({"vi": vi})
    check_above_0("vi", variances)
    blocks = list(_blocks(study, variances.size))
    checked_number("rho", rho, "give the correlation of the sampling errors")
    largest = max((places.size for _, places in blocks), default=1)
    least = -1.0 if largest < 3 else -1 / (largest - 1)
    if not least <= rho < 1:
        raise InputError(
            f"rho must lie from {least:g} to below 1 for {count_of(largest, 'effect')} of one study; "
            f"found {rho:g}; give the correlation of the sampling errors"
        )
    correlation = np.full((variances.size, variances.size), float(rho))
    np.fill_diagonal(correlation, 1.0)
    return _scaled(correlation, variances, blocks)


def shared_group_covariance(
    *,
    vi: npt.ArrayLike,
    study: Labels,
    group1: Labels,
    group2: Labels,
    n1: npt.ArrayLike,
    n2: npt.ArrayLike,
) -> FloatArray:
    """Return the covariance matrix of contrasts that share a group, such as one control of two doses.

    Exact for mean differences of groups with one standard deviation; an approximation for others.

    Parameters
    ----------
    vi : array_like, shape (k,)
        Sampling variances, above 0.
    study : sequence, shape (k,)
        Study of each contrast.
    group1, group2 : sequence, shape (k,)
        Names of the two groups of each contrast; a name means the same group throughout a study.
    n1, n2 : array_like, shape (k,)
        Sizes of the groups; one size for a group of a study.

    Returns
    -------
    ndarray, shape (k, k)
        The correlation of two contrasts is the sum of ``c c' / n`` over their groups (c is 1 for `group1`, -1
        for `group2`), divided by ``sqrt((1/n1 + 1/n2) (1/n1' + 1/n2'))``. As ``metafor::vcalc`` with `grp1`,
        `grp2`, `w1`, `w2`. The matrix is singular if a contrast follows from others (A-B, A-C and B-C).

    References
    ----------
    .. [1] Gleser LJ, Olkin I (2009), in The Handbook of Research Synthesis and Meta-Analysis, chapter 19.
       https://www.jstor.org/stable/10.7758/9781610441384
    .. [2] Cochrane Handbook, section 23.3.4.
       https://training.cochrane.org/handbook/current/chapter-23

    Examples
    --------
    >>> covariance = shared_group_covariance(
    ...     vi=[0.10, 0.10], study=["s", "s"], group1=["10 mg", "20 mg"], group2=["sham", "sham"],
    ...     n1=[20, 20], n2=[20, 20],
    ... )
    >>> covariance.round(3).tolist()
    [[0.1, 0.05], [0.05, 0.1]]
    """
    variances, size1, size2 = _vectors({"vi": vi, "n1": n1, "n2": n2})
    for name, values in (("vi", variances), ("n1", size1), ("n2", size2)):
        check_above_0(name, values)
    first, second = _labels("group1", group1, variances.size), _labels("group2", group2, variances.size)
    blocks = list(_blocks(study, variances.size))
    correlation = np.eye(variances.size)
    for name, places in blocks:
        sides = [(first[i], second[i], size1[i], size2[i]) for i in places]
        contrasts, sizes = _contrasts(name, sides)
        shared = (contrasts / sizes) @ contrasts.T
        root = np.sqrt(np.diag(shared))
        correlation[np.ix_(places, places)] = shared / np.outer(root, root)
    return _scaled(correlation, variances, blocks)


def aggregate(
    *,
    yi: npt.ArrayLike,
    covariance: npt.ArrayLike,
    study: Labels,
    weighted: bool = True,
    measure: str = "",
    estimand: str = "",
) -> Aggregated:
    """Return one effect per study from several that are correlated.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects on one scale.
    covariance : array_like, shape (k, k)
        Their sampling covariances, from `visit_covariance`, `constant_covariance` or
        `shared_group_covariance`.
    study : sequence, shape (k,)
        Study of each effect.
    weighted : bool, optional
        With weights by the inverse of the matrix (least variance), or the plain mean. With a high correlation
        the former can weigh an effect below 0 and leave the range of the effects; a note then says so.
    measure, estimand : str, optional
        Passed on to the result.

    Returns
    -------
    Aggregated
        ``w'y / w'1`` with variance ``1 / w'1`` for ``w = V^-1 1``, or the mean with variance ``1'V1 / m^2``.
        As ``metafor::aggregate.escalc``. It stands for all visits or outcomes together: say which.

    Raises
    ------
    InputError
        Also if a study's covariances are not those of any numbers (not positive definite).

    References
    ----------
    .. [1] Borenstein M et al. (2009). Introduction to Meta-Analysis, chapter 24.
       https://doi.org/10.1002/9780470743386.ch24

    Examples
    --------
    >>> both = aggregate(
    ...     yi=[0.30, 0.10], covariance=[[0.05, 0.025], [0.025, 0.05]], study=["A", "A"], weighted=False
    ... )
    >>> both.effects
    <EffectSizes: 1, yi 0.200 (95 % CI -0.180 to 0.580)>
    """
    (effects,) = _vectors({"yi": yi})
    matrix = numbers("covariance", covariance)
    if np.shape(matrix) != (effects.size, effects.size):
        raise InputError(
            f"covariance must have shape ({effects.size}, {effects.size}); found {np.shape(matrix)}; "
            "give one row and column per effect"
        )
    blocks = list(_blocks(study, effects.size))
    _check_covariance(matrix, blocks)
    pairs = [
        _combined(effects[places], matrix[np.ix_(places, places)], weighted=weighted) for _, places in blocks
    ]
    way = "inverse covariances" if weighted else "equal weights"
    notes = [f"{count_of(effects.size, 'effect')} combined into {len(blocks)} by {way}."]
    beyond = [name for (name, _), (_, _, negative) in zip(blocks, pairs, strict=True) if negative]
    if beyond:
        notes.append(
            f"Some effects have a weight below 0, for the correlation assumed is high: {', '.join(beyond)}."
        )
    return Aggregated(
        study=tuple(name for name, _ in blocks),
        n_effects=tuple(places.size for _, places in blocks),
        effects=EffectSizes(
            yi=[pair[0] for pair in pairs],
            vi=[pair[1] for pair in pairs],
            measure=measure,
            estimand=estimand,
            notes=notes,
        ),
    )


def _vectors(values: dict[str, npt.ArrayLike]) -> list[FloatArray]:
    return [np.atleast_1d(array) for array in aligned(values)]


def _labels(name: str, labels: Labels, k: int) -> list[str]:
    if isinstance(labels, str) or len(labels) != k:
        found = "a text" if isinstance(labels, str) else str(len(labels))
        raise InputError(f"{name} must be a list as long as the effects ({k}); found {found}")
    return [str(label) for label in labels]


def _blocks(study: Labels | None, k: int) -> Iterator[tuple[str, Places]]:
    """Yield each study with the places of its effects, in the order in which studies appear."""
    labels = [""] * k if study is None else _labels("study", study, k)
    places: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        places.setdefault(label, []).append(i)
    for label, found in places.items():
        yield label, np.array(found, dtype=np.intp)


def _scaled(correlation: FloatArray, vi: FloatArray, blocks: list[tuple[str, Places]]) -> FloatArray:
    covariance = np.zeros((vi.size, vi.size))
    root = np.sqrt(vi)
    for _, places in blocks:
        inside = np.ix_(places, places)
        covariance[inside] = correlation[inside] * np.outer(root[places], root[places])
    np.fill_diagonal(covariance, vi)
    return np.triu(covariance) + np.triu(covariance, 1).T  # symmetric to the last digit


def _contrasts(study: str, sides: list[tuple[str, str, float, float]]) -> tuple[FloatArray, FloatArray]:
    """Return the coefficients of a study's contrasts (rows) on its groups, and the sizes of the groups."""
    sizes: dict[str, float] = {}
    for one, other, n_one, n_other in sides:
        if one == other:
            raise InputError(f'a contrast of study {study} has "{one}" on both sides; name two groups')
        for group, n in ((one, n_one), (other, n_other)):
            if sizes.setdefault(group, n) != n:
                raise InputError(
                    f'group "{group}" of study {study} has sizes {sizes[group]:g} and {n:g}; give one size, '
                    "or another name where it is another group"
                )
    column = {group: j for j, group in enumerate(sizes)}
    contrasts = np.zeros((len(sides), len(sizes)))
    for i, (one, other, _, _) in enumerate(sides):
        contrasts[i, column[one]], contrasts[i, column[other]] = 1.0, -1.0
    return contrasts, np.array(list(sizes.values()))


def _check_covariance(matrix: FloatArray, blocks: list[tuple[str, Places]]) -> None:
    check_above_0("the variances of the covariance matrix", np.diag(matrix))
    root = np.sqrt(np.diag(matrix))
    close = np.abs(matrix - matrix.T) <= SAME * np.outer(root, root)
    require(close, "covariance must be symmetric", matrix, "give each pair of effects one covariance")
    within = np.zeros(matrix.shape, dtype=bool)
    for _, places in blocks:
        within[np.ix_(places, places)] = True
    rule = "effects of different studies must have covariance 0"
    require(within | (matrix == 0), rule, matrix, "name studies that share patients as one")


def _combined(yi: FloatArray, covariance: FloatArray, *, weighted: bool) -> tuple[float, float, bool]:
    """Return effect, variance, and whether an effect has a weight below 0."""
    root = np.sqrt(np.diag(covariance))
    smallest = np.linalg.eigvalsh(covariance / np.outer(root, root))[0]
    if smallest <= SAME * yi.size if weighted else smallest < -SAME * yi.size:
        raise InputError(
            "the covariances of a study must be positive definite; found a correlation matrix with "
            f"smallest eigenvalue {smallest:.3g}; lower the correlations, or leave out effects that follow "
            "from others"
        )
    if not weighted:
        return float(yi.mean()), float(covariance.sum() / yi.size**2), False
    weights = np.linalg.solve(covariance, np.ones(yi.size))
    total = weights.sum()
    return float(weights @ yi / total), float(1 / total), bool((weights < 0).any())
