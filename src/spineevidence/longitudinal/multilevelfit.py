"""The result of a multilevel model, and what can be asked of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineevidence.effectsizes import notes_below
from spineevidence.errors import InputError, UnknownNameError
from spineevidence.formatting import count_of, html_table, interval, number, trimmed
from spineevidence.formulas.arguments import checked_level, numbers
from spineevidence.longitudinal.climbing import BoolArray
from spineevidence.longitudinal.components import Component
from spineevidence.longitudinal.inputs import Given, Named, read_labels
from spineevidence.longitudinal.marginal import IntArray, Model, Solved, values_at
from spineevidence.longitudinal.predicting import random_effects
from spineevidence.longitudinal.profiles import ProfileInterval, profiled
from spineevidence.longitudinal.robust import RobustFit, robust_tests
from spineevidence.pooling.mixedmodel import chi2_p, half_width
from spineevidence.timing import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Wald:
    """A test that several coefficients are all 0.

    Attributes
    ----------
    names : tuple of str
        The coefficients.
    statistic : float
        Chi-squared, or F where there are degrees of freedom.
    df : tuple of int or float
        Number of coefficients; with ``test="t"`` also the degrees of freedom below.
    p : float
        Its p-value.
    """

    names: tuple[str, ...]
    statistic: float
    df: tuple[float, ...]
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What later questions to a fit are answered from.

    `turn` leads from the orthonormal design back; `rival` says how much lower another maximum is.
    """

    model: Model
    terms: tuple[Named, ...]
    parameters: FloatArray
    at_bound: BoolArray
    converged: bool
    rival: float | None
    solved: Solved
    turn: FloatArray
    x: FloatArray


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MultilevelFit:
    """A multilevel or multivariate model of effects with known sampling covariances.

    Attributes
    ----------
    names : tuple of str
        The coefficients.
    b, se, statistic, df, p, ci_low, ci_high : ndarray, shape (p,)
        Coefficients, standard errors, statistics (z or t), degrees of freedom (infinite for z), two-sided
        p-values and limits.
    vcov : ndarray, shape (p, p)
        Covariances of the coefficients.
    k : int
        Effects.
    components : tuple of Component
        Variances and correlations of the random effects.
    loglik, deviance, aic, bic, aicc : float
        Restricted for "REML"; with the constants of `spineevidence.longitudinal.marginal.solve`. The deviance
        is -2 `loglik`. The criteria count all parameters, and k - p observations for "REML".
    n_par : int
        Coefficients, variances and correlations.
    q, q_df, q_p : float
        Residual heterogeneity, weights from the sampling covariances alone.
    qm : Wald
        Test of all coefficients but the intercept (of all where there is none, or nothing else).
    method, test, freedom : str
        As asked for.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Caveats: components at a bound, and what the data do not tell.
    """

    names: tuple[str, ...]
    b: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    vcov: FloatArray
    k: int
    components: tuple[Component, ...]
    loglik: float
    deviance: float
    aic: float
    bic: float
    aicc: float
    n_par: int
    q: float
    q_df: int
    q_p: float
    qm: Wald
    method: str
    test: str
    freedom: str
    level: float
    notes: tuple[str, ...]
    _state: State = field(repr=False)

    def __repr__(self) -> str:
        slopes = ", ".join(
            f"{name} {number(b, 3)} ({interval(low, high, 3)})"
            for name, b, low, high in zip(self.names, self.b, self.ci_low, self.ci_high, strict=True)
        )
        return f"<MultilevelFit: k {self.k}, {slopes} ({self.method}, {self.test})>"

    def __str__(self) -> str:
        parts = [
            f"Multilevel model of {count_of(self.k, 'effect')}, {self.method}, "
            f"log-likelihood {number(self.loglik, 3)}",
            "",
            self.to_frame().drop(columns="df" if self.test == "z" else []).round(4).to_string(),
        ]
        if self.components:
            parts += ["", self.components_frame().round(4).to_string()]
        parts += [
            "",
            f"Residual heterogeneity: Q {number(self.q, 2)}, df {self.q_df}, p {self.q_p:.3g}",
            *(f"Note: {note}" for note in self.notes),
        ]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        caption = f"Multilevel model of {count_of(self.k, 'effect')}, {self.method}"
        head = ("Coefficient", "b", "SE", f"{trimmed(100 * self.level)} % CI", "p")
        rows = [
            (name, number(b, 3), number(se, 3), interval(low, high, 3), f"{p:.3g}")
            for name, b, se, low, high, p in zip(
                self.names, self.b, self.se, self.ci_low, self.ci_high, self.p, strict=True
            )
        ]
        return notes_below(html_table(caption, head, rows), self.notes)

    @property
    def sigma2(self) -> FloatArray:
        """Variances of the random intercepts, in the order they were given."""
        kept = [one.tau2 for one in self.components if one.levels == (None,)]
        return np.concatenate(kept) if kept else np.zeros(0)

    def to_frame(self) -> pd.DataFrame:
        """Return the coefficients, unrounded.

        Returns
        -------
        DataFrame
            A row per coefficient, its name as index: ``b``, ``se``, ``statistic``, ``df``, ``p``,
            ``ci_low`` and ``ci_high``.
        """
        words = ("b", "se", "statistic", "df", "p", "ci_low", "ci_high")
        columns = {word: getattr(self, word) for word in words}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="coefficient"))

    def components_frame(self) -> pd.DataFrame:
        """Return variances and correlations, unrounded.

        Returns
        -------
        DataFrame
            A row per component, its name as index (as `profile_interval` takes it): ``estimate`` and
            ``at_bound``, whether it is a variance of 0 or a correlation at its limit.
        """
        rows = [row for component in self.components for row in component.rows()]
        index = pd.Index([row[0] for row in rows], name="component", dtype=object)
        return pd.DataFrame(
            {"estimate": [row[1] for row in rows], "at_bound": [row[2] for row in rows]}, index=index
        )

    def wald(self, names: Sequence[str]) -> Wald:
        """Return the test that the named coefficients are all 0.

        Parameters
        ----------
        names : sequence of str
            Coefficients.

        Returns
        -------
        Wald
            With ``test="t"`` an F test with the fewest degrees of freedom among them.

        Raises
        ------
        UnknownNameError
            If there is no such coefficient.
        """
        for name in names:
            if name not in self.names:
                raise UnknownNameError("coefficient", name, self.names)
        chosen = np.array([self.names.index(name) for name in names], dtype=np.intp)
        return joint_test(self.names, self.b, self.vcov, self.df, chosen)

    def predict(
        self,
        design: npt.ArrayLike | None = None,
        *,
        levels: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
    ) -> pd.DataFrame:
        """Return expected effects, with intervals for their mean and for the effect of a new group.

        Parameters
        ----------
        design : array_like, shape (n, p), optional
            Rows of the design; those of the fit, with their levels, without it.
        levels : array_like, shape (n,), or mapping from the name of a term, optional
            Inner level of every row, where variances differ between levels.

        Returns
        -------
        DataFrame
            ``pred``, ``se``, ``ci_low``, ``ci_high``, and ``pi_low`` and ``pi_high``, which add the variances
            of all random effects. With ``test="t"`` a row has the fewest degrees of freedom among its
            coefficients.

        Raises
        ------
        InputError
            If the design does not fit, or levels are needed and missing.
        UnknownNameError
            If a level or term was not in the data.

        Examples
        --------
        >>> from spineevidence.longitudinal.multilevel import fit_multilevel
        >>> fit = fit_multilevel(yi=[1, 2, 4, 5], v=[1, 1, 1, 1], intercepts={"study": ["a", "a", "b", "b"]})
        >>> fit.predict([[1]])[["pred", "pi_low"]].round(2).values.tolist()
        [[3.0, -1.9]]
        """
        rows = self._state.x if design is None else numbers("design", design)
        if rows.ndim != 2 or rows.shape[1] != self.b.size:
            raise InputError(
                f"a prediction needs a column for each of the {self.b.size} coefficients; found shape "
                f"{rows.shape}; give shape (n, {self.b.size})"
            )
        between = np.zeros(rows.shape[0])
        for named, component in zip(self._state.terms, self.components, strict=True):
            between += self._variances(named, component, levels, rows.shape[0], observed=design is None)
        pred = rows @ self.b
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, self.vcov, rows), 0.0))
        df = np.where(rows != 0, self.df, np.inf).min(axis=1)
        columns = {"pred": pred, "se": se}
        for word, spread in (("ci", se), ("pi", np.sqrt(se**2 + between))):
            half = half_width(se=spread, df=df, level=self.level)
            columns |= {f"{word}_low": pred - half, f"{word}_high": pred + half}
        return pd.DataFrame(columns)

    def _variances(
        self,
        named: Named,
        component: Component,
        levels: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None,
        n: int,
        *,
        observed: bool,
    ) -> FloatArray:
        """Return the variance of a term at each row of a prediction."""
        if component.tau2.size == 1:
            return np.broadcast_to(component.tau2, (n,))
        if observed:
            return component.tau2[named.term.inner]
        given = levels.get(named.name) if isinstance(levels, Mapping) else levels
        if given is None:
            raise InputError(
                f"the variances of {named.name} differ between levels; a prediction needs the level of every "
                "row; give levels"
            )
        found = np.atleast_1d(np.asarray(given, dtype=object))
        if found.shape != (n,):
            raise InputError(
                f"one level for each of {n} rows is needed; found shape {found.shape}; give as many"
            )
        for level in found:
            if level not in named.levels:
                raise UnknownNameError(
                    f"level of {named.name}", str(level), [str(one) for one in named.levels]
                )
        return component.tau2[[named.levels.index(level) for level in found]]

    def blups(self) -> pd.DataFrame:
        """Return the best linear unbiased predictions of the random effects.

        Returns
        -------
        DataFrame
            A row per group, or per group and level: ``term``, ``group``, ``level`` (None for an intercept),
            ``blup``, ``se`` (of the prediction; the coefficients count as estimated, the components as
            known), ``pi_low`` and ``pi_high``.

        References
        ----------
        .. [1] Robinson GK (1991). https://doi.org/10.1214/ss/1177011926
        """
        return random_effects(
            self._state.model,
            self._state.terms,
            self._state.solved,
            values=values_at(self._state.model, self._state.parameters),
            level=self.level,
        )

    def profile_interval(self, component: str, *, level: float | None = None) -> ProfileInterval:
        """Return the profile likelihood interval of a variance or correlation.

        Parameters
        ----------
        component : str
            As in the index of `components_frame`.
        level : float, optional
            Coverage; that of the fit without it.

        Returns
        -------
        ProfileInterval
            Where twice the (restricted) log-likelihood, highest over all other components, is lower than at
            the estimate by no more than the quantile of chi-squared with one degree of freedom.

        Raises
        ------
        UnknownNameError
            If there is no such component.
        InputError
            If the data do not tell it.

        References
        ----------
        .. [1] Hardy RJ, Thompson SG (1996).
           https://doi.org/10.1002/(SICI)1097-0258(19960330)15:6%3C619::AID-SIM188%3E3.0.CO;2-A
        """
        places = {
            label: (term, place, estimate)
            for term, one in enumerate(self.components)
            for place, (label, estimate, _) in enumerate(one.rows())
        }
        if component not in places:
            raise UnknownNameError("component", component, list(places))
        term, place, estimate = places[component]
        return profiled(
            self._state.model,
            self._state.parameters,
            height=self.loglik,
            number=term,
            place=place,
            name=component,
            estimate=estimate,
            level=self.level if level is None else checked_level(level),
        )

    def robust(self, cluster: Given, *, kind: str = "CR2") -> RobustFit:
        """Return cluster-robust standard errors and tests of the coefficients.

        Parameters
        ----------
        cluster : array_like or DataFrame, shape (k,)
            Cluster of every row. Rows that depend on each other in the model must lie in one cluster.
        kind : {"CR2", "CR1p", "CR1", "CR0", "metafor"}, optional
            Correction for few clusters, see `spineevidence.longitudinal.robust.robust_tests`.

        Returns
        -------
        RobustFit
            With Satterthwaite's degrees of freedom.

        Raises
        ------
        InputError
            If the kind is unknown, or clusters cut through what belongs together, or there are too few.
        """
        code, groups = read_labels("cluster", cluster, k=self.k)
        return robust_tests(
            self._state.model,
            values=values_at(self._state.model, self._state.parameters),
            turn=self._state.turn,
            b=self.b,
            names=self.names,
            cluster=code,
            clusters=len(groups),
            kind=kind,
            level=self.level,
        )


def joint_test(
    names: tuple[str, ...], b: FloatArray, vcov: FloatArray, df: FloatArray, chosen: IntArray
) -> Wald:
    """Return the test that chosen coefficients are all 0: chi-squared, or F with their fewest df."""
    from scipy.special import fdtrc

    size = np.sqrt(np.diagonal(vcov))[chosen]
    scaled = b[chosen] / size
    shape = vcov[np.ix_(chosen, chosen)] / np.outer(size, size)
    statistic = float(scaled @ np.linalg.solve(shape, scaled))
    m, rest = chosen.size, float(df[chosen].min())
    picked = tuple(names[i] for i in chosen)
    if math.isinf(rest):
        return Wald(picked, statistic, (m,), float(chi2_p(q=statistic, df=m)))
    return Wald(picked, statistic / m, (m, rest), float(fdtrc(m, rest, statistic / m)))
