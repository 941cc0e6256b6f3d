"""The example shop beside `sightline up`, and the visits that `sightline demo traffic` makes up for it."""

import asyncio
import json
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tools import assets

from sightline.database.address import connect
from sightline.database.embedded import running as address_of
from tests.operate.test_up import PERSON, set_up, signed_in
from tests.running import Running, run, status, up

WITH_SHOP = {"SIGHTLINE_DEMO_SHOP": "true"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the service user of PostgreSQL can reach, as those of pytest are not."""
    assets.main()
    with tempfile.TemporaryDirectory(prefix="sl-demo-") as found:
        Path(found).chmod(0o755)
        yield Path(found)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    with up(folder / "data", **WITH_SHOP) as running:
        running.wait_for_shop()
        yield running


def asked(server: Running, query: str) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        address = address_of(server.data)
        assert address is not None
        connection = await connect(msgspec.structs.replace(address, database="sightline"))
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def traffic(server: Running, *arguments: str) -> dict[str, Any]:
    done = run("demo", "traffic", "--data", str(server.data), "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_first_start_makes_the_site_with_its_rules_and_the_first_admin_owns_it(server: Running) -> None:
    set_up(server)
    with signed_in(server) as client:
        (team,) = client.get("/api/v1/teams").json()["items"]
        (site,) = client.get("/api/v1/sites").json()["items"]
        assert (team["name"], team["members"]) == (PERSON["name"], 1)
        assert (site["name"], site["team_id"]) == ("Fern & Clay", team["id"])
        made = client.post("/api/v1/sites", json={"name": "My own"}).raise_for_status().json()
        assert made["team_id"] == team["id"]  # the only one, so it goes without saying
    page = httpx.get(server.shop or "").text
    assert f'data-site="{site["public_key"]}"' in page
    rules = run("privacy", "rules", "show", "--site", "Fern & Clay", "--data", str(server.data))
    assert ".catalogue" in rules.stdout, rules.stdout + rules.stderr


def test_the_shop_passes_the_path_of_the_sdk_on_and_nothing_else(server: Running) -> None:
    shop = server.shop or ""
    path = re.findall(r'data-host="/(\w+)"', httpx.get(shop).text)[0]
    script = httpx.get(f"{shop}/{path}/s.js")
    assert script.headers["cache-control"] == "public, max-age=3600"
    assert script.content == httpx.get(f"{server.url}/{path}/s.js").content
    assert "Fern &amp; Clay" in httpx.get(f"{shop}/api/../healthz").text  # a page of the shop's own
    assert httpx.get(f"{shop}/api/v1/me").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/api/nothing", None, 404),
        ("/assets/missing.js", None, 404),
        ("/", b"x", 405),
        ("/api/orders", b"{", 400),
        ("/api/orders", b"[]", 400),
        ("/api/orders", b'{"customer": {}, "lines": [{"product": "olive", "quantity": 1}]}', 422),
        ("/api/orders", b"x" * (5 << 20), 413),
    ],
)
def test_what_the_shop_cannot_answer_is_said(server: Running, path: str, body: bytes | None, expected: int) -> None:
    url = f"{server.shop}{path}"
    answer = httpx.get(url) if body is None else httpx.post(url, content=body)
    assert answer.status_code == expected
    assert answer.json()["message"]


def test_traffic_fills_past_days_and_is_stored_once(server: Running) -> None:
    found = traffic(server, "--visits", "120", "--days", "20", "--live", "0")
    assert found["history"]["visits"] == 120
    assert found["live"] == {"how": "nobody", "visits": 0, "failed": 0, "why": []}
    again = traffic(server, "--visits", "120", "--days", "20", "--live", "0")
    assert (again["history"]["visits"], again["history"]["before"], again["history"]["signals"]) == (0, 120, 0)
    (row,) = asked(
        server,
        "SELECT count(DISTINCT visit) AS visits, count(DISTINCT created_ms / 86400000) AS days, "
        "count(DISTINCT country) AS countries, count(DISTINCT channel) AS channels, count(DISTINCT device) AS devices, "
        "count(DISTINCT browser) AS browsers, sum(revenue) AS revenue, count(DISTINCT utm_campaign) AS campaigns, "
        "count(DISTINCT visitor) AS visitors, count(person) AS persons, sum(engagement_ms) AS engaged "
        "FROM umami.signal_event",
    )
    assert row["visits"] == 120
    assert row["days"] >= 18
    assert min(row["countries"], row["channels"], row["browsers"]) >= 5
    assert row["devices"] >= 3
    assert row["campaigns"] >= 3
    assert 60 < row["visitors"] < 120  # some came again
    assert row["revenue"] > 0
    assert row["engaged"] > 0
    (vital,) = asked(server, "SELECT count(DISTINCT metric) AS metrics, count(*) AS n FROM umami.signal_vital")
    assert (vital["metrics"], vital["n"] > 500) == (5, True)
    assert asked(server, "SELECT FROM umami.signal_error")
    stored = run("privacy", "audit", "--data", str(server.data), "--site", "Fern & Clay", "--json")
    assert stored.returncode == 0, stored.stdout  # nothing that the rules in force would still mask


def test_visits_that_happen_now_come_by_protocol_where_no_browser_is(server: Running, tmp_path: Path) -> None:
    before = len(asked(server, "SELECT DISTINCT visit FROM umami.signal_event"))
    found = run(
        "demo", "traffic", "--data", str(server.data), "--json", "--visits", "0", "--live", "5", "--seed", "7",
        PATH=str(tmp_path),
    )  # fmt: skip
    assert json.loads(found.stdout)["live"] == {"how": "protocol", "visits": 5, "failed": 0, "why": []}, found.stderr
    # Whoever shares a device with somebody is one visitor, and what they do at once is one visit.
    assert 1 <= len(asked(server, "SELECT DISTINCT visit FROM umami.signal_event")) - before <= 5


@pytest.mark.browser
def test_visits_that_happen_now_are_people_in_a_browser_with_recordings(server: Running) -> None:
    before = {row["visit"] for row in asked(server, "SELECT DISTINCT visit FROM umami.signal_event")}
    found = traffic(server, "--visits", "0", "--live", "3", "--seed", "3")
    assert found["live"] == {"how": "chromium", "visits": 3, "failed": 0, "why": []}
    rows = asked(server, "SELECT visit, path, name FROM umami.signal_event")
    new = {row["visit"] for row in rows} - before
    assert len(new) == 3
    assert {"order", "checkout", "search"} <= {row["name"] for row in rows if row["visit"] in new}
    recorded = {row["visit"] for row in asked(server, "SELECT DISTINCT visit FROM umami.signal_chunk")}
    assert new <= recorded
    assert asked(server, "SELECT FROM umami.signal_vital WHERE metric = 'INP' AND navigation <> ''")


def test_a_real_site_stays_as_it_is_unless_that_is_meant(server: Running) -> None:
    refused = run("demo", "traffic", "--data", str(server.data), "--site", "My own", "--visits", "3", "--live", "0")
    assert refused.returncode == 2
    assert "no demo site" in refused.stderr
    mixed = traffic(server, "--site", "My own", "--mix", "--visits", "3", "--live", "0")
    assert mixed["history"]["visits"] == 3


def test_the_shop_lives_as_long_as_its_server_and_is_not_served_where_nobody_wants_it(folder: Path) -> None:
    """Killed, stopped, without it, and with its site removed: four starts on one folder."""
    data = folder / "other"
    with up(data, **WITH_SHOP) as running:
        shop = running.wait_for_shop()
        key = re.findall(r'data-site="(pk_\S+)"', httpx.get(shop).text)
        running.kill()
        wait_until_gone(shop)
    with up(data, **WITH_SHOP) as running:
        shop = running.wait_for_shop()
        assert re.findall(r'data-site="(pk_\S+)"', httpx.get(shop).text) == key
        processes = [process for process in running.processes() if "server.py" in " ".join(process.cmdline())]
        assert len(processes) == 1
        removed = run("site", "remove", "Fern & Clay", "--yes", "--data", str(data))
        assert removed.returncode == 0, removed.stderr
        assert running.stop() == 0
        assert status(shop) == 0
        assert not any(process.is_running() for process in processes)
        assert "has ended" not in running.output
    for arguments in ((), ("--no-demo",)):
        with up(data, arguments, **WITH_SHOP) as running:
            assert run("site", "list", "--data", str(data)).stdout.strip() == "(none)"
            assert running.shop is None


def wait_until_gone(url: str) -> None:
    deadline = time.monotonic() + 20
    while status(url):
        assert time.monotonic() < deadline, f"{url} still answers"
        time.sleep(0.02)
