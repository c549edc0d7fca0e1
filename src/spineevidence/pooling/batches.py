"""The studies of many groups side by side, ready for sums over studies; arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spineevidence.effectsizes import BoolArray, require
from spineevidence.errors import InputError
from spineevidence.timing import FloatArray

IntArray = npt.NDArray[np.int64]

LN2 = float(np.log(2.0))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Studies of G groups, each group in units of its own most precise study.

    The most precise study of a group comes first and its effect is the origin, so that no sum over studies
    loses digits, whatever the ratio of the variances. Units are powers of 2, so that no digit changes.

    Attributes
    ----------
    y : ndarray, shape (K, G)
        Effects as deviations from the most precise study, in units of ``2**exponent``; 0 where there is no
        study.
    v : ndarray, shape (K, G)
        Variances in units of ``4**exponent``, those of the first row from 1 up to 4; infinite where there is
        no study.
    k : ndarray of int, shape (G,)
        Studies of each group.
    origin : ndarray, shape (G,)
        Effect of the most precise study.
    exponent : ndarray of int, shape (G,)
        Binary exponent of the unit.
    """

    y: FloatArray
    v: FloatArray
    k: IntArray
    origin: FloatArray
    exponent: IntArray

    @property
    def tau2_unit(self) -> FloatArray:
        """What a variance of 1 in a batch stands for, shape (G,)."""
        return np.ldexp(1.0, 2 * self.exponent)

    def of(self, groups: npt.NDArray[np.intp] | BoolArray) -> Batch:
        """Return the batch of some of the groups; they may come twice."""
        return Batch(
            y=self.y[:, groups],
            v=self.v[:, groups],
            k=self.k[groups],
            origin=self.origin[groups],
            exponent=self.exponent[groups],
        )


def arrange(*, yi: npt.ArrayLike, vi: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Batch:
    """Return the studies of groups as a batch, checked.

    Parameters
    ----------
    yi, vi : array_like, shape (G, K) or (K,)
        Effects and sampling variances, a row per group; one dimension stands for one group.
    mask : array_like of bool, shape (G, K), optional
        Where there is a study; without it everywhere. Values elsewhere are not looked at.

    Returns
    -------
    Batch
        Of G groups.

    Raises
    ------
    InputError
        If shapes differ, a group has no study, an effect is not finite, or a variance is not finite and
        above 0.

    Examples
    --------
    >>> arrange(yi=[[0.1, 0.9, 0.0]], vi=[[0.04, 0.01, 0.0]], mask=[[True, True, False]]).k.tolist()
    [2]
    """
    effects, variances = (_matrix(name, given) for name, given in (("yi", yi), ("vi", vi)))
    present = np.ones(effects.shape, dtype=bool) if mask is None else np.atleast_2d(np.asarray(mask, bool))
    if not effects.shape == variances.shape == present.shape:
        shapes = f"yi {effects.shape}, vi {variances.shape}, mask {present.shape}"
        raise InputError(f"yi, vi and mask must have one shape; found {shapes}; give one value per study")
    counts = present.sum(axis=1)
    require(counts > 0, "every group needs a study", counts, "leave out groups without one")
    require(
        np.isfinite(effects) | ~present, "yi must be finite", effects, "leave out studies without a number"
    )
    fine = np.isfinite(variances) & (variances > 0)
    require(fine | ~present, "vi must be finite and above 0", variances, "give variances of each study")
    full = bool(present.all())
    return arranged(effects.T, variances.T, None if full else present.T, counts.astype(np.int64))


def arranged(yi: FloatArray, vi: FloatArray, present: BoolArray | None, k: IntArray) -> Batch:
    """Return studies as a batch, unchecked; arrays of shape (K, G), a column per group."""
    y = np.array(yi, order="C") if present is None else np.where(present, yi, 0.0)
    v = np.array(vi, order="C") if present is None else np.where(present, vi, np.inf)
    first = np.argmin(v, axis=0)
    columns = np.arange(v.shape[1])
    origin, least = y[first, columns], v[first, columns]
    y[first, columns], v[first, columns] = y[0], v[0]
    y[0], v[0] = origin, least
    y -= origin
    if present is not None:
        y[np.isinf(v)] = 0.0
    exponent = ((np.frexp(least)[1] - 1) // 2).astype(np.int64)
    if exponent.any():
        unit = np.ldexp(1.0, -exponent)
        y *= unit
        v *= unit * unit
    return Batch(y=y, v=v, k=k, origin=origin, exponent=exponent)


class Mean(NamedTuple):
    """The weighted mean at one tau2 per group, in units of the batch, arrays of shape (G,)."""

    mu: FloatArray
    total: FloatArray  # sum of the weights
    q: FloatArray  # weighted sum of squares about the mean
    squares: FloatArray  # y'PPy, minus the derivative of q


def weighted_mean(batch: Batch, t: FloatArray) -> Mean:
    """Return the mean with weights ``1 / (v + t)``, and what it rests on."""
    w0 = 1.0 / (batch.v[0] + t)
    w = batch.v[1:] + t
    np.reciprocal(w, out=w)
    total = w0 + w.sum(axis=0)
    mu = products(w, batch.y[1:]) / total
    r = batch.y[1:] - mu
    w *= r
    return Mean(mu, total, w0 * mu**2 + products(w, r), (w0 * mu) ** 2 + products(w, w))


class Decline(NamedTuple):
    """What makes up the score, and how it declines, at one tau2 per group; arrays of shape (G,).

    With P the matrix that takes the weighted mean out, the score of the restricted likelihood is
    ``(y'PPy - tr P) / 2``; that of the likelihood has the sum of the weights in place of the trace.
    """

    trace: FloatArray  # tr P, or the sum of the weights
    squares: FloatArray  # y'PPy
    cubes: FloatArray  # y'PPPy, minus half the derivative of `squares`
    trace2: FloatArray  # tr PP, or the sum of squared weights: minus the derivative of `trace`

    def at(self, where: npt.NDArray[np.intp] | BoolArray) -> Decline:
        """Return the values of some places."""
        return Decline(*(values[where] for values in self))


def decline(y: FloatArray, v: FloatArray, t: FloatArray, *, restricted: bool) -> Decline:
    """Return the parts of the score; sums run over the studies after the first, which dominates at most."""
    y, v, first = y[1:], v[1:], v[0]
    w0 = 1.0 / (first + t)
    w = v + t
    np.reciprocal(w, out=w)
    s1 = w.sum(axis=0)
    total = w0 + s1
    mu = products(w, y) / total
    u0 = -w0 * mu
    u = y - mu
    u *= w
    squares = u0 * u0 + products(u, u)
    s2 = products(w, w)
    u -= u0
    wu = w * u
    sum_wu = wu.sum(axis=0)
    cubes = products(wu, u) - sum_wu * sum_wu / total
    all2 = s2 + w0 * w0
    if not restricted:
        return Decline(total, squares, cubes, all2)
    share = w0 / total
    w0q0 = w0 * s1 / total
    s3 = np.einsum("kg,kg,kg->g", w, w, w)
    trace = s1 * (1.0 + share) - s2 / total
    trace2 = w0q0 * w0q0 + share * share * s2 + s2 * (1.0 + all2 / (total * total)) - 2.0 * s3 / total
    return Decline(trace, squares, cubes, trace2)


def trace_of_squares(w: FloatArray, delta: FloatArray) -> FloatArray:
    """Return ``tr(P D P D)`` of diagonal D for weights (K, G), the largest of each group first.

    Twice this is the variance of ``y'Py`` for normal effects with variances `delta`.
    """
    rest = w[1:].sum(axis=0)
    total = w[0] + rest
    left = 1.0 - w / total
    left[0] = rest / total
    own = w * left * delta
    a = w * w * delta
    among = a[1:].sum(axis=0)
    crossed = 2.0 * a[0] * among + among**2 - products(a[1:], a[1:])
    found: FloatArray = products(own, own) + crossed / total**2
    return found


def products(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the sum of products over the studies, shape (G,)."""
    found: FloatArray = np.einsum("kg,kg->g", a, b)
    return found


def _matrix(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        array = np.atleast_2d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} must be numbers, a row per group of equal length; fill up short rows and give a mask"
        ) from error
    if array.ndim != 2 or not array.size:
        found = f"found shape {array.shape}"
        raise InputError(f"{name} must have a row per group and a column per study; {found}; give both")
    return array
