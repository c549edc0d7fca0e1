"""From the figures of an arm to one effect: spreads, counts, arms put together, missing numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spineevidence.curves import Curve, curve_for
from spineevidence.derivation import (
    FORMS,
    ROUTES,
    assumed_correlation,
    from_arms_and_p,
    from_before_and_after,
    from_change_row,
    from_contrast_row,
    from_means,
    orientation,
)
from spineevidence.evidence import Evidence
from spineevidence.figures import Figure, combined, events_of, figure_of
from spineevidence.responders import from_events
from spineevidence.results import Result, results_of
from tiny import contrast, row, tiny


@pytest.fixture
def base(tmp_path: Path) -> Evidence:
    rows = [
        row(value=4, sd=2, n=25),
        row(arm="s", value=5, sd=3, n=36),
        contrast(-1, -2, 0),
        row("pain_relief_50pct", statistic="percent", value=50, n=25),
        row(months=6, statistic="change", value=-2, se=0.5),
    ]
    return tiny(tmp_path, rows)


@pytest.fixture
def results(base: Evidence) -> tuple[Result, ...]:
    return results_of(base)


@pytest.fixture
def pain(base: Evidence) -> Curve:
    return curve_for(base, domain="pain", measure=None)


def test_routes_are_ranked_as_in_the_method() -> None:
    order = [
        "adjusted_contrast",
        "contrast",
        "pseudo_ancova",
        "final_means",
        "changes",
        "contrast_p",
        "arms_p",
    ]
    assert sorted(order, key=FORMS.__getitem__) == order
    assert FORMS.keys() == ROUTES.keys()


def test_the_spread_of_an_arm_in_any_form(results: tuple[Result, ...]) -> None:
    mean = results[0]
    figure = figure_of(mean)
    assert figure is not None
    assert (figure.sd, figure.se, figure.n) == (2, 0.4, 25)
    by_se = figure_of(replace(mean, sd=None, se=0.4))
    assert by_se is not None
    assert by_se.sd == pytest.approx(2)
    unknown = figure_of(replace(mean, sd=None))
    assert unknown is not None
    assert (unknown.sd, unknown.se) == (None, None)
    assert figure_of(replace(mean, value=None)) is None


def test_n_of_the_arm_stands_in_with_a_note(results: tuple[Result, ...]) -> None:
    figure = figure_of(replace(results[0], n=None))
    assert figure is not None
    assert figure.n == 30
    assert figure.notes == ("N_FROM_ARM: n of t is the number allocated (30)",)


@pytest.mark.parametrize(("percent", "patients"), [(50, 13), (48, 12), (46, 12), (0, 0), (100, 25)])
def test_percent_is_the_nearest_whole_number(
    results: tuple[Result, ...], percent: float, patients: int
) -> None:
    figure = events_of(replace(results[3], value=percent))
    assert figure is not None
    assert figure.value == patients


def test_counts_need_an_n_and_cannot_exceed_it(results: tuple[Result, ...]) -> None:
    events = replace(results[3], statistic="events", value=26.0)
    assert events_of(events) is None
    unknown = replace(events, n=None, arm=replace(events.arm, n=None))
    assert events_of(unknown) is None


def arm(value: float, *, sd: float | None = 2.0, n: int | None = 30, name: str = "a") -> Figure:
    se = None if sd is None or n is None else sd / n**0.5
    return Figure(name, value, sd, se, n, (2,), (), n)


def test_arms_are_put_together() -> None:
    both = combined([arm(4), arm(5, name="b")], counts=False)
    assert both is not None
    assert (both.arm, both.value, both.n, both.allocated) == ("a + b", 4.5, 60, 60)
    assert both.sd == pytest.approx(2.0460793430280515)
    counts = combined([arm(4), arm(5)], counts=True)
    assert counts is not None
    assert (counts.value, counts.n) == (9, 60)
    assert combined([arm(4), arm(5, n=None)], counts=False) is None
    assert combined([arm(4), arm(5, sd=None)], counts=False) is None
    one = arm(4, sd=None, n=None)
    assert combined([one], counts=False) is one


def test_orientation(base: Evidence) -> None:
    measures = base.measure_records()
    assert orientation(measures["nrs_pain_0_10"]) == -1
    assert orientation(measures["pain_relief_50pct"]) == 1


def test_a_contrast_of_another_kind_is_none(results: tuple[Result, ...], pain: Curve) -> None:
    printed = results[2]
    assert from_contrast_row(printed, curve=pain, sign=1) is not None
    for wrong in (
        replace(printed, statistic="smd"),
        replace(printed, value=None),
        replace(printed, ci_low=None, ci_high=None),
        replace(printed, value=-3.0),
        replace(printed, ci_low=-1.0, ci_high=-1.0),
        replace(printed, ci_low=None, ci_high=None, value=0.0, p=0.5),
    ):
        assert from_contrast_row(wrong, curve=pain, sign=1) is None


def test_the_sign_of_a_contrast_turns_with_the_side(results: tuple[Result, ...], pain: Curve) -> None:
    one, other = (from_contrast_row(results[2], curve=pain, sign=sign) for sign in (1, -1))
    assert one is not None
    assert other is not None
    assert (one.yi, one.ci_low, one.ci_high) == (1, 0, 2)
    assert (other.yi, other.ci_low, other.ci_high) == (-1, -2, 0)
    assert "sign turned: benefit is positive" in one.derivation
    assert "sign kept: benefit is positive" in other.derivation


def test_means_without_any_spread_are_none(results: tuple[Result, ...], pain: Curve) -> None:
    for versus in (arm(5, sd=None), arm(5, n=None)):
        found = from_means(arm(4), versus, results[2], curve=pain, route="final_means", baseline=None)
        assert found is None


def test_p_needs_sizes(results: tuple[Result, ...], pain: Curve) -> None:
    tested = replace(results[2], p=0.02)
    assert from_arms_and_p(arm(4), arm(5, name="b"), tested, results[2], curve=pain) is not None
    for size in (None, 1):
        first, second = arm(4, n=size), arm(5, n=size)
        assert from_arms_and_p(first, second, tested, results[2], curve=pain) is None


def test_events_need_sizes(results: tuple[Result, ...], base: Evidence) -> None:
    curve = curve_for(base, domain=None, measure=None, curve="pain_responders")
    against = replace(results[3], versus=results[1].arm)
    assert from_events(arm(9), arm(5), against, curve=curve) is not None
    assert from_events(arm(9), arm(5, n=None), against, curve=curve) is None


def test_changes_of_one_group(results: tuple[Result, ...], pain: Curve) -> None:
    change = from_change_row(results[4], curve=pain)
    assert change is not None
    assert (change.yi, change.sei, change.df, change.versus) == (2, 0.5, 29, "")
    assert from_change_row(results[0], curve=pain) is None
    assert from_change_row(replace(results[4], se=None), curve=pain) is None
    before, after = replace(results[0], value=7.0), results[0]
    found = from_before_and_after(before, after, curve=pain)
    assert found is not None
    assert (found.yi, found.route) == (3, "before_after")
    exact = from_before_and_after(before, replace(after, p=0.02), curve=pain)
    bound = from_before_and_after(before, replace(after, p=0.02, p_is_bound=True), curve=pain)
    bare = replace(after, sd=None, p=0.02, p_is_bound=True)
    assert exact is not None
    assert bound is not None
    assert (exact.route, bound.route) == ("change_p", "before_after")
    only = from_before_and_after(replace(before, sd=None), bare, curve=pain)
    assert only is not None
    assert only.route == "change_p"
    assert any(note.startswith("P_BOUND") for note in only.notes)


def test_a_lineage_tells_the_numbers_put_in(results: tuple[Result, ...], pain: Curve) -> None:
    found = from_means(arm(4), arm(5, name="b"), results[2], curve=pain, route="final_means", baseline=None)
    assert found is not None
    assert found.derivation == ("(a 4, SD 2, n 30) minus (b 5, SD 2, n 30), lower is better; Welch, df 58")


def test_the_correlation_assumed(base: Evidence, pain: Curve) -> None:
    assert assumed_correlation(pain).value == 0.25
    assert assumed_correlation(curve_for(base, domain="disability", measure=None)).value == 0.5
