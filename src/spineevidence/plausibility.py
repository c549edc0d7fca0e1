"""What is odd but possible in a printed result: shown as notes, never corrected."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from spineevidence.models import RATIOS, BoolArray, Cells, FloatArray, Rule

SLACK = 1e-9  # binary fractions: 0.5 in the last printed digit must not fail by 1e-17


def no_count_gives(
    *, share: FloatArray, n: FloatArray, decimals: FloatArray, unit: float = 100.0
) -> BoolArray:
    """Return where no whole number of n patients (or points) rounds to the printed figure (GRIM).

    Parameters
    ----------
    share : ndarray, shape (rows,)
        Percentage (``unit=100``) or mean of whole-number scores (``unit=1``) as printed.
    n : ndarray, shape (rows,)
        Patients; where it is nan the answer is False.
    decimals : ndarray, shape (rows,)
        Digits printed behind the decimal point.
    unit : float
        What one patient, or one point, counts in the unit of the share, times n.

    Returns
    -------
    ndarray of bool, shape (rows,)

    References
    ----------
    .. [1] Brown NJL, Heathers JAJ (2017). The GRIM test. https://doi.org/10.1177/1948550616673876

    Examples
    --------
    >>> no_count_gives(share=np.array([48.0, 50.0]), n=np.array([79.0, 3.0]), decimals=np.array([0.0, 0.0]))
    array([False,  True])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.rint(share * n / unit)
        gap: FloatArray = np.abs(count * unit / n - share)
    allowed: FloatArray = 0.5 * np.power(10.0, -decimals) + SLACK * (1 + np.abs(share))
    odd: BoolArray = gap > allowed
    return odd


def _percent_of_nobody(c: Cells) -> BoolArray:
    odd = no_count_gives(share=c.number("value"), n=c.number("n"), decimals=c.decimals("value"))
    return c.among("statistic", ("percent",)) & odd


def _mean_of_no_items(c: Cells) -> BoolArray:
    odd = no_count_gives(share=c.number("value"), n=c.number("n"), decimals=c.decimals("value"), unit=1.0)
    odd &= c.among("statistic", ("mean",)) & (c.number("measures.whole_items") == 1)
    return odd


def _sd_like_an_se(c: Cells) -> BoolArray:
    """Find spreads below a twentieth of the scale that would be ordinary if they were standard errors."""
    scale = c.number("measures.maximum") - c.number("measures.minimum")
    n = c.number("n")
    as_sd = c.number("sd") * np.sqrt(np.where(np.isnan(n), c.number("arms.n"), n))
    odd: BoolArray = (c.number("sd") < scale / 20) & (as_sd > scale / 10) & (as_sd <= scale / 2)
    return c.among("statistic", ("mean", "change")) & odd


def _sd_beyond_the_scale(c: Cells) -> BoolArray:
    """Find SDs larger than half of the patients at either end of the scale would give.

    With a mean m and limits a and b no n scores have an SD above sqrt((m - a)(b - m) n / (n - 1)).
    """
    low, high, mean = c.number("measures.minimum"), c.number("measures.maximum"), c.number("value")
    n = np.where(np.isnan(c.number("n")), c.number("arms.n"), c.number("n"))
    share = np.where(n > 1, n / np.where(n > 1, n - 1, 1), 2.0)
    largest = np.sqrt(np.maximum((mean - low) * (high - mean), 0) * share)
    odd: BoolArray = c.number("sd") > largest * (1 + SLACK) + 0.5 * 10.0 ** -c.decimals("sd")
    return c.among("statistic", ("mean",)) & odd


def _p_against_interval(c: Cells) -> BoolArray:
    """Find p-values well on the one side of 0.05 with an interval on the other."""
    no_effect = np.where(c.among("statistic", RATIOS), 1.0, 0.0)
    excludes = (c.number("ci_low") > no_effect) | (c.number("ci_high") < no_effect)
    includes = (c.number("ci_low") < no_effect) & (c.number("ci_high") > no_effect)
    p = c.number("p_value")
    odd: BoolArray = c.filled("versus") & _ordered(c) & ((excludes & (p > 0.06)) | (includes & (p < 0.04)))
    return odd


def _outside_its_interval(c: Cells) -> BoolArray:
    value = c.number("value")
    odd: BoolArray = _ordered(c) & ((value < c.number("ci_low")) | (value > c.number("ci_high")))
    return odd


def _ordered(c: Cells) -> BoolArray:
    """Return which intervals have both limits in their order: a reversed one is an error already."""
    ordered: BoolArray = c.number("ci_low") <= c.number("ci_high")
    return ordered


def _more_than_the_arm(c: Cells) -> BoolArray:
    odd: BoolArray = ~c.filled("versus") & (c.number("n") > c.number("arms.n"))
    return odd


ODDITIES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "outcomes": (
            Rule(
                "value",
                "no whole number of {n} patients is {value} percent",
                _percent_of_nobody,
            ),
            Rule(
                "value",
                "no {n} whole-number scores of {measure_id} have the mean {value}",
                _mean_of_no_items,
                joined=True,
            ),
            Rule(
                "sd",
                "SD {sd} is so small for {measure_id} that it may be a standard error",
                _sd_like_an_se,
                joined=True,
            ),
            Rule(
                "sd",
                "SD {sd} is more than scores of {measure_id} with the mean {value} can have",
                _sd_beyond_the_scale,
                joined=True,
            ),
            Rule(
                "p_value",
                "p {p_value} and the interval {ci_low} to {ci_high} disagree about 0.05",
                _p_against_interval,
            ),
            Rule("value", "{value} lies outside its interval {ci_low} to {ci_high}", _outside_its_interval),
            Rule("n", 'n {n} is more than the n of the arm "{arm}"', _more_than_the_arm, joined=True),
        )
    }
)


def at_odds_with_arms(
    *,
    printed: FloatArray,
    from_arms: FloatArray,
    half_width: FloatArray,
    scale: FloatArray,
) -> BoolArray:
    """Return where a printed difference is far from that of its arms' own figures.

    Adjusted differences may differ from raw ones: only a gap of more than the half-width of the interval
    counts; where none is printed, of more than a tenth of the scale.

    Parameters
    ----------
    printed, from_arms, half_width, scale : ndarray, shape (rows,)
        In the unit of the measure; nan in `half_width` where no interval is printed. Where `from_arms` or
        both of the others are nan the answer is False.

    Returns
    -------
    ndarray of bool, shape (rows,)

    Examples
    --------
    >>> at_odds_with_arms(
    ...     printed=np.array([-1.5, -1.5]),
    ...     from_arms=np.array([-1.2, 1.5]),
    ...     half_width=np.array([0.5, 0.5]),
    ...     scale=np.array([10.0, 10.0]),
    ... )
    array([False,  True])
    """
    allowed = np.where(np.isnan(half_width), scale / 10, half_width)
    odd: BoolArray = np.abs(printed - from_arms) > allowed + SLACK
    return odd


OF_THE_ARMS: Mapping[str, str] = MappingProxyType({"mean_difference": "mean", "change_difference": "change"})
