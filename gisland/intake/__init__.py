"""Intake: files are read, checked, staged, counted and accepted in one transaction, or refused as a whole.

`formats` read files, `layouts` say which column is which field (data: `config/intake/*.yml`), `normalise` repairs cells
where the repair is safe, `parcels` and `forms` take in one kind of file each, `staging` is what they share.
"""
