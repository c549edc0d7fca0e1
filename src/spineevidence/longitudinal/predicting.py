"""Best linear unbiased predictions of random effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spineevidence.longitudinal.inputs import Named
from spineevidence.longitudinal.marginal import Model, Solved, projections
from spineevidence.pooling.mixedmodel import half_width
from spineevidence.timing import FloatArray


def random_effects(
    model: Model, terms: Sequence[Named], solved: Solved, *, values: Sequence[FloatArray], level: float
) -> pd.DataFrame:
    """Return the random effects that occur in the data.

    Parameters
    ----------
    model : Model
        Data and terms.
    terms : sequence of Named
        The words for groups and levels.
    solved : Solved
        The fit.
    values : sequence of ndarray, each of shape (L, L)
        Covariance matrix of the levels of each term.
    level : float
        Coverage of the prediction intervals.

    Returns
    -------
    DataFrame
        As `spineevidence.longitudinal.multilevel.MultilevelFit.blups` says: ``G Z'inv(M) r`` and the square
        roots of the diagonal of ``G - G Z'P Z G``.

    References
    ----------
    .. [1] Robinson GK (1991). https://doi.org/10.1214/ss/1177011926
    """
    frames = [
        _of_term(model, named, solved, number=number, value=values[number])
        for number, named in enumerate(terms)
    ]
    columns = ["term", "group", "level", "blup", "se"]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    half = half_width(se=table["se"].to_numpy(dtype=np.float64), df=np.inf, level=level)
    return table.assign(pi_low=table["blup"] - half, pi_high=table["blup"] + half)


def _of_term(model: Model, named: Named, solved: Solved, *, number: int, value: FloatArray) -> pd.DataFrame:
    k = model.y.size
    blup, spread = np.zeros(k), np.zeros(k)
    own = np.diagonal(value)[named.term.inner]
    parts = zip(model.blocks, solved.inverse, solved.weighted, solved.pull, strict=True)
    for blocks, inverse, weighted, pull in parts:
        shared = np.append(value, 0.0)[blocks.pair[number]]
        there = blocks.rows >= 0
        rows = blocks.rows[there]
        blup[rows] = (shared @ pull[..., None])[..., 0][there]
        told = np.einsum("bij,bji->bi", shared @ projections(solved, inverse, weighted), shared)
        spread[rows] = told[there]
    _, first = np.unique(named.term.outer * len(named.levels) + named.term.inner, return_index=True)
    return pd.DataFrame(
        {
            "term": named.name,
            "group": pd.Series([named.groups[i] for i in named.term.outer[first]], dtype=object),
            "level": pd.Series([named.levels[i] for i in named.term.inner[first]], dtype=object),
            "blup": blup[first],
            "se": np.sqrt(np.maximum(own[first] - spread[first], 0.0)),
        }
    )
