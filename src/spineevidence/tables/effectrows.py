"""`effects_table`: one row for each derived effect, with its route, derivation and caveats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spineevidence.curves import Curve
from spineevidence.derivation import ROUTES
from spineevidence.evidence import Evidence
from spineevidence.formatting import time_in_words
from spineevidence.lineage import Effect
from spineevidence.summary import LineSummary
from spineevidence.tables.chosen import Chosen, Words, chosen_lines, figure, figures, unit_of
from spineevidence.tables.fromevidence import Sources, evidence_table, sources_of
from spineevidence.tables.model import Table
from spineevidence.tables.parts import Cell, Column, Group, Row, cell

OF_THE_FILE = "Of outcomes.csv; the header is line 1."
COLUMNS: tuple[Column, ...] = (
    Column("study", "Study"),
    Column("time", "Time"),
    Column("arms", "Arm against arm"),
    Column("measure", "Measure"),
    Column("n", "n", unit="of each", kind="number"),
    Column("effect", "Effect", unit="95 % interval", kind="number"),
    Column("route", "Route"),
    Column("derivation", "Derivation"),
    Column("lines", "Lines", notes=(OF_THE_FILE,)),
)


def effects_table(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    comparator: Words = None,
    domain: Words = None,
) -> Table:
    """Return every effect that durations rest on, with the numbers it was derived from.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; without it the one of a selection, or all.
    comparator, domain : str or sequence of str, optional
        Comparator classes and domains; without them all.

    Returns
    -------
    Table
        A row for each study and visit, grouped by comparison and scale. Above 0 the procedure is better.
        Caveats are footnotes.

    Raises
    ------
    EstimandError
        If changes are asked for.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> from spineevidence.evidence import load_evidence
    >>> shown = effects_table(load_evidence(), procedure="IDET", comparator="placebo")
    >>> shown.to_frame()[["time", "effect", "lines"]].values.tolist()
    [['6 months', '0 (-17 to 9)', '456, 457']]
    """
    return effects_of(
        sources_of(evidence),
        chosen_lines(evidence, procedure=procedure, comparator=comparator, domain=domain),
    )


def effects_of(sources: Sources, chosen: Chosen) -> Table:
    """Return the table of lines that are known."""
    evidence, names = sources.evidence, sources.names
    measures = {key: measure.name for key, measure in evidence.measure_records().items()}
    return evidence_table(
        sources,
        caption=f"{chosen.of}: effects derived from printed results",
        columns=COLUMNS,
        rows=[
            Group(
                Cell(_heading(chosen, line, curve)),
                tuple(
                    _row(curve, effect, names[effect.study_id], measures[effect.measure_id])
                    for effect in effects
                ),
            )
            for line, curve, effects in _effects(chosen)
        ],
        empty="No effect can be derived.",
        notes=[
            "Above 0 the procedure is better. A comparison of two procedures stands under both, with its "
            "sign turned round.",
            "These are the effects that durations rest on; ratios, other measures such as safety, and "
            "changes within single groups are not among them.",
        ],
        landscape=True,
    )


def _effects(chosen: Chosen) -> Iterator[tuple[LineSummary, Curve, Sequence[Effect]]]:
    for line in chosen.lines:
        for curve in line.curves:
            if curve.derived.effects:
                yield line, curve.asked.curve, curve.derived.effects


def _heading(chosen: Chosen, line: LineSummary, curve: Curve) -> str:
    scale = f"{curve.title} ({unit_of(curve)})"
    own = chosen.heading(line)
    return f"{own}: {scale}" if own else scale[:1].upper() + scale[1:]


def _row(curve: Curve, effect: Effect, study: Cell, measure: str) -> Row:
    limits = figures(curve, effect.ci_low, effect.ci_high)
    sizes = ["?" if n is None else str(n) for n in (effect.n_arm, effect.n_versus)]
    return Row(
        (
            study,
            cell(time_in_words(effect.months)),
            cell(f"{effect.arm} against {effect.versus}"),
            cell(measure),
            cell("/".join(sizes)),
            cell(f"{figure(curve, effect.yi)} ({limits})", notes=effect.notes),
            cell(ROUTES[effect.route]),
            cell(effect.derivation),
            cell(", ".join(map(str, effect.lines))),
        )
    )
