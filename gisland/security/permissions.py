"""The closed list of permissions and of the roles that have them."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """`noun:action`, in alphabetical order. `public:read` is what nobody needs to sign in for.

    Some of them say what is shown of persons: `person:read` their names, dates of birth and addresses, `identity:read`
    their national ids, masked, and `identity:reveal` one id in clear, with a reason. `verification:confirm` shows all
    of that, in clear, to those who confirm identities: of the persons on a list for the police, and of nobody else. See
    `gisland.security.mask`.
    """

    ACCOUNT_MANAGE = "account:manage"
    ALERT_ACKNOWLEDGE = "alert:acknowledge"
    ALERT_READ = "alert:read"
    AUDIT_MANAGE = "audit:manage"
    AUDIT_READ = "audit:read"
    BENCH_RUN = "bench:run"
    DATABASE_MANAGE = "database:manage"
    DEMO_GENERATE = "demo:generate"
    EVIDENCE_IMPORT = "evidence:import"
    FORM_IMPORT = "form:import"
    IDENTITY_READ = "identity:read"
    IDENTITY_REVEAL = "identity:reveal"
    LAYER_APPLY = "layer:apply"
    MAP_PRINT = "map:print"
    METRICS_READ = "metrics:read"
    PARCEL_IMPORT = "parcel:import"
    PERSON_READ = "person:read"
    PUBLIC_READ = "public:read"
    REGISTRY_READ = "registry:read"
    REGISTRY_SEARCH = "registry:search"
    REGISTRY_WRITE = "registry:write"
    SERVICE_RUN = "service:run"
    STAFF_LAYER_READ = "staff_layer:read"
    UNIT_ADD = "unit:add"
    VERIFICATION_CONFIRM = "verification:confirm"
    VERIFICATION_READ = "verification:read"
    VERIFICATION_SEND = "verification:send"


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
_VIEWER = ANYONE | {Permission.MAP_PRINT, Permission.REGISTRY_READ, Permission.STAFF_LAYER_READ}
_OFFICER = _VIEWER | {
    Permission.IDENTITY_READ,
    Permission.PERSON_READ,
    Permission.REGISTRY_SEARCH,
    Permission.VERIFICATION_READ,
}
_REGISTRAR = _OFFICER | {
    Permission.EVIDENCE_IMPORT,
    Permission.FORM_IMPORT,
    Permission.IDENTITY_REVEAL,
    Permission.PARCEL_IMPORT,
    Permission.REGISTRY_WRITE,
    Permission.VERIFICATION_SEND,
}

# Where a role may do so is said by whoever grants it: in the whole service, a ward, or a residential group.
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    # The land and its papers, and nothing of persons.
    Role.VIEWER: _VIEWER,
    # Whom to visit in the own residential group, and its papers; never a national id, not even masked.
    Role.GROUP_HEAD: ANYONE | {Permission.MAP_PRINT, Permission.PERSON_READ, Permission.STAFF_LAYER_READ},
    Role.OFFICER: _OFFICER,
    Role.REGISTRAR: _REGISTRAR,
    # The rows of the lists of the own wards, whose persons they confirm; nothing of the registry.
    Role.POLICE: ANYONE | {Permission.VERIFICATION_CONFIRM, Permission.VERIFICATION_READ},
    # Acts and opaque ids.
    Role.AUDITOR: ANYONE | {Permission.ALERT_ACKNOWLEDGE, Permission.ALERT_READ, Permission.AUDIT_READ},
    Role.ADMIN: frozenset(Permission),
}
# Granted in a residential group only, and nothing else is.
OF_A_GROUP = frozenset({Role.GROUP_HEAD})

# What can be granted within a ward or group. The rest is of the whole service: who has it in a ward has nothing.
WITHIN_WARDS = frozenset().union(*(PERMISSIONS[each] for each in Role if each not in {Role.ADMIN, Role.AUDITOR}))
# What a token may be for. Rights are given by people: whoever finds a token must not make accounts with it.
FOR_TOKENS = frozenset(Permission) - ANYONE - {Permission.ACCOUNT_MANAGE}
