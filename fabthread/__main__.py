"""`python -m fabthread`."""

from fabthread.cli import main

main()
