"""A workspace opened: found by the stack, waited for, its alerting looked at, and a token for minutes."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from sightline.cloud.grafana.http import Grafana
from sightline.cloud.grafana.syncing import Done
from sightline.cloud.grafana.wanted import Wanted
from sightline.cloud.grafana.workspace import Workspace
from sightline.cloud.session import AwsRefused
from sightline.cloud.stacks import Progress, Stacks
from sightline.settings import AwsSettings


class Opened(msgspec.Struct, frozen=True):
    """A workspace that answers, what it should hold, and whether its alerting is on."""

    workspace: Workspace
    grafana: Grafana
    wanted: Wanted
    alerting: Done


@contextmanager
def opened(
    aws: AwsSettings, wanted: Wanted, progress: Progress, *, workspace: str = "", dry_run: bool
) -> Iterator[Opened]:
    """What was not named comes from the stack; a named workspace may be of another stage, so nothing is added to it."""
    if not workspace:
        outputs = Stacks(aws, progress).outputs("observe")
        workspace = outputs.get("GrafanaWorkspaceId", "")
        if not workspace:
            raise AwsRefused("the observe stack made no workspace", hint="Deploy it with Grafana=on, or name one.")
        wanted = msgspec.structs.replace(
            wanted,
            search=wanted.search or outputs.get("OpenSearchEndpoint", ""),
            topic=wanted.topic or outputs.get("AlertTopicArn", ""),
        )
    where = Workspace(aws, workspace)
    url = where.active()
    off = where.alerting(dry_run=dry_run)
    alerting = Done("workspace", "alerting", ("missing" if dry_run else "made") if off else "same")
    with where.opened(url) as grafana:
        yield Opened(where, grafana, wanted, alerting)
