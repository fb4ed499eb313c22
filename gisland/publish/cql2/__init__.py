"""CQL2 (OGC 21-065r2): filter expressions as text and as JSON → one tree → a condition with bound parameters.

    text.py, json_form.py   what was asked for → the tree of nodes.py; both give the same tree for the same expression
    sql.py …                the tree → SQL, by allow-lists of operators, functions and properties

What the standard leaves open is settled so:

- An expression is TRUE, FALSE or NULL (unknown); what is not TRUE is not shown. Whatever compares with a missing value
  is NULL, also a BETWEEN, an interval or an array with a missing part.
- Types are not cast, but for text in quotes where a date or time is expected. Where a date meets a time, the time is
  taken as its day in UTC.
- Strings are compared by their code points in the normal form NFC, and so are patterns.
- Arithmetic is decimal and exact. What has no number as its result (a division by 0, what is too large) is NULL.
- A BBOX or POINT without height is looked at in the plane, and so is one with heights.
"""
