"""Figures as files, each with its text equivalent: the same bytes whenever it is drawn."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def describe(ax: Axes, words: list[str]) -> None:
    """Attach the text equivalent of a panel, for `description` and `figure_files`."""
    ax.set_label("\n".join(words))


def description(figure: Figure) -> str:
    """Return the text equivalents of the panels of a figure."""
    return "\n\n".join(str(ax.get_label()) for ax in figure.axes if ax.get_label())


def figure_files(figure: Figure, *, name: str, title: str) -> dict[str, bytes]:
    """Return a figure as SVG and PNG that carry its text equivalent, and that text.

    Parameters
    ----------
    figure : Figure
        With panels of `spineevidence.plots`; ``ax.figure`` of what they return.
    name : str
        Of the files.
    title : str
        Of the figure, for readers that show or speak it.

    Returns
    -------
    dict
        The bytes of ``name.svg``, ``name.png`` and ``name.txt``; `spineevidence.saving.save_files` writes
        them.
    """
    import matplotlib as mpl

    words = description(figure)
    described = {"Title": title, "Description": words}
    png, svg = io.BytesIO(), io.BytesIO()
    salt = hashlib.sha256(words.encode()).hexdigest()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        figure.savefig(png, format="png", dpi=150, metadata={**described, "Software": None})
        figure.savefig(svg, format="svg", metadata={**described, "Date": None, "Creator": None})
    return {f"{name}.svg": svg.getvalue(), f"{name}.png": png.getvalue(), f"{name}.txt": words.encode()}
