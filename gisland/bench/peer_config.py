"""Configuration files of the peers, as their makers' documentation shows them; what is in braces is filled in."""

PYGEOAPI = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: {url}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 10, max_items: {most}}}
  map: {{url: "{url}", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: bench, description: bench, keywords: [bench], terms_of_service: none, url: "{url}"}}
  license: {{name: none, url: "{url}"}}
  provider: {{name: bench, url: "{url}"}}
  contact: {{name: bench}}
resources:
  {layer}:
    type: collection
    title: {layer}
    description: {layer}
    keywords: [bench]
    extents: {{spatial: {{bbox: [-180, -90, 180, 90]}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {data}
        options: {options}
        id_field: id
        table: {table}
        geom_field: {geometry}
"""

MAP = """
MAP
  NAME "bench"
  EXTENT -180 -90 180 90
  UNITS DD
  PROJECTION "init=epsg:4326" END
  OUTPUTFORMAT
    NAME "mvt"
    DRIVER "MVT"
    FORMATOPTION "EXTENT=4096"
    FORMATOPTION "EDGE_BUFFER=64"
  END
  WEB METADATA
    "ows_enable_request" "*"
  END END
  LAYER
    NAME "{layer}"
    TYPE POLYGON
    STATUS ON
    CONNECTIONTYPE POSTGIS
    CONNECTION "{connection}"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    DATA "{geometry} FROM {table} USING UNIQUE id USING SRID=4326"
    PROJECTION "init=epsg:4326" END
    TEMPLATE "none"
    METADATA
      "ows_title" "{layer}"
      "gml_featureid" "id"
      "gml_include_items" "all"
      "gml_types" "auto"
      "oga_max_limit" "{most}"
    END
  END
END
"""

MAPSERVER = """
CONFIG
  ENV
    "MS_MAP_PATTERN" "."
  END
  MAPS
    bench "{map_file}"
  END
END
"""

LIGHTTPD = """
server.modules = ("mod_fastcgi")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}"
server.max-keep-alive-requests = 1000000
fastcgi.server = ("/" => ((
  "socket" => "{folder}/{name}.sock", "bin-path" => "{program}", "max-procs" => {workers},
  "check-local" => "disable", "fix-root-scriptname" => "enable",
  "bin-environment" => ({environment})
)))
"""

# QGIS takes an id of a layer for one only when it is longer than 10 characters.
QGIS_PROJECT = """<!DOCTYPE qgis>
<qgis version="3.22" projectname="bench">
  <projectCrs><spatialrefsys><authid>EPSG:4326</authid></spatialrefsys></projectCrs>
  <projectlayers>
    <maplayer type="vector" geometry="Polygon">
      <id>{layer}_of_the_bench</id>
      <datasource>{connection} key='id' srid=4326 type=Polygon checkPrimaryKeyUnicity='0' estimatedmetadata=true
        table="{schema}"."{table}" ({geometry})</datasource>
      <layername>{layer}</layername>
      <shortname>{layer}</shortname>
      <srs><spatialrefsys><authid>EPSG:4326</authid></spatialrefsys></srs>
      <provider encoding="UTF-8">postgres</provider>
    </maplayer>
  </projectlayers>
  <properties>
    <WFSLayers type="QStringList"><value>{layer}_of_the_bench</value></WFSLayers>
    <WFSLayersPrecision><{layer}_of_the_bench type="int">7</{layer}_of_the_bench></WFSLayersPrecision>
  </properties>
</qgis>
"""
