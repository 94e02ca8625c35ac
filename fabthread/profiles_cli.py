"""`fabthread profiles`: what is shipped, what a profile means, whether a file is right."""

from __future__ import annotations

from typing import Any, NoReturn

import click


@click.group()
def profiles() -> None:
    """List, show and check the profiles of printers, filaments and processes.

    A profile is a flat TOML file, such as

    \b
      inherits = "prusa-mk3s"
      nozzle_diameter = 0.6

    It is given by the name of a shipped profile or as the path of a file.
    """


@profiles.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_profiles(as_json: bool) -> None:
    """List the shipped profiles."""
    from profiles.files import read_table, shipped
    from profiles.loader import table
    from profiles.schema import GROUPS

    rows = []
    for kind in GROUPS:
        for name, path in shipped(kind).items():
            header, _ = read_table(name, path)
            rows.append({"kind": kind, "name": name, "title": header["name"], "description": header["description"]})
    if as_json:
        _print_json(rows)
    else:
        click.echo(table([[row["kind"], row["name"], row["description"]] for row in rows]))


@profiles.command("show")
@click.argument("profile")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def show_profile(profile: str, as_json: bool) -> None:
    """Show every setting of PROFILE (a name or a file) and where its value comes from."""
    from profiles.errors import SettingsRefused
    from profiles.loader import load_alone
    from profiles.values import KEYS

    try:
        kind, resolved = load_alone(profile)
    except SettingsRefused as refused:
        _refuse(refused)
    keys = [name for name, key in KEYS.items() if key.kind == kind]
    if as_json:
        settings = resolved.facts(keys)
        _print_json({"profile": profile, "kind": kind, "settings": settings, "warnings": resolved.warnings})
    else:
        click.echo(resolved.columns(keys))


@profiles.command("check")
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def check_profiles(files: tuple[str, ...], as_json: bool) -> None:
    """Check FILES (or names); print each problem and exit with 4 if there is one."""
    from profiles.errors import SettingsRefused
    from profiles.loader import load_alone

    found: list[dict[str, Any]] = []
    for file in files:
        try:
            kind, resolved = load_alone(file)
            found.append({"file": file, "kind": kind, "problems": [], "warnings": resolved.warnings})
        except SettingsRefused as refused:
            found.append({"file": file, "kind": None, "problems": refused.problems, "warnings": []})
    if as_json:
        _print_json(found)
    else:
        for each in found:
            said = [*each["problems"], *(f"{each['file']}: warning: {text}" for text in each["warnings"])]
            click.echo("\n".join(said + [f"{each['file']}: {each['kind']}, ok"] * bool(each["kind"])))
    if any(each["problems"] for each in found):
        raise SystemExit(SettingsRefused.exit_code)


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def _refuse(refused: Any) -> NoReturn:
    click.echo(f"Error: {refused}", err=True)
    raise SystemExit(refused.exit_code)
