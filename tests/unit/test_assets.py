"""The dashboard's files as bytes over ASGI: encodings, caching, pages, and what must not be served."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sightline.errors import NotFound
from sightline.server.asgi import Message
from sightline.server.assets import NOT_BUILT, YEAR, Assets
from sightline.server.routing import MethodNotAllowed

INDEX = b"<!doctype html><title>Sightline</title>"
SCRIPT = b"console.log('sightline');" * 40


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(assets: Assets, path: str, *, method: str = "GET", **headers: str) -> Answer:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("a file needs no body to be read")

    async def send(message: Message) -> None:
        sent.append(message)

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await assets({"type": "http", "method": method, "path": path, "headers": lines}, receive, send)
    start, *rest = sent
    decoded = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(decoded) == len(start["headers"]), "no header is sent twice"
    return Answer(start["status"], decoded, b"".join(message["body"] for message in rest))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_bytes(b"outside")
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_bytes(INDEX)
    (static / "theme.js").write_bytes(b"1")
    (static / "assets/main-abc123.js").write_bytes(SCRIPT)
    (static / "assets/main-abc123.js.gz").write_bytes(gzip.compress(SCRIPT))
    (static / "assets/main-abc123.js.br").write_bytes(b"as brotli")
    (static / "notes.sha256").write_bytes(b"not for browsers")
    return static


@pytest.fixture
def assets(folder: Path) -> Assets:
    return Assets.load(folder)


async def test_a_hashed_file_may_be_kept_for_a_year(assets: Assets) -> None:
    answer = await ask(assets, "/assets/main-abc123.js")
    assert answer.status == 200
    assert answer.body == SCRIPT
    assert answer.headers["cache-control"] == YEAR
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-length"] == str(len(SCRIPT))
    assert answer.headers["vary"] == "accept-encoding"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/index.html", "/settings/people", "/sites/shop.example", "/setup", "/theme.js"])
async def test_what_has_no_hash_in_its_name_is_asked_for_each_time(assets: Assets, path: str) -> None:
    answer = await ask(assets, path)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.body == (b"1" if path == "/theme.js" else INDEX)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("*", "br"),
        ("*;q=0, gzip", "gzip"),
        ("br;q=nonsense", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_the_best_encoding_that_the_browser_accepts_is_sent(
    assets: Assets, accepted: str, encoding: str | None
) -> None:
    answer = await ask(assets, "/assets/main-abc123.js", accept_encoding=accepted)
    assert answer.headers.get("content-encoding") == encoding
    assert answer.body == {"br": b"as brotli", "gzip": gzip.compress(SCRIPT), None: SCRIPT}[encoding]
    assert answer.headers["content-length"] == str(len(answer.body))


async def test_each_encoding_has_a_tag_of_its_own_and_the_tag_answers_304(assets: Assets) -> None:
    tags = set()
    for accepted in ("br", "gzip", "identity"):
        first = await ask(assets, "/assets/main-abc123.js", accept_encoding=accepted)
        tag = first.headers["etag"]
        tags.add(tag)
        for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await ask(assets, "/assets/main-abc123.js", accept_encoding=accepted, if_none_match=condition)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["etag"] == tag
            assert "content-length" not in again.headers
        assert (await ask(assets, "/assets/main-abc123.js", if_none_match='"other"')).status == 200
    assert len(tags) == 3


async def test_the_tag_follows_the_content(folder: Path) -> None:
    before = await ask(Assets.load(folder), "/")
    (folder / "index.html").write_bytes(INDEX + b"!")
    after = await ask(Assets.load(folder), "/", if_none_match=before.headers["etag"])
    assert after.status == 200
    assert after.headers["etag"] != before.headers["etag"]


async def test_head_says_what_get_would_send(assets: Assets) -> None:
    get = await ask(assets, "/assets/main-abc123.js", accept_encoding="gzip")
    head = await ask(assets, "/assets/main-abc123.js", method="HEAD", accept_encoding="gzip")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_reading_is_allowed(assets: Assets, method: str) -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        await ask(assets, "/", method=method)
    assert refused.value.headers() == {"allow": "GET, HEAD"}


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/v1/nothing", "/healthz", "/readyz", "/readyz/x", "/assets/old-123.js", "/assets", "/favicon.ico"],
)
async def test_a_path_of_the_server_or_of_a_file_gets_no_page(assets: Assets, path: str) -> None:
    with pytest.raises(NotFound):
        await ask(assets, path)


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/assets/../../secret.txt", "//secret.txt", "/./theme.js", "/%2e%2e/secret.txt"]
)
async def test_nothing_outside_the_folder_can_be_reached(assets: Assets, path: str) -> None:
    with pytest.raises(NotFound):
        await ask(assets, path)


async def test_packed_twins_and_records_are_not_served_by_name(assets: Assets) -> None:
    with pytest.raises(NotFound):
        await ask(assets, "/assets/main-abc123.js.gz")
    assert b"not for browsers" not in (await ask(assets, "/notes.sha256")).body


@pytest.mark.parametrize("path", ["/", "/sign-in", "/setup"])
async def test_without_a_build_a_plain_page_says_what_to_do(tmp_path: Path, path: str) -> None:
    answer = await ask(Assets.load(tmp_path / "none"), path)
    assert (answer.status, answer.body) == (503, NOT_BUILT)
    assert answer.headers["cache-control"] == "no-store"
    assert b"<style" not in answer.body
    assert b"<script" not in answer.body


async def test_without_a_build_the_servers_own_paths_are_still_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await ask(Assets.load(tmp_path / "none"), "/api/v1/nothing")
