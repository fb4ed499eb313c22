"""The web app: the map page and its files."""
