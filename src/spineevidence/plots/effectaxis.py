"""The axis of effects: differences as they are, ratios on a log axis; how both look in print."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from spineevidence.formatting import number, trimmed
from spineevidence.timing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "CVR": "ratio of coefficients of variation",
        "HR": "hazard ratio",
        "IRD": "difference of rates",
        "IRR": "rate ratio",
        "MC": "mean change",
        "MD": "mean difference",
        "MID": "smallest important differences",
        "OR": "odds ratio",
        "PETO": "odds ratio (Peto)",
        "RD": "risk difference",
        "ROM": "ratio of means",
        "ROMC": "ratio of means, after to before",
        "RR": "risk ratio",
        "SMCC": "standardised mean change",
        "SMCR": "standardised mean change",
        "SMD": "standardised mean difference",
        "VR": "ratio of standard deviations",
    }
)
RATIOS = ("CVR", "HR", "IRR", "OR", "PETO", "ROM", "ROMC", "RR", "VR")
FAVOURS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"contrast": ("favours comparator", "favours procedure"), "change": ("worse", "better")}
)
SIDE_MARGIN = 0.04  # of the width of the panel
MOST_TICKS, FEWEST_TICKS = 7, 3
STEPS = (1, 2, 2.5, 5, 10)
LARGEST = 1e5  # a ratio beyond it is printed as a power of ten


def is_ratio(measure: str, ratio: bool | None) -> bool:
    """Return whether effects are logarithms to be printed as ratios: as said, else by their measure.

    >>> is_ratio("RR", None), is_ratio("MD", None), is_ratio("", True)
    (True, False, True)
    """
    return measure in RATIOS if ratio is None else ratio


def digits_of(sei: FloatArray) -> int:
    """Return the decimals that show two digits of a typical standard error.

    >>> digits_of(np.array([0.31, 0.35, 4.0])), digits_of(np.array([12.0]))
    (2, 0)
    """
    middle = float(np.median(sei))
    return min(max(1 - math.floor(math.log10(middle)), 0), 6) if middle > 0 else 2


def printed(value: float, *, ratio: bool, digits: int) -> str:
    """Return an effect as printed; the logarithm of a ratio as the ratio.

    >>> printed(-0.715, ratio=True, digits=2), printed(1.256, ratio=False, digits=1)
    ('0.49', '1.3')
    >>> printed(-6.0, ratio=True, digits=2), printed(20.0, ratio=True, digits=2)
    ('0.0025', '4.9e+08')
    """
    if not ratio:
        return number(value, digits)
    power = value / math.log(10)
    if power > math.log10(LARGEST) or power < -math.log10(LARGEST):
        whole = math.floor(power)
        return f"{10 ** (power - whole):.1f}e{whole:+03d}"
    found = math.exp(value)
    if found < 0.0095:
        return f"{found:.2g}"
    return number(found, 2 if found < 99.5 else 0)


def printed_interval(low: float, high: float, *, ratio: bool, digits: int) -> str:
    """Return an interval as printed.

    >>> printed_interval(-0.4, 1.6, ratio=False, digits=1)
    '-0.4 to 1.6'
    """
    return f"{printed(low, ratio=ratio, digits=digits)} to {printed(high, ratio=ratio, digits=digits)}"


def printed_p(p: float) -> str:
    """Return a p-value with its sign.

    >>> printed_p(0.00002), printed_p(0.0123), printed_p(0.4)
    ('p < 0.001', 'p = 0.012', 'p = 0.40')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def axis_label(measure: str, estimand: str, *, ratio: bool, told: bool) -> str:
    """Return what the axis shows, and on which side benefit lies unless the captions tell it.

    >>> axis_label("RR", "contrast", ratio=True, told=False)
    'risk ratio (log scale), above 1 is better'
    """
    words = MEASURES.get(measure, measure or ("ratio" if ratio else "effect"))
    scale = " (log scale)" if ratio else ""
    direction = f", above {1 if ratio else 0} is better" if estimand and not told else ""
    return f"{words}{scale}{direction}"


def captions(estimand: str, favours: tuple[str, str] | None) -> tuple[str, str]:
    """Return what lies to the left and to the right of no effect; effects are benefit-positive.

    >>> captions("contrast", None), captions("", None), captions("", ("favours drug", "favours diet"))
    (('favours comparator', 'favours procedure'), ('', ''), ('favours drug', 'favours diet'))
    """
    return favours if favours is not None else FAVOURS.get(estimand, ("", ""))


def set_effect_axis(ax: Axes, low: float, high: float, *, ratio: bool) -> None:
    """Give a panel its limits and ticks; the places are logarithms where ratios are printed."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(low, high)
    if ratio:
        places = ratio_ticks(low, high)
        labels = [f"{math.exp(place):.6g}" for place in places]
    else:
        found = MaxNLocator(MOST_TICKS, steps=STEPS).tick_values(low, high)
        places = [float(place) for place in found if low <= place <= high]
        labels = [trimmed(place, 8) for place in places]
    ax.set_xticks(places, labels, fontsize=8)


def ratio_ticks(low: float, high: float) -> list[float]:
    """Return places of round ratios between two logarithms, at best four to seven, 1 among them.

    >>> [round(math.exp(place), 6) for place in ratio_ticks(math.log(0.15), math.log(3))]
    [0.2, 0.5, 1.0, 2.0]
    """
    first, last = math.floor(low / math.log(10)), math.ceil(high / math.log(10))
    tens = range(first, last + 1)
    choices = [[(digit, power) for power in tens for digit in digits] for digits in ((1, 2, 5), (1, 3))]
    span = last - first
    choices += [[(1, power) for power in tens if power % step == 0] for step in range(1, span + 1)]
    for choice in choices:
        places = [math.log(digit) + power * math.log(10) for digit, power in choice]
        inside = [place for place in places if low <= place <= high]
        if len(inside) <= MOST_TICKS:
            break
    return inside if len(inside) >= FEWEST_TICKS else _even_ticks(low, high)


def _even_ticks(low: float, high: float) -> list[float]:
    """Return ticks of a short axis, where ratios are nearly even."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(MOST_TICKS, steps=STEPS).tick_values(math.exp(low), math.exp(high))
    return [math.log(value) for value in found if value > 0 and low <= math.log(value) <= high]
