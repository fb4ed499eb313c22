"""The database: where it runs, how it is reached, and how its schema comes to be.

`cluster` keeps a private PostGIS when no server is given, `roles` says who signs in and how, `scope` which rows an act
may reach, `connection` opens connections as one of the roles, `migrate` brings the schema up to date. It knows nothing
of parcels.
"""

from gisland.database.connection import Pools, connect, conninfo, flush, pooled_acts, run, session
from gisland.database.roles import Role
from gisland.database.scope import EVERYWHERE, NOWHERE, Scope, current_scope, scope, use_scope

__all__ = [
    "EVERYWHERE",
    "NOWHERE",
    "Pools",
    "Role",
    "Scope",
    "connect",
    "conninfo",
    "current_scope",
    "flush",
    "pooled_acts",
    "run",
    "scope",
    "session",
    "use_scope",
]
