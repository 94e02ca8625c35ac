"""Compile the kernels (`*/kernels/*.py`, Cython's pure Python mode) where a C compiler is found.

The same files run uncompiled, only slower, so a failing compiler must not fail the installation: every extension
is optional. Set FABTHREAD_PURE=1 to skip compilation. Everything else is declared in pyproject.toml.
"""

import os
import sys
from glob import glob

from setuptools import Extension, setup


def kernels() -> list[Extension]:
    """Return one extension per kernel module, translated to C."""
    if os.environ.get("FABTHREAD_PURE"):
        return []
    from Cython.Build import cythonize

    flags = ["/O2", "/fp:precise"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-math-errno"]
    files = sorted(f for f in glob("*/kernels/*.py") if not f.endswith("__init__.py"))
    modules = [
        Extension(f[:-3].replace(os.sep, ".").replace("/", "."), [f], extra_compile_args=flags, optional=True)
        for f in files
    ]
    return list(cythonize(modules, language_level=3, build_dir="build/cython", quiet=True))


setup(ext_modules=kernels(), options={"build_ext": {"parallel": os.cpu_count() or 1}})
