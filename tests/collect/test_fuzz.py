"""Random input: over the decoder, which may only answer or refuse, and over HTTP, where nothing is a 5xx."""

import asyncio
import os
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline.collect import properties, umami
from sightline.collect.hits import Hit, Malformed
from sightline.collect.pages import Reader
from sightline.privacy import dictionary
from tests.collect.conftest import CHROME, Site

SOAK = bool(os.environ.get("SIGHTLINE_SOAK"))
FIELDS = [field.encode_name for field in msgspec.structs.fields(umami._Payload)]
anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
payloads = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=12), anything, max_size=8)
bodies = st.fixed_dictionaries(
    {"type": st.sampled_from(["event", "identify", "performance"]) | anything, "payload": payloads | anything}
)
READER = Reader(dictionary.default())


def _decoded(body: bytes) -> Hit | None:
    try:
        return umami.decode(body)
    except Malformed as malformed:
        umami.refused(malformed)
        return None


@given(st.binary(max_size=400) | anything.map(msgspec.json.encode) | bodies.map(msgspec.json.encode))
@settings(max_examples=5000 if SOAK else 300, deadline=None)
def test_the_decoder_answers_or_refuses(body: bytes) -> None:
    hit = _decoded(body)
    if hit is None:
        return
    assert hit.data == b"" or hit.data[:1] == b"{"
    page = READER.page(hit.hostname, hit.url)
    assert len(page.path) <= 500
    READER.referrer(page.hostname, hit.referrer)
    found = properties.read(READER.rules, hit.data) if hit.data else properties.NONE
    if found.text:
        assert isinstance(msgspec.json.decode(found.text), dict)


@given(st.lists(bodies, max_size=5).map(msgspec.json.encode) | st.binary(max_size=200))
@settings(max_examples=2000 if SOAK else 150, deadline=None)
def test_a_batch_is_decoded_item_by_item_like_single_bodies(body: bytes) -> None:
    try:
        items = umami.decode_batch(body, 10)
    except Malformed:
        return
    for item, raw in zip(items, msgspec.json.decode(body, type=list[msgspec.Raw]), strict=True):
        single = _decoded(bytes(raw))
        assert (single is None) == isinstance(item, Malformed)
        assert single is None or single == item


# A client strips what a header's value begins and ends with, or refuses to send it.
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip)


@given(st.data())
@settings(max_examples=200 if SOAK else 25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_over_http_is_no_5xx(site: Site, data: st.DataObject) -> None:
    payload = data.draw(payloads)
    if data.draw(st.booleans()):
        payload = {"url": "/x", **payload, "website": site.name}
    path = data.draw(st.sampled_from(["/api/send", "/api/batch"]))
    body: Any = {"type": "event", "payload": payload}
    headers = data.draw(
        st.dictionaries(
            st.sampled_from(["x-umami-cache", "authorization", "sec-gpc", "dnt", "x-sightline-consent",
            "cf-ipcountry"]),
            HEADER, max_size=3,
        )
    )  # fmt: skip
    content = msgspec.json.encode([body, payload] if path == "/api/batch" else body)
    before = len(await site.rows())
    answer = await site.client.post(path, content=content, headers=headers)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    stored = len(await site.rows()) - before
    if path == "/api/send":
        assert stored == ("sessionId" in answer.text)


LINES = st.sampled_from(
    [
        b"POST /api/send HTTP/1.1\r\n", b"POST /api/send HTTP/1.0\r\n", b"GET /p/x HTTP/1.1\r\n", b"Host: x\r\n",
        b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"\r\n", b"\x00",
        b"X: " + b"y" * 9000 + b"\r\n",
        b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"{}", b"OPTIONS * HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ]
)  # fmt: skip


@given(st.lists(LINES | st.binary(max_size=30), max_size=8).map(b"".join))
@settings(max_examples=400 if SOAK else 40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_bytes_on_the_wire_end_the_server_or_make_it_answer_5xx(site: Site, sent: bytes) -> None:
    port = site.client.base_url.port
    assert port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    writer.write_eof()
    try:
        async with asyncio.timeout(2):
            answer = await reader.read()
    except (TimeoutError, ConnectionResetError):
        answer = b""  # it waits for the rest, which is its right
    writer.close()
    assert not any(line.startswith(b"HTTP/1.1 5") for line in answer.split(b"\r\n")), answer[:200]
    good = await site.send(url="/after", headers={"user-agent": CHROME})
    assert good.status_code in {200, 429}
