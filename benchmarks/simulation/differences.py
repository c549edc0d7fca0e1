"""Why rows of a section differ from what is expected, as far as they do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DIFFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "One study: coverage of the duration": (
            "The hump is ours: how the other one rises is not printed. A statement counts as false here if "
            "it is false of any visit of its run. So an important benefit wrongly shown at 1 month, before "
            "there is one, counts, although it ends before the true time of loss. Judged by that time alone "
            "0.994 and more are true, as expected."
        ),
        "One study: how much it tells": (
            "Here no patient is lost. With 5 % lost at 1 month, rising to 20 % at 24 months, the nine "
            "shares become 0.37, 0.20, 0.05; 0.64, 0.40, 0.23; 0.92, 0.69, 0.62 (a run apart, 4,000 "
            "replicates). So the other simulation probably had losses to follow-up that its settings do not "
            "print."
        ),
        "One window: Hartung-Knapp": (
            "Half the width at two studies has a long tail: its mean depends on the variances of the "
            "studies. With 20 % of patients lost, as above, it becomes 5.76."
        ),
        "One window: one study or two": (
            "Whether the mean or the median of half the width was printed is not known. Here stands the "
            "mean; the median with scale 1 is 1.45."
        ),
        "Several studies: how much they tell": (
            "The figures for windows are of a backward run that leaves no visit out. The library passes "
            "over visits too imprecise to exclude anything; without that 0.03, 0.05 and 0.14 of the data "
            "sets have both bounds (a run apart, 4,000 replicates)."
        ),
    }
)
