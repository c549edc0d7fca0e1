"""Where an effect comes from: the rows, the formula and the assumptions behind one number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from spineevidence.formatting import time_in_words

SYMMETRIC = 1e-6  # of the width: beyond it an interval is of another kind, or printed with rounding
DIGITS = 10  # of the numbers put into a formula, so that its result can be checked


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: a formula, the numbers put in, and what comes out.

    Attributes
    ----------
    name : str
        What is computed.
    formula : str
        In symbols.
    numbers : str
        The same with the numbers put in; plain arithmetic with sqrt, log, exp and ``^`` for powers, and
        named table values such as ``t(0.975, 58)``.
    value : float
        The result.

    Examples
    --------
    >>> print(Step("SE", "SD / sqrt(n)", "2.4 / sqrt(32)", 0.4242640687))
    SE = SD / sqrt(n) = 2.4 / sqrt(32) = 0.424264
    """

    name: str
    formula: str
    numbers: str
    value: float

    def __str__(self) -> str:
        return f"{self.name} = {self.formula} = {self.numbers} = {self.value:.6g}"


def put_in(value: float) -> str:
    """Return a number for a formula, in brackets if it is negative.

    >>> put_in(2.40), put_in(-1 / 3)
    ('2.4', '(-0.3333333333)')
    """
    text = f"{value + 0.0:.{DIGITS}g}"
    return f"({text})" if value < 0 else text


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """How effects were derived, step by step, so that a reader can check them by hand.

    Attributes
    ----------
    blocks : tuple of tuple of str
        The lines for each effect, its heading first.
    """

    blocks: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return "\n\n".join("\n".join((head, *(f"  {line}" for line in rest))) for head, *rest in self.blocks)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = []
        for head, *rest in self.blocks:
            items = "".join(f"<li>{escape(line)}</li>" for line in rest)
            parts.append(f"<p><strong>{escape(head)}</strong></p><ol>{items}</ol>")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of one study at one visit, with all a reader needs to check it by hand.

    Attributes
    ----------
    study_id : str
        The study.
    curve, measure_id : str
        The scale of the effect, and the measure it was printed on.
    arm, versus : str
        The arms (several joined by " + "); `versus` is empty for a change within one group.
    months : float
        Time since the procedure.
    window : str
        Label of the follow-up window.
    yi, sei : float
        Benefit-positive effect on the scale of the curve, and its standard error.
    df : float
        Degrees of freedom of the interval; infinity for the normal quantile.
    ci_low, ci_high : float
        95 percent interval; as printed where the report prints one.
    n_arm, n_versus : int or None
        Participants analysed in each arm; None where no report says.
    route : str
        How it was derived; see `spineevidence.derivation.ROUTES`.
    lines : tuple of int
        Lines of outcomes.csv it was derived from.
    derivation : str
        The formula with the numbers put in.
    notes : tuple of str
        Assumptions and caveats, each with its keyword first.
    rank : tuple of int
        Order of preference within a study (analysis, form, measure); smaller is better.
    formula : str
        The name of the formula.
    steps : tuple of Step
        The same derivation, step by step.
    printed : tuple of str
        The rows as printed, each with its line, report and place.
    """

    study_id: str
    curve: str
    measure_id: str
    arm: str
    versus: str
    months: float
    window: str
    yi: float
    sei: float
    df: float
    ci_low: float
    ci_high: float
    n_arm: int | None
    n_versus: int | None
    route: str
    lines: tuple[int, ...]
    derivation: str
    notes: tuple[str, ...]
    rank: tuple[int, int, int]
    formula: str = ""
    steps: tuple[Step, ...] = ()
    printed: tuple[str, ...] = ()

    @property
    def n(self) -> int | None:
        """Participants analysed in all, where every arm says."""
        if self.n_arm is None or (self.versus and self.n_versus is None):
            return None
        return self.n_arm + (self.n_versus or 0)


def explained(effects: Iterable[Effect]) -> Explanation:
    """Return what stands behind effects: the printed rows, the formula, each step, the assumptions."""
    return Explanation(tuple(_block(effect) for effect in effects))


def _block(effect: Effect) -> tuple[str, ...]:
    against = f"{effect.arm} against {effect.versus}" if effect.versus else f"{effect.arm}, change"
    head = f"{effect.study_id}, {time_in_words(effect.months)}: {against}, {effect.measure_id}"
    return (
        f"{head} ({effect.formula})" if effect.formula else head,
        *(f"printed: {row}" for row in effect.printed),
        *map(str, effect.steps),
        outcome_of(effect),
        *(f"note: {note}" for note in effect.notes),
    )


def outcome_of(effect: Effect) -> str:
    """Return what a derivation comes to, with its interval; a change is not called an effect."""
    what, sign = ("effect", "benefit") if effect.versus else ("change", "improvement")
    return (
        f"{what} {effect.yi:.6g}, standard error {effect.sei:.6g}, 95 % interval {_limits(effect)} "
        f"on {effect.curve}; {sign} is positive"
    )


def _limits(effect: Effect) -> str:
    """Return the limits, with the quantile they were computed with where the interval is symmetric."""
    below, above = effect.yi - effect.ci_low, effect.ci_high - effect.yi
    limits = f"{effect.ci_low:.6g} to {effect.ci_high:.6g}"
    if abs(above - below) > SYMMETRIC * (above + below):
        return limits
    symbol = f"t(0.975, {effect.df:.4g})" if math.isfinite(effect.df) else "z"
    return f"{effect.yi:.6g} -+ {above / effect.sei:.6g} ({symbol}) x {effect.sei:.6g} = {limits}"


def keyword(note: str) -> str:
    """Return the keyword with which a note begins, or an empty string.

    >>> keyword("IMPUTED_R: taken as 0.5"), keyword("UNBLINDED"), keyword("Adjusted.")
    ('IMPUTED_R', 'UNBLINDED', '')
    """
    found = re.match(r"[A-Z][A-Z0-9_]+(?=:|$)", note)
    return found[0] if found else ""


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A printed row that became no effect, and why.

    Attributes
    ----------
    reason : str
        Why, in words that are the same for all rows of a kind.
    study_id : str
        The study.
    line : int
        The line of outcomes.csv.
    """

    reason: str
    study_id: str
    line: int


def counted(left_out: tuple[LeftOut, ...]) -> tuple[str, ...]:
    """Return a note per reason with the number of rows and the studies.

    >>> counted((LeftOut("scale assumed", "pauza2004", 1136), LeftOut("scale assumed", "pauza2004", 1137)))
    ('2 rows left out (pauza2004): scale assumed',)
    """
    reasons: dict[str, list[LeftOut]] = {}
    for row in sorted(left_out):
        reasons.setdefault(row.reason, []).append(row)
    notes = []
    for reason, rows in reasons.items():
        studies = ", ".join(dict.fromkeys(row.study_id for row in rows))
        count = f"{len(rows)} row{'s' if len(rows) != 1 else ''}"
        notes.append(f"{count} left out ({studies}): {reason}")
    return tuple(notes)
