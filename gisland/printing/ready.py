"""What takes a process long before it draws: to read the program and to make the fonts.

The process from which those that draw are forked imports this, so that they find it done.
"""

from __future__ import annotations

from importlib import import_module

from gisland.kit.memory import lasting
from gisland.printing.fonts import register

with lasting():
    for each in ("gisland.printing.products", "gisland.printing.ward", "pikepdf.pdfa"):
        import_module(each)
    register()
