"""The type that carries effects and their variances."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineevidence.effectsizes import EffectSizes, t_quantile
from spineevidence.errors import InputError

QUANTILE = 1e-10  # the t quantile is found by iteration

# Two-sided 95 % points of Student's t as printed in common tables.
T_TABLE = {1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 30: 2.042, 120: 1.980}


@pytest.mark.parametrize(("df", "printed"), T_TABLE.items())
def test_quantiles_agree_with_the_printed_table(df: int, printed: float) -> None:
    assert float(t_quantile(p=0.975, df=df)) == pytest.approx(printed, abs=5.1e-4)


def test_infinite_degrees_of_freedom_are_the_normal_quantile() -> None:
    assert float(t_quantile(p=0.975, df=np.inf)) == pytest.approx(1.959963984540054, rel=QUANTILE)
    mixed = t_quantile(p=0.975, df=[np.inf, 1e9])
    assert mixed[0] == pytest.approx(mixed[1], rel=1e-8)


def test_closed_forms_of_one_and_two_degrees_of_freedom() -> None:
    p = np.array([0.6, 0.9, 0.975, 0.9995])
    assert t_quantile(p=p, df=1) == pytest.approx(np.tan(np.pi * (p - 0.5)), rel=QUANTILE)
    two = (2 * p - 1) * np.sqrt(2 / (1 - (2 * p - 1) ** 2))
    assert t_quantile(p=p, df=2) == pytest.approx(two, rel=QUANTILE)


def test_defaults_are_normal_intervals() -> None:
    effects = EffectSizes(yi=[1, 2], vi=[0.25, 1])
    assert np.isinf(effects.df).all()
    assert effects.sei.tolist() == [0.5, 1.0]
    assert effects.ci_low == pytest.approx([1 - 0.98, 2 - 1.96], abs=1e-4)
    assert effects.ci_high == pytest.approx([1 + 0.98, 2 + 1.96], abs=1e-4)


def test_degrees_of_freedom_widen_the_interval() -> None:
    effects = EffectSizes(yi=[0, 0], vi=[1, 1], df=[5, np.inf])
    assert effects.ci_high == pytest.approx([2.570582, 1.959964], abs=1e-6)
    assert EffectSizes(yi=[0, 0], vi=[1, 1], df=5).df.tolist() == [5, 5]


def test_given_limits_are_kept() -> None:
    effects = EffectSizes(yi=0.2, vi=0.01, ci_low=0.05, ci_high=0.33)
    assert (effects.ci_low[0], effects.ci_high[0]) == (0.05, 0.33)


def test_arrays_are_vectors_and_read_only() -> None:
    given_values = np.array([1.0, 2.0])
    effects = EffectSizes(yi=given_values, vi=(1, 1))
    given_values[0] = 9
    assert effects.yi.tolist() == [1.0, 2.0]
    for name in ("yi", "vi", "df", "ci_low", "ci_high"):
        values = getattr(effects, name)
        assert values.dtype == np.float64
        assert values.ndim == 1
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        effects.yi = np.zeros(2)


def test_a_changed_copy() -> None:
    effects = EffectSizes(yi=1, vi=1, measure="MD", notes=["one"])
    other = dataclasses.replace(effects, measure="SMD")
    assert (other.measure, other.notes, effects.measure) == ("SMD", ("one",), "MD")


def test_no_effects_are_no_error() -> None:
    assert len(EffectSizes(yi=[], vi=[])) == 0
    assert repr(EffectSizes(yi=[], vi=[])) == "<EffectSizes: 0>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"yi": [1, np.nan, np.inf], "vi": [1, 1, 1]},
            r"yi must be finite; found nan, inf at positions 1, 2",
        ),
        ({"yi": [1, 2], "vi": [1, 0]}, r"vi must be finite and above 0; found 0 at position 1"),
        ({"yi": [1], "vi": [-1]}, r"vi must be .* found -1 at position 0"),
        ({"yi": [1], "vi": [np.nan]}, r"vi must be"),
        ({"yi": [1, 2], "vi": [1]}, r"vi must be as long as yi \(2\); found 1"),
        ({"yi": [1, 2], "vi": 1}, r"vi must be as long as yi"),
        ({"yi": [1, 2], "vi": [1, 1], "df": [1]}, r"df must be as long"),
        ({"yi": [1], "vi": [1], "df": [0]}, r"df must be above 0"),
        ({"yi": [1], "vi": [1], "df": [np.nan]}, r"df must be above 0"),
        ({"yi": [1], "vi": [1], "ci_low": [0]}, r"ci_high is missing"),
        ({"yi": [1], "vi": [1], "ci_high": [0]}, r"ci_low is missing"),
        ({"yi": [1], "vi": [1], "ci_low": [2], "ci_high": [0]}, r"ci_low must not exceed ci_high"),
        ({"yi": [1], "vi": [1], "ci_low": [np.nan], "ci_high": [0]}, r"ci_low must not be missing alone"),
        ({"yi": [[1], [2]], "vi": [1, 1]}, r"yi must have one dimension; found shape \(2, 1\)"),
        ({"yi": "much", "vi": 1}, r"yi must be a number"),
        ({"yi": range(9), "vi": [0] * 9}, r"at positions 0, 1, 2, 3, 4 and 4 more"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EffectSizes(**arguments)


def test_shown_rounded_and_given_unrounded() -> None:
    third = 1 / 3
    effects = EffectSizes(yi=[third], vi=[third], measure="MD", estimand="contrast", notes=["a <note>"])
    assert repr(effects) == "<EffectSizes: 1 of MD contrast, yi 0.333 (95 % CI -0.798 to 1.465)>"
    frame = effects.to_frame()
    assert list(frame.columns) == ["yi", "vi", "sei", "df", "ci_low", "ci_high"]
    assert frame.loc[0, "yi"] == third
    html = effects._repr_html_()
    assert "<caption>Effect sizes: MD contrast (k = 1)</caption>" in html
    assert '<th scope="row">1</th><td>0.333</td>' in html
    assert "a &lt;note&gt;" in html
    assert html == effects._repr_html_()
    assert "0x" not in html + repr(effects)


def test_a_rounded_zero_has_no_sign() -> None:
    assert "yi 0.000" in repr(EffectSizes(yi=-1e-9, vi=1))


def test_long_tables_say_that_they_are_cut() -> None:
    html = EffectSizes(yi=np.zeros(30), vi=np.ones(30))._repr_html_()
    assert "(k = 30), the first 20 shown" in html
    assert html.count('scope="row"') == 20


@given(
    st.lists(
        st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(1, 1e6)), min_size=1, max_size=8
    ),
    st.floats(-100, 100),
    st.floats(0.01, 100),
)
def test_intervals_follow_shift_and_scale(
    rows: list[tuple[float, float, float]], shift: float, scale: float
) -> None:
    yi, vi, df = (np.array(column) for column in zip(*rows, strict=True))
    plain = EffectSizes(yi=yi, vi=vi, df=df)
    moved = EffectSizes(yi=shift + scale * yi, vi=scale**2 * vi, df=df)
    room = 1e-9 * (1 + np.abs(shift) + scale * (np.abs(yi) + np.sqrt(vi) * 20))
    assert np.all(np.abs(moved.ci_low - (shift + scale * plain.ci_low)) <= room)
    assert np.all(np.abs(moved.ci_high - (shift + scale * plain.ci_high)) <= room)


def test_a_row_without_limits_has_those_of_wald() -> None:
    given = {"ci_low": [np.nan, 0, np.nan], "ci_high": [np.nan, 1, np.nan]}
    effects = EffectSizes(yi=[1, 2, np.nan], vi=[4, np.nan, np.nan], df=9, **given, undefined=True)
    wald = EffectSizes(yi=1, vi=4, df=9)
    assert effects.ci_low[:2].tolist() == [wald.ci_low[0], 0]
    assert effects.ci_high[:2].tolist() == [wald.ci_high[0], 1]
    assert np.isnan([effects.ci_low[2], effects.ci_high[2]]).all()
    kept = effects.estimable()
    assert (kept.ci_low.tolist(), kept.ci_high.tolist()) == (wald.ci_low.tolist(), wald.ci_high.tolist())


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("missing", ["ci_low", "ci_high"])
def test_a_row_with_one_limit_is_refused(missing: str, undefined: bool) -> None:
    limits = {"ci_low": [0.0, 0.0], "ci_high": [3.0, 3.0]}
    limits[missing][1] = np.nan
    with pytest.raises(InputError, match=f"{missing} must not be missing alone; found nan at position 1"):
        EffectSizes(yi=[1, 1], vi=[1, 1], **limits, undefined=undefined)


def test_the_rows_left_out_are_named_by_their_former_positions() -> None:
    effects = EffectSizes(yi=[np.nan, 1, 2], vi=[np.nan, 1, 0], undefined=True, notes=("position 2 is 0",))
    kept = effects.estimable()
    assert kept.notes == (
        "position 2 is 0",
        "2 of 3 left out, no estimate with a variance: positions 0, 2; these and the positions in other "
        "notes are those before rows were left out.",
    )
    assert kept.estimable() is kept
