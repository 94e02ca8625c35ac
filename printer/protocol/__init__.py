"""The serial protocol, pure: bytes in, frozen events out. `Link` is one session; docs/protocol.md tells the story.

link       one session: what to write, and what silence means
answers    its other half: what the printer's answers do to it
states     what a link may be doing, as a table
sequence   lines by number, and how far each was sent, acknowledged, proven
window     how much may be on its way
framing    a line of G-code into bytes
replies    a line from the printer into an event
"""

from printer.protocol.framing import clean as clean
from printer.protocol.link import Link as Link
from printer.protocol.states import State as State
from printer.protocol.stats import Stats as Stats
