"""Merging profiles: who wins, where a value came from, and settings embedded in G-code."""

import os
import subprocess
import sys

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from setting_strategies import STEADY, values

from profiles.errors import SettingsRefused
from profiles.loader import embed, flat, from_embedded, from_settings, load, resolve
from profiles.schema import InfillSettings, Settings, WallSettings
from profiles.values import KEYS


def test_nothing_given_is_a_generic_machine_with_pla():
    resolved = load()
    assert dict(resolved.names) == {"printer": "generic-marlin", "filament": "pla", "process": "0.20mm"}
    assert resolved.settings.machine.nozzle_diameter == 0.4
    assert resolved.settings.layers.layer_height == 0.2
    assert resolved.warnings == ()


def test_overrides_win():
    made = load(overrides={"infill_density": "30%", "layer_height": 0.1, "bed_size": "300,200"}).settings
    assert made.infill.infill_density == 0.3
    assert made.layers.layer_height == 0.1
    assert made.machine.bed_size == (300.0, 200.0)


def test_wrong_overrides_are_refused():
    with pytest.raises(SettingsRefused, match=r"^--set: wall_count = 'two' is refused: needs a whole number") as caught:
        load(overrides={"wall_count": "two", "layer_hight": "0.2"})
    assert len(caught.value.problems) == 2


def test_origin_tells_the_whole_story():
    origin = load(process="0.12mm", overrides={"layer_height": "0.1"}).origin["layer_height"]
    story = []
    while origin:
        story.append((origin.source.partition(":")[0] or origin.source, origin.value))
        origin = origin.overrode
    assert story == [("--set", 0.1), ("0.12mm", 0.12), ("0.20mm", 0.2), ("default", 0.2)]


def test_origin_names_the_line(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text("# a comment\nwall_count = 3\n")
    assert load(process=path).origin["wall_count"].source == f"{path}:2"


def test_explain():
    resolved = load(process="0.12mm")
    assert resolved.explain("layer_height").splitlines()[0] == "layer_height = 0.12 mm"
    assert "over default: 0.2" in resolved.explain("layer_height")
    fact = resolved.facts(["layer_height"])["layer_height"]
    assert (fact["value"], fact["unit"], fact["overrode"][-1]) == (0.12, "mm", {"value": 0.2, "source": "default"})
    assert list(resolved.facts()) == list(resolved.as_dict())
    rows = resolved.explain().splitlines()
    assert [row.split()[0] for row in rows] == list(KEYS)
    with pytest.raises(SettingsRefused, match="did you mean layer_height"):
        resolved.explain("layer_hight")


def test_as_dict_keeps_the_order_of_declaration():
    resolved = load(overrides={"travel_speed": "100", "printer_model": "x"})
    assert list(resolved.as_dict()) == list(KEYS)
    assert resolved.as_dict()["travel_speed"] == 100.0


def test_settings_made_by_a_program_are_checked_too():
    assert from_settings(Settings(walls=WallSettings(wall_count=4))).settings.walls.wall_count == 4
    with pytest.raises(SettingsRefused, match="settings: infill_density = 15 is refused"):
        from_settings(Settings(infill=InfillSettings(infill_density=15)))


def test_embedded_lines_are_comments_and_come_back():
    resolved = load("prusa-mk4", "petg", "0.20mm", {"filament_name": 'Blüte "x" \\n'})
    lines = embed(resolved)
    assert all(line.startswith("; ") and line.isascii() and line.isprintable() for line in lines)
    back = from_embedded(["G28", *lines, "M84"])
    assert back.settings == resolved.settings
    assert dict(back.names) == dict(resolved.names)
    assert embed(back) == lines


@settings(STEADY, max_examples=100)
@given(st.data())
def test_any_settings_come_back_from_gcode(data):
    names = data.draw(st.lists(st.sampled_from(list(KEYS)), max_size=8, unique=True))
    try:
        resolved = load(overrides={"start_gcode": "G28"}) if not names else load(overrides=_drawn(data, names))
    except SettingsRefused:
        assume(False)
    back = from_embedded([f"{line}\r\n" for line in embed(resolved)])
    assert back.settings == resolved.settings
    assert back.warnings == resolved.warnings or len(back.warnings) == len(resolved.warnings)


def _drawn(data, names):
    return {name: data.draw(values(KEYS[name]), name) for name in names if KEYS[name].field.type is not str}


def test_embedded_block_that_is_missing_or_broken():
    lines = embed(load())
    with pytest.raises(SettingsRefused, match="holds no settings"):
        from_embedded(["G28"], "a.gcode")
    with pytest.raises(SettingsRefused, match="holds no settings"):
        from_embedded(lines[:-1])
    with pytest.raises(SettingsRefused, match=r"a\.gcode:2: .*is not a setting"):
        from_embedded([lines[0], "G1 X0", lines[-1]], "a.gcode")
    with pytest.raises(SettingsRefused, match="did you mean layer_height"):
        from_embedded([lines[0], "; layer_hight = 0.2", lines[-1]])
    with pytest.raises(SettingsRefused, match="needs a number"):
        from_embedded([lines[0], "; layer_height = 20", lines[-1]])


def test_embedded_settings_do_not_depend_on_where_files_lie(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text('inherits = "0.12mm"\nwall_count = 4\n')
    absolute = embed(load(process=tmp_path / "mine.toml"))
    monkeypatch.chdir(tmp_path)
    assert embed(load(process="mine.toml")) == embed(load(process="./mine.toml")) == absolute
    assert '; profile_process = "mine"' in absolute
    assert str(tmp_path) not in "\n".join(absolute)


def test_resolve_of_nothing_is_the_defaults():
    assert resolve([]).settings == Settings()
    assert flat(Settings()) == {name: key.field.default for name, key in KEYS.items()}


def test_profiles_need_the_standard_library_only():
    """Start-up time rules short jobs: neither numpy nor what only mistakes need is imported."""
    code = "import sys; from profiles.loader import load; load(); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-S", "-c", code]  # -S: an editable installation imports pathlib when Python starts
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    modules = set(loaded.stdout.split())
    assert not modules & {"numpy", "pydantic", "difflib", "pathlib", "json", "slicer", "gcode"}
