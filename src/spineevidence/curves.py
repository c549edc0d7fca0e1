"""The scales on which effects are followed over time: one curve per natural scale, and one for responders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from spineevidence.errors import InputError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.formatting import trimmed
from spineevidence.models import Measure
from spineevidence.timing import unknown_word

NATURAL_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"pain_0_10": (0, 10), "leg_pain_0_10": (0, 10), "odi_0_100": (0, 100), "rmdq_0_24": (0, 24)}
)
NATURAL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "pain_0_10": "pain 0-10",
        "leg_pain_0_10": "leg pain 0-10",
        "odi_0_100": "ODI 0-100",
        "rmdq_0_24": "RMDQ 0-24",
    }
)
SD_REP: Mapping[str, float] = MappingProxyType(
    {"pain_0_10": 2.5, "leg_pain_0_10": 2.5, "odi_0_100": 16.0, "rmdq_0_24": 5.5}
)  # METHOD 4.5: representative standard deviations of scores
SD_REP_OF_KIND: Mapping[str, float] = MappingProxyType({"RD": 0.5, "SMD": 1.0})
RESPONDER_DOMAINS: tuple[str, ...] = ("pain", "leg_pain", "disability", "global", "work")
SCALED_DOMAINS: tuple[str, ...] = ("pain", "leg_pain", "disability")
DURATION_DOMAINS: tuple[str, ...] = RESPONDER_DOMAINS

Kind = Literal["MD", "RD", "RR", "OR", "SMD", "MID"]
Scale = Literal["natural", "smd", "mid"]
Responders = Literal["rd", "rr", "or"]
MID = "measures.csv (1 is delta_between of each measure)"
SMD = "AHRQ: small is 0.2 to 0.5"
SCALES: tuple[Scale, ...] = ("natural", "smd", "mid")
RATIO_NAMES: Mapping[str, str] = MappingProxyType({"rr": "risk ratio", "or": "odds ratio"})
DELTA_SMD = 0.5  # METHOD 4.6
DIGITS = 9  # of a threshold on another scale: 100-point scales give 1.0 and 1.0000000000000002
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "RR": "(log risk ratio)",
        "OR": "(log odds ratio)",
        "SMD": "standard deviations",
        "MID": "smallest important differences",
    }
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A scale on which effects of several studies can stand side by side.

    Attributes
    ----------
    name : str
        A natural scale (``pain_0_10``), responders of a domain (``pain_responders``) or one measure.
    title : str
        The same in words.
    domain : str
        What it measures.
    kind : {"MD", "RD", "RR", "OR", "SMD", "MID"}
        Mean differences in points; risk differences as fractions; logarithms of risk or odds ratios; mean
        differences in standard deviations, or in units of the smallest difference that matters.
    measures : tuple of Measure
        The measures that are put on it, in the order in which they are preferred.
    delta : float or None
        Default smallest difference between groups that matters, on this scale.
    source : str
        Where that difference stands.
    """

    name: str
    title: str
    domain: str
    kind: Kind
    measures: tuple[Measure, ...]
    delta: float | None
    source: str

    def factor(self, measure: Measure) -> float:
        """Return what a difference on the measure is multiplied with to stand on this curve."""
        if self.kind == "RD":
            return 0.01
        if measure.natural_scale is None or self.name not in NATURAL_RANGES:
            return 1.0
        low, high = NATURAL_RANGES[measure.natural_scale]
        if measure.minimum is None or measure.maximum is None:
            raise InputError(f"{measure.measure_id} has a natural scale but no minimum or maximum")
        return (high - low) / (measure.maximum - measure.minimum)

    @property
    def thresholds_shown(self) -> tuple[float, ...]:
        """Differences at which results are shown as well, on this scale.

        Those of instruments with its range; those of others, converted, only where there are none.
        """
        shown_for = [measure for measure in self.measures if measure.thresholds_shown]
        own = [
            measure for measure in shown_for if self.kind == "RD" or self.factor(measure) == 1
        ] or shown_for
        found = {float(shown) * self.factor(measure) for measure in own for shown in measure.thresholds_shown}
        return tuple(sorted(round(shown, DIGITS) for shown in found))

    @property
    def sd_rep(self) -> float | None:
        """A representative standard deviation on this scale, or None where none is agreed on."""
        return SD_REP_OF_KIND.get(self.kind, SD_REP.get(self.name))

    def in_words(self, difference: float) -> str:
        """Return a difference with its unit.

        Risk differences are said in percentage points, as they are printed.
        """
        if self.kind == "RD":
            return f"{trimmed(100 * difference, 1)} percentage points"
        text = trimmed(difference, 3)
        if self.kind in UNITS:
            return f"{text} {UNITS[self.kind]}"
        if self.name.endswith("_0_10") and "." not in text:
            text += ".0"
        own = self.measures[0].unit if self.measures else ""
        unit = "points" if self.name in NATURAL_RANGES else own
        return f"{text} {unit.removesuffix('s') if float(text) == 1 else unit}".strip()


def preference(measure: Measure) -> tuple[bool, float, str]:
    """Return the sort key by which one of several measures of a study speaks: NRS, VAS; 0-10, 0-100."""
    return (not measure.measure_id.startswith("nrs"), measure.maximum or 0.0, measure.measure_id)


def curves_of(evidence: Evidence, domain: str) -> tuple[Curve, ...]:
    """Return the curves of a domain: its natural scales first, then its responders."""
    measures = [record for record in evidence.measure_records().values() if record.domain == domain]
    return tuple(_curves(domain, measures))


def _curves(domain: str, measures: list[Measure]) -> Iterator[Curve]:
    if domain in SCALED_DOMAINS:
        for scale in NATURAL_RANGES:
            on_it = [measure for measure in measures if measure.natural_scale == scale]
            if on_it:
                yield _natural(scale, domain, on_it)
    binary = [measure for measure in measures if measure.kind == "binary"]
    if domain in RESPONDER_DOMAINS and binary:
        words = domain.replace("_", " ")
        deltas = [measure.delta_between for measure in binary if measure.delta_between is not None]
        yield Curve(
            name=f"{domain}_responders",
            title=f"responders ({words})",
            domain=domain,
            kind="RD",
            measures=tuple(sorted(binary, key=_responder_order)),
            delta=deltas[0] / 100 if deltas else None,
            source="measures.csv (a policy value)",
        )


def _responder_order(measure: Measure) -> tuple[bool, str]:
    return ("50pct" not in measure.measure_id, measure.measure_id)


def _natural(scale: str, domain: str, measures: list[Measure]) -> Curve:
    ordered = tuple(sorted(measures, key=preference))
    low, high = NATURAL_RANGES[scale]
    own = [m for m in ordered if m.delta_between is not None and (m.minimum, m.maximum) == (low, high)]
    cited = ", ".join(own[0].threshold_citekeys) if own else ""
    return Curve(
        name=scale,
        title=NATURAL_NAMES[scale],
        domain=domain,
        kind="MD",
        measures=ordered,
        delta=own[0].delta_between if own else None,
        source=f"measures.csv ({cited})" if cited else "measures.csv",
    )


def curve_for(
    evidence: Evidence,
    *,
    domain: str | None,
    measure: str | None,
    curve: str | None = None,
    scale: str = "natural",
    responders: str = "rd",
) -> Curve:
    """Return the curve that a call asks for.

    Parameters
    ----------
    evidence : Evidence
        Its measures.
    domain : str, optional
        Gives the first natural scale of the domain, or its responders where it has none.
    measure : str, optional
        Gives the curve of that measure alone: its natural scale, responders, or its own unit.
    curve : str, optional
        The name of a curve, such as ``"rmdq_0_24"`` or ``"pain_responders"``.
    scale : {"natural", "smd", "mid"}
        Points; or, for all continuous measures of a domain (or one measure), standard deviations, or units of
        the smallest difference between groups that matters (``delta_between`` of measures.csv).
    responders : {"rd", "rr", "or"}
        The form of effects of binary measures: risk difference, log risk ratio or log odds ratio.

    Raises
    ------
    InputError
        If nothing or too much is asked for, or the domain has no such curve.
    UnknownNameError
        If a name is not known.
    """
    scale = checked_scale(scale)
    if responders not in ("rd", *RATIO_NAMES):
        raise InputError(unknown_word("form of responders", responders, ("rd", *RATIO_NAMES)))
    asked = [name for name in (domain, measure, curve) if name is not None]
    if len(asked) > 1:
        raise InputError(f"give one of domain=, measure= and curve=; found {', '.join(asked)}")
    if scale != "natural":
        return _common_scale(evidence, domain, measure, curve, scale)
    found = _natural_curve(evidence, domain, measure, curve)
    if responders == "rd" or found.kind != "RD":
        return found
    return replace(
        found,
        name=f"{found.name}_{responders}",
        title=f"{found.title}, {RATIO_NAMES[responders]}",
        kind="RR" if responders == "rr" else "OR",
        delta=None,
        source="",
    )


def checked_scale(scale: str) -> Scale:
    """Return the name of a scale, or raise with a suggestion."""
    for known in SCALES:
        if scale == known:
            return known
    raise InputError(unknown_word("scale", scale, SCALES))


def _natural_curve(evidence: Evidence, domain: str | None, measure: str | None, curve: str | None) -> Curve:
    if measure is not None:
        return _of_measure(evidence, measure)
    domains = _domains(evidence)
    if curve is not None:
        known = {found.name: found for name in domains for found in curves_of(evidence, name)}
        if curve not in known:
            raise UnknownNameError("curve", curve, sorted(known))
        return known[curve]
    found = curves_of(evidence, _known_domain(domain, domains))
    if not found:
        raise InputError(
            f'the domain "{domain}" has no curve: durations are said for {", ".join(DURATION_DOMAINS)}; '
            'other measures can be asked for one by one with measure=, or together with scale="smd"'
        )
    return found[0]


def _domains(evidence: Evidence) -> list[str]:
    return sorted({record.domain for record in evidence.measure_records().values()})


def _known_domain(domain: str | None, domains: list[str]) -> str:
    if domain is None:
        raise InputError("say what was measured: domain=, measure= or curve=")
    if domain not in domains:
        raise UnknownNameError("domain", domain, domains)
    return domain


def own_unit(measure: Measure) -> Curve:
    """Return the curve of one continuous measure in its own unit."""
    return Curve(measure.measure_id, measure.name, measure.domain, "MD", (measure,), None, "measures.csv")


def _common_scale(
    evidence: Evidence, domain: str | None, measure: str | None, curve: str | None, scale: str
) -> Curve:
    """Return the curve on which all continuous measures of a domain, or one measure, stand together."""
    if curve is not None:
        raise InputError(f'the curve "{curve}" is a scale already; give domain= or measure= with scale=')
    records = evidence.measure_records()
    if measure is None:
        of = _known_domain(domain, _domains(evidence))
        chosen = [record for record in records.values() if record.domain == of and _standardisable(record)]
        name, title = of, of.replace("_", " ")
    else:
        if measure not in records:
            raise UnknownNameError("measure", measure, sorted(records))
        chosen, name, title = [records[measure]], measure, records[measure].name
        of = records[measure].domain
        if records[measure].kind != "continuous":
            raise InputError(f"{measure} is {records[measure].kind}; a common scale needs continuous scores")
    if scale == "mid":
        chosen = [record for record in chosen if record.delta_between is not None]
    if not chosen:
        raise InputError(f'no measure of "{name}" can be put on the scale "{scale}"')
    ordered = tuple(sorted(chosen, key=_common_order))
    if scale == "mid":
        return Curve(f"{name}_mid", f"{title}, smallest important differences", of, "MID", ordered, 1.0, MID)
    return Curve(f"{name}_smd", f"{title}, standard deviations", of, "SMD", ordered, DELTA_SMD, SMD)


def _standardisable(measure: Measure) -> bool:
    """Whether scores of a measure may stand beside others: a fall in percent is a change and no score."""
    return measure.kind == "continuous" and measure.unit != "percent"


def _common_order(measure: Measure) -> tuple[int, tuple[bool, float, str]]:
    scales = list(NATURAL_RANGES)
    place = len(scales) if measure.natural_scale is None else scales.index(measure.natural_scale)
    return place, preference(measure)


def _of_measure(evidence: Evidence, name: str) -> Curve:
    records = evidence.measure_records()
    if name not in records:
        raise UnknownNameError("measure", name, sorted(records))
    measure = records[name]
    if measure.kind == "duration":
        raise InputError(f"{name} is itself a duration; it has no effect at a time")
    for curve in curves_of(evidence, measure.domain):
        if name in (own.measure_id for own in curve.measures):
            return replace(curve, title=f"{curve.title}, {name}", measures=(measure,))
    kind: Kind = "RD" if measure.kind == "binary" else "MD"
    delta = None if measure.delta_between is None else measure.delta_between * (0.01 if kind == "RD" else 1)
    return Curve(name, measure.name, measure.domain, kind, (measure,), delta, "measures.csv")
