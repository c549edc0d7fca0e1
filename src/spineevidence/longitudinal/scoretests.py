"""Whether interval-censored times of two groups differ: score tests by permutation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import notes_below
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, html_table, number
from spineevidence.formulas.arguments import check_word
from spineevidence.longitudinal.intervalcensored import TurnbullEstimate, turnbull
from spineevidence.timing import FloatArray

Scores = Literal["logrank1", "wmw"]

FEW = 10  # rows in a group: below, the normal approximation of the permutations is rough


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IntervalCensoredTest:
    """Two groups of interval-censored times compared.

    Attributes
    ----------
    scores : {"logrank1", "wmw"}
        As asked for.
    groups : tuple of str
        The two groups, in alphabetical order.
    n : tuple of int
        Rows of each.
    statistic : float
        Standard normal if the groups do not differ; above 0 where events of the first group come earlier.
    p : float
        Two-sided.
    notes : tuple of str
        Caveats.
    """

    scores: Scores
    groups: tuple[str, str]
    n: tuple[int, int]
    statistic: float
    p: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<IntervalCensoredTest: {self.groups[0]} against {self.groups[1]}, {self.scores}, "
            f"z {number(self.statistic, 3)}, p {number(self.p, 4)}>"
        )

    def _repr_html_(self) -> str:
        caption = f"{self.groups[0]} against {self.groups[1]}, {count_of(sum(self.n), 'row')}"
        rows = [(self.scores, number(self.statistic, 3), number(self.p, 4))]
        return notes_below(html_table(caption, ("Scores", "z", "p"), rows), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded.

        Returns
        -------
        DataFrame
            One row: ``scores``, ``group1``, ``group2``, ``n1``, ``n2``, ``statistic``, ``p``.
        """
        (group1, group2), (n1, n2) = self.groups, self.n
        row = {"scores": self.scores, "group1": group1, "group2": group2, "n1": n1, "n2": n2}
        return pd.DataFrame([{**row, "statistic": self.statistic, "p": self.p}])


def interval_censored_test(
    *, left: npt.ArrayLike, right: npt.ArrayLike, group: npt.ArrayLike, scores: Scores = "logrank1"
) -> IntervalCensoredTest:
    """Return the score test of whether two groups have the same distribution of times.

    Each row has a score from the pooled estimate S: S(L) + S(R) - 1 for ``"wmw"`` (Wilcoxon-Mann-Whitney),
    (S(R) H(R) - S(L) H(L)) / (S(L) - S(R)) for ``"logrank1"`` (Sun), where H sums the hazards of innermost
    intervals. Their sum in one group is compared with that of random regrouping, by its normal approximation.

    Parameters
    ----------
    left, right : array_like, shape (n,)
        Each time lies in (left, right], in one unit, as for `turnbull`.
    group : array_like of str, shape (n,)
        Two different groups.
    scores : {"logrank1", "wmw"}, optional
        "logrank1" weighs all times alike where hazards are proportional, "wmw" gives early ones more weight.

    Returns
    -------
    IntervalCensoredTest
        Equals ``interval::ictest`` of R with ``method="pclt"``. Times must be censored alike in both groups,
        such as by the same visits, for regrouping to be fair.

    Raises
    ------
    InputError
        If an interval is not valid (see `turnbull`), there are not two groups, or all rows have one score.

    References
    ----------
    .. [1] Fay MP, Shaw PA (2010). Exact and asymptotic weighted logrank tests for interval censored data: the
       interval R package. https://doi.org/10.18637/jss.v036.i02

    Examples
    --------
    >>> visits = {"left": [0, 3, 3, 6, 6, 12], "right": [3, 6, 6, 12, 12, float("inf")]}
    >>> interval_censored_test(**visits, group=["a", "a", "b", "a", "b", "b"], scores="wmw")
    <IntervalCensoredTest: a against b, wmw, z 1.124, p 0.2612>
    """
    check_word("kind of scores", scores, get_args(Scores))
    pooled = turnbull(left=left, right=right)
    names, first, second = _groups(group, pooled.n)
    row_scores = _wmw(pooled) if scores == "wmw" else _logrank(pooled)
    away = row_scores - row_scores.mean()
    n1, n2 = int(first.sum()), int(second.sum())
    if np.ptp(row_scores) <= 1e-12 * max(1.0, float(np.max(np.abs(row_scores)))):
        raise InputError(
            "rows must differ in their times; found one score for all; no test can tell groups apart"
        )
    variance = n1 * n2 / (pooled.n * (pooled.n - 1)) * float(away @ away)
    statistic = float(away[first].sum() / np.sqrt(variance))
    from scipy.special import ndtr

    few = min(n1, n2) < FEW
    return IntervalCensoredTest(
        scores=scores,
        groups=names,
        n=(n1, n2),
        statistic=statistic,
        p=float(2 * ndtr(-abs(statistic))),
        notes=(f"fewer than {FEW} rows in a group: the p-value is rough",) if few else (),
    )


def _groups(
    group: npt.ArrayLike, n: int
) -> tuple[tuple[str, str], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    given = np.asarray(group, dtype=object)
    if np.any(pd.isna(given)):
        raise InputError("group must be known; found rows without one; leave these rows out")
    names = given.astype(str)
    if names.shape != (n,):
        raise InputError(
            f"group must have one name per row, {n}; found shape {names.shape}; give one per row"
        )
    found = np.unique(names).tolist()
    if len(found) != 2:
        shown = ", ".join(found[:5])
        raise InputError(f"two groups are needed; found {len(found)}: {shown}; compare two groups at a time")
    return (found[0], found[1]), names == found[0], names == found[1]


def _later(pooled: TurnbullEstimate) -> FloatArray:
    """Return S before each innermost interval, and 0 after the last."""
    later: FloatArray = np.append(np.cumsum(pooled.mass[::-1])[::-1], 0.0)
    return later


def _wmw(pooled: TurnbullEstimate) -> FloatArray:
    later = _later(pooled)
    score: FloatArray = later[pooled.first] + later[pooled.last] - 1.0
    return score


def _logrank(pooled: TurnbullEstimate) -> FloatArray:
    later = _later(pooled)
    before = later[:-1]
    hazard = np.divide(pooled.mass, before, out=np.zeros_like(before), where=before > 0)
    summed = later * np.append(0.0, np.cumsum(hazard))  # S times H
    inside = later[pooled.first] - later[pooled.last]
    score: FloatArray = (summed[pooled.last] - summed[pooled.first]) / inside
    return score
