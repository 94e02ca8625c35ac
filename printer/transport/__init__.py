"""Ways to a printer: bytes out, bytes in, and the clock of the device at the other end.

Transport            what each of them offers                        base.py
SerialTransport      a USB or RS-232 port, found and sped by itself   serial.py, ports.py
TcpTransport         a socket: ESP3D, ser2net, a virtual printer      tcp.py
PtyTransport         a pseudo-terminal: Klipper, a virtual printer    pty.py
MemoryTransport      a virtual printer in this process, on its clock  memory.py
Recorder, Replayer   a session written down, and played again         recording.py
"""
