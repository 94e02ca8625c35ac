"""3MF, OBJ, PLY, OFF and GLB: same box out of each; bombs, cycles and nonsense are refused."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mesh_cases import BOX_FACES, CORNERS, box_triangles

from slicer.errors import InputRefused
from slicer.health import examine
from slicer.nouns import Mesh
from slicer.reading import load, mesh_of, read, suspicious_size
from slicer.reading.modifiers import BAMBU, PRUSA

SIZE = (20.0, 10.0, 5.0)
BOX = box_triangles(SIZE)
CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
VERTICES = "".join('<vertex x="{}" y="{}" z="{}"/>'.format(*corner) for corner in (CORNERS * SIZE).tolist())
TRIANGLES = "".join('<triangle v1="{}" v2="{}" v3="{}"/>'.format(*face) for face in BOX_FACES.tolist())
MESH = f"<mesh><vertices>{VERTICES}</vertices><triangles>{TRIANGLES}</triangles></mesh>"
OBJECT = f'<object id="1" name="box" type="model">{MESH}</object>'
ITEM = '<item objectid="1"/>'


def model(objects: str = OBJECT, items: str = ITEM, unit: str = "millimeter") -> str:
    """Return the XML of a 3MF model."""
    return f'<model unit="{unit}" xmlns="{CORE}"><resources>{objects}</resources><build>{items}</build></model>'


def zipped(files: dict[str, str | bytes]) -> bytes:
    """Return a zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read_3mf(folder: Path, xml: str | bytes, **more: str) -> list[Mesh]:
    """Return what is read from a 3MF with that model."""
    path = folder / "plate.3mf"
    path.write_bytes(zipped({"3D/3dmodel.model": xml, **more}))
    return read(path)


def size(mesh: Mesh) -> list[float]:
    return np.round(np.ptp(mesh.bounds, axis=0), 6).tolist()


@pytest.mark.parametrize(
    ("unit", "mm"),
    [("micron", 0.001), ("millimeter", 1), ("centimeter", 10), ("inch", 25.4), ("foot", 304.8), ("meter", 1000)],
)
def test_units(tmp_path: Path, unit: str, mm: float) -> None:
    (mesh,) = read_3mf(tmp_path, model(unit=unit))
    assert size(mesh) == pytest.approx([20 * mm, 10 * mm, 5 * mm])
    assert mesh.name == "box"
    assert examine(mesh).is_sound


def test_components_transforms_and_build_items(tmp_path: Path) -> None:
    turned = '<component objectid="1" transform="0 1 0 -1 0 0 0 0 1 0 0 5"/>'
    objects = OBJECT + f'<object id="2"><components><component objectid="1"/>{turned}</components></object>'
    nested = (
        '<object id="3"><components><component objectid="2" transform="2 0 0 0 1 0 0 0 1 1 1 1"/></components></object>'
    )
    items = ITEM + '<item objectid="3" transform="1 0 0 0 1 0 0 0 1 100 0 0"/>'
    alone, stack = read_3mf(tmp_path, model(objects + nested, items))
    assert alone.bounds.tolist() == [[-10, -5, -2.5], [10, 5, 2.5]]
    assert stack.bounds.tolist() == [[81, -9, -1.5], [121, 11, 8.5]]
    assert len(stack.faces) == 24
    assert examine(stack).volume == pytest.approx(2 * 2 * 1000)


def test_a_mirrored_item_stays_right_side_out(tmp_path: Path) -> None:
    (mesh,) = read_3mf(tmp_path, model(items='<item objectid="1" transform="-1 0 0 0 1 0 0 0 1 0 0 0"/>'))
    assert examine(mesh).volume == pytest.approx(1000)


def test_what_is_not_printed_is_left_out(tmp_path: Path) -> None:
    objects = OBJECT + OBJECT.replace('id="1"', 'id="2"').replace('type="model"', 'type="support"')
    items = ITEM + '<item objectid="2"/><item objectid="1" printable="0"/>'
    assert len(read_3mf(tmp_path, model(objects, items))) == 1


def test_objects_in_other_parts_of_the_package(tmp_path: Path) -> None:
    other = f'<model unit="inch" xmlns="{CORE}"><resources>{OBJECT}</resources><build/></model>'
    objects = '<object id="7"><components><component p:path="/3D/Objects/a.model" objectid="1"/></components></object>'
    xml = model(objects, '<item objectid="7"/>').replace("<model ", '<model xmlns:p="urn:production" ')
    (mesh,) = read_3mf(tmp_path, xml, **{"3D/Objects/a.model": other})
    assert size(mesh) == list(SIZE)


def test_modifiers_of_other_slicers_are_left_out_and_named(tmp_path: Path) -> None:
    both = MESH.replace("</vertices>", VERTICES + "</vertices>").replace(
        "</triangles>",
        "".join('<triangle v1="{}" v2="{}" v3="{}"/>'.format(*f) for f in BOX_FACES + 8) + "</triangles>",
    )
    volume = '<volume firstid="{}" lastid="{}"><metadata type="volume" key="volume_type" value="{}"/></volume>'
    volumes = volume.format(0, 11, "ModelPart") + volume.format(12, 23, "{}")
    prusa = f'<config><object id="1">{volumes}</object></config>'
    xml = model(f'<object id="1">{both}</object>')
    path = tmp_path / "plate.3mf"
    path.write_bytes(zipped({"a.model": xml, PRUSA: prusa.format("ParameterModifier")}))
    reading = load(path)
    assert len(reading.meshes[0].faces) == 12
    assert [repair.name for repair in reading.repairs] == ["modifiers"]
    path.write_bytes(zipped({"a.model": xml, PRUSA: prusa.format("NegativeVolume")}))
    with pytest.raises(InputRefused, match="negative volume"):
        read(path)
    parts = '<part id="1" subtype="normal_part"/><part id="2" subtype="support_blocker"/>'
    components = '<object id="3"><components><component objectid="1"/><component objectid="2"/></components></object>'
    xml = model(OBJECT + OBJECT.replace('id="1"', 'id="2"') + components, '<item objectid="3"/>')
    path.write_bytes(zipped({"a.model": xml, BAMBU: f'<config><object id="3">{parts}</object></config>'}))
    reading = load(path)
    assert len(reading.meshes[0].faces) == 12
    assert [repair.name for repair in reading.repairs] == ["modifiers"]


XML_DIALECTS = {
    "prefix": model().replace("<", "<m:").replace("<m:/", "</m:").replace("xmlns=", "xmlns:m="),
    "single quotes": model().replace('"', "'"),
    "white space": model().replace('="', '= "').replace("/>", "\n/>").replace(" y=", "\n\ty  ="),
    "attributes in another order": model().replace("<vertex x=", "<vertex pid='9' xx='3' x="),
    "comments": model().replace("<triangle ", "<!-- <vertex x='1' y='2' z='3'/> --><triangle ", 3),
    "closing tags": model().replace("/><vertex", "></vertex><vertex").replace("/><triangle", "></triangle><triangle"),
    "utf-16": ('<?xml version="1.0" encoding="utf-16"?>' + model()).encode("utf-16"),
    "utf-8 mark": b"\xef\xbb\xbf" + model().encode(),
    "exponents": model().replace('"10.0"', '"1.0e+1"').replace('"2.5"', '" 2.500000000000000000 "'),
}


@pytest.mark.parametrize("dialect", XML_DIALECTS)
def test_xml_dialects(tmp_path: Path, dialect: str) -> None:
    (mesh,) = read_3mf(tmp_path, XML_DIALECTS[dialect])
    assert size(mesh) == list(SIZE)
    assert examine(mesh).is_sound
    assert examine(mesh).volume == pytest.approx(1000)


REFUSED_MODELS = {
    "bomb": (" " * (1 << 26), "this is no model"),
    "entities": ('<!DOCTYPE a [<!ENTITY b "c">]>' + model(), "entities"),
    "broken XML": (model()[:-9], "damaged XML"),
    "cut off within a list": (model()[:800], "cut off"),
    "unknown unit": (model(unit="cubit"), "cubit"),
    "cycle": (model('<object id="1"><components><component objectid="1"/></components></object>'), "itself"),
    "tenfold components": (
        model(
            OBJECT.replace('id="1"', 'id="9"')
            + "".join(
                f'<object id="{i}"><components>' + f'<component objectid="{i + 1}"/>' * 10 + "</components></object>"
                for i in range(1, 9)
            )
        ),
        "multiply",
    ),
    "missing object": (model(items='<item objectid="5"/>'), "'5'"),
    "missing part": (
        model('<object id="1"><components><component objectid="1" path="/a"/></components></object>'),
        "'a'",
    ),
    "missing vertex": (model().replace('v3="3"', 'v3="99"', 1), "vertex that is not there"),
    "half a vertex": (model().replace('v3="3"', 'v3="1.5"', 1), "vertex that is not there"),
    "missing attribute": (model().replace('z="2.5"', "", 1), "no place"),
    "not a number": (model().replace('z="2.5"', 'z="high"', 1), "'high'"),
    "short transform": (model(items='<item objectid="1" transform="1 0 0"/>'), "twelve"),
    "nothing to build": (model(items=""), "nothing on the plate"),
}


@pytest.mark.parametrize("fault", REFUSED_MODELS)
def test_3mf_refused_with_one_clear_line(tmp_path: Path, fault: str) -> None:
    xml, why = REFUSED_MODELS[fault]
    with pytest.raises(InputRefused) as refusal:
        read_3mf(tmp_path, xml)
    assert why in str(refusal.value)
    assert "plate.3mf: " in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_zips_without_model_and_damaged_zips_are_refused(tmp_path: Path) -> None:
    whole = zipped({"3D/3dmodel.model": model()})
    for data, why in ((zipped({"a.txt": "b"}), "no 3D model"), (whole[:-30], "not a zip"), (whole[:50], "not a zip")):
        (tmp_path / "a.3mf").write_bytes(data)
        with pytest.raises(InputRefused, match=why):
            read(tmp_path / "a.3mf")
    broken = bytearray(whole)
    broken[60:90] = bytes(30)
    (tmp_path / "a.3mf").write_bytes(bytes(broken))
    with pytest.raises(InputRefused, match="no readable 3MF"):
        read(tmp_path / "a.3mf")


def obj(faces: str) -> bytes:
    """Return an OBJ of the box's corners and the given face lines."""
    return (
        "# box\n" + "".join("v {} {} {}\n".format(*corner) for corner in (CORNERS * SIZE).tolist()) + faces
    ).encode()


QUADS = [[1, 2, 4, 3], [5, 7, 8, 6], [1, 5, 6, 2], [3, 4, 8, 7], [1, 3, 7, 5], [2, 6, 8, 4]]
OBJ_DIALECTS = {
    "triangles": obj("".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in BOX_FACES.tolist())),
    "quads": obj("".join(f"f {a} {b} {c} {d}\n" for a, b, c, d in QUADS)),
    "negative": obj("".join(f"f {a - 9} {b - 9} {c - 9} {d - 9}\n" for a, b, c, d in QUADS)),
    "textures and normals": obj(
        "vn 0 0 1\nvt 0 0\n" + "".join(f"f {a}/1/1 {b}//1 {c}/1 {d}\n" for a, b, c, d in QUADS)
    ),
    "continued lines": obj("".join(f"f {a} {b} \\\n {c} {d}\n" for a, b, c, d in QUADS)),
    "CRLF and groups": obj(
        "o box\ng a\ns off\nusemtl b\n" + "".join(f"f {a} {b} {c} {d}\n" for a, b, c, d in QUADS)
    ).replace(b"\n", b"\r\n"),
    "weights and colours": obj("".join(f"f {a} {b} {c} {d}\n" for a, b, c, d in QUADS)).replace(
        b"-2.5\n", b"-2.5 1 .5 0\n"
    ),
}


@pytest.mark.parametrize("dialect", OBJ_DIALECTS)
def test_obj_dialects(tmp_path: Path, dialect: str) -> None:
    (tmp_path / "box.obj").write_bytes(OBJ_DIALECTS[dialect])
    (mesh,) = read(tmp_path / "box.obj")
    assert len(mesh.faces) == 12
    assert examine(mesh).is_sound
    assert examine(mesh).volume == pytest.approx(1000)


@pytest.mark.parametrize(
    ("faces", "why"),
    [
        ("f 0 1 2", "not there"),
        ("f 1 2 9", "not there"),
        ("f a b c", "not there"),
        ("", "no faces"),
        ("v 1 2", "line 10"),
    ],
)
def test_obj_refused(tmp_path: Path, faces: str, why: str) -> None:
    (tmp_path / "box.obj").write_bytes(obj(faces + ("\nf 1 2 3" if "v" in faces else "")))
    with pytest.raises(InputRefused, match=why):
        read(tmp_path / "box.obj")


@pytest.mark.parametrize("kind", ["ply", "off", "glb", "obj", "stl", "3mf"])
def test_formats_as_trimesh_writes_them(tmp_path: Path, kind: str) -> None:
    import trimesh

    trimesh.Trimesh(CORNERS * SIZE, BOX_FACES, process=False).export(tmp_path / f"box.{kind}")
    (mesh,) = read(tmp_path / f"box.{kind}")
    assert mesh.bounds.tolist() == [[-10, -5, -2.5], [10, 5, 2.5]]
    assert examine(mesh).is_sound


@pytest.mark.parametrize("kind", ["ply", "off", "glb"])
def test_damaged_foreign_files_are_refused(tmp_path: Path, kind: str) -> None:
    import trimesh

    trimesh.Trimesh(CORNERS * SIZE, BOX_FACES, process=False).export(tmp_path / f"box.{kind}")
    whole = (tmp_path / f"box.{kind}").read_bytes()
    for data in (whole[: len(whole) // 3], b"hello", bytes(500)):
        (tmp_path / f"box.{kind}").write_bytes(data)
        with pytest.raises(InputRefused, match=rf"is no whole {kind.upper()}|holds no faces of a {kind.upper()}"):
            read(tmp_path / f"box.{kind}")


def test_counts_of_two_billion_do_not_allocate(tmp_path: Path) -> None:
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 2000000000\nproperty float x\nproperty float y\n"
    rest = "property float z\nelement face 2000000000\nproperty list uchar int vertex_indices\nend_header\n"
    (tmp_path / "a.ply").write_bytes((header + rest).encode() + bytes(64))
    (tmp_path / "a.off").write_bytes(b"OFF\n2000000000 2000000000 0\n0 0 0\n")
    (tmp_path / "a.glb").write_bytes(b"glTF" + struct.pack("<4I", 2, 2_000_000_000, 2_000_000_000, 0x4E4F534A) + b"{}")
    for kind in ("ply", "off", "glb"):
        with pytest.raises(InputRefused):
            read(tmp_path / f"a.{kind}")


def test_misnamed_files_are_read_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "box.stl").write_bytes(zipped({"3D/3dmodel.model": model()}))
    assert size(read(tmp_path / "box.stl")[0]) == list(SIZE)


@pytest.mark.parametrize(
    ("scale", "option"),
    [(1, None), (0.05, "--scale 25.4"), (0.005, "--scale 1000"), (0.2, None), (99, None), (101, "--scale 0.001")],
)
def test_suspicious_sizes_name_the_option(scale: float, option: str | None) -> None:
    warning = suspicious_size([mesh_of(CORNERS * SIZE * scale, BOX_FACES)])
    assert (warning is None) if option is None else option in (warning or "")


@pytest.mark.parametrize(
    ("name", "known"), [("production/2015/06", True), ("material/2015/02", True), ("beamlattice/2017/02", False)]
)
def test_what_a_3mf_requires_is_known_or_refused(tmp_path: Path, name: str, known: bool) -> None:
    needs = f'<model requiredextensions="q" xmlns:q="http://schemas.microsoft.com/3dmanufacturing/{name}"'
    xml = model().replace("<model", needs, 1)
    if known:
        assert len(read_3mf(tmp_path, xml)) == 1
    else:
        with pytest.raises(InputRefused, match=f"requires the 3MF extension .*{name}"):
            read_3mf(tmp_path, xml)
