"""What a summary of findings and an evidence profile share: windows of contrasts, effects, certainty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from spineevidence.certainty import WindowCertainty
from spineevidence.effects import as_effect_sizes
from spineevidence.evidence import Evidence
from spineevidence.formatting import time_in_words
from spineevidence.grading import SUGGESTED, WORDS, Hint
from spineevidence.summary import LineSummary
from spineevidence.tables.chosen import Chosen, figure, figures, unit_of
from spineevidence.tables.fromevidence import citations_of
from spineevidence.tables.parts import Cell, cell
from spineevidence.together import MODEL_WORDS
from spineevidence.windowsummary import LineWindow, line_windows, model_of, votes_in_words

SYMBOLS: Mapping[str, str] = MappingProxyType(
    {"high": "⊕⊕⊕⊕", "moderate": "⊕⊕⊕◯", "low": "⊕⊕◯◯", "very low": "⊕◯◯◯"}
)
SERIOUS: Mapping[int, str] = MappingProxyType(
    {0: "not serious", -1: "serious", -2: "very serious", -3: "extremely serious"}
)
ONE_STUDY = MODEL_WORDS["one study"]
FRAGILE = "Fragile: another assumption gives another state."
REPORTED = "Reported findings without numbers; their size and precision are unknown."
RATED_BY = "Certainty is what a person judged; until then numbers suggest and decide nothing."


def window_groups(
    evidence: Evidence, chosen: Chosen
) -> Iterator[tuple[str, LineSummary, tuple[LineWindow, ...]]]:
    """Yield the heading of each outcome, with its line of evidence and its windows."""
    for line in chosen.lines:
        scales: dict[str, list[LineWindow]] = {}
        for own in line_windows(evidence, line):
            scales.setdefault(_outcome(line, own), []).append(own)
        for outcome, windows in scales.items():
            heading = chosen.heading(line)
            yield f"{heading}: {outcome}" if heading else _capital(outcome), line, tuple(windows)


def _outcome(line: LineSummary, own: LineWindow) -> str:
    if own.curve is None:
        return f"{line.domain.replace('_', ' ')}, reported without numbers"
    scale = own.curve.asked.curve
    return f"{scale.title}, {unit_of(scale)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def time_cell(own: LineWindow) -> Cell:
    """Return when the studies of a window were seen: never a time after their last visit."""
    if own.curve is None:
        return cell(time_in_words(own.months))
    effects = as_effect_sizes(own.curve.asked, own.curve.derived).at(own.window).lineage
    times = dict.fromkeys(time_in_words(when) for when in sorted(effect.months for effect in effects))
    return cell(" to ".join(dict.fromkeys((next(iter(times)), *list(times)[-1:]))))


def participants_cell(own: LineWindow, names: Mapping[str, Cell]) -> Cell:
    """Return participants and studies, with the reports cited."""
    n = None if own.certainty is None else own.certainty.n
    size = "not stated" if n is None else str(n)
    return cell(f"{size} ({len(own.studies)})", cites=citations_of(names, own.studies))


def effect_cell(own: LineWindow) -> Cell:
    """Return the effect with its interval, or what was reported without numbers."""
    if own.certainty is None or own.curve is None:
        return cell(votes_in_words(own.votes), notes=REPORTED)
    scale, found = own.curve.asked.curve, own.certainty
    together = own.curve.together
    model = model_of(own.curve, found)
    notes = [] if model == ONE_STUDY else [f"Several studies put together: {model}."]
    if together is not None and own.window in together.fragile:
        notes.append(FRAGILE)
    if own.votes is not None:
        notes.append(f"Beside it, reported without numbers: {votes_in_words(own.votes)}.")
    limits = figures(scale, found.ci_low, found.ci_high)
    return cell(f"{figure(scale, found.estimate)} ({limits})", notes=notes)


def prediction_cell(own: LineWindow) -> Cell:
    """Return the interval of the true effect in a new study, where it is known."""
    found = own.certainty
    if found is None or own.curve is None or found.pi_low is None or found.pi_high is None:
        return cell("–")
    return cell(figures(own.curve.asked.curve, found.pi_low, found.pi_high))


def certainty_cell(own: LineWindow, *, reasons: bool) -> Cell:
    """Return the certainty as judged, else that it was not; what numbers suggest is a footnote."""
    found = own.certainty
    if found is None:
        return cell("not rated", notes=REPORTED)
    why = [reasons_in_words(found)] if reasons else []
    if found.level:
        judged = [f"Judged {judgement.words}." for judgement in found.judgements]
        cites = [judgement.citekey for judgement in found.judgements if judgement.citekey]
        return cell(f"{SYMBOLS[found.level]}\n{found.level}", notes=[*judged, *why], cites=cites)
    if found.judgements:
        return cell("assessors disagree", notes=[f"{_capital(found.status)}.", *why])
    return cell(SUGGESTED, notes=why)


def reasons_in_words(found: WindowCertainty) -> str:
    """Return where GRADE starts, and for each domain what was judged or numbers suggest, with the reason."""
    parts = [f"Starts at {found.start}: {found.start_reason}"]
    parts += [
        f"{_capital(WORDS[hint.domain])}, {levels_in_words(hint)}: {hint_reason(hint)}"
        for hint in found.hints
    ]
    for domain, judgements in found.raised:
        parts += [f"{_capital(WORDS[domain])}: {judgement.words}." for judgement in judgements]
    return " ".join(parts)


def levels_in_words(hint: Hint) -> str:
    """Return how serious a doubt is, and whether a person said so.

    >>> levels_in_words(Hint("imprecision", -1, "")), levels_in_words(Hint("inconsistency", None, ""))
    ('serious (suggested)', 'cannot tell')
    """
    if hint.judged is not None:
        return f"{SERIOUS[hint.judged]} (judged)"
    if hint.judgements:
        return "assessors disagree"
    if hint.suggestion is None:
        return "cannot tell"
    return f"{SERIOUS[hint.suggestion]} (suggested)"


def hint_reason(hint: Hint) -> str:
    """Return the reason of a judgement, else of a suggestion."""
    if hint.judgements:
        return f"{_capital(hint.status)}."
    return hint.reason
