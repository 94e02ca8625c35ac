"""Ways to a printer, with one face: upload, start, pause, resume, cancel, status, files.

Driver, Status   what each of them offers                       base.py
Local            ourselves, over a transport                    local.py, ways.py
OctoPrint, Moonraker, PrusaLink   servers, over HTTP            octoprint.py, moonraker.py, prusalink.py, web.py
Channel          what a server tells by itself                  push.py
Polling          what has happened, from two looks at a server  polling.py
connect          the driver of a printer in the user's files    ways.py
"""
