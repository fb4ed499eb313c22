"""Who did what: rows written in the transaction of the act."""
