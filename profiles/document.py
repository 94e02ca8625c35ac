"""`python -m profiles.document > docs/settings.md`: the reference of all settings, made from their declarations."""

from __future__ import annotations

from collections.abc import Iterator

from profiles.files import read_table, shipped
from profiles.schema import ALSO_IN, GROUPS
from profiles.values import KEYS, Key, allowed, dump

HEAD = """\
# Settings

Made by `python -m profiles.document`; the declarations are in `profiles/schema.py`.

A profile is a flat TOML file: `key = value` lines, and above them, if wanted, `name`, `description`, `kind` and
`inherits` (the name of a shipped profile, or the path of a file relative to this one). A job has three profiles. Their
settings are laid over the defaults below in the order printer, filament, process, and then come overrides
(`--set key=value`). `fabthread slice --explain KEY` says where a value came from; `fabthread profiles list`, `show` and
`check` say what is shipped, what a profile means and whether a file is right.

```toml
# strong.toml, used by: fabthread slice part.stl --printer prusa-mk4 --process strong.toml
inherits = "0.20mm"

wall_count = 4
infill_density = "40%"
infill_pattern = "gyroid"
```

Lengths are mm, speeds mm/s, accelerations mm/s2, temperatures C, times s, flows mm3/s. Fractions are written as `0.15`
or `"15%"`. A G-code template names settings in braces, such as `{nozzle_temperature}`; a few names more are known only
when the part is sliced, such as `{bed_size_x}`, `{layer_num}` or `{print_max_z}`.
"""


def document() -> str:
    """Return the reference as Markdown: one section a kind of profile, one table a group."""
    return "\n".join([HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for kind, groups in GROUPS.items():
        yield f"## {kind.capitalize()} profiles\n"
        yield from _shipped(kind)
        for group, cls in groups.items():
            also = "".join(f" May stand in {other} profiles too." for other in ALSO_IN.get(group, ()))
            yield f"### {group.capitalize()}\n\n{cls.__doc__}{also}\n"
            yield "| key | default | unit | allowed | explanation |\n|---|---|---|---|---|"
            yield from (_row(key) for key in KEYS.values() if key.group == group)
            yield ""


def _shipped(kind: str) -> Iterator[str]:
    yield "| shipped | what it is |\n|---|---|"
    for name, path in shipped(kind).items():
        header, _ = read_table(name, path)
        yield f"| `{name}` | {header['description']} |"
    yield ""


def _row(key: Key) -> str:
    words = allowed(key).removesuffix(f" {key.unit}").replace("|", "\\|")
    return f"| `{key.name}` | `{dump(key.field.default)}` | {key.unit} | {words} | {key.doc} |"


if __name__ == "__main__":
    print(document(), end="")
