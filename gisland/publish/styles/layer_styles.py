"""The styles in the database, where QGIS finds them when somebody opens a published table from PostGIS."""

from __future__ import annotations

from psycopg import Connection

from gisland.catalogue import Catalogue
from gisland.publish.styles.model import styles_of
from gisland.publish.styles.qml import qml

WRITE = """
    INSERT INTO public.layer_styles AS old (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
                                            stylename, styleqml, useasdefault, description)
    SELECT current_database(), schema, name, geometry, style, qml::xml, is_default, told
      FROM (VALUES (%s::text, %s::text, %s::text, %s::text, %s::text, %s::boolean, %s::text))
           made (schema, name, geometry, style, qml, is_default, told)
     WHERE to_regclass(format('%%I.%%I', schema, name)) IS NOT NULL
    ON CONFLICT (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, stylename) DO UPDATE
       SET styleqml = excluded.styleqml, useasdefault = excluded.useasdefault, description = excluded.description,
           update_time = current_timestamp
     WHERE (old.styleqml::text, old.useasdefault, old.description)
           IS DISTINCT FROM (excluded.styleqml::text, excluded.useasdefault, excluded.description)
"""
FORGET = """
    DELETE FROM public.layer_styles
     WHERE f_table_catalog <> current_database() OR to_regclass(format('%I.%I', f_table_schema, f_table_name)) IS NULL
"""


def write_layer_styles(connection: Connection, catalogue: Catalogue) -> None:
    """Write the styles of all layers that have a table; what is as it was keeps its time."""
    styles = [each for layer in catalogue.layers.values() for each in styles_of(layer, catalogue.palette)]
    rows = [
        (
            style.layer.target_schema,
            style.layer.table,
            style.layer.geometry,
            style.id,
            qml(style, "vi").decode(),
            style.theme == "light",
            style.title.vi,
        )
        for style in styles
    ]
    with connection.cursor() as cursor:
        cursor.executemany(WRITE, rows)
    forget_layer_styles(connection)


def forget_layer_styles(connection: Connection) -> None:
    """Delete the styles of tables that are no more."""
    connection.execute(FORGET)
