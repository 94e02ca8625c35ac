"""A crew: work is shared out, comes back in order, may ask for help itself, and fails loudly."""

import threading

import pytest

from slicer.tools.crew import Crew


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_back_in_order(workers: int) -> None:
    with Crew(workers) as crew:
        assert crew.map(lambda n: n * n, range(50)) == [n * n for n in range(50)]
        assert crew.map(str, []) == []


def test_two_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)
    with Crew(2) as crew:
        crew.map(lambda _: meeting.wait(), range(2))  # neither comes back before both are there


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_work_may_ask_for_help_itself(workers: int) -> None:
    """As deep as it likes."""

    def leaves(depth: int) -> int:
        return sum(crew.map(leaves, [depth - 1] * 3)) if depth else 1

    with Crew(workers) as crew:
        assert leaves(5) == 3**5


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("wrong", [0, 7])
def test_an_error_stops_the_work_and_is_told(workers: int, wrong: int) -> None:
    done: list[int] = []

    def work(n: int) -> None:
        if n == wrong:
            raise ValueError(f"no {n}")
        done.append(n)

    with Crew(workers) as crew:
        with pytest.raises(ValueError, match=f"no {wrong}"):
            crew.map(work, range(10_000))
        assert len(done) < 10_000 - 1
        assert crew.map(str, [1, 2]) == ["1", "2"]  # and nobody is lost
