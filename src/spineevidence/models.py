"""What an evidence base is made of: one closed, immutable record per kind of row, and the rules of its cells.

The records are the single statement of the rules. `files` checks whole columns with the same field types and
the same `Rule` objects that a record made by hand has to pass.
"""

# Annotations are not postponed here: pydantic would evaluate each as text, a third of this module's import.
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self, get_args, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from spineevidence.biastools import bias_tool, bias_tools, names_of, spellings, tool_names

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"\d+", re.ASCII)

Design = Literal[
    "rct",
    "crossover_rct",
    "cluster_rct",
    "nonrandomised_controlled",
    "prospective_cohort",
    "retrospective_cohort",
    "case_series",
    "registry",
]
Blinding = Literal["none", "single", "double", "unclear"]
Role = Literal["therapeutic", "diagnostic", "both", "control"]
ComparatorClass = Literal["placebo", "active_placebo", "usual_care", "active"]
Domain = Literal[
    "pain",
    "leg_pain",
    "disability",
    "function",
    "quality_of_life",
    "global",
    "work",
    "opioid_use",
    "durability",
    "safety",
    "diagnostic",
]
Kind = Literal["continuous", "binary", "duration"]
Better = Literal["lower", "higher"]
NaturalScale = Literal["pain_0_10", "leg_pain_0_10", "odi_0_100", "rmdq_0_24"]
Unit = Literal["days", "weeks", "months", "years"]
Statistic = Literal[
    "mean",
    "change",
    "median",
    "events",
    "percent",
    "mean_difference",
    "change_difference",
    "odds_ratio",
    "risk_ratio",
    "risk_difference",
    "smd",
    "hazard_ratio",
    "finding_only",
]
Analysis = Literal["itt", "completers", "as_treated", "responders"]
Finding = Literal["favours_arm", "no_difference", "favours_versus", "improved", "unchanged", "worsened"]
Basis = Literal["full_text", "abstract", "registry", "review"]
ClaimKind = Literal[
    "benefit_at",
    "small_benefit_at",
    "no_benefit_at",
    "lasts_until",
    "lasts_at_least",
    "lasts_between",
    "onset_by",
    "gone_by",
    "wanes",
    "none_at_any_time",
    "no_evidence_at",
    "average_duration",
    "success_rate",
    "repeatable_every",
    "lasts_longer",
    "safe",
]
WindowLabel = Literal["<=2wk", "1mo", "3mo", "6mo", "12mo", "24mo", "60mo", "120mo"]
GradeDomain = Literal[
    "start",
    "risk_of_bias",
    "inconsistency",
    "indirectness",
    "imprecision",
    "publication_bias",
    "large_effect",
    "dose_response",
    "residual_confounding",
    "overall",
]

RANDOMISED: tuple[str, ...] = ("rct", "crossover_rct", "cluster_rct")
CONTROLLED: tuple[str, ...] = (*RANDOMISED, "nonrandomised_controlled")
COMPARATOR_CLASSES: tuple[str, ...] = get_args(ComparatorClass)
GRADE_LEVELS: tuple[str, ...] = ("high", "moderate", "low", "very low")
GRADE_DOMAINS: tuple[str, ...] = get_args(GradeDomain)
LOWERING: tuple[str, ...] = GRADE_DOMAINS[1:6]
RAISING: tuple[str, ...] = GRADE_DOMAINS[6:9]
SCALE_DOMAINS: Mapping[str, str] = MappingProxyType(
    {"pain_0_10": "pain", "leg_pain_0_10": "leg_pain", "odi_0_100": "disability", "rmdq_0_24": "disability"}
)
CURVE_DOMAINS: Mapping[str, str] = MappingProxyType(
    {**SCALE_DOMAINS, **{f"{domain}_responders": domain for domain in get_args(Domain)}}
)
OF_ONE_ARM: tuple[str, ...] = ("mean", "change", "median", "events", "percent")
RATIOS: tuple[str, ...] = ("odds_ratio", "risk_ratio", "hazard_ratio")
DIFFERENCES: tuple[str, ...] = ("mean_difference", "change_difference")
OF_A_CONTRAST: tuple[str, ...] = (*DIFFERENCES, *RATIOS, "risk_difference", "smd")
FINDINGS_OF_A_CONTRAST: tuple[str, ...] = ("favours_arm", "no_difference", "favours_versus")
FINDINGS_OF_ONE_ARM: tuple[str, ...] = ("improved", "unchanged", "worsened")
UNTIMED_CLAIMS: tuple[str, ...] = ("wanes", "none_at_any_time", "success_rate", "lasts_longer", "safe")
UNCHECKABLE_CLAIMS: tuple[str, ...] = ("lasts_longer", "safe")


class Printed(float):
    """A number that remembers how the report printed it.

    "61.0" and "61" are equal numbers but not the same statement: plausibility checks count the digits, and
    writing what was read has to give the same bytes.

    >>> Printed("61.0") == 61, Printed("61.0").text, Printed("61.0").decimals
    (True, '61.0', 1)
    """

    text: str

    def __new__(cls, value: str | float) -> Self:
        """Read a decimal number such as ``"-0.45"``, or take a number as it is."""
        text = cls._checked(value) if isinstance(value, str) else _shortest(value)
        number = super().__new__(cls, text.lstrip("<"))
        number.text = text
        return number

    @staticmethod
    def _checked(text: str) -> str:
        if NUMBER.fullmatch(text) is None:
            raise ValueError("is not a number")
        return text

    @property
    def decimals(self) -> int:
        """Digits printed behind the decimal point."""
        return len(self.text.partition(".")[2].split("e")[0].split("E")[0])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic read this type by calling it."""
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.plain_serializer_function_ser_schema(float)
        )

    @classmethod
    def _validated(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("is not a number")
        number = cls(value)
        if not np.isfinite(number):
            raise ValueError("is not a finite number")
        return number


class PValue(Printed):
    """A p-value as printed: ``"0.03"``, or an upper bound such as ``"<0.001"``.

    >>> PValue("<0.001").is_bound, float(PValue("<0.001"))
    (True, 0.001)
    """

    @staticmethod
    def _checked(text: str) -> str:
        if NUMBER.fullmatch(text.removeprefix("<")) is None:
            raise ValueError('is not a p-value such as "0.03" or "<0.001"')
        if not 0 <= float(text.removeprefix("<")) <= 1:
            raise ValueError("is a p-value outside 0 to 1")
        return text

    @property
    def is_bound(self) -> bool:
        """Whether the report gives only an upper bound."""
        return self.text.startswith("<")


def _shortest(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _whole(value: object) -> object:
    if isinstance(value, str):
        if WHOLE.fullmatch(value) is None:
            raise ValueError("is not a whole number")
        return int(value)
    return value


def _items(value: object) -> object:
    return tuple(part.strip() for part in value.split(";")) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class PointsTo:
    """A column whose cells must stand in a column of another table, or (`references`) in the bibliography."""

    table: str
    column: str
    within: str = ""
    also: tuple[str, ...] = ()


Name = Annotated[str, Field(pattern=r"^[^\s;](?:[^;]*[^\s;])?$")]
Text = Annotated[str, Field(pattern=r"\S")]
Number = Printed
NonNegative = Annotated[Printed, Field(ge=0)]
Percent = Annotated[Printed, Field(ge=0, le=100)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
Items = Annotated[tuple[Name, ...], BeforeValidator(_items)]
Numbers = Annotated[tuple[Printed, ...], BeforeValidator(_items)]

CITEKEY = PointsTo("references", "key")
CiteKey = Annotated[Name, CITEKEY]
CiteKeys = Annotated[Items, CITEKEY]


class Cells(Protocol):
    """A view of some rows, one array per question; what `Rule` is asked on."""

    def number(self, column: str) -> FloatArray:
        """Return the numbers of a column; nan where the cell is empty or no number."""

    def filled(self, column: str) -> BoolArray:
        """Return which cells hold anything."""

    def among(self, column: str, words: tuple[str, ...]) -> BoolArray:
        """Return which cells hold one of the words."""

    def equal(self, left: str, right: str) -> BoolArray:
        """Return where two columns hold the same text."""

    def decimals(self, column: str) -> FloatArray:
        """Return the digits printed behind the decimal point of each number."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A demand on several cells of one row.

    Attributes
    ----------
    column : str
        The cell that is blamed.
    message : str
        What is wrong; ``{column}`` stands for the text of that cell.
    broken : callable
        Given `Cells`, says for each row whether the demand is broken.
    joined : bool
        Whether it reads cells of another table (``"measures.minimum"``): such a rule needs a whole evidence
        base and is not asked of a single record.
    words : callable or None
        Returns every spelling of a word that would be right, with the right one, given the text of the column
        `given`.
    given : str
        That column; empty if the words are always the same.
    """

    column: str
    message: str
    broken: Callable[[Cells], BoolArray]
    joined: bool = False
    words: Callable[[str], Mapping[str, str]] | None = None
    given: str = ""


class Record(BaseModel):
    """Base of every record read from a file: immutable, closed, finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _keep_the_rules(self) -> Self:
        cells = _CellsOfOne(self)
        broken = [rule for rule in self.RULES if not rule.joined and bool(rule.broken(cells)[0])]
        if broken:
            texts = {name: cell_text(getattr(self, name)) for name in type(self).model_fields}
            raise ValueError("; ".join(f"{rule.column}: {rule.message.format(**texts)}" for rule in broken))
        return self

    def __repr__(self) -> str:
        """Return one line with the fields that hold something."""
        held = (f"{name}={cell_text(value)!r}" for name, value in self if value not in (None, "", ()))
        return f"{type(self).__name__}({', '.join(held)})"

    __str__ = __repr__


class _CellsOfOne:
    """One record seen as rows, so that `Rule` has one form only."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def number(self, column: str) -> FloatArray:
        value = getattr(self._record, column)
        return np.array([np.nan if value is None else float(value)])

    def filled(self, column: str) -> BoolArray:
        return np.array([getattr(self._record, column) not in (None, "", ())])

    def among(self, column: str, words: tuple[str, ...]) -> BoolArray:
        return np.array([cell_text(getattr(self._record, column)) in words])

    def equal(self, left: str, right: str) -> BoolArray:
        return np.array([getattr(self._record, left) == getattr(self._record, right)])

    def decimals(self, column: str) -> FloatArray:
        value = getattr(self._record, column)
        return np.array([float(value.decimals) if isinstance(value, Printed) else 0.0])


def cell_text(value: object) -> str:
    """Return the text of a cell that holds this value.

    >>> cell_text(None), cell_text(("a", "b")), cell_text(Printed("61.0"))
    ('', 'a;b', '61.0')
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ";".join(cell_text(item) for item in value)
    return value.text if isinstance(value, Printed) else str(value)


class Procedure(Record):
    """A procedure, or a control that procedures are compared with."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "comparator_class",
            "a control needs a comparator_class (placebo, active_placebo, usual_care or active)",
            lambda c: c.among("role", ("control",)) & ~c.filled("comparator_class"),
        ),
        Rule(
            "comparator_class",
            'only a control has a comparator_class; "{procedure_id}" has the role {role}',
            lambda c: ~c.among("role", ("control",)) & c.filled("role") & c.filled("comparator_class"),
        ),
    )

    procedure_id: Annotated[Name, Field(description="Short name used in the other files")]
    name: Annotated[Text, Field(description="Full name")]
    abbreviation: Annotated[str, Field(description="Usual abbreviation")] = ""
    synonyms: Annotated[Items, Field(description="Other names, found by look-ups too")] = ()
    family: Annotated[Text, Field(description="Group of kindred procedures; `control` for controls")]
    role: Annotated[Role, Field(description="What it is used for")]
    target: Annotated[str, Field(description="Structure that is treated")] = ""
    mechanism: Annotated[str, Field(description="How it is meant to work")] = ""
    indications: Annotated[Items, Field(description="What it is said to be for")] = ()
    contraindications: Annotated[Items, Field(description="Who is said not to have it")] = ()
    used_since: Annotated[str, Field(description="Year or decade of first use")] = ""
    note: Annotated[str, Field(description="Anything else, such as its era")] = ""
    citekeys: Annotated[CiteKeys, Field(description="Articles that state these attributes")] = ()
    comparator_class: Annotated[
        ComparatorClass | None, Field(description="Of controls: the class they are compared as, never merged")
    ] = None

    @property
    def is_control(self) -> bool:
        """Whether it is a control and no procedure."""
        return self.role == "control"

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it can be looked up by."""
        return tuple(
            name for name in (self.procedure_id, self.name, self.abbreviation, *self.synonyms) if name
        )


class Measure(Record):
    """An outcome measure."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "maximum",
            "maximum {maximum} is not above minimum {minimum}",
            lambda c: c.number("maximum") <= c.number("minimum"),
        ),
        Rule(
            "natural_scale",
            "a natural scale needs a continuous measure with a minimum and a maximum",
            lambda c: (
                c.filled("natural_scale")
                & ~(c.among("kind", ("continuous",)) & c.filled("minimum") & c.filled("maximum"))
            ),
        ),
    )

    measure_id: Annotated[Name, Field(description="Short name used in the other files")]
    name: Annotated[Text, Field(description="Full name")]
    domain: Annotated[Domain, Field(description="What it measures")]
    kind: Annotated[Kind, Field(description="Form of its results")]
    minimum: Annotated[Number | None, Field(description="Lowest possible value")] = None
    maximum: Annotated[Number | None, Field(description="Highest possible value")] = None
    unit: Annotated[str, Field(description="Unit of its values")] = ""
    better: Annotated[Better, Field(description="Which direction is good for the patient")]
    definition: Annotated[Text, Field(description="What it is")]
    natural_scale: Annotated[
        NaturalScale | None,
        Field(description="Scale on which studies are put together without standardising"),
    ] = None
    mic_within: Annotated[
        NonNegative | None,
        Field(description="Minimal important change within a person, in this measure's unit"),
    ] = None
    delta_between: Annotated[
        NonNegative | None,
        Field(description="Default smallest difference between groups that matters, in this measure's unit"),
    ] = None
    thresholds_shown: Annotated[
        Numbers, Field(description="Differences at which results are shown as well")
    ] = ()
    threshold_citekeys: Annotated[CiteKeys, Field(description="Where the thresholds come from")] = ()

    @property
    def counts_whole_items(self) -> bool:
        """Whether every patient's score is a whole number (numeric rating scales, Roland-Morris)."""
        return self.counts_whole_items_by(self.name, self.definition)

    @staticmethod
    def counts_whole_items_by(name: str, definition: str) -> bool:
        """Say the same from the words alone."""
        described = f"{name} {definition}".casefold()
        return "numeric rating" in described or "roland-morris" in described


class Study(Record):
    """A study, followed under one name over all its reports."""

    study_id: Annotated[Name, Field(description="Short name used in the other files")]
    citekeys: Annotated[CiteKeys, Field(min_length=1, description="Its reports, the primary one first")]
    design: Annotated[Design, Field(description="Design")]
    blinding: Annotated[Blinding, Field(description="Who did not know the treatment")]
    condition: Annotated[Name, Field(description="Condition treated")]
    country: Annotated[str, Field(description="Where it was done")] = ""
    registry_id: Annotated[str, Field(description="Entry in a trial registry")] = ""
    n_enrolled: Annotated[Count | None, Field(description="Participants enrolled")] = None
    note: Annotated[str, Field(description="Anything else")] = ""


class Arm(Record):
    """An arm of a study."""

    study_id: Annotated[Name, PointsTo("studies", "study_id"), Field(description="The study")]
    arm: Annotated[Name, Field(description="Short name of the arm within its study")]
    procedure_id: Annotated[
        Name, PointsTo("procedures", "procedure_id"), Field(description="What the arm was given")
    ]
    description: Annotated[str, Field(description="What the report says of it")] = ""
    n: Annotated[Count | None, Field(description="Participants allocated")] = None


class Outcome(Record):
    """A result as printed."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "versus",
            'arm "{arm}" is compared with itself',
            lambda c: c.filled("versus") & c.equal("arm", "versus"),
        ),
        Rule("unit", "time {time} has no unit", lambda c: c.filled("time") & ~c.filled("unit")),
        Rule("time", 'unit "{unit}" has no time', lambda c: ~c.filled("time") & c.filled("unit")),
        Rule(
            "value",
            'finding_only has no value, but value is "{value}"',
            lambda c: c.among("statistic", ("finding_only",)) & c.filled("value"),
        ),
        Rule(
            "value",
            "{statistic} has no value",
            lambda c: c.among("statistic", (*OF_ONE_ARM, *OF_A_CONTRAST)) & ~c.filled("value"),
        ),
        Rule(
            "finding",
            "finding_only has no finding",
            lambda c: c.among("statistic", ("finding_only",)) & ~c.filled("finding"),
        ),
        Rule(
            "finding",
            '"{finding}" is a finding of one arm, but the row compares with "{versus}"; '
            "use favours_arm, no_difference or favours_versus",
            lambda c: c.filled("versus") & c.among("finding", FINDINGS_OF_ONE_ARM),
        ),
        Rule(
            "finding",
            '"{finding}" is a finding of a contrast, but versus is empty; '
            "use improved, unchanged or worsened",
            lambda c: ~c.filled("versus") & c.among("finding", FINDINGS_OF_A_CONTRAST),
        ),
        Rule(
            "statistic",
            "{statistic} compares two arms, but versus is empty",
            lambda c: ~c.filled("versus") & c.among("statistic", OF_A_CONTRAST),
        ),
        Rule(
            "statistic",
            '{statistic} is of one arm, but the row compares with "{versus}"',
            lambda c: c.filled("versus") & c.among("statistic", OF_ONE_ARM),
        ),
        Rule(
            "ci_high",
            "the interval has a lower limit {ci_low} and no upper limit",
            lambda c: c.filled("ci_low") & ~c.filled("ci_high"),
        ),
        Rule(
            "ci_low",
            "the interval has an upper limit {ci_high} and no lower limit",
            lambda c: ~c.filled("ci_low") & c.filled("ci_high"),
        ),
        Rule(
            "ci_low",
            "the interval {ci_low} to {ci_high} is reversed",
            lambda c: c.number("ci_low") > c.number("ci_high"),
        ),
        Rule(
            "value",
            "the interval {ci_low} to {ci_high} has no value",
            lambda c: (
                (c.filled("ci_low") | c.filled("ci_high"))
                & ~c.filled("value")
                & c.among("statistic", ("finding_only",))
            ),
        ),
        Rule(
            "value",
            "percent {value} is outside 0 to 100",
            lambda c: (
                c.among("statistic", ("percent",)) & ((c.number("value") < 0) | (c.number("value") > 100))
            ),
        ),
        Rule(
            "value",
            "risk difference {value} is outside -100 to 100 (percentage points)",
            lambda c: c.among("statistic", ("risk_difference",)) & (np.abs(c.number("value")) > 100),
        ),
        Rule(
            "value",
            "{statistic} {value} is not above 0",
            lambda c: c.among("statistic", RATIOS) & (c.number("value") <= 0),
        ),
        Rule(
            "value",
            "events {value} is not a whole number of patients",
            lambda c: c.among("statistic", ("events",)) & ~_is_count(c.number("value")),
        ),
        Rule(
            "value",
            "events {value} is more than n {n}",
            lambda c: c.among("statistic", ("events",)) & (c.number("value") > c.number("n")),
        ),
        Rule(
            "value",
            'events {value} is more than the n of the arm "{arm}"',
            lambda c: (
                c.among("statistic", ("events",)) & ~c.filled("n") & (c.number("value") > c.number("arms.n"))
            ),
            joined=True,
        ),
        Rule(
            "value",
            "{statistic} {value} is outside the scale of {measure_id}",
            lambda c: (
                c.among("statistic", ("mean", "median"))
                & ~c.filled("versus")
                & (
                    (c.number("value") < c.number("measures.minimum"))
                    | (c.number("value") > c.number("measures.maximum"))
                )
            ),
            joined=True,
        ),
        Rule(
            "value",
            "{statistic} {value} is larger than the whole scale of {measure_id}",
            lambda c: (
                c.among("statistic", ("change", *DIFFERENCES))
                & (np.abs(c.number("value")) > c.number("measures.maximum") - c.number("measures.minimum"))
            ),
            joined=True,
        ),
    )

    study_id: Annotated[Name, PointsTo("studies", "study_id"), Field(description="The study")]
    arm: Annotated[Name, PointsTo("arms", "arm", within="study_id"), Field(description="The arm")]
    versus: Annotated[
        str,
        PointsTo("arms", "arm", within="study_id"),
        Field(
            description="The arm compared with; empty for a result of one arm. Results are arm minus versus"
        ),
    ] = ""
    measure_id: Annotated[Name, PointsTo("measures", "measure_id"), Field(description="What was measured")]
    time: Annotated[NonNegative | None, Field(description="When, counted from the procedure")] = None
    unit: Annotated[Unit | None, Field(description="Unit of the time")] = None
    statistic: Annotated[Statistic, Field(description="Form of the value")]
    value: Annotated[Number | None, Field(description="The value as printed")] = None
    sd: Annotated[NonNegative | None, Field(description="Standard deviation as printed")] = None
    se: Annotated[NonNegative | None, Field(description="Standard error as printed")] = None
    ci_low: Annotated[Number | None, Field(description="Lower limit of the 95 percent interval")] = None
    ci_high: Annotated[Number | None, Field(description="Upper limit of the 95 percent interval")] = None
    p_value: Annotated[
        PValue | None,
        Field(
            description="p-value as printed, such as 0.03 or <0.001: of the contrast, or of one arm's change "
            "from baseline"
        ),
    ] = None
    n: Annotated[Count | None, Field(description="Participants analysed")] = None
    analysis: Annotated[Analysis | None, Field(description="Population analysed; empty if not stated")] = None
    finding: Annotated[Finding | None, Field(description="What the report concludes")] = None
    citekey: Annotated[CiteKey, Field(description="The report")]
    locator: Annotated[Text, Field(description="Place in the report")]
    basis: Annotated[Basis, Field(description="What was read")]
    note: Annotated[str, Field(description="Anything else; some beginnings carry meaning")] = ""


class Claim(Record):
    """A claim that patient material makes, and how it was made checkable."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "time",
            "a claim of kind {kind} needs a time",
            lambda c: (
                c.filled("kind") & ~c.among("kind", UNTIMED_CLAIMS) & ~c.filled("time") & ~c.filled("unit")
            ),
        ),
        Rule("unit", "time {time} has no unit", lambda c: c.filled("time") & ~c.filled("unit")),
        Rule("time", 'unit "{unit}" has no time', lambda c: ~c.filled("time") & c.filled("unit")),
        Rule(
            "time",
            "time {time} is before any follow-up; say at once as a few days",
            lambda c: c.number("time") <= 0,
        ),
        Rule(
            "time_high",
            "lasts_between needs a time and a time_high",
            lambda c: c.among("kind", ("lasts_between",)) & ~c.filled("time_high"),
        ),
        Rule(
            "time_high",
            "time_high {time_high} is not after time {time}",
            lambda c: c.number("time_high") <= c.number("time"),
        ),
        Rule(
            "share",
            "success_rate needs a share in percent",
            lambda c: c.among("kind", ("success_rate",)) & ~c.filled("share"),
        ),
        Rule(
            "procedure_id",
            "a claim of kind {kind} needs a procedure",
            lambda c: c.filled("kind") & ~c.among("kind", UNCHECKABLE_CLAIMS) & ~c.filled("procedure_id"),
        ),
    )

    claim_id: Annotated[Name, Field(description="Short name of the claim")]
    citekey: Annotated[CiteKey, Field(description="The patient material")]
    procedure_id: Annotated[
        str, PointsTo("procedures", "procedure_id"), Field(description="The procedure it is about")
    ] = ""
    comparator: Annotated[
        Name,
        PointsTo("procedures", "procedure_id", also=("any", *COMPARATOR_CLASSES)),
        Field(description="Compared with what: any, a comparator class, or a control"),
    ]
    domain: Annotated[Domain, Field(description="What is said to get better")]
    kind: Annotated[ClaimKind, Field(description="What is said of it")]
    time: Annotated[NonNegative | None, Field(description="When, or from when")] = None
    time_high: Annotated[NonNegative | None, Field(description="Until when, of a range")] = None
    unit: Annotated[Unit | None, Field(description="Unit of the times")] = None
    share: Annotated[Percent | None, Field(description="Percentage of patients, of a success rate")] = None
    measure_id: Annotated[
        str, PointsTo("measures", "measure_id"), Field(description="The measure, where the claim names one")
    ] = ""
    condition: Annotated[
        str, PointsTo("studies", "condition"), Field(description="The condition, where the claim names one")
    ] = ""
    wording: Annotated[str, Field(description="Its hedges")] = ""
    statement: Annotated[Text, Field(description="The claim in our own words")]
    interpretation: Annotated[str, Field(description="How it was made checkable")] = ""
    locator: Annotated[Text, Field(description="Place in the material")]


def _of_no_tool(cells: Cells) -> BoolArray:
    return cells.filled("tool") & ~cells.among("tool", tuple(tool_names()))


def _no_domain_of_its_tool(cells: Cells) -> BoolArray:
    wrong = np.zeros_like(cells.filled("domain"))
    for tool in bias_tools().values():
        wrong |= cells.among("tool", tool.names) & ~cells.among("domain", names_of(tool.domain_words))
    return wrong & cells.filled("domain")


def _no_judgement_of_its_tool(cells: Cells) -> BoolArray:
    wrong = np.zeros_like(cells.filled("judgement"))
    for tool in bias_tools().values():
        wrong |= cells.among("tool", tool.names) & ~cells.among("judgement", names_of(tool.judgement_words))
    return wrong & cells.filled("judgement")


def _domains_of(name: str) -> Mapping[str, str]:
    tool = bias_tool(name)
    return spellings(tool.domain_words) if tool else {}


def _judgements_of(name: str) -> Mapping[str, str]:
    tool = bias_tool(name)
    return spellings(tool.judgement_words) if tool else {}


class RiskOfBias(Record):
    """A judgement of the risk of bias of a study or of one of its results."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule("unit", "time {time} has no unit", lambda c: c.filled("time") & ~c.filled("unit")),
        Rule("time", 'unit "{unit}" has no time', lambda c: ~c.filled("time") & c.filled("unit")),
        Rule("tool", 'tool "{tool}" is no known tool', _of_no_tool, words=lambda _: tool_names()),
        Rule(
            "domain",
            '"{domain}" is no domain of {tool}',
            _no_domain_of_its_tool,
            words=_domains_of,
            given="tool",
        ),
        Rule(
            "judgement",
            '"{judgement}" is no judgement of {tool}',
            _no_judgement_of_its_tool,
            words=_judgements_of,
            given="tool",
        ),
    )

    study_id: Annotated[Name, PointsTo("studies", "study_id"), Field(description="The study")]
    measure_id: Annotated[
        str, PointsTo("measures", "measure_id"), Field(description="The measure; empty for the whole study")
    ] = ""
    time: Annotated[NonNegative | None, Field(description="When, of one result")] = None
    unit: Annotated[Unit | None, Field(description="Unit of the time")] = None
    tool: Annotated[Name, Field(description="Tool with its year, such as rob2_2019 or robins_i_2016")]
    domain: Annotated[Text, Field(description="Domain of the tool, by its published name, or overall")]
    judgement: Annotated[Text, Field(description="The judgement, in the tool's words")]
    support: Annotated[Text, Field(description="What it rests on")]
    assessor: Annotated[Text, Field(description="Who judged")]
    citekey: Annotated[CiteKey, Field(description="Where the judgement or its support is found")]


LOWER_BY: tuple[str, ...] = ("0", "-1", "-2", "-3")
RAISE_BY: tuple[str, ...] = ("0", "1", "2")


def _allowed(grade_domain: str) -> tuple[str, ...]:
    """Return what may be judged in a domain of GRADE."""
    if grade_domain in ("start", "overall"):
        return GRADE_LEVELS if grade_domain == "overall" else ("high", "low")
    return LOWER_BY if grade_domain in LOWERING else RAISE_BY


def _no_grade_judgement(cells: Cells) -> BoolArray:
    wrong = np.zeros_like(cells.filled("judgement"))
    for name in GRADE_DOMAINS:
        wrong |= cells.among("grade_domain", (name,)) & ~cells.among("judgement", _allowed(name))
    return wrong & cells.filled("judgement")


def _curve_of_another_domain(cells: Cells) -> BoolArray:
    wrong = np.zeros_like(cells.filled("curve"))
    for curve, domain in CURVE_DOMAINS.items():
        wrong |= cells.among("curve", (curve,)) & ~cells.among("domain", (domain,))
    return wrong & cells.filled("domain")


class CertaintyJudgement(Record):
    """A person's judgement of the certainty of evidence, in one domain of GRADE or overall."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule("curve", 'the curve "{curve}" is not of the domain {domain}', _curve_of_another_domain),
        Rule(
            "judgement",
            '"{judgement}" is no judgement of {grade_domain}',
            _no_grade_judgement,
            words=lambda name: {word: word for word in _allowed(name)},
            given="grade_domain",
        ),
    )

    procedure_id: Annotated[Name, PointsTo("procedures", "procedure_id"), Field(description="The procedure")]
    comparator: Annotated[ComparatorClass, Field(description="Class of comparators")]
    domain: Annotated[Domain, Field(description="What was measured")]
    curve: Annotated[
        Name,
        PointsTo("measures", "measure_id", also=tuple(CURVE_DOMAINS)),
        Field(description="The scale, such as pain_0_10 or pain_responders, or one measure"),
    ]
    window: Annotated[WindowLabel, Field(description="The follow-up window")]
    grade_domain: Annotated[
        GradeDomain,
        Field(description="What is judged: the starting level, a domain of GRADE, or the certainty overall"),
    ]
    judgement: Annotated[
        Text,
        Field(
            description="Overall: high, moderate, low or very low; start: high or low; levels down: 0, -1, "
            "-2 or -3; levels up (large_effect, dose_response, residual_confounding): 0, 1 or 2"
        ),
    ]
    reason: Annotated[Text, Field(description="Why; no judgement counts without a reason")]
    assessor: Annotated[Text, Field(description="Who judged")]
    citekey: Annotated[str, CITEKEY, Field(description="Where the judgement is published, if it is")] = ""


def _is_count(values: FloatArray) -> BoolArray:
    counts: BoolArray = np.isnan(values) | ((values >= 0) & (values == np.floor(values)))
    return counts


@dataclass(frozen=True, slots=True)
class TableModel:
    """A file of the evidence base: which records it holds and what names a row.

    Attributes
    ----------
    name : str
        Name of the table, as on `Evidence`.
    record : type[Record]
        What one row is.
    key : tuple of str
        The columns that no two rows may share.
    keeps_order : bool
        Whether the order of the rows is the author's; otherwise they are sorted.
    title : str
        One row is ...
    optional : bool
        Whether an evidence base may lack the file.
    """

    name: str
    record: type[Record]
    key: tuple[str, ...]
    title: str
    keeps_order: bool = False
    optional: bool = False

    @property
    def file(self) -> str:
        """File name inside the folder of an evidence base."""
        return f"{self.name}.csv"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns in their order."""
        return tuple(self.record.model_fields)

    @property
    def number_columns(self) -> tuple[str, ...]:
        """Columns whose cells are numbers."""
        return self._of_type(float, int)

    @property
    def whole_columns(self) -> tuple[str, ...]:
        """Columns whose cells are whole numbers."""
        return self._of_type(int)

    @property
    def list_columns(self) -> tuple[str, ...]:
        """Columns whose cells are lists with semicolons."""
        return self._of_type(tuple)

    def _of_type(self, *wanted: type) -> tuple[str, ...]:
        return tuple(name for name in self.columns if issubclass(cell_type(self.record, name), wanted))


def _tables() -> Iterator[TableModel]:
    yield TableModel("procedures", Procedure, ("procedure_id",), "a procedure or a control", keeps_order=True)
    yield TableModel("measures", Measure, ("measure_id",), "an outcome measure", keeps_order=True)
    yield TableModel("studies", Study, ("study_id",), "a study (not a report)")
    yield TableModel("arms", Arm, ("study_id", "arm"), "an arm of a study")
    yield TableModel(
        "outcomes",
        Outcome,
        ("study_id", "arm", "versus", "measure_id", "time", "unit", "statistic", "analysis"),
        "a result as printed",
    )
    yield TableModel("claims", Claim, ("claim_id",), "a claim in patient material")
    yield TableModel(
        "risk_of_bias",
        RiskOfBias,
        ("study_id", "measure_id", "time", "unit", "tool", "domain", "assessor"),
        "a judgement of the risk of bias",
    )
    yield TableModel(
        "certainty",
        CertaintyJudgement,
        ("procedure_id", "comparator", "domain", "curve", "window", "grade_domain", "assessor"),
        "a judgement of the certainty of evidence (GRADE)",
        optional=True,
    )


TABLES: Mapping[str, TableModel] = MappingProxyType({table.name: table for table in _tables()})


def cell_type(record: type[Record], column: str) -> type:
    """Return the Python type of a column's cells: `Printed`, `PValue`, int, str or tuple."""
    annotation: Any = record.model_fields[column].annotation
    while True:
        parts = [part for part in get_args(annotation) if part is not type(None)]
        origin = get_origin(annotation)
        if origin is tuple:
            return tuple
        if origin is Literal:
            return str
        if not parts:
            return annotation if isinstance(annotation, type) else str
        annotation = parts[0]


def markers_of(record: type[Record], column: str) -> tuple[Any, ...]:
    """Return everything that the field's annotation states beside its type, outer parts first."""
    field = record.model_fields[column]
    found = list(field.metadata)
    pending = [field.annotation]
    while pending:
        annotation = pending.pop()
        found += getattr(annotation, "__metadata__", ())
        pending += [part for part in get_args(annotation) if part is not None]
    return tuple(found)


def points_to(record: type[Record], column: str) -> PointsTo | None:
    """Return where the cells of a column have to stand as well, or nothing."""
    return next((mark for mark in markers_of(record, column) if isinstance(mark, PointsTo)), None)
