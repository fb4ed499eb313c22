"""Run by Debian's own Python with PyQGIS: draws layers, or a project, as a picture, and tells what it found.

python3 qgis_draws.py JSON

The JSON holds `out` (PNG), `extent` (west, south, east, north in `crs`), `crs`, `size` (pixels), `dpi`, and either
`project` (a file) or `layers`: from the lowest up, each with `source`, `provider` and `style` (a .qml or .sld file).
`theme` names the layers to be drawn; default: all that are checked. `sign_in` is name and token for staff layers.
With `definition` (a .qlr file) instead of a project, its layers come into an empty one.
"""

import json
import sys
from pathlib import Path
from typing import Any

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsLayerDefinition,
    QgsMapBoxGlStyleConverter,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize  # type: ignore[import-not-found]
from qgis.PyQt.QtGui import QColor  # type: ignore[import-not-found]
from qgis_signs_in import sign_in  # type: ignore[import-not-found]

asked = json.loads(sys.argv[1])
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
project = QgsProject.instance()
found: dict[str, object] = {}


def described(layer: Any) -> dict[str, object]:
    told: dict[str, object] = {
        "name": layer.name(),
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "error": layer.error().message(),
    }
    if isinstance(layer, QgsVectorLayer):
        told["aliases"] = {field.name(): field.alias() for field in layer.fields()}
        told["count"] = layer.featureCount()
        told["renderer"] = layer.renderer().type() if layer.renderer() else None
        told["labels"] = layer.labelsEnabled()
        told["maps"] = {
            field.name(): field.editorWidgetSetup().config().get("map")
            for field in layer.fields()
            if field.editorWidgetSetup().type() == "ValueMap"
        }
        legend = layer.renderer().legendSymbolItems() if layer.renderer() else []
        told["legend"] = [(item.label(), item.symbol().color().name()) for item in legend if item.symbol()]
    return told


if "sign_in" in asked:
    sign_in(*asked["sign_in"])
if "project" in asked or "definition" in asked:
    tree = project.layerTreeRoot()
    if "project" in asked:
        found["read"] = project.read(asked["project"])
    else:
        found["read"] = QgsLayerDefinition.loadLayerDefinition(asked["definition"], project, tree)
    found["title"] = project.title()
    found["crs"] = project.crs().authid()
    found["groups"] = [group.name() for group in tree.findGroups(True)]
    wanted = asked.get("theme")
    layers = [
        node.layer()
        for node in tree.findLayers()
        if node.layer() is not None and (node.isVisible() if wanted is None else node.layer().name() in wanted)
    ]
    found["layers"] = [described(node.layer()) for node in tree.findLayers() if node.layer() is not None]
    operations = project.transformContext().coordinateOperations()
    found["operations"] = list(operations.values())
    if "extent" not in asked:
        extent = project.viewSettings().defaultViewExtent()
        asked["extent"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
else:
    layers = []
    for number, each in enumerate(asked["layers"]):
        if each.get("provider") == "vectortile":
            layer = QgsVectorTileLayer(each["source"], f"layer {number}")
        else:
            layer = QgsVectorLayer(each["source"], f"layer {number}", each.get("provider", "ogr"))
        if each.get("style", "").endswith(".json"):
            converter = QgsMapBoxGlStyleConverter()
            result = converter.convert(Path(each["style"]).read_text(encoding="utf-8"))
            told = [result, converter.warnings(), converter.errorMessage()]
            layer.setRenderer(converter.renderer())
            layer.setLabeling(converter.labeling())
        elif each.get("style", "").endswith(".sld"):
            told = layer.loadSldStyle(each["style"])
        elif "style" in each:
            told = layer.loadNamedStyle(each["style"])
        else:
            told = ["the layer's own"]
        found[f"style {number}"] = list(told)
        layers.insert(0, layer)
    found["layers"] = [described(layer) for layer in layers]

settings = QgsMapSettings()
settings.setLayers(layers)
settings.setDestinationCrs(QgsCoordinateReferenceSystem(asked.get("crs") or project.crs().authid()))
settings.setTransformContext(project.transformContext())
settings.setExtent(QgsRectangle(*asked["extent"]))
settings.setOutputSize(QSize(*asked["size"]))
settings.setOutputDpi(asked.get("dpi", 96))
settings.setBackgroundColor(QColor("white"))
context = QgsExpressionContext()
context.appendScopes(
    [
        QgsExpressionContextUtils.globalScope(),
        QgsExpressionContextUtils.projectScope(project),
        QgsExpressionContextUtils.mapSettingsScope(settings),
    ]
)
settings.setExpressionContext(context)
found["scale"] = settings.scale()
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
found["errors"] = [error.message for error in job.errors()]
found["drawn"] = job.renderedImage().save(asked["out"])
print("FOUND" + json.dumps(found, default=str))
application.exitQgis()
