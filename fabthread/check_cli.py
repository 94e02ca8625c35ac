"""`fabthread check`: is G-code safe for a machine?"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from fabthread import judging
from fabthread.options import plate_option, profile_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gcode.checks import Finding

EPILOG = """\b
Examples:
  fabthread check part.gcode --printer prusa-mk4 --filament petg
  fabthread check part.gcode --printer my-printer.toml --rule stringing=off --rule flow=error
  fabthread check part.gcode --json | jq '.findings[] | select(.severity == "error")'
  fabthread check --rules

\b
Exit codes:
  0    nothing found, or only what is worth knowing
  7    errors: the machine may be harmed, or the print is lost
  8    warnings: the print may suffer
"""
COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
EXIT_OF = {"error": 7, "warning": 8}


def list_rules(as_json: bool) -> None:
    """Print the table of rules."""
    from gcode.checks import RULES

    if as_json:
        rules = RULES.values()
        click.echo(
            json.dumps([{"rule": r.name, "severity": r.severity.name.lower(), "what": r.what} for r in rules], indent=2)
        )
        return
    for rule in RULES.values():
        severity = rule.severity.name.lower()
        click.echo(f"{click.style(f'{severity:<8}', COLOURS[severity])} {rule.name:<17} {rule.what}")


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(), required=False, metavar="FILE")
@profile_options
@plate_option
@click.option(
    "--rule", "rules", metavar="NAME=SEVERITY", multiple=True, help="off, info, warning or error; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--rules", "listing", is_flag=True, help="List all rules, and stop.")
@click.pass_context
def check(
    ctx: click.Context, /, file: str | None, plate: int | None, rules: tuple[str, ...], as_json: bool, listing: bool,
    **profile: Any,
) -> None:  # fmt: skip
    """Check the G-code in FILE, of any slicer, for a machine.

    Without profiles it is the machine that the file was sliced for, if its slicer wrote that into it, else a generic
    one. Each finding says where it is first, how often, and what to do.
    """
    from gcode import checks

    if listing:
        list_rules(as_json)
        return
    if file is None:
        raise click.MissingParameter(ctx=ctx, param=ctx.command.params[0])
    subject = judging.read(file, plate)
    judge = judging.judge_of(file, subject.settings, **profile)
    chosen = checks.severities([*judge.rules, *rules])
    found = checks.run(subject.moves, judge.limits, problems=subject.problems, rules=chosen)
    counts = Counter(one.severity for one in found)
    if as_json:
        facts = {"file": file, "machine": judge.machine, "filament": judge.filament, "profiles": judge.profiles}
        told = {"counts": {s: counts[s] for s in COLOURS}, "findings": [one.as_dict() for one in found]}
        click.echo(json.dumps(facts | told, indent=2))
    else:
        click.echo(f"{file} on {judge.machine} with {judge.filament}: {total(counts)}")
        tell(found)
    ctx.exit(next((code for severity, code in EXIT_OF.items() if counts[severity]), 0))


def total(counts: Counter[str]) -> str:
    """Return how many findings there are of each severity.

    >>> total(Counter(error=1, warning=2)), total(Counter())
    ('1 error, 2 warnings', 'nothing found')
    """
    words = {"error": "error", "warning": "warning", "info": "remark"}
    told = [f"{counts[s]} {word}{'s' * (counts[s] > 1)}" for s, word in words.items() if counts[s]]
    return ", ".join(told) or "nothing found"


def tell(found: Sequence[Finding]) -> None:
    """Print findings for people: what, where, how much, what to do."""
    for one in found:
        click.echo(f"\n{click.style(f'{one.severity:<8}', COLOURS[one.severity])} {one.rule}: {one.what}")
        facts = [one.place() + (f", {one.count:,} times" if one.count > 1 else ""), one.measured()]
        if one.worst_line != one.line:
            facts[1] += f", the worst in line {one.worst_line}"
        click.echo(f"{'':9}{'; '.join(fact for fact in facts if fact)}")
        click.echo(f"{'':9}{one.remedy}")
