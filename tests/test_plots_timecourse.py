"""The figure of an effect over time: what is drawn, what must not be, and that the text says the same."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

import meta_pooling_tables
from planting import BUNDLED
from spineevidence.duration import DurationOfBenefit, duration_of_benefit
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.evidence import Evidence, load_evidence
from spineevidence.formatting import time_in_words
from spineevidence.longitudinal.course import TimeCourse, pool_over_time
from spineevidence.plots.described import description, figure_files
from spineevidence.plots.durations import MARKERS, position
from spineevidence.plots.timecourse import time_course_plot, time_course_text

FILE = Path(__file__).parent / "oracles" / "o05_longitudinal.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
Row = tuple[str, float, float, float]
TWO_WINDOWS: list[Row] = [("A", 1, 2.0, 0.1), ("A", 6, 1.0, 0.1), ("B", 1, 1.8, 0.1), ("B", 6, 1.1, 0.1)]
PLATEAU: list[Row] = [
    (study, t, y, 0.02) for study in "ABC" for t, y in ((0.25, 2.0), (1, 2.0), (6, 2.0), (12, 0.0), (24, 0.0))
]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence(BUNDLED)


@pytest.fixture(scope="module")
def six() -> TimeCourse:
    return pool_over_time(
        meta_pooling_tables.contrasts(CASES["A_six_sham_trials"]["input"]["arms"]), sd_rep=2.5
    )


@pytest.fixture(scope="module")
def vertebroplasty(evidence: Evidence) -> DurationOfBenefit:
    return duration_of_benefit(evidence, procedure="vertebroplasty", comparator="placebo", domain="pain")


@pytest.fixture(scope="module")
def drugs(evidence: Evidence) -> DurationOfBenefit:
    return duration_of_benefit(
        evidence, procedure="intrathecal_drug_delivery", estimand="change", domain="pain", delta=2.0
    )


def effects_of(
    rows: list[Row], *, notes: dict[str, tuple[str, ...]] | None = None, **words: Any
) -> EffectSizes:
    """Return effects with lineage from rows of study, months, effect and variance."""
    bare = EffectSizes(yi=[row[2] for row in rows], vi=[row[3] for row in rows])
    sizes = {name: 20 * (place + 1) for place, name in enumerate(sorted({row[0] for row in rows}))}
    lineage = [
        dataclasses.replace(
            meta_pooling_tables.lineage_of(
                bare, place, study=row[0], months=row[1], n=(sizes[row[0]], sizes[row[0]])
            ),
            notes=(notes or {}).get(row[0], ()),
        )
        for place, row in enumerate(rows)
    ]
    return EffectSizes(yi=bare.yi, vi=bare.vi, lineage=lineage, **{"measure": "MD", **words})


def pooled(rows: list[Row], **words: Any) -> TimeCourse:
    return pool_over_time(effects_of(rows, estimand="contrast", **words), sd_rep=2.5)


def lines(ax: Axes, label: str) -> list[Line2D]:
    return [line for line in ax.lines if line.get_label() == label]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def every_text(ax: Axes) -> list[Text]:
    legend = ax.get_legend()
    assert legend is not None
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    return [*ax.texts, *legend.get_texts(), *ticks, ax.xaxis.label, ax.yaxis.label]


def uprights(ax: Axes, x: float, width: float) -> list[tuple[float, float]]:
    """Return the ends of vertical strokes of a width at a place, the horizon's dashes apart."""
    found = []
    for line in ax.lines:
        at = np.asarray(line.get_xdata(), dtype=float)
        if at.size == 2 and line.get_linestyle() == "-" and line.get_linewidth() == width and (at == x).all():
            low, high = np.asarray(line.get_ydata(), dtype=float)
            found.append((float(low), float(high)))
    return found


@st.composite
def courses(draw: st.DrawFn) -> TimeCourse:
    times = st.sampled_from([0.23, 0.5, 1.0, 1.4, 3.0, 5.0, 6.0, 12.0, 20.0, 24.0, 36.0, 70.0, 150.0])
    rows: list[Row] = []
    for study in range(draw(st.integers(1, 4))):
        visits = draw(st.lists(times, min_size=1, max_size=4, unique=True))
        rows += [
            (f"S{study}", months, draw(st.floats(-3, 4)), draw(st.floats(0.02, 1.5)))
            for months in sorted(visits)
        ]
    return pooled(rows)


@settings(max_examples=40, deadline=None)
@given(courses(), st.sampled_from([None, 0.5, 1.0, 3.0]))
def test_nothing_is_drawn_beyond_the_horizon(course: TimeCourse, delta: float | None) -> None:
    ax = Figure(figsize=(7, 6)).add_subplot()
    time_course_plot(course, delta=delta, ax=ax)
    end = position(course.horizon)
    assert ax.get_xlim() == (0.0, end)
    assert end in lines(ax, "_horizon")[0].get_xdata()
    for line in ax.lines:
        places = np.asarray(line.get_xdata(), dtype=float)
        assert ((places >= 0) & (places <= end)).all(), line
    start = position(course.start)
    for line in lines(ax, "_curve"):
        assert np.min(line.get_xdata()) >= start
    for band in ax.collections:
        corners = np.vstack([path.vertices for path in band.get_paths()])[:, 0]
        assert start <= corners.min() <= corners.max() <= end
    assert all(places <= end for places in ax.get_xticks())
    drawn = len(lines(ax, "_curve")) > 0
    allowed = delta is not None and course.duration(delta).crossing is not None
    assert drawn == allowed
    assert f"no data beyond {time_in_words(course.horizon)}" in texts(ax)


def test_windows_stand_at_their_estimate_with_interval_and_state(six: TimeCourse) -> None:
    ax = time_course_plot(six, delta=1.0)
    states = dict(six.duration(1.0).states)
    signs = {float(line.get_xdata()[0]): line for line in lines(ax, "_window")}
    assert list(signs) == [position(window.months) for window in six.windows]
    for window in six.windows:
        x = position(window.months)
        shape, colour, filled = MARKERS[states[window.window]]
        assert signs[x].get_marker() == shape
        assert same_color(signs[x].get_markerfacecolor(), colour if filled else "white")
        assert list(signs[x].get_ydata()) == [window.estimate]
        assert uprights(ax, x, 2.2) == [(window.ci_low, window.ci_high)]
        assert uprights(ax, x, 0.8) == [(window.pi_low, window.pi_high)]
    assert len({MARKERS[state][0] for state in set(states.values())}) > 2


def test_window_means_are_not_joined(six: TimeCourse) -> None:
    ax = time_course_plot(six, delta=1.0)
    assert all(len(line.get_xdata()) == 1 for line in lines(ax, "_window"))


def test_the_curve_and_its_band_are_those_of_the_course(six: TimeCourse) -> None:
    ax = time_course_plot(six, delta=1.0)
    (curve,) = lines(ax, "_curve")
    months = 2.0 ** np.asarray(curve.get_xdata(), dtype=float) - 1
    assert (months[0], months[-1]) == pytest.approx((six.start, six.horizon))
    assert six.line is not None
    middle, low, high = six.line.band(np.log2(months))
    assert np.asarray(curve.get_ydata()) == pytest.approx(middle)
    (band,) = ax.collections
    assert {round(float(y), 9) for y in band.get_paths()[0].vertices[:, 1]} >= {
        round(float(y), 9) for y in (low[0], high[0], low[-1], high[-1])
    }


def test_the_curve_is_paler_and_dashed_where_support_is_thin(vertebroplasty: DurationOfBenefit) -> None:
    ax = time_course_plot(vertebroplasty)
    firm, thin = lines(ax, "_curve")
    assert (firm.get_linestyle(), thin.get_linestyle()) == ("-", "--")
    assert np.max(firm.get_xdata()) == pytest.approx(position(12)) == np.min(thin.get_xdata())
    first, second = ax.collections
    assert first.get_alpha() > second.get_alpha()


def test_the_crossing_and_its_interval_are_marked_on_the_line_of_delta(six: TimeCourse) -> None:
    found = six.duration(1.0).crossing
    assert found is not None
    assert found.months is not None
    assert found.low is not None
    assert found.high is not None
    ax = time_course_plot(six, delta=1.0)
    (mark,), (limits,), (span,) = (lines(ax, f"_crossing{rest}") for rest in ("", " limits", " interval"))
    assert list(mark.get_xdata()) == [position(found.months)]
    assert list(limits.get_xdata()) == list(span.get_xdata()) == [position(found.low), position(found.high)]
    assert set(mark.get_ydata()) == set(limits.get_ydata()) == {1.0}


def test_an_open_end_of_the_crossing_has_no_mark() -> None:
    rows: list[Row] = [
        (f"S{i}", t, 2.2 - 0.35 * math.log2(t) + shift, 0.1)
        for i, shift in enumerate(np.linspace(-0.6, 0.6, 9))
        for t in (1, 3, 6, 12)
    ]
    course = pooled(rows)
    found = course.duration(1.0).crossing
    assert found is not None
    assert found.months
    assert found.low
    assert found.high is None
    ax = time_course_plot(course, delta=1.0)
    assert list(lines(ax, "_crossing limits")[0].get_xdata()) == [position(found.low)]
    assert list(lines(ax, "_crossing interval")[0].get_xdata())[1] == position(course.horizon)
    assert any("to not lost by 12 months" in line for line in time_course_text(course, delta=1.0))


@pytest.mark.parametrize(
    ("rows", "delta", "why"),
    [
        (TWO_WINDOWS, 1.0, "No curve: 3 windows of two studies are needed."),
        (PLATEAU, 1.0, "No curve (CURVE_MISFIT): it would miss a window by more than half of delta."),
        (PLATEAU, None, "No curve: without a threshold nothing says whether it fits."),
    ],
)
def test_no_curve_where_nothing_may_be_read_off_it(rows: list[Row], delta: float | None, why: str) -> None:
    course = pooled(rows)
    ax = time_course_plot(course, delta=delta)
    assert not lines(ax, "_curve")
    assert not lines(ax, "_crossing")
    assert not ax.collections
    assert why in time_course_text(course, delta=delta)
    assert why in texts(ax)
    assert not any("crosses" in line for line in time_course_text(course, delta=delta))


def test_without_a_threshold_nothing_is_judged(six: TimeCourse) -> None:
    ax = time_course_plot(six)
    assert {line.get_marker() for line in lines(ax, "_window")} == {"D"}
    assert not any(text.startswith("delta") for text in texts(ax))
    assert "no threshold given" in time_course_text(six)[2]


def test_a_fragile_window_shows_its_widest_interval() -> None:
    course = pool_over_time(meta_pooling_tables.contrasts(CASES["B_two_trials"]["input"]["arms"]), sd_rep=2.5)
    found = course.duration(1.0)
    assert found.fragile
    ax = time_course_plot(course, delta=1.0)
    for window, low, high in zip(course.windows, found.steps.ci_low, found.steps.ci_high, strict=True):
        assert uprights(ax, position(window.months), 2.2) == [(low, high)]
        if window.window in found.fragile:
            assert high - low > window.ci_high - window.ci_low
    assert texts(ax).count("yes") == len(found.fragile)
    assert sum(", fragile;" in line for line in time_course_text(course, delta=1.0)) == len(found.fragile)


def test_studies_are_grey_lines_at_their_visits_as_wide_as_they_are_large() -> None:
    ax = time_course_plot(pooled(TWO_WINDOWS, notes={"B": ("UNBLINDED",)}), delta=1.0)
    (small,), (large,) = lines(ax, "A"), lines(ax, "B")
    assert list(small.get_xdata()) == [position(1), position(6)]
    assert list(small.get_ydata()) == [2.0, 1.0]
    assert small.get_linewidth() < large.get_linewidth()
    assert same_color(large.get_markerfacecolor(), "white")
    assert not same_color(small.get_markerfacecolor(), "white")
    legend = ax.get_legend()
    assert legend is not None
    assert {"study, width by n", "study, nobody blinded"} <= {text.get_text() for text in legend.get_texts()}


def test_the_strip_counts_studies_and_participants(six: TimeCourse) -> None:
    ax = time_course_plot(six, delta=1.0)
    end = position(six.horizon)
    counts = [text for text in ax.texts if text.get_text().isdigit()]
    found = {(round(text.xy[0] * end, 9), text.get_text()) for text in counts}
    for window in six.windows:
        x = round(position(window.months), 9)
        assert {(x, str(window.k)), (x, str(window.n))} <= found
    assert len(counts) == 2 * len(six.windows)


def test_the_text_has_the_numbers_of_the_course(six: TimeCourse) -> None:
    told = time_course_text(six, delta=1.0)
    rows = [line for line in told if re.search(r"\), new study ", line)]
    for line, row in zip(rows, six.to_frame().itertuples(), strict=True):
        found = [float(text) for text in re.findall(r"-?\d+\.\d\d", line)]
        want = [row.estimate, row.ci_low, row.ci_high, row.pi_low, row.pi_high]
        assert found == pytest.approx(want, abs=0.00501)
        assert f"n {row.n}: {row.studies.replace(';', ', ')}" in line
    assert sum(line.startswith("- S") for line in told) == six.k
    assert "The curve crosses delta at 3.3 months (1.2 to 8.0)." in told
    assert told[-1] == "No data beyond 24 months."


def test_the_panel_carries_its_text(six: TimeCourse) -> None:
    ax = six.plot(delta=1.0)
    assert isinstance(ax.figure, Figure)
    assert description(ax.figure) == "\n".join(time_course_text(six, delta=1.0))


def test_a_duration_brings_threshold_sentence_and_title(vertebroplasty: DurationOfBenefit) -> None:
    ax = time_course_plot(vertebroplasty)
    assert vertebroplasty.together is not None
    assert time_course_text(vertebroplasty)[0] == vertebroplasty.together.sentence
    assert {"Pain 0-10: vertebroplasty versus sham or placebo", "delta 1.0 point"} <= set(texts(ax))
    caption = time_course_text(vertebroplasty)[2]
    for part in (
        "Contrast on pain 0-10 with sham or placebo",
        "delta 1.0 point",
        "95 %",
        "horizon 24 months",
    ):
        assert part in caption


def test_another_threshold_has_a_sentence_of_its_own(vertebroplasty: DurationOfBenefit) -> None:
    asked = time_course_text(vertebroplasty, delta=3.0)
    assert vertebroplasty.together is not None
    assert asked[0] != vertebroplasty.together.sentence
    assert "over sham or placebo" in asked[0]
    assert "an important benefit excluded at 1 week, 1 month, 3 months and 12 months" in asked[0]
    assert "delta 3.0 points" in asked[2]
    assert asked[0].startswith("2 studies together (joint model, half-normal priors): ")


def test_later_results_that_were_set_aside_are_not_denied(evidence: Evidence) -> None:
    burnt = duration_of_benefit(
        evidence, procedure="radiofrequency_ablation", comparator="active", domain="pain"
    )
    assert "no result used after 6 months" in texts(time_course_plot(burnt))
    assert not any("no data beyond" in line.lower() for line in time_course_text(burnt))


@pytest.mark.parametrize("title", [None, "Pumps"])
@pytest.mark.parametrize("bare", [True, False])
def test_changes_stand_apart_and_claim_nothing(
    drugs: DurationOfBenefit, title: str | None, bare: bool
) -> None:
    assert drugs.together is not None
    course = drugs.together.course if bare else drugs
    assert course is not None
    ax = time_course_plot(course, delta=2.0, title=title)
    assert not same_color(ax.get_facecolor(), "white")
    told = [*(text.get_text() for text in every_text(ax)), *time_course_text(course, delta=2.0, title=title)]
    assert any("(uncontrolled, before to after)" in text for text in texts(ax))
    assert not [text for text in told if re.search(r"effect|benefit|works|relief", text, re.IGNORECASE)]


def test_risk_differences_are_printed_in_percentage_points(evidence: Evidence) -> None:
    lasting = duration_of_benefit(
        evidence, procedure="chemonucleolysis", comparator="placebo", domain="global"
    )
    ax = time_course_plot(lasting)
    assert "delta 10\npercentage points" in texts(ax)
    labels = [float(label.get_text()) for label in ax.get_yticklabels()]
    assert labels == pytest.approx([100 * float(place) for place in ax.get_yticks()])
    last = next(line for line in time_course_text(lasting) if line.startswith("- 120 months: "))
    assert lasting.together is not None
    assert lasting.together.course is not None
    shown = lasting.together.course.windows[-1].estimate
    assert float(last.split()[3]) == pytest.approx(100 * shown, abs=0.51)


def test_ratios_are_printed_as_ratios() -> None:
    rows: list[Row] = [(study, t, 0.4, 0.02) for study in "AB" for t in (1, 3, 6)]
    course = pool_over_time(effects_of(rows, measure="RR", estimand="contrast"), sd_rep=0.5)
    ax = time_course_plot(course, delta=math.log(1.25))
    assert "delta 1.25" in texts(ax)
    assert (
        "- A: 1.49 at 1 month (n 40), 1.49 at 3 months (n 40), 1.49 at 6 months (n 40)"
        in time_course_text(course, delta=math.log(1.25))
    )


@pytest.mark.parametrize("course", ["six", "vertebroplasty", "drugs", "two", "long"])
def test_all_words_lie_in_the_figure_and_none_is_small(course: str, request: pytest.FixtureRequest) -> None:
    made = {"two": TWO_WINDOWS, "long": [(f"S{i}", t, 1, 0.1) for i in range(3) for t in (0.25, 1, 12, 150)]}
    given_course = pooled(made[course]) if course in made else request.getfixturevalue(course)
    ax = time_course_plot(given_course, delta=1.0, title="A title of some length " * 6)
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    whole = figure.bbox
    for text in every_text(ax):
        if text.get_text():
            assert text.get_fontsize() >= 8
            box = text.get_window_extent()
            assert box.x0 >= whole.x0, text
            assert box.x1 <= whole.x1, text
            assert box.y0 >= whole.y0, text
            assert box.y1 <= whole.y1, text


@pytest.mark.parametrize(("course", "delta"), [("six", 0.05), ("six", 1.0), ("shares", 0.05)])
def test_labels_of_the_lines_do_not_lie_on_each_other(six: TimeCourse, course: str, delta: float) -> None:
    shares = effects_of([("A", 1, 0.5, 0.04), ("B", 6, 0.0, 0.04)], measure="RD", estimand="contrast")
    ax = time_course_plot(six if course == "six" else pool_over_time(shares), delta=delta)
    assert isinstance(ax.figure, Figure)
    ax.figure.canvas.draw()
    threshold, zero = (
        next(text for text in ax.texts if text.get_text().startswith(words)).get_window_extent()
        for words in ("delta", "no difference")
    )
    assert threshold.y0 >= zero.y1 - 1


def test_the_same_course_gives_the_same_bytes(six: TimeCourse) -> None:
    first, second = (
        figure_files(time_course_plot(six, delta=1.0).figure, name="course", title="Course") for _ in range(2)
    )
    assert first == second
    assert b"6 studies together" in first["course.svg"]


def test_axes_that_are_given_are_used(six: TimeCourse) -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert time_course_plot(six, delta=1.0, ax=ax) is ax
    assert figure.axes == [ax]


def test_dollars_in_names_are_no_mathematics() -> None:
    rows: list[Row] = [(r"A $\frac$", t, 1.0, 0.1) for t in (1, 3)]
    ax = time_course_plot(pooled(rows), delta=1.0, title=r"$\frac$")
    assert figure_files(ax.figure, name="a", title="a")


@pytest.mark.parametrize("delta", [0, -1.0, math.nan, math.inf, True, "1"])
def test_a_threshold_that_is_none_is_refused(six: TimeCourse, delta: Any) -> None:
    with pytest.raises(InputError, match=r"delta must be .*above 0"):
        time_course_plot(six, delta=delta)


def test_a_threshold_in_percent_is_refused(evidence: Evidence) -> None:
    lasting = duration_of_benefit(
        evidence, procedure="chemonucleolysis", comparator="placebo", domain="global"
    )
    with pytest.raises(InputError, match="fraction below 1"):
        time_course_plot(lasting, delta=10)


def test_what_is_no_course_is_refused(evidence: Evidence, six: TimeCourse) -> None:
    other: Any = six.effects
    with pytest.raises(InputError, match="not EffectSizes; make one with pool_over_time"):
        time_course_plot(other)
    one = duration_of_benefit(evidence, procedure="SCS", comparator="usual_care", domain="pain")
    with pytest.raises(InputError, match=r"several studies .* found 1 study, level 1"):
        time_course_plot(one)
