"""Two prints compared: what is alike in another order, what only begins elsewhere, what really differs."""

import json
import math
import re
from itertools import pairwise

import pytest
from check_cases import CLEAN, PER_MM, clean, exchanged, insert, layer, swap, without_layers
from hypothesis import given
from hypothesis import strategies as st

from gcode import read
from gcode.checks import Limits
from gcode.checks.evidence import Evidence
from gcode.diff import GEOMETRY, ORDER, SAME, SEAMS, Diff, compare
from gcode.times import times


def seen(text: str):
    moves = read(text.encode(), [])
    return Evidence(moves, Limits()), times(moves).moves


def diff(a: str, b: str) -> Diff:
    return compare(seen(a), seen(b))


def edges(loop: list[tuple[float, float]], start: int = 0, backwards: bool = False, k: int = 0) -> str:
    """Return a loop printed from one of its corners."""
    ring = loop[start:] + loop[:start] + [loop[start]]
    ring = ring[::-1] if backwards else ring
    text = f"G1 X{ring[0][0]:.3f} Y{ring[0][1]:.3f} F9000\n"
    for (ax, ay), (bx, by) in pairwise(ring):
        text += f"G1 X{bx:.3f} Y{by:.3f} E{math.hypot(bx - ax, by - ay) * PER_MM:.5f} F2400\n"
    return text


RING = [(60.0, 60.0), (75.0, 61.0), (77.0, 74.0), (62.0, 72.0)]


def ringed(start: int = 0, backwards: bool = False, ring: list[tuple[float, float]] = RING) -> str:
    """Return the clean print with one more loop in layer 3."""
    return CLEAN.replace(";LAYER:4", edges(ring, start, backwards) + ";LAYER:4")


def test_a_file_is_the_same_as_itself():
    found = diff(CLEAN, CLEAN)
    assert found.same
    assert (found.verdict, found.beads, found.matched, found.layers) == (SAME, (48, 48), 48, ())


def test_comments_do_not_count():
    assert diff(CLEAN, re.sub("\n", " ; same\n", CLEAN.replace(";LAYER_COUNT", "; hello\n;LAYER_COUNT"))).same


def test_another_order_is_said_so():
    found = diff(CLEAN, exchanged(CLEAN))
    assert (found.verdict, found.matched, found.layers) == (ORDER, 48, ())
    assert not found.same


@given(st.integers(0, 3), st.booleans())
def test_a_loop_begun_at_another_corner_is_the_same_loop(start, backwards):
    found = diff(ringed(), ringed(start, backwards))
    assert found.verdict == (SAME if start == 0 and not backwards else ORDER)
    assert found.matched == 52


@given(st.floats(0.1, 0.9), st.integers(0, 3))
def test_a_seam_within_an_edge_is_a_seam(share, k):
    (ax, ay), (bx, by) = RING[k], RING[(k + 1) % 4]
    ring = [*RING[: k + 1], (ax + (bx - ax) * share, ay + (by - ay) * share), *RING[k + 1 :]]
    found = diff(ringed(), ringed(ring=ring, start=k + 1))
    assert found.verdict == SEAMS
    (only,) = found.layers
    assert (only.z, only.layer, only.kind, only.far_mm) == (0.8, 4, SEAMS, 0.0)


@given(st.floats(0.1, 5.0), st.integers(0, 3))
def test_a_moved_corner_is_geometry_and_its_place_is_told(away, k):
    ring = [(x + away * (i == k), y) for i, (x, y) in enumerate(RING)]
    found = diff(ringed(), ringed(ring=ring))
    assert found.verdict == GEOMETRY
    (only,) = found.layers
    assert 0.05 < only.far <= away + 1e-3
    assert min(math.hypot(only.x - x, only.y - y) for x, y in (RING[k], ring[k])) < 4 + away
    assert only.far_mm > 0


def test_missing_layers_are_told_by_height():
    found = diff(CLEAN, without_layers(5)(CLEAN))
    assert [(one.z, one.kind) for one in found.layers] == [(1.2, "only in A")]
    assert found.layers[0].length[1] == 0.0
    assert found.layers[0].far_mm == pytest.approx(found.layers[0].length[0])
    assert [one.kind for one in diff(without_layers(5)(CLEAN), CLEAN).layers] == ["only in B"]


@given(st.floats(-60, 60), st.floats(-60, 60))
def test_a_print_elsewhere_on_the_bed_is_laid_on_the_other(dx, dy):
    moved = clean(1).replace(layer(0), layer(0, 80 + dx, 80 + dy))
    found = diff(clean(1), moved)
    assert found.layers == ()
    assert found.shift == pytest.approx((dx, dy), abs=3e-3)


@given(st.sampled_from([0.9, 0.95, 1.05, 1.5]), st.integers(0, 5))
def test_plastic_and_speed_are_compared_bead_by_bead(factor, k):
    def scaled(found: re.Match[str]) -> str:
        return f"E{float(found[1]) * factor:.5f}"

    thin = CLEAN.replace(layer(k), re.sub(r"(?<=\d )E([\d.]+)", scaled, layer(k)))
    found = diff(CLEAN, thin)
    assert (found.verdict, found.flows, found.speeds) == (SAME, 8, 0)
    found = diff(CLEAN, CLEAN.replace(layer(k), layer(k).replace("F2400", f"F{2400 * factor:.0f}")))
    assert (found.verdict, found.flows, found.speeds) == (SAME, 0, 8)
    assert list(found.layer_seconds) == pytest.approx([0.2 * (k + 1)]) or factor in (0.95, 1.05)


def test_commands_and_travels_count():
    found = diff(CLEAN, insert("M117 hello")(CLEAN))
    assert found.commands == {"M117 hello": (0, 1)}
    assert not found.same
    found = diff(CLEAN, swap("F9000", "F8000")(CLEAN))
    assert not found.same
    assert found.verdict == SAME


def test_repeated_beads_are_counted():
    twice = CLEAN.replace(layer(5), layer(5) + "\n".join(layer(5).splitlines()[1:]) + "\n")
    found = diff(CLEAN, twice)
    assert (found.beads, found.matched) == ((48, 56), 48)
    assert not found.same


@pytest.mark.parametrize("text", ["M105\n", "G28\nG1 X5 F600\n"])
def test_nothing_is_compared_too(text):
    assert diff(text, text).same
    assert diff(CLEAN, text).verdict == GEOMETRY
    assert json.dumps(diff(text, CLEAN).as_dict())
