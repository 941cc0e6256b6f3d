"""The shipped templates are what infra/ makes, fit into CloudFormation, and pass validator, cdk-nag and cfn-lint."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from infra.__main__ import MOST_BYTES, SHIPPED, write
from infra.acknowledged import ACCEPTED
from infra.app import build
from infra.stack import PARTS


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    write("prod", folder)
    return folder


@pytest.mark.parametrize("part", PARTS)
def test_the_shipped_template_is_what_the_code_makes(written: Path, part: str) -> None:
    """If not: `make infra`, and look at the difference."""
    assert (written / f"{part}.json").read_text("utf-8") == (SHIPPED / f"{part}.json").read_text("utf-8")


@pytest.mark.parametrize("part", PARTS)
def test_a_template_needs_no_bucket_and_no_bootstrap(part: str) -> None:
    text = (SHIPPED / f"{part}.json").read_text("utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert "cdk-" not in text
    assert "BootstrapVersion" not in text


def test_another_stage_differs_in_the_default_of_its_parameter_only(written: Path, tmp_path: Path) -> None:
    write("dev", tmp_path)
    for part in PARTS:
        prod, dev = (json.loads((folder / f"{part}.json").read_text("utf-8")) for folder in (written, tmp_path))
        assert dev["Parameters"]["Stage"].pop("Default") == "dev"
        assert prod["Parameters"]["Stage"].pop("Default") == "prod"
        assert dev == prod


# ---- the validator and cdk-nag ------------------------------------------------------------------------------------


# Warnings of the CDK's validator that are none; cfn-lint reads the same conditions rightly.
FALSE: Mapping[str, str] = {
    "W1001": "an output chooses by Fn::If under the very condition of what it names",
    "W2509": "the name or ARN of a secret is no secret",
    "E3047": "the two halves of TaskSize are taken for choices of their own",
    "F3031": "the empty ForwarderExtensionArn is taken for a layer, though Fn::If takes it only if it is not empty",
    "F3033": "as F3031: it is taken for an ARN that is too short",
    "E1151": "the empty ExistingVpcId is taken for the VPC, though Fn::If takes it only if it is not empty",
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """Synthesis with both raises on a finding that nobody accepted; the report also has those that somebody did."""
    folder = tmp_path_factory.mktemp("validated")
    app, _ = build("prod", str(folder), validated=True)
    app.synth()
    report = json.loads((folder / "validation-report.json").read_text("utf-8"))
    found: list[Mapping[str, Any]] = report["pluginReports"]
    return found


def test_the_validator_and_cdk_nag_find_nothing_that_was_not_accepted(reports: list[Mapping[str, Any]]) -> None:
    assert {report["pluginName"]: report["conclusion"] for report in reports} == {
        "AwsSolutions": "success", "CloudFormation Validate": "success",
    }  # fmt: skip
    warned = {one["ruleName"] for report in reports for one in report["violations"]}
    assert warned <= set(FALSE)


def test_every_accepted_finding_is_still_found(reports: list[Mapping[str, Any]]) -> None:
    """An acknowledgement that outlives its reason would hide the next finding."""
    found = {
        (where["constructPath"].rpartition("/")[2], one["ruleName"])
        for report in reports
        for one in report.get("suppressedViolations", [])
        for where in one["violatingConstructs"]
    }
    assert ACCEPTED
    assert [one for one in ACCEPTED if (one.resource, one.finding) not in found] == []


def test_every_acknowledgement_gives_a_reason() -> None:
    assert [one for one in ACCEPTED if len(one.reason) < 20] == []


# ---- cfn-lint -----------------------------------------------------------------------------------------------------


def test_cfn_lint_is_clean() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1",
         "--non-zero-exit-code", "warning", *[str(SHIPPED / f"{part}.json") for part in PARTS]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_property_was_dropped_on_the_way() -> None:
    """The CDK leaves out silently what it does not know: a misspelt name in infra/ would simply not be there."""
    shipped = [json.loads((SHIPPED / f"{part}.json").read_text("utf-8")) for part in PARTS]
    made = {key.lower() for document in shipped for key in _keys(document)}
    lost = sorted(name for name in _spelt() if name.lower() not in made)
    assert lost == []


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, found in value.items():
            yield key
            yield from _keys(found)
    elif isinstance(value, list):
        for found in value:
            yield from _keys(found)


def _spelt() -> set[str]:
    """Every key of a dictionary in infra/ that is spelt like a property of CloudFormation."""
    camel = re.compile(r"[a-z]+([A-Z0-9][A-Za-z0-9]*)+")
    found = set()
    for part in (*PARTS, "functions"):
        tree = ast.parse((Path(__file__).resolve().parents[2] / f"infra/{part}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
                found |= {key for key in keys if camel.fullmatch(key)}
    return found
