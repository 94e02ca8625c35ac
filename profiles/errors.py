"""What can go wrong with settings, as a tree; every message says which file and key, what is allowed and what to do.

ProfileError             exit code 1
└── SettingsRefused      4: a profile or an override cannot be used as it stands
"""

from __future__ import annotations

from collections.abc import Iterable


class ProfileError(Exception):
    """Any error this package raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class SettingsRefused(ProfileError):
    """One or more settings are refused; `problems` holds one line for each."""

    exit_code = 4

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?" for the known word most like `word`, or nothing.

    >>> nearest("layer_hieght", ["layer_height", "wall_count"])
    '; did you mean layer_height?'
    >>> nearest("zzz", ["layer_height"])
    ''
    >>> nearest("Ender 3", ["creality-ender3", "generic-klipper"])
    '; did you mean creality-ender3?'
    """
    import difflib  # only a mistake needs it

    names = {name.lower(): name for name in known}
    wanted = word.lower()
    found = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    bare = _letters(wanted)
    found = found or sorted((name for name in names if len(bare) > 2 and bare in _letters(name)), key=len)
    return f"; did you mean {names[found[0]]}?" if found else ""


def _letters(name: str) -> str:
    """Return a name's letters and digits alone."""
    return "".join(filter(str.isalnum, name))
