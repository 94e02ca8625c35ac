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
    heard = []
    while acknowledged < len(lines):
        while sent < len(lines) and sent - acknowledged < window:
            device.write(lines[sent], device.now)
            sent += 1
        got = device.advance(device.now + 900.0)
        assert got, "no answer for 900 s"
        heard.append(got)
        acknowledged += got.count(b"\nok") + got.startswith(b"ok")  # answers come as whole lines
    return b"".join(heard)


def deliver(device, commands, patience: float = 12.0) -> None:
    """Send commands one by one through whatever goes wrong, so that each is executed once.

    No answer within `patience`: an unnumbered M105 finds out whether the printer hears, and the next line whether it
    has the last one, for a line that is sent twice would get no answer.
    """
    lines = [framed(i + 1, c) for i, c in enumerate([*commands, "M400", "M400", "M400"])]
    ask(device, framed(0, "M110 N0"))
    at = 0
    for _ in range(20 * len(lines)):
        if at >= len(lines):
            return
        device.write(lines[at], device.now)
        at = _answered(device, at, len(lines), patience)
    raise AssertionError(f"{at} of {len(lines)} lines after far too many attempts")


def _answered(device, at: int, count: int, patience: float) -> int:
    """Wait for an answer to line `at` and return which line comes next."""
    until, heard, following = device.now + patience, b"", at + 1
    while device.now < until:
        got = device.advance(until)
        heard += got
        *lines, _ = heard.split(b"\n")
        for line in lines:
            if line.startswith(b"Resend:") and line[7:].strip().isdigit():
                following = min(int(line[7:]) - 1, at + 1)
        if any(line.startswith((b"busy", b"echo:busy", b" T:")) for line in got.split(b"\n")):
            until = device.now + patience
        if any(line.startswith(b"ok") for line in lines):
            return max(following, 0)
    device.write(b"\nM105\n", device.now)
    hear(device, 0.5)
    return following
