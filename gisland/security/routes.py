"""Who am I: what a client asks to check a sign-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from gisland.errors import Unauthorized
from gisland.security.guards import Require
from gisland.security.identity import Subject
from gisland.security.permissions import Permission

router = APIRouter(prefix="/api/v1")


@router.get("/me")
async def me(subject: Annotated[Subject, Depends(Require(Permission.PUBLIC_READ))]) -> dict[str, str]:
    """Name and role of the one signed in; 401 when nobody is."""
    if subject.role is None:
        raise Unauthorized("nobody is signed in")
    return {"name": subject.name.removeprefix("account:"), "role": subject.role.value}
