"""One setting's value: what is accepted, what is refused and how, and the way to text and back."""

import dataclasses
import math
import pickle
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from setting_strategies import STEADY, values

from profiles.schema import GROUPS, Fraction, InfillSettings, Settings
from profiles.values import KEYS, accept, allowed, dump, parse


def test_every_setting_is_declared_once_with_unit_and_explanation():
    declared = [
        field.name for groups in GROUPS.values() for cls in groups.values() for field in dataclasses.fields(cls)
    ]
    assert len(declared) == len(set(declared)) == len(KEYS)
    for key in KEYS.values():
        assert key.doc.endswith((".", ").", "].")), key.name
        assert isinstance(key.unit, str)


def test_every_default_is_acceptable():
    for key in KEYS.values():
        assert accept(key, key.field.default) == key.field.default, key.name
        assert type(accept(key, key.field.default)) is type(key.field.default), key.name


def test_every_number_is_bounded():
    for key in KEYS.values():
        if key.field.type in (float, int, Fraction, tuple[float, float]):
            bounds = key.field.metadata
            assert {"ge", "gt"} & bounds.keys(), key.name
            assert {"le", "lt"} & bounds.keys(), key.name


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("layer_height", 1, 1.0),
        ("infill_density", "15%", 0.15),
        ("infill_density", 0.15, 0.15),
        ("infill_density", "100%", 1.0),
        ("bed_size", [250, 210], (250.0, 210.0)),
        ("thumbnails", [], ()),
        ("thumbnails", ["16x16"], ("16x16",)),
        ("wipe", True, True),
        ("wall_count", 3, 3),
        ("start_gcode", "G28\r\nG29", "G28\nG29"),
        ("filament_name", "Blüte 100%", "Blüte 100%"),
    ],
)
def test_accepted_as_the_declared_type(name, given, meant):
    accepted = accept(KEYS[name], given)
    assert accepted == meant
    assert type(accepted) is type(meant)


@pytest.mark.parametrize(
    ("name", "value", "needs"),
    [
        ("layer_height", "0.2", "needs a number from 0.02 to 2 mm"),
        ("layer_height", True, "needs a number from 0.02 to 2 mm"),
        ("layer_height", math.nan, "nan is refused"),
        ("layer_height", math.inf, "inf is refused"),
        ("layer_height", 10**400, "is refused"),
        ("layer_height", 0.019, "from 0.02"),
        ("layer_height", {"a": 1}, "is refused"),
        ("layer_height", None, "is refused"),
        ("max_speed_x", 0, "needs a number above 0 to 2000 mm/s"),
        ("minimum_cruise_ratio", 1, "below 1"),
        ("wall_count", 2.0, "needs a whole number from 0 to 1000"),
        ("wall_count", True, "needs a whole number"),
        ("wall_count", -1, "needs a whole number"),
        ("wipe", 1, "needs true or false"),
        ("wipe", "true", "needs true or false"),
        ("infill_density", 15, 'did you mean "15%"?'),
        ("infill_density", "0.15", "needs a fraction from 0 to 1"),
        ("infill_density", "x%", "needs a fraction"),
        ("infill_density", "nan%", "needs a fraction"),
        ("infill_density", "101%", "needs a fraction"),
        ("infill_pattern", "gyriod", "did you mean gyroid?"),
        ("infill_pattern", 3, "needs one of rectilinear, aligned"),
        ("bed_size", [200], "needs 2 numbers above 0 to 10000 mm"),
        ("bed_size", [200, 0], "needs 2 numbers"),
        ("bed_size", [200, "a"], "needs 2 numbers"),
        ("bed_size", 200, "needs 2 numbers"),
        ("thumbnails", ["16*16"], "WIDTHxHEIGHT"),
        ("thumbnails", "16x16", "WIDTHxHEIGHT"),
        ("thumbnails", [16], "WIDTHxHEIGHT"),
        ("filament_name", "PLA\nM104 S500", "printable text of one line"),
        ("filament_name", 3, "printable text"),
        ("start_gcode", "G28\x00", "printable text"),
        ("start_gcode", "\ud800", "printable text"),
    ],
)
def test_refused_with_what_is_needed(name, value, needs):
    with pytest.raises(ValueError, match=f"^{name} = ") as caught:
        accept(KEYS[name], value)
    assert needs in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("layer_height", "0.28", 0.28),
        ("wall_count", "3", 3),
        ("wipe", "true", True),
        ("wipe", "False", False),
        ("infill_density", "20%", 0.2),
        ("infill_density", "0.2", 0.2),
        ("bed_size", "250, 210", (250.0, 210.0)),
        ("bed_size", "[250,210]", (250.0, 210.0)),
        ("thumbnails", "16x16,220x124", ("16x16", "220x124")),
        ("thumbnails", '["16x16"]', ("16x16",)),
        ("thumbnails", "", ()),
        ("infill_pattern", "gyroid", "gyroid"),
        ("filament_name", "15%", "15%"),
        ("start_gcode", "", ""),
    ],
)
def test_text_of_an_override_is_read_by_the_declared_type(name, text, meant):
    assert accept(KEYS[name], parse(KEYS[name], text)) == meant


@pytest.mark.parametrize(("name", "text"), [("wall_count", "2.5"), ("wipe", "1"), ("wipe", ""), ("bed_size", "1,a")])
def test_text_that_cannot_be_read_is_refused_as_text(name, text):
    with pytest.raises(ValueError, match="is refused: needs"):
        accept(KEYS[name], parse(KEYS[name], text))


@pytest.mark.parametrize("name", KEYS)
@STEADY
@given(data=st.data())
def test_values_survive_the_way_to_toml_and_back(name, data):
    key = KEYS[name]
    value = accept(key, data.draw(values(key)))
    text = dump(value)
    assert text.isascii()
    assert "\n" not in text
    assert accept(key, tomllib.loads(f"v = {text}")["v"]) == value


@pytest.mark.parametrize("name", KEYS)
@STEADY
@given(value=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers() | st.text()))
def test_any_value_is_accepted_or_refused_in_words(name, value):
    try:
        accepted = accept(KEYS[name], value)
    except ValueError as refused:
        assert allowed(KEYS[name]) in str(refused)  # noqa: PT017 - either way out is right
    else:
        assert accept(KEYS[name], accepted) == accepted


class TestRecords:
    """Groups of settings behave as frozen dataclasses."""

    def test_defaults_and_replace(self):
        changed = dataclasses.replace(InfillSettings(), infill_angle=30.0)
        assert changed == InfillSettings(infill_angle=30.0) != InfillSettings()
        assert hash(changed) == hash(InfillSettings(infill_angle=30.0)) != hash(InfillSettings())
        assert changed.infill_density == 0.15
        assert dataclasses.asdict(Settings(infill=changed))["infill"]["infill_angle"] == 30.0

    def test_frozen(self):
        infill = InfillSettings()
        with pytest.raises(dataclasses.FrozenInstanceError, match="infill_angle"):
            infill.infill_angle = 3.0
        with pytest.raises(dataclasses.FrozenInstanceError):
            del infill.infill_angle

    def test_unknown_field(self):
        with pytest.raises(TypeError, match="no field 'infil_angle'"):
            InfillSettings(infil_angle=3.0)

    def test_repr_and_pickle(self):
        made = Settings(infill=InfillSettings(infill_angle=30.0))
        assert "infill_angle=30.0" in repr(made)
        assert pickle.loads(pickle.dumps(made)) == made
        assert made.infill != made.walls
        assert made != 3
