"""Where pooled numbers come from, in words: routes of derivation, assumptions, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from spineevidence.derivation import FORMS, ROUTES
from spineevidence.effectsizes import EffectSizes
from spineevidence.formatting import count_of, listed
from spineevidence.lineage import Effect, LeftOut, keyword

NOUNS: Mapping[str, str] = MappingProxyType({"contrast": "effect", "change": "change"})
KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "MD": ("mean differences", "mean changes"),
        "SMD": ("standardised mean differences [@hedges1981]", "standardised mean changes [@becker1988]"),
        "MID": (
            "mean differences in units of the smallest difference that matters [@johnston2010]",
            "mean changes in units of the smallest difference that matters [@johnston2010]",
        ),
        "RD": ("risk differences", "differences of proportions"),
        "RR": ("log risk ratios", "log risk ratios"),
        "OR": ("log odds ratios", "log odds ratios"),
    }
)  # of contrasts, and of changes
ROUTE_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "adjusted_contrast": "[@higgins2019]",
        "contrast": "[@higgins2019]",
        "risk_difference": "[@higgins2019]",
        "ratio": "[@higgins2019]",
        "pseudo_ancova": "[@trowman2007]",
        "final_means": "[@welch1947]",
        "changes": "[@welch1947]",
        "contrast_p": "[@higgins2019]",
        "arms_p": "[@higgins2019]",
        "change": "[@higgins2019]",
        "change_p": "[@higgins2019]",
        "before_after": "[@higgins2019]",
    }
)
RESPONDERS: Mapping[str, str] = MappingProxyType(
    {
        "Newcombe interval": "events of both arms (risk difference: Newcombe interval) [@newcombe1998]",
        "log risk ratio": "events of both arms (log risk ratio) [@katz1978]",
        "log odds ratio": "events of both arms (log odds ratio) [@woolf1955]",
    }
)  # by the formula
FROM_MEDIANS = "means and standard deviations were estimated from medians"
ASSUMPTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "R_COMPUTED",
        "",
        "the correlation of baseline and follow-up came from three standard deviations [@higgins2019]",
    ),
    ("MEDIAN_CONVERTED", "Wan 2014", f"{FROM_MEDIANS} [@luo2018; @wan2014]"),
    ("MEDIAN_CONVERTED", "Luo 2018 and Shi 2020", f"{FROM_MEDIANS} [@luo2018; @shi2020]"),
    ("MEDIAN_CONVERTED", "McGrath 2020", f"{FROM_MEDIANS} of skewed scores [@mcgrath2020]"),
    ("COMBINED_ARMS", "", "arms of one procedure were combined [@higgins2019]"),
    ("FROM_PERCENT", "", "events were counted from a percentage"),
    ("P_BOUND", "", "the standard error rests on a p-value printed as a bound"),
    ("N_FROM_ARM", "", "the number allocated stood for the number analysed"),
    ("N_SPLIT", "", "the number analysed was shared between the arms as they were allocated"),
    ("N_UNKNOWN", "", "the normal quantile was taken, as no number of patients is printed"),
)  # keyword of a note, what else stands in it, and the same in words
IMPUTED_R = "IMPUTED_R"
TAKEN_AS = "taken as "  # what stands before the value in the note of an assumed correlation


def noun(estimand: str, count: int = 2) -> str:
    """Return what estimates of an estimand are called: effects, changes, or (not known) estimates.

    >>> noun("contrast"), noun("change", 1), noun("")
    ('effects', 'change', 'estimates')
    """
    word = NOUNS.get(estimand, "estimate")
    return word if count == 1 else f"{word}s"


def kind_in_words(measure: str, estimand: str) -> str:
    """Return the form of effects in words, with its source; empty where it is not said.

    >>> kind_in_words("MD", "change"), kind_in_words("", "")
    ('mean changes', '')
    """
    contrast, change = KINDS.get(measure, (measure, measure))
    return change if estimand == "change" else contrast


def origin_of(effects: EffectSizes) -> Iterator[str]:
    """Yield how effects were obtained, one sentence after the other, with cite keys."""
    count, kind = len(effects), kind_in_words(effects.measure, effects.estimand)
    if not count:
        yield f"No {noun(effects.estimand)} were obtained."
        yield from _set_aside(effects.left_out)
        return
    if not effects.lineage:
        what = f"{count} {noun(effects.estimand, count)}{f' ({kind})' if kind else ''}"
        yield f"{what} with {'its' if count == 1 else 'their'} sampling variance{'s' * (count != 1)} " + (
            "was given as a number." if count == 1 else "were given as numbers."
        )
        yield from _set_aside(effects.left_out)
        return
    yield from origin_of_lineage(effects.lineage, effects.left_out, effects.estimand, kind)


def origin_of_lineage(
    lineage: Sequence[Effect], left_out: Sequence[LeftOut], estimand: str, kind: str = ""
) -> Iterator[str]:
    """Yield how effects with lineage were derived from printed results.

    Parameters
    ----------
    lineage : sequence of Effect
        The effects.
    left_out : sequence of LeftOut
        Printed rows that became none.
    estimand : str
        "contrast" or "change".
    kind : str, optional
        Their form in words.

    Yields
    ------
    str
        Sentences with cite keys.
    """
    if lineage:
        count, studies = len(lineage), len({effect.study_id for effect in lineage})
        against = "within one group, without a comparator" if estimand == "change" else "between arms"
        yield (
            f"{count} {noun(estimand, count)} {against}, from {count_of(studies, 'study', 'studies')}, "
            f"{'was' if count == 1 else 'were'} derived from printed results{f' as {kind}' if kind else ''}."
        )
        yield f"By route: {'; '.join(_routes(lineage))}."
        assumed = list(_assumptions(lineage))
        if assumed:
            yield f"Assumptions: {'; '.join(assumed)}."
    yield from _set_aside(left_out)


def _routes(lineage: Sequence[Effect]) -> Iterator[str]:
    counts = Counter((FORMS[effect.route], _route_in_words(effect)) for effect in lineage)
    return (f"{words} (n = {counts[rank, words]})" for rank, words in sorted(counts))


def _route_in_words(effect: Effect) -> str:
    if effect.route == "responders":
        found = [said for formula, said in RESPONDERS.items() if formula in effect.formula]
        return found[0] if found else "events of both arms"
    return f"{ROUTES[effect.route]} {ROUTE_SOURCES.get(effect.route, '')}".strip()


def _assumptions(lineage: Sequence[Effect]) -> Iterator[str]:
    correlations = Counter(
        value for effect in lineage for value in {_taken(note) for note in effect.notes} if value
    )
    if correlations:
        told = [f"{value} (n = {count})" for value, count in sorted(correlations.items())]
        yield f"the correlation of baseline and follow-up was taken as {listed(told)} [@walters2019]"
    for word, within, said in ASSUMPTIONS:
        count = sum(any(_says(note, word, within) for note in effect.notes) for effect in lineage)
        if count:
            yield f"{said} (n = {count})"


def _says(note: str, word: str, within: str) -> bool:
    return keyword(note) == word and within in note


def _taken(note: str) -> str:
    return note.rpartition(TAKEN_AS)[2] if keyword(note) == IMPUTED_R else ""


def _set_aside(left_out: Sequence[LeftOut]) -> Iterator[str]:
    if left_out:
        reasons = Counter(row.reason for row in left_out)
        told = [f"{reason} (n = {count})" for reason, count in sorted(reasons.items())]
        rows = count_of(len(left_out), "printed result")
        yield f"{rows} {'was' if len(left_out) == 1 else 'were'} left out: {'; '.join(told)}."
