"""Many groups at once: the numbers of `pool`, order, what cannot be pooled, partitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spineevidence.effectsizes import EffectSizes
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.pooling.fits import TESTS, Test, fits
from spineevidence.pooling.groups import CELLS, NUMBERS, pool_groups
from spineevidence.pooling.heterogeneity import METHODS, Method
from spineevidence.pooling.pool import pool


def table(groups: int, seed: int = 1, most: int = 12) -> pd.DataFrame:
    """Return studies of groups, in mixed order."""
    rng = np.random.default_rng(seed)
    k = rng.integers(1, most + 1, groups)
    group = np.repeat(np.arange(groups), k)
    v = 10 ** rng.uniform(-2, 0, group.size)
    y = rng.normal(0.4, np.sqrt(v + rng.choice([0, 0.3], groups)[group]))
    frame = pd.DataFrame({"group": group, "yi": y, "vi": v})
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("method", METHODS)
def test_the_numbers_are_those_of_pool(method: Method, test: Test) -> None:
    frame = table(40)
    found = pool_groups(frame, by="group", method=method, test=test).set_index("group")
    for group, rows in frame.groupby("group"):
        alone = pool(EffectSizes(yi=rows["yi"], vi=rows["vi"]), method=method, test=test).to_frame()
        ours = found.loc[group, list(NUMBERS)].to_numpy(dtype=float)
        theirs = alone[list(NUMBERS)].to_numpy(dtype=float)[0]
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)
        assert found.loc[group, "k"] == len(rows)


def test_groups_come_in_order_of_first_appearance() -> None:
    frame = table(30)
    found = pool_groups(frame, by="group")
    assert found["group"].tolist() == frame["group"].drop_duplicates().tolist()
    assert found.index.tolist() == list(range(30))


def test_several_columns_and_kinds_of_keys() -> None:
    frame = table(24)
    frame["outcome"] = pd.Categorical(
        np.where(frame["group"] % 2, "pain", "function"), ["pain", "none", "function"]
    )
    frame["window"] = np.where(frame["group"] % 3, "6mo", None)
    found = pool_groups(frame, by=["outcome", "window"])
    kinds = frame.groupby(["outcome", "window"], dropna=False, observed=True).size()
    assert len(found) == len(kinds) == 4
    assert found["k"].sum() == len(frame)
    assert found["outcome"].dtype == "category"
    assert found["window"].isna().sum() == 2


def test_other_names_of_the_numbers() -> None:
    frame = table(5).rename(columns={"yi": "effect", "vi": "variance"})
    found = pool_groups(frame, by="group", yi="effect", vi="variance")
    assert found["b"].notna().all()


def test_groups_that_cannot_be_pooled_are_named() -> None:
    frame = pd.DataFrame(
        {
            "group": list("aabbccdde"),
            "yi": [0.1, 0.2, np.nan, 0.4, 0.3, 0.5, 0.2, np.inf, 0.4],
            "vi": [0.1, 0.1, 0.1, 0.1, 0.0, 0.2, 0.3, 0.1, 0.2],
        }
    )
    found = pool_groups(frame, by="group").set_index("group")
    assert found["b"].isna().tolist() == [False, True, True, True, False]
    assert found.loc["b", "note"] == (
        "NOT_POOLED: 1 of 2 rows without a finite effect and a variance above 0"
    )
    assert found.loc["a", "note"].startswith("TWO_STUDIES")
    assert found.loc["e", "note"].startswith("ONE_STUDY")
    assert found.loc["c", list(NUMBERS)].isna().all()
    assert found.loc["c", "maxima"] == 0
    assert found["k"].tolist() == [2, 2, 2, 2, 1]


def test_nothing_that_can_be_pooled() -> None:
    found = pool_groups(pd.DataFrame({"group": [1, 2], "yi": [np.nan, 1.0], "vi": [1.0, -1.0]}), by="group")
    assert found["note"].str.startswith("NOT_POOLED: 1 of 1 row without").all()


def test_two_maxima_are_told() -> None:
    y = [0.906, -0.142, -8.204, -0.101, -2.065, 0.12, 1.977, 1.121, 1.473]
    v = [0.763, 0.1535, 2.779, 0.2539, 5.747, 0.1098, 1.228, 1.918, 3.111]
    found = pool_groups(pd.DataFrame({"group": 1, "yi": y, "vi": v}), by="group")
    assert found.loc[0, "maxima"] == 2
    assert "SEVERAL_MAXIMA: 2" in found.loc[0, "note"]


def test_a_narrower_interval_is_told() -> None:
    frame = pd.DataFrame({"group": 1, "yi": [0.31, 0.3, 0.33], "vi": [0.04, 0.09, 0.02]})
    assert pool_groups(frame, by="group", test="knha").loc[0, "note"].startswith("NARROWED")
    assert pool_groups(frame, by="group").loc[0, "note"] == ""


def test_the_default_is_that_of_pool() -> None:
    effects = EffectSizes(yi=[0.31, 0.3, 0.33], vi=[0.04, 0.09, 0.02])
    frame = pd.DataFrame({"group": 1, "yi": effects.yi, "vi": effects.vi})
    found, one = pool_groups(frame, by="group"), pool(effects)
    assert (found.loc[0, "ci_low"], found.loc[0, "p"]) == pytest.approx((one.ci_low, one.p), rel=1e-10)


def test_two_alike_studies_are_told_to_be_narrowed() -> None:
    frame = pd.DataFrame({"group": 1, "yi": [0.5, 0.5], "vi": [0.1, 0.2]})
    notes = [pool_groups(frame, by="group", test=test).loc[0, "note"] for test in ("knha", "adhoc", "z")]
    assert notes == [
        "TWO_STUDIES: the interval rests on 1 degree of freedom; "
        "NARROWED: Hartung-Knapp made the interval narrower",
        "TWO_STUDIES: the interval rests on 1 degree of freedom",
        "",
    ]


def test_columns_that_cannot_be_told_apart() -> None:
    frame = pd.DataFrame([[1, 0.5, 0.1, 0.2]], columns=["group", "yi", "vi", "vi"])
    with pytest.raises(InputError, match='two columns are called "vi"'):
        pool_groups(frame, by="group")
    with pytest.raises(InputError, match="by must be the name of a column"):
        pool_groups(frame, by=0)  # type: ignore[arg-type]


def test_progress_reaches_all_groups() -> None:
    seen: list[tuple[int, int]] = []
    frame = table(3000, most=30)
    frame.loc[0, "vi"] = -1.0
    pool_groups(frame, by="group", progress=lambda done, total: seen.append((done, total)))
    done = [step[0] for step in seen]
    assert done == sorted(set(done))
    assert len(done) > 5
    assert seen[-1] == (3000, 3000)


def test_batches_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watched(batch: Any, **words: Any) -> Any:
        sizes.append(batch.y.size)
        return fits(batch, **words)

    monkeypatch.setattr("spineevidence.pooling.groups.fits", watched)
    frame = table(20_000, most=20)
    pool_groups(frame, by="group")
    assert max(sizes) <= CELLS
    assert sum(sizes) < 1.25 * len(frame)


def test_a_group_larger_than_a_batch() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"group": 1, "yi": rng.normal(0, 1, CELLS + 7), "vi": 0.1})
    found = pool_groups(frame, by="group")
    assert found.loc[0, "tau2"] == pytest.approx(frame["yi"].var() - 0.1)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"by": "grop"}, UnknownNameError, 'did you mean "group"'),
        ({"by": []}, InputError, "a column that tells them apart"),
        ({"by": "group", "yi": "y"}, UnknownNameError, "column"),
        ({"by": "group", "method": "REM"}, InputError, 'did you mean "REML"'),
        ({"by": "group", "test": "hk"}, InputError, "known: z, t"),
        ({"by": "group", "level": 95}, InputError, "0.95"),
    ],
)
def test_wrong_words(words: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pool_groups(table(3), **words)


def test_tables_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="no row"):
        pool_groups(table(3).head(0), by="group")
    with pytest.raises(InputError, match="column yi must hold numbers"):
        pool_groups(table(3).assign(yi="large"), by="group")
    with pytest.raises(InputError, match="a column b of its own"):
        pool_groups(table(3).rename(columns={"group": "b"}), by="b")


def test_partitions_of_dask_give_the_same() -> None:
    dask = pytest.importorskip("dask")
    frame_of = pytest.importorskip("dask.dataframe")
    frame = table(200)
    meta = pool_groups(frame.head(1), by="group").head(0)
    with dask.config.set(scheduler="sync"):
        pooled = (
            frame_of.from_pandas(frame, npartitions=4)
            .shuffle(on="group")
            .map_partitions(lambda part: pool_groups(part, by="group") if len(part) else meta, meta=meta)
            .compute()
        )
    ours = pool_groups(frame, by="group").sort_values("group").reset_index(drop=True)
    pd.testing.assert_frame_equal(
        pooled.sort_values("group").reset_index(drop=True), ours, check_dtype=False, rtol=1e-10, atol=1e-13
    )
