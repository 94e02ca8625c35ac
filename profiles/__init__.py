"""What a machine, a filament and a process are: settings, the files that hold them, and how they become a job's.

    schema    every setting, declared once
    values    one value: its type, bounds and text
    files     TOML files with `inherits`, shipped or the user's
    checks    values that do not go together
    loader    `load(printer, filament, process, overrides) -> Resolved`
    document  docs/settings.md

Standard library only (docs/decisions/0001-settings-without-pydantic.md).
"""
