"""Whom alert rules tell: the topic that CloudWatch's alarms tell, so that all that goes wrong comes the same way.

The policies of a workspace are one tree that is written whole. Ours is one branch of it, the first, for what carries
the label of our rules; the rest, and the default contact point, are whoever runs the workspace's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.cloud.grafana.http import Grafana
from sightline.cloud.grafana.thing import Thing, covers

NAME: Final = "Sightline"
_UID: Final = "sightline-alerts"
_POINTS: Final = "/api/v1/provisioning/contact-points"
_POLICIES: Final = "/api/v1/provisioning/policies"


class ContactPoint(Thing, frozen=True):
    """A topic of SNS. Grafana lists contact points only; ours is found by its uid."""

    def found(self, grafana: Grafana) -> Mapping[str, Any] | None:
        listed: Sequence[Mapping[str, Any]] = grafana.get(self.path) or ()
        return next((one for one in listed if one.get("uid") == _UID), None)

    def write(self, grafana: Grafana, *, new: bool) -> None:
        where = _POINTS if new else f"{_POINTS}/{_UID}"
        grafana.send("POST" if new else "PUT", where, dict(self.wanted))


class Route(Thing, frozen=True):
    """Our branch of the tree, which comes first: a branch before it could keep an alert from us."""

    def found(self, grafana: Grafana) -> Mapping[str, Any] | None:
        branches = _branches(grafana.get(self.path))
        ours = next((one for one in branches if one.get("receiver") == NAME), None)
        return None if ours is None else {**ours, "first": ours is branches[0]}

    def differing(self, found: Mapping[str, Any]) -> list[str]:
        differs = [name for name, value in self.wanted.items() if not covers(value, found.get(name))]
        added = {"continue", "mute_time_intervals", "active_time_intervals", "routes"} & {
            name for name, value in found.items() if value
        }
        return [*differs, *sorted(added), *(() if found["first"] else ("order",))]

    def write(self, grafana: Grafana, *, new: bool) -> None:  # noqa: ARG002 - the tree is always there
        tree = grafana.get(self.path) or {}
        others = [one for one in _branches(tree) if one.get("receiver") != NAME]
        grafana.send("PUT", self.path, {**tree, "routes": [dict(self.wanted), *others]})


def contact_point(topic: str) -> tuple[str, str, str, Mapping[str, Any]]:
    settings = {"topic": topic, "authProvider": "default", "messageFormat": "text"}  # by the workspace's role
    wanted = {"uid": _UID, "name": NAME, "type": "sns", "settings": settings, "disableResolveMessage": False}
    return "contact point", NAME, _POINTS, wanted


def route() -> tuple[str, str, str, Mapping[str, Any]]:
    wanted = {"receiver": NAME, "object_matchers": [["source", "=", "sightline"]], "group_by": ["alertname"]}
    return "notification policy", "source = sightline", _POLICIES, wanted


def _branches(tree: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list((tree or {}).get("routes") or ())
