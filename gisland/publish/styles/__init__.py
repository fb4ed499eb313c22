"""How layers look: one model made of the palette, written as MapLibre style, SLD, QML and legend."""
