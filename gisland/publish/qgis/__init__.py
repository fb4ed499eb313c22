"""Projects for QGIS: layers with their styles, names and labels, ready to be opened."""
