"""What a G-code file says about itself, whatever it is packed in: settings and pictures.

settings     source -> {name: value}, in the words of its slicer
thumbnails   source -> pictures
"""

from __future__ import annotations

from itertools import takewhile

from gcode import bgcode, containers, embedded
from gcode.containers import Source
from gcode.embedded import Thumbnail


def settings(source: Source, plate: int | None = None) -> dict[str, str]:
    """Return the settings and figures that a slicer has put into a file; raise what `read` raises of the file."""
    if blocks := _blocks(source):
        lines = [
            line
            for block in blocks
            if block.kind in bgcode.TABLES
            for line in block.data.decode("utf-8", "replace").splitlines()
        ]
        return {key: value for key, equals, value in (line.partition("=") for line in lines) if equals}
    return embedded.settings(containers.text(source, plate)[0])


def thumbnails(source: Source, plate: int | None = None) -> list[Thumbnail]:
    """Return the pictures in a file; raise what `read` raises of the file."""
    if blocks := _blocks(source):
        pictures = [block for block in blocks if block.kind == bgcode.Kind.THUMBNAIL]
        return [
            Thumbnail(embedded.FORMATS[kind], width, height, picture.data)
            for picture in pictures
            for kind, width, height in [picture.parameters]
        ]
    beside = [picture for data in containers.pictures(source, plate) if (picture := embedded.png(data))]
    return beside + embedded.thumbnails(containers.text(source, plate)[0])


def _blocks(source: Source) -> list[bgcode.Block]:
    """Return the blocks of a binary file before its G-code, which the format wants last; of any other file none."""
    with containers.opened(source) as (stream, name):
        if stream.read(4) != bgcode.MAGIC:
            return []
        stream.seek(0)
        return list(takewhile(lambda block: block.kind != bgcode.Kind.GCODE, bgcode.blocks(stream, name)))
