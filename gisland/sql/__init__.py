"""SQL of the schema: roles, functions, triggers, grants; idempotent files."""
