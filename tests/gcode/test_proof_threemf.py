"""What of a 3MF is the model that a print is proved against, and what is refused instead of guessed."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest

from gcode.proof.model import UnreadableModel, load
from gcode.proof.threemf import read_3mf

SPACES = "http://schemas.microsoft.com/3dmanufacturing/"
CORNERS = [(x, y, z) for x in (0, 20) for y in (0, 10) for z in (0, 5)]
FACES = [
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
]  # fmt: skip
ITEM = '<item objectid="1"/>'


def box(number: int = 1, times: int = 1, kind: str = "model") -> str:
    """Return an object of as many equal boxes, 12 triangles each."""
    vertices = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in CORNERS)
    faces = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in FACES * times)
    mesh = f"<mesh><vertices>{vertices}</vertices><triangles>{faces}</triangles></mesh>"
    return f'<object id="{number}" type="{kind}">{mesh}</object>'


def doubled(levels: int) -> str:
    """Return objects of which each holds two of the one before."""
    pairs = [f'<component objectid="{k}"/>' * 2 for k in range(1, levels + 1)]
    return box() + "".join(
        f'<object id="{k + 2}"><components>{pair}</components></object>' for k, pair in enumerate(pairs)
    )


def threemf(objects: str = box(), items: str = ITEM, head: str = "", **more: str | bytes) -> bytes:
    """Return a 3MF file; `head` goes into the model element, `more` are other members by name."""
    xml = f'<model xmlns="{SPACES}core/2015/02" {head}><resources>{objects}</resources><build>{items}</build></model>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {"3D/3dmodel.model": xml, **more}.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "known"), [("production/2015/06", True), ("material/2015/02", True), ("beamlattice/2017/02", False)]
)
def test_a_required_extension_is_known_or_refused(name, known):
    data = threemf(head=f'requiredextensions="q" xmlns:q="{SPACES}{name}"')
    if known:
        assert len(read_3mf(data)) == 12
    else:
        with pytest.raises(ValueError, match=f"requires the extension {SPACES}{name}"):
            read_3mf(data)


def test_what_is_not_to_be_printed_is_no_part_of_it():
    assert len(read_3mf(threemf(items=ITEM + '<item objectid="1" printable="0"/>'))) == 12
    assert len(read_3mf(threemf(box() + box(2, kind="support"), ITEM + '<item objectid="2"/>'))) == 12


def test_modifiers_of_other_slicers_are_no_part_of_it():
    prusa = (
        '<config><object id="1"><volume firstid="0" lastid="11"/><volume firstid="12" lastid="23">'
        '<metadata key="volume_type" value="ParameterModifier"/></volume></object></config>'
    )
    assert len(read_3mf(threemf(box(times=2), **{"Metadata/Slic3r_PE_model.config": prusa}))) == 12
    parts = '<object id="3"><components><component objectid="1"/><component objectid="2"/></components></object>'
    bambu = '<config><object id="3"><part id="1" subtype="normal_part"/><part id="2" subtype="{}"/></object></config>'
    objects, item, name = box(1) + box(2) + parts, '<item objectid="3"/>', "Metadata/model_settings.config"
    assert len(read_3mf(threemf(objects, item, **{name: bambu.format("modifier_part")}))) == 12
    with pytest.raises(ValueError, match="negative volume"):
        read_3mf(threemf(objects, item, **{name: bambu.format("negative_part")}))


def test_the_relationships_say_where_to_start():
    other = threemf(box(times=2))
    with zipfile.ZipFile(io.BytesIO(other)) as archive:
        xml = archive.read("3D/3dmodel.model")
    told = f'<Relationships><Relationship Type="{SPACES}2013/01/3dmodel" Target="/3D/other.model"/></Relationships>'
    assert len(read_3mf(threemf(**{"3D/other.model": xml, "_rels/.rels": told}))) == 24


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (threemf(items='<item objectid="7"/>'), "places object 7, which it does not hold"),
        (threemf(items="<item/>"), "there is no 'objectid'"),
        (threemf(head='unit="parsec"'), "there is no 'parsec'"),
        (threemf(items=""), "holds no triangle"),
        (threemf(box().replace('v1="7"', 'v1="8"').replace('v1="2"', 'v1="-1"')), "a vertex that is not there"),
        (threemf(box().replace('v1="2"', 'v1="99999999999999999999999"')), "cannot be read as a model"),
        (threemf(doubled(40), '<item objectid="41"/>'), "nested too deeply"),
        (threemf(doubled(20), '<item objectid="21"/>'), "multiply to more than any plate holds"),
        (threemf(**{"_rels/.rels": " " * (1 << 25)}), "unpacks to more than 16 MB"),
        (threemf(**{"_rels/.rels": "<open"}), "no 3MF archive"),
        (threemf()[:200], "no 3MF archive"),
    ],
)
def test_what_is_no_model_is_said(tmp_path, data, why):
    path = tmp_path / "part.3mf"
    path.write_bytes(data)
    with pytest.raises(UnreadableModel, match=why):
        load(path)


def test_the_model_is_where_the_file_places_it(tmp_path):
    path = tmp_path / "part.3mf"
    path.write_bytes(threemf(items=ITEM + '<item objectid="1" transform="1 0 0 0 1 0 0 0 1 30 0 0"/>'))
    assert np.allclose(load(path).size, [50, 10, 5])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_unopened(tmp_path):
    os.mkfifo(tmp_path / "part.stl")
    with pytest.raises(UnreadableModel, match="a directory, pipe or device"):
        load(tmp_path / "part.stl")
