-- Vector tiles (WebMercatorQuad): the geometry they are drawn of, and which state of the ground they show. Idempotent.

-- Web Mercator as far as it goes; beyond 85.06° there are no tiles. Names are written out: generated columns are computed
-- under whatever search_path there is.
CREATE OR REPLACE FUNCTION publish.mercator(shape public.geometry) RETURNS public.geometry LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN public.st_transform(
    CASE WHEN public.st_ymin(shape) < -85.06 OR public.st_ymax(shape) > 85.06
         THEN public.st_intersection(shape, public.st_makeenvelope(-180, -85.06, 180, 85.06, 4326)) ELSE shape END, 3857);

-- Column and row of a point (degrees) in WebMercatorQuad at a zoom; points beyond the edge lie in the outermost ones.
CREATE OR REPLACE FUNCTION publish.tile_x(longitude float8, zoom int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(0, least((1 << zoom) - 1, floor((longitude + 180) / 360 * (1 << zoom))))::int;
CREATE OR REPLACE FUNCTION publish.tile_y(latitude float8, zoom int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(0, least((1 << zoom) - 1, floor((1 - ln(tan(radians(45 + greatest(-85.06, least(85.06, latitude)) / 2))) / pi()) / 2 * (1 << zoom))))::int;

-- The square of zoom 24 (2.4 m) that the middle of a box lies in: the bits of its column and row in turn. So what lies on
-- one tile, or on one square of a raster, has numbers that follow one another.
CREATE OR REPLACE FUNCTION publish.spread_bits(number bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    number := (number | (number << 16)) & 281470681808895;      -- 0000ffff0000ffff
    number := (number | (number << 8)) & 71777214294589695;     -- 00ff00ff00ff00ff
    number := (number | (number << 4)) & 1085102592571150095;   -- 0f0f…
    number := (number | (number << 2)) & 3689348814741910323;   -- 3333…
    RETURN (number | (number << 1)) & 6148914691236517205;      -- 5555…
END
$$;
CREATE OR REPLACE FUNCTION publish.cell_of(west float8, south float8, east float8, north float8) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN publish.spread_bits(publish.tile_x((west + east) / 2, 24)) | (publish.spread_bits(publish.tile_y((south + north) / 2, 24)) << 1);

-- The regions that a box touches, a centimetre around it included; -1, -1 when they are too many.
CREATE OR REPLACE FUNCTION publish.regions_of(west float8, south float8, east float8, north float8) RETURNS TABLE (x int, y int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN few THEN column_ ELSE -1 END, CASE WHEN few THEN row_ ELSE -1 END
      FROM (SELECT x0, y0, x1, y1, (x1 - x0 + 1)::bigint * (y1 - y0 + 1) <= 1024 AS few
              FROM (SELECT publish.tile_x(west - 1e-7, 16) AS x0, publish.tile_y(north + 1e-7, 16) AS y0,
                           publish.tile_x(east + 1e-7, 16) AS x1, publish.tile_y(south - 1e-7, 16) AS y1) corner) span,
           generate_series(x0, CASE WHEN few THEN x1 ELSE x0 END) column_,
           generate_series(y0, CASE WHEN few THEN y1 ELSE y0 END) row_
$$;

-- Regions as one number each.
CREATE OR REPLACE FUNCTION publish.packed_region(x int, y int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (x + 1) * 131072::bigint + y + 1;

-- Give regions another number. Numbers are random: those of the regions of a tile are put together by XOR, and a tile that
-- was drawn before a dump was restored must not come to life again. Called under the lock of the data version, so two
-- transactions never wait for regions in a circle.
CREATE OR REPLACE FUNCTION publish.renew_regions(of_layer text, regions bigint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog AS $$
    INSERT INTO published.tile_region AS r (layer, x, y, stamp)
    SELECT of_layer, region / 131072 - 1, region % 131072 - 1, hashtextextended(gen_random_uuid()::text, 0)
      FROM unnest(regions) region ORDER BY region
    ON CONFLICT (layer, x, y) DO UPDATE SET stamp = excluded.stamp
$$;

-- All regions of a layer that was made anew; where it has no feature any more there is none.
CREATE OR REPLACE FUNCTION publish.renew_all_regions(of_layer text, target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM published.tile_region WHERE layer = of_layer;
    EXECUTE format('SELECT publish.renew_regions($1, ARRAY(SELECT DISTINCT publish.packed_region(x, y) '
                   'FROM %s t, publish.regions_of(t._west, t._south, t._east, t._north)))', target) USING of_layer;
END
$$;
