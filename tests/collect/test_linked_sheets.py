"""Style sheets that OpenReplay's tracker names by their address: fetched from the site itself, and from nobody else."""

import asyncio
from typing import Any

import orjson

from sightline.server.linked_sheets import LARGEST, LinkedSheets
from tests.collect.conftest import Site
from tests.collect.test_openreplay import Tracker, events, rows
from tests.openreplay.wire import loaded
from tests.operate.test_page_check import serving

LINK = 90
CSS = b".card { background: url(cat.png); color: #123456 } /* Anneliese */"


def styled(href: str, base: str, *, tag: str = "LINK") -> list[tuple[Any, ...]]:
    """A page whose head links a sheet."""
    return [*loaded(), (8, LINK, 0, 0, tag, False), (12, LINK, "rel", "stylesheet"), (60, LINK, "href", href, base)]


def sheet(body: bytes = CSS, *, kind: bytes = b"text/css", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\ncontent-type: " + kind + b"\r\n\r\n" + body


async def recorded(site: Site, page: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The attributes of the link as they are stored."""
    tracker = Tracker(site)
    await tracker.start()
    before = len(await rows(site, "chunk"))
    assert (await tracker.send(page, tab=f"tab{before}AAAAAA")).status_code == 200
    chunks = await rows(site, "chunk")
    assert len(chunks) == before + 1
    (found,) = [event for event in events(chunks[-1:]) if event["type"] == 2]
    stack = [found["data"]["node"]]
    while stack:
        node = stack.pop()
        if node.get("id") == LINK + 10:
            attributes: dict[str, Any] = node["attributes"]
            return attributes
        stack.extend(node.get("childNodes", ()))
    raise AssertionError(found)


async def test_a_linked_sheet_becomes_a_part_of_the_recording(site: Site) -> None:
    site.parts.openreplay.tracked._sheets = LinkedSheets(loopback=True)
    async with serving(sheet()) as (url, asked):
        first = await recorded(site, styled("app.css?v=1", f"{url}/assets/"))
        again = await recorded(site, styled(f"{url}/assets/app.css?v=1", ""))
    assert first["_cssText"] == again["_cssText"]
    assert "color: #123456" in first["_cssText"].replace(":#", ": #")
    assert "Anneliese" not in first["_cssText"]
    assert [line.split(b"\r\n")[0] for line in asked] == [b"GET /assets/app.css?v=1 HTTP/1.1"]


async def test_what_is_no_sheet_or_somebody_elses_is_not_fetched(site: Site) -> None:
    async with serving(sheet()) as (url, asked):
        for page in (styled(f"{url}/app.css", ""), styled("https://elsewhere.example/app.css", "")):
            assert "_cssText" not in await recorded(site, page)  # neither of this machine nor of another site
        site.parts.openreplay.tracked._sheets = LinkedSheets(loopback=True)
        assert "_cssText" not in await recorded(site, styled("app.css", f"{url}/", tag="A"))
        assert asked == []
    for answer in (sheet(kind=b"text/html"), sheet(status=b"404 Not Found"), sheet(b"x" * (LARGEST + 1)), b"nonsense"):
        async with serving(answer) as (url, asked):
            assert "_cssText" not in await recorded(site, styled(f"{url}/app.css", ""))
            await recorded(site, styled(f"{url}/app.css", ""))
        assert len(asked) == 1  # and it is not asked for again at once


async def test_a_redirect_to_elsewhere_is_not_followed(site: Site) -> None:
    site.parts.openreplay.tracked._sheets = LinkedSheets(loopback=True)
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data\r\n\r\n"
    async with serving(moved) as (url, asked):
        assert "_cssText" not in await recorded(site, styled(f"{url}/app.css", ""))
    assert len(asked) == 1


async def test_a_server_that_is_slow_holds_up_no_batch_and_is_there_for_the_next_page(site: Site) -> None:
    site.parts.openreplay.tracked._sheets = sheets = LinkedSheets(loopback=True)
    go = asyncio.Event()

    async def slow(_: bytes, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(sheet())

    async with serving(slow) as (url, _):
        assert "_cssText" not in await recorded(site, styled(f"{url}/app.css", ""))
        go.set()
        await asyncio.gather(*sheets._asking.values())
        assert "_cssText" in await recorded(site, styled(f"{url}/app.css", ""))


async def test_a_visitor_who_is_not_recorded_makes_nobody_fetch(site: Site) -> None:
    site.parts.openreplay.tracked._sheets = LinkedSheets(loopback=True)
    tracker = Tracker(site)
    await tracker.start()
    await site.house.database.execute("UPDATE sites SET consent_mode = 'analytics' WHERE id = $1", site.id)
    site.parts.intake.sites.forget()
    async with serving(sheet()) as (url, asked):
        await tracker.send(styled(f"{url}/app.css", ""))
    assert asked == []


async def test_the_next_batch_of_a_page_keeps_its_sheets(site: Site) -> None:
    """A link that moves is put out again with all that it has."""
    site.parts.openreplay.tracked._sheets = LinkedSheets(loopback=True)
    tracker = Tracker(site)
    await tracker.start()
    async with serving(sheet()) as (url, _):
        await tracker.send(styled(f"{url}/app.css", ""))
    await tracker.send([(10, LINK, 1, 0)])
    moved = events(await rows(site, "chunk"))[-1]
    assert "#123456" in orjson.dumps(moved["data"]["adds"]).decode()
