"""Every command that the virtual printer knows, by its code."""

from __future__ import annotations

from printer.virtual import commands_card, commands_heat, commands_host, commands_macros, commands_motion
from printer.virtual.firmware import Handler
from printer.virtual.personalities import Personality

HANDLERS: dict[str, Handler] = {
    **commands_motion.HANDLERS, **commands_heat.HANDLERS, **commands_card.HANDLERS, **commands_host.HANDLERS,
}  # fmt: skip


def handlers(personality: Personality) -> dict[str, Handler]:
    """Return what one firmware knows."""
    codes = (personality.known or HANDLERS.keys()) - personality.missing
    known = {code: handler for code, handler in HANDLERS.items() if code in codes}
    return known | commands_host.MACROS | commands_macros.MACROS if personality.macros else known
