"""Keys that ask before they do something."""

from fabthread.running import Running
from printer.drivers.base import Status
from printer.program import load

PROGRAM = load(b"G28\nM486 S0\nM486 Aleft\nG1 X1 F300\nM486 S-1\nG1 X5\n")


class Driver:
    def __init__(self):
        self.excluded = []
        self.overridden = []

    def override(self, **values):
        self.overridden.append(values)

    def exclude(self, program, which):
        self.excluded.append(program.objects[which])


class Face:
    def __init__(self):
        self.said = []
        self.heard = []

    def hear(self, heard):
        self.heard.append(heard.event)

    def say(self, text):
        self.said.append(text)


def pressed(keys, line):
    driver, face = Driver(), Face()
    running = Running(driver, None, face, program=PROGRAM)
    running.line = line
    for key in keys:
        running._press(key, Status("printing"))
    return driver.excluded, face.said


def test_an_object_is_left_out_when_asked_for_twice():
    assert pressed("x", 3) == ([], ["Leave out left from now on? Press x again"])
    assert pressed("xx", 3)[0] == ["left"]
    assert pressed("xox", 3)[0] == []


def test_where_there_is_no_object_there_is_nothing_to_leave_out():
    excluded, said = pressed("xx", 0)
    assert not excluded
    assert "no object" in said[0]


def test_rates_go_on_from_what_was_set_last_whatever_the_way_to_the_printer():
    driver, face = Driver(), Face()
    running = Running(driver, None, face, program=PROGRAM)
    for key in "++)-":
        running._press(key, Status("printing"))
    assert driver.overridden == [{"feed": 110}, {"feed": 120}, {"flow": 102}, {"feed": 110}]
    assert [(each.what, each.value) for each in face.heard][-1] == ("feed", 110)
