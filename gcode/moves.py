"""`Moves`: the shared noun of the project, one row a machine motion, all columns of equal length.

It is what the slicer ends with, what the reader returns, what the writer writes, the planner times and the preview
draws. A row moves the tool from the previous row's position (row 0 starts at `start`) to (x, y, z) while the filament
advances by `e`. Everything that is not a motion and is not expressed by a column is kept verbatim in `commands`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moves:
    """Columns of moves.

    x, y, z       (n,) f8 mm     position at the end of the move
    e             (n,) f8 mm     filament advanced by the move (negative: retraction); always relative
    speed         (n,) f8 mm/s   requested speed along the move
    acceleration  (n,) f4 mm/s2  requested acceleration; 0 leaves what is in force
    role          (n,) u1        `gcode.roles.Role`; NONE for travels and retractions
    width, height (n,) f4 mm     of the bead; 0 where nothing is deposited
    fan           (n,) f4 0..1   part fan during the move
    tool          (n,) u1
    layer         (n,) i4        0-based; -1 before the first layer
    object        (n,) i2        index into `objects`; -1 where the move belongs to none
    line          (n,) i4        1-based source line; 0 where there is none
    start         (4,) f8        x, y, z, e before row 0
    command_row   (k,) i8        `commands[i]` stands before row `command_row[i]`; non-decreasing, n for the end
    command_line  (k,) i4        1-based source line of each command; 0 where there is none
    commands      k lines of text without newline
    objects       names of the objects on the plate
    """

    x: Floats
    y: Floats
    z: Floats
    e: Floats
    speed: Floats
    acceleration: NDArray[np.float32]
    role: NDArray[np.uint8]
    width: NDArray[np.float32]
    height: NDArray[np.float32]
    fan: NDArray[np.float32]
    tool: NDArray[np.uint8]
    layer: NDArray[np.int32]
    object: NDArray[np.int16]
    line: NDArray[np.int32]
    start: Floats
    command_row: NDArray[np.int64]
    command_line: NDArray[np.int32]
    commands: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def of(cls, n: int, **columns: Any) -> Moves:
        """Return `n` moves with the given columns; the others are zero (layer and object: -1)."""
        made: dict[str, Any] = {}
        for name, dtype in DTYPES.items():
            value = columns.pop(name, -1 if name in ("layer", "object") else 0)
            made[name] = np.full(n, value, dtype) if np.ndim(value) == 0 else np.ascontiguousarray(value, dtype)
        made["start"] = np.asarray(columns.pop("start", np.zeros(4)), np.float64)
        made["command_row"] = np.asarray(columns.pop("command_row", ()), np.int64)
        lines = columns.pop("command_line", np.zeros(len(made["command_row"])))
        made["command_line"] = np.asarray(lines, np.int32)
        return cls(**made, **columns)

    def with_(self, **columns: Any) -> Moves:
        """Return a copy with some columns replaced; commands that come without their lines have none."""
        if "commands" in columns:
            columns.setdefault("command_line", np.zeros(len(columns["commands"]), np.int32))
        return replace(self, **columns)

    def validate(self) -> Moves:
        """Return self; raise ValueError where columns disagree in length or hold what is not a number."""
        n = len(self.x)
        for name, dtype in DTYPES.items():
            column = getattr(self, name)
            if column.shape != (n,) or column.dtype != dtype:
                raise ValueError(f"Moves.{name} has {column.dtype}{column.shape}, expected {np.dtype(dtype)}({n},)")
            if column.dtype.kind == "f" and not np.isfinite(column).all():
                raise ValueError(f"Moves.{name}[{int(np.argmin(np.isfinite(column)))}] is not a finite number")
        if not len(self.commands) == len(self.command_row) == len(self.command_line):
            raise ValueError(f"{len(self.commands)} commands but {len(self.command_row)} command rows")
        return self


DTYPES: dict[str, type[np.generic]] = {
    "x": np.float64,
    "y": np.float64,
    "z": np.float64,
    "e": np.float64,
    "speed": np.float64,
    "acceleration": np.float32,
    "role": np.uint8,
    "width": np.float32,
    "height": np.float32,
    "fan": np.float32,
    "tool": np.uint8,
    "layer": np.int32,
    "object": np.int16,
    "line": np.int32,
}
"""The per-row columns and their types."""

assert set(DTYPES) < {f.name for f in fields(Moves)}
