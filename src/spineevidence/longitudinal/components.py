"""Variances and correlations of random effects as reported, and what the data do not tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spineevidence.formatting import number
from spineevidence.longitudinal.climbing import BoolArray
from spineevidence.longitudinal.inputs import Labels, Named
from spineevidence.longitudinal.structures import ONE_CORRELATION, covariance, on_diagonal, printed
from spineevidence.timing import FloatArray

AT_ONE = 1e-6  # a correlation of an unstructured matrix this close to -1 or 1 is at its limit


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """The random effects of one term.

    Attributes
    ----------
    name : str
        Of the term.
    structure : str
        As asked for; "ID" for an intercept.
    levels : tuple
        Inner levels; (None,) for an intercept.
    groups : int
        Groups in the data.
    tau2 : ndarray, shape (1,) or (L,)
        Variances, in squared units of the effects: one, or one per level.
    rho : ndarray, shape (0,), (1,) or (L (L - 1) / 2,)
        Correlations: of CAR for times 1 apart; of UN the lower triangle by columns.
    covariance : ndarray, shape (L, L)
        Covariances of the levels of one group.
    variance_at_0, correlation_at_limit : ndarray of bool
        Of the shapes of `tau2` and `rho`: what lies at a bound.
    singular : bool
        Whether the covariance matrix of UN is singular although no correlation is -1 or 1.
    """

    name: str
    structure: str
    levels: Labels
    groups: int
    tau2: FloatArray
    rho: FloatArray
    covariance: FloatArray
    variance_at_0: BoolArray
    correlation_at_limit: BoolArray
    singular: bool

    def rows(self) -> list[tuple[str, float, bool]]:
        """Return label, estimate and whether it lies at a bound of each component."""
        variances = [f" at {level}" for level in self.levels] if self.tau2.size == len(self.levels) else [""]
        if self.levels == (None,):
            variances = [""]
        found = [
            (f"{self.name}: variance{word}", float(value), bool(bound))
            for word, value, bound in zip(variances, self.tau2, self.variance_at_0, strict=True)
        ]
        correlations = [""]
        if self.structure == "UN":
            first, second = np.triu_indices(len(self.levels), 1)
            correlations = [
                f" of {self.levels[i]} and {self.levels[j]}" for i, j in zip(first, second, strict=True)
            ]
        if self.rho.size:
            found += [
                (f"{self.name}: correlation{word}", float(value), bool(bound))
                for word, value, bound in zip(correlations, self.rho, self.correlation_at_limit, strict=True)
            ]
        return found


def components_of(
    terms: Sequence[Named], parameters: Sequence[FloatArray], at_bound: Sequence[BoolArray]
) -> tuple[Component, ...]:
    """Return the components of each term from its parameters and from which of these lie at a bound."""
    return tuple(_component(*parts) for parts in zip(terms, parameters, at_bound, strict=True))


def _component(named: Named, parameters: FloatArray, at_bound: BoolArray) -> Component:
    form = named.term.form
    tau2, rho = printed(form, parameters)
    at_limit = np.zeros(rho.size, dtype=bool)
    singular = False
    if form.structure == "UN":
        at_limit = np.abs(rho) > 1 - AT_ONE
        idle = at_bound[on_diagonal(form)]
        singular = bool((idle & (tau2 > 0)).any()) and not at_limit.any()
    elif form.with_correlation:
        at_limit = at_bound[-1:]
    return Component(
        name=named.name,
        structure=form.structure,
        levels=named.levels,
        groups=len(named.groups),
        tau2=tau2,
        rho=rho,
        covariance=covariance(form, parameters),
        variance_at_0=tau2 == 0,
        correlation_at_limit=at_limit,
        singular=singular,
    )


def notes_of(
    terms: Sequence[Named], components: Sequence[Component], *, converged: bool, rival: float | None
) -> Iterator[str]:
    """Yield a note for each component at a bound, and for what the data do not tell."""
    if rival is not None:
        yield (
            f"SEVERAL_MAXIMA: other components have a log-likelihood only {number(rival, 2)} lower; "
            "the data do not settle them"
        )
    if not converged:
        yield "the search for the highest likelihood stopped where it is flat; components are less exact"
    for named, component in zip(terms, components, strict=True):
        for label, value, bound in component.rows():
            if bound:
                limit = "0" if value == 0 else f"at its limit, {number(value, 2)}"
                yield f"{label} is {limit}: the likelihood is highest at this bound"
        if component.singular:
            yield f"{component.name}: the covariance matrix is singular, its correlations at a common limit"
        yield from _untold(named, component)


def _untold(named: Named, component: Component) -> Iterator[str]:
    form = named.term.form
    if form.structure in ONE_CORRELATION and not form.correlated:
        yield f"{named.name}: no group has two levels, so the correlation is not estimated and counts as 0"
    if form.structure == "UN":
        table = np.zeros((component.groups, form.levels))
        table[named.term.outer, named.term.inner] = 1.0
        together = table.T @ table
        first, second = np.triu_indices(form.levels, 1)
        for i, j in zip(first, second, strict=True):
            if not together[i, j]:
                yield (
                    f"{named.name}: no group has both {component.levels[i]} and {component.levels[j]}, so "
                    "that their correlation is not told by the data"
                )
