"""Every field of `/api/send`: too long, of the wrong type, missing, hostile. Never a 5xx, and never half a row."""

from typing import Any, Final

import msgspec
import pytest

from sightline.collect import limits
from tests.collect.conftest import Site, one

TEXTS: Final = (
    "hostname", "url", "referrer", "title", "screen", "language", "name", "tag", "id", "ip", "userAgent", "browser",
    "os", "device",
)  # fmt: skip
HOSTILE: Final = (
    "", " ", "\x00", "a\x00b", "\r\n\tx", "\u202eevil", "'; DROP TABLE signal_event; --", "<script>alert(1)</script>",
    "{{7*7}}", "../../etc/passwd", "javascript:alert(1)", "http://[", "http://[::1", "//", "///x", "%", "%zz", "%00",
    "?" * 600, "#" * 600, "&=" * 500, "\U0001f600" * 300, "\u0130" * 200, "e\u0301" * 200, "\ufffe\uffff",
    "a" * 100_000,
    "https://user:secret@shop.example:99999/x", "data:text/html,x", "\\\\server\\share", "-" * 70_000,
)  # fmt: skip
WRONG: Final[tuple[Any, ...]] = (0, -1, 1.5, True, [], ["a"], {}, {"a": 1})
# Which column shows a text, and how much of it.
SHOWN: Final = {
    "url": ("path", limits.PATH), "title": ("title", limits.TITLE), "name": ("name", limits.NAME),
    "tag": ("tag", limits.TAG), "referrer": ("referrer_path", limits.REFERRER),
}  # fmt: skip


@pytest.mark.parametrize("field", [*TEXTS, "website", "link", "pixel"])
async def test_a_text_of_another_type_is_refused_with_its_field(site: Site, field: str) -> None:
    for value in WRONG:
        answer = await site.send(**one(field, value))
        assert answer.status_code == 400, (value, answer.text)
        error = answer.json()["error"]
        assert error["properties"]["payload"]["properties"][field]["errors"], error
        assert answer.headers["x-sightline-dropped"] == "malformed"
    assert await site.rows() == []


@pytest.mark.parametrize("field", TEXTS)
async def test_an_absent_field_and_null_are_the_same_and_no_error(site: Site, field: str) -> None:
    assert (
        await site.send(url="/here", **(one(field, None) if field != "url" else one("title", None)))
    ).status_code == 200
    assert len(await site.rows()) == 1


@pytest.mark.parametrize("field", TEXTS)
async def test_hostile_texts_are_stored_cut_or_refused_but_never_break_it(site: Site, field: str) -> None:
    stored = 0
    for value in HOSTILE:
        body = msgspec.json.encode({"type": "event", "payload": {"website": site.name, "url": "/x", field: value}})
        answer = await site.client.post("/api/send", content=body)
        assert answer.status_code in {200, 400}, (value[:20], answer.text)
        stored += "sessionId" in answer.text
    rows = await site.rows()
    assert len(rows) == stored == len(HOSTILE)
    texts = [value for row in rows for value in row.values() if isinstance(value, str)]
    assert not any(chr(0) in text or "\n" in text for text in texts)
    assert max(map(len, texts)) <= max(limits.PATH, limits.PROPERTY_TEXT)


@pytest.mark.parametrize(("field", "most"), [(field, most) for field, (_, most) in SHOWN.items()])
async def test_a_text_at_its_limit_is_whole_and_one_beyond_it_is_cut_and_told(
    site: Site, field: str, most: int
) -> None:
    begin = "https://example.org" if field == "referrer" else ""
    text = "/guide-to-winter-gardens-and-more" * 20 if field in {"url", "referrer"} else "ab cdx" * 100
    for more in (-1, 0, 1):
        answer = await site.send(**{**one("url", "/x"), **one(field, begin + text[: most + more])})
        told = answer.headers.get("x-sightline-cut", "")
        assert (field in told) == (more > 0), (more, told)
    lengths = [len(row[SHOWN[field][0]]) for row in await site.rows()]
    assert lengths == [most - 1, most, most]


async def test_campaign_and_click_ids_over_their_length_are_cut_and_told(site: Site) -> None:
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
    long = "spring-sale-" * 40
    answer = await site.send(url="/x?" + "&".join(f"{name}={long}" for name in names) + f"&gclid={long}")
    assert set(answer.headers["x-sightline-cut"].split(", ")) >= set(names)
    (row,) = await site.rows()
    assert {len(row[name]) for name in names} == {limits.CAMPAIGN}
    assert len(row["click_id"]) <= limits.CAMPAIGN


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("screen", "1920x1080", "1920x1080"), ("screen", "100000x100000", ""), ("screen", "axb", ""), ("screen",
        "1x", ""),
        ("screen", "\u0661x\u0662", ""), ("language", "en-GB", "en-GB"), ("language", "x" * 36, ""),
        ("language", "en;q=1", ""), ("language", "\u00e9", ""),
    ],
)  # fmt: skip
async def test_a_word_in_no_known_form_is_not_stored(site: Site, field: str, value: str, stored: str) -> None:
    assert (await site.send(url="/x", **one(field, value))).status_code == 200
    (row,) = await site.rows()
    assert row[field] == stored


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", ()), (b"{", ()), (b"[]", ()), (b"null", ()), (b'"x"', ()), (b"7", ()), (b"\xff\xfe", ()), (b"{}" * 2,
        ("type",)),
        (b'{"payload":{}}', ("type",)), (b'{"type":"event"}', ("payload",)), (b'{"type":7,"payload":{}}', ("type",)),
        (b'{"type":"event","payload":[]}', ("payload",)), (b'{"type":"event","payload":null}', ("payload",)),
        (b'{"type":"nothing","payload":{}}', ("type",)), (b'{"type":"event","payload":{}}', ("payload", "website")),
        (b'{"type":"event","payload":{"website":"a","link":"b"}}', ("payload", "website")),
        (b'{"type":"event","payload":{"website":"a","timestamp":"now"}}', ("payload", "timestamp")),
        (b'{"type":"event","payload":{"website":"a","timestamp":1.5}}', ("payload", "timestamp")),
        (b'{"type":"event","payload":{"website":"a","data":[]}}', ("payload", "data")),
        (b'{"type":"event","payload":{"website":"a","data":"x"}}', ("payload", "data")),
        (b'{"type":"event","payload":{"website":"a","url":"\\ud800"}}', ()),
        (b"[" * 100_000, ()), (b'{"a":' * 50_000, ()),
    ],
)  # fmt: skip
async def test_what_is_no_body_is_refused_where_it_is_wrong(site: Site, body: bytes, path: tuple[str, ...]) -> None:
    answer = await site.client.post("/api/send", content=body)
    assert answer.status_code == 400, answer.text
    tree = answer.json()["error"]
    for step in path:
        tree = tree["properties"][step]
    assert tree["errors"]
    assert "Traceback" not in answer.text
    assert "sightline/" not in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert await site.rows() == []


@pytest.mark.parametrize(
    "name",
    ["", "x", "00000000-0000-4000-8000-000000000000", "'; --", "pk_unknown", "\x00", "a" * 10_000, "link:x", "p/none"],
)
async def test_an_unknown_site_is_refused_and_named_so(site: Site, name: str) -> None:
    answer = await site.client.post("/api/send", json={"type": "event", "payload": {"website": name, "url": "/"}})
    assert answer.status_code == 400
    assert answer.headers["x-sightline-dropped"] == "unknown_target"
    assert await site.rows() == []


@pytest.mark.parametrize("field", ["link", "pixel"])
async def test_an_unknown_link_or_pixel_is_refused(site: Site, field: str) -> None:
    body = {"type": "event", "payload": {field: "00000000-0000-4000-8000-000000000000"}}
    answer = await site.client.post("/api/send", json=body)
    assert (answer.status_code, answer.headers["x-sightline-dropped"]) == (400, "unknown_target")


async def test_properties_are_flattened_cut_and_never_half_saved(site: Site) -> None:
    data = {
        "plan": "pro", "seats": 3, "ratio": 0.5, "trial": True, "nothing": None, "tags": ["a", "b"],
        "deep": {"er": {"x": 1}},
        "long": "y" * 600, "k" * 600: 1,
    }  # fmt: skip
    answer = await site.send(url="/x", name="sign-up", data=data)
    assert answer.headers["x-sightline-cut"] == "data"
    (row,) = await site.rows()
    stored = msgspec.json.decode(row["properties"])
    assert stored["plan"] == "pro"
    assert (stored["seats"], stored["ratio"], stored["trial"]) == (3, 0.5, True)
    assert stored["deep.er.x"] == 1
    assert stored["tags"] == '["a","b"]'
    assert len(stored["long"]) == limits.PROPERTY_TEXT
    assert max(map(len, stored)) <= limits.PROPERTY_NAME
    assert "nothing" not in stored


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1e400}', b'{"a":' + b"9" * 400 + b"}", b'{"a":-' + b"9" * 25 + b"}",
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(500)) + b"}", b'{"a":"' + b"x" * 40_000 + b'"}',
        b'{"":""}', b'{"a\\u0000b":"c\\u0000d"}', b'{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}',
    ],
)  # fmt: skip
async def test_properties_beyond_all_bounds_are_cut_or_refused_and_never_half_saved(site: Site, data: bytes) -> None:
    body = b'{"type":"event","payload":{"website":"%b","url":"/x","name":"n","data":%b}}' % (site.name.encode(), data)
    answer = await site.client.post("/api/send", content=body)
    if answer.status_code == 400:  # nested so deeply that nobody reads it
        assert answer.json()["error"]["message"] == "this is nested too deeply"
        assert await site.rows() == []
        return
    assert answer.status_code == 200, answer.text
    (row,) = await site.rows()
    assert len(row["properties"]) < 70_000
    if row["properties"]:
        assert len(msgspec.json.decode(row["properties"])) <= limits.PROPERTIES


@pytest.mark.parametrize(
    ("data", "revenue", "currency"),
    [
        ({"revenue": 19.99, "currency": "eur"}, 199_900, "EUR"), ({"revenue": "5", "currency": "USD"}, 50_000, "USD"),
        ({"revenue": 19.99}, None, ""), ({"revenue": -1, "currency": "EUR"}, None, ""),
        ({"revenue": 1e300, "currency": "EUR"}, None, ""), ({"revenue": True, "currency": "EUR"}, None, ""),
        ({"revenue": 1, "currency": "EURO"}, None, ""), ({"revenue": "1;", "currency": "EUR"}, None, ""),
    ],
)  # fmt: skip
async def test_revenue_needs_a_sum_and_a_currency(site: Site, data: Any, revenue: int | None, currency: str) -> None:
    await site.send(url="/x", name="buy", data=data)
    (row,) = await site.rows()
    assert (row["revenue"], row["currency"]) == (revenue, currency)


async def test_a_body_of_five_megabytes_is_refused_whole(site: Site) -> None:
    answer = await site.send(url="/x", title="x" * (5 << 20))
    assert answer.status_code == 413
    assert await site.rows() == []


async def test_unknown_keys_and_any_content_type_are_passed_over(site: Site) -> None:
    body = {"type": "event", "more": 1, "payload": {"website": site.name, "url": "/x", "whatever": [1]}}
    for content_type in ("text/plain", "application/json", "application/x-www-form-urlencoded", "image/png"):
        answer = await site.client.post(
            "/api/send", content=msgspec.json.encode(body), headers={"content-type": content_type}
        )
        assert answer.status_code == 200
    assert len(await site.rows()) == 4
