"""Printed maps: layout → labels → draw → pdf → finish. What a product looks like is said in `config/print/<id>/`."""
