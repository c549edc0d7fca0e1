"""The likelihood of effects with known sampling covariances and random effects, block by block; arrays only.

Rows that share no group and no sampling covariance are independent, so the marginal covariance is a row of
blocks. Blocks of nearly one size are padded to one array; padding has covariance 1 with itself and no data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from spineevidence.longitudinal.structures import Form, Moments, covariance, moments
from spineevidence.timing import FloatArray

IntArray = npt.NDArray[np.intp]
Scalar = TypeVar("Scalar", bound=np.generic)
LOG_2PI = float(np.log(2 * np.pi))
SMALLEST_PAD = 4  # rows: smaller blocks are padded to the largest of them


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One random effect per inner level of each outer group.

    Attributes
    ----------
    form : Form
        Structure over the L levels.
    outer, inner : ndarray of int, shape (k,)
        Codes of group and level of every row.
    """

    form: Form
    outer: IntArray
    inner: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """B blocks of up to m rows.

    Attributes
    ----------
    rows : ndarray of int, shape (B, m)
        Which row of the data each is; -1 is padding.
    data : ndarray, shape (B, m, p + 1)
        The design, and the effects as last column.
    v : ndarray, shape (B, m, m)
        Sampling covariances.
    pair : tuple of ndarray of int, each of shape (B, m, m)
        For every term: which entry of its covariance matrix, laid out in one row, two rows share; L * L where
        they share none.
    """

    rows: IntArray
    data: FloatArray
    v: FloatArray
    pair: tuple[IntArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Data in blocks and the terms of random effects.

    Attributes
    ----------
    blocks : tuple of Blocks
        All rows once.
    terms : tuple of Term
        Random effects.
    x : ndarray, shape (k, p)
        Design with orthonormal columns.
    y : ndarray, shape (k,)
        Effects less their ordinary least-squares fit.
    v : ndarray, shape (k,) or (k, k)
        Sampling variances or covariances.
    restricted : bool
        REML, else ML.
    """

    blocks: tuple[Blocks, ...]
    terms: tuple[Term, ...]
    x: FloatArray
    y: FloatArray
    v: FloatArray
    restricted: bool

    @property
    def size(self) -> int:
        """The number q of parameters of all terms."""
        return sum(term.form.size for term in self.terms)

    def split(self, parameters: npt.NDArray[Scalar]) -> list[npt.NDArray[Scalar]]:
        """Return what belongs to each term, of an array of shape (q,)."""
        sizes = [term.form.size for term in self.terms]
        ends = np.cumsum(sizes, dtype=np.intp)
        return [parameters[end - size : end] for size, end in zip(sizes, ends, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Generalised least squares at given parameters.

    Attributes
    ----------
    b : ndarray, shape (p,)
        Coefficients of the orthonormal design.
    vcov : ndarray, shape (p, p)
        Their covariances.
    rss : float
        Residual sum of squares r' inv(M) r.
    loglik : float
        Of contrasts (REML) or of the effects (ML), with all constants.
    inverse : tuple of ndarray, each of shape (B, m, m)
        inv(M) of each batch of blocks.
    weighted : tuple of ndarray, each of shape (B, m, p)
        inv(M) X.
    pull : tuple of ndarray, each of shape (B, m)
        inv(M) r.
    """

    b: FloatArray
    vcov: FloatArray
    rss: float
    loglik: float
    inverse: tuple[FloatArray, ...]
    weighted: tuple[FloatArray, ...]
    pull: tuple[FloatArray, ...]


def arrange(
    *, x: FloatArray, y: FloatArray, v: FloatArray, terms: tuple[Term, ...], restricted: bool, block: IntArray
) -> Model:
    """Return data in blocks.

    Parameters
    ----------
    x : ndarray, shape (k, p)
        Design with orthonormal columns.
    y : ndarray, shape (k,)
        Effects.
    v : ndarray, shape (k,) or (k, k)
        Sampling variances or covariances.
    terms : tuple of Term
        Random effects.
    restricted : bool
        REML, else ML.
    block : ndarray of int, shape (k,)
        Code of the block of every row, 0, 1, ...; see `independent`.

    Returns
    -------
    Model
        Batches of blocks with 1 to 4, 5 to 8, 9 to 16, ... rows.
    """
    count = np.bincount(block)
    order = np.argsort(block, kind="stable")
    members = np.split(order, np.cumsum(count)[:-1])
    level = np.maximum(np.ceil(np.log2(np.maximum(count, 1))), np.log2(SMALLEST_PAD))
    batches = [
        _padded(x=x, y=y, v=v, terms=terms, members=[members[i] for i in np.flatnonzero(level == one)])
        for one in np.unique(level)
    ]
    return Model(tuple(batches), terms, x, y, v, restricted)


def _padded(
    *, x: FloatArray, y: FloatArray, v: FloatArray, terms: tuple[Term, ...], members: list[IntArray]
) -> Blocks:
    most = max(part.size for part in members)
    rows = np.full((len(members), most), -1, dtype=np.intp)
    for place, part in enumerate(members):
        rows[place, : part.size] = part
    there = rows >= 0
    both = there[:, :, None] & there[:, None, :]
    data = np.where(there[..., None], np.concatenate([x, y[:, None]], axis=1)[rows], 0.0)
    itself = np.eye(most, dtype=bool)
    known = v[rows[:, :, None], rows[:, None, :]] if v.ndim == 2 else np.where(itself, v[rows][:, None], 0.0)
    pair = []
    for term in terms:
        size = term.form.levels
        outer, inner = term.outer[rows], term.inner[rows]
        shared = both & (outer[:, :, None] == outer[:, None, :])
        pair.append(np.where(shared, inner[:, :, None] * size + inner[:, None, :], size * size))
    return Blocks(rows, data, np.where(both, known, np.where(itself, 1.0, 0.0)), tuple(pair))


def independent(*, v: FloatArray, groups: list[IntArray]) -> IntArray:
    """Return the codes of blocks of rows that share no group and no sampling covariance, shape (k,).

    Parameters
    ----------
    v : ndarray, shape (k,) or (k, k)
        Sampling variances or covariances.
    groups : list of ndarray of int, each of shape (k,)
        Codes of the groups that rows belong to.

    Returns
    -------
    ndarray of int, shape (k,)
        Codes 0, 1, ...

    Examples
    --------
    >>> independent(v=np.ones(4), groups=[np.array([0, 0, 1, 2]), np.array([0, 1, 2, 2])]).tolist()
    [0, 0, 1, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    k = v.shape[0]
    left, right = [np.arange(k)], [np.arange(k)]
    if v.ndim == 2:
        row, column = np.nonzero(v)
        left, right = [row], [column]
    for code in groups:
        first = np.zeros(code.max() + 1, dtype=np.intp)
        first[code[::-1]] = np.arange(k)[::-1]
        left.append(np.arange(k))
        right.append(first[code])
    edges = np.concatenate(left), np.concatenate(right)
    graph = coo_matrix((np.ones(edges[0].size), edges), shape=(k, k))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.intp)


def covariances(blocks: Blocks, values: list[FloatArray]) -> FloatArray:
    """Return the marginal covariances M of every block, shape (B, m, m), from those of each term."""
    total = blocks.v
    for pair, value in zip(blocks.pair, values, strict=True):
        total = total + np.append(value, 0.0)[pair]
    return total


def solve(model: Model, values: list[FloatArray]) -> Solved:
    """Return the generalised least-squares fit and the log-likelihood.

    Parameters
    ----------
    model : Model
        Data and terms.
    values : list of ndarray, each of shape (L, L)
        Covariance matrix of the levels of each term.

    Returns
    -------
    Solved
        The log-likelihood is ``-(k-p)/2 log 2pi + 1/2 log|X'X| - 1/2 log|M| - 1/2 log|X'inv(M)X| -
        1/2 r'inv(M)r`` for REML and ``-k/2 log 2pi - 1/2 log|M| - 1/2 r'inv(M)r`` for ML; here ``X'X = I``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a marginal covariance is singular.

    References
    ----------
    .. [1] Harville DA (1977). https://doi.org/10.1080/01621459.1977.10480998
    .. [2] Gleser LJ, Olkin I (2009); Berkey CS et al. (1998), for meta-analysis.
       https://doi.org/10.1002/(SICI)1097-0258(19981130)17:22%3C2537::AID-SIM953%3E3.0.CO;2-C
    """
    p = model.x.shape[1]
    spread = 0.0
    cross = np.zeros((p + 1, p + 1))
    inverses: list[FloatArray] = []
    products: list[FloatArray] = []
    for blocks in model.blocks:
        m = covariances(blocks, values)
        spread += 2 * float(np.log(np.einsum("bii->bi", np.linalg.cholesky(m))).sum())
        inverse = np.asarray(np.linalg.inv(m), dtype=np.float64)
        product = inverse @ blocks.data
        cross += blocks.data.reshape(-1, p + 1).T @ product.reshape(-1, p + 1)
        inverses.append(inverse)
        products.append(product)
    b = np.linalg.solve(cross[:p, :p], cross[:p, p])
    vcov = np.linalg.inv(cross[:p, :p])
    pull = [product[..., p] - product[..., :p] @ b for product in products]
    rss = sum(
        float(((blocks.data[..., p] - blocks.data[..., :p] @ b) * u).sum())
        for blocks, u in zip(model.blocks, pull, strict=True)
    )
    k = model.y.size - p if model.restricted else model.y.size
    loglik = -0.5 * (k * LOG_2PI + spread + rss)
    if model.restricted:
        loglik -= 0.5 * float(np.linalg.slogdet(cross[:p, :p])[1])
    weighted = tuple(product[..., :p] for product in products)
    return Solved(b, (vcov + vcov.T) / 2, rss, loglik, tuple(inverses), weighted, tuple(pull))


def log_likelihoods(model: Model, places: list[FloatArray]) -> FloatArray:
    """Return the log-likelihoods at S places, each of shape (q,); all at once, shape (S,)."""
    each = [values_at(model, place) for place in places]
    stacked = [np.stack([one.reshape(-1) for one in values]) for values in zip(*each, strict=True)]
    none = np.zeros((len(places), 1))
    p = model.x.shape[1]
    spread, cross = np.zeros(len(places)), np.zeros((len(places), p + 1, p + 1))
    for blocks in model.blocks:
        m = np.broadcast_to(blocks.v, (len(places), *blocks.v.shape))
        for pair, values in zip(blocks.pair, stacked, strict=True):
            m = m + np.concatenate([values, none], axis=1)[:, pair]
        spread += 2 * np.log(np.einsum("sbii->sbi", np.linalg.cholesky(m))).sum(axis=(1, 2))
        cross += (blocks.data.transpose(0, 2, 1) @ np.linalg.solve(m, blocks.data)).sum(axis=1)
    inner, right = cross[:, :p, :p], cross[:, :p, p:]
    rss = cross[:, p, p] - (right * np.linalg.solve(inner, right)).sum(axis=(1, 2))
    k = model.y.size - p if model.restricted else model.y.size
    determinant = np.linalg.slogdet(inner)[1] if model.restricted else 0.0
    return np.asarray(-0.5 * (k * LOG_2PI + spread + rss + determinant))


def values_at(model: Model, parameters: FloatArray) -> list[FloatArray]:
    """Return the covariance matrix of the levels of each term."""
    return [
        covariance(term.form, part) for term, part in zip(model.terms, model.split(parameters), strict=True)
    ]


def _moments(model: Model, parameters: FloatArray) -> list[Moments]:
    return [moments(term.form, part) for term, part in zip(model.terms, model.split(parameters), strict=True)]


def derivatives(model: Model, parameters: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood, its gradient and its matrix of second derivatives.

    Parameters
    ----------
    model : Model
        Data and terms.
    parameters : ndarray, shape (q,)
        Of all terms, one after the other.

    Returns
    -------
    float, ndarray of shape (q,), ndarray of shape (q, q)
        Exact: with D the derivative of M, ``-1/2 tr(P D) + 1/2 y'P D P y`` for REML.

    References
    ----------
    .. [1] Harville DA (1977), equations 4.1 and 4.2. https://doi.org/10.1080/01621459.1977.10480998
    .. [2] Lindstrom MJ, Bates DM (1988). https://doi.org/10.1080/01621459.1988.10478693
    """
    found = _moments(model, parameters)
    solved = solve(model, [moment.value for moment in found])
    q, p = model.size, model.x.shape[1]
    gradient, hessian = np.zeros(q), np.zeros((q, q))
    scores = [np.zeros(term.form.levels**2 + 1) for term in model.terms]
    drift, load = np.zeros((q, p, p)), np.zeros((q, p))
    parts = zip(model.blocks, solved.inverse, solved.weighted, solved.pull, strict=True)
    for blocks, inverse, weighted, pull in parts:
        _add_scores(scores, blocks, _loss(model, solved, inverse, weighted) - _outer(pull))
        slopes = _slopes(blocks, found)
        shifted = (slopes @ pull[..., None])[..., 0]
        load += shifted.reshape(q, -1) @ weighted.reshape(-1, p)
        hessian -= _products(shifted, inverse @ shifted[..., None])
        turned = inverse @ slopes
        hessian += 0.5 * _products(turned, turned.transpose(0, 1, 3, 2))
        if model.restricted:
            bent = slopes @ weighted
            drift += (weighted.transpose(0, 2, 1) @ bent).sum(axis=1)
            hessian -= _products(bent @ solved.vcov, inverse @ bent)
    hessian += load @ solved.vcov @ load.T
    if model.restricted:
        moved = solved.vcov @ drift
        hessian += 0.5 * _products(moved, moved.transpose(0, 2, 1))
    start = 0
    for moment, score in zip(found, scores, strict=True):
        here = slice(start, start + moment.first.shape[0])
        square = score[:-1].reshape(moment.value.shape)
        gradient[here] = -0.5 * (square * moment.first).sum(axis=(1, 2))
        hessian[here, here] -= 0.5 * (square * moment.second).sum(axis=(2, 3))
        start = here.stop
    return solved.loglik, gradient, (hessian + hessian.T) / 2


def _products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the sums of products of each pair of parameters, shape (q, q); inputs of shape (q, ...)."""
    size = left.shape[0]
    return np.asarray(left.reshape(size, -1) @ right.reshape(size, -1).T)


def _outer(pull: FloatArray) -> FloatArray:
    return np.asarray(pull[:, :, None] * pull[:, None, :])


def _loss(model: Model, solved: Solved, inverse: FloatArray, weighted: FloatArray) -> FloatArray:
    """Return the blocks of P for REML and of inv(M) for ML, shape (B, m, m)."""
    if not model.restricted:
        return inverse
    return projections(solved, inverse, weighted)


def projections(solved: Solved, inverse: FloatArray, weighted: FloatArray) -> FloatArray:
    """Return the blocks of P = inv(M) - inv(M) X inv(X'inv(M)X) X' inv(M), shape (B, m, m)."""
    return np.asarray(inverse - (weighted @ solved.vcov) @ weighted.transpose(0, 2, 1))


def _add_scores(scores: list[FloatArray], blocks: Blocks, loss: FloatArray) -> None:
    """Add what each entry of a term's covariance matrix meets."""
    weights = loss.reshape(-1)
    for number, pair in enumerate(blocks.pair):
        scores[number] += np.bincount(pair.reshape(-1), weights=weights, minlength=scores[number].size)


def _slopes(blocks: Blocks, found: list[Moments]) -> FloatArray:
    """Return the derivatives of M by every parameter, shape (q, B, m, m)."""
    parts = []
    for moment, pair in zip(found, blocks.pair, strict=True):
        flat = moment.first.reshape(moment.first.shape[0], -1)
        parts.append(np.concatenate([flat, np.zeros((flat.shape[0], 1))], axis=1)[:, pair])
    return np.concatenate(parts)
