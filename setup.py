"""Compile the kernels (`*/kernels/*.py`, Cython's pure Python mode) where a C compiler is found.

The same files run uncompiled, only slower, so a failing compiler must not fail the installation: every extension
is optional. Set FABTHREAD_PURE=1 to skip compilation. Everything else is declared in pyproject.toml.
"""

import os
import sys
from glob import glob

from setuptools import Extension, setup

SHARED = "gcode.kernels._cyutility"
"""Cython's own code for memoryviews: once for all kernels, which compile and load several times faster that way."""


def kernels() -> list[Extension]:
    """Return one extension per kernel module, translated to C, and the one they share."""
    if os.environ.get("FABTHREAD_PURE"):
        return []
    from Cython.Build import cythonize

    windows = sys.platform == "win32"
    flags = ["/O2", "/fp:precise"] if windows else ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno"]
    files = sorted(f for f in glob("*/kernels/*.py") if not f.endswith("__init__.py"))
    sources = {f[:-3].replace(os.sep, ".").replace("/", "."): f for f in files} | {
        SHARED: SHARED.replace(".", "/") + ".c"
    }
    modules = [Extension(name, [f], extra_compile_args=flags) for name, f in sources.items()]
    made = cythonize(
        modules, language_level=3, build_dir="build/cython", quiet=True, shared_utility_qualified_name=SHARED
    )
    for module in made:
        module.optional = True  # cythonize forgets it
    return list(made)


setup(ext_modules=kernels(), options={"build_ext": {"parallel": os.cpu_count() or 1}})
