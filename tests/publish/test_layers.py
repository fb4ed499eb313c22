"""Applying layers: what is made, what is refused, and who may read what."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import Role, connect
from gisland.errors import UsageError
from gisland.publish import layers
from gisland.settings import Settings
from tests.factories import one
from tests.publish.conftest import Ward


def edit(settings: Settings, file: str, old: str, new: str) -> None:
    path = settings.config_dir / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def state(settings: Settings) -> object:
    """All that applying a layer changes."""
    with connect(settings, Role.BACKUP) as connection:
        return connection.execute("""
            SELECT array_agg((pg_class.oid, relname, relowner::regrole, relacl)::text ORDER BY pg_class.oid),
                   (SELECT array_agg(layer::text) FROM publish.layer),
                   (SELECT array_agg(status::text) FROM publish.status)
              FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'publish%'""").fetchall()


def test_an_unchanged_definition_costs_nothing(settings: Settings, catalogue: Catalogue) -> None:
    before = state(settings)
    assert not any(done.changed for done in layers.apply_layers(settings, catalogue))
    assert state(settings) == before


def noted(settings: Settings) -> list[tuple[object, ...]]:
    """What the audit log says of layers, but for what the program itself did when the database was made."""
    with connect(settings, Role.APP) as connection:
        query = """
            SELECT subject, tag, object, detail FROM audit.event
             WHERE tag LIKE 'layer:%' AND subject <> 'system' ORDER BY id"""
        return connection.execute(query).fetchall()


def test_who_did_what_to_a_layer_is_noted_with_the_act(own_config: Settings, ward: Ward) -> None:
    ward.add_parcels(2)
    made = {"public": True, "features": 2}
    layers.apply_layers(own_config, load_catalogue(own_config), by="cli:a")
    assert noted(own_config) == [], "nothing was done"
    edit(own_config, "layers/parcels/view.sql", "p.parcel_no,", "p.parcel_no || 'x' AS parcel_no,")
    catalogue = load_catalogue(own_config)
    layers.apply_layers(own_config, catalogue, by="cli:a")
    layers.rebuild_layer(own_config, catalogue, "parcels", by="cli:b")
    assert layers.drop_layer(own_config, "parcels", by="cli:c")
    assert not layers.drop_layer(own_config, "parcels", by="cli:c")
    acts: list[tuple[object, ...]] = [
        ("cli:a", "layer:applied", "parcels", made),
        ("cli:b", "layer:rebuilt", "parcels", made),
        ("cli:c", "layer:dropped", "parcels", {}),
    ]
    assert noted(own_config) == acts
    # What is taken back is not noted: the first of the two layers could be applied, the second could not.
    edit(own_config, "layers/parcels-staff/view.sql", "SELECT", "SELECT no_such_column,")
    with pytest.raises(UsageError):
        layers.apply_layers(own_config, load_catalogue(own_config), by="cli:a")
    assert noted(own_config) == acts


def test_a_changed_definition_makes_the_table_anew_and_readers_keep_their_rights(
    own_config: Settings, ward: Ward
) -> None:
    ward.add_parcels(3)
    edit(own_config, "layers/parcels/view.sql", "p.parcel_no,", "p.parcel_no || 'x' AS parcel_no,")
    done = layers.apply_layers(own_config, load_catalogue(own_config))
    assert [(each.layer, each.changed, each.features) for each in done[:3]] == [
        ("parcels", True, 3),
        ("parcels-former", False, 0),
        ("parcels-staff", False, 3),
    ]
    assert not any(each.changed for each in done[2:])
    with connect(own_config, Role.PUBLIC) as connection:
        assert one(connection, "SELECT count(*) FROM published.parcels WHERE parcel_no LIKE '%%x'") == 3
        assert one(connection, "SELECT publish.feature_count('parcels')") == 3


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("(SELECT full_name FROM registry.holder LIMIT 1)", "permission denied for table holder"),
        ("(SELECT serial FROM registry.certificate LIMIT 1)", "permission denied for table certificate"),
        ("p.address", "permission denied for table parcel"),
        # A function that runs with its caller's rights reads no more than the publisher may.
        (
            "query_to_xml('SELECT full_name FROM registry.holder', true, true, '')::text",
            "permission denied for table holder",
        ),
    ],
)
def test_a_public_view_with_a_personal_column_is_refused_and_nothing_changes(
    own_config: Settings, ward: Ward, column: str, told: str
) -> None:
    ward.add_parcels(1)
    before = state(own_config)
    edit(own_config, "layers/parcels/view.sql", "p.parcel_no,", f"{column} AS parcel_no,")
    with pytest.raises(UsageError, match=told) as caught:
        layers.apply_layers(own_config, load_catalogue(own_config))
    assert "\n" not in str(caught.value)
    assert "layer parcels, file view.sql" in str(caught.value)
    assert state(own_config) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("view.sql", "p.parcel_no,", "p.parcel_noo,", "column p.parcel_noo does not exist"),
        ("view.sql", "p.parcel_no,", "", "field parcel_no: view.sql does not give this field"),
        (
            "view.sql",
            "p.parcel_no,",
            "p.parcel_no, 1 AS extra,",
            "field extra: view.sql gives it, but it is not declared",
        ),
        ("view.sql", "p.parcel_no,", "1 AS parcel_no,", "field parcel_no: it is of the type int4 — cast it to text"),
        (
            "layer.yml",
            "SELECT id FROM changed",
            "SELECT idd FROM changed",
            "touched_by.registry.parcel: it does not run",
        ),
    ],
)
def test_a_layer_that_does_not_fit_is_refused(own_config: Settings, file: str, old: str, new: str, told: str) -> None:
    before = state(own_config)
    edit(own_config, f"layers/parcels/{file}", old, new)
    catalogue = load_catalogue(own_config)
    with pytest.raises(UsageError, match=told):
        layers.check_layers(own_config, catalogue)
    with pytest.raises(UsageError, match=told):
        layers.apply_layers(own_config, catalogue)
    assert state(own_config) == before


def test_another_order_of_the_palette_renews_all_layers(own_config: Settings, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    ward.add_holder(parcel, "deceased")
    ward.add_holder(parcel, "mismatch")
    assert ward.exact_status(parcel) == "mismatch"
    palette = own_config.config_dir / "palette.yml"
    lines = palette.read_text().splitlines()
    deceased = next(line for line in lines if line.startswith("  deceased:"))
    lines.remove(deceased)
    lines.insert(lines.index("exact:") + 1, deceased)
    palette.write_text("\n".join(lines))
    done = layers.apply_layers(own_config, load_catalogue(own_config), "parcels")
    assert len(done) == len(load_catalogue(own_config).layers)
    assert all(each.changed for each in done)
    assert ward.exact_status(parcel) == "deceased"


def test_a_dropped_layer_is_gone_and_changes_go_on(settings: Settings, catalogue: Catalogue, ward: Ward) -> None:
    ward.add_parcels(1)
    assert layers.drop_layer(settings, "parcels")
    assert not layers.drop_layer(settings, "parcels")
    ward.add_parcels(1)
    assert [done.features for done in layers.apply_layers(settings, catalogue)][:3] == [2, 0, 2]


def test_a_layer_that_is_public_no_longer_leaves_nothing_behind(own_config: Settings) -> None:
    scope = "public: false\nscope: {ward: ward_code, group: group_code}"
    edit(own_config, "layers/parcels/layer.yml", "public: true", scope)
    layers.apply_layers(own_config, load_catalogue(own_config), "parcels")
    with connect(own_config, Role.APP) as connection:
        query = "SELECT to_regclass('published.parcels'), to_regclass('publisher.parcels')"
        assert connection.execute(query).fetchone() == (None, None)
        assert connection.execute("SELECT to_regclass('published_staff.parcels')").fetchone() != (None,)
    assert not {name for name in readable(own_config, Role.PUBLIC) if name.endswith(".parcels")}


def readable(settings: Settings, role: Role) -> set[str]:
    """All relations of ours that a role may read in some way, and all of ours that it may write."""
    with connect(settings, Role.BACKUP) as connection:
        rows = connection.execute(
            """
            SELECT format('%%s.%%s', nspname, relname)
              FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
             WHERE relkind IN ('r', 'v', 'm', 'p', 'f')
               AND nspname NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'
               AND has_schema_privilege(%(role)s, nspname, 'USAGE')
               AND (has_any_column_privilege(%(role)s, pg_class.oid, 'SELECT, INSERT, UPDATE')
                    OR has_table_privilege(%(role)s, pg_class.oid, 'DELETE, TRUNCATE, REFERENCES, TRIGGER'))
            """,
            {"role": role.value},
        ).fetchall()
    return {name for (name,) in rows} - {
        "public.geometry_columns",
        "public.geography_columns",
        "public.spatial_ref_sys",
    }


def tables_of(layer: str) -> set[str]:
    return {layer, f"{layer}__geojson", f"{layer}__history"}


def test_the_public_role_reads_published_and_nothing_else(own_config: Settings) -> None:
    public = ("parcels", "parcels_former", "map_sheets", "residential_groups", "wards")
    own = {name for layer in public for name in tables_of(f"published.{layer}")}
    own |= {"published.change_version", "published.tile_region", "public.layer_styles"}
    assert readable(own_config, Role.PUBLIC) == own
    assert readable(own_config, Role.STAFF) == own | tables_of("published_staff.parcels_staff")
    # Another staff layer.
    folder = own_config.config_dir / "layers"
    shutil.copytree(folder / "parcels-staff", folder / "more-staff")
    layers.apply_layers(own_config, load_catalogue(own_config))
    assert readable(own_config, Role.PUBLIC) == own
    assert "published_staff.more_staff" in readable(own_config, Role.STAFF)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM registry.parcel",
        "SELECT 1 FROM registry.holder",
        "SELECT 1 FROM verification.holder_status",
        "SELECT 1 FROM published_staff.parcels_staff",
        "SELECT 1 FROM publish.layer",
        "SELECT 1 FROM publisher.parcels",
        "SELECT 1 FROM audit.event",
        "SELECT publish.flush()",
        "UPDATE published.parcels SET parcel_no = ''",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE TABLE public.mine (id int)",
    ],
)
def test_the_public_role_is_refused(settings: Settings, query: str) -> None:
    with connect(settings, Role.PUBLIC) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(query)
