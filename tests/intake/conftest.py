"""Files are taken in one after the other, into a database that is put back after each test."""

from __future__ import annotations

from tests import emptied

reused = emptied.reused
settings = emptied.settings
app_connection = emptied.app_connection
ward = emptied.ward
