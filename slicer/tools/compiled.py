"""Whether the kernels were compiled when the package was installed."""

from __future__ import annotations

import os
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec

PACKAGES = ("slicer.kernels", "gcode.kernels")


def interpreted() -> list[str]:
    """Return the kernels that exist only as Python source, which makes slicing some twenty times slower."""
    slow = []
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            files = os.listdir(folder)
            sources = sorted(f[:-3] for f in files if f.endswith(".py") and f != "__init__.py")
            compiled = {f.split(".")[0] for f in files if f.endswith(tuple(EXTENSION_SUFFIXES))}
            slow += [f"{package}.{name}" for name in sources if name not in compiled]
    return slow


def advice() -> list[str]:
    """Return a line that says what to do about interpreted kernels, none if there are none."""
    slow = interpreted()
    text = "kernels are not compiled, slicing is much slower than it could be (install a C compiler and reinstall)"
    return [f"{len(slow)} {text}"] if slow else []
