"""The whole way of a click: sent to a running `sightline up`, reported by its warehouse, and still there afterwards."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.operate.test_up import set_up, signed_in
from tests.running import Running, run, up

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


def site_of(client: httpx.Client, name: str = "Shop") -> dict[str, Any]:
    found: dict[str, Any] = client.post("/api/v1/sites", json={"name": name}).raise_for_status().json()
    return found


def send(running: Running, site: dict[str, Any], path: str, **more: object) -> None:
    body = {"type": "event", "payload": {"website": site["uuid"], "hostname": "shop.example", "url": path, **more}}
    answer = httpx.post(f"{running.url}/api/send", json=body, headers={"user-agent": AGENT}).raise_for_status()
    assert "cache" in answer.json(), answer.text


def views(client: httpx.Client, site: dict[str, Any]) -> int:
    answer = client.get(f"/api/v1/sites/{site['id']}/reports/overview", params={"range": "24h"}).raise_for_status()
    return int(next(row["value"] for row in answer.json()["rows"] if row["metric"] == "views"))


def until_views(client: httpx.Client, site: dict[str, Any], wanted: int, within_s: float = 10) -> float:
    """How long it took until the report said so."""
    started = time.monotonic()
    while (found := views(client, site)) != wanted:
        assert time.monotonic() - started < within_s, f"{found} views, not {wanted}"
        time.sleep(0.02)
    return time.monotonic() - started


@pytest.fixture
def running(data: Path) -> Iterator[Running]:
    with up(data) as found:
        set_up(found)
        yield found


def test_what_was_sent_is_in_the_report_at_once_and_after_a_restart(data: Path) -> None:
    with up(data) as running:
        set_up(running)
        with signed_in(running) as client:
            site = site_of(client)
            for number in range(5):
                send(running, site, f"/page/{number}")
            until_views(client, site, 5)
            parts = {part["name"]: part for part in client.get("/readyz").json()["parts"]}
            assert parts["warehouse"]["detail"].startswith("open")
    with up(data) as running, signed_in(running) as client:
        until_views(client, site, 5)
        assert (data / "warehouse" / "warehouse.duckdb").stat().st_mode & 0o777 == 0o600


def test_all_jobs_of_signals_run_by_themselves(running: Running, data: Path) -> None:
    for name in ("signals.upkeep", "signals.erasures"):
        done = run("jobs", "run", name, "--wait", "--data", str(data))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("ok: ")


def key_of(client: httpx.Client, *permissions: str) -> str:
    body = {"name": "test", "permissions": list(permissions)}
    token: str = client.post("/api/v1/api-keys", json=body).raise_for_status().json()["token"]
    return token


def test_the_warehouse_is_shown_and_made_anew_from_the_command_line(running: Running, data: Path) -> None:
    with signed_in(running) as client:
        site = site_of(client)
        send(running, site, "/")
        until_views(client, site, 1)
        url, key = running.url or "", key_of(client, "job:read", "job:run")

        def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
            given = ("warehouse", *arguments, "--data", str(data))
            return run(*given, SIGHTLINE_CLIENT_URL=url, SIGHTLINE_CLIENT_KEY=key)

        shown = ask("status", "--json")
        assert json.loads(shown.stdout)["phase"] == "open", shown.stderr
        done = ask("rebuild", "--wait")
        assert (done.returncode, done.stdout.partition(":")[0]) == (0, "open"), done.stderr
        until_views(client, site, 1)
    without = run("warehouse", "status", "--data", str(data))
    assert without.returncode == 4
    assert "sightline key create" in without.stderr
    beside = run("warehouse", "rebuild", "--local", "--data", str(data))
    assert beside.returncode == 2
    assert "another process has the warehouse" in beside.stderr


def test_a_warehouse_is_made_anew_without_a_server(data: Path) -> None:
    with up(data) as running:
        set_up(running)
        with signed_in(running) as client:
            send(running, site_of(client), "/")
    done = run("warehouse", "rebuild", "--local", "--data", str(data), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_done"] == 1


def test_a_site_is_emptied_from_the_command_line_while_the_server_runs(running: Running, data: Path) -> None:
    with signed_in(running) as client:
        site = site_of(client)
        for path in ("/a", "/b"):
            send(running, site, path)
        until_views(client, site, 2)
        done = run("site", "reset", "Shop", "--yes", "--json", "--data", str(data))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rows"] == 2
        until_views(client, site, 0)
        send(running, site, "/c")
        until_views(client, site, 1)
        listed = run("site", "erasures", "Shop", "--data", str(data))
        assert "100%" in listed.stdout
