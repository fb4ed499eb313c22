"""Headers of answers: who may keep, frame, embed and read them."""

from __future__ import annotations

from gisland.settings import Settings

Raw = list[tuple[bytes, bytes]]

# What one sees depends on who asks, be it by HTTP Basic or by a cookie, and on the format and encoding asked for.
VARY = "Accept, Accept-Encoding, Authorization, Cookie"
# The same for everybody: it may be kept, but is asked for anew each time. Pages of other origins may read it; without
# Access-Control-Allow-Credentials no browser sends them anything along by which somebody would be signed in.
PUBLIC = {
    "Cache-Control": "public, max-age=0, must-revalidate",
    "Vary": VARY,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Crs, Content-Disposition, Data-Version, ETag, Link, OGC-NumberMatched, "
    "OGC-NumberReturned",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# For the one who asks only: kept nowhere, read by no other origin.
PRIVATE = {"Cache-Control": "private, no-store", "Vary": VARY}

# Pages of ours without a script: nothing but the style sheet and the icon, which are files.
PLAIN_PAGE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# Pages with a map: scripts, styles and what they read are ours, all of them files; symbols may be made by the script.
MAP_PAGE = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

# On each answer that does not set its own. What says nothing of keeping it is kept nowhere.
DEFAULTS = {
    **PRIVATE,
    "Content-Security-Policy": PLAIN_PAGE,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# What has a meaning for pages only: a header costs the server some tenths of a microsecond.
OF_PAGES = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}


class SafeHeaders:
    """Completes the headers of answers, in the bytes of ASGI: this is done for each request."""

    def __init__(self, settings: Settings) -> None:
        self._defaults, self._of_pages = _raw(DEFAULTS), _raw(OF_PAGES)
        hsts = {"Strict-Transport-Security": f"max-age={settings.hsts_seconds}"} if settings.hsts_seconds else {}
        self._secure = _raw(DEFAULTS | hsts)

    def complete(self, given: Raw, scheme: str) -> Raw:
        """The headers of an answer that came over `scheme`, with those that it lacks."""
        names = dict(given)
        defaults = self._secure if scheme == "https" else self._defaults
        if names.get(b"content-type", b"").startswith(b"text/html"):
            defaults = defaults + self._of_pages
        return given + [each for each in defaults if each[0] not in names]


def _raw(headers: dict[str, str]) -> Raw:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
