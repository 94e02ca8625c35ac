"""The job around the moves: heating, templates, labels, totals, settings; and that all of it reads back."""

import base64
import dataclasses
import re

import numpy as np
import pytest

from gcode.errors import GcodeError, TemplateError
from gcode.moves import Moves
from gcode.planner import estimate
from gcode.reader import read
from gcode.roles import Role
from gcode.writer import write
from profiles.schema import Settings
from slicer.sequence import machine_of, sequence, style_of

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\xdc\0\0\0\x7c" + bytes(200)


def given(**values):
    """Return settings with some values replaced, whatever their group."""
    settings = Settings()
    groups = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    for name, group in groups.items():
        chosen = {k: v for k, v in values.items() if hasattr(group, k)}
        if chosen:
            settings = dataclasses.replace(settings, **{name: dataclasses.replace(group, **chosen)})
    return settings


def print_of(layers=3):
    """Return a climb, a travel and four beads in each layer, as `slicer.travel` makes them."""
    k = 6
    return Moves.of(
        k * layers,
        x=np.concatenate([[0, 10, 50, 50, 10, 10], *[[10, 10, 50, 50, 10, 10]] * (layers - 1)]),
        y=np.concatenate([[0, 10, 10, 40, 40, 10], *[[10, 10, 10, 40, 40, 10]] * (layers - 1)]),
        z=np.repeat(0.2 * (1 + np.arange(layers)), k),
        e=np.tile([0, 0, 1.3, 1, 1.3, 1], layers),
        speed=50.0,
        role=np.tile([0, 0, 1, 1, 1, 1], layers),
        width=np.tile([0, 0, 0.45, 0.45, 0.45, 0.45], layers),
        height=np.tile([0, 0, 0.2, 0.2, 0.2, 0.2], layers),
        layer=np.repeat(np.arange(layers), k),
        object=0,
        objects=("my part.stl",),
    )


def text_of(settings, moves=None, *more):
    moves = print_of() if moves is None else moves
    return write(sequence(moves, settings, *more), style_of(settings)).decode()


def codes(text):
    return [line.split(";")[0].strip() for line in text.splitlines() if line and not line.startswith(";")]


def test_order_of_a_plain_job():
    settings = given(
        start_gcode="G28 ; home", end_gcode="M84", first_layer_nozzle_temperature=205, nozzle_temperature=205
    )
    lines = codes(text_of(settings))
    assert lines[:10] == [
        "G21",
        "G90",
        "M83",
        "M140 S60",
        "M104 S205",
        "M190 S60",
        "M109 S205",
        "G28",
        "M107",
        "G1 Z0.2 F3000",
    ]
    assert lines[10] == "G1 X10 Y10"
    assert lines[-1] == "M84"


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ("START EXTRUDER={first_layer_nozzle_temperature} BED={bed_temperature}", {"M104", "M109", "M140", "M190"}),
        ("M109 S200\nG28", {"M104"}),
        ("M190 S60\nG28", {"M140"}),
    ],
)
def test_heating_is_left_to_a_template_that_heats(template, missing):
    settings = given(
        start_gcode=template, end_gcode="", first_layer_nozzle_temperature=210, first_layer_bed_temperature=60
    )
    settings = dataclasses.replace(settings, filament=dataclasses.replace(settings.filament, nozzle_temperature=210))
    assert not missing & {line.split()[0] for line in codes(text_of(settings))}


def test_a_comment_does_not_heat():
    assert "M109 S215" in codes(text_of(given(start_gcode="G28 ; M104 comes later")))


def test_temperatures_change_with_the_second_layer():
    text = text_of(
        given(
            first_layer_nozzle_temperature=220,
            nozzle_temperature=205,
            first_layer_bed_temperature=65,
            bed_temperature=60,
        )
    )
    second = text.split(";LAYER_CHANGE")[2]
    assert "M104 S205" in second
    assert "M140 S60" in second
    assert text.count("M104 S205") == 1


def test_cold_beds_and_chambers_are_not_heated():
    lines = codes(
        text_of(given(first_layer_bed_temperature=0, bed_temperature=0, chamber_temperature=50, end_gcode=""))
    )
    assert "M190 S0" not in lines
    assert {"M141 S50", "M191 S50"} <= set(lines)


def test_templates_know_settings_bounds_and_layers():
    start = "{bed_size_x:.0f} {nozzle_diameter} {print_min_x} {print_max_y} {total_layers} {filament_type}"
    text = text_of(
        given(
            start_gcode="; " + start,
            layer_gcode="M117 {layer_num} at {layer_z:.2f}",
            end_gcode="; {layer_num} {layer_z:.1f}",
        )
    )
    assert "; 220 0.4 10 40 3 PLA\n" in text
    assert re.findall(r"M117 (.*)", text) == ["0 at 0.20", "1 at 0.40", "2 at 0.60"]
    assert "; 3 0.6\n" in text


@pytest.mark.parametrize("name", ["start_gcode", "layer_gcode", "end_gcode"])
def test_what_is_wrong_with_a_template_is_said(name):
    with pytest.raises(
        TemplateError, match=rf"{name}, line 2: unknown placeholder 'layer_hight' \(did you mean 'layer_height'"
    ):
        text_of(given(**{name: "M117\nM117 {layer_hight}"}))
    with pytest.raises(TemplateError, match=rf"{name}, line 2: not a G-code word: 'G1 X'"):
        text_of(given(**{name: "M117\nG1 X"}))
    assert issubclass(TemplateError, GcodeError)


def test_the_motion_of_templates_is_in_rows():
    settings = given(start_gcode="G28\nG1 Z5 F600\nG1 X60 E10 F1000\nG92 E0", end_gcode="G91\nG1 Z5 F600\nG90")
    moves = sequence(print_of(), settings)
    custom = moves.role == Role.CUSTOM
    assert moves.e[custom].sum() == pytest.approx(10)
    assert moves.z[-1] == pytest.approx(5.6)
    assert moves.layer[custom].tolist()[0] == -1
    assert moves.layer[-1] == 2
    # the climb to the first layer happens where the purge line ended
    first = np.flatnonzero(~custom)[0]
    assert (moves.x[first], moves.y[first], moves.z[first]) == (60, 0, 0.2)
    assert estimate(moves, machine_of(settings)).sum() > estimate(print_of(), machine_of(settings)).sum() + 3


@pytest.mark.parametrize("flavour", ["marlin", "klipper", "reprapfirmware"])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("layer_gcode", ["", ";LAYER:{layer_num}\nM106 S7\nG91\nG1 Z1 F600\nG1 Z-1\nG90"])
def test_jobs_read_back_byte_for_byte(flavour, relative, layer_gcode):
    settings = given(
        gcode_flavour=flavour,
        relative_extrusion=relative,
        layer_gcode=layer_gcode,
        label_objects=True,
        emit_limits=True,
    )
    facts = {"generator": "fabthread 1.2.3", "print_seconds": 3723}
    text = text_of(settings, None, ["layer_height = 0.2"], [PNG], facts)
    back = read(text).validate()
    assert write(back, style_of(settings)).decode() == text
    assert back.layer.max() == 2
    assert back.objects == ("my_part.stl",)
    assert text.startswith("; generated by fabthread 1.2.3\n")


def test_thumbnails_are_what_hosts_look_for():
    text = text_of(given(), None, [], [PNG])
    found = re.search(r"^; thumbnail begin (\d+x\d+) (\d+)\n((?:; .*\n)*?); thumbnail end$", text, re.M)
    assert found[1] == "220x124"
    body = found[3].replace("; ", "").replace("\n", "")
    assert len(body) == int(found[2])
    assert base64.b64decode(body) == PNG
    assert max(map(len, found[3].splitlines())) == 80
    with pytest.raises(ValueError, match="not a PNG"):
        text_of(given(), None, [], [b"GIF89a"])


def test_totals():
    text = text_of(
        given(filament_density=1.25, filament_cost=20.0), None, ["a = 1", "; b = 2\n"], [], {"print_seconds": 3723.4}
    )
    assert "; filament used [mm] = 13.80\n" in text
    volume = 13.8 * np.pi / 4 * 1.75**2 / 1000
    assert f"; filament used [cm3] = {volume:.2f}\n" in text
    assert f"; filament used [g] = {volume * 1.25:.2f}\n" in text
    assert "; total layers count = 3\n" in text
    assert "; estimated printing time (normal mode) = 1h 2m 3s\n" in text
    assert text.endswith("; a = 1\n; b = 2\\n\n")


def test_labels():
    moves = print_of().with_(objects=("a.stl", "a.stl"))
    moves = moves.with_(object=(np.arange(len(moves)) // 3 % 2).astype(np.int16))
    text = text_of(given(gcode_flavour="klipper", label_objects=True), moves)
    assert "EXCLUDE_OBJECT_DEFINE NAME=a.stl CENTER=30.000,10.000 POLYGON=[[10.000,10.000]," in text
    assert "NAME=a.stl_2 " in text
    begun = [line for line in text.splitlines() if line.startswith("EXCLUDE_OBJECT_START")]
    ended = [line for line in text.splitlines() if line.startswith("EXCLUDE_OBJECT_END")]
    assert len(begun) == len(ended) == 6
    assert "EXCLUDE" not in text_of(given(gcode_flavour="klipper", label_objects=False), moves)


def test_changes_of_tool():
    moves = print_of()
    moves = moves.with_(tool=(moves.layer == 1).astype(np.uint8))
    text = text_of(given(tool_gcode="; from {previous_tool} to {tool}\nT{tool}\nG1 E5 F300"), moves)
    assert re.findall(r"; from (\d) to (\d)", text) == [("0", "1"), ("1", "0")]
    assert codes(text).count("T1") == 1
    assert codes(text_of(given(), moves)).count("T1") == 1


def test_limits_by_flavour():
    wanted = {
        "marlin": "M205 X8 Y8 Z0.4 E5",
        "reprapfirmware": "M566 X480 Y480 Z24 E300",
        "klipper": "SQUARE_CORNER_VELOCITY=5",
    }
    for flavour, words in wanted.items():
        assert words in text_of(given(gcode_flavour=flavour, emit_limits=True))
        assert words not in text_of(given(gcode_flavour=flavour))
    assert "M205 J0.02" in text_of(given(emit_limits=True, junction_deviation=0.02))


def test_machine_of_settings():
    machine = machine_of(given(max_speed_z=7.0, default_acceleration=1234.0, max_jerk_xy=9.0, gcode_flavour="klipper"))
    assert (machine.speed_z, machine.print_acceleration, machine.jerk_xy, machine.flavour) == (7, 1234, 9, "klipper")


def test_an_empty_print_still_starts_and_ends():
    text = text_of(given(), Moves.of(0))
    assert "G28" in text
    assert "; total layers count = 0" in text
