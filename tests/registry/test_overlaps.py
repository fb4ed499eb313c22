"""Parcels that overlap are found: by the spatial index, over the boundary of wards, whatever their planes."""

from __future__ import annotations

import re

from psycopg import Connection

from gisland.database import Role, Scope, scope
from gisland.registry.check import OVERLAP, SQL
from tests.factories import make_parcel, make_sheet, make_ward
from tests.registry.land import Land
from tests.registry.test_check import found, sound, unguarded

__all__ = ["sound"]


def test_parcels_of_two_wards_and_planes_overlap(sound: Land) -> None:
    """Both wards are told; what lies within another overlaps it, too; what has ended overlaps nothing."""

    def over(connection: Connection) -> tuple[int, int]:
        ward = make_ward(connection, "11302")
        parcel = make_parcel(connection, ward, make_sheet(connection, ward, srid=3405), east=600_000, size=4)
        # UTM 48: the ground of the western parcel, 2 m within it.
        query = """
            UPDATE registry.parcel SET geom = ST_Transform(ST_Buffer(west.geom, -2, 'join=mitre'), 3405)
              FROM registry.parcel west WHERE west.id = %s AND parcel.id = %s
        """
        connection.execute(query, [sound.west, parcel])
        return ward, parcel

    ward, parcel = sound.do(over)
    told = {case.id: case for case in found(sound)["parcels_overlap"].examples}
    assert told.keys() == {sound.west, parcel}
    assert told[sound.west].note == f"parcel {parcel}: 36.0 m²"
    assert (told[parcel].ward_id, told[parcel].note.partition(":")[0]) == (ward, f"parcel {sound.west}")
    assert [case.id for case in found(sound, ward)["parcels_overlap"].examples] == [parcel]
    # Who does not reach the other ward hears nothing of it.
    with scope(Scope(wards=frozenset({sound.ward}))):
        assert found(sound) == {}
    unguarded(sound, f"UPDATE registry.parcel SET retired_by = {{change}} WHERE id = {parcel}")
    assert "parcels_overlap" not in found(sound)


def test_overlaps_are_looked_for_by_the_spatial_index(sound: Land) -> None:
    """Also under row-level security; else it is each parcel with each."""
    with scope(Scope(wards=frozenset({sound.ward}))):
        connection = sound.reading(Role.APP)
    with connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off")
        lines = connection.execute("EXPLAIN " + SQL["parcels_overlap"], OVERLAP).fetchall()
    plan = "\n".join(line for (line,) in lines)
    assert re.search(r"Index Scan using parcel_geom_4326 .*\n\s+Index Cond: \(geom_4326 && \w+\.geom_4326\)", plan), (
        plan
    )
