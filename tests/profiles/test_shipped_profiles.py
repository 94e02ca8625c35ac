"""What is shipped loads, goes together and says what it says; the matched settings are those of the comparison."""

import re
from itertools import product
from pathlib import Path

import pytest

from gcode.moves import Moves
from profiles.files import chain, read_table, shipped
from profiles.loader import load
from profiles.schema import GROUPS
from profiles.values import KEYS
from slicer.sequence import sequence

REPOSITORY = Path(__file__).resolve().parents[2]
MATCHED = REPOSITORY / "benchmarks" / "matched"
COMPUTED = {"bed_size_x", "bed_size_y", "layer_num", "layer_z", "total_layers"}  # slicer.sequence knows these


def nozzle(kind: str, name: str) -> float:
    """Return the nozzle a printer has or a process is made for."""
    key = {"printer": "nozzle_diameter", "process": "made_for_nozzle"}[kind]
    return next(source.values[key] for source in reversed(chain(kind, name)) if key in source.values)


def test_the_promised_profiles_are_there():
    assert set(shipped("printer")) >= {
        "generic-marlin", "generic-klipper", "generic-reprapfirmware", "prusa-mk3s", "prusa-mk4", "creality-ender3",
        "creality-ender3-v3", "voron-2.4-350", "sovol-sv06", "anycubic-kobra2", "artillery-sidewinder-x2",
    }  # fmt: skip
    assert set(shipped("filament")) >= {"pla", "petg", "abs", "asa", "tpu"}
    assert set(shipped("process")) >= {"0.12mm", "0.16mm", "0.20mm", "0.28mm"}
    assert {nozzle("process", name) for name in shipped("process")} == {0.25, 0.4, 0.6, 0.8}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in GROUPS for name in shipped(kind)])
def test_shipped_file_is_tidy(kind, name):
    header, _ = read_table(name, shipped(kind)[name])
    assert header["name"]
    assert header["description"].endswith(".")
    assert name == name.lower()


@pytest.mark.parametrize("printer", shipped("printer"))
def test_every_matching_combination_goes_together(printer):
    processes = [name for name in shipped("process") if nozzle("process", name) == nozzle("printer", printer)]
    if printer.startswith("generic-marlin"):
        assert processes
    for filament, process in product(shipped("filament"), processes):
        warnings = load(printer, filament, process).warnings
        if process.endswith("-fast"):  # made for machines that can; the others say that they cannot
            warnings = [w for w in warnings if "than the machine allows" not in w]
        assert not warnings, (printer, filament, process, warnings)


@pytest.mark.parametrize("printer", shipped("printer"))
def test_templates_name_known_values_only(printer):
    settings = load(printer).as_dict()
    scalars = {name for name, value in settings.items() if not isinstance(value, tuple)}
    for key in ("start_gcode", "end_gcode", "layer_gcode", "tool_gcode"):
        names = set(re.findall(r"\{(.*?)\}", settings[key]))
        assert names <= (scalars | COMPUTED) - {"start_gcode", "end_gcode", "layer_gcode", "tool_gcode"}, key


@pytest.mark.parametrize("printer", shipped("printer"))
def test_start_heats_homes_and_end_cools(printer):
    output = load(printer).settings.output
    macro = re.search(r"^(START_PRINT|PRINT_START) ", output.start_gcode, re.M)
    assert macro or re.search(r"^G28\b", output.start_gcode, re.M)
    assert "{first_layer_nozzle_temperature}" in output.start_gcode
    assert "{first_layer_bed_temperature}" in output.start_gcode
    assert re.search(r"^(END_PRINT|PRINT_END)$", output.end_gcode, re.M) or "M104 S0" in output.end_gcode
    assert output.start_gcode == output.start_gcode.strip()


@pytest.mark.parametrize("printer", shipped("printer"))
def test_templates_extrude_alike_with_relative_and_absolute_e(printer):
    """A template that sets M83 would leave an absolute print extruding wildly."""
    extruded = []
    for relative in (True, False):
        settings = load(printer, overrides={"relative_extrusion": relative}).settings
        beads = Moves.of(2, x=[100.0, 120.0], y=[100.0, 100.0], z=0.2, e=[0.0, 0.6], role=1, speed=20.0, layer=0)
        job = sequence(beads, settings)
        extruded.append(job.e[job.e > 0].tolist())
        assert not {"M82", "M83"} & set(re.findall(r"M8[23]", settings.output.start_gcode + settings.output.end_gcode))
    assert extruded[0] == extruded[1]
    assert extruded[0][-1] == 0.6


def test_machine_facts():
    facts = {
        "prusa-mk3s": ((250, 210), 210, "marlin"),
        "prusa-mk4": ((250, 210), 220, "marlin"),
        "creality-ender3": ((220, 220), 250, "marlin"),
        "creality-ender3-v3": ((220, 220), 250, "klipper"),
        "voron-2.4-350": ((350, 350), 330, "klipper"),
        "sovol-sv06": ((220, 220), 250, "marlin"),
        "anycubic-kobra2": ((220, 220), 250, "marlin"),
        "artillery-sidewinder-x2": ((300, 300), 400, "marlin"),
        "generic-reprapfirmware": ((220, 220), 250, "reprapfirmware"),
    }
    for name, (bed, height, flavour) in facts.items():
        settings = load(name).settings
        found = settings.machine.bed_size, settings.machine.max_print_height, settings.output.gcode_flavour
        assert found == (bed, height, flavour), name


def test_matched_settings_are_those_of_the_comparison():
    resolved = load(MATCHED / "printer.toml", MATCHED / "filament.toml", MATCHED / "process.toml")
    assert resolved.warnings == ()
    values = resolved.as_dict()
    wanted = {
        "nozzle_diameter": 0.4, "layer_height": 0.2, "first_layer_height": 0.2, "wall_count": 2, "top_layers": 4,
        "bottom_layers": 4, "infill_density": 0.15, "infill_pattern": "rectilinear", "infill_angle": 45.0,
        "skirt_loops": 1, "skirt_distance": 6.0, "skirt_height": 1, "skirt_min_length": 0.0, "brim_type": "none",
        "filament_diameter": 1.75, "travel_speed": 120.0, "first_layer_speed": 0.0, "retraction_length": 1.0,
        "retraction_speed": 40.0, "retraction_min_travel": 2.0, "z_hop": 0.0, "wipe": False, "min_layer_time": 0.0,
        "bed_size": (250.0, 210.0), "max_print_height": 210.0, "default_acceleration": 1000.0, "max_jerk_xy": 8.0,
        "max_jerk_z": 0.4, "max_jerk_e": 5.0, "elephant_foot_compensation": 0.0, "relative_extrusion": False,
        "thumbnails": (), "start_gcode": "G28", "end_gcode": "M104 S0", "max_volumetric_speed": 0.0,
        "nozzle_temperature": 200, "first_layer_nozzle_temperature": 200, "top_pattern": "rectilinear",
        "bottom_pattern": "rectilinear", "top_thickness": 0.0, "bottom_thickness": 0.0,
    }  # fmt: skip
    assert {name: values[name] for name in wanted} == wanted
    assert {values[name] for name in KEYS if name.endswith("_width") and KEYS[name].group == "widths"} == {0.45}
    speeds = [name for name in KEYS if KEYS[name].group == "speeds" and name.endswith("_speed")]
    assert {values[name] for name in speeds} == {60.0, 120.0, 0.0}
    assert [name for name in speeds if values[name] != 60.0] == ["first_layer_speed", "travel_speed"]


def test_matched_gyroid_differs_in_its_pattern_only():
    base = load(MATCHED / "printer.toml", MATCHED / "filament.toml", MATCHED / "process.toml").as_dict()
    gyroid = load(MATCHED / "printer.toml", MATCHED / "filament.toml", MATCHED / "process-gyroid.toml").as_dict()
    assert {name for name in base if base[name] != gyroid[name]} == {"infill_pattern"}
    assert gyroid["infill_pattern"] == "gyroid"


def test_settings_reference_is_up_to_date():
    from profiles.document import document

    written = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == document(), "run: python -m profiles.document > docs/settings.md"
