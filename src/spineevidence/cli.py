"""The command line: the same words as the library. Exit 0 done, 1 defects found, 2 wrong use."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from spineevidence.account import account_of_effects
from spineevidence.claims import judge_claims
from spineevidence.curves import checked_scale
from spineevidence.effects import effect_sizes
from spineevidence.errors import DataError, InputError, SpineEvidenceError
from spineevidence.evidence import check, load_evidence
from spineevidence.formatting import count_of, interval, number, time_in_words
from spineevidence.lineage import Effect
from spineevidence.report import build_report
from spineevidence.reporting.parts import PARTS, csv_text
from spineevidence.results import CHANGE
from spineevidence.summary import LineSummary, summary_lines
from spineevidence.tables.named import NAMES, named_table
from spineevidence.wording import COMPARATORS

DEFECTS, WRONG_USE = 1, 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="How long does relief last? Published evidence on interventional procedures for back pain.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of an evidence base; else the bundled one.")
]
DataArgument = Annotated[
    Path | None, typer.Argument(help="Folder of an evidence base; else the bundled one.")
]


@app.command()
def report(
    data: DataOption = None,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("build"),
    only: Annotated[
        str, typer.Option("--only", help=f"Parts, with commas: {', '.join(part.name for part in PARTS)}.")
    ] = "",
    formats: Annotated[
        str,
        typer.Option(
            "--formats", help="With commas; of figures: svg, png, pdf; of tables: docx, tex, html, md, csv."
        ),
    ] = "",
) -> None:
    """Write the whole report into a folder; parts that stand as they would be made are left."""
    tell("loading")
    evidence = load_evidence(data)
    tell(repr(evidence))
    written = build_report(evidence, out, only=_names(only), formats=_names(formats), progress=tell)
    for path in written:
        typer.echo(str(path))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@app.command("table")
def table_command(
    name: Annotated[str, typer.Argument(help=f"{', '.join(NAMES)}.")],
    folder: DataArgument = None,
    *,
    procedure: Annotated[
        str | None, typer.Option("--procedure", help="Id, name, abbreviation or synonym; else all.")
    ] = None,
    comparator: Annotated[
        str | None,
        typer.Option("--comparator", help="placebo, active_placebo, usual_care or active; else all."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file .docx, .tex, .html, .md or .csv; else Markdown here.")
    ] = None,
) -> None:
    """Write one evidence table: Markdown on the terminal, or a file in the format of its ending."""
    found = named_table(load_evidence(folder), name, procedure=procedure, comparator=comparator)
    if out is None:
        typer.echo(found.to_bytes("table.md").decode(), nl=False)
    else:
        typer.echo(str(found.write(out)))


@app.command("check")
def check_command(folder: DataArgument = None) -> None:
    """List every defect and oddity of the files, each as file:line:column."""
    problems = check(folder)
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(problem.severity == "error" for problem in problems)
    typer.echo(f"{count_of(errors, 'defect')}, {count_of(len(problems) - errors, 'note')}")
    if errors:
        raise typer.Exit(DEFECTS)


@app.command()
def summary(folder: DataArgument = None) -> None:
    """Say for every procedure, comparator and domain how long benefit is shown."""
    for line in summary_lines(load_evidence(folder)):
        if line.says_how_long:
            typer.echo(f"{line.procedure.name}: {_headed(line)}")


@app.command()
def duration(
    procedure: Annotated[str, typer.Argument(help="Id, name, abbreviation or synonym, such as IDET.")],
    data: DataOption = None,
    condition: Annotated[str | None, typer.Option(help="Only studies of this condition.")] = None,
) -> None:
    """Say how long the benefit of one procedure lasts, for every comparator and domain."""
    evidence = load_evidence(data).select(procedure=procedure, condition=condition)
    profile = evidence.procedure(procedure)
    typer.echo(repr(profile))
    if profile.note:
        typer.echo(profile.note)
    lines = [line for line in summary_lines(evidence) if line.procedure.procedure_id == profile.procedure_id]
    for line in lines:
        if line.says_how_long:
            typer.echo(f"\n{_headed(line)}")
            for reason, count in _reasons(line):
                typer.echo(f"  {count_of(count, 'row')} set aside: {reason}")
    if not any(line.says_how_long for line in lines):
        typer.echo("No result from which a duration of benefit could be said.")
    compared = {line.comparator for line in lines}
    missing = [words for name, words in COMPARATORS.items() if name not in compared and name != "change"]
    if missing:
        where = f" in studies of {condition}" if condition else ""
        typer.echo(f"\nNot compared at all{where} with: {', '.join(missing)}.")
    if profile.see_also:
        typer.echo(f"See also (same family): {', '.join(profile.see_also)}.")


@app.command()
def verdicts(
    folder: DataArgument = None,
    *,
    claims: Annotated[
        Path | None, typer.Option("--claims", help="A file of claims in place of the folder's claims.csv.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="A table in place of sentences.")] = False,
) -> None:
    """Say of every claim in patient material whether the evidence supports it, and why."""
    found = judge_claims(load_evidence(folder, claims=claims))
    if csv:
        typer.echo(csv_text(found.to_frame()), nl=False)
        return
    for judgement in found:
        typer.echo(f"{judgement.claim.claim_id}: {judgement.claim.statement}\n{judgement}\n")
    typer.echo(repr(found).strip("<>"))


@app.command()
def effects(
    procedure: Annotated[str | None, typer.Argument(help="Id, name, abbreviation or synonym.")] = None,
    *,
    data: DataOption = None,
    account: Annotated[
        bool, typer.Option("--account", help="Count the results by the route to an effect, or why none.")
    ] = False,
    comparator: Annotated[
        str, typer.Option(help="placebo, active_placebo, usual_care, active, or change.")
    ] = "placebo",
    domain: Annotated[str | None, typer.Option(help="Such as pain or disability.")] = None,
    measure: Annotated[str | None, typer.Option(help="One measure, by its id.")] = None,
    scale: Annotated[str, typer.Option(help="natural, smd or mid.")] = "natural",
    explain: Annotated[
        str | None, typer.Option(help="A study: print the derivation of its effects step by step.")
    ] = None,
) -> None:
    """List the effects of a procedure, or account for every printed result of the evidence."""
    evidence = load_evidence(data)
    if account:
        chosen = evidence if procedure is None else evidence.select(procedure=procedure)
        typer.echo(str(account_of_effects(chosen)))
        return
    if procedure is None:
        raise InputError("name a procedure, or ask for --account")
    change = comparator == CHANGE
    found = effect_sizes(
        evidence,
        procedure=procedure,
        estimand=CHANGE if change else "contrast",
        comparator=None if change else comparator,
        domain="pain" if domain is None and measure is None else domain,
        measure=measure,
        scale=checked_scale(scale),
    )
    if explain is not None:
        typer.echo(str(found.explain(explain)))
        return
    for effect in found.lineage:
        typer.echo(_effect_line(effect))
    if not found.lineage:
        typer.echo("No effect can be derived.")
    for note in found.notes:
        typer.echo(f"  {note}")


def _effect_line(effect: Effect) -> str:
    against = f" against {effect.versus}" if effect.versus else ""
    limits = interval(effect.ci_low, effect.ci_high, 2)
    return (
        f"{effect.study_id}, {time_in_words(effect.months)}: {number(effect.yi, 2)} (95 % CI {limits}) on "
        f"{effect.curve}, {effect.arm}{against}; {effect.route.replace('_', ' ')}"
    )


def _headed(line: LineSummary) -> str:
    against = (
        "change, uncontrolled" if line.comparator == "change" else f"versus {COMPARATORS[line.comparator]}"
    )
    size = f"k {line.k}, n {line.n if line.n is not None else 'not stated'}; {line.status}"
    return f"{line.domain.replace('_', ' ')}, {against} ({size})\n  {line.sentence}"


def _reasons(line: LineSummary) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for row in line.left_out:
        counts[row.reason] = counts.get(row.reason, 0) + 1
    return sorted(counts.items())


def tell(step: str) -> None:
    """Show progress on the terminal, apart from the results."""
    typer.echo(f"... {step}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end with its exit code."""
    try:
        code = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except DataError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        typer.echo(f"{count_of(len(error.problems), 'defect')}: nothing was written", err=True)
        sys.exit(DEFECTS)
    except (SpineEvidenceError, OSError) as error:
        typer.echo(f"spineevidence: {error}", err=True)
        sys.exit(WRONG_USE)
    except typer.Abort:
        typer.echo("stopped; what stood in the folder is unchanged", err=True)
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "exit_code"):
            raise
        show = getattr(error, "show", None)
        if show is not None:
            show()
        sys.exit(int(error.exit_code))
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
