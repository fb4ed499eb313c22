"""Run by Debian's own Python with PyQGIS: draws parcels as a page of an A3 layout, many times, and tells the seconds.

python3 qgis_print.py SPEC, a JSON file: parcels (GeoPackage), out (PDF), extent, scale, colors by status, rounds.
Colours, hatches, outlines, labels of two lines, grid, scale bar, legend, north arrow; no QR code, no PDF/A.
"""

import json
import sys
import time
from pathlib import Path

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLinePatternFillSymbolLayer,
    QgsPalLayerSettings,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsRenderContext,
    QgsRendererCategory,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)

spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
project = QgsProject.instance()
layer = QgsVectorLayer(spec["parcels"], "parcels", "ogr")
project.addMapLayer(layer)
project.setCrs(layer.crs())


def symbol(color: str, *, hatched: bool) -> QgsFillSymbol:
    """A filled polygon with a thin outline, and lines over it."""
    made = QgsFillSymbol.createSimple({"color": color, "outline_color": "#4a4a4a", "outline_width": "0.16"})
    if hatched:
        lines = QgsLinePatternFillSymbolLayer()
        lines.setLineAngle(45)
        lines.setDistance(2)
        made.appendSymbolLayer(lines)
    return made


categories = [
    QgsRendererCategory(status, symbol(color, hatched=hatched), status) for status, color, hatched in spec["statuses"]
]
layer.setRenderer(QgsCategorizedSymbolRenderer("status", categories))
labels = QgsPalLayerSettings()
labels.isExpression = True
labels.fieldName = '"land_type" || \' \' || "number" || \'\\n\' || "area"'
labels.fitInPolygonOnly = True
labels.placement = QgsPalLayerSettings.Horizontal
form = QgsTextFormat()
form.setSize(5.5)
labels.setFormat(form)
layer.setLabeling(QgsVectorLayerSimpleLabeling(labels))
layer.setLabelsEnabled(True)

layout = QgsPrintLayout(project)
layout.initializeDefaults()
layout.pageCollection().page(0).setPageSize("A3", QgsLayoutItemPage.Landscape)
millimetres = QgsUnitTypes.LayoutMillimeters
x, y, wide, high = spec["frame"]
main = QgsLayoutItemMap(layout)
main.attemptMove(QgsLayoutPoint(x, y, millimetres))
main.attemptResize(QgsLayoutSize(wide, high, millimetres))
main.setExtent(QgsRectangle(*spec["extent"]))
main.setScale(spec["scale"])
main.setFrameEnabled(True)
main.grid().setEnabled(True)
main.grid().setIntervalX(spec["scale"] / 10)
main.grid().setIntervalY(spec["scale"] / 10)
main.grid().setAnnotationEnabled(True)
layout.addLayoutItem(main)
for item, top in (
    (QgsLayoutItemLabel(layout), 20),
    (QgsLayoutItemScaleBar(layout), 60),
    (QgsLayoutItemLegend(layout), 90),
):
    if isinstance(item, QgsLayoutItemLabel):
        item.setText(spec["title"])
        item.attemptResize(QgsLayoutSize(60, 30, millimetres))
    else:
        item.setLinkedMap(main)
    layout.addLayoutItem(item)
    item.attemptMove(QgsLayoutPoint(345, top, millimetres))

settings = QgsLayoutExporter.PdfExportSettings()
settings.forceVectorOutput = True
settings.textRenderFormat = QgsRenderContext.TextFormatAlwaysText
seconds = []
for _ in range(spec["rounds"]):
    start, used = time.perf_counter(), time.process_time()
    done = QgsLayoutExporter(layout).exportToPdf(spec["out"], settings)
    seconds.append((time.perf_counter() - start, time.process_time() - used))
    if done != QgsLayoutExporter.Success:
        sys.exit(f"QGIS did not print: {done}")
print("SECONDS" + json.dumps(seconds))
application.exitQgis()
