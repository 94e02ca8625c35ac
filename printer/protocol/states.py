"""The states of a link and what moves it from one to another, as a table; docs/protocol.md draws it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What a link is doing."""

    CLOSED = "closed"
    OPENING = "opening"
    ASKING = "asking"
    STREAMING = "streaming"
    SETTLING = "settling"
    MEETING = "meeting"
    RESTARTED = "restarted"
    HALTED = "halted"
    FAILED = "failed"


class Signal(StrEnum):
    """What can happen to a link."""

    OPEN = "open() is called"
    NUMBERED = "M110 is acknowledged"
    ANSWERED = "M115 and M105 are answered"
    REFUSED = "a line is refused"
    STRANGE = "a number is wanted that was never given"
    QUIET = "all refusals are in, or the line is quiet"
    EARLY = "the same, before M115 is answered"
    REOPENED = "the device is there again"
    START = "the firmware starts"
    HALT = "the firmware halts"
    GIVE_UP = "proof is lost"


MEANINGS = {
    State.CLOSED: "nothing has been said yet",
    State.OPENING: "`M110` is repeated until the firmware counts our lines",
    State.ASKING: "`M115` and `M105` are out: what is it, and does it answer?",
    State.STREAMING: "lines go out as the window allows",
    State.SETTLING: "a line was refused: nothing is sent until all refusals are in, or the line is quiet",
    State.MEETING: "the device was lost and found: is it the same printer, and which line does it want?",
    State.RESTARTED: "the firmware forgot the job: nothing is sent until the link is opened again",
    State.HALTED: "the firmware stopped itself: nothing is sent until it is reset and the link opened again",
    State.FAILED: "delivery can no longer be proven: nothing is sent until the link is opened again",
}

_LIVE = (State.OPENING, State.ASKING, State.STREAMING, State.SETTLING, State.MEETING)

TRANSITIONS: dict[tuple[State, Signal], State] = {
    **{(state, Signal.OPEN): State.OPENING for state in State},
    (State.OPENING, Signal.NUMBERED): State.ASKING,
    (State.ASKING, Signal.ANSWERED): State.STREAMING,
    (State.ASKING, Signal.REFUSED): State.SETTLING,
    (State.ASKING, Signal.STRANGE): State.OPENING,
    (State.ASKING, Signal.START): State.OPENING,
    (State.STREAMING, Signal.REFUSED): State.SETTLING,
    (State.STREAMING, Signal.START): State.RESTARTED,
    (State.SETTLING, Signal.QUIET): State.STREAMING,
    (State.SETTLING, Signal.EARLY): State.ASKING,
    (State.SETTLING, Signal.START): State.RESTARTED,
    (State.STREAMING, Signal.REOPENED): State.MEETING,
    (State.SETTLING, Signal.REOPENED): State.MEETING,
    (State.MEETING, Signal.REFUSED): State.SETTLING,
    (State.MEETING, Signal.QUIET): State.STREAMING,
    (State.MEETING, Signal.START): State.RESTARTED,
    **{(state, Signal.HALT): State.HALTED for state in State},
    **{(state, Signal.GIVE_UP): State.FAILED for state in _LIVE},
}
"""What is absent changes nothing: a printer may say anything at any time."""


def after(state: State, signal: Signal) -> State:
    """Return the state after a signal."""
    return TRANSITIONS.get((state, signal), state)
