"""Readers of files, one per family of formats. They know nothing of parcels or people."""
