"""From a mesh to moves: `slicer.slice(model, profile)`.

Start with `pipeline.py`, which is the order of the stages; each stage is one module of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slicer.errors import InputRefused, NothingToPrint, SlicerError, UnsafeGcode
    from slicer.job import SliceResult, slice
    from slicer.nouns import Mesh

__all__ = ["InputRefused", "Mesh", "NothingToPrint", "SliceResult", "SlicerError", "UnsafeGcode", "slice"]

_HOME = {
    "slice": "slicer.job",
    "SliceResult": "slicer.job",
    "Mesh": "slicer.nouns",
    "SlicerError": "slicer.errors",
    "InputRefused": "slicer.errors",
    "NothingToPrint": "slicer.errors",
    "UnsafeGcode": "slicer.errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import slicer` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'slicer' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
