"""The promises of the method on evidence whose truth is known, in small; in full by ``make simulation``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from simulation import joint, mix, single, windows
from simulation.cells import Cell, Row, Section
from simulation.courses import COURSES, DELTA, LASTS, VISITS
from simulation.differences import DIFFERENCES
from simulation.page import found, page
from simulation.running import CHUNK, SEED, chunk, chunks, run, together
from simulation.statements import Columns, judged
from simulation.studies import SCHEDULES, SD, arms, correlations, one_study
from simulation.table import cells, sections
from simulation.targets import CASES, Target, at_least, figure, oracle
from spineevidence.stepwise import stepwise_duration

PAGE = Path(__file__).parents[1] / "docs" / "methods" / "simulation.md"
LEVEL = 0.95
SURE = 0.001  # a correct implementation fails by chance in one of a thousand draws; the draw is fixed
DATA_SETS = 300  # of several studies
ONE = 6_000  # of one study
ERRORS = 3.3  # standard errors: the normal counterpart of SURE, two-sided


def least_hits(n: int, p: float = LEVEL) -> int:
    """Return the fewest of n that `p` still explains: fewer come with a probability below `SURE`."""
    from scipy.stats import binom

    return int(binom.ppf(SURE, n, p))


@cache
def drawn(name: str, replicates: int) -> Columns:
    cell = cells()[name]
    sizes = chunks(replicates)
    return together(chunk(cell, place, size) for place, size in enumerate(sizes))


def assert_kept(truths: np.ndarray, promised: float = LEVEL) -> None:
    assert set(np.unique(truths)) <= {0.0, 1.0}
    assert truths.sum() >= least_hits(truths.size, promised)


def test_a_promise_that_is_not_kept_would_show() -> None:
    assert least_hits(DATA_SETS) > 0.9 * DATA_SETS
    assert least_hits(ONE) > 0.94 * ONE
    with pytest.raises(AssertionError):
        assert_kept(np.r_[np.ones(90), np.zeros(15)])


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_durations_of_several_studies_are_true_as_often_as_promised(k: int) -> None:
    said = drawn(f"joint, half-normal, scale 0.75, exponential, k {k}, tau 0.5", DATA_SETS)
    assert_kept(said["duration"])
    assert_kept(said["pair"])


@pytest.mark.parametrize(("k", "course"), [(2, "just below delta"), (8, "just above delta")])
def test_durations_of_several_studies_are_true_at_the_edge(k: int, course: str) -> None:
    rng = np.random.default_rng([SEED, k])
    said = joint.saturated(rng, DATA_SETS, k=k, engine="half-normal", course=course)
    assert_kept(said["duration"])
    assert_kept(said["pair"])
    assert said["lower" if "below" in course else "upper"].sum() > 0  # the edge is felt


@pytest.mark.parametrize("k", [2, 8])
def test_what_is_shipped_keeps_the_promise(k: int) -> None:
    said = drawn(f"pool_over_time, k {k}", 100)
    assert_kept(said["covered"])
    assert_kept(said["pair"])


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_windows_of_the_half_normal_engine_hold_the_effect(k: int) -> None:
    inside = drawn(f"joint, half-normal, scale 0.75, exponential, k {k}, tau 0.5", DATA_SETS)["covered"]
    low, high = CASES["saturated_bhn"]["coverage"][f"k={k}"]
    slack = ERRORS * inside.std(ddof=1) / np.sqrt(inside.size)
    assert low - slack <= inside.mean() <= min(high + slack, 0.999)


def test_a_threshold_on_the_edge_costs_one_study_what_it_may_cost() -> None:
    for side in ("below", "above"):
        said = drawn(f"one study, just {side} delta, n 50, rho 0.3", ONE)
        low, high = CASES["edge"][f"stepwise_{side}"]
        assert low <= said["covered"].mean() <= high
        assert_kept(said["pair"])
    low, high = CASES["edge"]["any_visit_rule_below"]
    below = drawn("one study, just below delta, n 50, rho 0.3", ONE)
    assert low <= below["any visit"].mean() <= high < below["covered"].mean()


@pytest.mark.parametrize("n", [20, 200])
@pytest.mark.parametrize("course", ["loglinear", "hump"])
def test_durations_of_one_study_are_true(course: str, n: int) -> None:
    said = drawn(f"one study, {course}, n {n}, rho 0.7", ONE // 2)
    assert_kept(said["covered"], CASES["naive"]["stepwise_coverage_min"])
    assert_kept(said["pair"])


def test_the_last_significant_visit_measures_the_size_of_the_study() -> None:
    medians = {
        str(n): float(np.median(drawn(f"one study, loglinear, n {n}, rho 0.7", ONE // 2)["last significant"]))
        for n in (20, 50, 100, 200)
    }
    assert medians == CASES["naive"]["median_by_n"]


def test_a_mix_of_studies_is_no_fade_within_studies() -> None:
    said = {name: float(values.mean()) for name, values in drawn("mix of studies", 400).items()}
    expected = CASES["composition"]
    low, high = expected["univariate_24_minus_1"]
    assert low <= said["windows"] <= high
    low, high = expected["univariate_declares_fade"]
    assert low <= said["windows fade"] <= high
    assert said["joint fades"] < 0.2
    assert said["within fades"] <= expected["within_study_slope_one_sided_false_fade_max"]
    assert abs(said["within"]) < 0.02


def test_a_window_by_dersimonian_and_laird_promises_too_much() -> None:
    low, high = CASES["pooled_window_z"]["coverage"]
    for k in (2, 3, 5, 8):
        assert low <= drawn(f"one window, k {k}, tau 0.5, DL, z", 20_000)["covered"].mean() <= high < LEVEL


def test_verdicts_err_as_designed() -> None:
    for setting, verdicts in CASES["verdict"].items():
        truth, se = (float(text.split()[-1]) for text in setting.split(","))
        said = drawn(f"verdict, {truth:g}, {se:g}", 20_000)
        assert sum(values.mean() for values in said.values()) == pytest.approx(1.0)
        for verdict, (low, high) in verdicts.items():
            assert low <= said[verdict].mean() <= high


def test_one_group_improves_without_any_effect() -> None:
    low, high = CASES["uncontrolled"]["share_with_change_lo_above_0"]
    assert low <= drawn("uncontrolled", 4_000)["improved"].mean() <= high


def test_arms_are_distributed_as_those_of_patients() -> None:
    rng, many, n = np.random.default_rng(SEED), 20_000, 7
    correlation = correlations(VISITS, 0.7)
    mean = np.broadcast_to(COURSES["exponential"](VISITS), (many, VISITS.size))
    means, sds = arms(rng, mean=mean, n=np.full(many, n), correlation=correlation)
    patients = mean[:, None] + SD * rng.standard_normal((many, n, 5)) @ np.linalg.cholesky(correlation).T
    for ours, theirs in ((means, patients.mean(axis=1)), (sds**2, patients.var(axis=1, ddof=1))):
        assert ours.mean(axis=0) == pytest.approx(theirs.mean(axis=0), abs=0.12)
        assert ours.var(axis=0) == pytest.approx(theirs.var(axis=0), rel=0.1)
        assert np.corrcoef(ours.T) == pytest.approx(np.corrcoef(theirs.T), abs=0.04)


def test_the_time_of_the_last_important_benefit_is_that_of_the_course() -> None:
    for course, lasts in LASTS.items():
        at = np.array([lasts, lasts * 0.99, lasts * 1.01])
        effect = COURSES[course](at)
        assert effect[0] == pytest.approx(DELTA)
        assert effect[1] > DELTA > effect[2]


def test_false_statements_are_found_false() -> None:
    course = COURSES["loglinear"](VISITS)  # 2.0, 1.29, 0.84, 0.39, -0.06
    half = 0.1

    def said(effect: list[float]) -> dict[str, float]:
        d = np.array(effect)
        duration = stepwise_duration(
            months=VISITS, estimate=d, ci_low=d - half, ci_high=d + half, delta=DELTA
        )
        return {name: float(values[0]) for name, values in judged([duration], course).items()}

    right = said(course.tolist())
    assert right == {"covered": 1, "pair": 1, "lower": 1, "upper": 1, "both": 1, "shown": 1}
    too_long = said([2.0, 1.3, 1.2, 0.4, -0.1])  # an important benefit at 6 months
    assert (too_long["covered"], too_long["pair"]) == (0, 1)
    too_short = said([2.0, 0.8, 0.8, 0.4, -0.1])  # none from 3 months on
    assert (too_short["covered"], too_short["pair"]) == (0, 0)
    never_lost = said([2.0, 1.3, 0.8, 0.4, 0.2])  # some benefit at 24 months
    assert (never_lost["covered"], never_lost["pair"]) == (1, 0)
    nothing = said([0.05] * 5)
    assert nothing["lower"] == nothing["shown"] == 0


@pytest.mark.parametrize(
    ("draw", "replicates"),
    [
        (partial(single.stepwise, course="hump", n=20), 5),
        (partial(single.median_of_last_significant, course="loglinear", n=50), 5),
        (partial(windows.one_window, k=3, tau=0.5, method="REML", test="adhoc"), 5),
        (partial(windows.lone_study, tau=1.0), 5),
        (partial(windows.half_normal_window, k=2, tau=0.5, scale=0.5), 5),
        (partial(windows.durations_over_windows, k=2, course="exponential"), 30),
        (partial(joint.saturated, k=2, engine="REML", course="null"), 30),
        (partial(joint.curve, k=3, course="plateau"), 5),
        (mix.false_fade, 3),
    ],
)
def test_every_column_has_a_value_per_replicate(
    draw: Callable[[np.random.Generator, int], Columns], replicates: int
) -> None:
    columns = draw(np.random.default_rng(SEED), replicates)
    assert {values.shape for values in columns.values()} == {(replicates,)}
    assert all(np.isfinite(values).all() for values in columns.values())


def test_any_two_schedules_share_a_visit() -> None:
    assert SCHEDULES.shape == (7, VISITS.size)
    assert (SCHEDULES.astype(int) @ SCHEDULES.T.astype(int) > 0).all()
    assert len(np.unique(SCHEDULES, axis=0)) == 7


def test_random_numbers_follow_from_the_setting_and_nothing_else() -> None:
    name = "one study, loglinear, n 50, rho 0.7"
    cell = cells()[name]
    first = chunk(cell, 0, 20)
    assert all((first[column] == chunk(cell, 0, 20)[column]).all() for column in first)
    assert (chunk(cell, 1, 20)["last significant"] != first["last significant"]).any()
    assert chunks(2 * CHUNK + 50) == [CHUNK, CHUNK, 50]


def test_the_number_of_workers_changes_nothing() -> None:
    wanted = [cells()["verdict, 0, 0.4"], cells()["uncontrolled"]]
    one, two = (
        {cell.name: columns for cell, columns, _ in run(wanted, most=CHUNK + 10, workers=workers)}
        for workers in (1, 2)
    )
    assert one.keys() == two.keys() == {cell.name for cell in wanted}
    for name, columns in one.items():
        assert all((columns[column] == two[name][column]).all() for column in columns)
        assert {values.size for values in columns.values()} == {CHUNK + 10}


def test_settings_of_one_name_are_one_setting() -> None:
    seen: dict[str, Cell] = {}
    for row in (row for section in sections() for row in section.rows):
        for cell in row.cells:
            known = seen.setdefault(cell.name, cell)
            assert cell.replicates == known.replicates
            assert _told(cell) == _told(known)


def _told(cell: Cell) -> object:
    return (cell.draw.func, cell.draw.keywords) if isinstance(cell.draw, partial) else cell.draw


def places(node: object, above: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from places(inner, f"{above}/{key}")
    else:
        yield above


def test_every_expected_range_has_its_row() -> None:
    expected = {place for case, node in CASES.items() for place in places(node, case)}
    rows = {row.target.source for section in sections() for row in section.rows if row.target is not None}
    assert len(expected) == 31
    assert rows - {""} == expected


def test_targets_are_met_or_not() -> None:
    assert oracle("saturated_bhn", "coverage", "k=2") == Target(
        0.965, 0.99, "0.965 to 0.99", source="saturated_bhn/coverage/k=2"
    )
    assert oracle("naive", "stepwise_coverage_min").met(0.98, 0.1, 0.001)
    assert not oracle("naive", "stepwise_coverage_min").met(0.9799, 0.1, 0.001)
    assert not oracle("composition", "within_study_slope_one_sided_false_fade_max").met(0.051, 0.2, 0.01)
    assert not at_least(0.95).met(0.949, 0.2, 0.01)
    printed = figure("0.98", replicates=100)
    assert (printed.low, printed.high) == pytest.approx((0.975, 0.985))
    assert printed.met(0.97, 0.1, 0.0)  # 3 standard errors of theirs: 0.03
    assert not printed.met(0.94, 0.1, 0.0)


def test_of_several_settings_the_lowest_counts() -> None:
    def fixed(_: np.random.Generator, replicates: int) -> Columns:
        return {"x": np.zeros(replicates)}

    both = tuple(Cell(name, fixed, 4) for name in ("a", "b"))
    columns = {"a": {"x": np.array([1.0, 1, 1, 1])}, "b": {"x": np.array([1.0, 0, 1, 0])}}
    row = Row("lowest", both, "x", Target(0.9, 1.0, "0.9 to 1"))
    one = found(row, columns)
    assert (one.value, one.replicates, one.agrees) == (0.5, 4, False)
    text = page((Section("Title", "Says.", (row,)),), columns)
    assert "| lowest | 0.9 to 1 | 0.500 | 0.2887 | 4 | **no** |" in text
    assert "0 of 1 rows" in text


def test_the_page_is_of_the_settings_that_are_simulated() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"Seed {SEED}." in text
    for section in sections():
        assert f"## {section.title}\n\n{section.says}\n" in text
        for row in section.rows:
            expected = row.target.text if row.target is not None else ""
            assert f"| {row.setting} | {expected} |" in text


def test_no_range_is_missed_and_every_difference_is_explained() -> None:
    """Figures may differ, with a reason; ranges and promises may not."""
    text = PAGE.read_text(encoding="utf-8")
    by_section = {part.partition("\n")[0]: part for part in text.split("\n## ")[1:]}
    differing = by_section.pop("Where the numbers differ")
    for section in sections():
        missed = [line for line in by_section[section.title].splitlines() if line.endswith("| **no** |")]
        figures = {
            f"| {row.setting} | {row.target.text} |"
            for row in section.rows
            if row.target is not None and row.target.replicates is not None
        }
        assert all(any(line.startswith(own) for own in figures) for line in missed)
        if missed:
            assert f"- **{section.title}.** {DIFFERENCES[section.title]}\n" in differing
        else:
            assert section.title not in differing
    assert "Not yet explained" not in text


def test_one_study_has_its_intervals_from_the_library() -> None:
    study = one_study(np.random.default_rng(SEED), 4, course=COURSES["null"](VISITS), n=30)
    assert study.d.shape == (4, 1, 5)
    assert (study.df > 40).all()
    assert (study.low < study.d).all()
    assert (study.d < study.high).all()
