"""The closed list of permissions and of the roles that have them."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """`noun:action`, in alphabetical order. `public:read` is what nobody needs to sign in for."""

    ACCOUNT_MANAGE = "account:manage"
    AUDIT_MANAGE = "audit:manage"
    AUDIT_READ = "audit:read"
    BENCH_RUN = "bench:run"
    DATABASE_MANAGE = "database:manage"
    DEMO_GENERATE = "demo:generate"
    EVIDENCE_IMPORT = "evidence:import"
    FORM_IMPORT = "form:import"
    IDENTITY_REVEAL = "identity:reveal"
    LAYER_APPLY = "layer:apply"
    PARCEL_IMPORT = "parcel:import"
    PUBLIC_READ = "public:read"
    REGISTRY_READ = "registry:read"
    REGISTRY_SEARCH = "registry:search"
    REGISTRY_WRITE = "registry:write"
    SERVICE_RUN = "service:run"
    STAFF_LAYER_READ = "staff_layer:read"
    UNIT_ADD = "unit:add"


class Role(StrEnum):
    """The roles of people (design §8)."""

    VIEWER = "viewer"
    GROUP_HEAD = "group_head"
    OFFICER = "officer"
    REGISTRAR = "registrar"
    POLICE = "police"
    AUDITOR = "auditor"
    ADMIN = "admin"


ANYONE = frozenset({Permission.PUBLIC_READ})
_OFFICER = ANYONE | {Permission.REGISTRY_READ, Permission.REGISTRY_SEARCH, Permission.STAFF_LAYER_READ}
_REGISTRAR = _OFFICER | {
    Permission.EVIDENCE_IMPORT,
    Permission.FORM_IMPORT,
    Permission.IDENTITY_REVEAL,
    Permission.PARCEL_IMPORT,
    Permission.REGISTRY_WRITE,
    Permission.UNIT_ADD,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: ANYONE,
    Role.GROUP_HEAD: ANYONE,
    Role.OFFICER: _OFFICER,
    Role.REGISTRAR: _REGISTRAR,
    Role.POLICE: ANYONE,
    Role.AUDITOR: ANYONE | {Permission.AUDIT_READ},
    Role.ADMIN: frozenset(Permission),
}
