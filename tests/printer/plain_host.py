"""A host of a few lines, so that the virtual printer is tested against something that shares no code with it."""

from printer.virtual import VirtualPrinter


def framed(number: int, command: str) -> bytes:
    """Return a command with line number and checksum."""
    body = f"N{number} {command}".encode()
    total = 0
    for byte in body:
        total ^= byte
    return b"%s*%d\n" % (body, total)


def switched_on(firmware="marlin", **options):
    """Return a printer that has said its greeting."""
    made = VirtualPrinter(firmware, **options)
    made.advance(0.0)
    return made


def hear(device, seconds: float) -> list[str]:
    """Return the lines that are heard within some seconds."""
    until, heard = device.now + seconds, b""
    while device.now < until:
        heard += device.advance(until)
    return heard.decode("latin-1").split("\n")[:-1]


def ask(device, command: str | bytes, patience: float = 900.0) -> list[str]:
    """Send a command and return what is said up to and with its `ok`; fails where none comes."""
    device.write(command if isinstance(command, bytes) else command.encode() + b"\n", device.now)
    until, heard = device.now + patience, b""
    while device.now < until:
        heard += device.advance(until)
        lines = heard.decode("latin-1").split("\n")[:-1]
        if any(line.startswith("ok") for line in lines):
            return lines
    raise AssertionError(f"no ok for {command!r}: {heard!r}")


def stream(device, commands, window: int = 4, number: bool = True) -> bytes:
    """Send commands with at most `window` unanswered; return all that is said. Nothing may go wrong."""
    lines = [framed(i + 1, c) if number else c.encode() + b"\n" for i, c in enumerate(commands)]
    if number:
        ask(device, framed(0, "M110 N0"))
    sent = acknowledged = 0
    heard = b""
    while acknowledged < len(lines):
        while sent < len(lines) and sent - acknowledged < window:
            device.write(lines[sent], device.now)
            sent += 1
        got = device.advance(device.now + 900.0)
        assert got, "no answer for 900 s"
        heard += got
        acknowledged = heard.count(b"\nok") + heard.startswith(b"ok")
    return heard
