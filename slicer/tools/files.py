"""Write files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from threading import get_ident


def write(path: str | os.PathLike[str], chunks: Iterable[bytes]) -> None:
    """Write chunks to a file beside `path`, then rename it; "-" is stdout, devices and pipes are written directly.

    Raises OSError and leaves nothing behind where that fails; an existing file is then unchanged.
    """
    name = os.path.realpath(path)
    if os.fspath(path) == "-":
        sys.stdout.flush()
        # not sys.stdout.buffer: where Python runs unbuffered, its write may stop half-way without an error
        _write_to(sys.stdout.fileno(), chunks)
    elif os.path.exists(name) and not os.path.isfile(name):
        _write_to(name, chunks)
    else:
        _replace(name, chunks)


def _write_to(target: str | int, chunks: Iterable[bytes]) -> None:
    with open(target, "wb", closefd=isinstance(target, str)) as file:
        file.writelines(chunks)


def _replace(name: str, chunks: Iterable[bytes]) -> None:
    beside = f"{name}.{os.getpid()}-{get_ident()}.part"
    try:
        _write_to(beside, chunks)
        os.replace(beside, name)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
