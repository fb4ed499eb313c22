"""Nameless helpers that every room may use; they know nothing of the database or the web."""
