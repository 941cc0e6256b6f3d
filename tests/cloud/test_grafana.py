"""Dashboards: their JSON, the lint over it, and the sync with one fake Grafana; the workspace by botocore's stubber."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cloud.grafana import syncing, workspace
from sightline.cloud.grafana.alerts import GROUPS, SIGHTLINE, Alert, group_document
from sightline.cloud.grafana.dashboards import ALL, LAMBDA, SYSTEM
from sightline.cloud.grafana.http import Grafana, GrafanaAway, GrafanaRefused
from sightline.cloud.grafana.known import KNOWN
from sightline.cloud.grafana.lint import alert_faults, asked, evaluated, faults
from sightline.cloud.grafana.model import Metric, document
from sightline.cloud.grafana.wanted import CLOUDWATCH, Wanted
from sightline.cloud.grafana.workspace import People, Workspace, people
from sightline.cloud.session import AwsRefused
from sightline.errors import InvalidValue
from sightline.health import emf
from sightline.settings import AwsSettings
from tests.cloud.grafana_server import TOKEN, FakeGrafana

REGION = "eu-central-1"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
WANTED = Wanted(region=REGION, stage="prod", topic=TOPIC)
SHIPPED = Path(syncing.__file__).parents[1] / "dashboards"


@pytest.fixture
def fake() -> Iterator[FakeGrafana]:
    server = FakeGrafana()
    yield server
    server.close()


# ---- the dashboards -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.uid)
def test_a_dashboard_has_no_fault(one: Any) -> None:
    assert faults(document(one)) == []


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.uid)
def test_the_shipped_json_is_what_the_code_makes(one: Any) -> None:
    """If not: `python -m tools.reference`, and look at the difference."""
    assert (SHIPPED / f"{one.uid}.json").read_text("utf-8") == json.dumps(document(one), indent=1) + "\n"


def test_no_dashboard_is_shipped_that_the_code_does_not_make() -> None:
    assert {file.stem for file in SHIPPED.glob("*.json")} == {one.uid for one in ALL}


def test_story_2_3_ac1_what_the_lambda_dashboard_shows() -> None:
    found = {target.get("metricName") for panel in document(LAMBDA)["panels"] for target in panel["targets"]}
    assert found == {
        "Invocations", "Duration", "Errors", "Throttles", "ColdStart", "ColdStartDuration", "ConcurrentExecutions",
    }  # fmt: skip
    [duration] = [panel for panel in document(LAMBDA)["panels"] if panel["title"] == "Duration"]
    assert [target["statistic"] for target in duration["targets"]] == ["p50", "p95", "p99"]


def test_story_2_3_ac5_ranges_and_refresh_are_set_and_nothing_asks_more_than_once_a_minute() -> None:
    for one in ALL:
        found = document(one)
        assert found["time"]["from"].startswith("now-")
        assert found["refresh"] in {"", "5m", "15m", "6h"}


def test_a_stage_has_its_own_log_groups_and_namespaces() -> None:
    text = json.dumps([document(one, "dev") for one in ALL])
    assert "/observability/dev/service" in text
    assert "Sightline/dev" in text
    assert "prod" not in text
    assert "@stage@" not in text


def test_the_pages_metrics_are_those_that_are_written() -> None:
    """The list that the lint holds panels against follows the emitter, not the other way round."""
    assert {frozenset(one) for one in emf._DIMENSIONS} == set(KNOWN["Sightline/Pages"]["LCP"].dimensions)


# ---- the lint: each fault alone -----------------------------------------------------------------------------------


def broken(change: Callable[[dict[str, Any]], object]) -> list[str]:
    found = copy.deepcopy(document(SYSTEM))
    change(found)
    return faults(found)


def first(found: dict[str, Any]) -> dict[str, Any]:
    target: dict[str, Any] = found["panels"][0]["targets"][0]
    return target


BREAKS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown metric": (lambda d: first(d).update(metricName="DatabaseConections"), "neither the catalogue nor AWS's"),
    "unknown namespace": (lambda d: first(d).update(namespace="AWS/RSD"), "'AWS/RSD', which nobody writes"),
    "wrong dimension": (lambda d: first(d).update(dimensions={"Cluster": ["x"]}), "under which it is not written"),
    "unknown statistic": (lambda d: first(d).update(statistic="Mean"), "'Mean', which CloudWatch does not know"),
    "no description": (lambda d: d["panels"][0].update(description="CPU"), "no description"),
    "data source by hand": (lambda d: first(d).update(datasource={"type": "cloudwatch", "uid": "abc"}), "variable's"),
    "same id": (lambda d: d["panels"][1].update(id=1), "share an id"),
    "overlap": (lambda d: d["panels"][1].update(gridPos=d["panels"][0]["gridPos"]), "lies over"),
    "too wide": (lambda d: d["panels"][0]["gridPos"].update(w=25, y=900), "24 columns"),
    "nothing asked": (lambda d: d["panels"][0].update(targets=[]), "asks for nothing"),
    "unknown letter": (lambda d: first(d).update(metricEditorMode=1, expression="z * 2"), "calculates with ['z']"),
    "search of nothing": (
        lambda d: first(d).update(
            metricEditorMode=1, expression="SEARCH('{AWS/RDS,DBClusterIdentifier} MetricName=\"Nothing\"', 'Sum')"
        ),
        "neither the catalogue nor AWS's",
    ),
    "logs of nothing": (
        lambda d: first(d).update(queryMode="Logs", expression="select 1", logGroupNames=[]),
        "no log group",
    ),
    "a log group without its ARN": (
        lambda d: first(d).update(queryMode="Logs", expression="limit 1", logGroups=[{"name": "/a", "arn": ""}]),
        "without its ARN, which Grafana asks for as an empty one",
    ),
    "no uid": (lambda d: d.update(uid=""), "uid is empty"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_lint_names_each_fault(name: str) -> None:
    change, expected = BREAKS[name]
    assert any(expected in fault for fault in broken(change)), broken(change)


def test_a_metric_that_needs_a_switch_has_to_name_its_price() -> None:
    found = document(next(one for one in ALL if one.uid == "sightline-cloudfront"))
    [panel] = [panel for panel in found["panels"] if panel["title"] == "Cache hit ratio"]
    panel["description"] = "Requests that the edge answered by itself."
    assert [fault for fault in faults(found) if "names no switch and price" in fault]


def test_what_one_look_asks_is_counted() -> None:
    found = document(LAMBDA)
    assert asked(found) == 9


def test_the_command_exits_with_1_on_a_fault(tmp_path: Path) -> None:
    found = document(SYSTEM)
    first(found)["metricName"] = "Nothing"
    file = tmp_path / "system.json"
    file.write_text(json.dumps(found), "utf-8")
    done = CliRunner().invoke(sightline, ["aws", "grafana", "lint", str(file)], standalone_mode=False)
    assert done.return_value == 1
    assert "Nothing" in done.output
    done = CliRunner().invoke(sightline, ["aws", "grafana", "lint"], standalone_mode=False)
    assert (done.return_value, done.output) == (0, "9 dashboards, 10 alert rules, no fault.\n")


# ---- alert rules --------------------------------------------------------------------------------------------------


def test_alert_rules_have_no_fault() -> None:
    assert alert_faults(GROUPS, {one.uid: document(one) for one in ALL}) == []


def test_the_shipped_rules_are_what_the_code_makes() -> None:
    """If not: `python -m tools.reference`, and look at the difference."""
    shipped = json.loads((SHIPPED.parent / "alert_rules.json").read_text("utf-8"))
    assert shipped == [group_document(one) for one in GROUPS]


def test_a_rule_asks_judges_and_points_at_its_panel() -> None:
    rule = group_document(SIGHTLINE, "dev")["rules"][0]
    query, reduced, judged = rule["data"]
    assert query["datasourceUid"] == query["model"]["datasource"]["uid"] == CLOUDWATCH
    assert (query["model"]["namespace"], query["model"]["metricName"]) == ("Sightline", "WarehouseLag")
    assert (reduced["model"]["expression"], judged["model"]["expression"]) == ("A", "B")
    assert judged["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [600_000]}}]
    assert rule["condition"] == judged["refId"] == "C"
    assert rule["labels"]["stage"] == "dev"
    panels = {str(one["id"]): one["title"] for one in document(next(
        one for one in ALL if one.uid == rule["annotations"]["__dashboardUid__"]))["panels"]}  # fmt: skip
    assert panels[rule["annotations"]["__panelId__"]] == "Reports behind"


def _lag(**changed: Any) -> Metric:
    return Metric(**{"namespace": "Sightline", "name": "WarehouseLag", "stat": "Maximum", **changed})


ALERT_BREAKS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown metric": ({"query": _lag(name="WarehouseLogs")}, "neither the catalogue nor AWS's"),
    "unknown statistic": ({"query": _lag(stat="Most")}, "'Most', which CloudWatch does not know"),
    "a variable": ({"query": _lag(dimensions={"site": "$site"})}, "which only a dashboard has"),
    "uid": ({"uid": "Reports behind"}, "1 to 40 small letters"),
    "time": ({"lasts": "90s"}, "which Grafana would write otherwise"),
    "reducer": ({"reduce": "median"}, "which Grafana does not know"),
    "a gap": ({"over_s": 60}, "what lies between is never seen"),
    "no words": ({"todo": "Look."}, "its todo says nothing"),
    "no panel": ({"panel": "Reports"}, "which is not there"),
    "another panel": ({"panel": "Leader"}, "does not show WarehouseLag"),
    "uid twice": ({"uid": "sightline-no-leader"}, "is the uid of several rules"),
}


@pytest.mark.parametrize("name", ALERT_BREAKS)
def test_the_lint_names_each_fault_of_a_rule(name: str) -> None:
    changed, expected = ALERT_BREAKS[name]
    first_alert, *others = SIGHTLINE.alerts
    fields = {one: getattr(first_alert, one) for one in Alert.__struct_fields__} | changed
    group = msgspec.structs.replace(SIGHTLINE, alerts=(Alert(**fields), *others))
    found = alert_faults([group], {one.uid: document(one) for one in ALL})
    assert any(expected in fault for fault in found), found


def test_what_rules_ask_is_counted() -> None:
    assert evaluated([SIGHTLINE]) == 4 * 4  # four metrics every quarter of an hour
    assert evaluated(GROUPS) == 4 * 4 + (1 + 1 + 3) * 2 + 3 * 3 * 1


# ---- the sync -----------------------------------------------------------------------------------------------------


def synced(fake: FakeGrafana, wanted: Wanted = WANTED) -> list[syncing.Done]:
    return list(syncing.sync(Grafana(fake.url, TOKEN), wanted, poll_s=0))


def test_the_first_sync_makes_everything_in_order(fake: FakeGrafana) -> None:
    done = synced(fake)
    assert [one.state for one in done if one.kind != "query"].count("same") == 0
    assert fake.organisation["name"] == "Sightline"
    assert fake.preferences["timezone"] == "utc"
    assert fake.sources[CLOUDWATCH]["isDefault"] is True
    assert fake.sources[CLOUDWATCH]["jsonData"] == {"authType": "default", "defaultRegion": REGION}
    assert {one["title"] for one in fake.folders.values()} == {"Infrastructure", "Application", "Frontend"}
    assert fake.in_folder == {one.uid: one.folder.value for one in ALL}
    assert fake.rules.keys() == {(one.folder.value, one.title) for one in GROUPS}
    assert fake.queries == ["cloudwatch", "StartQuery", "GetQueryResults", "GetQueryResults"]
    assert [one.name for one in done if one.kind == "query"] == ["CloudWatch", "Logs Insights"]


def test_rules_tell_the_topic_of_the_alarms(fake: FakeGrafana) -> None:
    """What others made of the tree stays, and is asked after ours."""
    fake.policies["routes"] = [{"receiver": "grafana-default-email", "object_matchers": [["team", "=", "shop"]]}]
    theirs = copy.deepcopy(fake.policies)
    synced(fake)
    [point] = [one for one in fake.points if one["name"] == "Sightline"]
    assert (point["type"], point["settings"]["topic"], point["settings"]["authProvider"]) == ("sns", TOPIC, "default")
    first_, *others = fake.policies["routes"]
    assert (first_["receiver"], first_["object_matchers"]) == ("Sightline", [["source", "=", "sightline"]])
    assert others == theirs["routes"]
    assert fake.policies["receiver"] == theirs["receiver"]
    labels = [rule["labels"] for group in fake.rules.values() for rule in group["rules"]]
    assert {one["source"] for one in labels} == {"sightline"}  # what the policy asks for is what rules carry


def test_without_a_topic_nobody_is_told_and_nothing_of_it_written(fake: FakeGrafana) -> None:
    synced(fake, msgspec.structs.replace(WANTED, topic=""))
    assert not [one for one in fake.writes if "contact-points" in one or "policies" in one]


POLICY_CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another matcher": (lambda d: d["routes"][0].update(object_matchers=[["source", "=", "x"]]), "object_matchers"),
    "silenced": (lambda d: d["routes"][0].update(mute_time_intervals=["night"]), "mute_time_intervals"),
    "one before it": (lambda d: d["routes"].insert(0, {"receiver": "grafana-default-email"}), "order"),
}


@pytest.mark.parametrize("name", POLICY_CHANGES)
def test_a_policy_that_would_keep_alerts_from_us_is_shown_and_mended(fake: FakeGrafana, name: str) -> None:
    change, where = POLICY_CHANGES[name]
    synced(fake)
    change(fake.policies)
    found = syncing.differences(Grafana(fake.url, TOKEN), WANTED)
    assert [(one.kind, one.where) for one in found if one.state != "same"] == [("notification policy", where)]
    assert [one.kind for one in synced(fake) if one.state != "same"] == ["notification policy"]
    assert {one.state for one in synced(fake)} == {"same"}


def test_a_second_sync_writes_nothing(fake: FakeGrafana) -> None:
    synced(fake)
    fake.writes.clear()
    assert {one.state for one in synced(fake)} == {"same"}
    assert fake.writes == []


def test_an_interrupted_sync_goes_on(fake: FakeGrafana) -> None:
    going = syncing.sync(Grafana(fake.url, TOKEN), WANTED)
    for _ in range(8):
        next(going)
    going.close()
    before = dict.fromkeys(fake.dashboards)
    assert 0 < len(before) < len(ALL)
    fake.writes.clear()
    synced(fake)
    assert len(fake.writes) == len(ALL) - len(before) + 2 + len(GROUPS)
    assert set(fake.dashboards) == {one.uid for one in ALL}


def test_what_was_changed_by_hand_is_shown_and_taken_back(fake: FakeGrafana) -> None:
    synced(fake)
    fake.dashboards["sightline-lambda"]["panels"][0]["title"] = "Mine"
    fake.folders["frontend"]["title"] = "Web"
    fake.sources[CLOUDWATCH]["jsonData"]["defaultRegion"] = "us-east-1"
    del fake.dashboards["sightline-cost"]
    fake.rules["infrastructure", "sightline"]["rules"][0]["isPaused"] = True
    fake.rules["frontend", "frontend"]["rules"].append({"uid": "mine", "title": "Mine"})
    fake.rules["application", "application"]["interval"] = 60
    fake.points[1]["settings"]["topic"] = "arn:aws:sns:eu-central-1:123456789012:theirs"
    fake.policies["routes"] = []
    fake.writes.clear()
    found = syncing.differences(Grafana(fake.url, TOKEN), WANTED)
    assert {(one.name, one.state, one.where) for one in found if one.state != "same"} == {
        ("Lambda performance", "differs", "panels"), ("Frontend", "differs", "title"),
        ("CloudWatch", "differs", "jsonData"), ("Cost", "missing", ""), ("sightline", "differs", "rules"),
        ("frontend", "differs", "rules"), ("application", "differs", "interval"), ("Sightline", "differs", "settings"),
        ("source = sightline", "missing", ""),
    }  # fmt: skip
    assert fake.writes == []
    assert len([one for one in synced(fake) if one.state != "same"]) == 9
    assert {one.state for one in synced(fake)} == {"same"}


def test_a_dry_run_and_the_diff_only_look(
    fake: FakeGrafana, service: Stubber, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIGHTLINE_AWS_REGION", REGION)
    monkeypatch.setattr(workspace, "Grafana", lambda _, token: Grafana(fake.url, token))
    people_file = tmp_path / "people.toml"
    people_file.write_text('admins = ["owner"]\n', "utf-8")
    service.add_response("describe_workspace", described("ACTIVE"))
    service.add_response("describe_workspace_configuration", configured('{"unifiedAlerting": {"enabled": false}}'))
    accounts(service)
    service.add_response("list_permissions", {"permissions": []})
    service.add_response("delete_workspace_service_account_token", TOKEN_GONE, TOKEN_GONE)
    arguments = ["aws", "grafana", "sync", "--dry-run", "--workspace", "g-0123456789", "--people", str(people_file)]
    with service:
        done = CliRunner().invoke(sightline, [*arguments, "--data", str(tmp_path)], catch_exceptions=False)
    service.assert_no_pending_responses()
    assert done.exit_code == 0
    assert "would: gives ADMIN owner" in done.output
    # With the folders, the data source, and the alerting that is off; nobody to tell was named.
    assert done.output.count("missing") == len(ALL) + len(GROUPS) + 5
    assert fake.writes == []


def test_opensearch_needs_its_plugin_first(fake: FakeGrafana) -> None:
    done = synced(fake, msgspec.structs.replace(WANTED, search="search.example.com"))
    assert done[0].kind == "plugin"
    assert fake.sources["sightline-opensearch"]["url"] == "https://search.example.com"
    assert [one.name for one in done if one.kind == "query"] == ["CloudWatch", "Logs Insights", "OpenSearch"]
    assert fake.queries[-1] == "grafana-opensearch-datasource"


@pytest.mark.parametrize(
    ("kind", "says", "hint"),
    [
        ("cloudwatch", "CloudWatch cannot be asked", "cloudwatch:GetMetricData"),
        ("StartQuery", "Logs Insights cannot be asked", "logs:StartQuery"),
        ("GetQueryResults", "Logs Insights cannot be asked", "logs:GetQueryResults"),
        ("grafana-opensearch-datasource", "OpenSearch cannot be asked", "es:ESHttpPost"),
    ],
)
def test_a_data_source_that_may_not_read_is_said(fake: FakeGrafana, kind: str, says: str, hint: str) -> None:
    fake.query_errors[kind] = "AccessDeniedException: not authorized"
    with pytest.raises(GrafanaRefused, match=f"{says}.*AccessDenied") as refused:
        synced(fake, msgspec.structs.replace(WANTED, search="search.example.com"))
    assert refused.value.hint
    assert hint in refused.value.hint


def test_a_query_of_logs_that_fails_is_said(fake: FakeGrafana) -> None:
    fake.log_states = ["Failed"]
    with pytest.raises(GrafanaRefused, match="/observability/prod/service ended as Failed"):
        synced(fake)


def test_a_token_that_has_run_out_is_said(fake: FakeGrafana) -> None:
    with pytest.raises(GrafanaRefused, match="401") as refused:
        list(syncing.sync(Grafana(fake.url, "old"), WANTED))
    assert refused.value.hint == "The token has run out: run this again."


def test_a_workspace_that_does_not_answer_is_try_again() -> None:
    with pytest.raises(GrafanaAway):
        Grafana("http://127.0.0.1:9", TOKEN).get("/api/org")


# ---- the workspace ------------------------------------------------------------------------------------------------


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client = boto3.session.Session(
        aws_access_key_id="x", aws_secret_access_key="x", region_name=REGION
    ).client("grafana")  # fmt: skip
    monkeypatch.setattr(workspace, "client", lambda *_, **__: client)
    return Stubber(client)


TOKEN_GONE = {"workspaceId": "g-0123456789", "serviceAccountId": "5", "tokenId": "9"}


def accounts(service: Stubber) -> None:
    """The service account is there, and gets a token."""
    service.add_response("list_workspace_service_accounts", {"workspaceId": "g-0123456789", "serviceAccounts": [
        {"id": "5", "name": "sightline-sync", "grafanaRole": "ADMIN", "isDisabled": "false"}]})  # fmt: skip
    service.add_response("create_workspace_service_account_token", {
        "workspaceId": "g-0123456789", "serviceAccountId": "5",
        "serviceAccountToken": {"id": "9", "name": "sync", "key": TOKEN}})  # fmt: skip


def described(status: str) -> dict[str, Any]:
    return {"workspace": {
        "created": 1, "modified": 1, "dataSources": [], "endpoint": "g.example.com", "grafanaVersion": "10.4",
        "id": "g-0123456789", "status": status, "authentication": {"providers": ["AWS_SSO"]},
    }}  # fmt: skip


def configured(text: str, version: str = "10.4") -> dict[str, str]:
    return {"configuration": text, "grafanaVersion": version}


def opened() -> Workspace:
    return Workspace(AwsSettings(region=REGION), "g-0123456789", poll_s=0)


def test_it_is_waited_for_until_it_is_active(service: Stubber) -> None:
    service.add_response("describe_workspace", described("CREATING"))
    service.add_response("describe_workspace", described("ACTIVE"))
    with service:
        assert opened().active() == "https://g.example.com"
    service.assert_no_pending_responses()


def test_alerting_is_turned_on_and_what_else_was_set_stays(service: Stubber) -> None:
    service.add_response("describe_workspace_configuration", configured('{"plugins": {"pluginAdminEnabled": true}}'))
    service.add_response("update_workspace_configuration", {}, {
        "workspaceId": "g-0123456789",
        "configuration": '{"plugins": {"pluginAdminEnabled": true}, "unifiedAlerting": {"enabled": true}}',
    })  # fmt: skip
    service.add_response("describe_workspace", described("UPDATING"))
    service.add_response("describe_workspace", described("ACTIVE"))
    with service:
        assert opened().alerting()
    service.assert_no_pending_responses()


@pytest.mark.parametrize(("text", "version"), [('{"unifiedAlerting": {"enabled": true}}', "10.4"), ("{}", "12.1")])
def test_alerting_that_is_on_is_left_alone(service: Stubber, text: str, version: str) -> None:
    service.add_response("describe_workspace_configuration", configured(text, version))
    with service:
        assert not opened().alerting()


def test_one_that_failed_is_not_waited_for(service: Stubber) -> None:
    service.add_response("describe_workspace", described("CREATION_FAILED"))
    with service, pytest.raises(AwsRefused, match="CREATION_FAILED"):
        opened().active()


def test_roles_become_what_the_file_says(service: Stubber) -> None:
    who = People(admins=["owner"], product=["p"], engineering=["e"], support=["s"])
    service.add_response("list_permissions", {"permissions": [
        {"user": {"id": "p", "type": "SSO_GROUP"}, "role": "ADMIN"},
        {"user": {"id": "e", "type": "SSO_GROUP"}, "role": "VIEWER"},
        {"user": {"id": "gone", "type": "SSO_GROUP"}, "role": "EDITOR"},
    ]})  # fmt: skip
    service.add_response("update_permissions", {"errors": []}, {
        "workspaceId": "g-0123456789",
        "updateInstructionBatch": [
            {"action": action, "role": role, "users": [{"id": one, "type": "SSO_GROUP"}]}
            for action, role, one in (
                ("REVOKE", "ADMIN", "p"), ("REVOKE", "EDITOR", "gone"), ("ADD", "VIEWER", "p"),
                ("ADD", "VIEWER", "s"), ("ADD", "ADMIN", "owner"),
            )
        ],
    })  # fmt: skip
    with service:
        assert "takes ADMIN p" in opened().permit(who)
    service.assert_no_pending_responses()


def test_roles_are_given_twenty_at_a_time(service: Stubber) -> None:
    service.add_response("list_permissions", {"permissions": []})
    service.add_response("update_permissions", {"errors": []})
    service.add_response("update_permissions", {"errors": []})
    with service:
        assert len(opened().permit(People(admins=["owner"], product=[f"p{n}" for n in range(30)]))) == 31
    service.assert_no_pending_responses()


def test_a_file_without_an_admin_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "people.toml"
    file.write_text('admins = []\nproduct = ["p"]\n', "utf-8")
    with pytest.raises(InvalidValue, match="names no admin"):
        people(file)
    file.write_text('admin = ["a"]\n', "utf-8")
    with pytest.raises(InvalidValue, match="admin"):
        people(file)


def test_the_token_is_deleted_whatever_happens(service: Stubber) -> None:
    accounts(service)
    service.add_response("delete_workspace_service_account_token", TOKEN_GONE, TOKEN_GONE)
    with service, pytest.raises(RuntimeError), opened().opened("https://g.example.com"):
        raise RuntimeError
    service.assert_no_pending_responses()
