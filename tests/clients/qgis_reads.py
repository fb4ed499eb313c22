"""Run by Debian's own Python with PyQGIS: reads a layer of an OGC API, all of it and a box, and tells what it found.

python3 qgis_reads.py URL COLLECTION WEST SOUTH EAST NORTH
"""

import json
import sys

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer  # type: ignore[import-not-found]

url, collection, *box = sys.argv[1:]
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
layer = QgsVectorLayer(
    f"url='{url}' typename='{collection}' pageSize='100' restrictToRequestBBOX='1'", "layer", "OAPIF"
)
everything = QgsVectorLayer(f"url='{url}' typename='{collection}'", "layer", "OAPIF")
request = QgsFeatureRequest().setFilterRect(QgsRectangle(*map(float, box)))
found = {
    "valid": layer.isValid() and everything.isValid(),
    "error": everything.error().message(),
    "crs": everything.crs().authid(),
    "count": everything.featureCount(),
    "fields": [field.name() for field in everything.fields()],
    "parcels": [
        (
            feature["id"] if "id" in everything.fields().names() else None,
            feature["parcel_code"],
            feature["sheet_no"],
            feature["parcel_no"],
            feature.geometry().isGeosValid(),
        )
        for feature in everything.getFeatures()
    ],
    "in_box": [(feature["sheet_no"], feature["parcel_no"]) for feature in layer.getFeatures(request)],
}
print("FOUND" + json.dumps(found, default=str))
application.exitQgis()
