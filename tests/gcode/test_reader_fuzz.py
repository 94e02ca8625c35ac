"""The first inputs of `benchmarks/fuzz_reader.py`, which runs for as long as it is told."""

from benchmarks.fuzz_reader import fuzz


def test_nothing_breaks_the_reader():
    found = fuzz(seconds=60, seed=1, most=1500)
    assert sum(found.values()) == 1500
    assert {"moves", "moves with problems", "MalformedGcode", "CutOff", "DamagedFile", "NoSuchPlate"} <= set(found)
