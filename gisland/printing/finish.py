"""What makes a drawn file an archive that opens at the right place: PDF/A-2b, its times, and the georeference.

The viewports of the georeference (ISO 32000-2, 12.10) are no part of PDF/A, and allowed in it; they say WGS 84, because
phones take whatever degrees they find for that.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

from gisland.errors import GislandError
from gisland.kit.crs import to_wgs84
from gisland.printing.blank import refuse_blank
from gisland.printing.ink import POINTS
from gisland.printing.paper import Box
from gisland.printing.placement import Place

FLAVOUR = "2b"
UNKNOWN_VIEWPORT = ("pikepdf:schema-Page", "unrecognized key(s) /VP are not checked", "unsupported")
"""What the checker says of a page with a viewport: rule, message, kind."""
WGS84_WKT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]'
)


@dataclass(frozen=True)
class Viewport:
    """A map on a page: index of the page, its frame on paper, its place on the ground, and the plane of that."""

    page: int
    frame: Box
    place: Place
    srid: int


def finish(drawn: bytes, at: datetime, language: str, viewports: Sequence[Viewport] = ()) -> bytes:
    """Make the drawn file PDF/A-2b and georeferenced; the same input gives the same bytes.

    Args:
        drawn: the file as ReportLab made it.
        at: the time of the data, which becomes that of the file.
        language: of the texts: vi, en.
        viewports: the maps in it.

    Raises:
        GislandError: on one of its pages nothing is drawn.
    """
    from pikepdf import pdfa  # only by who draws: to import it takes a third of a second

    moment = at.astimezone(UTC).replace(microsecond=0)
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        refuse_blank(pdf, {viewport.page: viewport.frame for viewport in viewports})
        _describe(pdf, moment, language)
        producer = pdf.docinfo.Producer
        pdfa.prepare(pdf, FLAVOUR)
        pdf.docinfo.Producer = producer
        _set_times(pdf, moment)
        for viewport in viewports:
            _georeference(pdf, viewport)
        _keep_compressed(pdf)
        out = io.BytesIO()
        pdf.save(out, **(pdfa.resolve_save_kwargs(FLAVOUR) | {"deterministic_id": True}))
    return out.getvalue()


def _keep_compressed(pdf: Pdf) -> None:
    """Name the filter of a stream, where it is a list of one: only then qpdf does not compress it a second time."""
    for found in pdf.objects:
        if isinstance(found, pikepdf.Stream):
            filters = found.get("/Filter")
            if isinstance(filters, Array) and len(filters) == 1:
                found.Filter = filters[0]


def check(finished: bytes) -> list[str]:
    """What in a file is not PDF/A-2b, as a checker that approves only what it knows sees it.

    The viewports of the georeference are the one key that it does not know and that is let pass: it must be in a page,
    and must be all that is said of that page.

    Raises:
        GislandError: it is no PDF.
    """
    from pikepdf import pdfa

    try:
        with pikepdf.open(io.BytesIO(finished)) as pdf:
            report = pdfa.check(pdf, FLAVOUR)
    except pikepdf.PdfError as error:
        raise GislandError("đây không phải PDF · this is no PDF") from error
    return [str(each) for each in report.findings if (each.rule, each.message, each.kind) != UNKNOWN_VIEWPORT]


def _describe(pdf: Pdf, moment: datetime, language: str) -> None:
    pdf.Root.Lang = pikepdf.String(language)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    pdf.Root.PageMode = Name.UseOutlines
    for page in pdf.pages:
        if Name.Trans in page:
            del page.Trans
    if Name.Trapped in pdf.docinfo:
        del pdf.docinfo.Trapped
    stamp = f"D:{moment:%Y%m%d%H%M%S}Z"
    pdf.docinfo.CreationDate = pikepdf.String(stamp)
    pdf.docinfo.ModDate = pikepdf.String(stamp)
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as meta:
        meta.load_from_docinfo(pdf.docinfo)
        meta["dc:language"] = {language}


def _set_times(pdf: Pdf, moment: datetime) -> None:
    """Times and producer as they are said by us: what prepares the file writes the present."""
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as meta:
        for name in ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate"):
            meta[name] = moment.isoformat().replace("+00:00", "Z")
        meta["pdf:Producer"] = str(pdf.docinfo.get("/Producer", ""))


def _georeference(pdf: Pdf, viewport: Viewport) -> None:
    frame, place = viewport.frame, viewport.place
    # Corners: lower left, upper left, upper right, lower right, on the unit square of the frame.
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])
    ground = corners * (place.width, place.height) + (place.west, place.south)
    east, north = to_wgs84(viewport.srid).transform(ground[:, 0], ground[:, 1])
    box = [each * POINTS for each in (frame.x, frame.y, frame.right, frame.top)]
    degrees = np.column_stack([north, east]).ravel().tolist()
    measure = Dictionary(
        Type=Name.Measure,
        Subtype=Name.GEO,
        Bounds=_numbers(corners.ravel().tolist()),
        LPTS=_numbers(corners.ravel().tolist()),
        GPTS=_numbers(degrees),
        GCS=Dictionary(Type=Name.GEOGCS, EPSG=4326, WKT=pikepdf.String(WGS84_WKT)),
    )
    pdf.pages[viewport.page].VP = Array(
        [Dictionary(Type=Name.Viewport, BBox=_numbers(box), Name=pikepdf.String("map"), Measure=measure)]
    )


def _numbers(values: Sequence[float]) -> Array:
    """Numbers with twelve decimals: a tenth of a micrometre in degrees."""
    return Array([pikepdf.Object.parse(f"{value:.12f}".rstrip("0").rstrip(".").encode() or b"0") for value in values])
