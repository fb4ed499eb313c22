"""The statements of the search. Each reads a bounded number of rows; `{ward}` limits them to wards, or to nothing.

Their rows: kind, id, label, ward_id, match, source, confidence, retired, name (where it was sought).
"""

# ruff: noqa: S608 - these are made of one another, never of what somebody typed
from __future__ import annotations

# How many parcels of a number, and how many different names, may be looked at for the few hits that are shown. A word
# that more names hold ("nguyen") finds only some of its bearers in a small ward.
PARCELS, NAMES = 500, 10_000

# A ward may have sheets of one number, at several scales or of several former wards: these are said then.
_LABEL = """
    format('Tờ %%s, thửa %%s', sheet.sheet_no, parcel.parcel_no) || CASE
        WHEN EXISTS (SELECT FROM registry.map_sheet twin
                      WHERE twin.ward_id = sheet.ward_id AND twin.sheet_no = sheet.sheet_no AND twin.id <> sheet.id)
        THEN format(' (%%s)', concat_ws(', ', '1:' || sheet.scale, nullif(sheet.old_ward_code, ''))) ELSE '' END
"""
_PARCEL = f"'parcel' AS kind, parcel.id, {_LABEL} AS label, parcel.ward_id"

# What is said of a parcel is asked for only of those that are shown: many may have a number.
_NUMBERED = "parcel.id, parcel.parcel_no, parcel.map_sheet_id, parcel.ward_id"
_OF_SHEET = "registry.map_sheet sheet JOIN registry.parcel ON parcel.map_sheet_id = sheet.id"

# Former numbers: of a parcel that is retired, they are found as well.
PARCEL_BY_NUMBER = f"""
    SELECT {_PARCEL}, %(as)s AS match, '' AS source, NULL::float8 AS confidence, retired, NULL AS name FROM (
        SELECT * FROM (
            (SELECT {_NUMBERED}, false AS retired FROM {_OF_SHEET}
              WHERE {{sheet}} AND parcel.parcel_no = ANY (%(parcel)s) AND parcel.retired_by IS NULL {{ward}}
              LIMIT {PARCELS})
             UNION ALL
            (SELECT {_NUMBERED}, true FROM {_OF_SHEET}
              WHERE {{sheet}} AND parcel.parcel_no = ANY (%(parcel)s) AND parcel.retired_by IS NOT NULL {{ward}}
              LIMIT {PARCELS})
        ) found ORDER BY retired, ward_id, id LIMIT %(limit)s
    ) parcel JOIN registry.map_sheet sheet ON sheet.id = parcel.map_sheet_id
     ORDER BY retired, parcel.ward_id, parcel.id
"""
ON_SHEET = "sheet.sheet_no = ANY (%(sheet)s)"

PARCEL_BY_OLD_NUMBER = f"""
    SELECT {_PARCEL}, %(as_old)s AS match, source, confidence, retired, NULL AS name FROM (
        SELECT * FROM (
            SELECT {_NUMBERED}, number.confidence::float8, parcel.retired_by IS NOT NULL AS retired,
                   concat_ws(' · ', number.series, nullif(number.old_ward_code, ''), '1:' || nullif(number.scale, 0),
                             nullif(number.source, '')) AS source
              FROM registry.parcel_number number JOIN registry.parcel ON parcel.id = number.parcel_id
             WHERE number.parcel_no = ANY (%(parcel)s) {{sheet}} {{ward}} LIMIT {PARCELS}
        ) found ORDER BY confidence DESC, ward_id, id LIMIT %(limit)s
    ) parcel JOIN registry.map_sheet sheet ON sheet.id = parcel.map_sheet_id
     ORDER BY confidence DESC, parcel.ward_id, parcel.id
"""
OLD_SHEET = "AND number.sheet_no = ANY (%(sheet)s)"

_CERTIFICATE = """
    coalesce(nullif(concat_ws(' · ', nullif(certificate.serial, ''), nullif(certificate.book_no, '')), ''),
             'Giấy chứng nhận ' || certificate.id)
"""

# A certificate whose parcel is not found yet stands for it.
PARCEL_BY_PAPER_NUMBER = f"""
    SELECT CASE WHEN parcel.id IS NULL THEN 'certificate' ELSE 'parcel' END AS kind, found.id,
           CASE WHEN parcel.id IS NULL THEN {_CERTIFICATE} ELSE {_LABEL} END AS label,
           found.ward_id, %(as_paper)s AS match, {_CERTIFICATE} AS source, NULL::float8 AS confidence, retired,
           NULL AS name FROM (
        SELECT * FROM (
            SELECT coalesce(parcel.id, certificate.id) AS id, certificate.ward_id, parcel.id AS parcel_id,
                   certificate.id AS certificate_id,
                   CASE WHEN parcel.id IS NULL THEN certificate.retired_by ELSE parcel.retired_by END IS NOT NULL
                   AS retired
              FROM registry.certificate_parcel named JOIN registry.certificate ON certificate.id = named.certificate_id
              LEFT JOIN registry.parcel ON parcel.id = named.parcel_id
             WHERE named.paper_parcel_no = ANY (%(parcel)s) AND named.paper_parcel_no <> '' {{sheet}} {{ward}}
             LIMIT {PARCELS}
        ) named ORDER BY retired, ward_id, id LIMIT %(limit)s
    ) found JOIN registry.certificate ON certificate.id = found.certificate_id
      LEFT JOIN registry.parcel ON parcel.id = found.parcel_id
      LEFT JOIN registry.map_sheet sheet ON sheet.id = parcel.map_sheet_id
     ORDER BY retired, found.ward_id, found.id
"""
PAPER_SHEET = "AND named.paper_sheet_no = ANY (%(sheet)s)"
# Papers know no ward: those of a parcel number on whatever sheet are too many.
NO_SHEET_ON_PAPER = "AND named.paper_sheet_no = ''"

PARCEL_BY_CODE = f"""
    SELECT {_PARCEL}, 'exact' AS match, '' AS source, NULL::float8 AS confidence,
           parcel.retired_by IS NOT NULL AS retired, NULL AS name
      FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = parcel.map_sheet_id
     WHERE parcel.parcel_code = %(code)s {{ward}}
"""

CERTIFICATE_BY_SERIAL = f"""
    SELECT 'certificate' AS kind, id, {_CERTIFICATE} AS label, ward_id,
           CASE WHEN serial_key = %(key)s THEN 'exact' ELSE 'accentless' END AS match, '' AS source,
           NULL::float8 AS confidence, retired_by IS NOT NULL AS retired, NULL AS name
      FROM registry.certificate
     WHERE serial_key = ANY (%(variants)s) AND serial_key <> '' {{ward}}
     ORDER BY serial_key <> %(key)s, retired, ward_id, id LIMIT %(limit)s
"""

# The id is shown masked, to those who may see it so.
_HOLDER = """
    'holder' AS kind, holder.id,
    concat_ws(' · ', holder.full_name, coalesce(holder.birth_year, extract(year FROM holder.birth_date)),
              CASE WHEN %(ids)s THEN holder.id_masked END) AS label, holder.ward_id
"""
_HOLDER_REST = "'' AS source, NULL::float8 AS confidence, false AS retired, holder.full_name AS name"

HOLDER_BY_ID = f"""
    SELECT {_HOLDER}, CASE WHEN id_hash = ANY (%(hashes)s) THEN 'exact' ELSE 'padded' END AS match,
           '' AS source, NULL::float8 AS confidence, false AS retired, NULL AS name
      FROM registry.holder WHERE id_hash = ANY (%(hashes)s::bytea[] || %(padded)s::bytea[]) {{ward}}
     ORDER BY match, ward_id, id LIMIT %(limit)s
"""


def _bearers(match: str, names: str) -> str:
    """The holders who bear the names that a query finds: by the index of names, name by name until there are enough."""
    return f"""
        SELECT {_HOLDER}, {match} AS match, {_HOLDER_REST}
          FROM ({names} LIMIT {NAMES}) found
         CROSS JOIN LATERAL (SELECT * FROM registry.holder
                              WHERE holder.plain_name = found.name {{ward}} LIMIT %(limit)s) holder
    """


_SAME_LETTERS = "replace(name, ' ', '') = replace(%(plain)s, ' ', '')"
# PostgreSQL runs the branches one after the other and stops at the limit: the dearer ones only run when the ones before
# leave room. What is picked is then sorted as people sort names.
_TIERS = [
    f"""
        SELECT {_HOLDER}, 'exact' AS match, {_HOLDER_REST} FROM registry.holder
         WHERE plain_name = %(plain)s AND name_key = %(key)s {{ward}}
    """,
    f"""
        SELECT {_HOLDER}, 'accentless' AS match, {_HOLDER_REST} FROM registry.holder
         WHERE plain_name = %(plain)s AND name_key <> %(key)s {{ward}}
    """,
    # Names that begin with what was typed: "{" comes behind "z".
    _bearers(
        "'part'",
        "SELECT name FROM search.name WHERE name > %(plain)s AND name < %(plain)s || '{{' AND NOT words @> %(words)s",
    ),
    _bearers("'part'", "SELECT name FROM search.name WHERE words @> %(words)s AND name <> %(plain)s"),
    _bearers(
        "CASE WHEN found.same_letters THEN 'accentless' ELSE 'typo' END",
        f"SELECT name, {_SAME_LETTERS} AS same_letters FROM search.name"
        " WHERE search.deletions(name) && search.deletions(%(plain)s) AND name <> %(plain)s AND NOT words @> %(words)s"
        f" ORDER BY {_SAME_LETTERS} DESC, name",
    ),
]
_UNION = " UNION ALL ".join(f"({tier} LIMIT %(limit)s)" for tier in _TIERS)
HOLDER_BY_NAME = f"""
    SELECT * FROM (SELECT * FROM ({_UNION}) tiers LIMIT %(limit)s) picked
     ORDER BY array_position(ARRAY['exact', 'accentless', 'part', 'typo'], match),
              name COLLATE registry.vietnamese, ward_id, id
"""
