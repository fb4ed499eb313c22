"""Run by Debian's own Python with PyQGIS: reads layers of an OGC API and tells what it found.

python3 qgis_reads.py JSON

The JSON holds `url`, `collection`, `fields` (whose values are told), and may hold `page` (features on a page), `box`
(west, south, east, north: features that meet it are told, too) and `sign_in` (name and token).
"""

import json
import sys
from typing import Any

from qgis.core import NULL, QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer  # type: ignore[import-not-found]
from qgis_signs_in import sign_in  # type: ignore[import-not-found]

asked = json.loads(sys.argv[1])
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
url, collection = asked["url"], asked["collection"]
source = f"url='{url}' typename='{collection}'"
if "sign_in" in asked:
    sign_in(*asked["sign_in"])
    source += " authcfg=gisland"
if "page" in asked:
    source += f" pageSize='{asked['page']}'"
layer = QgsVectorLayer(source, "layer", "OAPIF")


def told(features: Any) -> list[list[Any]]:
    """Of each feature the values that are asked for, and whether its geometry is valid."""
    return [[*(_plain(each[name]) for name in asked["fields"]), each.geometry().isGeosValid()] for each in features]


def _plain(value: Any) -> Any:
    return None if value == NULL else value


found: dict[str, Any] = {
    "valid": layer.isValid(),
    "error": layer.error().message(),
    "crs": layer.crs().authid(),
    "count": layer.featureCount(),
    "fields": [field.name() for field in layer.fields()],
    "features": told(layer.getFeatures()) if layer.isValid() else [],
}
if "box" in asked:
    in_box = QgsVectorLayer(f"{source} restrictToRequestBBOX='1'", "in box", "OAPIF")
    found["in_box"] = told(in_box.getFeatures(QgsFeatureRequest().setFilterRect(QgsRectangle(*asked["box"]))))
print("FOUND" + json.dumps(found, default=str))
application.exitQgis()
