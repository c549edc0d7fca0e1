"""The figures of the report as files, each with its text equivalent."""

from __future__ import annotations

from collections.abc import Sequence

from spineevidence.duration import DurationOfBenefit
from spineevidence.lanes import Lane, LaneGroup, caption_of, lanes_in_words
from spineevidence.plots.described import PictureFormat, figure_files
from spineevidence.plots.durations import draw_figure
from spineevidence.plots.timecourse import draw_course_figure
from spineevidence.tables.named import file_name
from spineevidence.wording import COMPARATORS

DOMAIN = "pain"


def durations_files(
    contrasts: tuple[LaneGroup, ...],
    changes: tuple[LaneGroup, ...],
    claims: tuple[Lane, ...],
    formats: Sequence[PictureFormat],
) -> dict[str, bytes]:
    """Return the durability lanes of pain as files."""
    from matplotlib.figure import Figure

    figure = Figure()
    draw_figure(figure, contrasts, changes, claims, domain=DOMAIN)
    return figure_files(
        figure,
        name="durations",
        title="How long relief of pain lasts",
        words=lanes_text(contrasts, changes, claims),
        formats=formats,
        dpi=110,
    )


def lanes_text(
    contrasts: tuple[LaneGroup, ...], changes: tuple[LaneGroup, ...], claims: tuple[Lane, ...] = ()
) -> str:
    """Return caption and text equivalent of the lanes: the same lanes with the same numbers."""
    return "\n".join(
        [
            "Figure caption",
            caption_of(contrasts, domain=DOMAIN, change=False),
            caption_of(changes, domain=DOMAIN, change=True),
            "",
            "Contrasts with a comparator",
            "",
            lanes_in_words(contrasts, claims),
            "Uncontrolled changes, no effect",
            "",
            lanes_in_words(changes),
        ]
    )


def course_files(
    found: DurationOfBenefit, procedure: str, formats: Sequence[PictureFormat]
) -> dict[str, bytes]:
    """Return the course of one line of evidence with several studies as files.

    Parameters
    ----------
    found : DurationOfBenefit
        With a joint model.
    procedure : str
        Name of the procedure.
    formats : sequence of {"svg", "png", "pdf"}
        Beside the text equivalent.
    """
    from matplotlib.figure import Figure

    against = COMPARATORS[found.comparator]
    title = f"{procedure} versus {against}" if found.comparator != "change" else f"{procedure}, uncontrolled"
    figure = Figure()
    draw_course_figure(figure, found)
    name = f"courses/{file_name(found.procedure_id)}-{found.comparator}-{file_name(found.curve)}"
    return figure_files(figure, name=name, title=title, formats=formats)
