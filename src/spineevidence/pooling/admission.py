"""What effects must be before they are pooled: one estimate per study, of one kind, on one scale."""

from __future__ import annotations

from collections import Counter

from spineevidence.effectsizes import EffectSizes, require
from spineevidence.errors import EstimandError, InputError
from spineevidence.formatting import count_of, listed

SHOWN = 5  # names in a message


def check_poolable(effects: EffectSizes, *, least: int = 1, what: str = "pooling") -> None:
    """Refuse effects that may not be put together.

    Parameters
    ----------
    effects : EffectSizes
        One estimate per study.
    least : int, optional
        Studies needed.
    what : str, optional
        What they are needed for, in the words of a message.

    Raises
    ------
    InputError
        If they are no EffectSizes, too few, without a variance, several of one study or on several scales.
    EstimandError
        If contrasts between arms and changes within groups are mixed.
    """
    if not isinstance(effects, EffectSizes):
        raise InputError(f"{what} takes EffectSizes, not {type(effects).__name__}; make them of yi and vi")
    if not len(effects):
        raise InputError(f"there is no effect for {what}; a window may have no study")
    if len({bool(effect.versus) for effect in effects.lineage}) > 1:
        raise EstimandError(
            "contrasts between arms and changes within one group cannot be pooled; pool each by itself"
        )
    scales = list(dict.fromkeys(effect.curve for effect in effects.lineage))
    if len(scales) > 1:
        raise InputError(f"effects on one scale are needed; found {listed(scales)}; choose one")
    require(
        effects.defined,
        "every effect needs an estimate with a variance above 0",
        effects.vi,
        "leave the others out with effects.estimable()",
    )
    counts = Counter(effect.study_id for effect in effects.lineage)
    twice = [study for study, count in counts.items() if count > 1]
    if twice:
        raise InputError(
            f"one estimate per study is needed; several of {listed(twice[:SHOWN])}; choose a follow-up with "
            'effects.at(window="6mo")'
        )
    if len(effects) < least:
        needed = count_of(least, "study", "studies")
        raise InputError(f"{what} needs {needed} or more; found {len(effects)}; add studies")
