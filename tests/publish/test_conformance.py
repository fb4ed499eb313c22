"""What `/conformance` claims: each class with the tests that it stands on, and nothing besides.

A class that is claimed anew fails here until it has its test; a test that was renamed fails until the table says so.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import httpx
import pytest

TESTS = Path(__file__).parents[1]
SPEC = "http://www.opengis.net/spec/"
OGC, SUITE, ITEMS = "publish/test_ogc.py", "publish/test_features_suite.py", "publish/test_items.py"
CQL2, SORTING, CRS = "publish/cql2/test_conformance.py", "publish/test_sorting.py", "publish/test_crs.py"
STYLES, TILES, TILE_DOCUMENTS = (
    "publish/styles/test_routes.py",
    "publish/test_tiles.py",
    "publish/test_tile_documents.py",
)
PROCESSES = "printing/test_processes.py"

CLASSES: dict[str, list[str]] = {
    "ogcapi-common-1/1.0/conf/core": [
        f"{OGC}::test_landing_page_has_what_clients_start_from",
        f"{OGC}::test_all_links_lead_to_what_they_say",
    ],
    "ogcapi-common-1/1.0/conf/json": [f"{OGC}::test_json_and_html"],
    "ogcapi-common-1/1.0/conf/html": [
        f"{OGC}::test_json_and_html",
        f"{OGC}::test_html_escapes_what_comes_from_the_registry",
    ],
    "ogcapi-common-1/1.0/conf/oas30": [
        f"{OGC}::test_openapi_is_valid_self_contained_and_has_what_clients_look_for",
        f"{SUITE}::test_the_api_is_described_by_openapi_30_in_just_that_media_type",
    ],
    "ogcapi-common-2/1.0/conf/collections": [
        f"{OGC}::test_collection_tells_extent_and_number",
        f"{SUITE}::test_the_extent_holds_all_features_and_its_box_finds_them",
    ],
    "ogcapi-features-1/1.0/conf/core": [
        f"{SUITE}::test_the_limit_is_described_and_obeyed",
        f"{SUITE}::test_what_is_not_described_is_refused",
        f"{SUITE}::test_the_number_that_is_told_is_that_of_a_walk",
        f"{SUITE}::test_a_feature_is_what_its_page_has",
        f"{ITEMS}::test_a_bbox_finds_what_it_meets",
        f"{ITEMS}::test_datetime",
        "clients/test_ogctests.py::test_the_suite_finds_nothing",
    ],
    "ogcapi-features-1/1.0/conf/geojson": [f"{ITEMS}::test_a_page_is_geojson_with_what_it_should_hold"],
    "ogcapi-features-1/1.0/conf/html": [f"{OGC}::test_json_and_html"],
    "ogcapi-features-1/1.0/conf/oas30": [
        f"{OGC}::test_each_parameter_of_the_openapi_document_is_taken",
        "publish/test_schemathesis.py::test_ogc_keeps_to_its_document",
    ],
    "ogcapi-features-2/1.0/conf/crs": [
        f"{CRS}::test_a_parcel_on_its_own_plane_is_given_to_the_last_bit",
        f"{CRS}::test_other_crs_are_transformed_by_the_official_way",
        f"{CRS}::test_the_bbox_in_each_crs_finds_the_same",
        f"{SUITE}::test_each_crs_of_the_list_is_given_and_no_other",
    ],
    "ogcapi-features-3/1.0/conf/queryables": [
        f"{CQL2}::test_queryables_are_a_schema_and_linked_from_where_they_are_used"
    ],
    "ogcapi-features-3/1.0/conf/queryables-query-parameters": [f"{CQL2}::test_queryables_are_parameters"],
    "ogcapi-features-3/1.0/conf/filter": [f"{CQL2}::test_filter_and_its_default_language"],
    "ogcapi-features-3/1.0/conf/features-filter": [f"{CQL2}::test_wgs84_is_the_default_and_other_filters_are_anded"],
    "ogcapi-features-8/0.0/conf/sorting": [
        f"{SORTING}::test_sortables_are_told",
        f"{SORTING}::test_what_cannot_be_sorted_by_is_refused",
    ],
    "ogcapi-features-8/0.0/conf/features-sorting": [f"{SORTING}::test_pages_in_an_order"],
    "ogcapi-features-6/0.0/conf/properties": [f"{SORTING}::test_only_these_properties_and_no_geometry"],
    "ogcapi-common-3/1.0/conf/schemas": [f"{OGC}::test_schema_and_queryables_fit_the_features"],
    "ogcapi-features-5/1.0/conf/schemas": [f"{OGC}::test_schema_and_queryables_fit_the_features"],
    "ogcapi-features-5/1.0/conf/core-roles-features": [f"{OGC}::test_schema_and_queryables_fit_the_features"],
    **{
        f"cql2/1.0/conf/{each}": [f"{CQL2}::{test}", "publish/cql2/test_semantics.py::test_each_operator"]
        for each, test in {
            "basic-cql2": "test_comparisons",
            "cql2-text": "test_filter_and_its_default_language",
            "cql2-json": "test_filter_and_its_default_language",
            "advanced-comparison-operators": "test_advanced_comparisons_and_folded_text",
            "property-property": "test_comparisons",
            "arithmetic": "test_advanced_comparisons_and_folded_text",
            "case-insensitive-comparison": "test_advanced_comparisons_and_folded_text",
            "accent-insensitive-comparison": "test_advanced_comparisons_and_folded_text",
            "functions": "test_functions_are_told",
            "array-functions": "test_arrays_and_combinations",
            "basic-spatial-functions": "test_spatial_functions",
            "basic-spatial-functions-plus": "test_spatial_functions",
            "spatial-functions": "test_spatial_functions",
            "temporal-functions": "test_temporal_functions",
            "basic-spatial-operators": "test_what_qgis_sends_is_understood",
        }.items()
    },
    **{
        f"ogcapi-styles-1/{version}/conf/{each}": tests
        for version in ("1.0", "0.0")
        for each, tests in {
            "core": [
                f"{STYLES}::test_styles_are_found_from_landing_page_and_collection",
                f"{STYLES}::test_the_encoding_is_negotiated",
            ],
            "html": [f"{STYLES}::test_a_page_shows_the_legend_in_its_language", f"{OGC}::test_json_and_html"],
            "mapbox-styles": [
                f"{STYLES}::test_every_maplibre_style_validates",
                "clients/test_qgis_project.py::test_qgis_understands_the_plain_maplibre_style",
            ],
            "sld-11": [f"{STYLES}::test_resources_of_other_encodings"],
        }.items()
    },
    **{
        f"ogcapi-tiles-1/1.0/conf/{each}": tests
        for each, tests in {
            "core": [f"{TILES}::test_tiles_that_do_not_exist", f"{TILES}::test_where_nothing_is_the_tile_is_empty"],
            "tileset": [f"{TILE_DOCUMENTS}::test_a_tile_set_says_which_layers_and_fields_its_tiles_have"],
            "tilesets-list": [f"{TILE_DOCUMENTS}::test_from_the_link_to_the_tile"],
            "dataset-tilesets": [f"{TILES}::test_the_dataset_puts_several_layers_on_a_tile"],
            "geodata-tilesets": [f"{TILE_DOCUMENTS}::test_from_the_link_to_the_tile"],
            "mvt": [f"{TILES}::test_geometry_is_that_of_the_parcel_within_one_unit"],
            "oas30": [f"{TILE_DOCUMENTS}::test_tiles_are_in_the_openapi_document"],
        }.items()
    },
    **{
        f"ogcapi-processes-1/1.0/conf/{each}": [f"{PROCESSES}::{test}"]
        for each, test in {
            "core": "test_a_process_is_executed_as_a_job",
            "ogc-process-description": "test_processes_are_listed_and_described",
            "json": "test_results_are_given_as_they_are_asked_for",
            "oas30": "test_it_is_in_the_openapi_document",
            "job-list": "test_jobs_are_listed",
            "dismiss": "test_a_job_is_dismissed",
        }.items()
    },
}


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_just_these_classes_are_claimed(client: httpx.Client, admin: tuple[str, str]) -> None:
    for auth in (None, admin):
        claimed = client.get("/ogc/conformance", auth=auth).json()["conformsTo"]
        assert sorted(claimed) == sorted(SPEC + each for each in CLASSES)


@pytest.mark.parametrize("claimed", CLASSES)
def test_each_class_has_its_test(claimed: str) -> None:
    assert CLASSES[claimed]
    for each in CLASSES[claimed]:
        file, _, name = each.partition("::")
        assert name in names_in(file), each
