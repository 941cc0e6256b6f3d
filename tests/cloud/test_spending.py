"""What was spent: Cost Explorer by botocore's stubber, since moto has no forecast and no anomalies; groups by moto."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from sightline import clock
from sightline.cloud import session, spending
from tests.cloud.conftest import Account


@pytest.fixture
def explorer(account: Account, monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """Cost Explorer alone is a stub: resource groups are moto's."""
    found = boto3.session.Session(
        aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
    ).client("ce")  # fmt: skip
    monkeypatch.setattr(
        spending, "client", lambda name, *at, **more: found if name == "ce" else session.client(name, *at, **more)
    )
    return Stubber(found)


def days(*sums: dict[tuple[str, str], str], token: str = "") -> dict[str, Any]:
    start = date(2026, 11, 1)
    results = [
        {
            "TimePeriod": {"Start": str(start + timedelta(number)), "End": str(start + timedelta(number + 1))},
            "Total": {}, "Estimated": True,
            "Groups": [
                {"Keys": list(keys), "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": "USD"}}}
                for keys, usd in one.items()
            ],
        }
        for number, one in enumerate(sums)
    ]  # fmt: skip
    return {"ResultsByTime": results, **({"NextPageToken": token} if token else {})}


def fill(stub: Stubber, *groups: tuple[dict[str, Any], str], forecast: bool = True) -> None:
    """What AWS answers; `groups` are the filters that it expects of each resource group, with its cost."""
    first = {
        ("Amazon ECS", "Component$"): "0.20", ("Amazon ECS", "Component$Compute"): "0.05",
        ("NAT <b>", "Component$Networking"): "1.10",
    }  # fmt: skip
    asked = {
        "TimePeriod": ANY, "Granularity": "DAILY", "Metrics": ["UnblendedCost"], "Filter": ANY,
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "TAG", "Key": "Component"}],
    }  # fmt: skip
    stub.add_response("get_cost_and_usage", days(first, token="2"), asked)
    stub.add_response("get_cost_and_usage", days({("AWS KMS", "Component$"): "0.10"}), {**asked, "NextPageToken": "2"})
    for wanted, usd in groups:
        month = {"Total": {"UnblendedCost": {"Amount": usd, "Unit": "USD"}}, "Groups": [], "Estimated": True}
        stub.add_response("get_cost_and_usage", {"ResultsByTime": [month, {"Total": {}}]}, {
            "TimePeriod": ANY, "Granularity": "MONTHLY", "Metrics": ["UnblendedCost"], "Filter": wanted,
        })  # fmt: skip
    if forecast:
        stub.add_response("get_cost_forecast", {"Total": {"Amount": "41.5", "Unit": "USD"}})
    else:
        stub.add_client_error("get_cost_forecast", "DataUnavailableException", "not yet")
    stub.add_response("get_anomalies", {"Anomalies": [{
        "AnomalyId": "1", "AnomalyScore": {"MaxScore": 1.0, "CurrentScore": 1.0}, "MonitorArn": "arn:1",
        "Impact": {"MaxImpact": 7.0, "TotalImpact": 7.5}, "AnomalyStartDate": "2026-11-03T00:00:00Z",
        "DimensionValue": "AmazonCloudWatch",
    }]})  # fmt: skip


def test_days_services_and_components_are_summed_over_pages(
    account: Account, explorer: Stubber, tmp_path: Path
) -> None:
    fill(explorer)
    with explorer:
        found = spending.spending(account.settings, tmp_path)
    explorer.assert_no_pending_responses()
    assert found.services == {"NAT <b>": 1.10, "Amazon ECS": 0.25, "AWS KMS": 0.10}
    assert found.components == {"Networking": 1.10, "(none)": 0.30, "Compute": 0.05}
    assert (found.total, found.forecast) == (1.45, 41.5)
    assert found.anomalies == ["2026-11-03: AmazonCloudWatch, 7.50 USD more than expected"]
    assert found.groups == {}


def test_a_resource_group_costs_what_its_tags_cost(account: Account, explorer: Stubber, tmp_path: Path) -> None:
    """Those of the project only: the shop's group, and one made of a stack, are not asked for."""
    ours = {"Key": "Project", "Values": ["UserMetrics"]}
    stages = ["dev", "staging"]
    for name, kind, query in (
        (
            "observability-dev",
            "TAG_FILTERS_1_0",
            [ours, {"Key": "Environment", "Values": stages}, {"Key": "Owner", "Values": []}],
        ),
        ("all-stages", "TAG_FILTERS_1_0", [ours]),
        ("shop", "TAG_FILTERS_1_0", [{"Key": "Project", "Values": ["Shop"]}]),
        ("stack", "CLOUDFORMATION_STACK_1_0", None),
    ):
        asked: dict[str, Any] = {"ResourceTypeFilters": ["AWS::AllSupported"]}
        stack = f"arn:aws:cloudformation:eu-central-1:{account.number}:stack/observability-data-dev/1-2"
        asked |= {"TagFilters": query} if query else {"StackIdentifier": stack}
        account.client("resource-groups").create_group(
            Name=name, ResourceQuery={"Type": kind, "Query": json.dumps(asked)}
        )
    fill(
        explorer,
        ({"And": [{"Tags": ours}, {"Tags": {"Key": "Environment", "Values": stages}},
                  {"Not": {"Tags": {"Key": "Owner", "MatchOptions": ["ABSENT"]}}}]}, "31.257"),
        ({"Tags": ours}, "88.1"),
    )  # fmt: skip
    with explorer:
        found = spending.spending(account.settings, tmp_path)
    explorer.assert_no_pending_responses()
    assert found.groups == {"all-stages": 88.1, "observability-dev": 31.26}
    assert "<td>observability-dev</td><td class=n>31.26</td>" in spending.page(found, budget=150)


def test_what_an_earlier_release_kept_or_left_half_written_is_asked_again(
    account: Account, explorer: Stubber, tmp_path: Path
) -> None:
    fill(explorer)
    kept = tmp_path / f"spending-{clock.now().date()}-31.json"
    kept.write_bytes(b'{"asked": "2026-11-29", "start": "2026-')
    with explorer:
        first = spending.spending(account.settings, tmp_path)
        assert spending.spending(account.settings, tmp_path) == first
    assert list(tmp_path.iterdir()) == [kept]


def test_the_same_day_is_asked_once_and_the_next_day_again(
    account: Account, explorer: Stubber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(explorer)
    fill(explorer)
    with explorer:
        first = spending.spending(account.settings, tmp_path)
        assert spending.spending(account.settings, tmp_path) == first
        later = clock.now() + timedelta(days=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert spending.spending(account.settings, tmp_path).asked != first.asked
    explorer.assert_no_pending_responses()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_forecast_that_aws_does_not_have_yet_is_unknown(account: Account, explorer: Stubber, tmp_path: Path) -> None:
    fill(explorer, forecast=False)
    with explorer:
        assert spending.spending(account.settings, tmp_path).forecast is None


def test_the_page_has_the_sums_and_a_chart_and_escapes_names(
    account: Account, explorer: Stubber, tmp_path: Path
) -> None:
    fill(explorer)
    with explorer:
        text = spending.page(spending.spending(account.settings, tmp_path), budget=150)
    assert "<b>1.45 USD</b>" in text
    assert "NAT &lt;b&gt;" in text
    assert "NAT <b>" not in text
    assert text.count("<rect") >= 2
    assert "stroke-dasharray" in text
