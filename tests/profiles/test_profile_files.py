"""Profile files: inheritance, and every way a file can be wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from setting_strategies import STEADY

from profiles.errors import SettingsRefused
from profiles.files import LARGEST, chain, kind_named, shipped
from profiles.loader import load, load_alone


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a file into an empty current directory and returns its name."""
    monkeypatch.chdir(tmp_path)

    def put(name: str, text: str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return put


def refusal(**chosen) -> str:
    with pytest.raises(SettingsRefused) as caught:
        load(**chosen)
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_a_file_wins_over_what_it_inherits(write):
    write("base.toml", "layer_height = 0.1\nwall_count = 5\n")
    write("mine.toml", 'inherits = "base.toml"\nlayer_height = 0.15\n')
    settings = load(process="mine.toml").settings
    assert (settings.layers.layer_height, settings.walls.wall_count) == (0.15, 5)


def test_inheriting_a_shipped_profile_by_name(write):
    write("pla.toml", 'inherits = "PLA"\nnozzle_temperature = 205\n')  # its own name is no cycle
    filament = load(filament="pla.toml").settings.filament
    assert (filament.nozzle_temperature, filament.first_layer_nozzle_temperature) == (205, 215)


def test_inherits_is_relative_to_the_file(write, monkeypatch, tmp_path):
    write("house/base.toml", "wall_count = 7\n")
    write("house/mine/fine.toml", 'inherits = "../base.toml"\n')
    assert load(process="house/mine/fine.toml").settings.walls.wall_count == 7
    monkeypatch.chdir(tmp_path / "house")
    assert load(process=tmp_path / "house" / "mine" / "fine.toml").settings.walls.wall_count == 7


@pytest.mark.parametrize("name", ["prusa-mk4", "Prusa MK4", "PRUSA_MK4", "prusamk4"])
def test_names_are_found_whatever_their_case_and_dashes(name):
    resolved = load(printer=name)
    assert resolved.settings.machine.printer_model == "MK4"
    assert resolved.names["printer"] == "prusa-mk4"


@pytest.mark.parametrize("name", ["0.20mm", "0.2mm", "0.20 mm", "0.2 MM"])
def test_process_names_are_found_with_or_without_last_zeros(name):
    assert load(process=name).names["process"] == "0.20mm"


def test_a_profile_without_end_is_refused(write):
    assert "endless.toml: is larger" in refusal(process=write("endless.toml", "#" * (LARGEST + 1)))


def test_cycle(write):
    write("a.toml", 'inherits = "b.toml"\n')
    write("b.toml", 'inherits = "./a.toml"\n')
    assert "inherits itself (a.toml -> b.toml -> ./a.toml)" in refusal(process="a.toml")
    write("self.toml", 'inherits = "self.toml"\n')
    assert "self.toml: inherits itself" in refusal(process="self.toml")


def test_missing(write):
    assert refusal(process="nope.toml") == "nope.toml: cannot be read: No such file or directory"
    write("a.toml", '\ninherits = "gone.toml"\n')
    assert "gone.toml: cannot be read" in refusal(process="a.toml")
    write("b.toml", '\ninherits = "0.20m"\n')
    assert "b.toml:2: no process profile is called '0.20m'; did you mean 0.20mm?" in refusal(process="b.toml")
    write("folder.toml/x", "")
    assert "folder.toml: cannot be read" in refusal(process="folder.toml")


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [
        ("printer", "ender3", "creality-ender3"),
        ("printer", "prusa-mk3", "prusa-mk3s"),
        ("printer", "sidewinder", "artillery-sidewinder-x2"),
        ("filament", "petgg", "petg"),
        ("process", "0.20m", "0.20mm"),
    ],
)
def test_unknown_name_offers_the_nearest(kind, name, meant):
    message = refusal(**{kind: name})
    assert message.startswith(f"--{kind}: no {kind} profile is called {name!r}; did you mean {meant}?")
    assert "fabthread profiles list" in message


def test_a_name_near_nothing_offers_nothing():
    assert "did you mean" not in refusal(printer="qqqq")
    assert "'' is not the name" in refusal(printer="")
    assert "is not the name" in refusal(printer="a\x00b.toml")


def test_unknown_key_names_file_line_and_nearest(write):
    write("p.toml", "# fine\nwall_count = 3\nlayer_hieght = 0.2\n")
    assert refusal(process="p.toml") == "p.toml:3: layer_hieght is not a known setting; did you mean layer_height?"


def test_out_of_range_names_file_line_and_range(write):
    write("p.toml", "layer_height = 5\n")
    assert refusal(process="p.toml") == "p.toml:1: layer_height = 5 is refused: needs a number from 0.02 to 2 mm"


def test_every_problem_is_told_at_once(write):
    write("base.toml", "wall_count = -1\n")
    write("p.toml", 'inherits = "base.toml"\nlayer_height = "a"\nnonsense = 1\n')
    message = refusal(process="p.toml", printer="qqqq", overrides={"wipe": "maybe"})
    for part in ("p.toml:2: layer_height", "p.toml:3: nonsense", "base.toml:1: wall_count", "--printer", "--set: wipe"):
        assert part in message


def test_a_setting_of_another_kind(write):
    write("f.toml", "filament_cost = 20\nlayer_height = 0.2\n")
    message = refusal(filament="f.toml")
    assert message.startswith("f.toml:2: layer_height is a process setting and this is a filament profile")
    assert "--set layer_height" in message


def test_a_filament_may_bring_its_own_retraction(write):
    write("f.toml", "retraction_length = 3\nfilament_cost = 20\n")
    assert kind_named("f.toml") == "filament"
    assert load("creality-ender3", "f.toml").settings.retraction.retraction_length == 3
    write("g.toml", "retraction_length = 3\n")
    assert load("g.toml", "g.toml").settings.retraction.retraction_length == 3
    with pytest.raises(SettingsRefused, match="add kind"):
        kind_named("g.toml")


def test_a_file_of_another_kind(write):
    write("p.toml", "layer_height = 0.2\nwall_count = 3\n")
    assert refusal(filament="p.toml") == (
        "p.toml: is a process profile, needed is a filament profile: give it with --process"
    )
    write("q.toml", 'kind = "printer"\n')
    assert "is a printer profile" in refusal(process="q.toml")
    write("r.toml", 'kind = "plotter"\n')
    assert "needs one of printer, filament, process" in refusal(process="r.toml")


def test_sections_are_refused_with_the_reason(write):
    write("p.toml", "[layers]\nlayer_height = 0.2\n")
    assert "without [sections]" in refusal(process="p.toml")


@pytest.mark.parametrize("key", ["name", "description", "kind", "inherits"])
def test_header_must_be_text(write, key):
    write("p.toml", f"\n{key} = 3\n")
    assert refusal(process="p.toml") == f"p.toml:2: {key} must be text"


@pytest.mark.parametrize("text", ["layer_height 0.2", "a = ", b"\xff\xfe", "a = " + "[" * 5000, "a = " + "1" * 5000])
def test_bad_toml(write, text):
    write("p.toml", text)
    message = refusal(process="p.toml")
    assert message.startswith("p.toml:")
    assert "\n" not in message


def test_byte_order_mark_and_windows_lines(write):
    write("p.toml", b"\xef\xbb\xbflayer_height = 0.16\r\nwall_count = 3\r\n")
    assert load(process="p.toml").settings.layers.layer_height == 0.16


@settings(STEADY, max_examples=200)
@given(text=st.text(max_size=60) | st.text("[]{}=\"'#.\n0a", max_size=40))
def test_any_file_is_read_or_refused(text, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        load(process=path)
    except SettingsRefused as refused:
        assert refused.problems  # noqa: PT017 - either way out is right


def test_kind_of_a_name_or_file(write):
    assert kind_named("pla") == "filament"
    assert kind_named("Prusa MK4") == "printer"
    write("a.toml", 'inherits = "0.20mm"\n')
    assert kind_named("a.toml") == "process"
    write("b.toml", 'name = "empty"\n')
    with pytest.raises(SettingsRefused, match="add kind = one of printer, filament, process"):
        kind_named("b.toml")
    with pytest.raises(SettingsRefused, match="did you mean petg"):
        kind_named("petgg")


def test_a_process_alone_is_checked_on_its_own_nozzle(write):
    write("thick.toml", "made_for_nozzle = 1.0\nlayer_height = 0.7\n")
    kind, resolved = load_alone("thick.toml")
    assert kind == "process"
    assert resolved.warnings == ()
    assert resolved.settings.machine.nozzle_diameter == 1.0


def test_chain_is_oldest_first():
    assert [source.label for source in chain("process", "0.12mm")] == ["0.20mm", "0.12mm"]
    assert list(shipped("filament")) == sorted(shipped("filament"))
