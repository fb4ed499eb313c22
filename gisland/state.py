"""What one web worker holds for its requests; made in the lifespan of `app.py`, reached through the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import HTTPConnection

from gisland.catalogue import Catalogue
from gisland.database import Pools
from gisland.security.limits import Limits
from gisland.security.remembered import SignIns
from gisland.settings import Settings


@dataclass(frozen=True)
class State:
    """Settings, connection pools, the catalogue of layers, the limits and the sign-ins that a web worker has seen."""

    settings: Settings
    pools: Pools
    catalogue: Catalogue
    limits: Limits
    sign_ins: SignIns = field(default_factory=SignIns)


def state_of(connection: HTTPConnection) -> State:
    """The state of the worker that serves this request."""
    return cast("State", connection.app.state.gisland)
