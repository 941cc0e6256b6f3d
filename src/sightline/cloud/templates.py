"""The shipped CloudFormation templates, read without AWS: which resources exist for given parameters.

`infra/` writes them (`make infra`). Conditions are worked out here as CloudFormation does it, so that a plan, a cost
estimate and a deployment speak of the same resources.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from sightline.errors import InvalidValue

PARTS: Final = ("network", "data", "service", "observe")
# What CloudFormation takes without a bucket.
MOST_BYTES: Final = 51_200


class Resource(msgspec.Struct, frozen=True):
    """One resource that will exist; its properties hold no condition any more."""

    part: str
    name: str
    type: str
    properties: Mapping[str, Any]


def stack_name(part: str, stage: str) -> str:
    return f"observability-{part}-{stage}"


@cache
def text(part: str) -> str:
    """One template, as CloudFormation takes it."""
    return resources.files("sightline.cloud").joinpath(f"templates/{part}.json").read_text("utf-8")


@cache
def document(part: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(text(part))
    return found


def values(part: str, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a part: what is given, else the default; one without either is empty until a deployment."""
    return {
        name: str(given.get(name, declared.get("Default", "")))
        for name, declared in document(part)["Parameters"].items()
    }


def check(given: Mapping[str, str]) -> None:
    """Refuse a parameter that no template has, and a value that its list does not."""
    declared = {name: found for part in PARTS for name, found in document(part)["Parameters"].items()}
    for name, value in given.items():
        if name not in declared:
            raise InvalidValue(
                f"no template has the parameter {name!r}", hint=f"There are: {', '.join(sorted(declared))}."
            )
        allowed = [str(one) for one in declared[name].get("AllowedValues", [])]
        if allowed and value not in allowed:
            raise InvalidValue(f"{name} = {value!r}", hint=f"Write one of {', '.join(allowed)}.")


def existing(given: Mapping[str, str], parts: tuple[str, ...] = PARTS) -> Iterator[Resource]:
    """Every resource that will exist with these parameters, in the order of the templates."""
    check(given)
    for part in parts:
        template = _Template(document(part), values(part, given))
        for name, declared in document(part)["Resources"].items():
            if "Condition" not in declared or template.holds(declared["Condition"]):
                yield Resource(part, name, declared["Type"], template.resolved(declared.get("Properties", {})))


class _Template:
    """The conditions of one template over one set of parameters."""

    def __init__(self, found: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._conditions: Mapping[str, Any] = found.get("Conditions", {})
        self._parameters = parameters

    def holds(self, name: str) -> bool:
        return self._true(self._conditions[name])

    def _true(self, expression: Mapping[str, Any]) -> bool:
        [(function, argument)] = expression.items()
        match function:
            case "Fn::Equals":
                first, second = (self.resolved(one) for one in argument)
                return bool(str(first) == str(second))
            case "Fn::Not":
                return not self._true(argument[0])
            case "Fn::And":
                return all(self._true(one) for one in argument)
            case "Fn::Or":
                return any(self._true(one) for one in argument)
            case "Condition":
                return self.holds(argument)
        raise InvalidValue(f"the condition {function!r} is not known here")

    def resolved(self, value: Any) -> Any:
        """A value with parameters put in and conditions decided; other functions stay as they are."""
        if isinstance(value, list):
            return [one for one in map(self.resolved, value) if one != _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" and argument in self._parameters:
                return self._parameters[argument]
            if function == "Fn::If":
                name, yes, no = argument
                return self.resolved(yes if self.holds(name) else no)
        found = {name: self.resolved(one) for name, one in value.items()}
        if (chosen := found.get("Fn::Select")) and isinstance(split := chosen[1], dict) and "Fn::Split" in split:
            separator, text_ = split["Fn::Split"]
            if isinstance(text_, str):
                return text_.split(separator)[int(chosen[0])]
        return {name: one for name, one in found.items() if one != _NO_VALUE}


_NO_VALUE: Final = {"Ref": "AWS::NoValue"}
