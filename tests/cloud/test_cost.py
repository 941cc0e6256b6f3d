"""What a month costs, from the shipped templates: the promises of the requirements, and that nothing is left out."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cloud import cost, templates
from sightline.cloud.templates import Resource
from sightline.errors import InvalidValue

# NFR1, and what the issue asks of each profile.
LIMITS = {"small": 110, "search": 140, "thousand": 150}


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_a_month_stays_within_its_limit(name: str, limit: float) -> None:
    """A change of a template that costs more fails here."""
    found = cost.estimate(cost.profile(name))
    assert found.total <= limit
    # A profile that forgot the balancer or the way out would be cheap, and wrong.
    assert found.total > 0.6 * limit


def test_a_template_change_that_passes_the_limit_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second NAT gateway, as somebody might add for the second zone."""
    before = cost.estimate(cost.profile("small")).total
    network = json.loads(templates.text("network"))
    network["Resources"]["ObservabilityNatGateway2"] = network["Resources"]["ObservabilityNatGateway"]
    changed = {part: templates.document(part) for part in templates.PARTS} | {"network": network}
    monkeypatch.setattr(templates, "document", changed.__getitem__)
    after = cost.estimate(cost.profile("small")).total
    assert after == pytest.approx(before + 730 * 0.045 + 5 * 0.045, abs=0.01)
    assert after > LIMITS["small"]


def test_a_type_without_a_price_is_refused() -> None:
    sums = cost._Sums(cost.profile("small").work)
    with pytest.raises(InvalidValue, match="AWS::Redshift::Cluster"):
        sums.add(Resource("data", "ObservabilityWarehouse", "AWS::Redshift::Cluster", {}))


def test_every_type_of_the_templates_is_priced_or_named_as_free_and_none_is_both() -> None:
    used = {found["Type"] for part in templates.PARTS for found in templates.document(part)["Resources"].values()}
    assert used == set(cost._PRICED) | cost._FREE
    assert not set(cost._PRICED) & cost._FREE


def test_every_price_has_a_source_and_is_used() -> None:
    table = cost.prices()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", table.read)
    source = Path(cost.__file__).read_text("utf-8")
    for name, row in table.rows.items():
        assert row.usd > 0
        assert len(row.source) > 10
        assert f'"{name}"' in source, f"nothing asks for the price {name}"


@pytest.mark.parametrize(
    ("given", "resource", "usd"),
    [
        ({}, "ObservabilityService", 7.21),  # 0.25 vCPU and 0.5 GB on ARM, as the facts have it
        ({"DesiredCount": "0"}, "ObservabilityService", 0),
        ({}, "ObservabilityNatGateway", 33.08),
        ({"NatKind": "instance"}, "ObservabilityNatGateway", 0),
        ({"NatKind": "instance"}, "ObservabilityNatInstance", 7.36),
        ({"ExistingVpcId": "vpc-1"}, "ObservabilityNatGateway", 0),
        ({"Grafana": "off"}, "ObservabilityGrafana", 0),
        ({"OpenSearch": "on"}, "ObservabilitySearch", 27.5),
        ({"Database": "new"}, "ObservabilityDatabase", 44.65),
        ({"Database": "new", "DatabaseMinCapacity": "1"}, "ObservabilityDatabase", 88.45),
    ],
)
def test_a_parameter_changes_what_a_resource_costs(given: dict[str, str], resource: str, usd: float) -> None:
    lines = cost.estimate(cost.profile("small"), given).lines
    assert sum(line.usd for line in lines if line.resource == resource) == pytest.approx(usd, abs=0.01)


@pytest.mark.parametrize(("root", "more"), [("none", 0), ("data", 0), ("own", 1)])
def test_a_root_for_application_keys_costs_what_its_parameter_says(root: str, more: float) -> None:
    small = cost.profile("small")
    assert cost.estimate(small, {"VaultApplicationRoot": root}).total == pytest.approx(
        cost.estimate(small).total + more
    )


def test_an_unknown_parameter_and_a_wrong_value_are_refused() -> None:
    with pytest.raises(InvalidValue, match="'NatKnd'"):
        cost.estimate(cost.profile("small"), {"NatKnd": "instance"})
    with pytest.raises(InvalidValue, match="NatKind = 'none'"):
        cost.estimate(cost.profile("small"), {"NatKind": "none"})


# ---- the commands -------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(sightline, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


def test_the_limit_is_the_exit_code() -> None:
    total = cost.estimate(cost.profile("small")).total
    code, text = run("aws", "cost", "estimate", "--limit", str(total))
    assert code == 0
    assert f"{total:.2f} USD a month" in text
    code, text = run("aws", "cost", "estimate", "--limit", str(total - 0.01))
    assert code == 1
    assert "over the limit" in text


def test_a_profile_from_a_file(tmp_path: Path) -> None:
    shipped = Path(cost.__file__).with_name("profiles") / "small.toml"
    own = tmp_path / "own.toml"
    own.write_text(shipped.read_text("utf-8").replace("grafana_viewers = 2", "grafana_viewers = 12"), "utf-8")
    code, text = run("aws", "cost", "estimate", "--profile", str(own), "--json")
    assert code == 0
    found = json.loads(text)
    assert found["total"] == pytest.approx(cost.estimate(cost.profile("small")).total + 50)


def test_a_profile_with_a_misspelt_field_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('about = "x"\n[work]\nvisitz = 1\n', "utf-8")
    with pytest.raises(InvalidValue, match="visitz"):
        run("aws", "cost", "estimate", "--profile", str(own))


def test_the_plan_names_every_resource_and_its_cost() -> None:
    code, text = run("aws", "plan", "--json")
    assert code == 0
    found = json.loads(text)
    names = {row["resource"] for row in found["resources"]}
    assert {"ObservabilityVpc", "ObservabilityService", "ObservabilityBudget"} <= names
    assert "ObservabilitySearch" not in names
    assert sum(row["usd"] for row in found["resources"]) == pytest.approx(found["total"], abs=0.2)
