"""Conversions: values from R and from papers, identities, and input that must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError
from spineevidence.formulas import conversions, correlations

CLOSED_FORM = 1e-10  # the reference values have 15 digits; log-gamma costs about 5e-14

ARITHMETIC = 1e-9  # the same sum in another order, after cancellation

# metadat dat.bcg, the first six trials, and metafor 5.1-12 on it (RD, OR2DL)
BCG = {
    "events1": np.array([4, 6, 3, 62, 33, 180]),
    "none1": np.array([119, 300, 228, 13536, 5036, 1361]),
    "events2": np.array([11, 29, 11, 248, 47, 372]),
    "none2": np.array([128, 274, 209, 12619, 5761, 1079]),
}

BCG_OR2DL_YI = [
    -0.517529203824981, -0.918619094196238, -0.764304138845688, -0.802979413286922, -0.120818812706969,
    -0.528240366420453,
]  # fmt: skip

BCG_OR2DL_VI = [
    0.108552968611653, 0.0632646614389772, 0.131741778252657, 0.00617484110233086, 0.0157914467102813,
    0.0030108396789171,
]  # fmt: skip

SDS = st.floats(0.1, 50)


def test_odds_ratios_as_standardised_differences_equal_metafor() -> None:
    a, b, c, d = (BCG[name] for name in ("events1", "none1", "events2", "none2"))
    effect = conversions.log_odds_ratio_to_smd(
        lnor=np.log(a * d / (b * c)), se=np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    )
    assert effect.yi == pytest.approx(BCG_OR2DL_YI, rel=CLOSED_FORM)
    assert effect.vi == pytest.approx(BCG_OR2DL_VI, rel=CLOSED_FORM)


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_differences_of_scores_rescale_as_differences(first: float, second: float) -> None:
    ranges = {"from_range": (1.0, 5.0), "to_range": (0.0, 100.0)}
    scores = conversions.rescale(value=[first, second], **ranges)
    difference = conversions.rescale(value=first - second, **ranges, of="difference")
    assert scores[0] - scores[1] == pytest.approx(float(difference), abs=1e-8)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 100), st.one_of(st.none(), st.floats(1, 1e5)))
def test_interval_to_error_and_back(yi: float, se: float, df: float | None) -> None:
    effect = EffectSizes(yi=yi, vi=se**2, df=df)
    found = conversions.se_from_ci(ci_low=effect.ci_low, ci_high=effect.ci_high, df=df)
    assert found == pytest.approx(effect.sei, rel=1e-7)


def test_levels_of_an_interval() -> None:
    assert float(conversions.se_from_ci(ci_low=-1.644854, ci_high=1.644854, level=0.9)) == pytest.approx(
        1, abs=1e-6
    )


def test_error_from_a_p_value() -> None:
    assert float(conversions.se_from_p(estimate=-1.959964, p=0.05)) == pytest.approx(1, abs=1e-6)
    # Cochrane Handbook 6.5.2.3: MD 3.8, p = 0.008, n 25 and 22: t = 2.78 with 45 degrees of freedom
    assert float(conversions.se_from_p(estimate=3.8, p=0.008, df=45)) == pytest.approx(3.8 / 2.78, abs=0.005)
    assert np.isfinite(conversions.se_from_p(estimate=1, p=1e-300))


@given(SDS, SDS, st.floats(-1, 1))
def test_correlation_to_change_and_back(base: float, final: float, r: float) -> None:
    change = conversions.sd_change(sd_base=base, sd_final=final, r=r)
    assert abs(base - final) - 1e-9 <= change <= base + final + 1e-9
    back = conversions.r_from_sds(sd_base=base, sd_final=final, sd_change=change)
    assert float(back) == pytest.approx(r, abs=1e-7 * max(base / final, final / base))


def test_change_scores_of_uncorrelated_times() -> None:
    assert float(conversions.sd_change(sd_base=3, sd_final=4, r=0)) == 5.0
    assert float(conversions.sd_change(sd_base=3, sd_final=4, r=1)) == 1.0


@given(st.lists(st.lists(st.floats(-50, 50), min_size=2, max_size=8), min_size=2, max_size=5))
def test_combined_arms_are_what_the_patients_give(groups: list[list[float]]) -> None:
    everyone = np.concatenate(groups)
    found = conversions.combine_arms(
        n=[len(group) for group in groups],
        mean=[np.mean(group) for group in groups],
        sd=[np.std(group, ddof=1) for group in groups],
    )
    assert float(found.n) == everyone.size
    assert float(found.mean) == pytest.approx(everyone.mean(), abs=ARITHMETIC)
    assert float(found.sd) == pytest.approx(everyone.std(ddof=1), abs=1e-7)


def test_combining_follows_the_handbook_formula_for_two_groups() -> None:
    n1, n2, m1, m2, s1, s2 = 20, 25, 4.1, 3.6, 2.2, 2.5
    spread = n1 * n2 / (n1 + n2) * (m1**2 + m2**2 - 2 * m1 * m2)
    sd = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2 + spread) / (n1 + n2 - 1))
    assert float(conversions.combine_arms(n=[n1, n2], mean=[m1, m2], sd=[s1, s2]).sd) == pytest.approx(sd)


def test_combining_four_groups_equals_the_reference() -> None:
    # the sets b and c of a synthetic reference, subgroups combined one after another
    b = conversions.combine_arms(n=[73, 68, 25], mean=[44.5, 42.3, 31.6], sd=[9.88, 12.48, 12.99])
    assert (float(b.n), float(b.mean), float(b.sd)) == pytest.approx(
        (166, 41.6560240963855, 12.2251615781362), rel=CLOSED_FORM
    )
    c = conversions.combine_arms(
        n=[8, 32, 64, 26], mean=[25.7, 23.5, 40.4, 41.8], sd=[14.38, 10.53, 6.33, 11.47]
    )
    assert (float(c.n), float(c.mean), float(c.sd)) == pytest.approx(
        (130, 35.6153846153846, 12.0210832654208), rel=CLOSED_FORM
    )


def test_combining_many_studies_at_once() -> None:
    many = conversions.combine_arms(
        n=[[20, 10], [25, 10]], mean=[[4.1, 1], [3.6, 1]], sd=[[2.2, 2], [2.5, 2]]
    )
    one = conversions.combine_arms(n=[20, 25], mean=[4.1, 3.6], sd=[2.2, 2.5])
    assert many.sd.shape == (2,)
    assert many.sd[0] == pytest.approx(float(one.sd))
    assert repr(many) == "<CombinedArm: 2 arms>"


def test_a_vector_has_one_value_per_group_in_every_study() -> None:
    # two groups in two studies: a vector of two belongs to the groups, not to the studies
    means, sds = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [1.5, 3.0]])
    found = conversions.combine_arms(n=[20, 40], mean=means, sd=1)
    assert found.mean == pytest.approx([(20 * 1 + 40 * 3) / 60, (20 * 2 + 40 * 4) / 60])
    assert found.n.tolist() == [60, 60]
    for groups in (
        {"n": [20, 40], "mean": means, "sd": sds},
        {"n": [[20, 20], [40, 40]], "mean": [1.0, 3.0], "sd": sds},
        {"n": [[20, 20], [40, 40]], "mean": means, "sd": [1.0, 1.5]},
    ):
        both = conversions.combine_arms(**groups)
        full = {name: np.broadcast_to(np.array(v).T, (2, 2)).T for name, v in groups.items()}
        for study in range(2):
            one = conversions.combine_arms(**{name: values[:, study] for name, values in full.items()})
            assert (both.n[study], both.mean[study], both.sd[study]) == pytest.approx(
                (float(one.n), float(one.mean), float(one.sd))
            )


@given(st.floats(-5, 5), st.floats(0.05, 5), st.floats(0.1, 20))
def test_units_of_the_smallest_difference_and_back(d: float, se: float, unit: float) -> None:
    there = conversions.mid_units(d=d, se=se, mid=unit)
    back = conversions.smd_to_natural(g=there.yi, se=there.sei, sd_rep=unit)
    assert back.yi == pytest.approx(d, abs=ARITHMETIC)
    assert back.sei == pytest.approx(se)
    assert there.ci_low / there.sei == pytest.approx(back.ci_low / back.sei, abs=1e-6)


def test_scalars_give_scalars_and_vectors_vectors() -> None:
    assert np.ndim(conversions.sd_change(sd_base=1, sd_final=2, r=0.5)) == 0
    assert conversions.sd_change(sd_base=[1, 2], sd_final=2, r=0.5).shape == (2,)
    assert correlations.shared_control_covariance(sd_control=[2.0, 3.0], n_control=10).tolist() == [0.4, 0.9]


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (conversions.se_from_ci, {"ci_low": 2, "ci_high": 1}, "ci_low must be below ci_high"),
        (conversions.se_from_ci, {"ci_low": [0, 1], "ci_high": [1, 1]}, "found 1 at position 1"),
        (conversions.se_from_ci, {"ci_low": 0, "ci_high": 1, "df": 0}, "df must be above 0"),
        (conversions.se_from_ci, {"ci_low": 0, "ci_high": 1, "level": 95}, "level must lie between 0 and 1"),
        (conversions.se_from_ci, {"ci_low": float("nan"), "ci_high": 1}, "ci_low must be finite"),
        (conversions.se_from_ci, {"ci_low": "low", "ci_high": 1}, "ci_low must be a number"),
        (conversions.se_from_ci, {"ci_low": [1, 2], "ci_high": [3, 4, 5]}, "arrays of one length"),
        (conversions.se_from_p, {"estimate": 1, "p": 0}, "p must be above 0"),
        (conversions.se_from_p, {"estimate": 1, "p": 1.2}, "at most 1"),
        (conversions.se_from_p, {"estimate": 1, "p": 1}, "p must be below 1"),
        (conversions.se_from_p, {"estimate": 0, "p": 0.5}, "must not be 0"),
        (conversions.sd_change, {"sd_base": -1, "sd_final": 1, "r": 0}, "sd_base must be 0 or more"),
        (conversions.sd_change, {"sd_base": 1, "sd_final": 1, "r": 1.1}, "r must lie from -1 to 1"),
        (conversions.r_from_sds, {"sd_base": 1, "sd_final": 1, "sd_change": 3}, "three standard deviations"),
        (conversions.r_from_sds, {"sd_base": 0, "sd_final": 1, "sd_change": 1}, "sd_base must be above 0"),
        (conversions.rescale, {"value": 1, "from_range": (10, 0), "to_range": (0, 1)}, "from_range"),
        (conversions.rescale, {"value": 1, "from_range": (0, 10), "to_range": (0, 1, 2)}, "to_range"),
        (
            conversions.rescale,
            {"value": 1, "from_range": (0, 9), "to_range": (0, 1), "of": "sd"},
            "kind of value",
        ),
        (conversions.smd_to_natural, {"g": 1, "se": 0, "sd_rep": 2}, "se must be above 0"),
        (conversions.smd_to_natural, {"g": 1, "se": 1, "sd_rep": 0}, "sd_rep must be above 0"),
        (conversions.combine_arms, {"n": [9], "mean": [1], "sd": [1]}, "two or more groups"),
        (conversions.combine_arms, {"n": 9, "mean": 1, "sd": 1}, "two or more groups"),
        (
            conversions.combine_arms,
            {"n": [9] * 3, "mean": [[1, 1]] * 2, "sd": 1},
            "values of the same groups",
        ),
        (conversions.combine_arms, {"n": [[[9]]], "mean": 1, "sd": 1}, "two dimensions at most"),
        (conversions.combine_arms, {"n": [9, 0], "mean": [1, 1], "sd": [1, 1]}, "n must be 1 or more"),
        (conversions.combine_arms, {"n": [9, 9], "mean": [1, 1], "sd": [1, -1]}, "sd must be 0 or more"),
        (conversions.log_odds_ratio_to_smd, {"lnor": 1, "se": 0}, "se must be above 0"),
        (conversions.mid_units, {"d": 1, "se": 1, "mid": -1}, "mid must be above 0"),
    ],
)
def test_bad_input_is_refused(
    call: Callable[..., object], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(**arguments)
