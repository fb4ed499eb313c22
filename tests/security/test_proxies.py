"""What a proxy says of a client is believed from trusted ones only, and never what the client wrote itself."""

from __future__ import annotations

import httpx
import pytest

from gisland.security.proxies import Family, Origin, TrustedProxies, is_loopback, network_of
from gisland.settings import Settings
from tests.publish.conftest import serving
from tests.security.client import behind_proxy

PROXY, CLIENT, EVIL = "10.0.0.1", "203.0.113.7", "198.51.100.66"


def origin(
    headers: dict[str, str], *, peer: str = PROXY, trusted: str = "10.0.0.0/8, ::1", family: Family = "x-forwarded"
) -> Origin:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return TrustedProxies(trusted, family).origin(peer, raw)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        (CLIENT, CLIENT),
        (f"{EVIL}, {CLIENT}", CLIENT),
        (f"{EVIL}, {CLIENT}, 10.2.3.4", CLIENT),
        (f"127.0.0.1, {CLIENT}", CLIENT),
        (f" {CLIENT}:4711 ", CLIENT),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:203.0.113.7", CLIENT),
        ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
        (f"{EVIL}, unknown", PROXY),
        (f"{EVIL}, <script>", PROXY),
        (f"{EVIL}, nobody, 10.2.3.4", "10.2.3.4"),
        ("", PROXY),
    ],
)
def test_the_rightmost_address_that_is_no_trusted_proxy_counts(chain: str, address: str) -> None:
    assert origin({"X-Forwarded-For": chain}).address == address


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"for={CLIENT};proto=https;host=land.example.vn", Origin(CLIENT, "https", "land.example.vn")),
        (f'for={EVIL};host=evil.example, For="{CLIENT}:80"; Proto=HTTPS', Origin(CLIENT, "https")),
        ('for="[2001:db8::7]:4711"', Origin("2001:db8::7")),
        (f"for={CLIENT}, for=10.1.1.1;proto=https", Origin(CLIENT, "https")),
        (f"for={EVIL}, for=_hidden;proto=https", Origin(PROXY, "https")),
        (f"for={CLIENT};proto", Origin(PROXY)),
        (f'for="{CLIENT}', Origin(PROXY)),
        ("", Origin(PROXY)),
    ],
)
def test_forwarded(line: str, expected: Origin) -> None:
    assert origin({"Forwarded": line}, family="forwarded") == expected


def test_each_family_alone_is_believed() -> None:
    """A proxy sets one of them; the other one comes from the client."""
    both = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "Forwarded": f"for={EVIL};proto=http;host=evil"}
    assert origin(both) == Origin(CLIENT, "https")
    assert origin(both, family="forwarded") == Origin(EVIL, "http", "evil")


def test_nobody_else_is_believed() -> None:
    told = {"X-Forwarded-For": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil"}
    assert origin(told, peer=CLIENT) == Origin(CLIENT)
    assert origin(told, trusted="") == Origin(PROXY)
    assert origin(told, peer="not an address") == Origin("not an address")


def test_scheme_and_host() -> None:
    assert origin({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.vn"}) == Origin(PROXY, "https", "a.vn")
    assert origin({"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "javascript"}).scheme == ""
    # As many as proxies: that of the client's hop, not the one that the client wrote before it.
    told = {"X-Forwarded-For": f"{EVIL}, {CLIENT}, 10.2.3.4", "X-Forwarded-Proto": "http, https, http"}
    assert origin(told).scheme == "https"


def test_wrong_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies="10.0.0.0/8, proxy.local")
    assert Settings(trusted_proxies=" 10.0.0.1 , fd00::/8,").trusted_proxies


def test_what_counts_as_one_client() -> None:
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert is_loopback("127.8.8.8")
    assert is_loopback("::1")
    assert not is_loopback("127.evil.example")
    assert not is_loopback("203.0.113.7")
    assert not is_loopback("")


def links(client: httpx.Client, **headers: str) -> set[str]:
    """Scheme and host of all links of the landing page."""
    found = client.get("/ogc", headers=headers).json()["links"]
    return {str(httpx.URL(link["href"]).copy_with(path="/", query=None)) for link in found if "/ogc" in link["href"]}


FORWARDED = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "land.example.vn"}


def test_links_follow_a_trusted_proxy(settings: Settings) -> None:
    with behind_proxy(settings) as client:
        assert links(client, **FORWARDED) == {"https://land.example.vn/"}
        assert links(client) == {f"{client.base_url}/"}
    with behind_proxy(settings, public_url="https://dat.example.vn") as client:
        assert links(client, **FORWARDED) == {"https://dat.example.vn/"}
    with serving(settings) as client:
        assert links(client, **FORWARDED) == {f"{client.base_url}/"}


def test_host_is_one_of_ours(settings: Settings) -> None:
    with behind_proxy(settings, allowed_hosts="land.example.vn, *.ward.vn") as client:
        for host, status in {
            "land.example.vn": 200,
            "LAND.example.vn:443": 200,
            "a.ward.vn": 200,
            "ward.vn": 400,
            "evilward.vn": 400,
            "evil.example": 400,
            "land.example.vn.evil.example": 400,
        }.items():
            for given in ({"Host": host}, {"X-Forwarded-For": CLIENT, "X-Forwarded-Host": host}):
                assert client.get("/ogc", headers=given).status_code == status, given
            assert client.get("/health/live", headers={"Host": host}).status_code == 200


def test_a_host_that_is_none_is_refused(settings: Settings) -> None:
    with serving(settings) as client:
        for host in ("a b", "a/b", 'a"><script>', "a@b", "", "a:b", "[::1", "a,b"):
            answer = client.get("/ogc", headers={"Host": host})
            assert answer.status_code == 400, host
            assert "script" not in answer.text
