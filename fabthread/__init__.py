"""The lobby: what joins slicing and printing, and the command line that is a thin face on them."""

__version__ = "0.1.0"
