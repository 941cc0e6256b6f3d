"""The workspace on AWS: waited for, its people given their roles, and a token that lives for minutes."""

import json
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.cloud.grafana.http import Grafana
from sightline.cloud.session import AwsRefused, client, pages, told
from sightline.errors import InvalidValue
from sightline.settings import AwsSettings

ACCOUNT: Final = "sightline-sync"
_TOKEN_S: Final = 900
_AT_ONCE: Final = 20  # permissions in one call
_WAIT_S: Final = 1200
_ALWAYS_ALERTS: Final = 12  # from this version on there is no other alerting
_FAILED: Final = ("CREATION_FAILED", "DELETION_FAILED", "UPDATE_FAILED", "UPGRADE_FAILED", "DELETING")


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may what, by ids of IAM Identity Center: the owner administers; the three teams look."""

    admins: Sequence[str]
    editors: Sequence[str] = ()
    product: Sequence[str] = ()
    engineering: Sequence[str] = ()
    support: Sequence[str] = ()
    groups: bool = True  # ids of groups; false: of users

    def roles(self) -> dict[str, str]:
        found = dict.fromkeys((*self.product, *self.engineering, *self.support), "VIEWER")
        return found | dict.fromkeys(self.editors, "EDITOR") | dict.fromkeys(self.admins, "ADMIN")


def people(file: Path) -> People:
    try:
        found = msgspec.convert(tomllib.loads(file.read_text("utf-8")), People)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise InvalidValue(
            f"{str(file)!r} does not say who may what: {exc}",
            hint='Write admins = ["id"], and product, engineering, support likewise.',
        ) from exc
    if not found.admins:
        raise InvalidValue(f"{str(file)!r} names no admin", hint="Somebody has to administer the workspace.")
    return found


class Workspace:
    """One workspace of Amazon Managed Grafana."""

    def __init__(self, aws: AwsSettings, workspace_id: str, *, poll_s: float = 5) -> None:
        self._id = workspace_id
        self._poll_s = poll_s
        self._service = client("grafana", aws)

    def active(self) -> str:
        """Its address, once it is active."""
        until = time.monotonic() + _WAIT_S
        while True:
            with told(f"look at the workspace {self._id}"):
                found = self._service.describe_workspace(workspaceId=self._id)["workspace"]
            if found["status"] == "ACTIVE":
                return f"https://{found['endpoint']}"
            if found["status"] in _FAILED or time.monotonic() > until:
                raise AwsRefused(
                    f"the workspace {self._id} is {found['status']}, not ACTIVE", hint="Look at it in the console."
                )
            time.sleep(self._poll_s)

    def alerting(self, *, dry_run: bool = False) -> bool:
        """Turn on Grafana's alerting, which a workspace made by CloudFormation has not; whether it was off."""
        with told(f"read the configuration of the workspace {self._id}"):
            found = self._service.describe_workspace_configuration(workspaceId=self._id)
        settings = json.loads(found["configuration"])
        version = str(found.get("grafanaVersion", ""))
        if settings.get("unifiedAlerting", {}).get("enabled") or int(version.partition(".")[0] or 0) >= _ALWAYS_ALERTS:
            return False
        if not dry_run:
            settings["unifiedAlerting"] = {"enabled": True}
            with told(f"turn on the alerting of the workspace {self._id}"):
                self._service.update_workspace_configuration(workspaceId=self._id, configuration=json.dumps(settings))
            self.active()  # it starts anew
        return True

    def permit(self, people: People, *, dry_run: bool = False) -> list[str]:
        """Give and take roles, so that they are as the file says; what was changed is returned in words."""
        kind = "SSO_GROUP" if people.groups else "SSO_USER"
        wanted = people.roles()
        held = {
            one["user"]["id"]: one["role"]
            for one in pages(self._service, "list_permissions", "permissions", workspaceId=self._id)
            if one["user"]["type"] == kind
        }
        changes = [("REVOKE", role, who) for who, role in held.items() if wanted.get(who) != role]
        changes += [("ADD", role, who) for who, role in wanted.items() if held.get(who) != role]
        waiting = iter(() if dry_run else changes)
        while part := list(islice(waiting, _AT_ONCE)):
            batch = [
                {"action": action, "role": role, "users": [{"id": who, "type": kind}]} for action, role, who in part
            ]
            with told("give the roles of Grafana"):
                answer = self._service.update_permissions(workspaceId=self._id, updateInstructionBatch=batch)
            if errors := answer.get("errors"):
                raise AwsRefused(
                    f"Grafana's roles were not all given: {errors[0]['message']}", hint="Check the ids in the file."
                )
        return [f"{'gives' if action == 'ADD' else 'takes'} {role} {who}" for action, role, who in changes]

    @contextmanager
    def opened(self, url: str) -> Iterator[Grafana]:
        """Grafana with a token of fifteen minutes, deleted at the end, whatever happens."""
        account = self._account()
        with told("make a token for Grafana"):
            token: Mapping[str, Any] = self._service.create_workspace_service_account_token(
                workspaceId=self._id, serviceAccountId=account, name=f"sync-{clock.now_ms()}", secondsToLive=_TOKEN_S
            )["serviceAccountToken"]
        try:
            yield Grafana(url, token["key"])
        finally:
            with told("delete the token for Grafana"):
                self._service.delete_workspace_service_account_token(
                    workspaceId=self._id, serviceAccountId=account, tokenId=token["id"]
                )

    def _account(self) -> str:
        listed = pages(self._service, "list_workspace_service_accounts", "serviceAccounts", workspaceId=self._id)
        for account in listed:
            if account["name"] == ACCOUNT:
                return str(account["id"])
        with told("make the service account for Grafana"):
            made = self._service.create_workspace_service_account(
                workspaceId=self._id, name=ACCOUNT, grafanaRole="ADMIN"
            )
        return str(made["id"])
