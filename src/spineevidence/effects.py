"""From evidence to effects: which printed rows speak for a study at a visit, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from spineevidence.curves import Curve, Responders, Scale, curve_for, curves_of, own_unit
from spineevidence.derivation import (
    Correlation,
    assumed_correlation,
    computed_correlation,
    from_arms_and_p,
    from_before_and_after,
    from_change_row,
    from_contrast_row,
    from_means,
)
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import EstimandError, InputError, UnknownNameError
from spineevidence.evidence import Evidence
from spineevidence.figures import Figure, combined, events_of, figure_of, like_population
from spineevidence.lineage import Effect, LeftOut, counted
from spineevidence.models import COMPARATOR_CLASSES, CONTROLLED, OF_ONE_ARM
from spineevidence.responders import from_events
from spineevidence.results import CHANGE, ROLES, Result, Side, on_line, results_of
from spineevidence.standardising import NO_SPREAD, on_common_scale

INCLUDABLE: tuple[str, ...] = ("scale assumed", "sign inferred")


@dataclass(frozen=True, slots=True)
class Question:
    """What effects are asked for.

    Attributes
    ----------
    procedure_id : str
        The procedure.
    comparator : str
        A comparator class, or "change".
    curve : Curve
        The scale.
    include : tuple of str
        Which doubtful rows may enter: "scale assumed", "sign inferred".
    trial_arms : bool
        Whether single arms of randomised trials may feed a change.
    r : float or None
        Correlation of baseline and follow-up where none can be computed; None for the usual one.
    """

    procedure_id: str
    comparator: str
    curve: Curve
    include: tuple[str, ...] = ()
    trial_arms: bool = False
    r: float | None = None

    def __contains__(self, result: Result) -> bool:
        return any(own.measure_id == result.measure.measure_id for own in self.curve.measures)


@dataclass(frozen=True, slots=True)
class Derived:
    """Effects of one line of evidence, and the rows that became none."""

    effects: tuple[Effect, ...]
    left_out: tuple[LeftOut, ...]


def effect_sizes(
    evidence: Evidence,
    *,
    procedure: str | None = None,
    estimand: str = "contrast",
    comparator: str | None = None,
    domain: str | None = None,
    measure: str | None = None,
    curve: str | None = None,
    scale: Scale = "natural",
    responders: Responders = "rd",
    condition: str | Sequence[str] | None = None,
    include: Sequence[str] = (),
    trial_arms: bool = False,
    r: float | None = None,
) -> EffectSizes:
    """Return the effects of a procedure, one for each study and visit, on one scale.

    Parameters
    ----------
    evidence : Evidence
        A whole base, or a selection.
    procedure : str, optional
        Any of its names; not needed where the evidence was selected for one procedure.
    estimand : {"contrast", "change"}
        Contrasts between arms, or changes within single groups of studies that were not randomised. The two
        never meet: only a contrast is an effect.
    comparator : {"placebo", "active_placebo", "usual_care", "active"}
        The class compared with; needed for contrasts. Classes are never merged.
    domain, measure, curve : str, optional
        What was measured: a domain (its first natural scale that has effects; the notes name its other curves
        with effects), one measure, or a curve by its name.
    scale : {"natural", "smd", "mid"}
        Points of the natural scale; or all continuous measures of the domain together, in standard deviations
        (Hedges' g, each difference divided by an SD of scores, never of changes) or in units of the smallest
        difference between groups that matters.
    responders : {"rd", "rr", "or"}
        Binary measures as risk differences, or as logarithms of risk or odds ratios.
    condition : str or sequence of str, optional
        Only studies of these conditions.
    include : sequence of {"scale assumed", "sign inferred"}
        Doubtful rows that are left out otherwise.
    trial_arms : bool
        Whether the single arms of randomised trials feed a change as well.
    r : float, optional
        Correlation of baseline and follow-up scores where it has to be assumed. Without it 0.25 for pain, 0.5
        else; try 0.1 to 0.7.

    Returns
    -------
    EffectSizes
        Benefit-positive, on the scale of the curve (risk differences as fractions). Each effect carries its
        rows, its derivation and its caveats (`lineage`; `explain` prints them step by step); `left_out` holds
        the rows that became no effect.

    Raises
    ------
    InputError
        If the question is incomplete.
    EstimandError
        If a comparator is given for a change.
    UnknownNameError
        If a name is not known.
    """
    asked = question(
        evidence,
        procedure=procedure,
        estimand=estimand,
        comparator=comparator,
        curve=curve_for(
            evidence, domain=domain, measure=measure, curve=curve, scale=scale, responders=responders
        ),
        include=include,
        trial_arms=trial_arms,
        r=r,
    )
    chosen = evidence if condition is None else evidence.select(condition=condition)
    studies = by_study(results_of(chosen))
    if domain is None or scale != "natural":
        return as_effect_sizes(asked, derive(asked, studies))
    return _on_first_scale(asked, curves_of(evidence, domain), studies)


def _on_first_scale(
    asked: Question, curves: Sequence[Curve], studies: dict[str, list[Result]]
) -> EffectSizes:
    """Return the effects on the first natural scale of a domain that has any; name the curves with others."""
    derived = {curve.name: derive(replace(asked, curve=curve), studies) for curve in curves}
    scales = [curve for curve in curves if curve.kind == asked.curve.kind]
    first = next((curve for curve in scales if derived[curve.name].effects), asked.curve)
    found = derived.get(first.name) or derive(asked, studies)
    others = [
        name
        for name, found_there in derived.items()
        if not first.name.startswith(name) and found_there.effects
    ]
    notes = [f"OTHER_CURVE: {name} has effects too; ask with curve=" for name in others]
    return as_effect_sizes(replace(asked, curve=first), found, notes=notes)


def question(
    evidence: Evidence,
    *,
    procedure: str | None,
    estimand: str,
    comparator: str | None,
    curve: Curve,
    include: Sequence[str] = (),
    trial_arms: bool = False,
    r: float | None = None,
) -> Question:
    """Check a question and return it with the procedure's id and the line's name."""
    if estimand not in ("contrast", CHANGE):
        raise InputError(f'estimand must be "contrast" or "change"; found "{estimand}"')
    if estimand == CHANGE and comparator is not None:
        raise EstimandError(
            f'a change within one group has no comparator; found comparator="{comparator}"; '
            'ask for estimand="contrast"'
        )
    if estimand == "contrast" and comparator not in COMPARATOR_CLASSES:
        if comparator is None:
            raise InputError(f"a contrast needs a comparator: {', '.join(COMPARATOR_CLASSES)}")
        raise UnknownNameError("comparator class", comparator, COMPARATOR_CLASSES)
    for word in include:
        if word not in INCLUDABLE:
            raise UnknownNameError("kind of doubtful row", word, INCLUDABLE)
    if r is not None and not -1 < r < 1:
        raise InputError(f"r must lie between -1 and 1; found {r:g}; pain after a procedure has about 0.25")
    return Question(
        procedure_id=the_procedure(evidence, procedure),
        comparator=comparator or CHANGE,
        curve=curve,
        include=tuple(include),
        trial_arms=trial_arms,
        r=r,
    )


def the_procedure(evidence: Evidence, name: str | None) -> str:
    """Return the id of the procedure asked for, or of the one that the evidence was selected for."""
    if name is not None:
        found = evidence.procedure_record(name)
        if found.is_control:
            raise InputError(f'"{name}" is a control; ask for a procedure and give comparator=')
        return found.procedure_id
    if len(evidence.focus) == 1:
        return evidence.focus[0]
    raise InputError('say which procedure: procedure="...", or select(procedure="...") first')


def by_study(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return the results of each study, in the order of the file."""
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.study_id, []).append(result)
    return grouped


def by_procedure(studies: Mapping[str, list[Result]]) -> dict[str, dict[str, list[Result]]]:
    """Return the studies that have an arm of each procedure or control."""
    found: dict[str, dict[str, list[Result]]] = {}
    for study, rows in studies.items():
        for row in rows:
            for side in (row.arm, row.versus):
                if side is not None:
                    found.setdefault(side.procedure.procedure_id, {})[study] = rows
    return found


def as_effect_sizes(asked: Question, derived: Derived, *, notes: Sequence[str] = ()) -> EffectSizes:
    """Return derived effects as arrays with their lineage."""
    effects = derived.effects
    return EffectSizes(
        yi=[effect.yi for effect in effects],
        vi=[effect.sei**2 for effect in effects],
        df=[effect.df for effect in effects],
        ci_low=[effect.ci_low for effect in effects],
        ci_high=[effect.ci_high for effect in effects],
        measure=asked.curve.kind,
        estimand=CHANGE if asked.comparator == CHANGE else "contrast",
        notes=(*notes, *counted(derived.left_out)),
        lineage=effects,
        left_out=derived.left_out,
    )


def derive(asked: Question, studies: dict[str, list[Result]]) -> Derived:
    """Return the effects that a line of evidence gives, one for each study and visit."""
    effects: list[Effect] = []
    left_out: list[LeftOut] = []
    wanted = {measure.measure_id for measure in asked.curve.measures}
    for rows in studies.values():
        own = [result for result in rows if result.measure.measure_id in wanted]
        if own and on_question(asked, own):
            found = _of_change(asked, own) if asked.comparator == CHANGE else _of_contrast(asked, own)
            effects += found.effects
            left_out += found.left_out
    effects.sort(key=lambda effect: (effect.study_id, effect.months))
    return Derived(tuple(effects), tuple(sorted(left_out)))


def on_question(asked: Question, own: Sequence[Result]) -> bool:
    """Whether results of a study speak of the question: a contrast, or single arms on both sides of it."""
    if any(on_line(r, asked.procedure_id, asked.comparator, trial_arms=asked.trial_arms) for r in own):
        return True
    if asked.comparator == CHANGE:
        return False
    sides = {_side(asked, result) for result in own if not result.is_contrast}
    return {1, -1} <= sides and all(result.design in CONTROLLED for result in own)


def concerns(asked: Question, result: Result) -> bool:
    """Whether a row is on the line, or is of an arm that may be one side of it."""
    if on_line(result, asked.procedure_id, asked.comparator, trial_arms=asked.trial_arms):
        return True
    return asked.comparator != CHANGE and not result.is_contrast and _side(asked, result) != 0


def _side(asked: Question, result: Result) -> int:
    """Return 1 for an arm of the procedure, -1 for one of the comparator class, else 0."""
    return _side_of(asked, result.arm)


def _side_of(asked: Question, side: Side) -> int:
    procedure = side.procedure
    if not side.as_allocated:
        return 0
    if procedure.procedure_id == asked.procedure_id:
        return 1
    if procedure.is_control:
        return -1 if procedure.comparator_class == asked.comparator else 0
    return -1 if asked.comparator == "active" else 0


def takes_part(asked: Question, side: Side) -> bool:
    """Whether an arm is one of those that a question compares."""
    if side.procedure.procedure_id == asked.procedure_id:
        return side.as_allocated or asked.comparator == CHANGE
    return asked.comparator != CHANGE and _side_of(asked, side) != 0


def _unusable(asked: Question, result: Result) -> str:
    """Return why a row may not become an effect, or an empty string."""
    reasons = (
        (result.role != "visit", ROLES[result.role]),
        (result.subgroup, f"{result.analysis.replace('_', ' ')} analysis"),
        (result.scale_assumed and "scale assumed" not in asked.include, "scale assumed"),
        (result.sign_inferred and "sign inferred" not in asked.include, "sign inferred"),
        (result.lost_to_crossover and asked.comparator != CHANGE, "crossover trial, not its first period"),
        (result.statistic in OTHER_SCALE.get(asked.curve.kind, ()), _other_scale(asked, result)),
        (
            result.statistic == "median" and figure_of(result) is None,
            "median that gives no mean: no quartiles, or too skewed",
        ),
    )
    return next((reason for holds, reason in reasons if holds), "")


CONVERTED = ("median", "percent")  # forms of which another row of the arm may print what is converted to
RATIOS = ("odds_ratio", "risk_ratio", "hazard_ratio")
OTHER_SCALE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "MD": (*RATIOS, "smd"),
        "SMD": RATIOS,
        "MID": (*RATIOS, "smd"),
        "RD": RATIOS,
        "RR": ("odds_ratio", "hazard_ratio", "risk_difference"),
        "OR": ("risk_ratio", "hazard_ratio", "risk_difference"),
    }
)
SCALE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "MD": "on a natural scale",
        "SMD": "a standardised difference",
        "MID": "on a natural scale",
        "RD": "a risk difference",
        "RR": "a risk ratio",
        "OR": "an odds ratio",
    }
)


def _other_scale(asked: Question, result: Result) -> str:
    return f"{result.statistic.replace('_', ' ')}, not {SCALE_NAMES[asked.curve.kind]}"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An effect that might speak, and whether it puts several arms of one procedure together."""

    effect: Effect
    pooled_arms: bool


def _of_contrast(asked: Question, own: list[Result]) -> Derived:
    usable = [result for result in own if not _unusable(asked, result)]
    trusted = _trusted(asked, own)
    found, failed = _candidates(asked, usable, trusted, _contrasts)
    effects = tuple(_sharing(asked, own, effect) for effect in _speakers(found))
    return Derived(effects, tuple(_left_out(asked, own, effects, failed)))


def _trusted(asked: Question, own: list[Result]) -> list[Result]:
    """Return the rows that may stand behind an effect as its baseline or spread."""
    return [result for result in own if set(result.doubtful_words) <= set(asked.include)]


def _contrasts(asked: Question, usable: list[Result], own: list[Result]) -> list[_Candidate]:
    found = [*_from_rows(asked, usable), *_from_arms(asked, usable, own), *_from_p(asked, usable)]
    return found if asked.curve.kind == "MD" else _of_one_measure(asked, found)


Deriver = Callable[["Question", list[Result], list[Result]], list[_Candidate]]


def _candidates(
    asked: Question, usable: list[Result], own: list[Result], derive_from: Deriver
) -> tuple[list[_Candidate], dict[int, str]]:
    """Return the effects that might speak, and why rows could not be put on a common scale."""
    if asked.curve.kind not in ("SMD", "MID"):
        return derive_from(asked, usable, own), {}
    found = [] if asked.comparator == CHANGE else list(_from_rows(asked, usable))  # standardised in print
    failed: dict[int, str] = {}
    for measure in asked.curve.measures:
        in_points = replace(asked, curve=own_unit(measure))
        rows = [result for result in own if result in in_points]
        for candidate in derive_from(in_points, [r for r in usable if r in in_points], rows):
            moved = on_common_scale(candidate.effect, curve=asked.curve, measure=measure, own=rows)
            if moved is None:
                failed |= dict.fromkeys(candidate.effect.lines, NO_SPREAD)
            else:
                found.append(replace(candidate, effect=moved))
    return found, failed


def _sharing(asked: Question, own: list[Result], effect: Effect) -> Effect:
    """Note where the same control serves another procedure of the study at that visit."""
    if asked.comparator in ("active", CHANGE):
        return effect
    others = {
        side.arm
        for result in own
        if result.months == effect.months
        for side in (result.arm, result.versus)
        if side is not None
        and side.as_allocated
        and not side.procedure.is_control
        and side.procedure.procedure_id != asked.procedure_id
    }
    if not others:
        return effect
    note = f"SHARED_CONTROL: {effect.versus} is also compared with {', '.join(sorted(others))}"
    return replace(effect, notes=(*effect.notes, note))


def _from_rows(asked: Question, usable: list[Result]) -> Iterator[_Candidate]:
    for result in usable:
        sign = on_line(result, asked.procedure_id, asked.comparator)
        if sign:
            effect = from_contrast_row(result, curve=asked.curve, sign=sign)
            if effect is not None:
                yield _Candidate(effect, pooled_arms=False)


def _from_arms(asked: Question, usable: list[Result], own: list[Result]) -> Iterator[_Candidate]:
    """Compare the arms of the procedure with those of the comparator, visit by visit.

    Groups of a study that was set up without a control are not compared here, only by its report.
    """
    if any(result.design not in CONTROLLED for result in own):
        return
    kinds: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("final_means", ("mean", "median")),
        ("changes", ("change",)),
    )
    if asked.curve.kind != "MD":
        kinds = (("responders", ("events", "percent")),)
    for route, statistics in kinds:
        for rows in _visits(
            result for result in usable if not result.is_contrast and result.statistic in statistics
        ):
            treated = [result for result in rows if _side(asked, result) == 1]
            control = _one_control([result for result in rows if _side(asked, result) == -1])
            if treated and control:
                yield from _compared(asked, route, treated, control, own)


def _visits(results: Iterator[Result]) -> Iterator[list[Result]]:
    """Yield the rows of a visit, one for each arm: as printed before converted, else the first."""
    grouped: dict[tuple[float | None, str, str], dict[str, Result]] = {}
    for result in results:
        key = (result.months, result.measure.measure_id, result.population)
        arms = grouped.setdefault(key, {})
        rival = arms.get(result.arm.arm)
        if rival is None or (rival.statistic in CONVERTED and result.statistic not in CONVERTED):
            arms[result.arm.arm] = result
    for rows in grouped.values():
        yield list(rows.values())


def _one_control(rows: list[Result]) -> list[Result]:
    """Return the arms of one comparator: of several the one with most patients, the first on ties."""
    grouped: dict[str, list[Result]] = {}
    for row in rows:
        grouped.setdefault(row.arm.procedure.procedure_id, []).append(row)
    return max(grouped.values(), key=_patients, default=[])


def _patients(rows: list[Result]) -> int:
    return sum(row.n or row.arm.n or 0 for row in rows)


def _compared(
    asked: Question, route: str, treated: list[Result], control: list[Result], own: list[Result]
) -> Iterator[_Candidate]:
    counts = route == "responders"
    read = events_of if counts else figure_of
    arm, versus = _as_one(treated, read, counts=counts), _as_one(control, read, counts=counts)
    if arm is None or versus is None:
        return
    first = treated[0]
    seen = _against(first, control[0])
    if counts:
        effect = from_events(arm, versus, seen, curve=asked.curve)
    else:
        baseline = _baselines(own, first, arm, versus)
        r = _correlation(asked, own, first, (arm, versus), baseline)
        effect = from_means(arm, versus, seen, curve=asked.curve, route=route, baseline=baseline, r=r)
    if effect is not None:
        yield _Candidate(effect, pooled_arms=len(arm.lines) + len(versus.lines) > 2)


def _against(result: Result, other: Result) -> Result:
    """Return a row of one arm as a contrast with the arm of another row."""
    return replace(result, versus=other.arm)


def _as_one(rows: list[Result], read: Callable[[Result], Figure | None], *, counts: bool) -> Figure | None:
    """Return arms of one procedure as one; where they cannot be put together, the one with most patients."""
    figures = [figure for figure in map(read, rows) if figure is not None]
    if not figures:
        return None
    one = combined(figures, counts=counts)
    if one is not None:
        return one
    largest = max(figures, key=lambda figure: (counts or figure.se is not None, figure.n or 0))
    others = ", ".join(figure.arm for figure in figures if figure is not largest)
    return replace(largest, notes=(*largest.notes, f"ONE_ARM_OF_SEVERAL: {largest.arm} speaks; not {others}"))


def _baselines(own: list[Result], first: Result, arm: Figure, versus: Figure) -> tuple[Figure, Figure] | None:
    sides = []
    for side in (arm, versus):
        rows = [_baseline_of(own, first, name) for name in side.arm.split(" + ")]
        figures = [figure for row in rows if row is not None and (figure := figure_of(row)) is not None]
        one = combined(figures, counts=False) if len(figures) == len(rows) else None
        if one is None:
            return None
        sides.append(one)
    return sides[0], sides[1]


def _correlation(
    asked: Question,
    own: list[Result],
    first: Result,
    sides: tuple[Figure, Figure],
    baseline: tuple[Figure, Figure] | None,
) -> Correlation:
    """Return the correlation that the arms' own SDs give, or the one that is assumed."""
    if baseline is not None:
        changes = [_change_of(own, first, side) for side in sides]
        triples = [
            (before, after, change)
            for before, after, change in zip(baseline, sides, changes, strict=True)
            if change is not None
        ]
        known = computed_correlation(triples) if len(triples) == len(sides) else None
        if known is not None:
            return known
    return assumed_correlation(asked.curve, asked.r)


def _change_of(own: list[Result], like: Result, side: Figure) -> Figure | None:
    for row in own:
        if (row.arm.arm, row.statistic, row.is_contrast) == (side.arm, "change", False) and (
            row.measure.measure_id,
            row.months,
            row.population,
        ) == (like.measure.measure_id, like.months, like.population):
            return figure_of(row)
    return None


def _from_p(asked: Question, usable: list[Result]) -> Iterator[_Candidate]:
    """Use the p-value of a contrast that prints no value with the figures of its two arms."""
    if asked.curve.kind != "MD":
        return
    for tested in usable:
        sign = on_line(tested, asked.procedure_id, asked.comparator)
        if not sign or tested.value is not None or tested.p is None or tested.versus is None:
            continue
        sides = (tested.arm, tested.versus) if sign > 0 else (tested.versus, tested.arm)
        for statistic in ("mean", "change"):
            rows = [_row_of(usable, tested, side.arm, statistic) for side in sides]
            if rows[0] is not None and rows[1] is not None:
                effect = _tested(asked, tested, rows[0], rows[1], sign)
                if effect is not None:
                    yield _Candidate(effect, pooled_arms=False)
                break


def _tested(asked: Question, tested: Result, treated: Result, control: Result, sign: int) -> Effect | None:
    arm, versus = figure_of(treated), figure_of(control)
    if arm is None or versus is None:
        return None
    effect = from_arms_and_p(arm, versus, tested, _against(treated, control), curve=asked.curve)
    if effect is None:
        return None
    said = {"favours_arm": sign, "favours_versus": -sign}.get(tested.finding)
    return None if said is not None and said * effect.yi < 0 else effect


def _row_of(usable: list[Result], like: Result, arm: str, statistic: str) -> Result | None:
    for result in usable:
        if (
            not result.is_contrast
            and result.arm.arm == arm
            and result.statistic == statistic
            and (result.measure.measure_id, result.months, result.population)
            == (like.measure.measure_id, like.months, like.population)
        ):
            return result
    return None


def _of_one_measure(asked: Question, candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep one definition of response for a study, the one with most visits: a curve is of one thing."""
    visits: dict[str, set[float]] = {}
    for candidate in candidates:
        visits.setdefault(candidate.effect.measure_id, set()).add(candidate.effect.months)
    order = [measure.measure_id for measure in asked.curve.measures]
    chosen = min(visits, key=lambda name: (-len(visits[name]), order.index(name)), default="")
    return [candidate for candidate in candidates if candidate.effect.measure_id == chosen]


def _speakers(candidates: list[_Candidate]) -> Iterator[Effect]:
    """Return for each visit the effect that speaks; the others at that visit are named in its notes."""
    visits: dict[float, list[_Candidate]] = {}
    for candidate in candidates:
        visits.setdefault(candidate.effect.months, []).append(candidate)
    for rivals in visits.values():
        first = min(rivals, key=_order)
        if not first.pooled_arms:
            doses = {(r.effect.arm, r.effect.versus) for r in rivals if r.effect.rank == first.effect.rank}
            pooled = [r for r in rivals if r.pooled_arms and r.effect.rank[0] == first.effect.rank[0]]
            if len(doses) > 1 and pooled:
                first = min(pooled, key=_order)
        yield _naming_rivals(first.effect, [rival.effect for rival in rivals if rival is not first])


def _order(candidate: _Candidate) -> tuple[tuple[int, int, int], int, int]:
    effect = candidate.effect
    return effect.rank, -(effect.n or 0), min(effect.lines)


def _naming_rivals(effect: Effect, rivals: list[Effect]) -> Effect:
    if not rivals:
        return effect
    named = "; ".join(
        f"{rival.arm} against {rival.versus or 'baseline'} on {rival.measure_id}, "
        f"{rival.route.replace('_', ' ')}, line {', '.join(map(str, rival.lines))}"
        for rival in rivals
    )
    return replace(effect, notes=(*effect.notes, f"ALSO_PRINTED: {named}"))


def _left_out(
    asked: Question, own: list[Result], effects: tuple[Effect, ...], failed: Mapping[int, str]
) -> Iterator[LeftOut]:
    used = {line for effect in effects for line in effect.lines}
    spoken = {effect.months for effect in effects}
    for result in own:
        if result.line in used or result.role == "baseline" or not concerns(asked, result):
            continue
        reason = _unusable(asked, result)
        if not reason and result.statistic == "finding_only":
            reason = "finding only, no number"
        if not reason and result.line in failed:
            reason = failed[result.line]
        if not reason and result.months in spoken:
            reason = "another row of the study speaks at that visit"
        if not reason and asked.comparator == CHANGE and result.statistic in ("events", "percent"):
            reason = "share of one group, no change from baseline"
        if not reason and result.statistic in OF_ONE_ARM and asked.comparator != CHANGE:
            reason = "no counterpart in the other arm, or no SD, n or p-value"
        yield LeftOut(reason or "no standard error can be derived", result.study_id, result.line)


def _of_change(asked: Question, own: list[Result]) -> Derived:
    usable = [
        result
        for result in own
        if on_line(result, asked.procedure_id, CHANGE, trial_arms=asked.trial_arms)
        and not _unusable(asked, result)
    ]
    found, failed = _candidates(asked, usable, _trusted(asked, own), _changes)
    effects = tuple(_speakers(found))
    return Derived(effects, tuple(_left_out(asked, own, effects, failed)))


def _changes(asked: Question, usable: list[Result], own: list[Result]) -> list[_Candidate]:
    return list(_each_change(asked, usable, own)) if asked.curve.kind == "MD" else []


def _each_change(asked: Question, usable: list[Result], own: list[Result]) -> Iterator[_Candidate]:
    for result in usable:
        effect = None
        if result.statistic == "change":
            effect = from_change_row(result, curve=asked.curve)
        elif result.statistic == "mean":
            before = _baseline_of(own, result, result.arm.arm)
            effect = None
            if before is not None:
                r = assumed_correlation(asked.curve, asked.r)
                effect = from_before_and_after(before, result, curve=asked.curve, r=r)
        if effect is not None:
            yield _Candidate(effect, pooled_arms=False)


def _baseline_of(own: list[Result], like: Result, arm: str) -> Result | None:
    """Return the baseline mean of an arm, of the same population where it is printed."""
    rows = [
        row
        for row in own
        if row.role == "baseline"
        and row.statistic == "mean"
        and row.arm.arm == arm
        and row.measure.measure_id == like.measure.measure_id
    ]
    return like_population(rows, like.population)
