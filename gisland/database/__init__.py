"""The database: where it runs, how it is reached, and how its schema comes to be.

`cluster` keeps a private PostGIS when no server is given, `connection` opens connections as one of the database roles,
`migrate` brings the schema up to date. It knows nothing of parcels.
"""

from gisland.database.connection import Pools, Role, connect, conninfo, flush, run

__all__ = ["Pools", "Role", "connect", "conninfo", "flush", "run"]
