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
  WEB METADATA
    "ows_enable_request" "*"
    "oga_onlineresource" "{url}/bench/ogcapi"
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
  "socket" => "{folder}/mapserver.sock", "bin-path" => "{mapserv}", "max-procs" => {workers},
  "check-local" => "disable", "fix-root-scriptname" => "enable",
  "bin-environment" => ("MAPSERVER_CONFIG_FILE" => "{config}")
)))
"""
