"""The methods of a whole report: what was run on each line of several studies, under one numbering."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from spineevidence.citations import reference_list
from spineevidence.duration import DurationOfBenefit
from spineevidence.methods import known_references, numbered, software
from spineevidence.methodwords import gaps, sentences
from spineevidence.tables.fromevidence import one_line
from spineevidence.tables.markdown import escaped
from spineevidence.wording import COMPARATORS

_NUMBERS = re.compile(r"\\\[(\d+(?:, \d+)*)\\\](?![(\[:])")  # of citations, where they make no link


def methods_page(durations: Sequence[tuple[str, DurationOfBenefit]]) -> str:
    """Return the methods section of a report as Markdown.

    Parameters
    ----------
    durations : sequence of (str, DurationOfBenefit)
        Lines of evidence that several studies tell together, each after the name of its procedure.

    Returns
    -------
    str
        A paragraph for each, the software, and the sources numbered in order of appearance.
    """
    text, entries = numbered("\n".join(_paragraphs(durations)), known_references())
    listed = reference_list({entry.key: entry for entry in entries}, [entry.key for entry in entries])
    notes = dict.fromkeys(note for _, found in durations for note in gaps(found))
    return "\n".join(
        [
            "# Methods",
            "",
            _NUMBERS.sub(r"[\1]", escaped(text)),
            "",
            "## Not told above",
            "",
            *(f"- {escaped(note)}" for note in notes),
            "",
            "## References",
            "",
            listed.markdown(),
            "",
        ]
    )


def _paragraphs(durations: Sequence[tuple[str, DurationOfBenefit]]) -> Iterator[str]:
    yield (
        "Each study was read by itself, visit by visit. Studies of one procedure, comparator class and scale "
        "were put together as told below."
    )
    for procedure, found in durations:
        against = "uncontrolled change" if found.comparator == "change" else COMPARATORS[found.comparator]
        yield f"\n## {one_line(procedure)}, {against}, {found.curve.replace('_', ' ')}\n"
        yield one_line(" ".join(sentences(found)))
    yield "\n## Software\n"
    yield software()
