"""Where visitors are: what trusted proxies say, and a file in MaxMind's format."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from sightline.collect.places import open_file
from sightline.errors import SettingError
from sightline.settings import CollectSettings
from tests.collect.conftest import Site, Watch

HEADERS = [
    ({"cf-ipcountry": "NL", "cf-region-code": "NH", "cf-ipcity": "Amsterdam"}, ("NL", "NL-NH", "Amsterdam")),
    ({"cloudfront-viewer-country": "US", "cloudfront-viewer-country-region": "CA"}, ("US", "US-CA", "")),
    ({"cloudfront-viewer-country": "IN", "cloudfront-viewer-city": "Pune"}, ("IN", "", "Pune")),
    ({"x-vercel-ip-country": "DE", "x-vercel-ip-country-region": "BE"}, ("DE", "DE-BE", "")),
    ({"eo-ipcountry": "CN"}, ("CN", "", "")),
    ({"x-appengine-country": "fr"}, ("FR", "", "")),
    ({"fastly-country-code": "SE"}, ("SE", "", "")),
    ({"cf-ipcountry": "XX"}, ("", "", "")),
    ({"cf-ipcountry": "T1"}, ("", "", "")),
    ({"cf-ipcountry": "NLD"}, ("", "", "")),
    ({"cf-ipcountry": "<b>"}, ("", "", "")),
    ({"cf-region-code": "NH"}, ("", "", "")),
    ({"cf-ipcountry": "US", "cf-region-code": "US-CA"}, ("US", "US-CA", "")),
    ({"cf-ipcountry": "US", "cf-region-code": "much too long"}, ("US", "", "")),
]


async def _place(site: Site) -> tuple[str, str, str]:
    row = (await site.rows())[-1]
    return row["country"], row["region"], row["city"]


@pytest.mark.parametrize(("headers", "place"), HEADERS)
async def test_a_trusted_proxy_says_where_a_visitor_is(
    watch: Watch, headers: dict[str, str], place: tuple[str, str, str]
) -> None:
    async with watch(proxies=("127.0.0.1",)) as site:
        await site.send(url="/", headers=headers)
        assert await _place(site) == place


async def test_nobody_else_is_believed(site: Site) -> None:
    await site.send(url="/", headers={"cf-ipcountry": "NL", "x-forwarded-for": "192.0.2.7"})
    assert await _place(site) == ("", "", "")


async def test_a_city_is_read_as_utf_8(watch: Watch) -> None:
    async with watch(proxies=("127.0.0.1",)) as site:
        headers = {b"cf-ipcountry": b"CH", b"cf-ipcity": "Zürich".encode()}
        body = {"type": "event", "payload": {"website": site.name, "url": "/"}}
        await site.client.post("/api/send", json=body, headers=headers)
        assert await _place(site) == ("CH", "", "Zürich")


async def test_the_file_answers_where_no_proxy_does_and_unknown_addresses_are_no_error(
    watch: Watch, tmp_path: Path
) -> None:
    amsterdam = {
        "country": {"iso_code": "NL"}, "subdivisions": [{"iso_code": "NH"}], "city": {"names": {"en": "Amsterdam"}}
    }  # fmt: skip
    file = tmp_path / "places.mmdb"
    file.write_bytes(mmdb({"192.0.2.0/24": amsterdam, "198.51.100.0/25": {"country": {"iso_code": "SE"}}}))
    async with watch(collect=CollectSettings(places_file=str(file)), proxies=("127.0.0.1",)) as site:
        for address, place in (
            ("192.0.2.77", ("NL", "NL-NH", "Amsterdam")), ("198.51.100.1", ("SE", "", "")),
            ("198.51.100.200", ("", "", "")), ("10.0.0.1", ("", "", "")), ("2001:db8::1", ("", "", "")),
        ):  # fmt: skip
            assert (await site.send(url="/", headers={"x-forwarded-for": address})).status_code == 200
            assert await _place(site) == place, address
        await site.send(url="/", headers={"x-forwarded-for": "192.0.2.77", "cf-ipcountry": "FR"})
        assert await _place(site) == ("FR", "", "")


def test_a_file_that_is_none_stops_the_start(tmp_path: Path) -> None:
    for name, content in (("none.mmdb", None), ("bad.mmdb", b"not a database" * 100)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(SettingError, match=r"collect\.places_file"):
            open_file(str(tmp_path / name))


def mmdb(networks: dict[str, dict[str, Any]]) -> bytes:
    """A database in MaxMind's format, version 2.0, of IPv4 networks; records of 24 bits."""
    nodes: list[list[int | tuple[str, int] | None]] = [[None, None]]
    data, offsets = b"", {}
    for text, record in networks.items():
        network = ipaddress.IPv4Network(text)
        offsets[text] = len(data)
        data += _encoded(record)
        node = 0
        for depth in range(network.prefixlen):
            bit = int(network.network_address) >> (31 - depth) & 1
            if depth == network.prefixlen - 1:
                nodes[node][bit] = ("data", offsets[text])
            elif not isinstance(nodes[node][bit], int):
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            found = nodes[node][bit]
            node = found if isinstance(found, int) else node
    count = len(nodes)

    def pointer(value: int | tuple[str, int] | None) -> bytes:
        number = count if value is None else value if isinstance(value, int) else count + 16 + value[1]
        return number.to_bytes(3, "big")

    tree = b"".join(pointer(value) for pair in nodes for value in pair)
    about = {
        "node_count": _number(6, 4, count), "record_size": _number(5, 2, 24), "ip_version": _number(5, 2, 4),
        "database_type": "Test", "languages": ["en"], "description": {"en": "t"}, "build_epoch": _number(9, 8, 1),
        "binary_format_major_version": _number(5, 2, 2), "binary_format_minor_version": _number(5, 2, 0),
    }  # fmt: skip
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about)


def _number(kind: int, size: int, value: int) -> bytes:
    """An integer of one of the format's types; those above 7 have their type in a byte of its own."""
    head = bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])
    return head + value.to_bytes(size, "big")


def _encoded(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(_encoded(k) + _encoded(v) for k, v in value.items())
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(_encoded, value))
    assert len(value) < 29
    return bytes([2 << 5 | len(value)]) + str(value).encode()
