"""The four stacks on AWS: made and changed in their order by change sets, taken back, and taken away.

Everything can be run again: a stack that is as it should be is left alone, one that is being changed is waited for, and
one whose first creation failed is removed and made anew.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.cloud.session import AwsRefused, client, told
from sightline.cloud.templates import PARTS, document, stack_name, text
from sightline.errors import InvalidValue
from sightline.settings import AwsSettings

Progress = Callable[[str], object]

_WORDS: Final = {
    "AlreadyExists": "something of this name exists already: it belongs to nobody's stack; rename or remove it",
    "LimitExceeded": "a quota of the account is used up: raise it in Service Quotas",
    "is not authorized to perform": "the role that deploys lacks a permission",
    "AccessDenied": "the role that deploys lacks a permission",
    "circuit breaker": "the new task did not come up: look at the log group /observability/STAGE/service",
    "No export named": "the stack before is missing or was deployed for another stage",
    "not authorized for AWS SSO": "IAM Identity Center has to be enabled in the account before Grafana can use it",
    "CannotPullContainer": "ECS cannot pull the image: check the parameter Image and the way out to the registry",
}
_STEADY: Final = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
# Nothing of a stack in one of these can be kept: its first creation never ended well.
_STILLBORN: Final = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
_CAPABILITIES: Final = ["CAPABILITY_NAMED_IAM"]


class StackFailed(AwsRefused):
    """A stack could not be made or changed."""

    code = "stack_failed"


class Change(msgspec.Struct, frozen=True):
    """What a change set would do to one resource."""

    part: str
    action: str
    resource: str
    type: str
    replaces: bool


class Deployed(msgspec.Struct, frozen=True):
    """One stack after a deployment."""

    part: str
    stack: str
    state: str
    outputs: Mapping[str, str]


class WayBack(msgspec.Struct, frozen=True):
    """How a stack would be taken back: the call of CloudFormation that its state asks for."""

    part: str
    stack: str
    state: str
    call: str
    does: str


class Stacks:
    """The stacks of one stage in one account and region."""

    def __init__(self, aws: AwsSettings, progress: Progress, *, poll_s: float = 5) -> None:
        self._aws = aws
        self._stage = aws.environment
        self._progress = progress
        self._poll_s = poll_s
        self._formation = client("cloudformation", aws)

    def deploy(self, parameters: Mapping[str, str], parts: Sequence[str] = PARTS) -> Iterator[Deployed]:
        """Make or change the stacks in their order; ends at the first that fails, and says why."""
        known = {name for part in parts for name in document(part)["Parameters"]}
        for name in parameters:
            if name not in known:
                raise InvalidValue(
                    f"no template has the parameter {name!r}", hint="See `sightline aws plan --parameters`."
                )
        for part in parts:
            yield self._deploy(part, parameters)

    def changes(self, parameters: Mapping[str, str], parts: Sequence[str] = PARTS) -> Iterator[Change]:
        """What a deployment would do, as CloudFormation sees it; the change sets are removed again."""
        for part in parts:
            name = stack_name(part, self._stage)
            found = self._settled(name)
            made = found in {None, "REVIEW_IN_PROGRESS"}  # an earlier look that was broken off left the latter
            if not made and found in _STILLBORN:
                raise StackFailed(
                    f"{name} is in the state {found}: there is nothing to compare with",
                    hint="`sightline aws deploy` takes it away and makes it anew.",
                )
            change_set = self._change_set(part, parameters, new=made)
            if change_set is None:
                continue
            with told(f"read what would change in {name}"):
                described = self._formation.describe_change_set(StackName=name, ChangeSetName=change_set)
                self._formation.delete_change_set(StackName=name, ChangeSetName=change_set)
                if made:  # a stack that was only reviewed is an empty one
                    self._formation.delete_stack(StackName=name)
            for entry in described.get("Changes", []):
                change = entry["ResourceChange"]
                replaces = str(change.get("Replacement", "False")) != "False"
                yield Change(part, change["Action"], change["LogicalResourceId"], change["ResourceType"], replaces)

    def rollback(self, part: str) -> Deployed:
        """Take a stack back to the template and parameters before its last change, if that failed half-way."""
        name, step = stack_name(part, self._stage), self.way_back(part)
        self._progress(f"{name}: {step.does}")
        with told(f"take {name} back"):
            getattr(self._formation, step.call)(StackName=name)
        return self._ended(part, clock.now())

    def way_back(self, part: str) -> "WayBack":
        """What a rollback would do; nothing is changed."""
        name = stack_name(part, self._stage)
        state = self._state(name)
        if state is None:
            raise InvalidValue(f"there is no stack {name}", hint="See `sightline aws plan`.")
        if state == "UPDATE_ROLLBACK_FAILED":
            return WayBack(part, name, state, "continue_update_rollback", "continues to take the last change back")
        if state in {"UPDATE_FAILED", "CREATE_FAILED"}:
            return WayBack(part, name, state, "rollback_stack", "takes the last change back")
        if state.endswith("_IN_PROGRESS") and state.startswith("UPDATE"):
            return WayBack(part, name, state, "cancel_update_stack", "stops the change that is under way")
        raise InvalidValue(
            f"{name} is in the state {state}: nothing is half-done",
            hint="To return to an earlier release, deploy with its Image and CodeRelease.",
        )

    def destroy(self, parts: Sequence[str] = PARTS) -> Iterator[Deployed]:
        """Take stacks away, the last first. Buckets, keys and snapshots stay: the templates keep them."""
        for part in reversed(parts):
            name = stack_name(part, self._stage)
            state = self._settled(name)
            if state is None:
                self._progress(f"{name}: is not there")
                continue
            self._progress(f"{name}: is taken away")
            yield self._deleted(part)

    def outputs(self, part: str) -> Mapping[str, str]:
        found = self._described(stack_name(part, self._stage))
        return {} if found is None else _outputs(found)

    # ---- one stack ----------------------------------------------------------------------------------------------

    def _deploy(self, part: str, parameters: Mapping[str, str]) -> Deployed:
        name = stack_name(part, self._stage)
        state = self._settled(name)
        if state in _STILLBORN:
            self._progress(f"{name}: its first creation failed ({state}); it is made anew")
            self._deleted(part)
            state = None
        begun = clock.now()
        change_set = self._change_set(part, parameters, new=state is None)
        if change_set is None:
            self._progress(f"{name}: nothing to change")
            found = self._described(name)
            return Deployed(part, name, "unchanged", {} if found is None else _outputs(found))
        self._progress(f"{name}: is {'made' if state is None else 'changed'}")
        with told(f"deploy {name}"):
            self._formation.execute_change_set(StackName=name, ChangeSetName=change_set)
        return self._ended(part, begun)

    def _deleted(self, part: str) -> Deployed:
        name = stack_name(part, self._stage)
        found = self._described(name)
        begun = clock.now()
        with told(f"take {name} away"):
            self._formation.delete_stack(StackName=name)
        return self._ended(part, begun, name if found is None else str(found["StackId"]))

    def _change_set(self, part: str, parameters: Mapping[str, str], *, new: bool) -> str | None:
        """A change set, or nothing where nothing changes."""
        name = stack_name(part, self._stage)
        change_set = f"sightline-{clock.now_ms()}"
        with told(f"prepare {name}"):
            self._formation.create_change_set(
                StackName=name, ChangeSetName=change_set, ChangeSetType="CREATE" if new else "UPDATE",
                TemplateBody=text(part), Capabilities=_CAPABILITIES,
                Parameters=self._parameters(part, parameters, new=new),
            )  # fmt: skip
        while True:
            with told(f"prepare {name}"):
                found = self._formation.describe_change_set(StackName=name, ChangeSetName=change_set)
            if found["Status"] == "CREATE_COMPLETE":
                return change_set
            if found["Status"] == "FAILED":
                reason = str(found.get("StatusReason", ""))
                with told(f"prepare {name}"):
                    self._formation.delete_change_set(StackName=name, ChangeSetName=change_set)
                if "didn't contain changes" in reason or "No updates" in reason:
                    return None
                raise StackFailed(f"{name} cannot be prepared: {in_words(reason)}", hint="Mend it and deploy again.")
            time.sleep(self._poll_s)

    def _parameters(self, part: str, given: Mapping[str, str], *, new: bool) -> list[dict[str, Any]]:
        """What is given; a stack that is there keeps what is not."""
        own = {"Stage": self._stage, "Owner": self._aws.owner, **self._known(part), **given}
        kept = set() if new else self._kept(part)
        found: list[dict[str, Any]] = []
        missing = []
        for name, declared in document(part)["Parameters"].items():
            if name in own:
                found.append({"ParameterKey": name, "ParameterValue": own[name]})
            elif name in kept:
                found.append({"ParameterKey": name, "UsePreviousValue": True})
            elif "Default" not in declared:
                missing.append(f"{name} ({declared['Description']})")
        if missing:
            raise InvalidValue(
                f"{stack_name(part, self._stage)} needs {'; '.join(missing)}", hint="Give each with --set NAME=VALUE."
            )
        return found

    def _kept(self, part: str) -> set[str]:
        found = self._described(stack_name(part, self._stage)) or {}
        return {one["ParameterKey"] for one in found.get("Parameters", [])}

    def _described(self, name: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - only where AWS is used

        with told(f"look at {name}"):
            try:
                stacks = self._formation.describe_stacks(StackName=name)["Stacks"]
            except ClientError as exc:
                if "does not exist" in str(exc):
                    return None
                raise
        found: Mapping[str, Any] = stacks[0]
        return found if found["StackStatus"] != "DELETE_COMPLETE" else None

    def _known(self, part: str) -> dict[str, str]:
        """What the stack before says by itself: where the Aurora is that it made."""
        endpoint = self.outputs("data").get("DatabaseEndpoint") if part == "service" else None
        return {"DatabaseHost": endpoint} if endpoint else {}

    def _state(self, name: str) -> str | None:
        found = self._described(name)
        return None if found is None else str(found["StackStatus"])

    def _settled(self, name: str) -> str | None:
        """The state, once what somebody began before has ended."""
        said = False
        while (state := self._state(name)) is not None and state.endswith("_IN_PROGRESS") and state not in _STILLBORN:
            if not said:
                self._progress(f"{name}: waits for what is under way ({state})")
                said = True
            time.sleep(self._poll_s)
        return state

    def _ended(self, part: str, begun: datetime, where: str = "") -> Deployed:
        """Show what happens until it has ended; a failure is raised with its first reason.

        `where` is the id of a stack that goes: by its name nothing is found of one that is gone.
        """
        name = stack_name(part, self._stage)
        where = where or name
        seen: set[str] = set()
        reasons: list[str] = []
        while True:
            for event in self._events(where, begun, seen):
                status, resource = event["ResourceStatus"], event["LogicalResourceId"]
                reason = str(event.get("ResourceStatusReason", ""))
                if status.endswith("_FAILED") and "cancelled" not in reason:
                    reasons.append(f"{resource}: {in_words(reason)}")
                if status.endswith(("_COMPLETE", "_FAILED")):
                    self._progress(
                        f"{name}: {resource} {status}" + (f" ({reason})" if status.endswith("_FAILED") else "")
                    )
            state = self._state(name)
            if state is None:
                return Deployed(part, name, "gone", {})
            if not state.endswith("_IN_PROGRESS"):
                break
            time.sleep(self._poll_s)
        if state not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} and (state not in _STEADY or reasons):
            first = reasons[0] if reasons else f"it ended as {state}"
            raise StackFailed(
                f"{name} failed: {first}", hint="Mend it and run the same command again: it goes on there."
            )
        described = self._described(name)
        return Deployed(part, name, state, {} if described is None else _outputs(described))

    def _events(self, where: str, begun: datetime, seen: set[str]) -> Iterator[Mapping[str, Any]]:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - only where AWS is used

        with told(f"read the events of {where}"):
            try:
                events = self._formation.describe_stack_events(StackName=where)["StackEvents"]
            except ClientError as exc:
                if "does not exist" not in str(exc):
                    raise
                return  # it is gone, and its events with it
        for event in reversed(events):
            stamp: datetime = event["Timestamp"]
            if event["EventId"] in seen or stamp.astimezone(UTC).timestamp() < begun.timestamp() - 1:
                continue
            seen.add(event["EventId"])
            yield event


def in_words(reason: str) -> str:
    """AWS's reason, with what it means where we know it."""
    for part, meaning in _WORDS.items():
        if part.lower() in reason.lower():
            return f"{meaning} (AWS: {reason})"
    return reason or "AWS gave no reason"


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {one["OutputKey"].removeprefix("UserMetrics"): one["OutputValue"] for one in stack.get("Outputs", [])}
