"""What another site makes a browser send is not what its user wants (cross-site request forgery).

A browser adds a cookie, and a password that was typed into its own dialog, to whatever a page of any site asks for. So
a write that is signed in by a cookie must carry a header that only scripts of this site can set, and the origin of this
site; one by a password must not come from another origin. Programs send no origin.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from gisland.errors import Forbidden
from gisland.settings import Settings

HEADER = "x-gisland-page"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_page(request: HTTPConnection) -> bool:
    """Whether a script of our pages asks; it shows a sign-in of its own, so the browser need not."""
    # As they send it: what is empty may be left of what somebody between us took out.
    return request.headers.get(HEADER) == "1"


def check_cookie_write(request: HTTPConnection, settings: Settings) -> None:
    """Refuse a write by cookie that our own pages did not ask for.

    Raises:
        Forbidden: a header is missing, or another site asks.
    """
    if request.scope["method"] in SAFE_METHODS:
        return
    if not is_page(request) or "origin" not in request.headers:
        raise Forbidden(
            "yêu cầu ghi bằng cookie phải đến từ trang này · a write by cookie must come from a page of this site",
            hint="dùng mã truy cập cá nhân · programs use a personal access token",
        )
    check_origin(request, settings)


def check_origin(request: HTTPConnection, settings: Settings) -> None:
    """Refuse a write that another site asks for; without an origin no browser asks.

    Raises:
        Forbidden: another site asks.
    """
    origin = request.headers.get("origin")
    if origin is None or request.scope["method"] in SAFE_METHODS:
        return
    if origin != own_origin(request, settings):
        raise Forbidden(
            "yêu cầu đến từ trang khác · another site asks for this",
            hint="sau proxy · behind a proxy: GISLAND_PUBLIC_URL",
        )


def own_origin(request: HTTPConnection, settings: Settings) -> str:
    """Scheme, host and port of this site, as browsers see them."""
    url = urlsplit(settings.public_url or str(request.base_url))
    return f"{url.scheme}://{url.netloc}"
