"""What the map page asks for: the palette, and how many parcels have which status."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from gisland.publish.answer import FOR_ALL, FOR_ONE, READ, Anyone

PUBLIC, STAFF = "parcels", "parcels-staff"
"""The layer that the map shows."""

LayerId = Annotated[str, Path(description="Mã lớp · id of the layer", examples=[PUBLIC])]

router = APIRouter(prefix="/api/v1", dependencies=[Depends(READ)])


@router.get("/palette", summary="Màu tình trạng · Palette of statuses")
async def palette(asked: Anyone, response: Response) -> dict[str, Any]:
    """Statuses with label, colour and hatch, the worst first: exact ones where they are shown, else four classes."""
    asked.check_no_parameters()
    colors = asked.state.catalogue.palette
    layer = asked.catalogue.layers.get(STAFF if asked.staff else PUBLIC)
    exact = layer is not None and layer.status is not None and layer.status.values == "exact"
    statuses = colors.statuses("exact" if exact else "public")
    response.headers.update(FOR_ONE if asked.staff else FOR_ALL)
    return {
        "property": "exact_status" if exact else "verification_status",
        "layer": STAFF if asked.staff else PUBLIC,
        "stroke": colors.stroke,
        "statuses": [
            {
                "id": name,
                "label": status.label.model_dump(),
                "color": status.color,
                "hatch": status.hatch,
                "order": order,
            }
            for order, (name, status) in enumerate(statuses.items(), start=1)
        ],
    }


@router.get("/layers/{layer_id}/counts", summary="Số đối tượng · Counts of a layer")
async def counts(asked: Anyone, layer_id: LayerId, response: Response) -> dict[str, Any]:
    """The number of features, in all and per status."""
    layer = await asked.layer(layer_id)
    asked.check_no_parameters()
    response.headers.update(FOR_ALL if layer.public else FOR_ONE)
    status = None if layer.status is None else layer.status.name
    async with asked.reading(layer) as connection:
        grouped = f"SELECT coalesce(\"{status}\", ''), count(*) FROM {layer.target_schema}.{layer.table} GROUP BY 1"  # noqa: S608
        plain = f"SELECT '', count(*) FROM {layer.target_schema}.{layer.table}"  # noqa: S608
        rows = await (await connection.execute((grouped if status else plain).encode())).fetchall()
    return {
        "total": sum(count for _, count in rows),
        "by_status": {name: count for name, count in rows if name},
    }
