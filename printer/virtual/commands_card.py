"""Commands about the SD card."""

from __future__ import annotations

from printer.virtual.firmware import Firmware, Handler, Task
from printer.virtual.lines import Words
from printer.virtual.reports import card_status


def listing(fw: Firmware, words: Words) -> None:
    """M20: the files; with L their long names too."""
    fw.say("Begin file list")
    if fw.card.mounted:
        for name, data in sorted(fw.card.files.items()):
            long = f" {fw.card.long_names[name]}" if words.has("L") else ""
            fw.say(f"{name} {len(data)}{long}")
    fw.say("End file list")


def mount(fw: Firmware, words: Words) -> None:
    """M21: look for a card."""
    fw.card.mounted = fw.card.present
    fw.say("echo:SD card ok" if fw.card.present else "echo:No SD card")


def release(fw: Firmware, words: Words) -> None:
    """M22: let go of the card."""
    fw.card.mounted = fw.card.printing = False
    fw.say("echo:SD card released")


def select(fw: Firmware, words: Words) -> None:
    """M23: open a file."""
    name = words.text.split(" ")[0]
    fw.card.printing = False
    fw.say(f"echo:Now fresh file: {name}")
    if fw.card.mounted and fw.card.open(name):
        fw.say(f"File opened: {fw.card.name} Size: {len(fw.card.data)}")
        fw.say("File selected")
    else:
        fw.say(f"open failed, File: {name}.")


def start(fw: Firmware, words: Words) -> None:
    """M24: print the open file, or go on with it."""
    if fw.card.name and fw.card.at < len(fw.card.data):
        fw.card.printing = True


def pause(fw: Firmware, words: Words) -> None:
    """M25: print no further."""
    fw.card.printing = False


def seek(fw: Firmware, words: Words) -> None:
    """M26: go on from byte S."""
    fw.card.at = min(max(int(words.number("S", 0)), 0), len(fw.card.data))


def status(fw: Firmware, words: Words) -> None:
    """M27: how far the card is; S reports it each S seconds, C says which file."""
    if words.has("C"):
        fw.say(f"Current file: {fw.card.name or '(no file)'}")
    elif (seconds := words.get("S")) is not None:
        fw.upkeep.report_every("M27", min(max(seconds, 0.0), 60.0))
    else:
        fw.say(card_status(fw))


def upload(fw: Firmware, words: Words) -> None:
    """M28: write what follows to a file."""
    name = words.text.removeprefix("B1").strip()
    if not fw.card.mounted or not name:
        fw.say(f"open failed, File: {name}.")
        return
    fw.card.begin_upload(name)
    fw.say(f"Writing to file: {name}")


def end_upload(fw: Firmware, words: Words) -> None:
    """M29: nothing is being written (where something is, the firmware ends it itself)."""


def delete(fw: Firmware, words: Words) -> None:
    """M30: delete a file."""
    name = words.text
    done = fw.card.mounted and fw.card.delete(name)
    fw.say(f"File deleted:{name}" if done else f"Deletion failed, File: {name}.")


def print_file(fw: Firmware, words: Words) -> None:
    """M32: open a file and print it."""
    select(fw, Words(b"M23 " + words.text.strip("!# ").encode("latin-1", "replace")))
    start(fw, words)


def long_name(fw: Firmware, words: Words) -> None:
    """M33: the long name of a file."""
    short = fw.card.find(words.text)
    fw.say(f"/{fw.card.long_names[short]}" if short else f"open failed, File: {words.text}.")


def abort(fw: Firmware, words: Words) -> None:
    """M524: end the print from the card."""
    fw.card.printing = False
    fw.card.at = len(fw.card.data)


def finished(fw: Firmware, words: Words) -> Task:
    """M1001: what the firmware itself runs after the last line of a card's file."""
    yield from fw.standstill()
    fw.say("Done printing file")
    return None


HANDLERS: dict[str, Handler] = {
    "M20": listing, "M21": mount, "M22": release, "M23": select, "M24": start, "M25": pause, "M26": seek,
    "M27": status, "M28": upload, "M29": end_upload, "M30": delete, "M32": print_file, "M33": long_name,
    "M524": abort, "M1001": finished,
}  # fmt: skip
"""Commands by their code."""
