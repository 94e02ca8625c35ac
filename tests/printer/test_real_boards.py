"""What boards on desks do and no standard says: each was a way to stall, to print twice or to stop without need."""

from dataclasses import replace

import pytest
from rig import Rig, squares

from printer.events import Failed, Restarted, UnknownCommand
from printer.firmware import MARLIN, PATIENCE_DEFAULT_S, patience
from printer.protocol import Link, State
from printer.safety import Guard
from printer.virtual import VirtualPrinter
from printer.virtual.personalities import MARLIN1

TEMPERATURES = b"ok T:200.0 /200.0 B:21.0 /0.0 @:0 B@:0\n"
QUIET = replace(MARLIN1, name="quiet", busy="", capabilities=())
"""A board that was built without any sign of life."""


class Board:
    """A link that streams to a board which takes everything, until it is told to do something else."""

    def __init__(self, lines: int) -> None:
        self.link, self.now, self.taken, self.events = Link(MARLIN, detect=False), 0.0, 0, []
        self.link.open(self.now)
        for k in range(lines):
            self.link.send(f"G1 X{k}")
        while not self.link.idle:
            self.answer(self.link.to_write(self.now))
            self.now += 0.1
            self.link.tick(self.now)

    def answer(self, data: bytes) -> None:
        for line in data.split(b"\n"):
            if line:
                self.taken += 1
                self.say(TEMPERATURES if b"M105" in line else b"ok\n")

    def say(self, data: bytes) -> None:
        self.events += self.link.receive(data, self.now)

    def heard(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


def test_a_board_that_starts_anew_unheard_is_not_sent_the_job_again():
    board = Board(300)
    written = b""
    for k in range(40):
        board.link.send(f"G1 Y{k}")
        if data := board.link.to_write(board.now):
            written += data
            board.say(b"Error:Line Number is not Last Line Number+1, Last Line: 0\nResend: 1\nok\n")
        board.now += 1.0
        board.events += board.link.tick(board.now)
    assert b" G1 X0*" not in written
    assert board.link.state == State.FAILED
    assert "reset" in board.heard(Failed)[0].reason


@pytest.mark.parametrize("word", ["start", " External Reset", "PowerUp", " Watchdog Reset"])
def test_one_word_of_a_boot_message_is_enough(word):
    board = Board(10)
    board.say(word.encode() + b"\n")
    assert board.heard(Restarted)[0].unexpected
    assert board.link.state == State.RESTARTED


def test_an_unknown_command_that_is_quoted_without_blanks_is_the_one_that_was_sent():
    board = Board(3)
    board.link.send("M900 K0.05")
    board.link.to_write(board.now)
    board.say(b'echo:Unknown command: "M900K0.05*12"\nok\n')
    assert board.heard(UnknownCommand)
    assert board.link.waiting == 0


def test_a_move_of_a_minute_is_no_silence():
    """Firmware without keep-alive, a queue that is full, one long slow move: nothing is said meanwhile."""
    lines = [*squares(2)[:-4], *(f"G1 X{50 + 100 * (k % 2)} F100" for k in range(4)), *squares(1)[-4:]]
    rig = Rig(lines, VirtualPrinter(replace(QUIET, board=replace(QUIET.board, blocks=4))))
    assert rig.run().state == "done", rig.view.job.reason


def test_a_person_may_take_hours_to_change_the_filament():
    """The nozzle is hot, and Marlin without autoreports says nothing but that it waits for somebody."""
    lines = [*squares(2)[:-4], "M600", *squares(1)[-4:]]
    device = VirtualPrinter(replace(MARLIN1, name="patient", capabilities=()))
    rig = Rig(lines, device)
    rig.step_until(lambda: rig.view.asks)
    until = device.now + 2 * 3600
    while device.now < until:
        rig.controller.step()
    assert rig.state in ("printing", "heating"), rig.view.job.reason
    device._firmware.user_answered = True  # by the button: without an emergency parser nobody hears M108
    assert rig.run().state == "done", rig.view.job.reason


def test_a_chamber_may_warm_for_an_hour_without_a_word():
    """RepRapFirmware answers nothing while it waits for a temperature."""
    guard = Guard()
    guard.observe(0.0, {"C": (30.0, 70.0)})
    assert not guard.tick(3000.0, blocked=True, patience=patience("M191 S70"))
    assert guard.tick(8000.0, blocked=True, patience=patience("M191 S70"))


@pytest.mark.parametrize("line", ["T1", 'M98 P"prime.g"', 'M291 P"ready?" S3', "PRINT_START", "G12"])
def test_what_takes_its_time_is_given_it(line):
    assert patience(line) > PATIENCE_DEFAULT_S
