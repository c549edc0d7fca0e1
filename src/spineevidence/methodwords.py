"""What was run, as sentences with cite keys: one function for each kind of result.

A sentence says only what its result holds. Where a result does not hold a fact, `gaps` says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from types import MappingProxyType

from spineevidence.duration import DurationOfBenefit
from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formatting import count_of, listed, time_in_words, trimmed
from spineevidence.longitudinal.course import CourseDuration, TimeCourse
from spineevidence.pooling.halfnormal import HalfNormalPool
from spineevidence.pooling.mantelhaenszel import StratifiedPool
from spineevidence.pooling.pool import Pooled
from spineevidence.pooling.regression import MetaRegression
from spineevidence.pooling.selection import SelectionModel
from spineevidence.pooling.smallstudy import EggerTest, RankTest, TrimAndFill
from spineevidence.pooling.subgroups import Subgroups
from spineevidence.pooling.windows import PooledWindow, PooledWindows
from spineevidence.provenance import kind_in_words, noun, origin_of, origin_of_lineage
from spineevidence.results import CHANGE
from spineevidence.stepwise import IMPRECISION, StepwiseDuration
from spineevidence.together import Together
from spineevidence.wording import COMPARATORS

ESTIMATORS: Mapping[str, str] = MappingProxyType(
    {
        "DL": "the moment estimator of DerSimonian and Laird [@dersimonian1986]",
        "HE": "the estimator of Hedges [@hedges1985]",
        "HS": "the estimator of Hunter and Schmidt [@hunter1990]",
        "HSk": "the estimator of Hunter and Schmidt with a correction for few studies [@brannick2019]",
        "SJ": "the estimator of Sidik and Jonkman [@sidik2005]",
        "ML": "maximum likelihood [@hardy1996]",
        "REML": "restricted maximum likelihood [@viechtbauer2005]",
        "EB": "the empirical Bayes estimator [@morris1983]",
        "PM": "the estimator of Paule and Mandel [@paule1982]",
        "PMM": "the estimator of Paule and Mandel with the median of chi-squared in place of its mean "
        "[@paule1982]",
    }
)
HARTUNG_KNAPP = "the variance of Hartung and Knapp"
TESTS: Mapping[str, str] = MappingProxyType(
    {
        "knha": f"{HARTUNG_KNAPP} [@knapp2003]",
        "adhoc": f"{HARTUNG_KNAPP}, its factor never below one [@knapp2003; @rover2015]",
    }
)
HALF_NORMAL = "[@rover2021; @friede2017]"
VARIANCES: Mapping[str, str] = MappingProxyType(
    {
        "robins_breslow_greenland": "of Robins, Breslow and Greenland [@robins1986]",
        "greenland_robins": "of Greenland and Robins [@greenland1985]",
        "sato": "of Sato, Greenland and Robins [@sato1989]",
        "hypergeometric": "from the hypergeometric distribution",
    }
)
STRATIFIED: Mapping[str, str] = MappingProxyType(
    {
        "OR": "log odds ratios",
        "RR": "log risk ratios",
        "RD": "risk differences",
        "IRR": "log incidence rate ratios",
        "IRD": "incidence rate differences",
        "PETO": "log odds ratios",
    }
)
PREDICTORS: Mapping[str, str] = MappingProxyType({"sei": "standard errors", "vi": "variances"})
ACCEPTED = (
    "EffectSizes, or the result of pool, pool_window, pool_windows, pool_half_normal, pool_over_time "
    "(and its duration), meta_regression, subgroups, mantel_haenszel, mantel_haenszel_rates, peto, "
    "egger_test, rank_test, trim_and_fill, selection_model, stepwise_duration or duration_of_benefit "
    "(and its together)"
)


@singledispatch
def sentences(result: object) -> Iterator[str]:
    """Return what was run for a result, sentence by sentence, with cite keys such as ``[@welch1947]``.

    Parameters
    ----------
    result : object
        A result of the library.

    Returns
    -------
    iterator of str
        Sentences.

    Raises
    ------
    InputError
        If nothing is known of how such a result was made.
    """
    raise InputError(f"methods_text cannot tell how {type(result).__name__} was made; give {ACCEPTED}")


@sentences.register
def _(result: EffectSizes) -> Iterator[str]:
    return origin_of(result)


@sentences.register
def _(result: Pooled) -> Iterator[str]:
    yield from origin_of(result.effects)
    if result.k == 1:
        yield f"One study gave {_a(result.estimand)}; its own {_share(result.level)} interval was taken."
        return
    yield _random_effects(
        count_of(result.k, "study", "studies"), result.method, noun(result.estimand), result.maxima
    )
    yield f"{_interval_and_test(result.level)} {_test(result.test, result.df)}."
    if result.pi_low is not None:
        yield (
            f"The {_share(result.level)} prediction interval [@higgins2009], for the true "
            f"{noun(result.estimand, 1)} in a new study, took the t distribution with {_df(result.q_df)}."
        )
    source = "Cochran's Q" if result.method == "EE" else "tau2 and the typical variance within studies"
    yield (
        f"Heterogeneity was described by I2 from {source} [@higgins2002], and tested by Cochran's Q "
        "[@cochran1954]."
    )


@sentences.register
def _(result: HalfNormalPool) -> Iterator[str]:
    yield from origin_of(result.effects)
    said = _half_normal(result.scale, count_of(result.k, "study", "studies"), result.estimand)
    yield f"{said[0].upper()}{said[1:]}."
    yield _mixture_intervals(result.level, result.estimand, predicted=True)


@sentences.register
def _(result: PooledWindow) -> Iterator[str]:
    yield from origin_of(result.effects)
    yield from _windows((result,), result.effects.estimand)


@sentences.register
def _(result: PooledWindows) -> Iterator[str]:
    lineage = [effect for window in result.windows for effect in window.effects.lineage]
    left_out = result.windows[0].effects.left_out
    kind = kind_in_words(result.measure, result.estimand)
    yield from origin_of_lineage(lineage, left_out, result.estimand, kind)
    yield from _by_window(result)
    yield from _threshold(result.delta, result.estimand)
    yield from _stepwise((result.duration,), result.estimand, "follow-up windows")


@sentences.register
def _(result: TimeCourse) -> Iterator[str]:
    yield from origin_of(result.effects)
    yield from _course(result)


@sentences.register
def _(result: CourseDuration) -> Iterator[str]:
    yield from _threshold(result.delta, "")
    yield from _stepwise((result.steps,), "", "follow-up windows")
    months = [
        at
        for (label, _), at in zip(result.states, result.steps.months, strict=True)
        if label in result.fragile
    ]
    yield from _beside(months, new_setting=True, crossing=result.crossing is not None, estimand="")


@sentences.register
def _(result: StepwiseDuration) -> Iterator[str]:
    yield from _threshold(result.delta, "")
    yield from _stepwise((result,), "", "visits")


@sentences.register
def _(result: Together) -> Iterator[str]:
    if result.course is not None:
        yield from sentences(result.course)
        yield from _threshold(result.steps.delta, result.course.estimand)
        yield from _stepwise((result.steps,), result.course.estimand, "follow-up windows")
        yield from _judged(result, result.course)
    elif result.window is not None:
        yield from sentences(result.window)


@sentences.register
def _(result: DurationOfBenefit) -> Iterator[str]:
    procedure = result.procedure_id.replace("_", " ")
    if result.estimand == CHANGE:
        asked = f"How long patients were better than before {procedure}, without a comparator,"
    else:
        asked = f"How long the benefit of {procedure} over {COMPARATORS[result.comparator]} lasts"
    yield f"{asked} was asked for {result.domain.replace('_', ' ')} ({result.curve})."
    if result.level is None:
        yield "No printed result answers this."
    lineage = [effect for study in result.studies for effect in study.effects]
    kind = "" if result.together is None else _kind_together(result.together)
    yield from origin_of_lineage(lineage, result.left_out, result.estimand, kind)
    if result.studies:
        yield from _thresholds(result)
        each = "visits of each study" if len(result.studies) > 1 else "visits of the study"
        yield from _stepwise([study.steps for study in result.studies], result.estimand, each)
    if result.together is not None:
        yield from _together(result.together, result.estimand)
    if result.reported is not None:
        yield (
            "Reported findings were counted by follow-up window, one vote for each study by the direction "
            "that it reports [@hiltonboon2021]; the share of votes in favour has a "
            f"{_share(result.reported.level)} interval of Wilson [@wilson1927]."
        )
    if result.relief:
        yield (
            f"{count_of(len(result.relief), 'printed duration')} of relief, which "
            f"{'is a change' if len(result.relief) == 1 else 'are changes'} within one group, "
            f"{'was' if len(result.relief) == 1 else 'were'} quoted beside and entered nothing."
        )


@sentences.register
def _(result: MetaRegression) -> Iterator[str]:
    yield from origin_of(result.effects)
    told = [
        f'{one.name} (against "{one.levels[0]}")' if one.levels else one.name for one in result.moderators
    ]
    model = (
        "a regression weighted by inverse variances"
        if result.method == "EE"
        else "a mixed-effects meta-regression [@berkey1995]"
    )
    estimate = "" if result.method == "EE" else f"; tau2 was estimated by {ESTIMATORS[result.method]}"
    studies = count_of(result.k, "study", "studies")
    yield (
        f"The {noun(result.effects.estimand)} of {studies} were related to {listed(told)} by "
        f"{model}{estimate}."
    )
    yield (
        f"Coefficients have {_share(result.level)} confidence intervals and tests by "
        f"{_test(result.test, result.df)}; the moderators together were tested by "
        f"{_omnibus(result.qm_df)}."
    )
    if result.r2 is not None and result.method != "EE":
        yield (
            "R2 compares tau2 with that of the same estimator without moderators; residual heterogeneity was "
            "tested by Q."
        )
    else:
        yield "Residual heterogeneity was tested by Q."


@sentences.register
def _(result: Subgroups) -> Iterator[str]:
    groups = [f"{group} (k = {k})" for group, k in zip(result.groups, result.k, strict=True)]
    tau2 = (
        "each group had its own tau2" if result.heterogeneity == "separate" else "all groups shared one tau2"
    )
    if result.method == "EE":
        tau2 = "by inverse variances, without heterogeneity"
    else:
        tau2 = f"in random-effects models; {tau2}, estimated by {ESTIMATORS[result.method]}"
    yield f"Studies were pooled by {result.name}: {listed(groups)}, {tau2}."
    yield (
        f"{_interval_and_test(result.level, 'each mean')} {_test(result.test, None)}; the groups were "
        f"compared by {_omnibus(result.df_between)} [@borenstein2013]."
    )


@sentences.register
def _(result: StratifiedPool) -> Iterator[str]:
    name = (
        "the one-step method of Peto [@yusuf1985]"
        if result.method == "Peto"
        else ("the method of Mantel and Haenszel [@mantel1959]")
    )
    what = "tables" if result.measure in ("OR", "RR", "RD", "PETO") else "events and person-times"
    yield (
        f"The {what} of {count_of(result.k, 'study', 'studies')} were pooled as {STRATIFIED[result.measure]} "
        f"by {name}, with the variance {VARIANCES[result.variance]} and a normal {_share(result.level)} "
        "confidence interval."
    )
    for note in result.notes:
        if note.startswith("For the "):
            yield f"{note.partition(': position')[0].removesuffix('.')}."
    if result.association is not None:
        yield "Association was tested by the Cochran-Mantel-Haenszel test [@mantel1959]."
    if result.tarone is not None:
        yield (
            "Whether one odds ratio holds in all studies was tested by the test of Breslow and Day, without "
            "and with Tarone's correction [@tarone1985]."
        )
    if result.q_df:
        yield (
            f"Heterogeneity was described by Q and I2 [@higgins2002] of the "
            f"{count_of(result.k_effects, 'study', 'studies')} with an estimate of their own."
        )


@sentences.register
def _(result: EggerTest) -> Iterator[str]:
    of = f"of the estimates of {result.k} studies on their {PREDICTORS[result.predictor]}"
    if result.model == "classical":
        yield (
            f"Asymmetry of the funnel plot was tested by Egger's regression {of}, weighted by inverse "
            f"variances with multiplicative dispersion, by the t distribution with {_df(result.df)} "
            "[@egger1997]."
        )
    else:
        tau2 = "" if result.method == "EE" else f"; tau2 was estimated by {ESTIMATORS[result.method]}"
        model = "a regression" if result.method == "EE" else "a mixed-effects regression"
        yield (
            f"Asymmetry of the funnel plot was tested by {model} {of}, weighted by inverse variances "
            f"[@sterne2005]{tau2}; the test took {_test(result.test, result.df)}."
        )
    yield (
        "The limit of the regression, for a study of endless size, has a "
        f"{_share(result.level)} confidence interval."
    )


@sentences.register
def _(result: RankTest) -> Iterator[str]:
    how = "the exact distribution" if result.exact else "the normal approximation"
    yield (
        f"Asymmetry of the funnel plot of {result.k} studies was tested by the rank correlation of Begg and "
        f"Mazumdar, with {how} [@begg1994]."
    )


@sentences.register
def _(result: TrimAndFill) -> Iterator[str]:
    yield (
        "As a sensitivity analysis, studies taken as missing were filled in by trim and fill with the "
        f"estimator {result.estimator} on the {result.side} [@duval2000]."
    )
    yield _random_effects("Studies with and without those filled in", result.method, "", 1)
    yield f"{_interval_and_test(result.level)} {_test(result.test, None)}."


@sentences.register
def _(result: SelectionModel) -> Iterator[str]:
    cuts = listed([trimmed(step) for step in result.steps[:-1]])
    yield (
        f"As a sensitivity analysis, a selection model of {result.k} studies was fitted by maximum "
        "likelihood [@vevea1995]: the chance of publication is a step function of the one-sided p-value with "
        f"steps at {cuts}, with {result.favoured} estimates favoured."
    )
    yield (
        f"Its {_share(result.level)} confidence interval is normal; no selection was tested by the "
        f"likelihood ratio with {_df(result.lr_df)}."
    )


def gaps(result: object) -> Iterator[str]:
    """Yield what a reader may miss because the result does not hold it.

    Parameters
    ----------
    result : object
        A result that `sentences` knows.

    Yields
    ------
    str
        Notes, not sentences of a paper.
    """
    effects = getattr(result, "effects", None)
    if isinstance(result, EffectSizes):
        effects = result
    if isinstance(effects, EffectSizes) and not effects.lineage:
        yield "ORIGIN: the effects carry no derivation; say where their numbers come from."
    if isinstance(result, Subgroups | EggerTest | RankTest | TrimAndFill | SelectionModel):
        yield "ORIGIN: this result does not hold its effects; methods_text(effects) tells their origin."
    if isinstance(result, PooledWindows | CourseDuration | StepwiseDuration | Together):
        yield "THRESHOLD: the result does not hold where delta comes from; give its source."
    if isinstance(result, DurationOfBenefit) and result.delta is not None and "(" in result.delta_source:
        yield "THRESHOLD: the source of delta names cite keys of references.bib; cite these as well."
    if isinstance(result, CourseDuration | StepwiseDuration):
        yield "MODEL: the result does not hold how its estimates were made; describe that first."


def _share(level: float) -> str:
    return f"{trimmed(100 * level)} %"


def _df(df: float) -> str:
    return f"{trimmed(df)} degree{'' if df == 1 else 's'} of freedom"


def _a(estimand: str) -> str:
    return {"effect": "an effect", "change": "a change"}.get(noun(estimand, 1), "an estimate")


def _random_effects(studies: str, method: str, what: str, maxima: int) -> str:
    of = f"The {what} of {studies}" if what else studies
    if method == "EE":
        return (
            f"{of} were pooled by inverse variances, with one true value taken to hold in all studies "
            "[@higgins2019]."
        )
    several = f"; of its {maxima} local maxima the highest was taken" if maxima > 1 else ""
    return (
        f"{of} were pooled in a random-effects model, with the variance between studies (tau2) estimated by "
        f"{ESTIMATORS[method]}{several}."
    )


def _interval_and_test(level: float, of: str = "the mean") -> str:
    return f"The {_share(level)} confidence interval and the test of {of} took"


def _test(test: str, df: float | None) -> str:
    freedom = "" if df is None or math.isinf(df) else f" with {_df(df)}"
    if test == "z":
        return "the normal distribution"
    quantile = f"the t distribution{freedom}"
    return quantile if test == "t" else f"{quantile} and {TESTS[test]}"


def _omnibus(df: Sequence[int]) -> str:
    if len(df) == 1:
        return f"chi-squared with {_df(df[0])}"
    return f"F with {df[0]} and {df[1]} degrees of freedom"


def _half_normal(scale: float, studies: str, estimand: str) -> str:
    return (
        f"the {noun(estimand)} of {studies} were pooled with a flat prior of their mean and a half-normal "
        f"prior, with scale {trimmed(scale)}, of the standard deviation between studies (tau) {HALF_NORMAL}, "
        "by quadrature and without random numbers"
    )


def _mixture_intervals(level: float, estimand: str, *, predicted: bool) -> str:
    if not predicted:
        return f"The {_share(level)} interval of the mean has equal tails."
    return (
        f"The {_share(level)} intervals of the mean and of the true {noun(estimand, 1)} in a new study have "
        "equal tails."
    )


def _windows(windows: Sequence[PooledWindow], estimand: str) -> Iterator[str]:
    """Yield which model served which windows, and what was run for comparison."""
    for model in ("one study", "half-normal", "REML"):
        own = [window for window in windows if window.model == model]
        if own:
            yield from _one_model(own, estimand)


def _one_model(windows: Sequence[PooledWindow], estimand: str) -> Iterator[str]:
    times = [time_in_words(window.months) for window in windows if window.months is not None]
    at = f"At {listed(times)}, " if times else ""
    first = windows[0]
    if first.model == "one study":
        text = f"{at}one study speaks by its own {_share(first.level)} interval."
    elif first.model == "half-normal" and first.half_normal is not None:
        counts = sorted({window.k for window in windows})
        studies = f"{listed([str(count) for count in counts], 'or')} studies"
        text = f"{at}{_half_normal(first.half_normal.scale, studies, estimand)}."
    else:
        freedom = listed([trimmed(df) for df in sorted({window.df for window in windows})], "or")
        text = (
            f"{at}the {noun(estimand)} of five studies or more were pooled in a random-effects model, with "
            f"the variance between studies (tau2) estimated by {ESTIMATORS['REML']}; the "
            f"{_share(first.level)} confidence interval took the t distribution with {freedom} degrees of "
            f"freedom and {TESTS['adhoc']}."
        )
    yield text[0].upper() + text[1:]
    predicted = any(window.pi_low is not None for window in windows)
    if first.model == "half-normal":
        yield _mixture_intervals(first.level, estimand, predicted=predicted)
    elif predicted:
        share = _share(first.level)
        yield f"The {share} prediction interval [@higgins2009] took the same t distribution."
    if first.half_normal is not None and first.sensitivity is not None:
        usual, wider = trimmed(first.half_normal.scale), trimmed(first.sensitivity.scale)
        yield (
            f"For comparison the same was run with scale {wider} of the prior, and restricted maximum "
            f"likelihood [@viechtbauer2005] with {TESTS['adhoc']}, and without that floor."
            if first.model == "half-normal"
            else "For comparison the same was run without that floor, and with half-normal priors of tau "
            f"with scales {usual} and {wider} {HALF_NORMAL}."
        )


def _by_window(result: PooledWindows) -> Iterator[str]:
    yield (
        "Studies were pooled follow-up window by follow-up window, each by the model that its number of "
        f"studies allows; the standard deviation of scores was taken as {trimmed(result.sd_rep)}."
    )
    yield from _windows(result.windows, result.estimand)


def _course(course: TimeCourse) -> Iterator[str]:
    times = listed([time_in_words(window.months) for window in course.windows])
    studies = count_of(course.k, "study", "studies")
    count = len(course.effects)
    yield (
        f"{count} {noun(course.estimand, count)} of {studies}, one for each study and "
        f"follow-up window ({times}), were fitted together: a mean for each window, a random intercept "
        "for each study (standard deviation tau) and for each visit within a study (omega) "
        "[@pustejovsky2022; @ishak2007]."
    )
    yield (
        "The sampling errors of the visits of a study had an autoregressive structure [@musekiwa2016] in the "
        f"logarithm of time, with rho = {trimmed(course.rho)} taken for each doubling of time."
    )
    if course.engine == "REML":
        yield (
            "The model was fitted by restricted maximum likelihood [@gilmour1995], with "
            f"{_share(course.level)} intervals by the t distribution with {_df(course.freedom[0])}."
        )
    else:
        tau, omega = course.scales
        yield (
            f"The means had flat priors, tau and omega half-normal ones with scales {trimmed(tau)} and "
            f"{trimmed(omega)} [@rover2021], for a standard deviation of scores of {trimmed(course.sd_rep)}; "
            f"the {_share(course.level)} intervals come from quadrature, without random numbers."
        )
    yield (
        f"Intervals for the true {noun(course.estimand, 1)} in a new study add the variances between studies "
        "and between visits."
    )
    others = [name for name, _, _ in course.windows[0].alternatives]
    if others:
        told = [f"{name} of the prior of tau" if name.startswith("scale") else name for name in others]
        yield f"As sensitivity analyses the model was fitted again with {listed(told)}."
    if course.line is not None:
        yield "A straight line in the logarithm of time was fitted as well."
    if course.decline is not None:
        yield (
            "The change with each doubling of time was estimated within studies, with an intercept for each, "
            f"from {count_of(course.decline.k, 'study', 'studies')} with more than one visit, by the t "
            f"distribution with {_df(course.decline.df)}."
        )
    yield f"Nothing was extrapolated beyond the last follow-up, at {time_in_words(course.horizon)}."


def _threshold(delta: float, estimand: str, source: str = "") -> Iterator[str]:
    what = "change" if estimand == CHANGE else "difference"
    yield (
        f"The smallest {what} that matters (delta) was taken as {trimmed(delta)}"
        f"{f'; source: {source}' if source else ''}."
    )


def _thresholds(result: DurationOfBenefit) -> Iterator[str]:
    if result.delta is not None:
        yield from _threshold(result.delta, result.estimand, result.delta_source)
        return
    values = listed([trimmed(delta) for delta in sorted({study.steps.delta for study in result.studies})])
    yield f"The smallest change that matters (delta) was taken as {values}; source: {result.delta_source}."


def _stepwise(steps: Sequence[StepwiseDuration], estimand: str, series: str) -> Iterator[str]:
    """Yield the rule of states and of the two runs, as far as it was used on some series."""
    shown, first = _shown(estimand), steps[0]
    yield (
        f"Each {_share(first.level)} interval was judged against zero and delta, as one of six states "
        "[@zeng2022]."
    )
    anchors = listed([time_in_words(anchor) for anchor in sorted({own.anchor for own in steps})], "or")
    yield (
        f"The duration was read off the {series} in two runs, each a fixed sequence of tests that needs no "
        f"correction for multiplicity [@hsu1999]: forward from {anchors} for as long as {shown} is shown, "
        "and backward from the last for as long as one of size delta is excluded."
    )
    yield from _exceptions(steps, shown)


def _shown(estimand: str) -> str:
    return "a benefit" if estimand == "contrast" else "an improvement"


def _exceptions(steps: Sequence[StepwiseDuration], shown: str) -> Iterator[str]:
    """Yield which times were left out of a run, and whether all were tested once more."""
    left_out = sorted({month for own in steps for month in own.left_out})
    if left_out:
        yield (
            "Left out of the backward run as too imprecise (half-width of delta or more, and more than "
            f"{trimmed(IMPRECISION)} times the smallest): {listed([time_in_words(at) for at in left_out])}."
        )
    if any(own.shown_until is None and len(own.months) > 1 for own in steps):
        yield (
            f"Where {shown} was not shown at the start of the forward run, all times were tested with "
            "Bonferroni's correction."
        )


def _beside(fragile: Sequence[float], *, new_setting: bool, crossing: bool, estimand: str) -> Iterator[str]:
    if fragile:
        times = listed([time_in_words(months) for months in fragile])
        yield f"At {times} the state depends on an assumption, so that the widest interval was used."
    if new_setting:
        yield f"The same rule was applied to the intervals of the true {noun(estimand, 1)} in a new study."
    if crossing:
        yield (
            "The time at which the line falls below delta has as its interval all observed times at which "
            "the band of the line holds delta [@fieller1954]."
        )


def _judged(result: Together, course: TimeCourse) -> Iterator[str]:
    """Yield what was asked of the joint model beside its headline."""
    yield from _beside(
        [window.months for window in course.windows if window.window in result.fragile],
        new_setting=result.new_setting is not None,
        crossing=result.crossing is not None,
        estimand=course.estimand,
    )


def _together(result: Together, estimand: str) -> Iterator[str]:
    """Yield the model of several studies, after the origin and the rule were said for each study."""
    if result.course is not None:
        yield from _course(result.course)
    elif result.window is not None:
        yield from _by_window(result.window)
    yield "The same rule of two runs was then applied to the follow-up windows of all studies together."
    yield from _exceptions((result.steps,), _shown(estimand))
    if result.course is not None:
        yield from _judged(result, result.course)


def _kind_together(result: Together) -> str:
    if result.course is not None:
        return kind_in_words(result.course.measure, result.course.estimand)
    return "" if result.window is None else kind_in_words(result.window.measure, result.window.estimand)
