"""Pictures: the triangle kernel, the camera and the PNG files that come out."""

import importlib.util
import io
import struct
import zlib

import numpy as np
import pytest

from gcode.kernels import raster
from gcode.pictures import png, scene
from slicer.nouns import Mesh
from slicer.thumbnail import render

CUBE = Mesh(
    np.array([[x, y, z] for x in (0.0, 20.0) for y in (0.0, 20.0) for z in (0.0, 20.0)]),
    np.array(
        [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]]
        + [[2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]],
        np.int32,
    ),
)


def decode(data: bytes) -> np.ndarray:
    """Read back a PNG with filter "up" only, as an independent witness of `png.encode`."""
    width, height, _, kind = struct.unpack(">IIBB", data[16:26])
    channels = {2: 3, 6: 4}[kind]
    size = struct.unpack(">I", data[33:37])[0]
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + size]), np.uint8).reshape(height, 1 + width * channels)
    assert (rows[:, 0] == 2).all()
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint64).astype(np.uint8).reshape(height, width, channels)


def drawn(kernel, points, faces, size=24):
    depth, owner = np.full((size, size), -np.inf), np.full((size, size), -1, np.int32)
    kernel.draw(points, faces, depth, owner, 0)
    return depth, owner


def test_png_is_read_back_by_an_independent_reader():
    pixels = np.random.default_rng(1).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    assert (decode(png.encode(pixels)) == pixels).all()
    image = pytest.importorskip("PIL.Image")
    assert (np.asarray(image.open(io.BytesIO(png.encode(pixels)))) == pixels).all()


def test_a_tiling_of_the_canvas_leaves_no_crack_and_counts_every_pixel_once():
    rng = np.random.default_rng(2)
    inner = rng.uniform(1, 23, (40, 2))
    corners = np.array([[0, 0], [24, 0], [24, 24], [0, 24]])
    from scipy.spatial import Delaunay

    plane = np.concatenate([corners, inner])
    faces = Delaunay(plane).simplices.astype(np.int32)[:, ::-1].copy()
    points = np.column_stack([plane, np.zeros(len(plane))])
    _, owner = drawn(raster, points, faces)
    assert (owner >= 0).all()
    centres = np.stack(np.meshgrid(np.arange(24) + 0.5, np.arange(24) + 0.5), axis=-1).reshape(-1, 2)
    assert (owner.ravel() == Delaunay(plane).find_simplex(centres)).mean() > 0.99


def test_the_nearest_triangle_is_seen_whatever_the_order():
    points = np.array([[2, 2, 0], [2, 20, 0], [20, 2, 0], [2, 2, 5], [2, 20, 5], [20, 2, -5.0]])
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    depth, owner = drawn(raster, points, faces)
    again, other = drawn(raster, points, faces[::-1].copy())
    assert (depth == again).all()
    assert owner[5, 3] == 1
    assert owner[3, 17] == 0
    assert ((owner < 0) == (other < 0)).all()


def test_compiled_and_interpreted_kernel_draw_the_same():
    source = raster.__file__.rsplit("raster", 1)[0] + "raster.py"
    spec = importlib.util.spec_from_file_location("raster_interpreted", source)
    interpreted = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(interpreted)
    points = np.random.default_rng(3).uniform(-6, 30, (90, 3))
    faces = np.arange(90, dtype=np.int32).reshape(30, 3)
    for ours, theirs in zip(drawn(raster, points, faces), drawn(interpreted, points, faces), strict=True):
        assert (ours == theirs).all()
    shadows = np.ones((2, 24, 24), np.float32)
    for kernel, out in zip((raster, interpreted), shadows, strict=True):
        kernel.shadow(drawn(raster, points, faces)[0], out)
    assert (shadows[0] == shadows[1]).all()
    assert shadows[0].any()


def test_the_picture_of_a_cube_has_three_faces_of_different_brightness():
    pixels = decode(render([CUBE], 96, 96))
    assert pixels.shape == (96, 96, 4)
    assert pixels[0, 0, 3] == 0  # transparent ground
    flat = pixels[pixels[..., 3] == 255][:, 0]
    values, counts = np.unique(flat, return_counts=True)
    assert (counts > 300).sum() == 3, dict(zip(values, counts, strict=True))


def test_the_part_fills_the_picture_but_for_the_margin():
    alpha = decode(render([CUBE], 200, 80))[..., 3] > 0
    rows = np.flatnonzero(alpha.any(axis=1))
    assert rows[0] <= 5
    assert rows[-1] >= 74
    columns = np.flatnonzero(alpha.any(axis=0))
    assert abs(columns.mean() - 99.5) < 1.5


def test_pictures_are_the_same_every_time():
    shifted = Mesh(CUBE.vertices + [30, 0, 0], CUBE.faces)
    assert render([CUBE, shifted], 64, 48) == render([CUBE, shifted], 64, 48)


def test_axes_are_a_right_handed_frame():
    axes = scene.axes_of(37, 21)
    assert np.allclose(axes @ axes.T, np.eye(3))
    assert np.allclose(np.cross(axes[0], axes[1]), axes[2])
