"""The joint model with half-normal priors on both of its standard deviations, by quadrature; arrays only.

Few studies say little about the heterogeneity between them. All values of tau and omega that agree with the
data and their priors take part, each with its weight; given both the coefficients are normal. There are no
random numbers: the same answer every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spineevidence.longitudinal.workingmodel import WorkingModel, surface
from spineevidence.pooling.mixtures import mixture_above, mixture_quantiles
from spineevidence.timing import FloatArray

NODES = (40, 20)  # Gauss-Legendre, of tau and of omega
REACH = 4.0  # scales: beyond lies 6e-5 of the prior
FAR_REACH = 8.5  # where the data call for more: beyond lies less than 1e-15 of the prior's peak
AT_THE_END = 0.01  # share of the weight in the last fifth of a range that calls for more; of a prior 0.0013
NEGLIGIBLE = 1e-14  # nodes of less weight are left out


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Coefficients of a joint model as a mixture of normal distributions.

    Attributes
    ----------
    weights, tau, omega : ndarray, shape (g,)
        Nodes of the two standard deviations, with weights that add up to 1.
    b : ndarray, shape (g, p)
        Means of the coefficients at each node.
    vcov : ndarray, shape (g, p, p)
        Their covariances.
    scales : tuple of float
        Of the half-normal priors of tau and omega.
    """

    weights: FloatArray
    tau: FloatArray
    omega: FloatArray
    b: FloatArray
    vcov: FloatArray
    scales: tuple[float, float]

    def quantiles(self, x: FloatArray, p: FloatArray, *, new_study: bool = False) -> FloatArray:
        """Return quantiles of linear combinations of the coefficients.

        Parameters
        ----------
        x : ndarray, shape (m, p)
            A row of the design for each combination.
        p : ndarray, shape (q,)
            Probabilities.
        new_study : bool, optional
            Whether of the true effect in a new study: tau2 and omega2 are added.

        Returns
        -------
        ndarray, shape (m, q)
            In units of the effects.
        """
        centres, spreads = self._at(x, new_study=new_study)
        return np.array(
            [
                mixture_quantiles(p, self.weights, centre, spread)
                for centre, spread in zip(centres, spreads, strict=True)
            ]
        )

    def above(self, x: FloatArray, threshold: float) -> FloatArray:
        """Return the probability that linear combinations of the coefficients exceed a threshold.

        Parameters
        ----------
        x : ndarray, shape (m, p)
            A row of the design for each combination.
        threshold : float
            In units of the effects.

        Returns
        -------
        ndarray, shape (m,)
            From 0 to 1; for display, not for verdicts.
        """
        centres, spreads = self._at(x, new_study=False)
        found = [
            mixture_above(threshold, self.weights, centre, spread)
            for centre, spread in zip(centres, spreads, strict=True)
        ]
        return np.array(found)

    def _at(self, x: FloatArray, *, new_study: bool) -> tuple[FloatArray, FloatArray]:
        centres = x @ self.b.T
        variances = np.einsum("mi,gij,mj->mg", x, self.vcov, x, optimize=True)
        if new_study:
            variances = variances + self.tau**2 + self.omega**2
        return centres, np.sqrt(variances)


def posterior(model: WorkingModel, *, scales: tuple[float, float]) -> Posterior:
    """Return the coefficients under half-normal priors of tau and omega, and a flat one of the coefficients.

    Parameters
    ----------
    model : WorkingModel
        With at least as many rows as coefficients.
    scales : tuple of float
        Of the priors of tau and omega, in units of the effects, above 0.

    Returns
    -------
    Posterior
        Nodes with their weights; nodes of less than 1e-14 of the weight are left out.

    Notes
    -----
    The log weight of a node is ``-1/2 (sum log|V_i| + log|sum X'inv(V)X| + RSS) - 1/2 (tau/s)^2
    - 1/2 (omega/s')^2`` and the log of its Gauss-Legendre weights on 0 to 4 scales; where data and prior
    disagree so much that the far end of this range has weight, the range reaches to 8.5 scales.

    References
    ----------
    .. [1] Röver C et al. (2021), weakly informative priors for few studies. https://doi.org/10.1002/jrsm.1475
    """
    reach = [REACH, REACH]
    weights, tau, omega, b, vcov = _on(model, scales, reach)
    beyond = [
        float(weights.sum(axis=1 - axis)[-size // 5 :].sum()) for axis, size in enumerate(weights.shape)
    ]
    if max(beyond) > AT_THE_END:
        reach = [FAR_REACH if share > AT_THE_END else REACH for share in beyond]
        weights, tau, omega, b, vcov = _on(model, scales, reach)
    kept = weights > NEGLIGIBLE
    rows, columns = np.nonzero(kept)
    return Posterior(
        weights=weights[kept] / weights[kept].sum(),
        tau=tau[rows],
        omega=omega[columns],
        b=b[kept],
        vcov=vcov[kept],
        scales=scales,
    )


def _on(
    model: WorkingModel, scales: tuple[float, float], reach: list[float]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    (tau, tau_weight), (omega, omega_weight) = (
        _rule(round(count * far / REACH), far * scale)
        for count, far, scale in zip(NODES, reach, scales, strict=True)
    )
    found = surface(model, tau2=tau**2, omega2=omega**2)
    log_weight = (
        found.log_likelihood
        + (np.log(tau_weight) - (tau / scales[0]) ** 2 / 2)[:, None]
        + np.log(omega_weight)
        - (omega / scales[1]) ** 2 / 2
    )
    weights = np.exp(log_weight - log_weight.max())
    return weights / weights.sum(), tau, omega, found.b, found.vcov


def _rule(count: int, end: float) -> tuple[FloatArray, FloatArray]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return (node + 1) * end / 2, weight * end / 2
