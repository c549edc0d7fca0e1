"""A result in words that say how certain it is, after GRADE guidance 26."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spineevidence.errors import UnknownNameError
from spineevidence.models import GRADE_LEVELS
from spineevidence.stepwise import STATES, State

PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "important_benefit": "improves {outcome}",
        "benefit": "improves {outcome}, by how much is uncertain",
        "small_benefit": "improves {outcome} slightly, by less than an important difference",
        "no_important_benefit": "results in no important improvement in {outcome}",
        "harm": "worsens {outcome}",
    }
)
VERBS: Mapping[str, str] = MappingProxyType({"improves": "improve", "results": "result", "worsens": "worsen"})
UNCERTAIN = "The evidence is very uncertain about the effect of {procedure} on {outcome}"
CANNOT_TELL = "Whether {procedure} improves {outcome} cannot be told from the evidence"


def informative_statement(level: str, state: State, *, procedure: str, outcome: str) -> str:
    """Return what a result says, in words that fit its certainty; without a full stop.

    High certainty states ("improves"), moderate adds "probably", low says "may", very low that the evidence
    is very uncertain. A benefit that is shown but smaller than an important one is called slight, and an
    interval that cannot tell is never turned into no difference.

    Parameters
    ----------
    level : {"high", "moderate", "low", "very low"}
        Certainty, as a person judged it.
    state : str
        What the interval says; see `spineevidence.stepwise.STATES`.
    procedure, outcome : str
        In words.

    Returns
    -------
    str
        One statement.

    Raises
    ------
    UnknownNameError
        If the level or the state is not known.

    References
    ----------
    .. [1] Santesso N et al. (2020), GRADE guidelines 26, J Clin Epidemiol 119:126-135.
       https://doi.org/10.1016/j.jclinepi.2019.10.014

    Examples
    --------
    >>> informative_statement("moderate", "important_benefit", procedure="X", outcome="pain")
    'X probably improves pain'
    >>> informative_statement("low", "no_important_benefit", procedure="X", outcome="pain")
    'X may result in no important improvement in pain'
    """
    if level not in GRADE_LEVELS:
        raise UnknownNameError("level of certainty", level, GRADE_LEVELS)
    if state not in STATES:
        raise UnknownNameError("state", state, tuple(STATES))
    if level == "very low":
        return UNCERTAIN.format(procedure=procedure, outcome=outcome)
    if state == "inconclusive":
        return CANNOT_TELL.format(procedure=procedure, outcome=outcome)
    verb, _, rest = PLAIN[state].partition(" ")
    said = {"high": verb, "moderate": f"probably {verb}", "low": f"may {VERBS[verb]}"}[level]
    return f"{procedure} {said} {rest.format(outcome=outcome)}"
