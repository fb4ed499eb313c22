"""Search: parcels by any of their numbers, certificates by serial, holders by id and by name.

Names are found by an accent-less key. Few words make up the names of all people (every fourth is a Nguyễn), so trigrams
of them find nearly everybody; `search.name` holds each different accent-less name, with its words and with what is
left of it when one letter is left out.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

# These two stand here and not in `sql/`: stored values and an index are made of them, so to change one is a migration
# that makes these anew.
FUNCTIONS = r"""
CREATE FUNCTION registry.plain_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(
    lower(regexp_replace(normalize(translate(name, 'ĐđÐð', 'DdDd'), NFKD), '[\u0300-\u036f]', '', 'g') COLLATE "C"),
    '[^a-z]+', ' ', 'g'));
COMMENT ON FUNCTION registry.plain_name(text) IS 'a name without accents, in lower case, its words parted by single spaces; the same as gisland.kit.text.plain_name';

CREATE SCHEMA search;
CREATE FUNCTION search.deletions(name text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
RETURN (
    SELECT coalesce(array_agg(DISTINCT hashtextextended(left(letters, gone - 1) || substr(letters, gone + 1), 0)), '{}')
      FROM (SELECT left(replace(name, ' ', '') COLLATE "C", 64)) joined(letters),
           generate_series(1, length(letters) + 1) gone
     WHERE length(letters) >= 4
);
COMMENT ON FUNCTION search.deletions(text) IS 'hashes of a plain name without its spaces, whole and less one letter: two names that share one differ by a letter more, less, other or moved';
"""

NAMES = """
ALTER TABLE registry.holder
    ADD plain_name text COLLATE "C" GENERATED ALWAYS AS (registry.plain_name(full_name)) STORED NOT NULL;
-- Usage: holders by name, with or without accents, in the city or in wards
CREATE INDEX holder_plain_name ON registry.holder (plain_name, ward_id, name_key);

CREATE TABLE search.name (
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    words text[] NOT NULL GENERATED ALWAYS AS (string_to_array(name, ' ')) STORED
);
COMMENT ON TABLE search.name IS 'each accent-less name that a holder bears or bore: once, or as often as transactions brought it at the same time';
-- Usage: names that are known; that begin with what was typed; that hold these words; with a typo. No index is unique: of
-- two imports with a name that is new, the second would wait until the first is done.
CREATE INDEX name_name ON search.name (name);
CREATE INDEX name_words ON search.name USING gin (words);
CREATE INDEX name_deletions ON search.name USING gin (search.deletions(name));
INSERT INTO search.name (name) SELECT DISTINCT plain_name FROM registry.holder WHERE plain_name <> '';

-- States from before are searched by nobody, but are read like the others.
DO $$
BEGIN
    IF to_regclass('history.holder') IS NOT NULL THEN
        ALTER TABLE history.holder ADD plain_name text COLLATE "C";
        UPDATE history.holder SET plain_name = registry.plain_name(full_name);
    END IF;
END
$$;
"""

# Keys that begin with what is typed serve a ward and a city alike.
NUMBERS = """
-- Usage: sheets by number; parcels that are retired by number
CREATE INDEX map_sheet_number ON registry.map_sheet (sheet_no, ward_id);
CREATE INDEX parcel_number_retired ON registry.parcel (map_sheet_id, parcel_no) WHERE retired_by IS NOT NULL;
-- Usage: a parcel by any of its numbers
DROP INDEX registry.parcel_number_number;
CREATE INDEX parcel_number_number ON registry.parcel_number (parcel_no, sheet_no, ward_id);
CREATE INDEX certificate_parcel_number ON registry.certificate_parcel (paper_parcel_no, paper_sheet_no) WHERE paper_parcel_no <> '';
-- Usage: find by serial (old certificates may have none)
DROP INDEX registry.certificate_serial;
CREATE INDEX certificate_serial ON registry.certificate (serial_key, ward_id) WHERE serial_key <> '';
"""


def upgrade() -> None:
    """Create the keys and fill them for the rows that are there."""
    op.execute(FUNCTIONS)
    # Checks that wait for the commit hold up a change of the table.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(NAMES)
    op.execute(NUMBERS)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
