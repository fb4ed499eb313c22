"""`GET /api/v1/qgis/project`: the map as a project for QGIS."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from gisland.catalogue import Language
from gisland.publish.answer import FOR_ALL, FOR_ONE, READ, Anyone
from gisland.publish.qgis.place import find_place
from gisland.publish.qgis.project import MEDIA_TYPES, Format, Project, base_layer, write
from gisland.registry.fields import Word
from gisland.registry.routes import check_once, problems

router = APIRouter(prefix="/api/v1/qgis", dependencies=[Depends(READ)])

FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


class ProjectQuery(BaseModel):
    """Which project."""

    model_config = ConfigDict(extra="forbid")

    ward: Word | None = Field(
        default=None,
        max_length=20,
        description="Mã phường/xã; mặc định tất cả · Code of the ward; all of them by default",
        examples=["11311"],
    )
    format: Format = Field(
        default="qgz",
        description="qgz: dự án; qlr: chỉ các lớp · qgz: a project; qlr: its layers, to be added to another project",
    )
    lang: Language = Field(default="vi", description="Ngôn ngữ · Language")


@router.get(
    "/project",
    operation_id="get_qgis_project",
    summary="Dự án QGIS · The map as a project for QGIS",
    tags=["qgis"],
    response_class=Response,
    responses={
        200: {"description": "Tệp · The file", "content": dict.fromkeys(MEDIA_TYPES.values(), FILE)},
        **problems(404),
    },
)
async def project(asked: Anyone, query: Annotated[ProjectQuery, Query()]) -> Response:
    """Các lớp với kiểu thể hiện, không có bí mật nào · The layers that one may see, with styles; no secret within."""
    check_once(asked.request)
    state = asked.state
    base = base_layer(state.catalogue)
    place = await asyncio.to_thread(find_place, state.settings, base, query.ward)
    made = Project(place, tuple(asked.layers()), state.catalogue.palette, asked.root, query.lang)
    content = await asyncio.to_thread(write, made, query.format)
    headers = {"Content-Disposition": f'attachment; filename="{made.file_name}.{query.format}"'}
    return Response(content, 200, headers | (FOR_ONE if asked.staff else FOR_ALL), MEDIA_TYPES[query.format])
