"""Figures as files, each with its text equivalent: the same bytes whenever it is drawn."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


PictureFormat = Literal["svg", "png", "pdf"]
PICTURE_FORMATS: tuple[PictureFormat, ...] = ("svg", "png", "pdf")


def describe(ax: Axes, words: list[str]) -> None:
    """Attach the text equivalent of a panel, for `description` and `figure_files`."""
    ax.set_label("\n".join(words))


def description(figure: Figure) -> str:
    """Return the text equivalents of the panels of a figure."""
    return "\n\n".join(str(ax.get_label()) for ax in figure.axes if ax.get_label())


def figure_files(
    figure: Figure,
    *,
    name: str,
    title: str,
    words: str | None = None,
    formats: Sequence[PictureFormat] = ("svg", "png"),
    dpi: float = 150,
) -> dict[str, bytes]:
    """Return a figure as files that carry its text equivalent, and that text.

    Parameters
    ----------
    figure : Figure
        With panels of `spineevidence.plots`; ``ax.figure`` of what they return.
    name : str
        Of the files.
    title : str
        Of the figure, for readers that show or speak it.
    words : str, optional
        Its text equivalent; by default that of its panels.
    formats : sequence of {"svg", "png", "pdf"}
        Beside the text.
    dpi : float
        Dots per inch of the PNG.

    Returns
    -------
    dict
        The bytes of ``name.svg``, ``name.png``, ``name.pdf`` as asked for, and of ``name.txt``;
        `spineevidence.saving.save_files` writes them.
    """
    said = description(figure) if words is None else words
    files = {f"{name}.{form}": _drawn(figure, form, title, said, dpi) for form in formats}
    return files | {f"{name}.txt": said.encode()}


def _drawn(figure: Figure, form: PictureFormat, title: str, words: str, dpi: float) -> bytes:
    import matplotlib as mpl

    metadata: dict[str, str | None] = {"Title": title}
    metadata |= {
        "png": {"Description": words, "Software": None},
        "svg": {"Description": words, "Date": None, "Creator": None},
        "pdf": {"Subject": words, "CreationDate": None, "Creator": None, "Producer": None},
    }[form]
    salt = hashlib.sha256(words.encode()).hexdigest()
    data = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        figure.savefig(data, format=form, dpi=dpi if form == "png" else "figure", metadata=metadata)
    return data.getvalue()
