"""The parcels are a true coverage, numbered as the rules say, and look like a town by their figures."""

import json
import re
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from gisland.demo.faces import LEAST
from gisland.demo.generate import DemoFiles, describe, draw_land, generate
from gisland.demo.mesh import Edges, connected, neighbours
from gisland.demo.sheets import lay_sheets, sheet_names


class Parcels:
    """The layer thua_dat as arrays."""

    def __init__(self, files: DemoFiles) -> None:
        meta, _, wkb, columns = pyogrio.raw.read(files.parcels, layer="thua_dat")
        self.crs: str = meta["crs"]
        self.polygons = shapely.from_wkb(wkb)
        self.columns: dict[str, Any] = dict(zip(meta["fields"], columns, strict=True))

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]


@pytest.fixture(scope="module")
def parcels(ward: DemoFiles) -> Parcels:
    return Parcels(ward)


@pytest.mark.parametrize(("count", "seed"), [(100, 3), (300, 1), (300, 2), (1200, 5)])
def test_each_ward_is_a_true_coverage_of_exactly_the_parcels_asked_for(count: int, seed: int, out: Any) -> None:
    found = Parcels(generate(count, seed, out))
    _assert_true_coverage(found.polygons, count)


def test_a_ward_is_a_true_coverage(parcels: Parcels) -> None:
    _assert_true_coverage(parcels.polygons, 3000)
    assert parcels.crs == "EPSG:9210"


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(12))
def test_other_seeds_give_true_coverages_too(seed: int, out: Any) -> None:
    _assert_true_coverage(Parcels(generate(14_000, seed, out)).polygons, 14_000)


def _assert_true_coverage(polygons: Any, count: int) -> None:
    assert len(polygons) == count
    assert shapely.is_valid(polygons).all()
    assert set(shapely.get_type_id(polygons)) == {shapely.GeometryType.POLYGON}
    assert shapely.coverage_is_valid(polygons), "neighbours do not share their vertices"
    whole = shapely.coverage_union_all(polygons)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0, "there are gaps"
    assert whole.area == pytest.approx(shapely.area(polygons).sum(), rel=1e-9)
    assert shapely.area(polygons).min() > 5
    xy = shapely.get_coordinates(polygons)
    assert np.abs(xy * 1000 - np.round(xy * 1000)).max() < 1e-5, "coordinates are not whole millimetres"


def test_a_shifted_vertex_would_be_noticed(parcels: Parcels) -> None:
    polygons = parcels.polygons.copy()
    home = np.flatnonzero(parcels["kyhieumucd"] == "ODT")[100]
    polygons[home] = shapely.transform(polygons[home], lambda xy: xy + 0.002)
    assert not shapely.coverage_is_valid(polygons)


def test_the_ward_lies_at_its_place_and_its_border_is_the_edge_of_the_parcels(
    ward: DemoFiles, parcels: Parcels
) -> None:
    feature = json.loads(ward.ward.read_text(encoding="utf-8"))
    assert feature["properties"] == {"code": "11311", "name": "Hồng Bàng"}
    border = shapely.from_geojson(json.dumps(feature["geometry"]))
    assert border.distance(shapely.Point(106.66, 20.87)) < 0.02
    back = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:9210", always_xy=True)
    ground = shapely.transform(border, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
    whole = shapely.coverage_union_all(parcels.polygons)
    assert ground.symmetric_difference(whole).area < 1e-5 * whole.area
    assert whole.area == pytest.approx(3000 * 12.1e6 / 14_000, rel=0.1)


def test_numbers_run_from_1_in_each_sheet_and_sheets_from_1_in_the_ward(parcels: Parcels) -> None:
    sheet = parcels["shbando"].astype(int)
    assert sorted(set(sheet)) == list(range(1, sheet.max() + 1))
    for one in np.unique(sheet):
        assert sorted(parcels["shthua"][sheet == one]) == list(range(1, (sheet == one).sum() + 1))
        assert len(set(parcels["tyle"][sheet == one])) == 1
        assert len(set(parcels["mahieu"][sheet == one])) == 1


def test_sheets_are_counted_by_scale_then_from_the_north_west(parcels: Parcels) -> None:
    sheet, scale = parcels["shbando"].astype(int), parcels["tyle"]
    assert set(scale) == {500, 1000}
    assert sheet[scale == 1000].max() < sheet[scale == 500].min(), "smaller scales come first"
    points = shapely.get_coordinates(shapely.point_on_surface(parcels.polygons))
    for denominator, side in ((1000, 500), (500, 250)):
        here = scale == denominator
        square = np.floor(points[here] / side).astype(int)
        keys = {(-row, col): number for (col, row), number in zip(square.tolist(), sheet[here].tolist(), strict=True)}
        assert [keys[key] for key in sorted(keys)] == sorted(keys.values())


def test_parcels_are_numbered_in_a_zigzag_from_the_north() -> None:
    east, north = np.meshgrid(np.arange(25, 500, 50.0), np.arange(25, 500, 50.0))
    points = np.column_stack([594_000 + east.ravel(), 2_308_000 + north.ravel()])
    laid = lay_sheets(points)
    assert set(laid.scale) == {1000}
    order = points[np.argsort(laid.number)]
    assert order[0, 1] > 2_308_400
    assert order[0, 0] < 594_100, "the first lies in the north-west"
    steps = np.diff(order[:, 0])
    turns = np.flatnonzero(np.diff(np.sign(steps[steps != 0])))
    assert len(turns) >= 5, "the numbers go east, then west, then east"
    assert order[-20:, 1].max() < 2_308_200, "the last lie in the south"


def test_sheet_names_follow_the_kilometre_grid() -> None:
    # The rule's own example: 725500-6-d and 725500-6-(11) lie in the 1:2000 sheet 725500-6.
    corner = np.array([[(502_500) // 500, 1_723_000 // 500]])
    assert sheet_names(corner, np.array([500.0])).tolist() == ["725500-6-d"]
    assert sheet_names(np.array([[502_500 // 250, 1_723_250 // 250]]), np.array([250.0])).tolist() == ["725500-6-(11)"]


def test_the_ward_of_the_demo_has_its_size() -> None:
    """12 km² with 14,000 parcels on sheets 1:500 and 1:1000, in 70 groups."""
    land, pieces = draw_land(14_000, 1, lambda _: None)
    points = shapely.get_coordinates(shapely.point_on_surface(land.polygons))
    columns = describe(land, pieces, points, 14_000, 1)
    assert len(land.polygons) == 14_000
    assert shapely.area(land.polygons).sum() == pytest.approx(12.1e6, rel=0.03)
    assert set(columns["tyle"].tolist()) == {500, 1000}
    assert len(set(columns["tdp"])) == 70


def test_groups_are_of_one_piece_and_of_like_size(parcels: Parcels) -> None:
    groups = parcels["tdp"]
    codes, counts = np.unique(groups, return_counts=True)
    assert codes.tolist() == [f"{n:02d}" for n in range(1, 16)]
    assert counts.min() > 100
    assert counts.max() < 320
    land = ~np.isin(parcels["kyhieumucd"], ["DGT", "DTL", "SON"])
    for code in codes:
        # Blocks with a street of 30 m between them are neighbours.
        near = shapely.union_all(shapely.buffer(parcels.polygons[land & (groups == code)], 15.5))
        assert near.geom_type == "Polygon", f"group {code} lies in pieces"


def test_the_town_is_one_of_tube_houses_with_some_large_plots(parcels: Parcels) -> None:
    area, types = shapely.area(parcels.polygons), parcels["kyhieumucd"]
    homes = area[types == "ODT"]
    assert len(homes) > 0.4 * len(area)
    assert 60 < np.median(homes) < 190
    assert homes.min() >= LEAST
    box = shapely.oriented_envelope(parcels.polygons[types == "ODT"])
    corners = shapely.get_coordinates(box).reshape(-1, 5, 2)
    sides = np.sort(np.hypot(*np.diff(corners, axis=1)[:, :2].transpose(2, 0, 1)), axis=1)
    assert 3.5 < np.median(sides[:, 0]) < 9
    assert np.median(sides[:, 1] / sides[:, 0]) > 2
    assert {"DGT", "SON", "DTL", "ODT+CLN", "LUC", "SKC", "TMD", "MNC"} <= set(types)
    angled = area[types == "ODT"] / shapely.area(box) < 0.75
    assert 0.01 < angled.mean() < 0.2, "some lots are L-shaped"


def test_every_lot_is_reached_by_a_street(parcels: Parcels) -> None:
    types = parcels["kyhieumucd"]
    one, two, _ = neighbours(Edges.of(parcels.polygons))
    street = types == "DGT"
    reached = np.zeros(len(types), dtype=bool)
    reached[one[street[two]]] = True
    reached[two[street[one]]] = True
    homes = np.char.startswith(types.astype(str), "ODT")
    assert reached[homes].mean() > 0.97
    both = street[one] & street[two]
    label = connected(one[both], two[both], len(types))[street]
    largest = np.bincount(label).argmax()
    assert (
        shapely.area(parcels.polygons[street])[label == largest].sum()
        > 0.6 * shapely.area(parcels.polygons[street]).sum()
    )


def test_areas_on_paper_are_near_the_map_but_for_a_planted_few(parcels: Parcels) -> None:
    legal, area = parcels["dtpl"], shapely.area(parcels.polygons)
    known = ~np.isnan(legal)
    off = np.abs(legal[known] / area[known] - 1)
    assert 0.01 < (~known).mean() < 0.12
    assert 0.95 < (off < 0.05).mean() < 1
    assert (off > 0.1).any()
    assert np.allclose(legal[known] * 10, np.round(legal[known] * 10), atol=1e-6), "areas have one decimal"


def test_addresses_name_a_house_in_a_street_or_alley(parcels: Parcels) -> None:
    homes = parcels["diachi"][parcels["kyhieumucd"] == "ODT"]
    pattern = re.compile(r"Số \d+ (?:(?:ngõ \d+|ngách \d+/\d+|hẻm \d+(?:/\d+)+) )?(?:đường|phố) .+|Xứ đồng .+")
    assert all(pattern.fullmatch(address) for address in homes)
    assert sum("ngõ" in address for address in homes) > 50
    houses = [address for address in homes if address.startswith("Số")]
    assert len(set(houses)) > 0.97 * len(houses)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_ward(small_ward: DemoFiles, out: Any) -> None:
    again = generate(300, 1, out)
    pairs = zip(_files(small_ward), _files(again), strict=True)
    assert [one.name for one, two in pairs if one.read_bytes() != two.read_bytes()] == []
    other = generate(300, 2, out / "other")
    assert other.parcels.read_bytes() != again.parcels.read_bytes()


def _files(files: DemoFiles) -> list[Any]:
    assert files.results
    return [files.parcels, files.ward, *files.forms, files.results]
