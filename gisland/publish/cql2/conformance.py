"""The classes of CQL2 that hold; each is tested in tests/publish/cql2."""

from __future__ import annotations

_CLASSES = (
    *("basic-cql2", "cql2-text", "cql2-json", "advanced-comparison-operators", "property-property", "arithmetic"),
    *("case-insensitive-comparison", "accent-insensitive-comparison", "functions", "array-functions"),
    *("basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions", "temporal-functions"),
    # A name of the draft, which QGIS before 3.44 looks for.
    "basic-spatial-operators",
)
CQL2_CONFORMANCE = [f"http://www.opengis.net/spec/cql2/1.0/conf/{each}" for each in _CLASSES]
