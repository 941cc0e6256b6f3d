"""`sightline logs` against a server that is served: what it prints, and that it goes on where a stream ended."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sightline.accounts.permissions import Permission
from sightline.cli import sightline
from tests.backend.conftest import Backend
from tests.backend.payloads import document, packed, powertools
from tests.collect.keys import make_key

Run = Callable[..., Result]


@pytest.fixture
async def run(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    key = await make_key(backend.site, Permission.SITE_READ, Permission.SITE_LOGS)
    for name, value in (("URL", str(backend.client.base_url)), ("KEY", key)):
        monkeypatch.setenv(f"SIGHTLINE_CLIENT_{name}", value)

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(sightline, ["logs", *arguments, "--site", "Shop", "--data", str(tmp_path)])

    return command


async def test_search_prints_the_latest_last(backend: Backend, run: Run) -> None:
    await backend.firehose(packed(document([powertools("one", order_id=5), powertools("two", level="ERROR"), "three"])))
    found = await asyncio.to_thread(run, "search", "service:checkout", "NOT", "three")
    assert found.exit_code == 0, found.output
    first, second = found.stdout.splitlines()
    assert "info  checkout one location=handler:12" in first
    assert "order_id=5" in first
    assert "error checkout two" in second
    found = await asyncio.to_thread(run, "search", "level:error", "--json", "--limit", "1")
    assert json.loads(found.stdout)["message"] == "two"
    found = await asyncio.to_thread(run, "search", "nothing")
    assert (found.stdout, found.stderr) == ("", "nothing was found\n")


async def test_search_takes_a_span_of_its_own(backend: Backend, run: Run) -> None:
    for at_ms, message in ((1_790_000_000_000, "before"), (1_790_000_060_000, "within"), (1_790_000_120_000, "after")):
        await backend.firehose(packed(document([powertools(message)], at_ms=at_ms, stream=message)))
    span = ("--start", "1790000030000", "--end", "1790000090000")
    found = await asyncio.to_thread(run, "search", "service:checkout", "--json", *span)
    assert [json.loads(line)["message"] for line in found.stdout.splitlines()] == ["within"], found.output
    refused = await asyncio.to_thread(run, "search", "x", "--end", "2026-01-31")
    assert "--start and --end go together" in str(refused.exception)


async def test_tail_prints_what_arrives(backend: Backend, run: Run) -> None:
    following = asyncio.create_task(asyncio.to_thread(run, "tail", "level:error", "--count", "2", "--json"))
    for number in range(100):
        await asyncio.sleep(0.2)
        await backend.firehose(packed(document([powertools(str(number), level="ERROR")], stream=str(number))))
        if following.done():
            break
    found = await following
    assert found.exit_code == 0, found.output
    first, second = (int(json.loads(line)["message"]) for line in found.stdout.splitlines())
    assert second == first + 1


async def test_a_query_that_cannot_be_read_is_said_in_the_servers_words(run: Run) -> None:
    found = await asyncio.to_thread(run, "search", '"open')
    assert found.exit_code != 0
    assert "this quote is never closed" in str(found.exception)
