"""Who am I: what a client asks to check a sign-in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gisland.errors import Unauthorized
from gisland.security.guards import Require
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

router = APIRouter(prefix="/api/v1")


@router.get("/me")
async def me(subject: Annotated[Subject, Depends(Require(Permission.PUBLIC_READ))]) -> dict[str, Any]:
    """Name and roles of the one signed in, with their wards and groups; 401 when nobody is."""
    if not subject.signed_in:
        raise Unauthorized("nobody is signed in")
    grants = [
        {"role": each.role, "ward_id": each.ward_id, "residential_group_id": each.residential_group_id}
        for each in subject.grants
    ]
    return {"name": subject.name.removeprefix("account:"), "grants": grants, "permissions": sorted(subject.permissions)}
