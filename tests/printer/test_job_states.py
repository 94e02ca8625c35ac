"""A job as a value: what may follow what, how far it is, how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printer.errors import ImpossibleAction
from printer.job import (
    FINAL,
    MOST_CHUNKS,
    TRANSITIONS,
    Advance,
    Begin,
    Cancel,
    Cancelled,
    Connect,
    Connected,
    Finish,
    Finished,
    Heat,
    Heated,
    Job,
    JobState,
    Pause,
    Paused,
    Resume,
    Resumed,
    possible,
    reduce,
    view,
)


@dataclass
class Outline:
    seconds: np.ndarray
    filament: np.ndarray
    end: np.ndarray
    layer: np.ndarray


def outline(lines: int = 1000, seconds: float = 3600.0) -> Outline:
    return Outline(
        np.linspace(0, seconds, lines + 1),
        np.linspace(0, 500, lines + 1),
        np.arange(1, lines + 1) * 30,
        np.arange(lines) * 10 // lines,
    )


def after(*actions, job: Job | None = None) -> Job:
    job = job or Job(outline())
    for action in actions:
        job = reduce(job, action)
    return job


PRINTING = (Connect(0.0), Connected(5.0), Heat(6.0), Heated(106.0))


def test_a_whole_life():
    job = after(*PRINTING, Pause(110.0, "lunch"), Paused(112.0))
    assert (job.state, job.reason) == (JobState.PAUSED, "")
    job = after(Resume(200.0), Resumed(210.0), Advance(220.0, line=1000), Finish(220.0), Finished(230.0), job=job)
    seen = view(job, 9999.0)
    assert seen.state == JobState.DONE
    assert seen.elapsed_s == 230.0
    assert seen.printing_s == 4.0 + 10.0
    assert seen.left_s == 0.0
    assert seen.done == seen.done_bytes == seen.done_layers == seen.done_filament == 1.0


def test_what_makes_no_sense_is_an_error_that_says_what_is_possible():
    with pytest.raises(ImpossibleAction, match=r"cannot resume a job that is printing; .*pause"):
        after(*PRINTING, Resume(120.0))
    with pytest.raises(ImpossibleAction, match="nothing"):
        after(*PRINTING, Cancel(120.0), Cancelled(121.0), Connect(122.0))


@given(st.lists(st.integers(0, 99), max_size=40))
def test_every_walk_stays_in_the_table_and_ends_where_nothing_follows(choices):
    job, now = Job(outline()), 0.0
    for choice in choices:
        able = possible(job.state)
        assert bool(able) == (job.state not in FINAL)
        if not able:
            break
        now += 1.0
        job = reduce(job, able[choice % len(able)](now))
        assert view(job, now).elapsed_s <= now


def test_every_state_can_be_reached_and_cancelled_or_is_final():
    assert {*TRANSITIONS.values()} == set(JobState) - {JobState.IDLE}
    for state in set(JobState) - FINAL - {JobState.IDLE, JobState.CANCELLING}:
        assert Cancel in possible(state)


def test_a_start_without_heating():
    assert after(Connect(0.0), Connected(1.0), Begin(2.0)).state == JobState.PRINTING


def play(rate: float, stop: float = 0.0, lines: int = 600) -> tuple[Job, float]:
    job, now = after(*PRINTING), 106.0
    for line in range(1, lines + 1):
        now += 3.6 * rate + (stop if line == lines // 2 else 0.0)
        job = reduce(job, Advance(now, line=line))
    return job, now


@pytest.mark.parametrize("rate", [0.8, 1.0, 1.3, 2.0])
def test_the_time_left_learns_from_what_was_measured(rate):
    job, now = play(rate)
    assert view(job, now).left_s == pytest.approx(1440 * rate, rel=0.06)


def test_one_long_stop_does_not_spoil_the_time_left():
    calm, stopped = play(1.1), play(1.1, stop=1800.0)
    assert view(*stopped).left_s == pytest.approx(view(*calm).left_s, rel=0.02)


def test_before_anything_was_measured_the_prediction_holds():
    job = after(*PRINTING)
    assert view(job, 106.0).left_s == 3600.0
    assert view(Job(outline(0, 0.0)), 0.0).left_s is None


def test_the_pace_of_a_long_print_is_remembered_in_few_numbers():
    job = after(*PRINTING, job=Job(outline(100_000, 360_000.0)))
    now = 106.0
    for line in range(100, 100_001, 100):
        now += 360.0
        job = reduce(job, Advance(now, line=line))
    assert len(job.pace.chunks) < MOST_CHUNKS
    assert job.pace.factor == pytest.approx(1.0)


def test_heating_and_pausing_are_not_printing():
    job = after(*PRINTING, Advance(206.0, line=10), Heat(206.0), Heated(1206.0), Advance(1242.0, line=20))
    assert view(job, 1242.0).printing_s == pytest.approx(136.0)
    assert job.pace.open == pytest.approx((36.0, 36.0)) or job.pace.chunks
