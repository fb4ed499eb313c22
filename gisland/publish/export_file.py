"""A layer as a file on this machine, with its progress on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gisland.catalogue import Layer, load_catalogue
from gisland.database import EVERYWHERE, Role, connect
from gisland.kit.files import FOR_ALL, FOR_OWNER, written_whole
from gisland.publish.crs import Planes
from gisland.publish.export import Export, exporting, note_export
from gisland.publish.query import parse_items_query
from gisland.publish.tables import FileFormat, text_of, write_file
from gisland.security.mask import held
from gisland.security.subject import Subject
from gisland.settings import Settings


def export_file(
    settings: Settings,
    layer_id: str,
    target: Path,
    file_format: FileFormat,
    given: list[tuple[str, str]],
    subject: Subject,
    reason: str,
) -> int:
    """Write a layer, or what a filter finds of it, to a file. It takes the place of an older one when it is whole.

    What a layer of staff says may be read by the owner of the file only.

    Args:
        settings: where the database is.
        layer_id: which layer.
        target: the file.
        file_format: its format.
        given: parameters as of a request for items.
        subject: who takes it.
        reason: why, for a layer of staff; it is noted.

    Returns:
        The number of features.

    Raises:
        NotFound: there is no such layer.
        UsageError: a parameter is wrong, or the reason is missing.
    """
    catalogue = load_catalogue(settings).shown_to(held(subject, EVERYWHERE))
    layer = catalogue.layer(layer_id)
    query = parse_items_query(layer, catalogue.palette, settings, given, planes=read_planes(settings, layer))
    query = query.in_form(file_format.form)
    if not layer.public:
        note_export(settings, subject.name, layer, query, file_format, reason, EVERYWHERE)
    mode = FOR_ALL if layer.public else FOR_OWNER
    with (
        # By the ending of its name GDAL knows what a GeoPackage is.
        written_whole(target, mode=mode, ending=f".{file_format.name}") as draft,
        exporting(settings, layer, query, EVERYWHERE) as export,
    ):
        pages = _shown(export)
        if file_format.driver is not None:
            write_file(file_format, layer, query.shown, pages, draft, indexed=False)
        else:
            with draft.open("wb") as file:
                file.writelines(text_of(file_format, layer, query.shown, pages))
        return export.done


def read_planes(settings: Settings, layer: Layer) -> Planes:
    """The planes of a public layer, or of one of staff as far as the public knows them."""
    with connect(settings, Role.PUBLIC) as connection:
        row = connection.execute("SELECT offered, own FROM publish.planes(%s)", [layer.id]).fetchone()
    assert row is not None
    return Planes(tuple(row[0] or ()), tuple(row[1] or ()))


def _shown(export: Export) -> Iterator[list[bytes]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(export.layer.id, total=export.expected)
        for rows in export.pages():
            yield rows
            progress.update(task, completed=export.done)
