"""What slicers write in comments, as data: how they name roles, layers, widths, heights and objects.

    ROLE_WORDS   text of a role comment -> Role
    TABLE        the words that `kernels.words` looks for, in four sections

PrusaSlicer, SuperSlicer and Orca write `;TYPE:`, `;WIDTH:`, `;HEIGHT:`, `;Z:` and `;LAYER_CHANGE`; Bambu Studio
`; FEATURE:`, `; LINE_WIDTH:`, `; LAYER_HEIGHT:`, `; CHANGE_LAYER`; Cura and ideaMaker `;TYPE:` and `;LAYER:0`;
Simplify3D `; feature outer perimeter` (before version 4 the bare words), `; tool H0.2 W0.4`, `; layer 1, Z = 0.2`;
Kiri:Moto `; feature shells` and `;; --- layer 0 (0.2 @ 0.2) ---`. Slic3r writes none of these.
"""

from __future__ import annotations

from gcode.roles import TYPE_COMMENT, Role

ROLE_WORDS: dict[str, Role] = {words.lower(): role for role, words in TYPE_COMMENT.items()} | {
    "none": Role.NONE,
    "custom": Role.NONE,  # the rows of sequences have their role already; what follows without a role has none
    # PrusaSlicer, SuperSlicer and Slic3r
    "internal perimeter": Role.PERIMETER,
    "skirt/brim": Role.SKIRT,
    "internal bridge infill": Role.BRIDGE,
    # OrcaSlicer and Bambu Studio
    "outer wall": Role.EXTERNAL_PERIMETER,
    "inner wall": Role.PERIMETER,
    "overhang wall": Role.OVERHANG_PERIMETER,
    "floating vertical shell": Role.OVERHANG_PERIMETER,
    "gap infill": Role.GAP_FILL,
    "sparse infill": Role.INFILL,
    "internal solid infill": Role.SOLID_INFILL,
    "top surface": Role.TOP_SURFACE,
    "bridge": Role.BRIDGE,
    "internal bridge": Role.BRIDGE,
    "support": Role.SUPPORT,
    "support interface": Role.SUPPORT_INTERFACE,
    "support transition": Role.SUPPORT,
    # Cura and ideaMaker
    "wall-outer": Role.EXTERNAL_PERIMETER,
    "wall-inner": Role.PERIMETER,
    "fill": Role.INFILL,
    "skin": Role.SOLID_INFILL,
    "solid-fill": Role.SOLID_INFILL,
    "gap-fill": Role.GAP_FILL,
    "support-interface": Role.SUPPORT_INTERFACE,
    "raft": Role.SUPPORT,
    # Simplify3D
    "outer perimeter": Role.EXTERNAL_PERIMETER,
    "external perimeter": Role.EXTERNAL_PERIMETER,
    "inner perimeter": Role.PERIMETER,
    "single extrusion": Role.THIN_WALL,
    "infill": Role.INFILL,
    "solid layer": Role.SOLID_INFILL,
    "dense support": Role.SUPPORT_INTERFACE,
    # Kiri:Moto
    "shells": Role.PERIMETER,
    "thin fill": Role.THIN_WALL,
    "solid fill": Role.SOLID_INFILL,
}
"""Role by the lower-case text of a role comment; a text that is not here (a prime tower, say) leaves the role NONE."""

BARE_ROLES = (
    "outer perimeter", "inner perimeter", "single extrusion", "infill", "solid layer", "gap fill", "bridge", "skirt",
    "brim", "raft", "support", "dense support", "prime pillar", "ooze shield",
)  # fmt: skip
"""Comments that are nothing but the role's name (Simplify3D before version 4)."""

ROLE, BARE_ROLE, BEGIN, END, DEFINE, OPENS, CLOSES, LAYER = range(1, 9)
WIDTH, HEIGHT, TOOL, LIMIT, RETRACTION, LAYER_NUMBER, Z = range(11, 18)  # a number must follow
"""Meanings, as the kernels know them."""

COMMENTS = [
    ("TYPE:", ROLE),
    ("FEATURE:", ROLE),
    ("feature ", ROLE),
    *((f"{words}\n", BARE_ROLE) for words in BARE_ROLES),
    ("LAYER_CHANGE", LAYER),
    ("CHANGE_LAYER", LAYER),
    ("LAYER:", LAYER_NUMBER),
    ("layer ", LAYER_NUMBER),
    ("; --- layer ", LAYER_NUMBER),
    ("WIDTH:", WIDTH),
    ("LINE_WIDTH:", WIDTH),
    ("HEIGHT:", HEIGHT),
    ("LAYER_HEIGHT:", HEIGHT),
    ("Z:", Z),
    ("Z_HEIGHT:", Z),
    ("tool H", TOOL),
    ("printing object ", BEGIN),
    ("stop printing object ", END),
    ("start printing object, unique label id: ", BEGIN),
    ("stop printing object, ", END),
    ("MESH:NONMESH", END),
    ("MESH:", BEGIN),
    ("PRINTING: NON-OBJECT", END),
    ("PRINTING: ", BEGIN),
]
SEQUENCES = [("Custom", OPENS), ("Wipe tower", OPENS), ("Prime tower", OPENS), ("None", CLOSES)]
"""Roles whose text is kept verbatim, and the one that ends them without naming another."""

MACROS = [
    ("EXCLUDE_OBJECT_START", BEGIN),
    ("EXCLUDE_OBJECT_END", END),
    ("EXCLUDE_OBJECT_DEFINE", DEFINE),
    ("SET_VELOCITY_LIMIT", LIMIT),
    ("SET_RETRACTION", RETRACTION),
]
PARAMETERS = [
    ("ACCEL=", 1),
    ("RETRACT_LENGTH=", 2),
    ("RETRACT_SPEED=", 3),
    ("UNRETRACT_SPEED=", 4),
    ("UNRETRACT_EXTRA_LENGTH=", 5),
]
"""Parameters of these macros that become columns."""


def _section(entries: list[tuple[str, int]]) -> bytes:
    """Return a section as the kernel reads it: meaning, length and text of each entry, then 0."""
    return b"".join(bytes([meaning, len(text)]) + text.encode() for text, meaning in entries) + b"\0"


TABLE = b"".join(_section(entries) for entries in (COMMENTS, SEQUENCES, MACROS, PARAMETERS))
