"""What outlives a print: jobs, spools, printers of one's own; and texts made safe."""

import json
import os
import stat
import sys
import unicodedata
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printer import config
from printer.config import Printer, Secret
from printer.drivers.base import Heard, Status
from printer.errors import ConfigError, StoreError
from printer.events import Capabilities, Completed, Reading, Temperatures
from printer.notices import Changed, Layer, Overridden, Warned
from printer.program import load
from printer.record import MOST, Record, described
from printer.spools import Spool
from printer.store import JobRow, Store
from printer.text import plain

ROW = JobRow("2020-01-01T00:00:00+00:00", "shop", "part.gcode", "ab" * 32, "started")
TWO_TOOLS = b"G28\nM83\nT0\n;LAYER:0\nG1 X10 E10 F1200\nT1\nG1 X20 E4\n;LAYER:1\nT0\nG1 X10 E5\nG1 E-1\n"


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    with Store(tmp_path / "data") as made:
        yield made


# ---------------------------------------------------------------- texts


@given(st.text())
def test_no_text_can_do_anything_to_a_terminal(text):
    safe = plain(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in safe)
    assert safe.isprintable()
    assert plain(safe) == safe
    assert len(safe) <= 400
    safe.encode("utf-8")


@given(st.binary())
def test_no_bytes_either(data):
    assert plain(data.decode("utf-8", "surrogateescape")).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=50))
def test_words_stay_as_they_are(text):
    assert plain(text) == text


# ---------------------------------------------------------------- jobs and spools


def test_folders_of_a_history_that_was_lost_are_left_alone(tmp_path):
    with Store(tmp_path) as store:
        _, folder = store.begin(ROW)
    (folder / "part.gcode").write_text("G28\n")
    (tmp_path / "history.db").unlink()
    with Store(tmp_path) as store:
        number, new = store.begin(ROW)
        assert store.job(number).file == ROW.file
        assert (number, new) == (2, tmp_path / "jobs" / "000002")
        assert store.begin(ROW)[0] == 3
    assert (folder / "part.gcode").exists()


def test_a_job_that_cannot_be_written_has_failed(store):
    program = load(b"G28\n")
    full = mock.patch("pathlib.Path.write_bytes", side_effect=OSError(28, "No space left on device"))
    with full, pytest.raises(StoreError, match="No space left"):
        Record(store, program, "shop", "today", {})
    (row,) = store.jobs()
    assert (row.state, "No space left" in row.reason) == ("failed", True)


def test_a_job_is_found_again_from_its_first_moment(store, tmp_path):
    number, folder = store.begin(ROW)
    assert folder.is_dir()
    with Store(tmp_path / "data") as other:
        assert other.job(number).state == "started"
    with pytest.raises(StoreError, match="no job 99"):
        store.job(99)


def test_filament_comes_off_the_spool_of_its_tool(store):
    red = store.add(Spool(0, "red", density=1.24, left=100.0))
    blue = store.add(Spool(0, "blue", density=2.48, left=100.0))
    store.use(red.id, "shop")
    store.use(blue.id, "shop", tool=1)
    number, _ = store.begin(ROW)
    grams = store.finish(number, {"state": "done"}, {0: 1000.0, 1: 1000.0, 2: 5.0})
    assert grams[0] == pytest.approx(2.9825, abs=1e-3)
    assert grams[1] == pytest.approx(2 * grams[0])
    assert store.spool("red").left == pytest.approx(100 - grams[0])
    assert store.spool("blue").left == pytest.approx(100 - grams[1])
    assert store.job(number).filament_g == pytest.approx(sum(grams.values()))


def test_a_spool_is_in_one_place_and_a_place_holds_one_spool(store):
    one, two = store.add(Spool(0, "one")), store.add(Spool(0, "two"))
    store.use(one.id, "shop")
    assert store.use(one.id, "barn").loaded == ("barn/0",)
    store.use(two.id, "barn")
    assert store.spool(one.id).loaded == ()
    assert list(store.loaded("barn").values()) == [store.spool(two.id)]
    store.remove(two.id)
    assert store.loaded("barn") == {}


def test_names_that_fit_several_spools_are_refused(store):
    store.add(Spool(0, "red"))
    store.add(Spool(0, "red"))
    with pytest.raises(StoreError, match="several spools"):
        store.spool("red")
    with pytest.raises(StoreError, match="no spool"):
        store.spool("green")


@pytest.mark.parametrize(
    "spool", [Spool(0, ""), Spool(0, "a\x1b"), Spool(0, "a", diameter=0), Spool(0, "a", density=float("nan"))]
)
def test_spools_that_cannot_be(store, spool):
    with pytest.raises(StoreError):
        store.add(spool)


def test_half_a_change_is_none(store, monkeypatch):
    spool = store.add(Spool(0, "red", left=10.0))
    store.use(spool.id, "shop")
    number, _ = store.begin(ROW)
    with pytest.raises(StoreError):
        store.finish(number, {"no_such_column": 1}, {0: 1000.0})
    assert store.spool("red").left == 10.0


def test_what_is_no_database_is_a_clear_error(tmp_path):
    (tmp_path / "history.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="cannot use the history"):
        Store(tmp_path)


def test_a_newer_database_is_left_alone(store, tmp_path):
    store._db.execute("pragma user_version = 99")
    with pytest.raises(StoreError, match="newer"):
        Store(tmp_path / "data")


# ---------------------------------------------------------------- records


def record_of(store, program, **options):
    return Record(store, program, "shop", "2020-01-01T00:00:00+00:00", {"driver": "test"}, **options)


def test_a_record_holds_states_layers_and_filament_by_tool(store):
    program = load(TWO_TOOLS, name="two.gcode")
    record = record_of(store, program)
    for heard in (
        Heard(0.0, 0, Changed("printing")),
        Heard(1.0, 0, Temperatures({"T": Reading(200.0, 200.0)})),
        Heard(1.2, 0, Temperatures({"T": Reading(200.5, 200.0)})),
        Heard(2.0, 3, Layer(0, 2.0, 2.0, 0.0)),
        Heard(5.0, 6, Layer(1, 5.0, 3.0, 2.5)),
        Heard(6.0, 6, Warned("hot \x1b[2J")),
        Heard(9.0, len(program), Changed("finishing")),
        Heard(9.0, len(program), Changed("done")),
    ):
        record.observe(heard)
    facts = record.finish(Status("done", elapsed_s=9.0, resends=3), len(program))
    assert {tool: used["mm"] for tool, used in facts["filament"].items()} == {0: 14.0, 1: 4.0}
    assert [each["s"] for each in facts["layers"]] == [3.0, 4.0]
    assert [each["state"] for each in facts["states"]] == ["printing", "finishing", "done"]
    row = store.job(record.id)
    assert (row.state, row.resends, row.filament_mm) == ("done", 3, 18.0)
    told = [json.loads(line) for line in (record.folder / "events.jsonl").read_text().splitlines()]
    assert sum(each["event"] == "temperatures" for each in told) == 1
    assert json.loads((record.folder / "job.json").read_text())["warnings"]
    assert not (record.folder / "part.gcode").exists()


def test_flow_set_by_hand_counts_from_then_on(store):
    program = load(TWO_TOOLS)
    record = record_of(store, program)
    record.observe(Heard(1.0, 4, Overridden("flow", 150.0)))
    facts = record.finish(Status("cancelled"), 6)
    assert {tool: used["mm"] for tool, used in facts["filament"].items()} == {0: 10.0, 1: 6.0}


def test_a_print_that_goes_on_counts_only_its_own_filament(store):
    program = load(TWO_TOOLS)
    facts = record_of(store, program, start=6).finish(Status("done"), len(program))
    assert {tool: used["mm"] for tool, used in facts["filament"].items()} == {0: 4.0}


def test_a_failed_job_keeps_its_file(store):
    program = load(TWO_TOOLS)
    record = record_of(store, program)
    record.finish(Status("failed", "it broke"), 3)
    assert (record.folder / "part.gcode").read_bytes() == TWO_TOOLS
    assert store.job(record.id).reason == "it broke"


def test_a_flood_of_events_does_not_grow_the_record(store):
    record = record_of(store, load(TWO_TOOLS))
    for i in range(MOST + 10):
        record.observe(Heard(float(i), 0, Warned("again")))
    assert len(record.finish(Status("done"), 0)["warnings"]) == MOST


def test_events_for_programs_are_json():
    event = Capabilities({"FIRMWARE_NAME": "Marlin"}, {"EEPROM": True})
    assert json.loads(json.dumps(described(Heard(0.0, 0, event))))["facts"] == {"FIRMWARE_NAME": "Marlin"}
    assert described(Heard(0.0, 0, Completed("M105"))) is None


# ---------------------------------------------------------------- printers

names = st.from_regex(config.NAME, fullmatch=True)


@given(
    names,
    st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1).filter(str.isprintable),
    st.integers(0, 10**6),
    st.booleans(),
    st.one_of(st.just(()), st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))),
    st.text().filter(str.isprintable),
)
def test_a_printer_comes_back_as_it_was_saved(tmp_path_factory, name, address, baud, reset, park, key):
    folder = tmp_path_factory.mktemp("config")
    made = Printer(name, "serial", address, baud, reset, park=park)
    config.save(made, Secret(key=key), folder)
    assert config.find(name, folder) == made
    assert config.secret(name, folder).key == key
    config.remove(name, folder)
    assert config.printers(folder) == {}
    assert config.secret(name, folder) == Secret()


@pytest.mark.skipif(sys.platform == "win32", reason="folders of a user are private there anyway")
def test_secrets_are_readable_by_their_owner_only(tmp_path):
    old = os.umask(0)
    try:
        config.save(Printer("a", "octoprint", "http://x"), Secret(key="sesame"), tmp_path)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secrets.toml").stat().st_mode) == 0o600
    assert "sesame" not in (tmp_path / "printers.toml").read_text()
    assert "sesame" not in repr(config.secret("a", tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a]\nkind = 'tcp'", "needs a kind and an address"),
        ("[a]\nkind = 'tcp'\naddress = 'x'\nbuad = 1", "did you mean 'baud'"),
        ("[a]\nkind = 'tpc'\naddress = 'x'", "no kind 'tpc'"),
        ("[a]\nkind = 'tcp'\naddress = 'x'\nbaud = '9600'", "baud cannot be '9600'"),
        ("[a]\nkind = 'tcp'\naddress = 'x'\npark = [1]", "park is X and Y"),
        ("[a]\nkind = 'tcp'\naddress = 'x'\npark = ['1', 2]", "park is X and Y"),
        ("[a", "is not TOML"),
        ("a = 1", "stands in no"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, text, says):
    (tmp_path / "printers.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        config.printers(tmp_path)


def test_a_file_that_is_not_understood_is_not_replaced(tmp_path):
    (tmp_path / "printers.toml").write_text("a = 1\n")
    with pytest.raises(ConfigError, match=r"a stands in no \[table\]"):
        config.save(Printer("shop", "serial", "auto"), folder=tmp_path)
    assert (tmp_path / "printers.toml").read_text() == "a = 1\n"


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path, monkeypatch):
    config.save(Printer("shop", "serial", "auto"), folder=tmp_path)
    before = (tmp_path / "printers.toml").read_text()
    monkeypatch.setattr("os.replace", mock.Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="No space left"):
        config.save(Printer("farm", "serial", "auto"), folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["printers.toml"]
    assert (tmp_path / "printers.toml").read_text() == before


def test_a_name_that_is_nearly_right_is_suggested(tmp_path):
    config.save(Printer("workshop", "serial", "auto"), folder=tmp_path)
    with pytest.raises(ConfigError, match="did you mean 'workshop'"):
        config.find("workshp", tmp_path)


def test_folders_follow_the_systems_rules(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert config.config_folder({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "fabthread"
    assert config.data_folder({"FABTHREAD_DATA": str(tmp_path)}) == tmp_path
    assert config.data_folder({"XDG_DATA_HOME": "relative"}).parts[-3:] == (".local", "share", "fabthread")
    monkeypatch.setattr(sys, "platform", "win32")
    assert config.config_folder({"APPDATA": str(tmp_path)}) == tmp_path / "fabthread"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert config.data_folder({}).parts[-3:] == ("Library", "Application Support", "fabthread")
