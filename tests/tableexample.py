"""A summary of findings in the layout of GRADE; trials and numbers are invented."""

from __future__ import annotations

from spineevidence.tables.model import Table
from spineevidence.tables.parts import Column, Span, cell, group, row


def summary_of_findings() -> Table:
    return Table.build(
        caption=cell("Heating of discs against sham: summary of findings", notes="population"),
        columns=[
            Column("outcome", "Outcome"),
            Column("control", "Mean with sham", unit="points", kind="number"),
            Column("treated", "Mean with heating", unit="points", kind="number", notes=("corresponding",)),
            Column("ratio", "Relative effect", unit="95 % CI", kind="number"),
            Column("n", "Participants", unit="studies", kind="number"),
            Column("certainty", "Certainty of the evidence"),
            Column("comment", "Comments"),
        ],
        spans=[Span("Anticipated absolute effects (95 % CI)", ("control", "treated"))],
        rows=[
            group(
                "Short term (1 to 3 months)",
                [
                    [
                        "Pain, 0 to 10",
                        "5.4",
                        cell("−1.2 (−2.0 to −0.4)", notes="mid"),
                        "–",
                        cell("120 (2)", cites=["second2005", "first2004"]),
                        cell("⊕⊕◯◯\nlow", notes=["bias", "imprecision"]),
                        "Lower is better; an important benefit cannot be excluded.",
                    ],
                    {
                        "outcome": "Disability, ODI 0 to 100",
                        "comment": "",
                        "control": "33",
                        "treated": "-4.1 (-9.8 to 1.6)",
                        "ratio": "–",
                        "n": cell("120 (2)", cites=["second2005", "first2004"]),
                        "certainty": cell("⊕◯◯◯\nvery low", notes=["imprecision", "bias"]),
                    },
                ],
            ),
            group(
                cell("Medium term (6 to 12 months)", notes="window"),
                [
                    [
                        "At least 50 % relief of pain",
                        "180 per 1000",
                        "322 per 1000 (198 to 520)",
                        "RR 1.79 (1.10 to 2.89)",
                        cell("64 (1)", cites="first2004"),
                        cell("⊕⊕◯◯\nlow", notes="bias"),
                        "NNT 7 (95 % CI 3 to 56)",
                    ],
                    row(
                        [
                            "Serious adverse events",
                            "0 per 1000",
                            "not estimable",
                            "–",
                            cell("57 (1)", cites="third2011"),
                            cell("⊕◯◯◯\nvery low", notes=["bias", "imprecision"]),
                            "None was reported & none was looked for in a stated way",
                        ],
                        notes="events",
                    ),
                ],
            ),
        ],
        footnotes={
            "bias": "Downgraded one level: allocation was not concealed in one trial.",
            "mid": "The smallest important difference is 1.0 point.",
            "corresponding": "The mean with sham plus the pooled difference.",
            "imprecision": "Downgraded one level: the interval holds both no effect and an important one.",
            "population": "Adults with discogenic pain.",
            "window": "The window closes at 12 months; nothing later is known.",
            "events": "As stated in the text of the report.",
        },
        references={
            "first2004": "First A, Other B. A trial of heating. J Inventions 2004;4:27-35.",
            "second2005": "Second C. Another trial of heating & sham. J Inventions 2005;5:1-9.",
            "third2011": "Third D. A third trial. J Inventions 2011;11:3-8.",
            "fourth2020": "Fourth E. Not cited. J Inventions 2020;20:1.",
        },
        notes=["CI: confidence interval; ODI: Oswestry Disability Index; RR: risk ratio."],
    )
