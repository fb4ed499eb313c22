"""The database: where it runs, how it is reached, and how its schema comes to be.

`cluster` keeps a private PostGIS when no server is given, `roles` says who signs in and how, `connection` opens
connections as one of them, `migrate` brings the schema up to date. It knows nothing of parcels.
"""

from gisland.database.connection import Pools, connect, conninfo, flush, run
from gisland.database.roles import Role

__all__ = ["Pools", "Role", "connect", "conninfo", "flush", "run"]
