"""Commands between host, firmware and the person in front of the printer; the card and the EEPROM."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_host import ask, framed, hear, stream, switched_on

from printer.virtual import PERSONALITIES
from printer.virtual.commands import HANDLERS
from printer.virtual.commands_host import MACROS
from printer.virtual.sdcard import SdCard, short_name


def test_keepalive_says_that_a_long_command_lives():
    device = switched_on()
    assert ask(device, "G4 S7") == ["echo:busy: processing"] * 3 + ["ok"]
    ask(device, "M113 S1")
    assert len(ask(device, "G4 S7")) in (7, 8)
    ask(device, "M113 S0")
    assert ask(device, "G4 S7") == ["ok"]
    assert ask(device, "M113") == ["echo:  M113 S0", "ok"]


def test_a_dwell_takes_its_time():
    device = switched_on()
    began = device.now
    ask(device, "G4 P1500")
    assert device.now - began == pytest.approx(1.5, abs=1e-3)


@pytest.mark.parametrize("answer", [b"M108\n", b"M876 S0\n", b"N99 M108*1\n"])
def test_m0_waits_for_the_user(answer):
    device = switched_on()
    device.write(b"M0 press the button\n", device.now)
    heard = hear(device, 5.0)
    assert heard[:3] == [
        "//action:prompt_begin press the button", "//action:prompt_button Continue", "//action:prompt_show",
    ]  # fmt: skip
    assert "echo:busy: paused for user" in heard
    device.write(answer, device.now)
    heard = hear(device, 0.5)
    assert heard[:2] == ["//action:prompt_end", "ok"] or "ok" in heard
    assert ask(device, "M105")[-1].startswith("ok")


def test_m0_with_a_time_goes_on_by_itself():
    device = switched_on()
    began = device.now
    ask(device, "M0 S3")
    assert 3 <= device.now - began < 3.2


def test_m600_parks_waits_and_comes_back():
    device = switched_on()
    stream(device, ["G28", "G1 X50 Y60 Z5 F6000", "M400"])
    device.write(b"M600\n", device.now)
    heard = hear(device, 20.0)
    assert heard[0] == "//action:paused"
    assert "echo:Insert filament and send M108" in heard
    assert device.executed().x[-1] == 0
    device.write(b"M108\n", device.now)
    hear(device, 20.0)
    moves = device.executed()
    assert (moves.x[-1], moves.y[-1], moves.z[-1]) == (50, 60, 5)


def test_the_emergency_parser_acts_while_everything_is_full():
    device = switched_on(baud=115200)
    hear(device, 1.0)
    device.write(b"".join(framed(i, "G4 S30") for i in range(1, 8)), device.now)
    hear(device, 0.5)
    began = device.now
    device.write(b"M112\n", device.now)
    assert "Error:Printer halted. kill() called!" in hear(device, 1.0)
    assert device._firmware.halted
    assert device.now - began == pytest.approx(1.0)


def test_without_emergency_parser_m112_waits_for_a_place_in_the_queue():
    device = switched_on("marlin1")
    hear(device, 1.0)
    device.write(b"".join(framed(i, "G4 S3") for i in range(1, 5)), device.now)
    hear(device, 0.5)
    device.write(b"M112\n", device.now)
    assert set(hear(device, 2.0)) == {"echo:busy: processing"}
    assert "Error:Printer halted. kill() called!" in hear(device, 1.5)


def test_an_emergency_command_may_come_in_pieces_but_must_end():
    device = switched_on()
    for piece in (b"M1", b"1", b"2"):
        device.write(piece, device.now)
        assert hear(device, 0.5) == []
    device.write(b"\n", device.now)
    assert hear(device, 0.5)[0] == "echo:M112 Shutdown"


@pytest.mark.parametrize("text", ["M117 M112", "M118 A1 say M112", "; M112", "M1120"])
def test_an_emergency_command_is_one_only_at_the_start_of_a_line(text):
    device = switched_on()
    device.write(text.encode() + b"\n", device.now)
    hear(device, 0.5)
    assert ask(device, "M105")


def test_messages():
    device = switched_on()
    assert ask(device, "M118 E1 hello") == ["echo:hello\r", "ok"]
    assert ask(device, "M118 A1 action:x") == ["//action:x\r", "ok"]
    assert ask(device, "M220") == ["FR:100%", "ok"]
    assert ask(device, "M221") == ["echo:E0 Flow: 100%", "ok"]
    assert ask(device, "M106 S128") == ["M106 P0 S128", "ok"]


def test_capabilities():
    lines = ask(switched_on(), "M115")
    assert "Cap:EMERGENCY_PARSER:1" in lines
    assert "Cap:AUTOREPORT_TEMP:1" in lines
    assert any(line.startswith("area:{full:") for line in lines)


def test_position_reports_itself():
    device = switched_on()
    ask(device, "M154 S1")
    assert sum(line.startswith("X:") for line in hear(device, 5.2)) == 5


# ---------------------------------------------------------------- EEPROM


def test_settings_are_kept_only_when_saved():
    device = switched_on()
    ask(device, "M92 X100 E415")
    assert "echo:  M92 X100.00 Y80.00 Z400.00 E415.00" in ask(device, "M503")
    device.reset()
    hear(device, 2.0)
    assert "echo:  M92 X80.00 Y80.00 Z400.00 E93.00" in ask(device, "M503")
    ask(device, "M92 X100")
    assert ask(device, "M500")[0].startswith("echo:Settings Stored")
    device.reset()
    hear(device, 2.0)
    assert "echo:  M92 X100.00 Y80.00 Z400.00 E93.00" in ask(device, "M503")
    ask(device, "M502")
    assert "echo:  M92 X80.00 Y80.00 Z400.00 E93.00" in ask(device, "M503")
    ask(device, "M501")
    assert "echo:  M92 X100.00 Y80.00 Z400.00 E93.00" in ask(device, "M503")


@pytest.mark.parametrize("command", ["M203 X0", "M201 X0 Y-5", "M204 S0", "M92 X0", "M205 X-1 J-1"])
def test_settings_that_would_stop_the_machine_are_ignored(command):
    device = switched_on()
    before = ask(device, "M503")
    ask(device, command)
    assert ask(device, "M503") == before
    stream(device, ["G28", "G1 X10 F6000", "M400"])


# ---------------------------------------------------------------- the card

JOB = b"G28\nG90\n; a comment\nG1 X10 F6000\nG1 Y10\nM400\n"


def test_upload_list_print_delete():
    device = switched_on()
    commands = ["M28 PART.GCO", *(line for line in JOB.decode().split("\n") if line and line[0] != ";"), "M29"]
    heard = stream(device, commands, window=1).decode()
    assert "Writing to file: PART.GCO" in heard
    assert "Done saving file." in heard
    assert device.executed().speed.max(initial=0) == 0
    size = len(JOB) - len("; a comment\n")
    assert ask(device, "M20") == ["Begin file list", f"PART.GCO {size}", "End file list", "ok"]
    assert ask(device, "M23 part.gco")[1:3] == [f"File opened: PART.GCO Size: {size}", "File selected"]
    assert ask(device, "M27") == ["Not SD printing", "ok"]
    ask(device, "M24")
    assert "Done printing file" in hear(device, 30.0)
    assert (device.executed().x[-1], device.executed().y[-1]) == (10, 10)
    assert ask(device, "M30 PART.GCO") == ["File deleted:PART.GCO", "ok"]
    assert ask(device, "M30 PART.GCO") == ["Deletion failed, File: PART.GCO.", "ok"]


def test_an_upload_wants_numbers():
    device = switched_on()
    ask(device, framed(1, "M28 A.GCO"))
    device.write(b"G1 X10\n", device.now)
    assert hear(device, 0.1)[0].startswith("Error:No Checksum")
    assert ask(device, framed(2, "G1 X10")) == ["ok"]
    assert ask(device, "M29") == ["Done saving file.", "ok"]
    assert device.card.files["A.GCO"] == b"G1 X10\n"


def test_a_print_from_the_card_can_pause_and_be_aborted():
    device = switched_on()
    device.card.put("A.GCO", b"G28\n" + b"".join(b"G1 X%d F600\n" % (i % 100) for i in range(500)))
    ask(device, "M32 A.GCO")
    ask(device, "M27 S2")
    heard = hear(device, 20.0)
    assert sum(line.startswith("SD printing byte") for line in heard) >= 8
    ask(device, "M25")
    at = device.card.at
    hear(device, 400.0)
    assert device.card.at == at
    ask(device, "M24")
    hear(device, 20.0)
    assert device.card.at > at
    ask(device, "M524")
    assert ask(device, "M27")[0] == "Not SD printing"
    assert ask(device, "M27 C")[0] == "Current file: A.GCO"


def test_a_missing_file_and_a_missing_card():
    device = switched_on()
    assert "open failed, File: NO.GCO." in ask(device, "M23 NO.GCO")
    device.card.present = False
    assert ask(device, "M21") == ["echo:No SD card", "ok"]
    assert ask(device, "M20") == ["Begin file list", "End file list", "ok"]


@given(st.text(max_size=40))
def test_names_never_leave_the_card(name):
    short = short_name(name)
    assert short
    assert not set(short) & set('/\\:*?"<>| \0\n')
    assert short not in (".", "..")
    assert len(short) <= 12


def test_a_folder_as_a_card(tmp_path):
    (tmp_path / "old part.gcode").write_bytes(JOB)
    outside = tmp_path.parent / "outside.gcode"
    outside.write_bytes(b"secret")
    (tmp_path / "link.gcode").symlink_to(outside)
    device = switched_on(card=tmp_path)
    assert list(device.card.files) == ["OLDPART.GCO"]
    assert ask(device, "M33 OLDPART.GCO")[0] == "/old part.gcode"
    stream(device, ["M28 ../../evil.gcode", "G28", "M29"], window=1)
    assert (tmp_path / "EVIL.GCO").read_bytes() == b"G28\n"
    assert device.card.find("evil.gco")
    ask(device, "M30 OLDPART.GCO")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["EVIL.GCO", "link.gcode"]
    assert outside.read_bytes() == b"secret"
    assert sorted(SdCard(tmp_path).files) == ["EVIL.GCO"]


WORD = st.tuples(
    st.sampled_from("XYZEFIJRSPTLCNBUKQ"),
    st.one_of(st.just(""), st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6).map("{:.4f}".format), st.just("9" * 40)),
)
COMMAND = st.one_of(
    st.sampled_from([*HANDLERS, "T0", "T7", "T99999999999", "G", "M", "G99999"]),
    st.sampled_from(list(MACROS)),
)


@settings(max_examples=150)
@given(st.sampled_from(list(PERSONALITIES)), st.lists(st.tuples(COMMAND, st.lists(WORD, max_size=4)), max_size=12))
def test_no_command_brings_it_down(firmware, commands):
    device = switched_on(firmware)
    for code, words in commands:
        text = " ".join([code, *(f"{letter}{value}" for letter, value in words)])
        device.write(text.encode() + b"\n", device.now)
        hear(device, 3.0)
    device.executed().validate()


def test_single_settings_are_reported_and_changed():
    device = switched_on()
    assert ask(device, "M203") == ["echo:  M203 X200.00 Y200.00 Z12.00 E120.00", "ok"]
    ask(device, "M301 P30 I2 D100")
    assert device.hotends[0].gains == (30.0, 2.0, 100.0)
    assert ask(device, "M302 P1")[0] == "echo:Cold extrudes are enabled (min temp 170C)"
    assert ask(device, "M302 P0")[0] == "echo:Cold extrudes are disabled (min temp 170C)"
    assert ask(device, "M211")[0] == "echo:  M211 S1 ; ON"


def test_a_bed_is_followed_only_once_it_was_measured():
    device = switched_on()
    refused = ["Error:Failed to enable Bed Leveling", "echo:Bed Leveling OFF"]
    assert ask(device, "M420 S1")[:2] == refused
    stream(device, ["G28", "G29"])
    assert ask(device, "M420")[0] == "echo:Bed Leveling ON"
    stream(device, ["G28"])
    assert ask(device, "M420")[0] == "echo:Bed Leveling OFF"
    assert ask(device, "M420 S1")[0] == "echo:Bed Leveling ON"
    ask(device, "M502")
    assert ask(device, "M420 S1")[:2] == refused
    assert ask(switched_on(measured=True), "M420 S1")[0] == "echo:Bed Leveling ON"


@pytest.mark.parametrize("firmware", ["marlin0", "prusa", "klipper", "reprapfirmware", "repetier", "smoothie"])
def test_firmware_without_stored_meshes_refuses_no_file_for_one(firmware):
    assert not [line for line in ask(switched_on(firmware), "M420 S1") if "Failed" in line]


def test_the_filament_sensor_can_be_ignored():
    device = switched_on(faults=["runout@time=1"])
    ask(device, "M412 S0")
    assert ask(device, "M412")[0] == "Filament runout OFF"
    stream(device, ["G28", "G1 X100 F3000", "M400"])
    assert not device.filament


def test_objects_can_be_cancelled_and_taken_back():
    device = switched_on()
    stream(device, ["G28", "M486 S0", "M486 C", "G1 X10 F6000", "M486 U0", "G1 X20", "M486 P3", "M486 S3", "G1 X30",
                    "M486 T4", "G1 X40", "M400"])  # fmt: skip
    moves = device.executed()
    assert set(moves.x[moves.speed > 0]) == {20, 40}


def test_klippers_macros():
    device = switched_on("klipper")
    assert ask(device, "EXCLUDE_OBJECT CURRENT=1")[0] == "!! There is no current object to cancel"
    stream(device, ["G28", "EXCLUDE_OBJECT NAME=a", "EXCLUDE_OBJECT RESET=1", "EXCLUDE_OBJECT_START NAME=a",
                    "G1 X10 F6000", "EXCLUDE_OBJECT CURRENT=1", "G1 X20", "EXCLUDE_OBJECT_END", "M400"])  # fmt: skip
    moves = device.executed()
    assert set(moves.x[moves.speed > 0]) == {10}
    assert ask(device, "SET_VELOCITY_LIMIT ACCEL=fast")[0].startswith("!! Error on")
    ask(device, "M104 S200")
    ask(device, "TURN_OFF_HEATERS")
    assert device.hotends[0].target == 0
    device.write(b"FIRMWARE_RESTART\n", device.now)
    hear(device, 3.0)
    assert device.resets == 1


def test_the_card_can_be_let_go_and_read_from_the_middle():
    device = switched_on()
    device.card.put("A.GCO", b"G28\nG1 X10 F6000\nG1 X20\nM400\n")
    ask(device, "M23 A.GCO")
    ask(device, "M26 S17")
    ask(device, "M24")
    assert "Done printing file" in hear(device, 10.0)
    assert device.executed().x[-1] == 20
    assert 10 not in device.executed().x
    assert ask(device, "M22") == ["echo:SD card released", "ok"]
    assert "open failed, File: A.GCO." in ask(device, "M23 A.GCO")
    assert "open failed, File: B.GCO." in ask(device, "M28 B.GCO")
    assert ask(device, "M21") == ["echo:SD card ok", "ok"]
    assert ask(device, "M20 L")[1] == "A.GCO 29 A.GCO"


def test_letters_in_the_name_of_an_object_are_no_parameters():
    device = switched_on()
    for line in ("G28", "M486 S0", "M486 ACube", "M486 S0", "G1 X5 F3000", "M400"):
        ask(device, line)
    assert device.executed().x[-1] == 5
