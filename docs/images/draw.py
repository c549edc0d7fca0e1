"""Draw the picture of the README: ``make picture``."""

from pathlib import Path

from matplotlib.figure import Figure

import spineevidence as spe
from spineevidence.lanes import claim_lanes, lane_groups
from spineevidence.plots.durations import draw_figure
from spineevidence.summary import summary_lines


def main() -> None:
    """Write idet.png beside this file."""
    idet = spe.load_evidence().select(procedure="IDET")
    lines = summary_lines(idet)
    figure = Figure()
    draw_figure(figure, lane_groups(lines), lane_groups(lines, change=True), claim_lanes(idet), domain="pain")
    target = Path(__file__).with_name("idet.png")
    figure.savefig(target, dpi=110, metadata={"Software": None})
    print(target.name)


if __name__ == "__main__":
    main()
