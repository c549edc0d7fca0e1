"""What numbers suggest about the certainty of evidence, domain by domain of GRADE; a person decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from spineevidence.biastools import Band
from spineevidence.effectsizes import t_quantile
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, interval, listed, number, trimmed
from spineevidence.models import LOWER_BY, RANDOMISED
from spineevidence.pooling.smallstudy import ENOUGH, EggerTest

Level = Literal["high", "moderate", "low", "very low"]

ALPHA, POWER = 0.05, 0.8  # of the optimal information size
MOST = 0.5  # share of the weight: "most information" of the Cochrane Handbook
MANY_HIGH = 0.25  # share of the weight at high risk from which most at low risk does not outweigh it
NEARLY_ALL = 0.75  # share of the weight at high risk that suggests two levels
MATTERS = 40.0  # percent of I2 up to which heterogeneity "might not be important" (Cochrane Handbook 10.10.2)
ASYMMETRIC = 0.1  # p-value of Egger's test
LOWEST = -2  # levels that numbers may suggest; a person may lower by three
SUGGESTED = "suggested, not assessed"
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "start": "starting level",
        "risk_of_bias": "risk of bias",
        "inconsistency": "inconsistency",
        "indirectness": "indirectness",
        "imprecision": "imprecision",
        "publication_bias": "publication bias",
        "large_effect": "large effect",
        "dose_response": "dose response",
        "residual_confounding": "residual confounding",
        "overall": "certainty",
    }
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person judged, and why.

    Attributes
    ----------
    value : str
        A level, or the number of levels down or up.
    reason, assessor, citekey : str
        Why, by whom, and where it is published.
    line : int or None
        Line of certainty.csv.
    """

    value: str
    reason: str
    assessor: str
    citekey: str = ""
    line: int | None = None

    def __post_init__(self) -> None:
        for name, word in (("reason", self.reason), ("assessor", self.assessor)):
            if not word.strip():
                raise InputError(f'the judgement "{self.value}" has no {name}; none counts without one')

    @property
    def words(self) -> str:
        """Who judged what, and why."""
        return f"{self.value} by {self.assessor}: {self.reason}"


def agreed(judgements: Sequence[Judgement]) -> str:
    """Return what assessors agree on, or an empty string."""
    distinct = {judgement.value for judgement in judgements}
    return distinct.pop() if len(distinct) == 1 else ""


def status(judgements: Sequence[Judgement]) -> str:
    """Return whether and by whom something was judged."""
    if not judgements:
        return SUGGESTED
    said = "; ".join(judgement.words for judgement in judgements)
    return f"judged {said}" if agreed(judgements) else f"assessors disagree: {said}"


@dataclass(frozen=True, slots=True)
class Hint:
    """What the numbers of one window suggest in one domain of GRADE.

    Attributes
    ----------
    domain : str
        Such as "imprecision".
    suggestion : int or None
        Levels down: 0, -1 or -2; None where it cannot be judged from numbers.
    reason : str
        Why, with the numbers.
    judgements : tuple of Judgement
        What people judged; it stands in place of the suggestion.
    """

    domain: str
    suggestion: int | None
    reason: str
    judgements: tuple[Judgement, ...] = ()

    @property
    def judged(self) -> int | None:
        """Levels down as judged; None if nobody judged, or assessors disagree."""
        value = agreed(self.judgements)
        return int(value) if value else None

    @property
    def status(self) -> str:
        """Who judged and why; until a person has, "suggested, not assessed"."""
        return status(self.judgements)


def overridden(
    hint: Hint, *, judgement: int, reason: str, assessor: str, citekey: str = "", line: int | None = None
) -> Hint:
    """Return a hint with a person's judgement, which stands in place of the suggestion.

    Parameters
    ----------
    hint : Hint
        What the numbers suggest.
    judgement : int
        Levels down: 0, -1, -2 or -3.
    reason, assessor : str
        Why and by whom; without either it does not count.
    citekey : str, optional
        Where it is published.
    line : int, optional
        Line of certainty.csv.

    Raises
    ------
    InputError
        If the reason or the assessor is empty, or the number is none of the four.

    Examples
    --------
    >>> hint = Hint("imprecision", -1, "The interval holds 0.")
    >>> overridden(hint, judgement=-2, reason="36 patients", assessor="AB").status
    'judged -2 by AB: 36 patients'
    """
    if str(judgement) not in LOWER_BY:
        raise InputError(f"{WORDS[hint.domain]} is judged by {', '.join(LOWER_BY)}; found {judgement}")
    made = Judgement(str(judgement), reason, assessor, citekey, line)
    return replace(hint, judgements=(*hint.judgements, made))


@dataclass(frozen=True, slots=True)
class BiasShare:
    """A study's share of the weight, and what was judged of its risk of bias.

    Attributes
    ----------
    study_id : str
        The study.
    share : float
        Of the weight, from 0 to 1.
    judgement : str
        In the words of the tool; empty if nobody judged.
    band : {"low", "some", "high"} or None
        How much doubt it casts; None if nobody judged, assessors disagree, or the judgement does not say.
    """

    study_id: str
    share: float
    judgement: str = ""
    band: Band | None = None


def starting_level(designs: Mapping[str, str], *, by_robins_i: bool = False) -> tuple[Level, str]:
    """Return the level at which GRADE starts, by design, and why.

    Parameters
    ----------
    designs : mapping of str to str
        Design of each study.
    by_robins_i : bool
        Whether the risk of bias was judged by ROBINS-I.

    Returns
    -------
    level : {"high", "low"}
        High for randomised trials, low for other designs.
    reason : str
        With the number of studies.

    References
    ----------
    .. [1] Guyatt G et al. (2025), Core GRADE 4. https://doi.org/10.1136/bmj-2024-083864
    .. [2] Schünemann HJ et al. (2019), GRADE guidelines 18: with ROBINS-I other designs may start at high.
       https://doi.org/10.1016/j.jclinepi.2018.01.012

    Examples
    --------
    >>> starting_level({"a": "rct", "b": "cluster_rct"})
    ('high', '2 studies, all randomised.')
    """
    others = sorted(study for study, design in designs.items() if design not in RANDOMISED)
    size = count_of(len(designs), "study", "studies")
    if not others:
        return "high", f"{size}, {'all ' if len(designs) > 1 else ''}randomised."
    who = "not randomised" if len(others) == len(designs) else f"not randomised: {listed(others)}"
    reason = f"{size}, {who}."
    if len(others) < len(designs):
        reason += " Randomised and other studies are better rated apart."
    if by_robins_i:
        reason += (
            " Risk of bias was judged by ROBINS-I: by GRADE guidelines 18 the level may start at high and is"
            " then lowered for risk of bias, usually by two; not both."
        )
    return "low", reason


def risk_of_bias_hint(studies: Sequence[BiasShare]) -> Hint:
    """Return what the shares of the weight at each risk of bias suggest.

    Parameters
    ----------
    studies : sequence of BiasShare
        Every study of the window; shares that add up to 1.

    Returns
    -------
    Hint
        0 if more than half of the weight is at low risk and less than a quarter at high risk; -2 if more than
        three quarters are at high risk; else -1. What nobody judged counts as neither: there is a suggestion
        only if it is the same whatever those studies' risk may be.

    References
    ----------
    .. [1] Cochrane Handbook 5.1.0, table 12.2.d ("most information"); the numbers are ours.
       https://pmc.ncbi.nlm.nih.gov/articles/PMC5393017/table/Tab1

    Examples
    --------
    >>> risk_of_bias_hint([BiasShare("a", 0.8, "High", "high"), BiasShare("b", 0.2, "Low", "low")]).suggestion
    -2
    >>> risk_of_bias_hint([BiasShare("a", 0.5, "Low", "low"), BiasShare("b", 0.5)]).reason
    'Low 50 % of the weight (a), not assessed 50 % (b).'
    """
    parts: dict[str, list[BiasShare]] = {}
    for study in sorted(studies, key=lambda one: -one.share):
        parts.setdefault(study.judgement or "not assessed", []).append(study)
    said: list[str] = []
    for words, group in parts.items():
        of = "" if said else " of the weight"
        share = number(100 * sum(study.share for study in group), 0)
        said.append(f"{words} {share} %{of} ({', '.join(study.study_id for study in group)})")
    low, high = (sum(study.share for study in studies if study.band == band) for band in ("low", "high"))
    unknown = sum(study.share for study in studies if study.band is None)
    best = _levels_for_bias(low + unknown, high)
    worst = _levels_for_bias(low, high + unknown)
    return Hint("risk_of_bias", best if best == worst else None, f"{', '.join(said)}.")


def _levels_for_bias(low: float, high: float) -> int:
    if high > NEARLY_ALL:
        return -2
    return 0 if low > MOST and high < MANY_HIGH else -1


def inconsistency_hint(
    *,
    k: int,
    ci: tuple[float, float],
    pi: tuple[float, float] | None,
    delta: float,
    tau: float | None,
    i2: float | None,
    conflict: Sequence[str] = (),
) -> Hint:
    """Return what the differences between studies suggest.

    Parameters
    ----------
    k : int
        Studies in the window.
    ci, pi : tuple of float
        Interval of the mean effect, and of the true effect in a new study, benefit-positive.
    delta : float
        Smallest difference that matters.
    tau, i2 : float or None
        Standard deviation between studies, in the units of the effects; share of heterogeneity in percent.
    conflict : sequence of str
        Studies of which some are decisive for a benefit and others decisive against it.

    Returns
    -------
    Hint
        Minus the number of thresholds (0, delta) that the prediction interval holds and the interval of the
        mean does not, if I2 is above 40 percent; -1 at least for a conflict; None for one study, and for two
        without a conflict.

    References
    ----------
    .. [1] Guyatt G et al. (2025), Core GRADE 3: where estimates lie against the threshold.
       https://researchportal.plymouth.ac.uk/en/publications/core-grade-3-rating-certainty-of-evidenceassessing-inconsistency
    .. [2] Cochrane Handbook, 10.10.2, for I2. https://training.cochrane.org/handbook/current/chapter-10

    Examples
    --------
    >>> hint = inconsistency_hint(k=6, ci=(0.4, 1.8), pi=(-0.6, 2.8), delta=1.0, tau=0.6, i2=62.0)
    >>> hint.suggestion
    -1
    >>> hint.reason[:68]
    'A new study may lie at -0.60 to 2.80, which also holds 0 (the mean: '
    """
    if k == 1:
        return Hint("inconsistency", None, "One study: nothing to compare.")
    spread = f"tau {number(tau, 2)}" if tau is not None else ""
    share = f"I2 {number(i2, 0)} %" if i2 is not None else ""
    numbers = ", ".join(filter(None, (share, spread, f"k {k}")))
    against = f" Studies contradict each other: {listed(conflict)}." if conflict else ""
    if pi is None or i2 is None or k == 2:
        reason = f"{numbers}: too few studies to tell how much others may differ.{against}"
        return Hint("inconsistency", -1 if conflict else None, reason)
    named = (("0", 0.0), (trimmed(delta), delta))
    also = [name for name, at in named if _holds(pi, at) and not _holds(ci, at)]
    where = f"which also holds {listed(also)}" if also else "which holds no threshold that the mean does not"
    reason = f"A new study may lie at {interval(*pi, 2)}, {where} (the mean: {interval(*ci, 2)}); {numbers}."
    if also and i2 <= MATTERS:
        reason += f" I2 up to {trimmed(MATTERS)} % might not be important."
    levels = -min(len(also), -LOWEST) if i2 > MATTERS else 0
    return Hint("inconsistency", min(levels, -1) if conflict else levels, reason + against)


def _holds(limits: tuple[float, float], threshold: float) -> bool:
    """Whether an interval leaves open on which side of a threshold the effect is.

    At 0 a limit counts as inside; an interval that begins at a threshold of importance is beyond it.
    """
    low, high = limits
    if threshold == 0:
        return low <= threshold <= high
    return low < threshold <= high if threshold > 0 else low <= threshold < high


def optimal_information_size(*, delta: float, sd: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return the participants in two equal arms that one trial would need to show a difference.

    Parameters
    ----------
    delta : float
        The difference, in the units of the effects.
    sd : float
        Standard deviation of scores, in the same units.
    alpha, power : float, optional
        Two-sided error, and power.

    Returns
    -------
    int
        Both arms together: ``2 ceil(2 (z(1 - alpha/2) + z(power))^2 (sd / delta)^2)``.

    Raises
    ------
    InputError
        If a number is not above 0, or alpha or power not below 1.

    References
    ----------
    .. [1] Guyatt GH et al. (2011), GRADE guidelines 6. https://www.jclinepi.com/article/S0895-4356(11)00206-X/fulltext

    Examples
    --------
    >>> optimal_information_size(delta=1.0, sd=2.5)
    198
    """
    for name, value in (("delta", delta), ("sd", sd)):
        if not (value > 0 and math.isfinite(value)):
            raise InputError(f"{name} must be above 0; found {value}")
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise InputError(f"{name} must lie between 0 and 1; found {value}")
    quantiles = t_quantile(p=[1 - alpha / 2, power], df=math.inf)
    return 2 * math.ceil(2 * float(quantiles.sum()) ** 2 * (sd / delta) ** 2)


def imprecision_hint(*, ci: tuple[float, float], delta: float, n: int | None, sd: float) -> Hint:
    """Return what the width of the interval and the number of participants suggest.

    Parameters
    ----------
    ci : tuple of float
        Interval of the effect, benefit-positive.
    delta : float
        Smallest difference that matters, in the same units.
    n : int or None
        Participants analysed.
    sd : float
        Standard deviation of scores, for the optimal information size.

    Returns
    -------
    Hint
        -2 if the interval holds 0 and delta, so that nothing and an important benefit are both possible; -1
        if it holds delta, or -delta; 0 else, also for 0 alone, because an important difference either way is
        then excluded. -1 at least if there are fewer participants than the optimal information size; None if
        no threshold counts and their number is not known.

    References
    ----------
    .. [1] Zeng L et al. (2022), GRADE guidance 34. https://doi.org/10.1016/j.jclinepi.2022.07.014
    .. [2] Guyatt GH et al. (2011), GRADE guidelines 6. https://www.jclinepi.com/article/S0895-4356(11)00206-X/fulltext

    Examples
    --------
    >>> imprecision_hint(ci=(-0.2, 1.6), delta=1.0, n=120, sd=2.5).suggestion
    -2
    >>> imprecision_hint(ci=(1.1, 1.9), delta=1.0, n=120, sd=2.5).reason[-63:]
    '120 participants, the optimal information size is 198 (SD 2.5).'
    """
    named = {f"-{trimmed(delta)}": -delta, "0": 0.0, trimmed(delta): delta}
    held = [name for name, at in named.items() if _holds(ci, at)]
    low, middle, high = (name in held for name in named)
    crossed = LOWEST if middle and high else -1 if low or high else 0
    needed = optimal_information_size(delta=delta, sd=sd)
    where = f"holds {listed(held)}" if held else f"holds neither 0 nor {trimmed(delta)}"
    if held == ["0"]:
        where += f" and excludes an important difference ({trimmed(delta)}) either way"
    size = "participants not stated" if n is None else count_of(n, "participant")
    reason = (
        f"The interval {interval(*ci, 2)} {where}; {size}, the optimal information size is {needed} "
        f"(SD {trimmed(sd)})."
    )
    if n is None:
        return Hint("imprecision", crossed or None, reason)
    return Hint("imprecision", min(crossed, -1 if n < needed else 0), reason)


def indirectness_hint(*, conditions: Mapping[str, int], comparator: str) -> Hint:
    """Return what patients and comparator suggest about how directly the question is answered.

    Parameters
    ----------
    conditions : mapping of str to int
        Studies of each condition.
    comparator : str
        The comparator class.

    Returns
    -------
    Hint
        -1 for several conditions; None against another active treatment, which is direct for the question
        which of both is better and indirect for the question whether it works; else 0.

    Examples
    --------
    >>> indirectness_hint(conditions={"discogenic_pain": 2}, comparator="placebo").suggestion
    0
    """
    said = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(conditions.items()))
    reasons = [f"Conditions: {said}."]
    if len(conditions) > 1:
        reasons.append("Direct only for a question about all of them.")
    if comparator == "active":
        reasons.append(
            "Another active treatment: direct for which of both is better, indirect for whether it works."
        )
    if comparator == "active_placebo":
        reasons.append("The comparator may have an effect of its own.")
    levels = -1 if len(conditions) > 1 else None if comparator == "active" else 0
    return Hint("indirectness", levels, " ".join(reasons))


def publication_bias_hint(*, k: int, egger: EggerTest | None, problem: str = "") -> Hint:
    """Return what a test of small-study effects suggests, where there are studies enough for one.

    Parameters
    ----------
    k : int
        Studies in the window.
    egger : EggerTest or None
        Of these studies, if it could be made.
    problem : str
        Why it could not.

    Returns
    -------
    Hint
        -1 if small studies show larger benefits (p below 0.1), else 0; None with fewer than ten studies. A
        test does not see what nobody published.

    References
    ----------
    .. [1] Sterne JAC et al. (2011). https://doi.org/10.1136/bmj.d4002

    Examples
    --------
    >>> publication_bias_hint(k=3, egger=None).reason
    'Cannot be judged by a test, k 3 < 10.'
    """
    if k < ENOUGH:
        return Hint("publication_bias", None, f"Cannot be judged by a test, k {k} < {ENOUGH}.")
    if egger is None:
        return Hint("publication_bias", None, f"Cannot be judged by a test: {problem or 'none was made'}.")
    more = "larger" if egger.b > 0 else "smaller"
    reason = f"Egger's test: p {egger.p:.2g}, small studies show {more} benefits; k {k}."
    return Hint("publication_bias", -1 if egger.p < ASYMMETRIC and egger.b > 0 else 0, reason)
