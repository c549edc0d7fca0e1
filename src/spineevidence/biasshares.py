"""Each study's share of the weight of a pooled effect, with what was judged of its risk of bias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spineevidence.biastools import OVERALL, BiasTool, bias_tools
from spineevidence.effectsizes import EffectSizes
from spineevidence.evidence import Evidence
from spineevidence.grading import BiasShare
from spineevidence.lineage import Effect
from spineevidence.riskofbias import BiasRow, bias_rows, speaking

ROBINS_I = "robins_i"


@dataclass(frozen=True, slots=True)
class JudgedBias:
    """The rows of risk_of_bias.csv by study, and the tools they use.

    Attributes
    ----------
    rows : mapping of str to tuple of BiasRow
        Of each study that anybody judged.
    tools : mapping of str to BiasTool
        By name.
    """

    rows: Mapping[str, Sequence[BiasRow]]
    tools: Mapping[str, BiasTool]

    def shares(self, effects: EffectSizes, *, tau2: float) -> tuple[BiasShare, ...]:
        """Return each study's share of the weight, with the overall judgement of its result.

        Parameters
        ----------
        effects : EffectSizes, shape (k,)
            One effect per study, with lineage.
        tau2 : float
            Variance between studies; the weights are ``1 / (vi + tau2)``.
        """
        weights = 1 / (effects.vi + tau2)
        return tuple(
            self._share(effect, float(share))
            for effect, share in zip(effects.lineage, weights / weights.sum(), strict=True)
        )

    def by_robins_i(self, studies: Iterable[str]) -> bool:
        """Return whether any of the studies was judged by a version of ROBINS-I."""
        return any(row.tool.startswith(ROBINS_I) for study in studies for row in self.rows.get(study, ()))

    def _share(self, effect: Effect, share: float) -> BiasShare:
        """Return the overall judgement; without a band where assessors or tools do not agree on one."""
        rows = self.rows.get(effect.study_id, ())
        said = []
        for name, tool in self.tools.items():
            own = [row for row in rows if row.tool == name]
            overall = speaking(own, OVERALL, measure_id=effect.measure_id, months=effect.months)
            if overall.rows:
                said.append((overall.judgement or "assessors disagree", tool.band(overall.judgement)))
        bands = {band for _, band in said}
        words = " and ".join(dict.fromkeys(words for words, _ in said))
        return BiasShare(effect.study_id, share, words, bands.pop() if len(bands) == 1 else None)


def judged_bias(evidence: Evidence) -> JudgedBias:
    """Return every judgement of the risk of bias by study."""
    rows = bias_rows(evidence)
    by_study: dict[str, tuple[BiasRow, ...]] = {}
    for row in rows:
        by_study[row.study_id] = (*by_study.get(row.study_id, ()), row)
    return JudgedBias(by_study, bias_tools() if rows else {})
