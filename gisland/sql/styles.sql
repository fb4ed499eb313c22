-- What QGIS looks for when it opens a table of PostGIS: how it is drawn. Names and columns are QGIS's own.
-- `gisland layer apply` writes it, from the palette alone.
CREATE TABLE IF NOT EXISTS public.layer_styles (
    id serial PRIMARY KEY,
    f_table_catalog varchar NOT NULL,
    f_table_schema varchar NOT NULL,
    f_table_name varchar NOT NULL,
    f_geometry_column varchar NOT NULL,
    stylename text NOT NULL,
    styleqml xml NOT NULL,
    stylesld xml,
    useasdefault boolean NOT NULL,
    description text,
    owner varchar(63) NOT NULL DEFAULT current_user,
    ui xml,
    update_time timestamp NOT NULL DEFAULT current_timestamp,
    type varchar,
    -- Usage: gisland layer apply
    UNIQUE (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, stylename)
);
COMMENT ON TABLE public.layer_styles IS 'Kiểu thể hiện các lớp cho QGIS · How QGIS draws the published tables; holds no data';
-- Who does not see a layer does not see how it looks either: a style names its statuses.
ALTER TABLE public.layer_styles ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS of_all ON public.layer_styles;
CREATE POLICY of_all ON public.layer_styles FOR SELECT TO gisland_public USING (f_table_schema = 'published');
DROP POLICY IF EXISTS of_staff ON public.layer_styles;
CREATE POLICY of_staff ON public.layer_styles FOR SELECT TO gisland_staff, gisland_backup USING (true);
REVOKE ALL ON public.layer_styles FROM PUBLIC;
GRANT SELECT ON public.layer_styles TO gisland_public, gisland_staff;
