"""A fake Grafana over HTTP: the routes that a sync uses, with the order that the real one insists on.

It is no Grafana: it keeps what it is given, refuses what the real one refuses (no token, a dashboard or rule in a
folder that is not there, a data source twice, a query or rule of an unknown data source, a rule's uid in two groups, a
policy for a contact point that is not there, a query of logs that names no group as AWS knows it),
adds what the real one does, and counts writes.
"""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.listening import Listening

TOKEN = "glsa_for_tests"


class FakeGrafana(Listening):
    """One workspace's state, and what was written to it."""

    def __init__(self) -> None:
        self.organisation = {"id": 1, "name": "Main Org."}
        self.preferences = {"theme": "", "timezone": "browser"}
        self.sources: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.in_folder: dict[str, str] = {}
        self.rules: dict[tuple[str, str], dict[str, Any]] = {}
        self.points: list[dict[str, Any]] = [{"uid": "", "name": "grafana-default-email", "type": "email"}]
        self.policies: dict[str, Any] = {"receiver": "grafana-default-email", "group_by": ["alertname"]}
        self.plugins: set[str] = set()
        self.writes: list[str] = []
        self.queries: list[str] = []
        self.query_errors: dict[str, str] = {}
        self.log_states = ["Running", "Complete"]
        super().__init__(self._handler())

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method != "GET" and not path.startswith("/api/ds/"):
            self.writes.append(f"{method} {path}")
        first, _, rest = path.removeprefix("/api/").partition("/")
        found: tuple[int, Any] = getattr(self, f"_{first}")(method, rest, body)
        return found

    def _org(self, method: str, rest: str, body: Any) -> tuple[int, Any]:
        held = self.preferences if rest == "preferences" else self.organisation
        if method == "GET":
            return 200, held
        held.update(body)
        return 200, {"message": "updated"}

    def _plugins(self, method: str, rest: str, body: Any) -> tuple[int, Any]:  # noqa: ARG002 - as all of them
        name, action = rest.split("/")
        if action == "settings":
            return (200, {"id": name}) if name in self.plugins else (404, {"message": "Plugin not found"})
        self.plugins.add(name)
        return 200, {}

    def _datasources(self, method: str, rest: str, body: Any) -> tuple[int, Any]:
        uid = rest.removeprefix("uid/")
        if method == "GET" and not rest:
            return 200, list(self.sources.values())
        if method == "POST":
            if body["uid"] in self.sources:
                return 409, {"message": "data source with the same uid already exists"}
            if body["type"] == "grafana-opensearch-datasource" and body["type"] not in self.plugins:
                return 400, {"message": "plugin is not installed"}
            uid = body["uid"]
        elif uid not in self.sources:
            return 404, {"message": "Data source not found"}
        if method == "GET":
            return 200, self.sources[uid]
        if body["isDefault"]:
            for other in self.sources.values():
                other["isDefault"] = False
        self.sources[uid] = {**body, "id": len(self.sources) + 1, "readOnly": False, "version": 1}
        return 200, {"datasource": self.sources[uid]}

    def _folders(self, method: str, rest: str, body: Any) -> tuple[int, Any]:
        if method == "POST":
            if body["uid"] in self.folders:
                return 412, {"message": "a folder with the same uid already exists"}
            self.folders[body["uid"]] = {**body, "id": len(self.folders) + 1, "version": 1}
            return 200, self.folders[body["uid"]]
        if rest not in self.folders:
            return 404, {"message": "folder not found"}
        if method == "PUT":
            self.folders[rest] |= {"title": body["title"]}
        return 200, self.folders[rest]

    def _dashboards(self, method: str, rest: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            held = self.dashboards.get(rest.removeprefix("uid/"))
            return (200, {"meta": {}, "dashboard": held}) if held else (404, {"message": "Dashboard not found"})
        if body["folderUid"] not in self.folders:
            return 400, {"message": "folder not found"}
        if not self.sources:
            return 400, {"message": "this fake wants a data source before what asks it"}
        given = body["dashboard"]
        before = self.dashboards.get(given["uid"], {})
        if before and not body["overwrite"]:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        self.dashboards[given["uid"]] = {**given, "id": 7, "version": before.get("version", 0) + 1}
        self.in_folder[given["uid"]] = body["folderUid"]
        return 200, {"uid": given["uid"], "status": "success"}

    def _v1(self, method: str, rest: str, body: Any) -> tuple[int, Any]:
        _, what, *more = rest.split("/")
        if what == "contact-points":
            return self._point(method, more[0] if more else "", body)
        if what == "policies":
            return self._policy(method, body)
        return self._rules(method, more[0], more[2], body)

    def _point(self, method: str, uid: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.points
        at = next((number for number, one in enumerate(self.points) if one["uid"] == (uid or body["uid"])), None)
        if (at is None) != (method == "POST"):
            return 409, {"message": "there is, or is not, such a contact point"}
        kept = {**body, "provenance": "api"}
        if at is None:
            self.points.append(kept)
        else:
            self.points[at] = kept
        return 202, kept

    def _policy(self, method: str, body: Any) -> tuple[int, Any]:
        """One tree, written whole."""
        if method == "GET":
            return 200, self.policies
        known = {one["name"] for one in self.points}
        if not {one["receiver"] for one in (body, *body.get("routes", ()))} <= known:
            return 400, {"message": "invalid object specification: receiver does not exist"}
        self.policies = {**body, "provenance": "api"}
        return 202, {"message": "policies updated"}

    def _rules(self, method: str, folder: str, title: str, body: Any) -> tuple[int, Any]:
        """Groups of alert rules: a PUT replaces the whole group."""
        if method == "GET":
            held = self.rules.get((folder, title))
            return (200, held) if held else (404, {"message": "rule group not found"})
        if folder not in self.folders:
            return 404, {"message": "folder not found"}
        others = {rule["uid"] for at, one in self.rules.items() if at != (folder, title) for rule in one["rules"]}
        for rule in body["rules"]:
            sources = {one["datasourceUid"] for one in rule["data"]} - {"__expr__"}
            if not sources <= set(self.sources) or rule["condition"] not in {one["refId"] for one in rule["data"]}:
                return 400, {"message": "invalid alert rule"}
            if rule["uid"] in others or (rule["folderUID"], rule["ruleGroup"]) != (folder, title):
                return 409, {"message": "conflicting alert rule"}
        rules = [
            {**rule, "id": at, "orgID": 1, "updated": "2026-11-29T10:00:00Z", "provenance": "api",
             "notification_settings": None}
            for at, rule in enumerate(body["rules"], 1)
        ]  # fmt: skip
        self.rules[folder, title] = {**body, "rules": rules}
        return 200, self.rules[folder, title]

    def _ds(self, method: str, rest: str, body: Any) -> tuple[int, Any]:  # noqa: ARG002 - as all of them
        [query] = body["queries"]
        if query["datasource"]["uid"] not in self.sources:
            return 404, {"message": "data source not found"}
        kind = query.get("subtype") or query["datasource"]["type"]
        self.queries.append(kind)
        error = self.query_errors.get(kind, "")
        frame: dict[str, Any] = {"schema": {"fields": []}, "data": {"values": []}}
        if kind == "StartQuery":
            # AWS refuses an empty name; Grafana takes what `logGroups` names by ARN before names.
            groups = [one["arn"] for one in query.get("logGroups", ())] or query.get("logGroupNames", [])
            if not groups or not all(groups) or not query["queryString"]:
                error = "InvalidParameterException: 1 validation error detected"
            frame = {"schema": {"fields": [{"name": "queryId"}]}, "data": {"values": [["q-1"]]}}
        elif kind == "GetQueryResults":
            assert query["queryId"] == "q-1"
            state = self.log_states.pop(0) if len(self.log_states) > 1 else self.log_states[0]
            frame = {"schema": {"meta": {"custom": {"Status": state}}}, "data": {"values": []}}
        return 200, {"results": {"A": {"status": 200, "frames": [frame], "error": error}}}

    def _handler(fake) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the inner class has the `self`
        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                if self.headers.get("authorization") != f"Bearer {TOKEN}":
                    status, answer = 401, {"message": "Invalid API key"}
                else:
                    status, answer = fake.answer(self.command, self.path, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                return

        return Handler
