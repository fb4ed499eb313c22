"""Published layers: from `config/layers/` to tables of their own, and from those to OGC API – Features."""
