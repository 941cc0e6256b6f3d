"""Every resource that can carry tags carries the five that are required and the two that say what it is for."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from infra.stack import PARTS

from infra import tags

Documents = Mapping[str, Mapping[str, Any]]


def taggable(kind: str) -> str:
    """The property that carries a type's tags, as AWS's own schema says; empty for a type that has none."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    tagging = schema.get("tagging", {})
    if tagging.get("taggable") is False or schema.get("taggable") is False:
        return ""
    named = tagging.get("tagProperty", "/properties/Tags").removeprefix("/properties/")
    return str(named) if named in schema["properties"] else ""


def labels(value: Any) -> dict[str, Any]:
    """Tags as a mapping, whether the type has a list or a mapping."""
    if isinstance(value, list):
        return {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in value}
    return dict(value or {})


@pytest.mark.parametrize("part", PARTS)
def test_every_taggable_resource_is_tagged(documents: Documents, part: str) -> None:
    wanted = {*tags.REQUIRED, *tags.FUNCTIONAL}
    gaps, checked = {}, 0
    for name, found in documents[part]["Resources"].items():
        if key := taggable(found["Type"]):
            checked += 1
            missing = wanted - set(labels(found["Properties"].get(key)))
            if missing:
                gaps[f"{name} ({found['Type']})"] = sorted(missing)
    assert gaps == {}
    assert checked >= 6


def test_the_values_are_those_that_were_asked(documents: Documents) -> None:
    found = labels(documents["data"]["Resources"]["ObservabilityRecordings"]["Properties"]["Tags"])
    assert found == {
        "Project": "UserMetrics", "Environment": {"Ref": "Stage"}, "ManagedBy": "CDK", "CostCenter": "Observability",
        "Owner": {"Ref": "Owner"}, "Component": "Storage", "Function": "Storage", "DataType": "Sessions",
        "RetentionPeriod": "30days",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("part", "kinds", "key"),
    [
        ("network", {"AWS::EC2::Subnet"}, "NetworkTier"),
        ("data", {"AWS::S3::Bucket"}, "DataType"),
        ("data", {"AWS::S3::Bucket"}, "RetentionPeriod"),
        ("data", {"AWS::IAM::Role"}, "AccessLevel"),
        ("service", {"AWS::IAM::Role"}, "Purpose"),
        ("service", {"AWS::Logs::LogGroup"}, "RetentionPeriod"),
    ],
)
def test_specific_tags_where_they_apply(documents: Documents, part: str, kinds: set[str], key: str) -> None:
    resources = [found for found in documents[part]["Resources"].values() if found["Type"] in kinds]
    assert resources
    assert [found for found in resources if key not in labels(found["Properties"]["Tags"])] == []


def test_a_tag_that_stands_in_no_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="Colour"):
        tags.put(None, tags.STORAGE, Colour="green")  # type: ignore[arg-type]


def test_no_tag_holds_a_character_that_aws_refuses(documents: Documents) -> None:
    text = json.dumps([
        labels(found["Properties"].get("Tags")) for document in documents.values()
        for found in document["Resources"].values() if isinstance(found.get("Properties", {}).get("Tags"), list)
    ])  # fmt: skip
    assert "Observability" in text
    assert not set("&%#;") & set(text)
