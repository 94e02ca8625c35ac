"""Every rule finds its planted fault by name, in the right place, and is silent on clean files."""

import re
from dataclasses import replace

import numpy as np
import pytest
from check_cases import CLEAN, FAULTS, HEIGHT, TOGETHER, clean, insert, layer, swap
from hypothesis import given
from hypothesis import strategies as st

from gcode import Machine, read
from gcode.checks import RULES, Finding, Limits, Severity, evidence, run, severities
from gcode.checks.limits import embedded
from gcode.checks.vocabulary import FILES, FIRMWARE, POWER, STORED, UNGUARDED, is_known
from gcode.errors import UnknownRule

LIMITS = Limits(flow=15.0)
KLIPPER = replace(LIMITS, machine=Machine(flavour="klipper"))
CASES = [(rule, number) for rule, faults in FAULTS.items() for number in range(len(faults))]


def check(text: str, limits: Limits = LIMITS, rules: dict[str, Severity] | None = None) -> list[Finding]:
    """Return what is found in a text."""
    problems = []
    return run(read(text.encode(), problems), limits, problems=problems, rules=rules)


def named(found: list[Finding]) -> set[str]:
    return {one.rule for one in found}


def test_every_rule_has_a_fault():
    assert set(FAULTS) == set(RULES)


@pytest.mark.parametrize("limits", [LIMITS, KLIPPER, Limits(machine=Machine(flavour="reprapfirmware"))])
@pytest.mark.parametrize("layers", [1, 2, 6, 40])
def test_a_clean_file_is_silent(layers, limits):
    assert check(clean(layers), limits) == []


@pytest.mark.parametrize(("rule", "number"), CASES)
def test_a_planted_fault_is_found_by_name(rule, number):
    limits = KLIPPER if rule == "macro" else LIMITS
    found = named(check(FAULTS[rule][number](CLEAN), limits))
    assert rule in found
    assert found <= {rule} | TOGETHER.get(rule, set())


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_off_finds_nothing(rule):
    limits = KLIPPER if rule == "macro" else LIMITS
    faulty = FAULTS[rule][0](CLEAN)
    assert rule not in named(check(faulty, limits, {rule: Severity.OFF}))
    (first, *_) = [one for one in check(faulty, limits, {rule: Severity.INFO}) if one.rule == rule]
    assert first.severity == "info"


BROUGHT_DOWN = sorted({*FIRMWARE, *STORED, *FILES, *POWER})


@given(st.sampled_from(BROUGHT_DOWN), st.integers(0, CLEAN.count("\n") - 1), st.booleans())
def test_a_command_that_does_not_belong_into_a_print_is_found_in_its_line(name, at, small):
    lines = CLEAN.splitlines()
    lines.insert(at, f"{name.lower() if small else name} ; why not")
    found = [one for one in check("\n".join(lines) + "\n", KLIPPER) if one.what.startswith(f"{name} ")]
    found = [one for one in found if one.rule not in ("unknown-command", "macro")]
    assert [one.line for one in found] == [at + 1]
    assert found[0].count == 1


@given(st.sampled_from("XY"), st.booleans(), st.integers(0, 5), st.floats(0.1, 14.0))
def test_a_bead_outside_is_found_in_its_layer_with_its_place(axis, beyond, k, excess):
    place = 220 + excess if beyond else -excess
    text = swap(layer(k), layer(k) + f"G1 {axis}{place:.3f} E4 F2400\n")(CLEAN)
    (found,) = [one for one in check(text) if one.rule == "outside-volume"]
    assert found.value == pytest.approx(place, abs=1e-3)
    assert found.limit == (220.0 if beyond else 0.0)
    assert (found.layer, found.count, found.line) == (
        k + 1,
        1,
        text.splitlines().index(f"G1 {axis}{place:.3f} E4 F2400") + 1,
    )


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_round_beds_are_round(x, y):
    limits = replace(LIMITS, low=(0.0, 0.0, 0.0), high=(200.0, 200.0, 250.0), round=True)
    text = clean(1).replace("G1 X100.000 Y80.000", f"G1 X{x:.3f} Y{y:.3f}")
    found = named(check(text, limits))
    away = np.hypot(round(x, 3) - 100, round(y, 3) - 100)
    assert ("outside-volume" in found) == (away > 100.005)


@given(st.integers(2, 5), st.floats(0.0, 160.0))
def test_cold_extrusion_counts_every_row(k, target):
    found = {one.rule: one for one in check(insert(f"M104 S{target:.0f}", f";LAYER:{k}")(CLEAN))}
    cold = found["cold-extrusion"]
    assert cold.layer == k + 1
    assert cold.count == (6 - k) * 9  # eight beads and one unretraction a layer
    assert cold.value == round(target)


@given(st.integers(1, 5), st.integers(1, 5))
def test_a_layer_that_comes_late_is_found_wherever_it_is(a, b):
    parts = [CLEAN[: CLEAN.index(";LAYER:0")], *map(layer, range(6)), CLEAN[CLEAN.index("G1 E-1 F2100\nG1 Z30") :]]
    parts.insert(b + 1, parts.pop(a + 1))
    assert ("layer-order" in named(check("".join(parts)))) == (a != b)


def test_parts_printed_one_after_the_other_are_in_order():
    text = "".join(layer(k) for k in range(4)) + "".join(layer(k, x=130.0) for k in range(4))
    text = clean(6).replace("".join(map(layer, range(6))), text).replace("COUNT:6", "COUNT:4")
    assert named(check(text)) <= {"stringing"}
    again = text.replace("X130", "X82").replace("X150", "X102")
    assert "layer-order" in named(check(again))


INTRO = "G1 X0 Y-3 F1000\nG1 Z0.2 F600\nG1 X60 E9 F1000\nG1 X100 E12.5\nG1 E-0.8 F2100\nG1 Z5 F600\n"


def test_a_purge_line_beside_the_bed_is_no_part_of_the_print():
    unmarked = re.sub(";LAYER.*\n", "", CLEAN)  # as files of slicers that mark nothing
    assert check(unmarked) == []
    purged = swap("G1 Z5 F600\n", "G1 Z5 F600\n" + INTRO)(unmarked)
    assert check(purged) == []
    assert "outside-volume" in named(check(purged.replace(layer(2).split("\n", 1)[1], INTRO)))


@pytest.mark.parametrize(("x", "open_"), [(95.0, False), (150.0, True)])
def test_strings_are_told_of_the_open_only(x, open_):
    rows = "".join(f"G1 X80 Y{80 + k}.5 F9000\nG1 X100 E0.6 F2400\n" for k in range(14))
    there_and_back = f"G1 X{x} Y90 F9000\nG1 X82 Y82\nG1 X{x} Y90\nG1 X90 Y90\nG1 X91 E0.02 F2400\n"
    found = check(swap(";LAYER:4", rows + there_and_back + ";LAYER:4")(CLEAN))
    assert named(found) == ({"stringing"} if open_ else set())


def test_what_g92_shifts_is_taken_back():
    text = insert("G92 Z0\nG1 Z0.2 F600\nG92 Z0.8")(CLEAN)
    assert "below-bed" not in named(check(text))
    (found,) = [one for one in check(insert("G92 Z9\nG1 Z1 F600")(CLEAN)) if one.rule == "below-bed"]
    assert found.value == pytest.approx(0.8 - 8.4)  # the layer after it


def test_homing_ends_a_shift():
    assert "below-bed" not in named(check(swap("G28\n", "G92 Z9\nG28\n")(CLEAN)))
    assert "below-bed" not in named(check(insert("G92 Z9\nG28 Z\nG1 Z1 F600")(CLEAN)))


@pytest.mark.parametrize(
    "line", ["M302", "M302 S170", "M302 P0", "M85 S600", "M211", "M211 S1", "M564 H1", "SET_PIN PIN=light VALUE=1"]
)
def test_commands_that_only_ask_or_guard_are_harmless(line):
    assert "unguarded" not in named(check(insert(line)(CLEAN), KLIPPER if "PIN" in line else LIMITS))


@pytest.mark.parametrize("name", sorted(UNGUARDED))
def test_every_unguarded_command_can_be_found(name):
    words = {"M302": "S0", "M85": "S0", "M211": "S0", "M564": "H0", "SET_PIN": "PIN=heater_bed VALUE=1"}.get(name, "")
    assert "unguarded" in named(check(insert(f"{name} {words}")(CLEAN), KLIPPER))


def test_a_start_macro_is_trusted_to_home_and_heat_on_the_firmware_that_has_macros():
    begin = CLEAN.index("G1 Z5")
    text = "PRINT_START\nG90\nM83\n" + CLEAN[begin : CLEAN.index("M104 S0")] + "PRINT_END\n"
    assert named(check(text, KLIPPER)) == {"macro"}
    assert {"not-homed", "never-heated", "unknown-command"} <= named(check(text))


def test_a_start_macro_that_names_temperatures_is_taken_at_its_word():
    text = "PRINT_START EXTRUDER=150 BED=60\n" + CLEAN[CLEAN.index("G21") :]
    assert "cold-extrusion" in named(check(text, KLIPPER))
    assert "nozzle-too-hot" in named(check(text.replace("150", "350"), KLIPPER))


def test_factors_count():
    fast = insert("M220 S700")(CLEAN)
    assert {"speed", "flow"} <= named(check(fast))
    assert "flow" in named(check(insert("M221 S600")(CLEAN)))


def test_a_million_like_findings_are_one():
    text = clean(2000).replace("LAYER_COUNT:2000\n", "LAYER_COUNT:2000\nM203 X900\n").replace("F2400", "F30000")
    found = [one for one in check(text, replace(LIMITS, high=(220.0, 220.0, 500.0))) if one.rule == "speed"]
    assert len(found) == 2  # x and y
    assert found[0].count > 4000
    assert len(str(found[0])) < 300


def test_the_gravest_come_first_and_the_worst_value_is_told():
    text = insert("M104 S310\nM104 S340\nM104 S320")(swap("M140 S0\n", "")(CLEAN))
    found = check(text)
    assert [one.severity for one in found] == ["error", "warning"]
    assert (found[0].value, found[0].limit, found[0].count) == (340.0, 300.0, 3)
    assert found[0].worst_line == found[0].line + 1
    assert "340 C, limit 300" in str(found[0])


def test_moves_in_memory_have_layers_instead_of_lines():
    moves = read(FAULTS["outside-volume"][0](CLEAN).encode())
    (found,) = run(moves.with_(line=np.zeros(len(moves), np.int32)), LIMITS)
    assert found.line == 0
    assert found.place() == "layer 1, z 0.2"
    assert found.z == pytest.approx(HEIGHT)


def test_severities_are_read_from_texts():
    assert severities(["flow=error", "blob"]) == {"flow": Severity.ERROR, "blob": Severity.OFF}
    with pytest.raises(UnknownRule, match="did you mean 'stringing'"):
        severities(["sringing=off"])
    with pytest.raises(UnknownRule, match="off, info, warning or error"):
        severities(["flow=fatal"])


WORDS = st.sampled_from(
    [
        "G1 X{} Y{} E{}", "G1 E{}", "G1 Z{} F{}", "G28", "G92 X{} Z{}", "G92", "M104 S{}", "M84", "T{}", "G91", "G90",
        "M82", "M83", "PRINT_START", ";LAYER:{}", ";TYPE:Custom", "M220 S{}", "M600", "?", "G2 X{} I{}", "M302 S0",
    ]
)  # fmt: skip


@given(
    st.lists(st.tuples(WORDS, st.integers(-400, 400), st.integers(-9, 9), st.integers(-5, 5))),
    st.sampled_from([LIMITS, KLIPPER]),
)
def test_whatever_is_read_can_be_checked(lines, limits):
    text = "M105\n" + "".join(form.format(*numbers) + "\n" for form, *numbers in lines)
    for one in check(text, limits):
        assert one.count >= 1
        assert one.rule in str(one)
        assert one.as_dict()["severity"] in ("error", "warning", "info")


def test_absurd_places_are_told_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(evidence, "MOST_PIECES", 10_000)
    assert evidence.pieces_of(np.full(80, 2e8), 1.0).sum() <= 10_080
    assert evidence.pieces_of(np.array([0.0, 0.4, 2.5]), 1.0).tolist() == [1, 1, 3]
    far = "G1 X100000000 Y90 E1\nG1 X-100000000 E1\n" * 40
    text = swap(";LAYER:4", "G1 X50 Y50 F9000\n" + far + ";LAYER:3\nG1 Z0.2\n" + far + ";LAYER:4")(CLEAN)
    assert {"outside-volume", "layer-order"} <= named(check(text))


def test_the_machine_is_told_by_settings_of_other_slicers():
    square = embedded(
        {"printable_area": "0x0,220x0,220x225,0x225", "printable_height": "240", "nozzle_diameter": "0.4,0.6"}
    )
    assert (square.low, square.high, square.round, square.tools) == ((0, 0, 0), (220, 225, 240), False, 2)
    turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    disc = ",".join(f"{90 * np.cos(t):.3f}x{90 * np.sin(t):.3f}" for t in turns)
    delta = embedded({"bed_shape": disc, "filament_max_volumetric_speed": "0", "machine_max_feedrate_x": "300,200"})
    assert delta.round
    assert delta.high == pytest.approx((90, 90, 250))
    assert (delta.flow, delta.machine.speed_x) == (0.0, 300.0)
    assert embedded({"layer_height": "0.2"}) is None
    for none in ("nonsense", "1.2.3x4,5x6", "0x0,0x0,0x0", "0x0,9x0,5x0"):
        assert embedded({"bed_shape": none}) is None


@pytest.mark.parametrize("flavour", ["marlin", "klipper", "reprapfirmware"])
def test_every_flavour_knows_what_slicers_write(flavour):
    for name in (
        "G0",
        "G1",
        "G28",
        "G92",
        "M82",
        "M104",
        "M109",
        "M140",
        "M190",
        "M106",
        "M107",
        "M84",
        "M204",
        "M221",
        "T0",
    ):
        assert is_known(name, flavour), name
