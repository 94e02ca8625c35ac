"""How long a job takes in all: motion, dwells, heating and homing; by layer, role and object.

    times              Moves, Machine -> Times
    estimate_heating   what the machine waits for its heaters, each a mass that warms against a loss
    estimate_homing    what `G28` takes, from the machine's size and homing speeds

Motion is what `gcode.planner.estimate` says and depends on the file and the limits alone. Heating and homing depend on
things that no file tells, so they are kept apart and their constants are arguments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.commands import find
from gcode.in_force import HEATERS, changes
from gcode.moves import Floats, Moves
from gcode.planner import Machine, dwells, estimate
from gcode.roles import Role


@dataclass(frozen=True, slots=True)
class Heater:
    """A heater as one mass: `capacity * dT/dt = power - loss * (T - ambient)`, in J/K, W and W/K."""

    power: float
    capacity: float
    loss: float

    def after(self, seconds: float, now: float, target: float, ambient: float) -> float:
        """Return the temperature that comes of `now` on the way to a target: full power up, none down."""
        aim = ambient + (self.power / self.loss if now < target else 0.0)
        then = aim + (now - aim) * math.exp(-seconds * self.loss / self.capacity)
        return min(then, target) if now < target else max(then, target)

    def seconds_to(self, target: float, now: float, ambient: float) -> float:
        """Return how long it takes from `now` to a target; what cannot be reached is nearly reached."""
        rise = self.power / self.loss
        aim = ambient + (rise if now < target else 0.0)
        target = min(target, ambient + 0.98 * rise) if now < target else max(target, ambient + 1.0)
        share = (aim - now) / (aim - target)
        return self.capacity / self.loss * math.log(share) if share > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Heaters:
    """The heaters of a machine; settle is how long (s) the firmware wants a temperature to hold.

    nozzle   40 W, 16.7 J/K and 0.068 W/K: the values Marlin ships for model-predictive control; 25 to 210 C in 93 s
    bed      220 W under a 235 mm aluminium plate: 60 C in 2 minutes, 100 C in 5
    chamber  45 C in 13 minutes
    """

    nozzle: Heater = Heater(40.0, 16.7, 0.068)
    bed: Heater = Heater(220.0, 600.0, 1.3)
    chamber: Heater = Heater(200.0, 5000.0, 4.0)
    ambient: float = 22.0
    settle: float = 10.0
    window: float = 1.0


@dataclass(frozen=True, slots=True)
class Homing:
    """How a machine finds its zero: x, y, z, in mm and mm/s; the defaults are Marlin's.

    Each axis in turn runs to its switch, backs off by `bump` and comes again, slower by a factor. From an unknown place
    it is half the axis; afterwards it is known where the head stands.
    """

    size: tuple[float, float, float] = (250.0, 210.0, 210.0)
    speed: tuple[float, float, float] = (50.0, 50.0, 4.0)
    bump: tuple[float, float, float] = (5.0, 5.0, 2.0)
    slower: tuple[float, float, float] = (2.0, 2.0, 4.0)


class Wait(NamedTuple):
    """A stand before row `row`: for a heater ("nozzle", "bed", "chamber"; tool -1: any), or for "homing"."""

    row: int
    what: str
    tool: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of a job.

    moves       (n,) of each move, with the dwells before it
    by_layer    (layers,) of `moves`; what stands before the first layer is in none
    by_role     (len(Role),)
    by_object   (objects,)
    motion, dwell, heating, homing   sums
    waits       for heaters and homing, in order
    untimed     commands, once each, whose time no file tells: probing, filament changes, pauses, start macros
    """

    moves: Floats
    by_layer: Floats
    by_role: Floats
    by_object: Floats
    motion: float
    dwell: float
    heating: float
    homing: float
    waits: tuple[Wait, ...] = field(default=())
    untimed: tuple[str, ...] = field(default=())

    @property
    def total(self) -> float:
        """Everything together."""
        return self.motion + self.dwell + self.heating + self.homing


UNTIMED = frozenset(
    ("G29", "G30", "G32", "G33", "G34", "G80", "M0", "M1", "M25", "M226", "M303", "M600", "M601", "M701", "M702")
    + ("PAUSE", "BED_MESH_CALIBRATE", "QUAD_GANTRY_LEVEL", "Z_TILT_ADJUST", "SCREWS_TILT_CALCULATE")
)


def times(
    moves: Moves, machine: Machine | None = None, heaters: Heaters | None = None, homing: Homing | None = None
) -> Times:
    """Return how long a job takes, from a cold machine on."""
    machine = machine or Machine()
    seconds = estimate(moves, machine)
    known = find(moves, lambda name: name == "G4" or name in UNTIMED or "PRINT" in name)
    dwell = float(dwells(known, machine)[1].sum())
    homes = estimate_homing(moves, homing)
    waits = estimate_heating(moves, heaters, seconds, homes)
    return Times(
        moves=seconds,
        by_layer=_sums(moves.layer, seconds, int(moves.layer.max(initial=-1)) + 1),
        by_role=_sums(moves.role, seconds, len(Role)),
        by_object=_sums(moves.object, seconds, len(moves.objects)),
        motion=float(seconds.sum()) - dwell,
        dwell=dwell,
        heating=sum(wait.seconds for wait in waits),
        homing=sum(wait.seconds for wait in homes),
        waits=tuple(sorted([*homes, *waits])),
        untimed=tuple(dict.fromkeys(command.name for command in known if command.name != "G4")),
    )


def _sums(index: NDArray[np.integer], seconds: Floats, length: int) -> Floats:
    """Return sums (length,) of seconds by index; negative indices belong to none."""
    chosen = index >= 0
    return np.bincount(index[chosen], seconds[chosen], minlength=length)[:length].astype(np.float64)


def estimate_homing(moves: Moves, homing: Homing | None = None) -> list[Wait]:
    """Return what each `G28` takes."""
    homing = homing or Homing()
    known: set[str] = set()
    waits = []
    for command in find(moves, lambda name: name == "G28"):
        at = moves.start[:3] if command.row == 0 else [axis[command.row - 1] for axis in (moves.x, moves.y, moves.z)]
        seconds = 0.0
        for k, axis in enumerate("XYZ"):
            if axis in command.words or not {"X", "Y", "Z"} & command.words.keys():
                way = min(abs(float(at[k])), homing.size[k]) if axis in known else homing.size[k] / 2
                seconds += (way + homing.bump[k] * (1 + homing.slower[k])) / homing.speed[k]
                known.add(axis)
        waits.append(Wait(command.row, "homing", -1, seconds))
    return waits


def estimate_heating(
    moves: Moves, heaters: Heaters | None = None, seconds: Floats | None = None, others: Sequence[Wait] = ()
) -> list[Wait]:
    """Return each stand that waits for a heater; all heaters warm and cool at the same time, from ambient on.

    seconds (n,) of the moves, and other stands, tell how far a heater has come when it is waited for.
    """
    heaters = heaters or Heaters()
    clock = np.zeros(len(moves) + 1)
    if seconds is not None:
        clock[1:] = np.cumsum(seconds)
    for wait in others:
        clock[wait.row :] += wait.seconds
    held: dict[tuple[str, int], tuple[float, float, float]] = {}  # temperature, when, target
    waits: list[Wait] = []
    late = 0.0
    for change in changes(moves):
        if change.what not in HEATERS:
            continue
        heater: Heater = getattr(heaters, change.what)
        now = float(clock[change.row]) + late
        warm, since, target = held.get((change.what, change.tool), (heaters.ambient, now, 0.0))
        warm = heater.after(now - since, warm, max(target, heaters.ambient), heaters.ambient)
        target = target if change.value is None else change.value
        held[change.what, change.tool] = warm, now, target
        missing = 0.0 if change.waits is None else change.waits - warm
        if missing > heaters.window or (change.cools and -missing > heaters.window):
            stand = heater.seconds_to(warm + missing, warm, heaters.ambient) + heaters.settle
            waits.append(Wait(change.row, change.what, change.tool, stand))
            late += stand
    return waits
