"""The main job: everything that the evidence says about durations, into one folder."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from spineevidence.claims import judge_claims
from spineevidence.evidence import Evidence
from spineevidence.formatting import count_of
from spineevidence.lanes import Lane, LaneGroup, caption_of, claim_lanes, lane_groups, lanes_in_words
from spineevidence.models import COMPARATOR_CLASSES
from spineevidence.page.document import render_page
from spineevidence.plots.durations import draw_figure
from spineevidence.saving import save_files
from spineevidence.summary import (
    NO_DURATION,
    NO_TREATMENT,
    LineSummary,
    pooled_windows,
    summary_frame,
    summary_lines,
)
from spineevidence.tables.csvtable import harmless
from spineevidence.tables.markdown import escaped
from spineevidence.windowsummary import windows_frame
from spineevidence.wording import COMPARATORS

Progress = Callable[[str], None]


def build_report(
    evidence: Evidence, out: str | Path, *, progress: Progress | None = None
) -> tuple[Path, ...]:
    """Write a page to browse, summary, figure with its text equivalent, and what is odd, into a folder.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    out : str or Path
        The folder, made if it does not exist. Its former files are replaced only when all new ones are made.
    progress : callable, optional
        Told the name of each step.

    Returns
    -------
    tuple of Path
        ``summary.csv``, ``summary.md``, ``windows.csv``, ``verdicts.csv``, ``durations.svg``,
        ``durations.png``, ``durations.txt`` (caption and text equivalent of the figure) and
        ``summary.csv``, ``summary.md``, ``durations.svg``, ``durations.png``, ``durations.txt`` (caption and
        text equivalent of the figure), ``index.html`` (everything, down to the printed rows) and
        ``problems.txt``. The same evidence gives the same bytes.

    Raises
    ------
    OSError
        If the folder cannot be written; what stood there is left whole.
    """
    tell = progress or (lambda _: None)
    tell("durations of every procedure")
    lines = summary_lines(evidence)
    tell("lanes")
    contrasts = lane_groups(lines)
    changes = lane_groups(lines, change=True)
    claims = claim_lanes(evidence) if evidence.focus else ()
    tell("claims and windows")
    judged = judge_claims(evidence)
    tell("summary.csv and summary.md")
    contents = {
        "summary.csv": csv_text(summary_frame(lines)).encode(),
        "windows.csv": csv_text(windows_frame(evidence, lines, judged)).encode(),
        "verdicts.csv": csv_text(judged.to_frame()).encode(),
        "summary.md": summary_text(evidence, lines).encode(),
    }
    tell("durations.svg and durations.png")
    contents |= _figure_files(contrasts, changes, claims)
    tell("index.html")
    contents["index.html"] = render_page(evidence, lines).encode()
    tell("problems.txt")
    contents["problems.txt"] = _problems_text(evidence.notes).encode()
    folder = Path(out)
    save_files(folder, contents)
    return tuple(folder / name for name in contents)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV in which no cell is read as a formula."""
    safe = frame.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    return safe.to_csv(index=False, lineterminator="\n", float_format="%.4f")


def _figure_files(
    contrasts: tuple[LaneGroup, ...], changes: tuple[LaneGroup, ...], claims: tuple[Lane, ...]
) -> dict[str, bytes]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    words = figure_text(contrasts, changes, claims)
    figure = Figure()
    draw_figure(figure, contrasts, changes, claims, domain="pain")
    described = {"Title": "How long relief of pain lasts", "Description": words}
    png, svg = io.BytesIO(), io.BytesIO()
    salt = hashlib.sha256(words.encode()).hexdigest()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        figure.savefig(png, format="png", dpi=110, metadata={**described, "Software": None})
        figure.savefig(svg, format="svg", metadata={**described, "Date": None, "Creator": None})
    return {
        "durations.svg": svg.getvalue(),
        "durations.png": png.getvalue(),
        "durations.txt": words.encode(),
    }


def figure_text(
    contrasts: tuple[LaneGroup, ...], changes: tuple[LaneGroup, ...], claims: tuple[Lane, ...] = ()
) -> str:
    """Return caption and text equivalent of the figure: the same lanes with the same numbers."""
    return "\n".join(
        [
            "Figure caption",
            caption_of(contrasts, domain="pain", change=False),
            caption_of(changes, domain="pain", change=True),
            "",
            "Contrasts with a comparator",
            "",
            lanes_in_words(contrasts, claims),
            "Uncontrolled changes, no effect",
            "",
            lanes_in_words(changes),
        ]
    )


def _problems_text(problems: Sequence[str]) -> str:
    head = (
        f"{count_of(len(problems), 'finding')} that {'is' if len(problems) == 1 else 'are'} odd but possible"
    )
    return "\n".join([f"{head}; nothing was changed or left out for it.", *problems]) + "\n"


def summary_text(evidence: Evidence, lines: Sequence[LineSummary]) -> str:
    """Return the summary as Markdown: a section for each procedure, a line for each comparator and domain."""
    parts = [
        "# How long does relief last?",
        "",
        f"{evidence!r}.",
        "",
        "Contrasts compare a procedure with a class of comparators; classes are never merged. Changes within "
        "single groups are no effect. From two studies on durations are told of all together, by the joint "
        'model, and then study by study. Lines headed "pooled" check this window by window (two to four '
        "studies by the half-normal model, more by REML with Hartung and Knapp's interval). Findings without "
        "numbers are counted by window. Nothing is said beyond the last follow-up.",
        "",
    ]
    names = {line.procedure.procedure_id: line.procedure for line in lines}
    for record in evidence.procedure_records():
        if record.procedure_id in names:
            own = [line for line in lines if line.procedure.procedure_id == record.procedure_id]
            parts += _procedure_section(evidence, own)
    return "\n".join(parts)


def _procedure_section(evidence: Evidence, lines: Sequence[LineSummary]) -> list[str]:
    procedure = lines[0].procedure
    short = f" ({procedure.abbreviation})" if procedure.abbreviation else ""
    parts = [f"## {escaped(procedure.name)}{escaped(short)}", ""]
    if procedure.note:
        parts += [f"{escaped(procedure.note)}.", ""]
    for line in lines:
        if line.says_how_long:
            parts += _line_item(line)
    listed = [line for line in lines if not line.says_how_long]
    if listed:
        parts += ["", "Listed without a duration of benefit:", ""]
        parts += [_listed_item(line) for line in listed]
    parts += ["", f"Not compared at all with: {_never(lines)}.", ""]
    kin = evidence.procedure(procedure.procedure_id).see_also
    if kin:
        parts += [f"See also (same family, evidence of their own): {escaped(', '.join(kin))}.", ""]
    return parts


def _line_item(line: LineSummary) -> list[str]:
    against = "change" if line.comparator == "change" else f"versus {COMPARATORS[line.comparator]}"
    size = f"{count_of(line.k, 'study', 'studies')}, n {line.n if line.n is not None else 'not stated'}"
    domain = line.domain.replace("_", " ")
    item = [f"- **{domain}, {against}** ({size}; {line.status}): {escaped(line.sentence)}"]
    item += [f"  - pooled: {escaped(words)}" for words in pooled_windows(line)]
    reasons: dict[str, int] = {}
    for row in line.left_out:
        reasons[row.reason] = reasons.get(row.reason, 0) + 1
    if reasons:
        said = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        item.append(f"  - rows whose numbers say nothing of a duration: {escaped(said)}")
    return item


def _listed_item(line: LineSummary) -> str:
    against = "change" if line.comparator == "change" else f"versus {COMPARATORS[line.comparator]}"
    found = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in line.findings)
    size = f"{count_of(line.k, 'study', 'studies')}, n {line.n if line.n is not None else 'not stated'}"
    quoted = f". {escaped(line.sentence)}" if line.sentence not in (NO_DURATION, NO_TREATMENT) else ""
    return f"- {line.domain.replace('_', ' ')}, {against}: {size}; {found or 'no finding stated'}{quoted}"


def _never(lines: Sequence[LineSummary]) -> str:
    compared = {line.comparator for line in lines}
    missing = [COMPARATORS[name] for name in COMPARATOR_CLASSES if name not in compared]
    return ", ".join(missing) or "none of the four classes is missing"
