"""What `sightline aws … --send` gives the server, over HTTP: commands, a real server, moto's AWS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.errors import NotSignedIn
from tests.cloud.conftest import Account
from tests.cloud.test_smoke import Served
from tests.cloud.test_spending import explorer, fill  # noqa: F401 - a fixture
from tests.running import up


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with up() as running:
        found = Served(running)
        yield found
        found.client.close()


def send(served: Served, data: Path, *command: str, permission: str = "cloud:report") -> tuple[int, Any]:
    environment = {"SIGHTLINE_CLIENT_URL": served.url, "SIGHTLINE_CLIENT_KEY": served.key(permission)}
    done = CliRunner().invoke(
        sightline, ["aws", *command, "--send", "--json", "--data", str(data)], env=environment, standalone_mode=False
    )
    if done.exception:
        raise done.exception
    return done.return_value or 0, json.loads(done.stdout[done.stdout.index("{\n") :])


def shown(served: Served) -> Any:
    return served.client.get("/cloud").raise_for_status().json()


def test_nothing_was_sent_yet(served: Served) -> None:
    found = shown(served)
    assert {name: found[name] for name in ("estimate", "spending", "tags", "verification")} == dict.fromkeys(
        ("estimate", "spending", "tags", "verification")
    )


def test_the_estimate_is_kept_and_the_next_one_takes_its_place(served: Served, tmp_path: Path) -> None:
    _, first = send(served, tmp_path, "cost", "estimate")
    _, second = send(served, tmp_path, "cost", "estimate", "--set", "NatKind=instance")
    assert second["total"] < first["total"]
    kept = shown(served)["estimate"]
    assert kept["total"] == second["total"]
    assert kept["lines"] == second["lines"]
    assert kept["taken_at"]


def test_the_bill_is_kept(served: Served, tmp_path: Path, account: Account, explorer: Stubber) -> None:  # noqa: F811
    fill(explorer)
    with explorer:
        send(served, tmp_path, "cost", "report", "--budget", "120")
    kept = shown(served)["spending"]
    assert kept["days"]["2026-11-01"] == {"Amazon ECS": 0.25, "NAT <b>": 1.10, "AWS KMS": 0.10}
    assert (kept["budget"], kept["forecast"], kept["components"]) == (
        120,
        41.5,
        {"Networking": 1.10, "(none)": 0.30, "Compute": 0.05},
    )
    assert kept["groups"] == {}


def test_the_gaps_of_tags_are_kept(served: Served, tmp_path: Path, account: Account) -> None:
    account.bucket("ours", {"Project": "UserMetrics"})
    code, found = send(served, tmp_path, "tags", "audit")
    kept = shown(served)["tags"]
    assert code == 1
    assert (kept["resources"], kept["gaps"]) == (found["resources"], found["gaps"])
    assert "Owner is missing" in kept["gaps"][0]["faults"]


def test_the_verification_is_kept(served: Served, tmp_path: Path, account: Account) -> None:
    _, found = send(served, tmp_path, "verify")
    kept = shown(served)["verification"]
    assert len(kept["rows"]) == 198
    assert [row["state"] for row in kept["rows"]] == [row["state"] for row in found["rows"]]


def test_a_key_that_may_not_send_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(NotSignedIn):
        send(served, tmp_path, "cost", "estimate", permission="cloud:read")


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("estimate", {"about": "x", "prices_read": "x", "total": "much", "lines": []}),
        ("tags", {"resources": -1, "gaps": []}),
        ("verification", {"about": "x", "rows": [{"id": "1", "criterion": "", "how": "", "state": "maybe",
                                                  "evidence": ""}]}),
        ("spending", {"start": "2026-11-01", "end": "2026-11-02", "days": {"today": {}}, "components": {},
                      "forecast": None, "anomalies": [], "budget": 150}),
        ("spending", {"start": "today", "end": "2026-11-02", "days": {}, "components": {}, "forecast": None,
                      "anomalies": [], "budget": 150}),
    ],
)  # fmt: skip
def test_what_is_not_such_a_result_is_refused_and_changes_nothing(served: Served, kind: str, document: Any) -> None:
    before = shown(served)
    answer = httpx.put(
        f"{served.url}/api/v1/cloud/{kind}",
        json=document,
        headers={"authorization": f"Bearer {served.key('cloud:report')}"},
    )
    assert answer.status_code == 422
    assert shown(served) == before
