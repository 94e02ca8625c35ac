"""docs/protocol.md shows the tables as they are: run this file to write them anew."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from printer import job
from printer.firmware import FIRMWARES
from printer.protocol import states

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def drawing(transitions) -> str:
    """Return a state diagram; what leads from every state to the same one is left to the table."""
    rows = [(str(a), str(b), getattr(s, "value", getattr(s, "__name__", ""))) for (a, s), b in transitions.items()]
    everywhere = {name for name in {s for *_, s in rows} if sum(s == name for *_, s in rows) > 4}
    arrows = [f"    {a} --> {b} : {s}" for a, b, s in rows if s not in everywhere]
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```"])


def table(transitions) -> str:
    named = [(str(a), getattr(s, "value", getattr(s, "__name__", "")), str(b)) for (a, s), b in transitions.items()]
    rows = ["| in | on | to |", "|---|---|---|"]
    for state, group in groupby(sorted(named), key=lambda row: row[0]):
        rows += [f"| {state} | {signal} | {to} |" for _, signal, to in group]
    return "\n".join(rows)


def firmwares() -> str:
    rows = [
        "| firmware | numbers | receive buffer | longest line | window | M105 answered |",
        "|---|---|---|---|---|---|",
    ]
    for f in FIRMWARES.values():
        answered = "in its `ok`" if f.marks_m105 else "behind its `ok`"
        cells = [f.name, "yes" if f.numbered else "no", f"{f.rx_bytes} B", f"{f.max_line} B"]
        rows.append("| " + " | ".join([*cells, "yes" if f.windowed else "one line", answered]) + " |")
    return "\n".join(rows)


def written(page: str) -> str:
    parts = {
        "link": drawing(states.TRANSITIONS) + "\n\n" + table(states.TRANSITIONS),
        "states": "\n".join(f"- **{state}**: {text}" for state, text in states.MEANINGS.items()),
        "job": drawing({k: v for k, v in job.TRANSITIONS.items() if k[1] is not job.Advance}),
        "firmwares": firmwares(),
    }
    for name, text in parts.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert mark.search(page), name
        page = mark.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)
    return page


def test_the_page_shows_the_tables_as_they_are():
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page)


def test_every_state_of_a_link_can_be_reached_and_left():
    reached = {to for (state, _), to in states.TRANSITIONS.items() if to != state}
    assert reached == set(states.State) - {states.State.CLOSED}
    assert {state for state, _ in states.TRANSITIONS} == set(states.State)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
