"""One thing in a workspace: how it is found, compared with what is wanted, and written."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.http import Grafana

# Grafana puts these in itself.
_OWN: Final = frozenset({"id", "version", "iteration"})


class Thing(Struct, frozen=True):
    """One thing in a workspace. `read` finds it by `path`; what is compared is what we set, nothing else."""

    kind: str
    name: str
    path: str
    wanted: Mapping[str, Any]

    def found(self, grafana: Grafana) -> Mapping[str, Any] | None:
        answer = grafana.get(self.path)
        if answer is None:
            return None
        found: Mapping[str, Any] = answer["dashboard"] if self.kind == "dashboard" else answer
        return found

    def same(self, found: Mapping[str, Any]) -> bool:
        """A dashboard is compared whole: a panel that somebody added is a difference, too."""
        if self.kind == "dashboard":
            return _bare(found) == _bare(self.wanted)
        return not self.differing(found)

    def differing(self, found: Mapping[str, Any]) -> list[str]:
        """The names of what we set and find otherwise."""
        if self.kind == "dashboard":
            return [name for name, value in _bare(self.wanted).items() if found.get(name) != value]
        return [name for name, value in self.wanted.items() if not covers(value, found.get(name))]

    def write(self, grafana: Grafana, *, new: bool) -> None:
        if self.kind == "dashboard":
            folder = next(one.folder for one in ALL if one.uid == self.wanted["uid"])
            body = {
                "dashboard": dict(self.wanted),
                "folderUid": folder.value,
                "overwrite": True,
                "message": "sightline",
            }
            grafana.send("POST", "/api/dashboards/db", body)
        elif self.kind == "folder":
            if new:
                grafana.send("POST", "/api/folders", dict(self.wanted))
            else:
                grafana.send("PUT", self.path, {**self.wanted, "overwrite": True})
        elif self.kind == "data source":
            grafana.send("POST" if new else "PUT", "/api/datasources" if new else self.path, dict(self.wanted))
        else:
            grafana.send("PATCH" if self.kind == "preferences" else "PUT", self.path, dict(self.wanted))


def _bare(dashboard: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in dashboard.items() if name not in _OWN}


def covers(wanted: Any, found: Any) -> bool:
    """Whether what is found holds all that is wanted; what Grafana adds to it does not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(covers(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):  # a rule that somebody added to a group is a difference, too
        return isinstance(found, list) and len(found) == len(wanted) and all(map(covers, wanted, found))
    return bool(wanted == found)
