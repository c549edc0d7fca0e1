"""The account of all results: each is counted once, as part of an effect or with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from planting import BUNDLED
from spineevidence.account import Account, account_of_effects
from spineevidence.evidence import load_evidence
from tiny import contrast, finding, row, tiny


@pytest.fixture(scope="module")
def account() -> Account:
    return account_of_effects(load_evidence(BUNDLED))


def test_every_bundled_result_is_counted_once(account: Account) -> None:
    assert account.used + sum(count.results for count in account.reasons) == account.results == 1459


def test_contrasts_are_at_least_twice_those_of_mean_differences(account: Account) -> None:
    assert account.contrasts >= 2 * account.mean_differences > 0


def test_contrasts_stand_before_changes_and_routes_in_their_order(account: Account) -> None:
    estimands = [count.estimand for count in account.routes]
    assert estimands == sorted(estimands, key=["contrast", "change"].index)
    counts = [count.results for count in account.reasons]
    assert counts == sorted(counts, reverse=True)


def test_the_frame_holds_the_same_numbers(account: Account) -> None:
    frame = account.to_frame()
    assert frame["results"].sum() == account.results
    assert frame.loc[frame["estimand"] == "contrast", "effects"].sum() == account.contrasts


def test_a_small_account(tmp_path: Path) -> None:
    rows = [
        contrast(-1.5, -2.5, -0.5),
        *(row(arm=arm, value=value, sd=2, months=6) for arm, value in (("t", 4), ("s", 5))),
        finding("favours_arm", 12),
        row(months=0, value=6, sd=2),
        row("pain_relief_50pct", statistic="risk_ratio", versus="s", value=2, ci_low=1.2, ci_high=3.3),
        row("duration_of_relief_months", "", statistic="median", value=9),
        row("sf36_bp", arm="u", value=40, sd=20),
    ]
    account = account_of_effects(tiny(tmp_path, rows))
    assert {(count.route, count.effects, count.results) for count in account.routes} == {
        ("contrast", 1, 1),
        ("final_means", 1, 2),
        ("ratio", 1, 1),
    }
    assert {count.reason: count.results for count in account.reasons} == {
        "finding only, no number": 1,
        "baseline value that no effect needs": 1,
        "itself a duration": 1,
        "one arm of a trial whose other arm is not printed with it": 1,
    }
    assert (account.contrasts, account.mean_differences, account.standardised) == (3, 2, 2)


def test_both_sides_of_two_procedures_make_one_contrast(tmp_path: Path) -> None:
    account = account_of_effects(tiny(tmp_path, [contrast(-1.5, -2.5, -0.5, versus="u")]))
    assert account.contrasts == 1


def test_how_an_account_looks(account: Account) -> None:
    text = str(account)
    assert text.startswith("1459 printed results: ")
    assert "results without effect, and why" in text
    assert repr(account).startswith("<Account: 1459 printed results")
    assert account._repr_html_().count("<table>") == 2


def test_an_evidence_without_effects(tmp_path: Path) -> None:
    account = account_of_effects(tiny(tmp_path, [finding("favours_arm")]))
    assert (account.contrasts, account.used) == (0, 0)
    assert "no mean difference" in str(account)
