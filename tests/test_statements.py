"""A claim typed in one line, and in words."""

from __future__ import annotations

import pytest

from spineevidence.errors import InputError, UnknownNameError
from spineevidence.models import Claim
from spineevidence.statements import KINDS, claim, claim_words, window_label


def test_a_claim_in_one_line() -> None:
    made = claim(procedure="IDET", kind="lasts_until", months=6)
    assert isinstance(made, Claim)
    assert (made.procedure_id, made.comparator, made.domain, made.unit) == ("IDET", "any", "pain", "months")
    assert made.statement == "IDET, pain: lasts until 6 months"
    assert claim(kind="safe", statement="It is safe").statement == "It is safe"


@pytest.mark.parametrize(
    ("cells", "error", "words"),
    [
        ({"kind": "last_until", "months": 6}, UnknownNameError, 'did you mean "lasts_until"'),
        ({"kind": "benefit_at", "months": 6, "domain": "pane"}, UnknownNameError, 'did you mean "pain"'),
        ({"kind": "benefit_at"}, InputError, "months: a claim of kind benefit_at needs a time"),
        ({"kind": "benefit_at", "months": 0}, InputError, "months: time 0 is before any follow-up"),
        ({"kind": "benefit_at", "months": -1}, InputError, "months: "),
        ({"kind": "benefit_at", "months": float("nan")}, InputError, "months: is not a finite number"),
        ({"kind": "lasts_between", "months": 6}, InputError, "months_high: lasts_between needs"),
        ({"kind": "lasts_between", "months": 6, "months_high": 3}, InputError, "is not after time 6"),
        ({"kind": "success_rate"}, InputError, "share: success_rate needs a share"),
        ({"kind": "success_rate", "share": 170}, InputError, "share: "),
        ({"kind": "benefit_at", "months": 6, "statement": " "}, InputError, "statement: is empty"),
        ({"kind": "benefit_at", "months": 6, "comparator": ""}, InputError, "comparator: is empty"),
    ],
)
def test_bad_claims(cells: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as raised:
        claim(**{"procedure": "IDET", **cells})  # type: ignore[arg-type]
    assert words in str(raised.value)


def test_a_claim_of_an_effect_needs_a_procedure() -> None:
    with pytest.raises(InputError, match="procedure: a claim of kind wanes needs a procedure"):
        claim(kind="wanes")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words(kind: str) -> None:
    made = claim(procedure="TENS", kind=kind, months=6, months_high=12, share=70, comparator="usual_care")
    words = claim_words(made, "TENS")
    assert words.startswith("TENS, pain: ")
    assert words.endswith(", against usual care")


def test_windows_of_claimed_times() -> None:
    assert [window_label(t) for t in (None, 0.25, 7, 18, 180, 181)] == [
        "",
        "<=2wk",
        "6mo",
        "12mo",
        "120mo",
        "",
    ]
