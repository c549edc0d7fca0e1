"""Two groups of interval-censored times: a worked example, an identity, refused input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.longitudinal.scoretests import interval_censored_test

INF = math.inf
TWO = {"left": [0, 3, 3, 6, 6, 12], "right": [3, 6, 6, 12, 12, INF]}


@pytest.mark.parametrize("scores", ["logrank1", "wmw"])
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 1.0, 3.0, INF])), max_size=20),
    seed=st.integers(0, 2**32 - 1),
)
def test_swapping_the_groups_changes_the_sign_only(
    scores: str, rows: list[tuple[int, float]], seed: int
) -> None:
    rows = [*rows, (0, 1.0), (40, INF)]  # which differ whatever the others
    sides = {"left": [left for left, _ in rows], "right": [left + wide for left, wide in rows]}
    first = np.random.default_rng(seed).random(len(rows)) < 0.5
    first[-2:] = [True, False]
    found = interval_censored_test(**sides, group=np.where(first, "a", "b"), scores=scores)
    swapped = interval_censored_test(**sides, group=np.where(first, "b", "a"), scores=scores)
    assert swapped.statistic == pytest.approx(-found.statistic, abs=1e-10)
    assert swapped.p == pytest.approx(found.p, abs=1e-10)


def test_a_worked_test() -> None:
    """S falls over 1, 5/6, 1/2, 1/6, 0; scores 5/6, 1/3, 1/3, -1/3, -1/3, -5/6; the sum of a is 5/6."""
    found = interval_censored_test(**TWO, group=list("aababb"), scores="wmw")
    assert found.statistic == pytest.approx(5 / 6 / math.sqrt(0.55), abs=1e-12)
    assert found.groups == ("a", "b")
    assert found.n == (3, 3)
    assert found.notes == ("fewer than 10 rows in a group: the p-value is rough",)
    assert found.to_frame()["p"].item() == found.p
    assert "a against b" in found._repr_html_()


@pytest.mark.parametrize(
    ("group", "scores", "message"),
    [
        (list("aaaaaa"), "wmw", "two groups are needed; found 1: a"),
        (list("aabbcc"), "wmw", "two groups are needed; found 3: a, b, c"),
        (["a", None, "b", "a", "b", "b"], "wmw", "group must be known"),
        (list("ab"), "wmw", "group must have one name per row, 6"),
        (list("aaabbb"), "logrank", 'did you mean "logrank1"'),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(
    group: list[str | None], scores: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        interval_censored_test(**TWO, group=group, scores=scores)


def test_rows_that_do_not_differ_are_refused() -> None:
    with pytest.raises(InputError, match="rows must differ in their times"):
        interval_censored_test(left=[3, 6], right=[INF, INF], group=["a", "b"])
