"""Every setting, declared once: name, type, unit, default, bounds and a one-line explanation.

A profile file is flat TOML (`layer_height = 0.2`); the groups below exist so that each stage of the slicer takes only
what it needs. Key names are unique over all groups. Lengths are mm, speeds mm/s, accelerations mm/s2, temperatures C,
times s, flows mm3/s; fractions may be written as `0.15` or `"15%"`. A width of 0 means "choose from the nozzle".

Each class is a group (a frozen dataclass) and its docstring the group's line in docs/settings.md.
"""

import dataclasses
from typing import Any, Literal, NewType

from profiles.records import Record

Fraction = NewType("Fraction", float)  # a share or factor: 0.15 or "15%" in files
InfillPattern = Literal[
    "rectilinear",
    "aligned",
    "grid",
    "triangles",
    "tri-hexagon",
    "cubic",
    "gyroid",
    "honeycomb",
    "concentric",
    "hilbert",
]
SolidPattern = Literal["monotonic", "rectilinear", "aligned", "concentric", "hilbert"]


def setting(default: Any, doc: str, unit: str = "", **bounds: Any) -> Any:
    """Declare one setting: its default, what it means, its unit and its bounds.

    Bounds are ge, le, gt, lt; for a list of texts its `shape` in words, as a `pattern`, and an `example`.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, "unit": unit, **bounds})


# ---------------------------------------------------------------- printer


class MachineSettings(Record):
    """The printer's body: bed, height, nozzle and what it may be heated to."""

    printer_model: str = setting("generic", "Name of the machine, shown in summaries and written into the G-code.")
    bed_size: tuple[float, float] = setting((220.0, 220.0), "Printable bed, x and y.", "mm", gt=0, le=10000)
    bed_origin: tuple[float, float] = setting(
        (0.0, 0.0),
        "Coordinates of the front left corner of the bed (of its bounding square if round).",
        "mm",
        ge=-10000,
        le=10000,
    )
    bed_round: bool = setting(False, "The bed is a disc of diameter bed_size[0] (delta printers).")
    max_print_height: float = setting(250.0, "Tallest printable z.", "mm", gt=0, le=5000)
    nozzle_diameter: float = setting(0.4, "Diameter of the nozzle's orifice.", "mm", ge=0.1, le=2.0)
    tool_count: int = setting(1, "Tools or filaments that T commands may choose.", "", ge=1, le=256)
    min_extrusion_temperature: int = setting(
        170, "Below this the firmware refuses to push filament.", "C", ge=0, le=500
    )
    max_nozzle_temperature: int = setting(300, "Hottest nozzle the machine allows.", "C", ge=0, le=500)
    max_bed_temperature: int = setting(
        120, "Hottest bed the machine allows; 0 where the bed has no heater.", "C", ge=0, le=200
    )


class RetractionSettings(Record):
    """How filament is pulled back for travels."""

    retraction_length: float = setting(
        0.8, "Filament pulled back before a travel; 0 never retracts.", "mm", ge=0, le=20
    )
    retraction_speed: float = setting(35.0, "Speed of the filament when retracting.", "mm/s", gt=0, le=200)
    unretraction_speed: float = setting(
        0.0, "Speed of the filament when priming again; 0 is retraction_speed.", "mm/s", ge=0, le=200
    )
    unretraction_extra_length: float = setting(0.0, "Extra filament pushed after a retraction.", "mm", ge=-5, le=5)
    retraction_min_travel: float = setting(2.0, "Shorter travels are made without retraction.", "mm", ge=0, le=100)
    retract_on_layer_change: bool = setting(True, "Always retract when the layer changes.")
    wipe: bool = setting(False, "Move back along the last bead while retracting.")
    wipe_length: float = setting(2.0, "How far the nozzle wipes.", "mm", ge=0, le=50)
    z_hop: float = setting(0.0, "Lift of the nozzle during a retracted travel.", "mm", ge=0, le=10)


class LimitSettings(Record):
    """What the firmware allows and assumes: speeds, accelerations and cornering."""

    max_speed_x: float = setting(200.0, "Fastest the x axis may move.", "mm/s", gt=0, le=2000)
    max_speed_y: float = setting(200.0, "Fastest the y axis may move.", "mm/s", gt=0, le=2000)
    max_speed_z: float = setting(12.0, "Fastest the z axis may move.", "mm/s", gt=0, le=1000)
    max_speed_e: float = setting(120.0, "Fastest the filament may move.", "mm/s", gt=0, le=1000)
    max_acceleration_x: float = setting(1500.0, "Limit of the x axis.", "mm/s2", gt=0, le=200000)
    max_acceleration_y: float = setting(1500.0, "Limit of the y axis.", "mm/s2", gt=0, le=200000)
    max_acceleration_z: float = setting(200.0, "Limit of the z axis.", "mm/s2", gt=0, le=200000)
    max_acceleration_e: float = setting(5000.0, "Limit of the extruder.", "mm/s2", gt=0, le=200000)
    default_acceleration: float = setting(
        1000.0, "Acceleration of printing moves where no other is given.", "mm/s2", gt=0, le=200000
    )
    default_travel_acceleration: float = setting(
        1000.0, "Acceleration of travels where no other is given.", "mm/s2", gt=0, le=200000
    )
    default_retract_acceleration: float = setting(1500.0, "Acceleration of retractions.", "mm/s2", gt=0, le=200000)
    max_jerk_xy: float = setting(
        8.0, "Marlin's classic jerk of x and y; ignored where junction_deviation is set.", "mm/s", ge=0, le=100
    )
    max_jerk_z: float = setting(0.4, "Marlin's classic jerk of z.", "mm/s", ge=0, le=100)
    max_jerk_e: float = setting(5.0, "Marlin's classic jerk of the extruder.", "mm/s", ge=0, le=100)
    junction_deviation: float = setting(0.0, "Marlin's junction deviation; 0 uses classic jerk.", "mm", ge=0, le=1)
    square_corner_velocity: float = setting(5.0, "Klipper's speed through a right-angled corner.", "mm/s", ge=0, le=100)
    minimum_cruise_ratio: float = setting(0.5, "Klipper's share of a move that must cruise.", "", ge=0, lt=1)


class OutputSettings(Record):
    """The G-code file: dialect, templates, digits and extras."""

    gcode_flavour: Literal["marlin", "klipper", "reprapfirmware"] = setting(
        "marlin", "Dialect of the machine's firmware."
    )
    relative_extrusion: bool = setting(
        True, "E words are relative (M83); false writes absolute E (M82), reset at each layer."
    )
    start_gcode: str = setting(
        "G28 ; home all axes",
        "Template run before the print. Heating is added unless the template heats.",
        multiline=True,
    )
    end_gcode: str = setting(
        "M104 S0\nM140 S0\nM107\nG91\nG1 Z5 F600\nG90\nM84", "Template run after the print.", multiline=True
    )
    layer_gcode: str = setting("", "Template run at each layer change.", multiline=True)
    tool_gcode: str = setting("", "Template run at each tool change.", multiline=True)
    thumbnails: tuple[str, ...] = setting(
        (),
        'PNG thumbnails to embed, such as ["16x16", "220x124"].',
        shape="WIDTHxHEIGHT",
        pattern=r"[1-9]\d{0,3}x[1-9]\d{0,3}",
        example="220x124",
    )
    label_objects: bool = setting(False, "Label each object so that it can be cancelled while printing.")
    xyz_digits: int = setting(3, "Decimals of X, Y and Z.", "", ge=2, le=6)
    e_digits: int = setting(5, "Decimals of E.", "", ge=3, le=8)
    arc_fitting: bool = setting(
        False, "Write curved beads as arcs (G2, G3): fewer lines, for firmwares that know them."
    )
    arc_tolerance: float = setting(0.02, "How far an arc may be off the beads it replaces.", "mm", ge=0.001, le=0.5)
    emit_limits: bool = setting(False, "Write the machine limits at the start of the file (M201-M205).")
    check_rules: tuple[str, ...] = setting(
        (),
        "Checks of the G-code that weigh more or less on this machine, or are off; docs/checks.md lists them.",
        shape="RULE=SEVERITY",
        pattern=r"[a-z-]+=(off|info|warning|error)",
        example="stringing=off",
    )


# ---------------------------------------------------------------- filament


class FilamentSettings(Record):
    """The plastic: name, size, price, flow and temperatures."""

    filament_name: str = setting("generic PLA", "Name shown in summaries and written into the G-code.")
    filament_type: str = setting("PLA", "Kind of plastic.")
    filament_diameter: float = setting(1.75, "Diameter of the filament.", "mm", ge=1.0, le=4.0)
    filament_density: float = setting(1.24, "Density of the plastic.", "g/cm3", gt=0, le=20)
    filament_cost: float = setting(25.0, "Price of a kilogram.", "1/kg", ge=0, le=100000)
    extrusion_multiplier: Fraction = setting(1.0, "Factor on all extruded filament.", "", ge=0.1, le=2)
    max_volumetric_speed: float = setting(0.0, "Most plastic the hotend melts; 0 is no limit.", "mm3/s", ge=0, le=500)
    nozzle_temperature: int = setting(210, "Temperature of the nozzle.", "C", ge=0, le=500)
    first_layer_nozzle_temperature: int = setting(
        215, "Temperature of the nozzle in the first layer.", "C", ge=0, le=500
    )
    bed_temperature: int = setting(60, "Temperature of the bed.", "C", ge=0, le=200)
    first_layer_bed_temperature: int = setting(60, "Temperature of the bed in the first layer.", "C", ge=0, le=200)
    chamber_temperature: int = setting(0, "Temperature of the chamber; 0 does not ask for one.", "C", ge=0, le=120)


class CoolingSettings(Record):
    """Part fan and least time of a layer."""

    min_layer_time: float = setting(5.0, "Layers quicker than this are slowed down; 0 never slows.", "s", ge=0, le=600)
    min_print_speed: float = setting(10.0, "Cooling never slows a bead below this.", "mm/s", gt=0, le=1000)
    fan_min: Fraction = setting(1.0, "Part fan of an ordinary layer.", "", ge=0, le=1)
    fan_max: Fraction = setting(1.0, "Part fan of a layer at min_layer_time.", "", ge=0, le=1)
    fan_below_layer_time: float = setting(
        60.0, "Layers quicker than this get between fan_min and fan_max.", "s", ge=0, le=1000
    )
    fan_off_layers: int = setting(1, "First layers printed without fan.", "", ge=0, le=1000)
    fan_full_layer: int = setting(
        3, "Layer from which the fan has its full value; before it ramps up.", "", ge=0, le=1000
    )
    bridge_fan: Fraction = setting(1.0, "Part fan over bridges.", "", ge=0, le=1)


# ---------------------------------------------------------------- process


class LayerSettings(Record):
    """Thickness of the layers."""

    made_for_nozzle: float = setting(
        0.0, "Nozzle these layers and widths are meant for; another is warned about; 0 is any.", "mm", ge=0, le=2
    )
    layer_height: float = setting(0.2, "Thickness of a layer.", "mm", ge=0.02, le=2.0)
    first_layer_height: float = setting(0.2, "Thickness of the first layer.", "mm", ge=0.02, le=2.0)


class SlicingSettings(Record):
    """From mesh to outlines: repair, simplification and compensation."""

    closing_radius: float = setting(0.049, "Cracks narrower than twice this are closed.", "mm", ge=0, le=1)
    resolution: float = setting(0.0125, "Largest deviation when contours are simplified.", "mm", ge=0, le=0.5)
    gap_closing: float = setting(2.0, "Open contours whose ends are closer than this are closed.", "mm", ge=0, le=20)
    xy_compensation: float = setting(0.0, "Grow (or shrink) the whole part in x and y.", "mm", ge=-2, le=2)
    hole_compensation: float = setting(0.0, "Grow (or shrink) holes only.", "mm", ge=-2, le=2)
    elephant_foot_compensation: float = setting(
        0.0, "Shrink the first layer by this, thin features kept.", "mm", ge=0, le=1
    )


class WidthSettings(Record):
    """Widths of beads; 0 follows the rule in each explanation."""

    line_width: float = setting(0.0, "Width of beads where no other is given; 0 is 1.125 nozzles.", "mm", ge=0, le=5)
    first_layer_line_width: float = setting(0.0, "Width of the first layer's beads; 0 is no change.", "mm", ge=0, le=5)
    external_wall_width: float = setting(0.0, "Width of the outermost wall.", "mm", ge=0, le=5)
    wall_width: float = setting(0.0, "Width of the other walls.", "mm", ge=0, le=5)
    infill_width: float = setting(0.0, "Width of sparse infill.", "mm", ge=0, le=5)
    solid_infill_width: float = setting(0.0, "Width of solid infill.", "mm", ge=0, le=5)
    top_infill_width: float = setting(0.0, "Width of the top surface's beads.", "mm", ge=0, le=5)


class WallSettings(Record):
    """Walls (perimeters) and what is too thin for them."""

    wall_count: int = setting(2, "Walls on each side.", "", ge=0, le=1000)
    wall_order: Literal["inner-first", "outer-first"] = setting(
        "inner-first", "Which walls of an island are printed first."
    )
    thin_walls: bool = setting(True, "Print parts thinner than a wall with a single variable-width bead.")
    gap_fill: bool = setting(True, "Fill gaps between walls with variable-width beads.")
    min_bead_width: float = setting(0.0, "Thinnest feature that is printed; 0 is half a nozzle.", "mm", ge=0, le=2)


class SurfaceSettings(Record):
    """Top and bottom shells and bridges."""

    top_layers: int = setting(4, "Solid layers below each top surface.", "", ge=0, le=1000)
    bottom_layers: int = setting(4, "Solid layers above each bottom surface.", "", ge=0, le=1000)
    top_thickness: float = setting(
        0.0, "Least thickness of the top shell; adds layers where needed.", "mm", ge=0, le=100
    )
    bottom_thickness: float = setting(
        0.0, "Least thickness of the bottom shell; adds layers where needed.", "mm", ge=0, le=100
    )
    solid_below_area: float = setting(0.0, "Sparse islands smaller than this become solid.", "mm2", ge=0, le=10000)
    solid_every: int = setting(0, "Every n-th layer is solid; 0 never.", "", ge=0, le=1000)
    bridges: bool = setting(True, "Find bridges and print them as such.")
    bridge_flow: Fraction = setting(1.0, "Flow of bridge threads.", "", ge=0.3, le=2)
    bridge_angle: float = setting(-1.0, "Direction of bridges; -1 finds it from the anchors.", "deg", ge=-1, le=180)


class InfillSettings(Record):
    """Patterns that fill the inside."""

    infill_density: Fraction = setting(0.15, "Share of the inside that is filled.", "", ge=0, le=1)
    infill_pattern: InfillPattern = setting("rectilinear", "Pattern of sparse infill.")
    infill_angle: float = setting(45.0, "Direction of the infill lines of even layers.", "deg", ge=-360, le=360)
    top_pattern: SolidPattern = setting("monotonic", "Pattern of top surfaces.")
    bottom_pattern: SolidPattern = setting("monotonic", "Pattern of bottom surfaces.")
    solid_pattern: SolidPattern = setting("rectilinear", "Pattern of solid infill inside the part.")
    infill_overlap: Fraction = setting(
        0.25, "Overlap of infill and walls, as a share of the bead spacing.", "", ge=0, le=0.8
    )
    infill_anchor: float = setting(
        2.5, "Length of the hook that anchors an infill line to the wall; 0 has none.", "mm", ge=0, le=100
    )
    infill_anchor_max: float = setting(
        20.0, "Neighbouring infill lines are joined along the wall up to this length.", "mm", ge=0, le=1000
    )
    infill_first: bool = setting(False, "Print infill before the walls.")


class AdhesionSettings(Record):
    """Skirt and brim."""

    skirt_loops: int = setting(1, "Loops drawn around the print to prime the nozzle.", "", ge=0, le=100)
    skirt_distance: float = setting(6.0, "Distance of the skirt from the print and its brim.", "mm", ge=0, le=100)
    skirt_height: int = setting(1, "Layers of the skirt.", "", ge=1, le=10000)
    skirt_min_length: float = setting(0.0, "Loops are added until this much filament is primed.", "mm", ge=0, le=1000)
    brim_type: Literal["none", "outer", "inner", "both"] = setting("none", "Where a brim is printed.")
    brim_width: float = setting(5.0, "Width of the brim.", "mm", ge=0, le=100)
    brim_gap: float = setting(0.0, "Gap between the brim and the part.", "mm", ge=0, le=10)


class SeamSettings(Record):
    """Where loops start and end."""

    seam_position: Literal["aligned", "nearest", "rear", "random"] = setting("aligned", "Where each loop starts.")
    seam_seed: int = setting(1, "Seed of random seams.", "", ge=0, le=2**31 - 1)
    seam_gap: Fraction = setting(0.15, "Part of the nozzle diameter left open at the end of a loop.", "", ge=0, le=1)


class TravelSettings(Record):
    """The way between beads."""

    avoid_crossing_walls: bool = setting(False, "Lead travels around walls instead of across them.")
    avoid_crossing_max_detour: float = setting(
        3.0, "A detour may be at most this many times the straight way; 0 is no limit.", "", ge=0, le=1000
    )


class SpeedSettings(Record):
    """Speeds and accelerations of beads and travels."""

    wall_speed: float = setting(60.0, "Walls.", "mm/s", gt=0, le=2000)
    external_wall_speed: float = setting(40.0, "The outermost wall.", "mm/s", gt=0, le=2000)
    small_wall_speed: float = setting(25.0, "Loops shorter than small_wall_length.", "mm/s", gt=0, le=2000)
    small_wall_length: float = setting(40.8, "Loops up to this length are small.", "mm", ge=0, le=1000)
    thin_wall_speed: float = setting(30.0, "Single-bead thin walls.", "mm/s", gt=0, le=2000)
    gap_fill_speed: float = setting(30.0, "Gap fill.", "mm/s", gt=0, le=2000)
    infill_speed: float = setting(80.0, "Sparse infill.", "mm/s", gt=0, le=2000)
    solid_infill_speed: float = setting(60.0, "Solid infill.", "mm/s", gt=0, le=2000)
    top_surface_speed: float = setting(40.0, "Top surfaces.", "mm/s", gt=0, le=2000)
    bridge_speed: float = setting(30.0, "Bridges.", "mm/s", gt=0, le=2000)
    skirt_speed: float = setting(40.0, "Skirt and brim.", "mm/s", gt=0, le=2000)
    first_layer_speed: float = setting(
        20.0, "Upper limit for every bead of the first layer; 0 is no limit.", "mm/s", ge=0, le=2000
    )
    travel_speed: float = setting(150.0, "Travels.", "mm/s", gt=0, le=2000)
    travel_speed_z: float = setting(0.0, "Vertical travels; 0 is the limit of the z axis.", "mm/s", ge=0, le=1000)
    print_acceleration: float = setting(
        0.0, "Beads where no other is given; 0 leaves the machine's default.", "mm/s2", ge=0, le=200000
    )
    external_wall_acceleration: float = setting(
        0.0, "The outermost wall; 0 is print_acceleration.", "mm/s2", ge=0, le=200000
    )
    infill_acceleration: float = setting(0.0, "Sparse infill; 0 is print_acceleration.", "mm/s2", ge=0, le=200000)
    top_surface_acceleration: float = setting(0.0, "Top surfaces; 0 is print_acceleration.", "mm/s2", ge=0, le=200000)
    bridge_acceleration: float = setting(0.0, "Bridges; 0 is print_acceleration.", "mm/s2", ge=0, le=200000)
    first_layer_acceleration: float = setting(0.0, "The whole first layer; 0 is no change.", "mm/s2", ge=0, le=200000)
    travel_acceleration: float = setting(0.0, "Travels; 0 leaves the machine's default.", "mm/s2", ge=0, le=200000)


GROUPS: dict[str, dict[str, type[Any]]] = {
    "printer": {
        "machine": MachineSettings,
        "retraction": RetractionSettings,
        "limits": LimitSettings,
        "output": OutputSettings,
    },
    "filament": {"filament": FilamentSettings, "cooling": CoolingSettings},
    "process": {
        "layers": LayerSettings,
        "slicing": SlicingSettings,
        "widths": WidthSettings,
        "walls": WallSettings,
        "surfaces": SurfaceSettings,
        "infill": InfillSettings,
        "adhesion": AdhesionSettings,
        "seams": SeamSettings,
        "travel": TravelSettings,
        "speeds": SpeedSettings,
    },
}

ALSO_IN: dict[str, tuple[str, ...]] = {"retraction": ("filament",)}
"""Groups that may stand in profiles of other kinds too: a filament may be retracted in its own way."""


class Settings(Record):
    """All groups, resolved: what a job is sliced with."""

    machine: MachineSettings = MachineSettings()
    retraction: RetractionSettings = RetractionSettings()
    limits: LimitSettings = LimitSettings()
    output: OutputSettings = OutputSettings()
    filament: FilamentSettings = FilamentSettings()
    cooling: CoolingSettings = CoolingSettings()
    layers: LayerSettings = LayerSettings()
    slicing: SlicingSettings = SlicingSettings()
    widths: WidthSettings = WidthSettings()
    walls: WallSettings = WallSettings()
    surfaces: SurfaceSettings = SurfaceSettings()
    infill: InfillSettings = InfillSettings()
    adhesion: AdhesionSettings = AdhesionSettings()
    seams: SeamSettings = SeamSettings()
    travel: TravelSettings = TravelSettings()
    speeds: SpeedSettings = SpeedSettings()
