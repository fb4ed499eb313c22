-- What each role may touch (design §8). Tables of published layers get theirs when a layer is applied.
REVOKE ALL ON ALL TABLES IN SCHEMA registry, history, search, verification, intake, printing, publish, security, audit
    FROM gisland_app, gisland_staff, gisland_public, gisland_publisher;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA registry, history, search, publish, security, audit FROM PUBLIC;

-- app: the registry's work; append-only tables only grow.
GRANT USAGE ON SCHEMA registry, history, search, verification, intake, printing, publish, publisher, published, published_staff, security, audit TO gisland_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA registry TO gisland_app;
REVOKE UPDATE ON registry.change FROM gisland_app;
-- Rows of lists, and rights that wait on a certificate for their parcel; what has a life of its own is retired instead.
GRANT DELETE ON registry.land_use, registry.holding, registry.certificate_parcel, registry.certificate_asset,
                registry.asset_parcel, registry.parcel_number, registry.parcel_lineage, registry.document_link,
                registry.unit_successor TO gisland_app;
GRANT SELECT ON ALL TABLES IN SCHEMA history TO gisland_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA history TO gisland_app;
-- Without a policy: who bears a name is found in registry.holder, under its own.
GRANT SELECT ON search.name TO gisland_app;
GRANT SELECT, INSERT ON verification.evidence, verification.list, verification.list_row, intake.batch, intake.source_row TO gisland_app;
-- What was ordered, by whom and with which rights, never changes.
GRANT SELECT, INSERT, DELETE, UPDATE (state, progress, message, attempts, started_at, seen_at, finished_at, expires_at, file_name,
                                      media_type, size_bytes, sha256, print_id, pages, data_version, names, exact, wards)
    ON printing.job TO gisland_app;
GRANT SELECT, INSERT, DELETE ON printing.result TO gisland_app;
GRANT SELECT ON verification.status_in_reach TO gisland_app;
GRANT SELECT ON publish.layer, publish.status, publish.data_version, published.change_version TO gisland_app;
GRANT SELECT, INSERT, UPDATE ON security.account TO gisland_app;
GRANT SELECT, INSERT, DELETE ON security.grant, security.session TO gisland_app;
GRANT UPDATE (seen_at) ON security.session TO gisland_app;
-- What a token may do never changes.
GRANT SELECT, INSERT, UPDATE (used_at, revoked_at) ON security.token TO gisland_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON security.attempt TO gisland_app;
GRANT SELECT ON security.epoch TO gisland_app;
GRANT SELECT ON security.id_key TO gisland_app;
GRANT EXECUTE ON FUNCTION security.id_key_in_use() TO gisland_app;
-- The id, time and transaction of an event are never said; seals are made by audit.seal only.
GRANT SELECT, INSERT (subject, tag, ward_id, object, detail) ON audit.event TO gisland_app;
GRANT SELECT ON audit.seal, audit.sealer, audit.dropped_month TO gisland_app;
GRANT EXECUTE ON FUNCTION audit.seal(int) TO gisland_app;
-- What an alert says of whom never changes; that it goes on, and who has looked at it, does.
GRANT SELECT, INSERT, UPDATE (last_at, amount, detail, told_at, acknowledged_at, acknowledged_by, note) ON audit.alert TO gisland_app;
GRANT SELECT, INSERT, UPDATE (due_at, attempts, delivered_at, error) ON audit.delivery TO gisland_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.tally TO gisland_app;
GRANT SELECT, UPDATE (position, watched_at, proven_at, proven) ON audit.watch TO gisland_app;
GRANT EXECUTE ON FUNCTION audit.records_of(jsonb), audit.unsealed(), audit.wards_of(int, jsonb),
                          audit.note_unseen(text, text, text, int, text, text) TO gisland_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA registry, verification, intake, security, audit TO gisland_app;
GRANT EXECUTE ON FUNCTION publish.flush(), publish.refresh_all(text), publish.refresh_late(), publish.fold_counts(), publish.feature_count(text),
                          publish.version_at(timestamptz), publish.first_version(text), registry.is_whole(int[], int[]), registry.is_over(date),
                          registry.lock_thing(bigint, bigint, bigint), registry.refuse_right(text, boolean),
                          registry.ancestors(bigint), registry.descendants(bigint), registry.current_change(),
                          registry.taken_codes(text[]),
                          registry.to_wgs84(geometry),
                          registry.plain_name(text), search.deletions(text)
    TO gisland_app;

-- staff and public: read models only.
GRANT USAGE ON SCHEMA published, published_staff, publish TO gisland_staff;
GRANT USAGE ON SCHEMA published, publish TO gisland_public;
GRANT EXECUTE ON FUNCTION publish.feature_count(text), publish.version_at(timestamptz), publish.first_version(text),
                          publish.planes(text), publish.from_wgs84(geometry, int), publish.words(text[]), publish.meets(geometry, geometry), publish.place_names(int),
                          publish.newest_version()
    TO gisland_staff, gisland_public;
GRANT SELECT ON published.change_version, published.tile_region TO gisland_staff, gisland_public;
-- What staff were given is noted in the transaction that gives it.
GRANT USAGE ON SCHEMA audit TO gisland_staff;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.note_staff_reading(text, text, int) TO gisland_staff;

-- publisher: the columns that public layers may be made of. No name, no id, no address of a person, no serial.
GRANT USAGE ON SCHEMA registry, verification TO gisland_publisher;
GRANT USAGE, CREATE ON SCHEMA publisher TO gisland_publisher;
GRANT SELECT ON registry.unit, registry.residential_group, registry.map_sheet, registry.land_use, registry.certificate_parcel TO gisland_publisher;
GRANT SELECT (id, ward_id, map_sheet_id, residential_group_id, parcel_no, parcel_code, srid, geom, geom_4326, area_m2,
              legal_area_m2, label_east, label_north, label_angle, created_by, retired_by, valid_from, valid_to,
              version, updated_at) ON registry.parcel TO gisland_publisher;
GRANT SELECT (id, valid_on, undoes) ON registry.change TO gisland_publisher;
GRANT SELECT (ancestor_id, descendant_id) ON registry.parcel_lineage TO gisland_publisher;
GRANT SELECT (id, ward_id, parcel_id, holder_id, certificate_id, role, retired_by, updated_at) ON registry.holding TO gisland_publisher;
GRANT SELECT (id, ward_id, issue_date, kind) ON registry.certificate TO gisland_publisher;
GRANT SELECT ON verification.holder_status, publish.status, publish.progress, publish.held_parcel TO gisland_publisher;
-- Views ask for them in the name of who reads them.
GRANT EXECUTE ON FUNCTION registry.to_wgs84(geometry), publish.share(bigint, bigint), publish.progress_class(bigint, bigint), publish.progress_of(text, bigint)
    TO gisland_publisher, gisland_backup;
GRANT USAGE ON SCHEMA publish TO gisland_publisher;

-- app: the job queue.
GRANT USAGE ON SCHEMA jobs TO gisland_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO gisland_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO gisland_app;
