"""What each act of the registry may be asked for on the records of a place: one body each; none is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gisland.registry.acts import ACTS
from tests.registry.conftest import square

if TYPE_CHECKING:
    from tests.security.test_matrix import Place

WHY = {"reason": "Thử"}
# A version that no record has: who may do it hears that it was changed meanwhile, and nothing happens.
UNSEEN = 999_999

_PIECES = [{"geometry": square(594_000)}, {"geometry": square(594_010)}]
_OF_VERSION = {"version": UNSEEN}
_CERTIFICATE = {"certificate": {"serial": "DD 300000"}}
_DAYS = {"valid_from": "1995-01-01", "valid_to": "1996-01-01"}

# For each act: the record in its path (None: it is on several), and what is said beside the reason.
SAID: dict[str, tuple[str | None, Callable[[Place], dict[str, Any]]]] = {
    "split": ("parcel", lambda _: _OF_VERSION | {"pieces": _PIECES}),
    "merge": (None, lambda it: {"parcels": [_seen(it.parcel), _seen(UNSEEN + 1)]}),
    "adjust": (None, lambda it: {"parcels": [_seen(it.parcel) | _PIECES[0]]}),
    "renumber": ("parcel", lambda _: _OF_VERSION),
    "retire": ("parcel", lambda _: _OF_VERSION),
    "retire-asset": ("asset", lambda _: _OF_VERSION),
    "transfer": (None, lambda it: {"on": {"parcel_id": it.parcel}, "ending": [_seen(it.holding)]}),
    "historic": (None, lambda it: {"on": {"parcel_id": it.parcel}, "right": {"holder_id": it.holder}} | _DAYS),
    "withdraw": ("holding", lambda _: _OF_VERSION),
    "reissue": ("certificate", lambda _: _OF_VERSION | _CERTIFICATE),
    "revoke": ("certificate", lambda _: _OF_VERSION),
    "release": ("restriction", lambda _: _OF_VERSION),
    "retire-document": ("document", lambda _: _OF_VERSION),
    "move": ("sheet", lambda _: _OF_VERSION | {"ward_code": "11311", "sheet_no": "77"}),
    "undo": ("change", lambda _: {}),
}


def _seen(record: int) -> dict[str, int]:
    return {"id": record, "version": UNSEEN}


def path_of(name: str, place: Place) -> str:
    """Where the act is asked for."""
    record, _ = SAID[name]
    return f"/api/v1/{ACTS[name].path}".replace("{id}", str(getattr(place, record or "parcel")))


def body_of(name: str, place: Place, **more: Any) -> dict[str, Any]:
    """What is said."""
    return {"change": WHY | more} | SAID[name][1](place)
