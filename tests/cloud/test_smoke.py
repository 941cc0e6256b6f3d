"""The smoke test against a server that runs as users run it, and CloudWatch at moto's server over HTTP.

moto answers neither percentiles nor searches nor filters of Logs Insights: those rows say so and pass for nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.stub import ANY, Stubber
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cloud import smoke, smoke_panels, smoke_steps
from sightline.cloud.session import AwsRefused
from sightline.cloud.smoke_panels import Asked
from sightline.errors import InvalidValue, SightlineError
from sightline.settings import AwsSettings
from tests.cloud.beacon_server import BeaconServer
from tests.cloud.conftest import Account
from tests.cloud.log_driver import carried
from tests.running import Running, up

GROUP = "/observability/dev/service"
BEACON_GROUP = "/observability/dev/beacon"
ADA = {"email": "ada@example.com", "name": "Ada Lovelace", "password": "four wet owls sing", "team": "Engine"}
PERMISSIONS = ["site:read", "site:create", "site:errors", "site:logs", "site:send-logs"]


class Served:
    """A server that runs, and keys for it."""

    def __init__(self, running: Running) -> None:
        assert running.url is not None
        assert running.setup_link is not None
        self.running, self.url = running, running.url
        self.client = httpx.Client(base_url=f"{self.url}/api/v1", headers={"origin": self.url})
        token = running.setup_link.partition("token=")[2]
        self.client.post("/setup", json={"token": token, **ADA}).raise_for_status()
        signed = self.client.post("/sign-in", json={"login": ADA["email"], "password": ADA["password"]})
        self.client.headers["x-sightline-csrf"] = signed.raise_for_status().json()["csrf_token"]

    def key(self, *permissions: str) -> str:
        made = self.client.post("/api-keys", json={"name": "smoke", "permissions": list(permissions)})
        found: str = made.raise_for_status().json()["token"]
        return found

    def sites(self) -> list[str]:
        return [one["name"] for one in self.client.get("/sites").json()["items"]]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with up(SIGHTLINE_HEALTH_LINES="stdout", SIGHTLINE_LOG_METRICS="true", SIGHTLINE_LOG_FORMAT="json") as running:
        found = Served(running)
        yield found
        found.client.close()


def run(served: Served, tmp_path: Path, *arguments: str, key: str | None = None) -> tuple[int, Any]:
    """The command's exit code and JSON; moto's server, in this process, prints lines of its own."""
    environment = {
        "SIGHTLINE_CLIENT_URL": served.url,
        "SIGHTLINE_CLIENT_KEY": served.key(*PERMISSIONS) if key is None else key,
    }
    done = CliRunner().invoke(
        sightline, ["aws", "smoke", "--json", "--data", str(tmp_path), *arguments], env=environment,
        standalone_mode=False,
    )  # fmt: skip
    if done.exception:
        raise done.exception
    return done.return_value or 0, json.loads(done.stdout[done.stdout.index("{\n") :])


def the_site(served: Served) -> Any:
    [site] = [one for one in served.client.get("/sites").json()["items"] if one["name"] == smoke.SITE]
    return site


def states(found: Any) -> dict[tuple[str, str], str]:
    return {(one["where"], one["what"]): one["state"] for one in found["found"]}


@pytest.fixture
def beacon(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[BeaconServer]:
    server = BeaconServer(monkeypatch)
    yield server
    server.close()


def test_a_beacon_that_does_not_know_the_site_is_told_with_what_to_add(
    account: Account, served: Served, beacon: BeaconServer, tmp_path: Path
) -> None:
    """Nothing else is kept from being looked for."""
    account.client("logs").create_log_group(logGroupName=GROUP)
    code, found = run(served, tmp_path, "--wait", "1", "--beacon", beacon.url)
    refused = {one["what"]: one for one in found["found"] if one["where"] == "beacon"}
    assert code == 1
    assert set(refused) == {"vital", "error"}
    assert f"add {the_site(served)['public_key']}=smoke to BeaconSites" in refused["vital"]["next"]
    assert "SIGHTLINE_SITES" in refused["vital"]["evidence"]
    assert ("database", "error") in states(found)


def test_one_of_each_signal_is_found_everywhere(
    account: Account, served: Served, beacon: BeaconServer, tmp_path: Path
) -> None:
    run(served, tmp_path, "--wait", "0")  # makes the site
    beacon.beacon.sites = {the_site(served)["public_key"]: "smoke"}
    with carried(account, GROUP, served.running), carried(account, BEACON_GROUP, beacon):
        code, found = run(served, tmp_path, "--wait", "40", "--beacon", beacon.url)
    seen = states(found)
    assert seen["beacon", "vital"] == seen["beacon", "error"] == "ok"
    assert seen["CloudWatch", "vital by the beacon"] == seen["CloudWatch", "error by the beacon"] == "ok"
    assert seen["dashboard", "Page views measured by the beacon"] == seen["dashboard", "Errors by the beacon"] == "ok"
    assert {one["what"]: one for one in found["found"] if one["state"] == "missing"} == {}
    assert code == 0
    for signal in ("event", "vital", "error", "recording", "line", "metric"):
        assert seen["sent", signal] == seen["database", signal] == "ok"
    assert seen["CloudWatch", "error"] == seen["CloudWatch", "vital"] == "ok"
    assert seen["dashboard", "Page views measured"] == seen["dashboard", "Errors"] == "ok"
    assert {seen["dashboard", one] for one in ("LCP", "Committed", "Latest")} == {"unseen"}
    site = [{"Name": "site", "Value": the_site(served)["id"]}, {"Name": "device", "Value": "desktop"}]
    measured = account.client("cloudwatch").list_metrics(Namespace="Sightline/Pages", MetricName="LCP", Dimensions=site)
    assert measured["Metrics"]  # what the panel LCP asks for by that name is written so
    assert served.sites().count(smoke.SITE) == 1


def test_a_mark_again_stores_nothing_twice_and_goes_on(account: Account, served: Served, tmp_path: Path) -> None:
    with carried(account, GROUP, served.running):
        assert run(served, tmp_path, "--wait", "40", "--mark", "goeson")[0] == 0
        site = the_site(served)["id"]

        def stored() -> list[int]:
            return [
                served.client.get(f"/sites/{site}/export", params={"kind": kind}).text.count("\n")
                for kind in ("event", "vital", "error", "log", "metric", "chunk")
            ]

        before = stored()
        code, found = run(served, tmp_path, "--wait", "40", "--mark", "goeson")
        assert code == 0
        assert stored() == before
        assert all("it was there from before" in one["evidence"] for one in found["found"] if one["where"] == "sent")
    assert served.sites().count(smoke.SITE) == 1


def test_what_does_not_come_is_named_with_a_next_step(account: Account, served: Served, tmp_path: Path) -> None:
    """No log driver: nothing reaches CloudWatch."""
    account.client("logs").create_log_group(logGroupName=GROUP)
    code, found = run(served, tmp_path, "--wait", "2")
    missing = {(one["where"], one["what"]): one for one in found["found"] if one["state"] == "missing"}
    assert code == 1
    assert {("CloudWatch", "error"), ("CloudWatch", "vital"), ("dashboard", "Errors")} <= set(missing)
    assert all(one["next"] for one in missing.values())
    assert "SIGHTLINE_HEALTH_LINES=stdout" in missing["CloudWatch", "error"]["next"]
    assert not [one for one in missing if one[0] in {"sent", "database"}]


def test_a_key_that_may_not_send_lines_is_told_which_permission(
    account: Account, served: Served, tmp_path: Path
) -> None:
    account.client("logs").create_log_group(logGroupName=GROUP)
    key = served.key("site:read", "site:create", "site:logs", "site:errors")
    code, found = run(served, tmp_path, "--wait", "1", key=key)
    refused = [one for one in found["found"] if one["state"] == "missing"]
    assert code == 1
    assert [one["what"] for one in refused] == ["line", "metric"]
    assert all("site:send-logs" in one["next"] for one in refused)


def test_a_server_that_is_away_is_said(account: Account, served: Served, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="readyz answers nothing") as refused:
        run(served, tmp_path, "--url", "http://127.0.0.1:1")
    assert refused.value.hint


def test_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        sightline, ["aws", "smoke", "--dry-run", "--json", "--url", "http://127.0.0.1:1", "--data", str(tmp_path)],
        standalone_mode=False,
    )  # fmt: skip
    found = json.loads(done.stdout)["found"]
    assert {one["state"] for one in found} == {"would"}
    assert {one["where"] for one in found} == {"sent", "database", "CloudWatch", "dashboard"}


# ---- what moto does not answer: by botocore's stubber ------------------------------------------------------------

ASKED = Asked(site="7", device="desktop", stage="dev", from_ms=1_796_000_000_000)


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stubber]:
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1")
    clients: dict[str, Any] = {name: session.client(name) for name in ("cloudwatch", "logs")}
    monkeypatch.setattr(smoke_panels, "client", lambda service, _: clients[service])
    return {name: Stubber(client) for name, client in clients.items()}


def metric_data(*values: float) -> dict[str, Any]:
    return {"MetricDataResults": [{"Id": "a", "Label": "p75", "Values": list(values), "Timestamps": []}]}


def test_a_panels_percentiles_are_asked_for_our_site_and_device(stubs: dict[str, Stubber]) -> None:
    def stat(letter: str, percentile: str) -> dict[str, Any]:
        dimensions = [{"Name": "site", "Value": "7"}, {"Name": "device", "Value": "desktop"}]
        metric = {"Namespace": "Sightline/Pages", "MetricName": "LCP", "Dimensions": dimensions}
        return {"Id": letter, "Label": percentile, "ReturnData": True,
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": percentile}}  # fmt: skip

    stubs["cloudwatch"].add_response("get_metric_data", metric_data(1234.0), {
        "MetricDataQueries": [stat("a", "p50"), stat("b", "p75"), stat("c", "p95")],
        "StartTime": ANY, "EndTime": ANY,
    })  # fmt: skip
    with stubs["cloudwatch"]:
        found = smoke_panels.ask(AwsSettings(), "sightline-vitals", "LCP", ASKED)
    assert found == ["p75: 1234"]
    assert smoke_panels.shown(found, "mark") == "p75: 1234"


def test_a_panels_search_is_asked_as_it_stands(stubs: dict[str, Stubber]) -> None:
    stubs["cloudwatch"].add_response("get_metric_data", metric_data(0.0), {
        "MetricDataQueries": [{"Id": "a", "Label": "A", "ReturnData": True, "Period": 60,
                               "Expression": "SEARCH('{Sightline,Kind} MetricName=\"SignalsCommitted\"', 'Sum')"}],
        "StartTime": ANY, "EndTime": ANY,
    })  # fmt: skip
    with stubs["cloudwatch"]:
        found = smoke_panels.ask(AwsSettings(), "sightline-self", "Committed", ASKED)
    assert smoke_panels.shown(found, "mark") == ""  # a series of nothing shows nothing


def test_a_panels_lines_have_to_be_of_this_run(stubs: dict[str, Stubber]) -> None:
    logs = stubs["logs"]
    logs.add_response("start_query", {"queryId": "q"}, {
        "logGroupNames": ["/observability/dev/service"], "startTime": ANY, "endTime": ANY,
        "queryString": 'fields @timestamp, message, path, browser, visit | filter type = "page_error" | sort @timestamp'
                       " desc | limit 50",
    })  # fmt: skip
    logs.add_response("get_query_results", {"status": "Running", "results": []})
    row = [{"field": "message", "value": "SmokeTest: smoke test ours"}]
    logs.add_response("get_query_results", {"status": "Complete", "results": [row]})
    with logs:
        found = smoke_panels.ask(AwsSettings(), "sightline-frontend-errors", "Latest", ASKED)
    assert smoke_panels.shown(found, "ours") == "the line of this run"
    assert smoke_panels.shown(found, "theirs") == ""


def test_a_query_that_fails_is_said(stubs: dict[str, Stubber]) -> None:
    stubs["logs"].add_response("start_query", {"queryId": "q"})
    stubs["logs"].add_response("get_query_results", {"status": "Failed", "results": []})
    with stubs["logs"], pytest.raises(AwsRefused, match="ended as Failed"):
        smoke_panels.ask(AwsSettings(), "sightline-frontend-errors", "Latest", ASKED)


@pytest.mark.parametrize(
    ("code", "said"),
    [("AccessDeniedException", "Ask for the permission"), ("ExpiredTokenException", "Sign in again")],
)
def test_what_aws_denies_is_not_waited_for(stubs: dict[str, Stubber], code: str, said: str) -> None:
    stubs["cloudwatch"].add_client_error("get_metric_data", code, "AWS's words", http_status_code=400)
    run_ = smoke.Smoke(AwsSettings(region="eu-central-1"), served_by_nobody(), "http://127.0.0.1:1", "", mark="marked")
    look = smoke_steps.Look("LCP", "dashboard", lambda: "".join(
        smoke_panels.ask(AwsSettings(), "sightline-vitals", "LCP", ASKED)), "wait")  # fmt: skip
    with stubs["cloudwatch"]:
        found = run_._looked(look, late=False)
    assert found is not None
    assert (found.state, found.next[: len(said)]) == ("missing", said)


@pytest.mark.parametrize("mark", ["abc", "with space", "1234", "a" * 35, "ümlaut"])
def test_a_mark_is_letters(mark: str) -> None:
    with pytest.raises(InvalidValue, match="4 to 34 letters"):
        smoke.Smoke(AwsSettings(), served_by_nobody(), "http://127.0.0.1:1", "", mark=mark)


def served_by_nobody() -> Any:
    return object()


def test_a_line_is_found_behind_pages_that_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = boto3.client("logs", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(smoke_steps, "client", lambda *_, **__: logs)
    with Stubber(logs) as answers:
        answers.add_response("filter_log_events", {"events": [], "nextToken": "1"})
        answers.add_response("filter_log_events", {"events": [{"message": "a line of abcd"}]})
        assert list(smoke_steps.logged(AwsSettings(), "/group", "abcd", 0)) == ["a line of abcd"]
