"""OGC API – Tiles: features as Mapbox Vector Tiles, drawn in the database, kept while their ground is as it was."""
