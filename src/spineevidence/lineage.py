"""Where an effect comes from: the rows, the formula and the assumptions behind one number."""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def n(self) -> int | None:
        """Participants analysed in all, where every arm says."""
        if self.n_arm is None or (self.versus and self.n_versus is None):
            return None
        return self.n_arm + (self.n_versus or 0)


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
