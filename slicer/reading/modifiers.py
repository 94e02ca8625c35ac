"""Find what other slicers keep in a 3MF beside the model: volumes that change settings or block supports.

PrusaSlicer marks ranges of an object's triangles, Bambu Studio and Orca mark components. They look like any other
geometry, and printing them would be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import numpy as np

from slicer.errors import InputRefused
from slicer.nouns import Floats

PRUSA = "Metadata/Slic3r_PE_model.config"
BAMBU = "Metadata/model_settings.config"
SOLID = {"ModelPart", "normal_part", ""}
NEGATIVE = {"NegativeVolume", "negative_part"}


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What is no part of the model: ranges of triangles by object id, and pairs (object id, component's object id)."""

    ranges: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    parts: set[tuple[str, str]] = field(default_factory=set)

    def __len__(self) -> int:
        return sum(map(len, self.ranges.values())) + len(self.parts)

    def without(self, object_id: str, faces: Floats) -> Floats:
        """Return the (f, 3) faces of an object that belong to the model."""
        kept = np.ones(len(faces), bool)
        for first, last in self.ranges.get(object_id, ()):
            kept[first : last + 1] = False
        return faces if kept.all() else faces[kept]


def find_modifiers(names: list[str], parsed: Callable[[str], Element]) -> Modifiers:
    """Return the modifiers that the archive's members tell of; refuse bodies that are to be cut out of others."""
    found = Modifiers()
    for member in (PRUSA, BAMBU):
        if member not in names:
            continue
        for owner in parsed(member).iter("object"):
            owner_id = owner.get("id", "")
            for volume in owner.iter("volume"):
                if is_modifier(kind_of(volume)):
                    first, last = volume.get("firstid", ""), volume.get("lastid", "")
                    if not (first.isdecimal() and last.isdecimal()):
                        raise InputRefused(f"{member} marks triangles {first!r} to {last!r}; export the model again")
                    found.ranges.setdefault(owner_id, []).append((int(first), int(last)))
            for part in owner.iter("part"):
                if is_modifier(part.get("subtype", "")):
                    found.parts.add((owner_id, part.get("id", "")))
    return found


def kind_of(volume: Element) -> str:
    """Return the type of a volume; older files say `modifier = 1` instead."""
    values = dict(metadata(volume))
    return values.get("volume_type", "ParameterModifier" if values.get("modifier") == "1" else "")


def metadata(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the keys and values that describe an element."""
    for entry in element.iter("metadata"):
        yield entry.get("key", ""), entry.get("value", "")


def is_modifier(kind: str) -> bool:
    """Tell whether a volume of that type is no part of the model."""
    if kind in NEGATIVE:
        raise InputRefused("holds a negative volume, which I do not cut out; export the finished shape as STL or 3MF")
    return kind not in SOLID
