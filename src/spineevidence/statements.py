"""What a claim says: made in one line, and told in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from pydantic import ValidationError

from spineevidence.errors import InputError, UnknownNameError
from spineevidence.formatting import time_in_words, trimmed
from spineevidence.models import Claim, ClaimKind, Domain, Printed
from spineevidence.timing import to_months, window_of
from spineevidence.verdicts.kinds import ANY
from spineevidence.verdicts.windows import BEYOND
from spineevidence.wording import COMPARATORS

KINDS: tuple[str, ...] = get_args(ClaimKind)
DOMAINS: tuple[str, ...] = get_args(Domain)
UNCHECKABLE: tuple[str, ...] = ("safe", "lasts_longer", "repeatable_every")
EXPERIENCE: tuple[str, ...] = ("average_duration", "success_rate")
TYPED = "typed"  # claim_id, citekey and locator of a claim that no material makes
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {"time_high": "months_high", "time": "months", "procedure_id": "procedure", "measure_id": "measure"}
)


def claim(
    *,
    kind: str,
    procedure: str = "",
    months: float | None = None,
    months_high: float | None = None,
    comparator: str = ANY,
    domain: str = "pain",
    measure: str = "",
    condition: str = "",
    share: float | None = None,
    statement: str | None = None,
) -> Claim:
    """Return a claim, to be judged by `judge`.

    Parameters
    ----------
    kind : str
        What is said: benefit_at, small_benefit_at, no_benefit_at, lasts_until, lasts_at_least, lasts_between,
        onset_by, gone_by, wanes, none_at_any_time, no_evidence_at, average_duration, success_rate,
        repeatable_every, lasts_longer or safe.
    procedure : str
        Id, name, abbreviation or synonym; it is looked up when the claim is judged.
    months, months_high : float, optional
        When, and until when of a range, in months since the procedure.
    comparator : str
        "any", a class (placebo, active_placebo, usual_care, active), or a control by any of its names.
    domain : str
        What is said to get better.
    measure, condition : str
        The only measure (of that domain), and the only condition, that are meant.
    share : float, optional
        Percentage of patients, of a success rate.
    statement : str, optional
        The claim in your own words; without it, made from the rest.

    Returns
    -------
    Claim
        A record of the same form as a row of claims.csv.

    Raises
    ------
    InputError
        If something is missing or out of range.
    UnknownNameError
        If the kind or the domain is not known.

    Examples
    --------
    >>> made = claim(procedure="IDET", kind="lasts_until", months=6)
    >>> made.statement
    'IDET, pain: lasts until 6 months'
    """
    for what, word, known in (("kind of claim", kind, KINDS), ("domain", domain, DOMAINS)):
        if word not in known:
            raise UnknownNameError(what, word, known)
    timed = months is not None or months_high is not None
    cells: dict[str, object] = {
        "claim_id": TYPED,
        "citekey": TYPED,
        "procedure_id": procedure.strip(),
        "comparator": comparator,
        "domain": domain,
        "kind": kind,
        "time": months,
        "time_high": months_high,
        "unit": "months" if timed else None,
        "share": share,
        "measure_id": measure,
        "condition": condition,
        "statement": "to be made" if statement is None else statement,
        "locator": TYPED,
    }
    try:
        made = Claim.model_validate(cells)
    except ValidationError as invalid:
        raise InputError(_explained(invalid)) from None
    if statement is not None:
        return made
    return made.model_copy(update={"statement": claim_words(made, made.procedure_id)})


def _explained(invalid: ValidationError) -> str:
    """Return what is wrong with a claim, in the words of `claim`."""
    said = []
    for error in invalid.errors(include_url=False, include_context=False):
        text = error["msg"].removeprefix("Value error, ")
        if error["type"] == "string_pattern_mismatch":
            text = "is empty" if not str(error["input"]).strip() else "is no single name"
        place = ".".join(str(part) for part in error["loc"])
        if not place:
            place, _, text = text.partition(": ")
        said.append(f"{PARAMETERS.get(place, place)}: {text}")
    return f"no claim can be made of this: {'; '.join(said)}"


def claim_words(claim: Claim, name: str) -> str:
    """Return what a claim says, in words.

    Parameters
    ----------
    claim : Claim
        The claim.
    name : str
        How the procedure is called.
    """
    when, until = months_of(claim.time, claim.unit), months_of(claim.time_high, claim.unit)
    at = "" if when is None else time_in_words(when)
    to = "" if until is None else time_in_words(until)
    share = "" if claim.share is None else f"{trimmed(float(claim.share))} %"
    words: Mapping[str, str] = {
        "benefit_at": f"benefit at {at}",
        "small_benefit_at": f"a small benefit at {at}",
        "no_benefit_at": f"no benefit at {at}",
        "lasts_until": f"lasts until {at}",
        "lasts_at_least": f"lasts at least {at}",
        "lasts_between": f"lasts between {at} and {to}",
        "onset_by": f"begins by {at}",
        "gone_by": f"gone by {at}",
        "wanes": "wanes over time",
        "none_at_any_time": "no benefit at any time",
        "no_evidence_at": f"no controlled evidence at {at} or later",
        "average_duration": f"lasts {at} on average",
        "success_rate": f"{share} of patients respond{f' at {at}' if at else ''}",
        "repeatable_every": f"can be repeated every {at}",
        "lasts_longer": "lasts longer than another treatment",
        "safe": "safe",
    }
    against = "" if claim.comparator == ANY else f", against {_comparator_words(claim.comparator)}"
    where = f", in {claim.condition.replace('_', ' ')}" if claim.condition else ""
    topic = ", ".join(part for part in (name, claim.domain.replace("_", " ")) if part)
    return f"{topic}: {words[claim.kind]}{against}{where}"


def _comparator_words(comparator: str) -> str:
    return COMPARATORS.get(comparator, comparator.replace("_", " "))


def months_of(time: Printed | None, unit: str | None) -> float | None:
    """Return a claimed time in months."""
    return None if time is None or unit is None else float(to_months(float(time), unit))


def window_label(months: float | None) -> str:
    """Return the label of the window of a claimed time, empty without one or after every window."""
    window = None if months is None else window_of(months)
    return BEYOND if window is None else window.label
