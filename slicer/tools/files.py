"""Write files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def write(path: str | os.PathLike[str], chunks: Iterable[bytes]) -> None:
    """Write chunks to a file beside `path`, then rename it; "-" is stdout, devices and pipes are written directly.

    Raises OSError and leaves nothing behind where that fails; an existing file is then unchanged.
    """
    name = os.path.realpath(path)
    if os.fspath(path) == "-":
        sys.stdout.buffer.writelines(chunks)
        sys.stdout.buffer.flush()
    elif os.path.exists(name) and not os.path.isfile(name):
        with open(name, "wb") as file:
            file.writelines(chunks)
    else:
        _replace(name, chunks)


def _replace(name: str, chunks: Iterable[bytes]) -> None:
    beside = f"{name}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            file.writelines(chunks)
        os.replace(beside, name)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
