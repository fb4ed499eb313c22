"""A project for QGIS (.qgz), or its layers alone to be added to another one (.qlr)."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Literal, get_args
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pyproj import CRS

from gisland.catalogue import Catalogue, Language, Layer, Palette, Text
from gisland.errors import NotFound
from gisland.kit.crs import transformer
from gisland.publish.qgis.layers import CRS84, KINDS, WEB_MERCATOR, MapLayer, map_layer, reference
from gisland.publish.qgis.place import Place
from gisland.publish.styles.model import style_of
from gisland.publish.styles.qml import DOCTYPE, VERSION, written

Format = Literal["qgz", "qlr"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: dict[Format, str] = {"qgz": "application/vnd.qgis.qgz", "qlr": "application/vnd.qgis.qlr+xml"}

TITLE = Text(vi="Bản đồ xác minh thửa đất", en="Parcel verification map")
PUBLIC = Text(vi="Công khai", en="Public")
PROGRESS = Text(vi="Tiến độ", en="Progress")
TIMES = Text(vi="Theo thời gian", en="Of former times")
STAFF = Text(vi="Nội bộ (cần đăng nhập)", en="Staff (sign in)")
# Of files in an archive: nothing in it says when it was made, so the same project is the same file.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Project:
    """What is in a project."""

    place: Place
    layers: tuple[Layer, ...]
    palette: Palette
    root: str
    """URL of the landing page of the OGC API."""
    language: Language

    @property
    def title(self) -> str:
        """Of the window of QGIS."""
        title = TITLE.to(self.language)
        return f"{self.place.name} ({self.place.ward}): {title}" if self.place.ward else title

    @property
    def file_name(self) -> str:
        """Without its ending."""
        return f"gisland-{self.place.ward}" if self.place.ward else "gisland"

    @property
    def groups(self) -> list[tuple[str, list[MapLayer]]]:
        """Name and layers of each group, those above first: features lie over tiles."""
        kinds: dict[Text, list[MapLayer]] = {TIMES: [], PUBLIC: [], PROGRESS: [], STAFF: []}
        for layer in self.layers:
            style, title = style_of(layer, self.palette), _group_of(layer)
            # Of groups, sheets and wards there are few: they need no tiles.
            for kind in KINDS[:1] if title == PROGRESS else KINDS:
                kinds[title].append(MapLayer(style, kind, self.root, self.place.ward))
        return [(title.to(self.language), layers) for title, layers in kinds.items() if layers]


def _group_of(layer: Layer) -> Text:
    if not layer.public:
        return STAFF
    if layer.ends is not None:
        return TIMES
    return PROGRESS if any(field.values == "progress" for field in layer.fields) else PUBLIC


def base_layer(catalogue: Catalogue) -> Layer:
    """The public layer that says where wards are.

    Raises:
        NotFound: there is none.
    """
    for layer in catalogue.layers.values():
        if layer.public and layer.extents_by is not None:
            return layer
    raise NotFound(
        "không có lớp công khai nào theo phường · there is no public layer that says its wards",
        hint="`extents_by` in its layer.yml",
    )


def write(project: Project, kind: Format) -> bytes:
    """The file."""
    return qlr(project) if kind == "qlr" else qgz(project)


def qgz(project: Project) -> bytes:
    """The project in its archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("gisland.qgs", EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, qgs(project))
    return made.getvalue()


def qgs(project: Project) -> bytes:
    """The project as XML."""
    root = Element("qgis", version=VERSION, projectname=project.title)
    SubElement(root, "title").text = project.title
    crs = f"EPSG:{project.place.srid}"
    root.append(reference("projectCrs", crs))
    root.append(_tree(project))
    layers = SubElement(root, "projectlayers")
    for _, members in project.groups:
        layers.extend(map_layer(layer, project.language) for layer in members)
    properties = SubElement(root, "properties")
    reprojected = SubElement(properties, "SpatialRefSys")
    SubElement(reprojected, "ProjectionsEnabled", type="int").text = "1"
    root.append(_operations(project.place.srid))
    settings = SubElement(root, "ProjectViewSettings", UseProjectScales="0")
    for tag in ("DefaultViewExtent", "PresetFullExtent"):
        west, south, east, north = map(str, project.place.extent)
        extent = SubElement(settings, tag, xmin=west, ymin=south, xmax=east, ymax=north)
        extent.extend(list(reference(tag, crs)))
    root.append(_canvas(project, crs))
    return written(root)


def qlr(project: Project) -> bytes:
    """The layers alone: they come as a group into the project that is open."""
    root = Element("qlr")
    root.append(_tree(project))
    layers = SubElement(root, "maplayers")
    for _, members in project.groups:
        layers.extend(map_layer(layer, project.language) for layer in members)
    indent(root)
    return (DOCTYPE.replace("DOCTYPE qgis ", "DOCTYPE qgis-layer-definition ") + tostring(root, "unicode")).encode()


def _tree(project: Project) -> Element:
    """Groups and layers, those above first; drawn are the public parcels of today, and nothing over them."""
    root = Element("layer-tree-group")
    for name, members in project.groups:
        shown = all(_group_of(layer.style.layer) == PUBLIC for layer in members)
        checked = "Qt::Checked" if shown else "Qt::Unchecked"
        group = SubElement(root, "layer-tree-group", name=name, checked=checked, expanded="1")
        for layer in members:
            SubElement(
                group,
                "layer-tree-layer",
                id=layer.id,
                name=layer.title(project.language),
                providerKey=layer.provider,
                source=layer.source,
                checked="Qt::Checked",
                expanded="1" if layer.kind == "features" else "0",
            )
    return root


def _canvas(project: Project, crs: str) -> Element:
    """What the window shows when the project is opened."""
    canvas = Element("mapcanvas", name="theMapCanvas", annotationsVisible="1")
    SubElement(canvas, "units").text = "meters"
    extent = SubElement(canvas, "extent")
    for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), project.place.extent, strict=True):
        SubElement(extent, tag).text = str(value)
    SubElement(canvas, "rotation").text = "0"
    canvas.append(reference("destinationsrs", crs))
    return canvas


def _operations(srid: int) -> Element:
    """The official way from the layers to the zone: left to itself, QGIS takes that of an oil field in the south."""
    context = Element("transformContext")
    for source in (CRS84, WEB_MERCATOR, "EPSG:4326"):
        way = transformer(CRS(source), CRS.from_epsg(srid))
        if srid == CRS(source).to_epsg() or not way.definition.startswith("proj=pipeline"):
            continue
        steps = " ".join(f"+{each}" for each in way.definition.split())
        one = SubElement(context, "srcDest", coordinateOp=steps, allowFallback="1")
        one.append(reference("src", source))
        one.append(reference("dest", f"EPSG:{srid}"))
    return context
