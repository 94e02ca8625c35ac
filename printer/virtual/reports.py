"""What a firmware says of itself: temperatures, position, card. The forms are its personality's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from printer.virtual.thermal import AMBIENT

if TYPE_CHECKING:
    from printer.virtual.firmware import Firmware

PWM = 127
"""Full power in the `@` fields."""


def temperatures(firmware: Firmware, template: str = "", waiting: str = "") -> str:
    """Return the report of M105; by another template, that of a wait, with what it waits for."""
    hot, bed = firmware.hotends[firmware.planner.tool], firmware.bed
    text = (template or firmware.personality.temperatures).format(
        t=hot.reading, tt=hot.target, b=bed.reading, bt=bed.target, tp=int(hot.duty * PWM), bp=int(bed.duty * PWM),
        a=AMBIENT, w=waiting,
    )  # fmt: skip
    if len(firmware.hotends) > 1:
        text += "".join(f" T{i}:{each.reading:.2f} /{each.target:.2f}" for i, each in enumerate(firmware.hotends))
    return text


def position(firmware: Firmware) -> str:
    """Return the report of M114: where the last queued move ends, and the motors' steps now."""
    x, y, z, e = firmware.motion.position.tolist()
    ox, oy, oz = firmware.motion.origin.tolist()
    now = firmware.motion.where.tolist()
    steps = firmware.settings["M92"]
    cx, cy, cz = (round(now[i] * steps["XYZ"[i]]) for i in range(3))
    return firmware.personality.position.format(x=x - ox, y=y - oy, z=z - oz, e=e, cx=cx, cy=cy, cz=cz)


def card_status(firmware: Firmware) -> str:
    """Return the report of M27."""
    card = firmware.card
    return f"SD printing byte {card.at}/{len(card.data)}" if card.printing else "Not SD printing"


REPORTS: dict[str, Callable[[Firmware], str]] = {
    "M155": temperatures,
    "M154": position,
    "M27": card_status,
}
"""What the firmware reports by itself, by the command that asks for it."""
