"""How strong the evidence behind a verdict is, and how large a trial would have to be."""

from __future__ import annotations

import math
from collections.abc import Iterator

from spineevidence.effectsizes import t_quantile
from spineevidence.errors import InputError
from spineevidence.verdicts.kinds import DECIDING, Verdict
from spineevidence.verdicts.reasons import STRENGTHS, Strength
from spineevidence.verdicts.windows import Step, WindowEvidence

SEVERAL = 2  # trials
POWER = 0.8


def strength_of(found: Verdict) -> Strength | None:
    """Return how strong the evidence behind a verdict is; None where nothing was tested.

    A claim that there is no evidence has none.

    Parameters
    ----------
    found : Verdict
        Of one comparator class, or of several.

    Returns
    -------
    str or None
        "strong": two sham-controlled trials or more in the joint model, not fragile; "moderate": one
        sham-controlled trial, or two trials with another comparator; "weak": one of these, or any study that
        was not randomised; "reported": findings without numbers. Of several windows the weakest counts; of
        several classes that of the class that gives the reason, or the weakest where they disagree.
    """
    if found.verdict in ("untested", "not_checkable") or found.kind == "no_evidence_at":
        return None
    if not found.steps and found.lines:
        return _over_classes(found)
    windows = [step.evidence for step in found.steps if step.evidence.tested and _decides(found, step)]
    return _weakest(_of_window(window, found.comparator) for window in windows)


def _decides(found: Verdict, step: Step) -> bool:
    """Whether a window is part of an answer; to a decline those that alone cannot tell are, too."""
    return found.kind == "wanes" or step.verdict != "untested"


def _over_classes(found: Verdict) -> Strength | None:
    tested = [line for line in found.lines if line.comparator in DECIDING and line.verdict != "untested"]
    if found.reason == "COMPARATOR_DEPENDENT":
        return _weakest(strength_of(line) for line in tested)
    return next((strength_of(line) for line in tested), None)


def _of_window(window: WindowEvidence, comparator: str) -> Strength:
    if window.pooled is None:
        return "reported"
    if not window.randomised:
        return "weak"
    several = len(window.studies) >= SEVERAL
    if comparator == "placebo":
        return "strong" if several and window.joint and not window.fragile else "moderate"
    return "moderate" if several else "weak"


def _weakest(found: Iterator[Strength | None]) -> Strength | None:
    ranks = [STRENGTHS.index(strength) for strength in found if strength is not None]
    return STRENGTHS[max(ranks)] if ranks else None


def size_to_exclude(*, sd: float, delta: float, power: float = POWER) -> int:
    """Return how many patients per arm exclude a difference of `delta`, if there is none.

    Parameters
    ----------
    sd : float
        Standard deviation of scores, in the unit of `delta`.
    delta : float
        The smallest difference that matters.
    power : float, optional
        Probability that the upper limit of the 95 % interval falls below `delta`.

    Returns
    -------
    int
        ``2 sd^2 (z(0.975) + z(power))^2 / delta^2``, to the nearest whole number.

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    .. [1] Julious SA (2004), sample sizes for clinical trials with normal data.
       https://doi.org/10.1002/sim.1783

    Examples
    --------
    >>> size_to_exclude(sd=2.5, delta=1.0), size_to_exclude(sd=2.0, delta=1.0)
    (98, 63)
    """
    for name, value in (("sd", sd), ("delta", delta)):
        if not (value > 0 and math.isfinite(value)):
            raise InputError(f"{name} must be above 0; found {value:g}; pain from 0 to 10 has an SD near 2.5")
    if not 0 < power < 1:
        raise InputError(f"power must lie between 0 and 1; found {power:g}; 0.8 is usual")
    reach = float(t_quantile(p=0.975, df=math.inf) + t_quantile(p=power, df=math.inf))
    return max(2, round(2 * (sd * reach / delta) ** 2))
