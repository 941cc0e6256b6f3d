"""Bringing a workspace to what it should hold. A second run changes nothing; what somebody changed by hand is seen."""

from collections.abc import Generator, Iterator
from typing import Final

from msgspec import Struct

from sightline.cloud.grafana.http import Grafana
from sightline.cloud.grafana.questions import ask_all
from sightline.cloud.grafana.wanted import Wanted, things

_PLUGIN: Final = "grafana-opensearch-datasource"


class Done(Struct, frozen=True):
    """One thing: `same`, `missing` or `differs` when only looked at; `made` or `changed` when written."""

    kind: str
    name: str
    state: str
    where: str = ""


def differences(grafana: Grafana, wanted: Wanted) -> Iterator[Done]:
    """Look only."""
    for thing in things(wanted):
        found = thing.found(grafana)
        if found is None:
            yield Done(thing.kind, thing.name, "missing")
        elif thing.same(found):
            yield Done(thing.kind, thing.name, "same")
        else:
            yield Done(thing.kind, thing.name, "differs", ", ".join(thing.differing(found)))


def sync(grafana: Grafana, wanted: Wanted, *, poll_s: float = 1) -> Generator[Done, None, None]:
    """Write what is missing or differs, in order; then ask each data source, to know that it may read."""
    if wanted.search and grafana.get(f"/api/plugins/{_PLUGIN}/settings") is None:
        grafana.send("POST", f"/api/plugins/{_PLUGIN}/install", {})
        yield Done("plugin", "OpenSearch", "made")
    for thing in things(wanted):
        found = thing.found(grafana)
        if found is not None and thing.same(found):
            yield Done(thing.kind, thing.name, "same")
            continue
        thing.write(grafana, new=found is None)
        yield Done(thing.kind, thing.name, "made" if found is None else "changed")
    for name in ask_all(grafana, wanted, poll_s=poll_s):
        yield Done("query", name, "same")
