"""Whether the printer that answers where a device was lost and found is the one that has our lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from printer.events import Failed
from printer.protocol.sequence import Line

FACTS = ("MACHINE_TYPE", "FIRMWARE_NAME", "UUID")
"""What M115 says of a printer and does not change while it runs, what people know it by first."""
AGAIN_S, AGAIN_MOST_S = 2.0, 8.0
"""Until a question is asked again, doubled each time: the printer may be at a long move."""
BELIEVED = 2
"""Answers of a stranger before they are believed: one may be noise."""


class Meeting:
    """Two questions: who is it, and which line does it want?

    Another one has other facts; what restarted, and another one of the same make, does not count our lines.

    known    what M115 said at the beginning of the session
    certain  the last line that our printer certainly has
    met      it says that it is the one; who was there from the beginning need not
    placed   and wants one of our lines
    """

    __slots__ = ("_again", "_strange", "certain", "known", "met", "placed")

    def __init__(self, known: Mapping[str, str], certain: int = -1, met: bool = True) -> None:
        self.known = known
        self.certain = certain
        self.met, self.placed = met, False
        self._again = AGAIN_S
        self._strange = 0

    def ask(self) -> float:
        """Note that a question is asked; return in how many seconds it is asked again."""
        wait, self._again = self._again, min(2 * self._again, AGAIN_MOST_S)
        return wait

    def introduce(self, facts: Mapping[str, str]) -> Failed | None:
        """Compare what M115 says, where it was answered; return what is wrong with it.

        >>> met = Meeting({"MACHINE_TYPE": "Ender-3"})
        >>> met.introduce({"MACHINE_TYPE": "Prusa i3"})
        >>> met.introduce({"MACHINE_TYPE": "Prusa i3"}).reason
        "another printer answers: its MACHINE_TYPE is 'Prusa i3', not 'Ender-3'"
        """
        if self.known and not facts:
            return None  # an `ok` of something else
        for key in FACTS:
            told, wanted = facts.get(key, ""), self.known.get(key, "")
            if told != wanted:
                return self._stranger(f"another printer answers: its {key} is {told[:80]!r}, not {wanted[:80]!r}")
        self.met, self._again, self._strange = True, AGAIN_S, 0
        return None

    def place(self, wanted: int, top: int) -> Failed | None:
        """Return what is wrong with the line that it wants, of `top` lines that there are."""
        self.placed = max(self.certain, 0) < wanted <= top + 1
        if self.placed:
            return None
        lines = f"line {wanted}, not one of {max(self.certain, 0) + 1} to {top + 1}"
        return self._stranger(f"another printer answers, or it restarted: it wants {lines}")

    def uncounted(self, pending: Iterable[Line]) -> Failed | None:
        """Return what cannot be known where lines without numbers were on their way."""
        lost = next((line.text for line in pending if line.text != "M105"), None)
        if lost is None:
            return None
        why = "the connection broke off, and this firmware does not count lines"
        return Failed(f"{why}: nobody knows whether {lost!r} arrived")

    def _stranger(self, reason: str) -> Failed | None:
        self._strange += 1
        return Failed(reason, stranger=True) if self._strange >= BELIEVED else None
