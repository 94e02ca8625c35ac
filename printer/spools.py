"""Spools: what plastic there is, in which printer, and how much is left."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from printer.errors import NoSuchEntry

DENSITIES = {
    "PLA": 1.24, "PETG": 1.27, "ABS": 1.04, "ASA": 1.07, "TPU": 1.21, "PC": 1.2, "PA": 1.14, "NYLON": 1.14,
    "HIPS": 1.04, "PVA": 1.23, "PP": 0.9,
}  # fmt: skip
"""g/cm3 of what is usually printed with."""


@dataclass(frozen=True, slots=True)
class Spool:
    """One spool of filament: g, mm, g/cm3.

    left       g by what was really fed; below 0 where the spool held more than it said
    loaded     "printer/tool" of all places where it is in use
    """

    id: int
    name: str
    material: str = "PLA"
    colour: str = ""
    diameter: float = 1.75
    density: float = 1.24
    full: float = 1000.0
    left: float = 1000.0
    loaded: tuple[str, ...] = ()

    @property
    def grams_per_mm(self) -> float:
        """The mass of a millimetre of it."""
        return pi / 4 * self.diameter**2 * self.density / 1000

    @property
    def length_left(self) -> float:
        """The mm that are left, none where less than nothing is."""
        return max(self.left, 0.0) / self.grams_per_mm


def checked(spool: Spool) -> Spool:
    """Return a spool that can exist. Raises `NoSuchEntry`."""
    for what, value, low, high in (
        ("diameter", spool.diameter, 0.5, 5.0),
        ("density", spool.density, 0.3, 20.0),
        ("weight", spool.full, 0.0, 1e5),
    ):
        if not low <= value <= high:
            raise NoSuchEntry(f"a spool cannot have a {what} of {value:g}: {low:g} to {high:g}")
    if not spool.name.strip() or not spool.name.isprintable() or len(spool.name) > 80:
        raise NoSuchEntry("a spool needs a name of at most 80 letters, on one line")
    return spool
