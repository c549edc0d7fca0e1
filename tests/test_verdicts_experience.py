"""Printed durations of relief and shares of responders against what is claimed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.errors import InputError
from spineevidence.verdicts.experience import Share, judge_duration, judge_share
from spineevidence.verdicts.sentences import duration_words, share_words


@pytest.mark.parametrize(
    ("claimed", "printed", "verdict", "reason"),
    [
        (10, [10], "supported", "REPORTED_DURATION"),
        (15, [10], "supported", "REPORTED_DURATION"),
        (15.1, [10], "contradicted", "OVERSTATED"),
        (10, [15], "supported", "REPORTED_DURATION"),
        (10, [15.1], "contradicted", "UNDERSTATED"),
        (10, [4, 30], "mixed", "STUDY_CONFLICT"),
        (10, [10, 30], "contradicted", "UNDERSTATED"),  # their geometric mean is 17.3
        (10, [10, 20], "supported", "REPORTED_DURATION"),  # 14.1
        (10, [], "untested", "NO_DATA"),
    ],
)
def test_durations(claimed: float, printed: list[float], verdict: str, reason: str) -> None:
    found = judge_duration(claimed, printed)
    assert (found.verdict, found.reason) == (verdict, reason)


@given(st.floats(0.1, 100), st.lists(st.floats(0.1, 100), min_size=1, max_size=5), st.floats(0.1, 10))
def test_the_unit_of_time_plays_no_part(claimed: float, printed: list[float], unit: float) -> None:
    first = judge_duration(claimed, printed)
    middle = first.months or 1.0
    edges = [abs(max(claimed, m) / min(claimed, m) - 1.5) for m in (*printed, middle)]
    if min(edges) > 1e-9:
        assert judge_duration(claimed * unit, [m * unit for m in printed]).reason == first.reason


def share(study: str, events: int, n: int, window: str = "6mo", **more: object) -> Share:
    beside = more.get("beside", ())
    return Share(study, window, 6.0, events, n, beside=beside)  # type: ignore[arg-type]


def test_one_share_by_wilson() -> None:
    """20 of 40: 35 to 65 % (Wilson)."""
    for claimed, reason in ((0.36, "REPORTED_SHARE"), (0.34, "UNDERSTATED"), (0.66, "OVERSTATED")):
        found = judge_share(claimed, [share("a", 20, 40)])
        assert found.reason == reason
    (window,) = found.windows
    assert (round(window.low, 3), round(window.high, 3)) == (0.352, 0.648)


def test_several_shares_are_pooled_on_log_odds() -> None:
    same = judge_share(0.5, [share(name, 20, 40) for name in "abcdef"])
    (window,) = same.windows
    assert window.share == pytest.approx(0.5)
    alone = judge_share(0.5, [share("a", 20, 40)]).windows[0]
    assert window.high - window.low < alone.high - alone.low
    extreme = judge_share(0.5, [share("a", 40, 40), share("b", 38, 40)])
    assert extreme.reason == "UNDERSTATED"
    assert 0 < extreme.windows[0].low < extreme.windows[0].high < 1


def test_windows_that_differ() -> None:
    found = judge_share(0.8, [share("a", 32, 40), share("a", 8, 40, "12mo")])
    assert (found.verdict, found.reason) == ("mixed", "TIME_DEPENDENT")
    assert judge_share(0.8, []).reason == "NO_DATA"


def test_sentences_call_it_change_and_give_the_controls() -> None:
    treated = share("a", 24, 40, beside=(("placebo", 5.0, 10),))
    words = share_words(judge_share(0.6, [treated]), "At least 50 percent pain relief")
    assert words.startswith("Supported: ")
    assert "and 5 of 10 after sham or placebo" in words
    assert "change within single groups and no effect" in words
    assert "no comparator arm" in share_words(judge_share(0.6, [share("a", 24, 40)]), "success")
    assert "no effect" in duration_words(judge_duration(10, [10]), ["a: mean 10 months"])
    assert duration_words(judge_duration(10, []), []) == "Untested: no printed duration of relief."


def test_numbers_out_of_range() -> None:
    with pytest.raises(InputError, match=r"give 0\.7 for 70 %"):
        judge_share(70, [share("a", 20, 40)])
    with pytest.raises(InputError, match="above 0"):
        judge_duration(0, [10])
