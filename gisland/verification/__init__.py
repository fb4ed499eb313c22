"""Verification: evidence of who the holders are. Append-only; the status of a holder is derived from it."""
