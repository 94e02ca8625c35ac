"""Templates: what placeholders may say, and what errors tell."""

import pytest

from gcode.errors import TemplateError
from gcode.templates import render

VALUES = {"nozzle_temperature": 210, "layer_z": 0.2, "name": "cube", "wipe": True, "bed_size_x": 250.0}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("M104 S{nozzle_temperature}", "M104 S210"),
        ("{layer_z:.1f} {layer_z} {bed_size_x}", "0.2 0.2 250"),
        ("{nozzle_temperature - 20} {-layer_z * 3} {bed_size_x / 2}", "190 -0.6 125"),
        ("{{literal}} {name} {wipe}", "{literal} cube 1"),
        ("{max(layer_z, 10) + 2} {round(2.6)} {int(3.9)} {min(1, 2)} {abs(-4)}", "12 3 3 1 4"),
        ("{1 if nozzle_temperature > 200 else 0}{'hot' if name == 'cube' else 'cold'}", "1hot"),
        ("no placeholders", "no placeholders"),
        ("{7 // 2}{7 % 4}", "33"),
    ],
)
def test_rendering(text, rendered):
    assert render(text, VALUES, "t") == [rendered]


def test_lines():
    assert render("a\n\nb {name}", VALUES, "t") == ["a", "", "b cube"]
    assert render("", VALUES, "t") == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "G28\nM104 S{nozle_temperature}",
            r"start_gcode, line 2: unknown placeholder 'nozle_temperature' \(did you mean 'nozzle_temperature'\?\)",
        ),
        ("{zzz}", "unknown placeholder 'zzz' in"),
        ("{", "line 1: "),
        ("}", "line 1: "),
        ("{}", "cannot read the placeholder"),
        ("{1 +}", "cannot read the placeholder"),
        ("{name!r}", "cannot read the placeholder"),
        ("{name + 1}", "cannot calculate with the text 'cube'"),
        ("{name * 9999999999}", "cannot calculate with the text"),
        ("{layer_z:>999999999}", "cannot read the placeholder"),
        ("{layer_z:d}", "line 1: "),
        ("{1 / 0}", "division by zero"),
        ("{9 ** 9 ** 9}", "a placeholder cannot hold"),
        ("{__import__('os')}", "a placeholder cannot hold"),
        ("{name.__class__}", "a placeholder cannot hold"),
        ("{[1][0]}", "a placeholder cannot hold"),
        ("{(lambda: 1)()}", "cannot read the placeholder"),
    ],
)
def test_errors(text, complaint):
    with pytest.raises(TemplateError, match=complaint):
        render(text, VALUES, "start_gcode")
