"""What a bead is for: the field's extrusion roles, shared by the slicer, the reader and the previewer."""

from enum import IntEnum


class Role(IntEnum):
    """Purpose of a toolpath or move; stored as uint8 columns."""

    NONE = 0  # travel, retraction, anything that deposits nothing
    EXTERNAL_PERIMETER = 1
    PERIMETER = 2
    OVERHANG_PERIMETER = 3
    THIN_WALL = 4
    GAP_FILL = 5
    INFILL = 6
    SOLID_INFILL = 7
    TOP_SURFACE = 8
    BOTTOM_SURFACE = 9
    BRIDGE = 10
    SKIRT = 11
    BRIM = 12
    SUPPORT = 13
    SUPPORT_INTERFACE = 14
    IRONING = 15
    CUSTOM = 16  # start and end sequences, purge lines, wipe towers


WALLS = (Role.EXTERNAL_PERIMETER, Role.PERIMETER, Role.OVERHANG_PERIMETER)
"""Loops along an outline."""

TYPE_COMMENT: dict[Role, str] = {
    Role.EXTERNAL_PERIMETER: "External perimeter",
    Role.PERIMETER: "Perimeter",
    Role.OVERHANG_PERIMETER: "Overhang perimeter",
    Role.THIN_WALL: "Thin wall",
    Role.GAP_FILL: "Gap fill",
    Role.INFILL: "Internal infill",
    Role.SOLID_INFILL: "Solid infill",
    Role.TOP_SURFACE: "Top solid infill",
    Role.BOTTOM_SURFACE: "Bottom surface",
    Role.BRIDGE: "Bridge infill",
    Role.SKIRT: "Skirt",
    Role.BRIM: "Brim",
    Role.SUPPORT: "Support material",
    Role.SUPPORT_INTERFACE: "Support material interface",
    Role.IRONING: "Ironing",
    Role.CUSTOM: "Custom",
}
"""Text after `;TYPE:` for each role, in the words that common previewers know."""
