"""Who may do what: permissions, roles, identity, and the keys that protect national ids."""
