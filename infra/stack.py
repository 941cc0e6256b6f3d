"""What the four stacks share: parameters, the two tags that come from them, exports by stage, conditions.

A template serves every stage: the stage is a parameter, and what one stack exports carries it in its name.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, cast

from aws_cdk import (
    BootstraplessSynthesizer,
    CfnCondition,
    CfnOutput,
    CfnParameter,
    CfnResource,
    Fn,
    ICfnConditionExpression,
    IResolvable,
    Stack,
)
from constructs import Construct

from infra import tags

Stage = Literal["dev", "staging", "prod"]
STAGES: Final = ("dev", "staging", "prod")
PARTS: Final = ("network", "data", "service", "observe")
# A parameter of two stacks, so that one --set reaches both.
APPLICATION_ROOTS: Final = ("none", "data", "own")
APPLICATION_ROOT: Final = (
    "vault.application_root: none, the key of buckets and secrets (data), or one of its own, for 1 USD a month. Once"
    " chosen, it stays."
)


class Part(Stack):
    """One of the four stacks."""

    part: str

    def __init__(self, scope: Construct, part: str, stage: Stage, description: str) -> None:
        super().__init__(
            scope,
            f"observability-{part}-{stage}",
            synthesizer=BootstraplessSynthesizer(),
            description=f"Sightline, {part}: {description}",
            analytics_reporting=False,
        )
        self.part = part
        self.template_options.template_format_version = "2010-09-09"
        self.stage = self.text("Stage", "The tag Environment, and a part of names.", stage, allowed=STAGES)
        self.owner = self.text("Owner", "The tag Owner: an e-mail address.", "engineering@example.com")
        tags.put(self, tags.required(self.stage, self.owner))

    def parameter(self, name: str, description: str, default: str | None, **more: Any) -> CfnParameter:
        return CfnParameter(
            self, name, type=more.pop("type", "String"), description=description, default=default, **more
        )

    def text(
        self,
        name: str,
        description: str,
        default: str | None = None,
        *,
        allowed: Sequence[str] | None = None,
        **more: Any,
    ) -> str:
        if allowed is not None:
            more["allowed_values"] = list(allowed)
        return self.parameter(name, description, default, **more).value_as_string

    def number(self, name: str, description: str, default: float, **limits: Any) -> CfnParameter:
        return CfnParameter(self, name, type="Number", description=description, default=default, **limits)

    def when(self, name: str, expression: ICfnConditionExpression) -> CfnCondition:
        return CfnCondition(self, name, expression=expression)

    def given(self, name: str, text: str) -> CfnCondition:
        """True where a parameter is not empty."""
        return self.when(name, Fn.condition_not(Fn.condition_equals(text, "")))

    def absent(self, name: str, text: str) -> CfnCondition:
        """True where a parameter is empty."""
        return self.when(name, Fn.condition_equals(text, ""))

    def export(self, name: str, value: Any, description: str, condition: CfnCondition | None = None) -> None:
        CfnOutput(
            self,
            f"UserMetrics{name}",  # a parameter may have the bare name
            value=value,
            description=description,
            export_name=Fn.sub("observability-${Stage}-" + name),
            condition=condition,
        )

    def imported(self, name: str) -> str:
        """What a stack that comes before exports."""
        return Fn.import_value(Fn.sub("observability-${Stage}-" + name))


def every(*conditions: CfnCondition | ICfnConditionExpression) -> ICfnConditionExpression:
    """`Fn::And`. It takes conditions by their names too, which the CDK's types do not say."""
    return Fn.condition_and(*cast("Sequence[ICfnConditionExpression]", conditions))


def only(condition: CfnCondition, *resources: CfnResource) -> None:
    """Make resources only where the condition holds."""
    for resource in resources:
        resource.cfn_options.condition = condition


def either(condition: CfnCondition, yes: Any, no: Any) -> IResolvable:
    return Fn.condition_if(condition.logical_id, yes, no)


def either_text(condition: CfnCondition, yes: Any, no: Any) -> str:
    return Fn.condition_if(condition.logical_id, yes, no).to_string()


def arn(service: str, rest: str, *, region: bool = True) -> str:
    """An ARN of this account: `rest` may use ${Stage} and the pseudo parameters."""
    return Fn.sub(f"arn:${{AWS::Partition}}:{service}:{'${AWS::Region}' if region else ''}:${{AWS::AccountId}}:{rest}")


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: Sequence[str], resources: Any, sid: str = "", **more: Any) -> dict[str, Any]:
    """One statement. A resource of `*` needs a row in tests/infra/test_least_privilege.py that says why."""
    found = {"Effect": "Allow", "Action": list(actions), "Resource": resources, **more}
    return {"Sid": sid, **found} if sid else found


def trust(service: str, **condition: Any) -> dict[str, Any]:
    """Let an AWS service take a role on."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return policy(statement)
