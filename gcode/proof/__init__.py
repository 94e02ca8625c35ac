"""The proof: does this G-code print this model? Independent of any slicer, from the deposited plastic alone.

verify   models, Moves -> Proof

model, threemf   triangles and their outlines at any height
beads            what is deposited, as wide as the filament that it took
register, plate  where on the plate each model was laid
compare          one level as a picture: filled, empty, outside
surface          how far plastic lies from the outline
measure          all levels, on several threads
causes           what was done to a whole file: scaled, mirrored, another unit
diagnosis        from figures to names: what is wrong, where
result           Proof, Part, Fault
heatmap          the worst levels as a picture
"""

from gcode.proof.model import Model, UnreadableModel, load
from gcode.proof.result import Deviation, Fault, Part, Proof
from gcode.proof.verify import NothingDeposited, verify

__all__ = ["Deviation", "Fault", "Model", "NothingDeposited", "Part", "Proof", "UnreadableModel", "load", "verify"]
