"""One row per route of the application: who may ask, and the exact status of own and other wards and groups.

Read by `test_matrix_routes`. A route that is neither here nor in `ELSEWHERE` fails there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from gisland.registry.acts import ACTS
from gisland.registry.kinds import KINDS
from gisland.security.permissions import Permission
from tests.registry.conftest import square

if TYPE_CHECKING:
    from tests.security.test_matrix import Place

Values = Callable[["Place"], dict[str, Any]]
Names = Literal["own", "all", "list"] | None

ELSEWHERE: dict[str, str] = {
    **{
        f"POST /api/v1/{act.path.replace('{id}', '{record_id:int}')}": "test_matrix_kinds.test_each_act, by ACTS"
        for act in ACTS.values()
    },
    "POST /api/v1/session": "test_sessions: who signs in has no role yet",
    "POST /api/v1/me/password": "test_sessions, test_accounts: only one's own, by the password there is",
}
"""Routes that have no row, and why."""


@dataclass(frozen=True)
class Row:
    """An outlet: a request, who may make it, and what they are answered."""

    route: str
    """Method and path, as the application has it."""
    needs: Permission | None
    """None: whoever is signed in."""
    ok: int = 200
    hidden: int | None = None
    """The answer for what lies elsewhere, in the words of what nobody has; None: it is the same wherever it lies."""
    path: Values = lambda _: {}
    """What stands in the braces."""
    query: str = ""
    body: Values | None = None
    headers: dict[str, str] = field(default_factory=dict)
    page: bool = False
    """A page leads those who are not signed in to where they can."""
    names: Names = None
    """Names of holders are in it, for who may see persons of the place, or of all places that they reach.

    In a list for the police they are for all who read it, with ids in clear for who confirms them.
    """
    words: str = "AB"
    """The wards where what is hidden is answered in these words; elsewhere only by the same status."""
    answers: Callable[[str, str, int], int] | None = None
    """What differs from the rule: by who asks, the place, and the status by the rule."""

    @property
    def method(self) -> str:
        """Of the request."""
        return self.route.partition(" ")[0]

    def url(self, place: Place) -> str:
        """Of the request about a place."""
        pattern = re.sub(r":\w+\}", "}", self.route.partition(" ")[2])
        return pattern.format(**self.path(place)) + self.query.format(**vars(place))


def _of_all() -> list[Row]:
    """What needs no sign-in, on what is public."""
    ogc = "/ogc/collections/{layer_id}"
    layers = ("", "/items", "/queryables", "/schema", "/sortables", "/styles", "/tiles", "/tiles/{matrix_set}")
    tile = "/tiles/{matrix_set}/{zoom}/{row}/{column}"
    styles = ("", "/{style_id}", "/{style_id}/metadata", "/{style_id}/legend")
    plain = (
        *("/ogc", "/ogc/", "/ogc/api", "/ogc/collections", "/ogc/conformance", "/ogc/functions", "/ogc/processes"),
        *("/ogc/tileMatrixSets", "/ogc/tileMatrixSets/{matrix_set}", "/ogc/tiles", "/ogc/tiles/{matrix_set}"),
        *(f"/ogc{tile}", *(f"/ogc/styles{each}" for each in styles)),
        *("/ogc/processes/{process_id}", f"{ogc}{tile}", *(f"{ogc}{each}" for each in layers)),
        *("/", "/account", "/verify", "/health/live", "/health/ready"),
        *("/api/v1/codes", "/api/v1/codes/{name}", "/api/v1/openapi.json", "/api/v1/palette", "/api/v1/session"),
        *("/api/v1/layers/{layer_id}/counts", "/api/v1/qgis/project"),
    )
    known = {
        "layer_id": "parcels",
        "matrix_set": "WebMercatorQuad",
        "zoom": 0,
        "row": 0,
        "column": 0,
        "style_id": "parcels",
        "process_id": "atlas",
        "name": "certificate_kinds",
    }
    open_to_all, anyone = lambda _: known, Permission.PUBLIC_READ
    return [
        *(Row(f"GET {each}", anyone, path=open_to_all) for each in plain),
        Row(
            "GET /ogc/styles/{style_id}/{name}",
            anyone,
            path=lambda _: {"style_id": "parcels.print", "name": "sprite.json"},
        ),
        # All parcels of the public layer are everybody's.
        Row(f"GET {ogc}/items/{{feature_id}}", anyone, path=lambda it: known | {"feature_id": it.parcel}),
        Row(f"GET {ogc}/export", anyone, path=open_to_all, query="?f=gpkg"),
        Row("GET /verify/{code}", anyone, 404, path=lambda _: {"code": "AAAA-AAAA"}),
        Row("DELETE /api/v1/session", anyone, 204),
    ]


def _of_staff_layers() -> list[Row]:
    ogc = "/ogc/collections/{layer_id}"
    known = {"layer_id": "parcels-staff", "matrix_set": "WebMercatorQuad", "zoom": 0, "row": 0, "column": 0}
    of_layer, reading = lambda _: known, Permission.STAFF_LAYER_READ
    reasoned = lambda _: {"reason": "thử vai trò"}  # noqa: E731 - a value of the table
    paths = ("", "/queryables", "/schema", "/sortables", "/styles", "/tiles", "/tiles/{matrix_set}")
    return [
        *(Row(f"GET {ogc}{each}", reading, path=of_layer) for each in paths),
        Row(f"GET {ogc}/tiles/{{matrix_set}}/{{zoom}}/{{row}}/{{column}}", reading, path=of_layer),
        Row(f"GET {ogc}/items", reading, path=of_layer, names="all"),
        Row(
            f"GET {ogc}/items/{{feature_id}}",
            reading,
            200,
            404,
            lambda it: known | {"feature_id": it.parcel},
            names="all",
        ),
        *(
            Row(f"POST {ogc}/export", reading, path=of_layer, query=f"?f={each}", body=reasoned, names="all")
            for each in EXPORTS
        ),
        # Without a reason there is none, for nobody.
        Row(f"GET {ogc}/export", Permission.PUBLIC_READ, 404, path=of_layer),
        Row("GET /api/v1/layers/{layer_id}/counts", reading, path=of_layer),
        *(
            Row(f"GET /ogc/styles/{{style_id}}{each}", reading, path=lambda _: {"style_id": "parcels-staff"})
            for each in STYLES
        ),
    ]


EXPORTS = ("gpkg", "fgb", "csv", "geojsonseq")
STYLES = ("", "/metadata", "/legend")
# Units, groups and sheets are no secret to those who read anywhere.
OPEN = {"unit": "ward", "group": "group", "sheet": "sheet"}
WHY = {"change": {"reason": "thử vai trò"}}
UNSEEN = {"If-Match": '"1-00000000"'}
_numbers = count(1000)
NEW: dict[str, Values] = {
    "unit": lambda _: {"level": "ward", "code": str(next(_numbers) + 20_000), "name": "Thử", "srid": 9210},
    "group": lambda it: {"ward_id": it.ward, "code": str(next(_numbers)), "name": "Tổ thử"},
    "sheet": lambda it: {"ward_id": it.ward, "sheet_no": str(next(_numbers)), "scale": 500, "srid": 9210},
    "parcel": lambda it: {"map_sheet_id": it.sheet, "parcel_no": str(next(_numbers)), "geometry": square(595_000)},
    "asset": lambda it: {"ward_id": it.ward, "kind": "house"},
    "holder": lambda it: {"ward_id": it.ward, "kind": "person", "full_name": "Thử Ghi"},
    "holding": lambda it: {
        "ward_id": it.ward,
        "parcel_id": it.parcel,
        "holder_id": it.holder,
        "role": "certificate_holder",
    },
    "restriction": lambda it: {"ward_id": it.ward, "certificate_id": it.certificate, "kind": "mortgage"},
    "certificate": lambda it: {
        "ward_id": it.ward,
        "serial": f"DD 40{next(_numbers)}",
        "parcels": [{"parcel_id": it.parcel}],
    },
    "document": lambda it: {"ward_id": it.ward, "kind": "HD"},
}


def _of_the_registry() -> list[Row]:
    read, write = Permission.REGISTRY_READ, Permission.REGISTRY_WRITE
    rows = []
    for kind in KINDS.values():
        name = OPEN.get(kind.name, kind.name)
        one: Values = lambda it, name=name: {"record_id": getattr(it, name)}  # type: ignore[misc]  # noqa: E731 - of the loop
        many, single = f"/api/v1/{kind.path}", f"/api/v1/{kind.path}/{{record_id:int}}"
        elsewhere = None if kind.name in OPEN else 404
        names: Names = "own" if kind.name == "holder" else None
        rows += [
            Row(f"GET {many}", read, names=names),
            Row(f"GET {single}", read, 200, elsewhere, one, names=names),
            Row(f"GET {single}", read, 200, elsewhere, one, query="?as_of={version}", names=names),
            # Whichever it is, nothing is deleted.
            Row(f"DELETE {single}", read, 405, path=one),
        ]
        if not kind.writable:
            continue
        rows.append(Row(f"GET {single}/history", read, 200, elsewhere, one, names=names))
        rows.append(Row(f"PATCH {single}", write, 412, elsewhere, one, body=lambda _: WHY, headers=UNSEEN))
        if kind.name in NEW:
            made, elsewhere = (409 if kind.name == "holding" else 201), (None if kind.name == "unit" else 422)
            new: Values = lambda it, kind=kind.name: WHY | NEW[kind](it)  # type: ignore[misc]  # noqa: E731 - of the loop
            rows.append(
                Row(
                    f"POST {many}",
                    write,
                    made,
                    elsewhere,
                    body=new,
                    # Which sheets there are is no secret; what is taken on them: test_taken.
                    words="" if kind.name == "parcel" else "AB",
                    answers=_a_unit if kind.name == "unit" else None,
                )
            )
    parcel: Values = lambda it: {"record_id": it.parcel}  # noqa: E731 - a value of the table
    return [
        *rows,
        Row("GET /api/v1/parcels/{record_id:int}/timeline", read, 200, 404, parcel, names="own"),
        Row("GET /api/v1/parcels/{record_id:int}/lineage", read, 200, 404, parcel),
        Row("GET /api/v1/findings", read, 200, 404, query="?ward_id={ward}"),
        Row("GET /api/v1/units/crosswalk", read, query="?code=11311"),
        Row("POST /api/v1/search", Permission.REGISTRY_SEARCH, body=lambda _: {"text": "tờ 7 thửa 1"}),
        Row(
            "POST /api/v1/holders/{record_id:int}/reveal",
            Permission.IDENTITY_REVEAL,
            200,
            404,
            lambda it: {"record_id": it.holder},
            body=lambda _: {"reason": "thử vai trò"},
        ),
    ]


def _a_unit(who: str, _: str, by_rule: int) -> int:
    """It is in no ward: who writes in one makes none."""
    return 422 if who == "registrar" else by_rule


PAPER: dict[str, Names] = {"result": "own", "pages/{page:int}.png": None}


def _of_prints() -> list[Row]:
    printing, rest, jobs = Permission.MAP_PRINT, "/api/v1/prints", "/ogc/jobs"
    one: Values = lambda it: {"print_id": it.job, "job_id": it.job, "page": 1, "process_id": "atlas"}  # noqa: E731 - a value of the table
    drawn: Values = lambda it: {"print_id": it.drawn, "job_id": it.drawn, "page": 1}  # noqa: E731 - a value of the table
    named: Values = lambda it: {"print_id": it.named, "job_id": it.named, "page": 1}  # noqa: E731 - a value of the table
    unwanted: Values = lambda it: {"print_id": it.unwanted, "job_id": it.unwanted}  # noqa: E731 - a value of the table
    inputs: Values = lambda it: {"ward": it.code, "group": it.group_code, "reason": "thử vai trò"}  # noqa: E731 - a value of the table
    order: Values = lambda it: {"product": "atlas", "inputs": inputs(it)}  # noqa: E731 - a value of the table
    single = f"{rest}/{{print_id:uuid}}"
    return [
        *(Row(f"GET {each}", printing) for each in (f"{rest}/products", rest, jobs)),
        Row(f"POST {rest}", printing, 202, 404, body=order, words="B"),
        Row(f"POST {rest}/preview", printing, 200, 404, body=order, words="B"),
        Row(
            "POST /ogc/processes/{process_id}/execution",
            printing,
            201,
            404,
            one,
            body=lambda it: {"inputs": inputs(it)},
            words="B",
        ),
        # It waits to be drawn.
        Row(f"GET {single}", printing, 200, 404, one),
        Row(f"GET {jobs}/{{job_id}}", printing, 200, 404, one),
        Row(f"GET {single}/result", printing, 409, 404, one),
        Row(f"GET {single}/pages/{{page:int}}.png", printing, 409, 404, one),
        Row(f"POST {single}/reprint", printing, 409, 404, one, body=lambda _: {}),
        # A drawn atlas of the group with its checklist: names are for who ordered it, and gave a reason.
        *(
            Row(f"GET {single}/{each}", printing, 200, 404, named, names=names, answers=_own_only)
            for each, names in PAPER.items()
        ),
        Row(f"GET {jobs}/{{job_id}}/results", printing, 200, 404, named, names="own", answers=_own_only),
        # A drawn overview of the ward with exact statuses.
        *(
            Row(f"GET {each}", printing, 200, 404, drawn, answers=_persons_only)
            for each in (f"{single}/result", f"{single}/pages/{{page:int}}.png", f"{jobs}/{{job_id}}/results")
        ),
        *(
            Row(f"DELETE {each}", printing, 200, 404, unwanted, answers=_own_only)
            for each in (single, f"{jobs}/{{job_id}}")
        ),
    ]


def _persons_only(who: str, place: str, by_rule: int) -> int:
    """The head of a group is not told of maps of wards; who may not be told of persons is not given exact statuses."""
    if who == "group_head" and place != "nowhere":
        return 404
    told = who in {"officer", "registrar", "admin"} or (who == "mixed" and place.startswith("A"))
    return 403 if by_rule == 200 and not told else by_rule


def _own_only(who: str, _: str, by_rule: int) -> int:
    """The administrator ordered it."""
    return 403 if by_rule == 200 and who != "admin" else by_rule


def _of_the_service() -> list[Row]:
    audit, alerts, manage = Permission.AUDIT_READ, Permission.ALERT_READ, Permission.ACCOUNT_MANAGE
    watch = Permission.ALERT_ACKNOWLEDGE
    account: Values = lambda it: {"account_id": it.account}  # noqa: E731 - a value of the table
    single = "/api/v1/accounts/{account_id}"
    grant: Values = lambda it: {"account_id": it.account, "role": "viewer", "ward_id": it.ward}  # noqa: E731 - a value of the table
    token = {"name": "QGIS", "permissions": ["staff_layer:read"]}
    return [
        Row("GET /metrics", Permission.METRICS_READ),
        Row("GET /print", Permission.MAP_PRINT, page=True),
        Row("GET /admin/accounts", manage, page=True),
        Row("GET /admin/alerts", alerts, page=True),
        Row("GET /api/v1/audit/events", audit),
        Row("GET /api/v1/audit/events.csv", audit),
        Row("GET /api/v1/alerts", alerts),
        Row("POST /api/v1/alerts/test", watch, 202),
        Row(
            "POST /api/v1/alerts/{alert_id}/acknowledge",
            watch,
            404,
            path=lambda _: {"alert_id": 999_999},
            body=lambda _: {"note": "đã xem"},
        ),
        Row("GET /api/v1/accounts", manage),
        Row("POST /api/v1/accounts", manage, 201, body=lambda _: {"name": "moi"}),
        Row(f"GET {single}", manage, path=account),
        *(Row(f"POST {single}/{each}", manage, path=account) for each in ("disable", "enable", "unlock", "reset")),
        Row("GET /api/v1/grants", manage),
        Row("POST /api/v1/grants", manage, 201, body=grant),
        Row("DELETE /api/v1/grants/{grant_id}", manage, 204, path=lambda it: {"grant_id": it.grant}),
        *(Row(f"GET /api/v1/{each}", None) for each in ("me", "sessions", "tokens")),
        Row("POST /api/v1/tokens", None, 201, body=lambda _: token, answers=_what_one_has),
        # Somebody else's: there is none.
        Row("DELETE /api/v1/tokens/{token_id}", None, 404, 404, path=lambda it: {"token_id": it.token}),
        Row("DELETE /api/v1/sessions/{session_id}", None, 404, 404, path=lambda it: {"session_id": it.session}),
    ]


def _of_lists() -> list[Row]:
    reading, sending = Permission.VERIFICATION_READ, Permission.VERIFICATION_SEND
    root = "/api/v1/verification/lists"
    one: Values = lambda it: {"list_id": it.list}  # noqa: E731 - a value of the table
    trial: Values = lambda it: {"ward": it.code, "group": it.group_code, "dry_run": True}  # noqa: E731 - a value of the table
    return [
        Row(f"GET {root}", reading),
        Row(f"POST {root}", sending, 200, 404, body=trial),
        Row(f"GET {root}/{{list_id:int}}", reading, 200, 404, one),
        Row(f"GET {root}/{{list_id:int}}/rows", reading, 200, 404, one, names="list"),
        Row("GET /lists", reading, page=True),
        Row("GET /lists/{list_id:int}", reading, 200, 404, one, page=True, names="list"),
    ]


def _what_one_has(who: str, _: str, by_rule: int) -> int:
    """A token is for what its owner may do."""
    return 422 if who in {"auditor", "nothing", "police"} else by_rule


ROWS = [*_of_all(), *_of_staff_layers(), *_of_the_registry(), *_of_prints(), *_of_lists(), *_of_the_service()]
