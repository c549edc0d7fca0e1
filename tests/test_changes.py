"""Changes of one group: values from papers and R, identities, simulated groups, input that is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import changes, conversions, means, onegroup

Visits = dict[str, float]

VISITS = st.fixed_dictionaries(
    {
        "base": st.floats(1, 100),
        "final": st.floats(1, 100),
        "sd_base": st.floats(0.1, 50),
        "sd_final": st.floats(0.1, 50),
        "n": st.integers(3, 400),
        "r": st.floats(-0.95, 0.95),
    }
)

FORMS: dict[str, Callable[..., EffectSizes]] = {
    "MC": changes.mean_change,
    "SMCC": changes.smcc,
    "SMCR": lambda sd_final, **rest: changes.smcr(**rest),  # noqa: ARG005
    "SMCRH": changes.smcrh,
    "SMCRP": changes.smcrp,
    "SMCRPH": changes.smcrph,
    "ROMC": changes.ratio_of_means_change,
}

STANDARDISED = ("SMCC", "SMCR", "SMCRH", "SMCRP", "SMCRPH")


# Student (1908), as R's data set "sleep": t.test(extra ~ group, paired = TRUE)
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def test_the_published_example_of_a_paired_t_test() -> None:
    one, two = (np.array(visit) for visit in SLEEP)
    effect = changes.mean_change(
        base=two.mean(),
        final=one.mean(),
        sd_base=two.std(ddof=1),
        sd_final=one.std(ddof=1),
        n=10,
        r=np.corrcoef(one, two)[0, 1],
    )
    assert (effect.yi[0], effect.df[0]) == (pytest.approx(-1.58), 9)
    assert effect.yi[0] / effect.sei[0] == pytest.approx(-4.0621, abs=5.1e-5)
    assert (effect.ci_low[0], effect.ci_high[0]) == pytest.approx((-2.4598858, -0.7001142), abs=5.1e-8)


# Cochrane Handbook, section 6.5.2.8: SD 6.4 and 7.1 of 129 patients, correlation 0.80 -> SD of changes 4.3
def test_the_published_example_of_an_imputed_sd_of_change() -> None:
    effect = changes.mean_change(base=15.2, final=16.2, sd_base=6.4, sd_final=7.1, n=129, r=0.80)
    assert effect.yi[0] == pytest.approx(1.0)
    assert effect.sei[0] * np.sqrt(129) == pytest.approx(4.3, abs=0.051)


# Cochrane Handbook 5.1, section 16.4.6.4: 10 patients, 7.0 (SD 2.38) and 6.5 (SD 2.21), correlation 0.68
PAIRED = {"base": 6.5, "final": 7.0, "sd_base": 2.21, "sd_final": 2.38, "n": 10, "r": 0.68}


def test_the_published_example_of_a_paired_smd() -> None:
    raw = changes.mean_change(**PAIRED)
    assert (raw.yi[0], raw.sei[0]) == pytest.approx((0.5, 0.583), abs=5.1e-4)
    smd = changes.smcrp(**PAIRED, correct=False, variance="cochrane")
    assert (smd.yi[0], smd.sei[0]) == pytest.approx((0.218, 0.256), abs=5.1e-4)


# Borenstein M et al. (2009), Introduction to Meta-Analysis, chapter 4, pages 24 and 29: SD of differences 5.5
def test_the_published_example_of_matched_groups() -> None:
    within = 5.5 / np.sqrt(2 * (1 - 0.7))
    assert within == pytest.approx(7.1005, abs=5.1e-5)
    visits = {"base": 100, "final": 103, "sd_base": within, "sd_final": within, "n": 50, "r": 0.7}
    raw = changes.mean_change(**visits)
    assert (raw.yi[0], raw.vi[0], raw.sei[0]) == pytest.approx((3.0, 0.6050, 0.7778), abs=5.1e-5)
    d = changes.smcrp(**visits, correct=False, variance="cochrane")
    assert (d.yi[0], d.vi[0], d.sei[0]) == pytest.approx((0.4225, 0.0131, 0.1143), abs=5.1e-5)
    g = changes.smcr(base=100, final=103, sd_base=within, n=50, r=0.7, factor="approximate")
    assert g.yi[0] == pytest.approx(0.4160, abs=5.1e-5)


# Morris SB (2008), table 5, the five studies of Carlson and Schmidt (1999), trained groups; effects as on
# https://www.metafor-project.org/doku.php/analyses:morris2008 (m_post - m_pre over sd_pre)
def test_the_published_standardised_changes_of_the_trained_groups() -> None:
    effect = changes.smcr(
        base=[30.6, 23.5, 0.5, 53.4, 35.6],
        final=[38.5, 26.8, 0.7, 75.9, 36.0],
        sd_base=[15.0, 3.1, 0.1, 14.5, 4.7],
        n=[20, 50, 9, 10, 14],
        r=[0.47, 0.64, 0.77, 0.89, 0.44],
    )
    assert effect.yi == pytest.approx([0.5056, 1.0481, 1.8054, 1.4181, 0.0801], abs=5.1e-5)
    assert effect.vi == pytest.approx([0.0594, 0.0254, 0.2322, 0.1225, 0.0802], abs=5.1e-5)


@pytest.mark.parametrize("form", FORMS)
@given(VISITS)
def test_the_better_direction_flips_the_sign_only(form: str, visits: Visits) -> None:
    higher, lower = FORMS[form](**visits), FORMS[form](**visits, better="lower")
    assert (higher.measure, higher.estimand) == (form, "change")
    assert lower.yi.tolist() == (-higher.yi).tolist()
    assert lower.vi.tolist() == higher.vi.tolist()
    assert higher.vi[0] > 0


@pytest.mark.parametrize("form", FORMS)
@given(VISITS, st.floats(0.1, 10))
def test_only_the_raw_change_depends_on_the_unit(form: str, visits: Visits, unit: float) -> None:
    other = {name: value if name in {"n", "r"} else unit * value for name, value in visits.items()}
    here, there = FORMS[form](**visits), FORMS[form](**other)
    scale = unit if form == "MC" else 1.0
    assert there.yi == pytest.approx(scale * here.yi, abs=1e-9)
    assert there.vi == pytest.approx(scale**2 * here.vi)


@pytest.mark.parametrize("form", ["MC", "SMCC", "SMCRP", "SMCRPH", "ROMC"])
@given(VISITS)
def test_exchanging_the_times_flips_the_sign_only(form: str, visits: Visits) -> None:
    back = visits | {
        "base": visits["final"], "final": visits["base"],
        "sd_base": visits["sd_final"], "sd_final": visits["sd_base"],
    }  # fmt: skip
    there, returned = FORMS[form](**visits), FORMS[form](**back)
    assert returned.yi == pytest.approx(-there.yi, abs=1e-12)
    assert returned.vi == pytest.approx(there.vi)


@given(VISITS)
def test_the_change_is_the_level_of_the_changes(visits: Visits) -> None:
    spread = conversions.sd_change(sd_base=visits["sd_base"], sd_final=visits["sd_final"], r=visits["r"])
    of_changes = {"m": visits["final"] - visits["base"], "sd": spread, "n": visits["n"]}
    raw, level = changes.mean_change(**visits), onegroup.mean_of_one_group(**of_changes)
    assert raw.yi == pytest.approx(level.yi)
    assert raw.vi == pytest.approx(level.vi)
    assert raw.df.tolist() == level.df.tolist()
    standard, by_level = changes.smcc(**visits), onegroup.standardised_mean(**of_changes)
    assert standard.yi == pytest.approx(by_level.yi)
    assert standard.vi == pytest.approx(by_level.vi)


@given(VISITS, st.sampled_from(["LS2", "UB"]))
def test_without_correction_the_other_variances_are_those_of_d(visits: Visits, variance: str) -> None:
    j = means.factor_from_df(df=visits["n"] - 1)
    plain, corrected = (changes.smcc(**visits, variance=variance, correct=c) for c in (False, True))
    assert corrected.yi == pytest.approx(j * plain.yi)
    assert corrected.vi == pytest.approx(j**2 * plain.vi)


@pytest.mark.parametrize(("delta", "n"), [(0.0, 5), (0.4, 12), (1.5, 30)])
def test_the_unbiased_variance_is_right_on_average(delta: float, n: int) -> None:
    # sqrt(n) d has a noncentral t distribution: mean and variance of d are known exactly
    df = n - 1
    centre, spread = (moment / scale for moment, scale in zip(
        stats.nct.stats(df, delta * np.sqrt(n), moments="mv"), (np.sqrt(n), n), strict=True
    ))  # fmt: skip
    j = float(means.factor_from_df(df=df))
    visits = {"base": 0.0, "sd_base": 1.0, "sd_final": 1.0, "r": 0.5, "n": n}  # the changes have SD 1
    assert changes.smcc(final=centre, **visits).yi[0] == pytest.approx(delta)
    at_0, at_1 = (changes.smcc(final=d, **visits, variance="UB").vi[0] for d in (0.0, 1.0))
    assert at_0 + (at_1 - at_0) * (spread + centre**2) == pytest.approx(j**2 * spread)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8])
def test_the_unbiased_variance_of_a_raw_standardiser_is_right_on_average(rho: float) -> None:
    found = _simulated(rho, sd_final=1.0, n=8)
    effect = FORMS["SMCR"](**found, variance="UB")
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=0.03)
    plain = FORMS["SMCR"](**found)
    assert abs(plain.vi.mean() / effect.yi.var() - 1) > abs(effect.vi.mean() / effect.yi.var() - 1)


SEED = 2008
GROUPS = 40_000
SAMPLING = 0.05  # relative error of a variance seen in that many groups, and of the formula at their size


def _simulated(rho: float, *, sd_final: float, n: int, base: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    first = rng.normal(size=(GROUPS, n))
    second = rho * first + np.sqrt(1 - rho**2) * rng.normal(size=(GROUPS, n))
    final = base + 0.8 + sd_final * second
    of_changes = (final - first).var(axis=1, ddof=1)
    spreads = first.std(axis=1, ddof=1), final.std(axis=1, ddof=1)
    r = (spreads[0] ** 2 + spreads[1] ** 2 - of_changes) / (2 * spreads[0] * spreads[1])
    return {
        "base": base + first.mean(axis=1),
        "final": final.mean(axis=1),
        "sd_base": spreads[0],
        "sd_final": spreads[1],
        "n": np.full(GROUPS, n),
        "r": r,
    }


@pytest.mark.parametrize(
    ("form", "rho", "sd_final", "true"),
    [
        ("SMCC", 0.3, 1.6, 0.8 / np.sqrt(1 + 1.6**2 - 2 * 0.3 * 1.6)),
        ("SMCR", 0.3, 1.0, 0.8),
        ("SMCRH", 0.3, 1.6, 0.8),
        ("SMCRH", 0.7, 0.6, 0.8),
        ("SMCRP", 0.3, 1.0, 0.8),
        ("SMCRP", 0.8, 1.0, 0.8),
        ("SMCRPH", 0.3, 1.6, 0.8 / np.sqrt((1 + 1.6**2) / 2)),
        ("SMCRPH", 0.8, 0.6, 0.8 / np.sqrt((1 + 0.6**2) / 2)),
    ],
)
def test_variances_agree_with_simulated_groups(form: str, rho: float, sd_final: float, true: float) -> None:
    effect = FORMS[form](**_simulated(rho, sd_final=sd_final, n=60))
    assert effect.yi.mean() == pytest.approx(true, abs=0.01)
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=SAMPLING)


def test_the_variance_of_a_log_ratio_agrees_with_simulated_groups() -> None:
    effect = changes.ratio_of_means_change(**_simulated(0.5, sd_final=1.6, n=60, base=8.0))
    assert effect.yi.mean() == pytest.approx(np.log(8.8 / 8.0), abs=0.001)
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=SAMPLING)


@pytest.mark.parametrize("form", ["SMCC", "SMCR", "SMCRH"])
def test_two_patients_give_no_corrected_estimate(form: str) -> None:
    visits = {"base": [6, 6], "final": 4, "sd_base": 1, "sd_final": 2, "n": [2, 3], "r": 0.3}
    effect = FORMS[form](**visits)
    assert np.isnan(effect.yi).tolist() == [True, False]
    assert effect.notes == ("1 of 2 rows gives no estimate (fewer than 3 patients): position 0.",)
    assert FORMS[form](**visits, correct=False).defined.all()


def test_two_patients_have_no_unbiased_variance() -> None:
    effect = changes.smcr(base=6, final=4, sd_base=1, n=2, r=0.3, variance="UB", correct=False)
    assert not effect.defined.any()
    assert len(effect.notes) == 1


def test_means_without_a_ratio_give_no_estimate() -> None:
    visits = {"base": [6, -6, 0], "final": 4, "sd_base": 1, "sd_final": 2, "n": 9, "r": 0.3}
    effect = changes.ratio_of_means_change(**visits)
    assert np.isnan(effect.yi).tolist() == [False, True, True]
    assert "opposite sign" in effect.notes[0]


GOOD = {"base": 6, "final": 4, "sd_base": 1, "sd_final": 2, "n": 9, "r": 0.3}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": 1}, "n must be 2 or more"),
        ({"r": 1}, "r must lie between -1 and 1"),
        ({"r": 30}, "r must lie between -1 and 1"),
        ({"sd_base": 0}, "sd_base must be above 0"),
        ({"better": "lowest"}, 'did you mean "lower"'),
        ({"final": np.nan}, "final must be finite"),
        ({"base": [6, 6], "final": [4, 4, 4]}, "arrays of one length"),
    ],
)
def test_bad_input_is_refused(form: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FORMS[form](**(GOOD | wrong))


@pytest.mark.parametrize(
    ("form", "wrong", "message"),
    [
        ("MC", {"sd_final": -1}, "sd_final must be above 0"),
        ("SMCC", {"variance": "AV"}, "variance"),
        ("SMCR", {"variance": "LS2"}, 'did you mean "LS"'),
        ("SMCRP", {"variance": "UB"}, "variance"),
        ("SMCRPH", {"factor": "exakt"}, 'did you mean "exact"'),
    ],
)
def test_unknown_words_are_refused(form: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FORMS[form](**(GOOD | wrong))


# Lakens 2013, Frontiers in Psychology 4:863, table 1: ten scores of two films
FILM_1 = (9, 7, 8, 9, 8, 9, 9, 10, 9, 9)
FILM_2 = (9, 6, 7, 8, 7, 9, 8, 8, 8, 7)


def test_the_published_example_of_a_change_by_its_own_sd() -> None:
    """The text prints means 8.7 (SD 0.82) and 7.7 (SD 0.95), and Cohen's d_z 1.50."""
    one, two = np.array(FILM_1), np.array(FILM_2)
    assert (one.mean(), two.mean()) == (8.7, 7.7)
    assert (one.std(ddof=1), two.std(ddof=1)) == pytest.approx((0.82, 0.95), abs=5.1e-3)
    r = float(np.corrcoef(one, two)[0, 1])
    visits = {"base": two.mean(), "final": one.mean(), "n": 10, "r": r}
    spreads = {"sd_base": two.std(ddof=1), "sd_final": one.std(ddof=1)}
    assert changes.smcc(**visits, **spreads, correct=False).yi[0] == pytest.approx(1.50, abs=5.1e-3)
