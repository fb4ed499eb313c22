"""gisland: the cadastral GIS service of a ward that cleans its land database."""

__version__ = "0.1.0"
