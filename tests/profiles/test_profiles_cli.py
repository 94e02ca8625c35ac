"""`fabthread profiles list | show | check`."""

import json

import pytest
from click.testing import CliRunner

from fabthread.profiles_cli import profiles
from profiles.files import shipped
from profiles.schema import GROUPS


def run(*arguments: str):
    return CliRunner().invoke(profiles, arguments)


def test_list():
    result = run("list")
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.output.splitlines()] == [n for kind in GROUPS for n in shipped(kind)]
    rows = json.loads(run("list", "--json").output)
    assert {"kind": "filament", "name": "pla"}.items() <= next(r for r in rows if r["name"] == "pla").items()


def test_show_tells_value_and_origin():
    result = run("show", "asa")
    assert result.exit_code == 0
    assert any(line.split() == ["filament_density", "1.07", "g/cm3", "asa:7"] for line in result.output.splitlines())
    assert any(line.split() == ["fan_min", "0.0", "abs:14"] for line in result.output.splitlines())
    shown = json.loads(run("show", "asa", "--json").output)
    assert shown["kind"] == "filament"
    density = {"value": 1.07, "unit": "g/cm3", "source": "asa:7"}
    assert density.items() <= shown["settings"]["filament_density"].items()
    assert shown["settings"]["filament_density"]["overrode"][-1] == {"value": 1.24, "source": "default"}


def test_show_of_what_is_not_there():
    result = run("show", "prusamk5")
    assert result.exit_code == 4
    assert "did you mean prusa-mk" in result.output
    assert "Traceback" not in result.output


def test_check(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("wall_count = 3\nlayer_height = 0.35\n")
    bad.write_text("wall_count = 3\nlayer_hight = 0.2\ninfill_density = 20\n")
    result = run("check", str(good), str(bad))
    assert result.exit_code == 4
    lines = result.output.splitlines()
    assert f"{good}: process, ok" in lines
    assert any(line.startswith(f"{good}: warning: layer_height = 0.35") for line in lines)
    assert f"{bad}:2: layer_hight is not a known setting; did you mean layer_height?" in lines
    assert any(line.startswith(f"{bad}:3: infill_density = 20 is refused") for line in lines)
    assert run("check", str(good)).exit_code == 0
    told = json.loads(run("check", str(good), str(bad), "--json").output)
    assert [(each["kind"], len(each["problems"]), len(each["warnings"])) for each in told] == [
        ("process", 0, 1),
        (None, 2, 0),
    ]


@pytest.mark.parametrize("kind", GROUPS)
def test_every_shipped_profile_passes_its_own_check(kind):
    result = run("check", *shipped(kind).values())
    assert result.exit_code == 0
    fast_only = [line for line in result.output.splitlines() if "warning" in line and "fast" not in line]
    assert not fast_only


def test_usage_errors_are_clicks():
    assert run("check").exit_code == 2
