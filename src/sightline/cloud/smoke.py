"""One of each signal through the public address, and found again: in the database, in CloudWatch, by the dashboards.

Where the stack has a beacon, a vital and an error go there too, and are looked for in CloudWatch and by the dashboards.

A run has a mark of letters, which stands in everything that it sends. The same mark again sends the same batches, which
are stored once; so a run that was interrupted goes on with `--mark`. What is sent goes to a site of its own.
"""

import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from sightline import clock
from sightline.cloud.session import AwsRefused, client, told
from sightline.cloud.smoke_beacon import BEACON, Beacon
from sightline.cloud.smoke_panels import PANELS, Asked, ask, shown
from sightline.cloud.smoke_steps import Found, Look, logged, sent, taken
from sightline.errors import InvalidValue, SettingError, SightlineError
from sightline.settings import AwsSettings

SITE: Final = "Sightline smoke test"
HOST: Final = "smoke.invalid"  # a name that nobody can have
_SIGNALS: Final = ("event", "vital", "error", "recording", "line", "metric")
_LONGEST: Final = 34  # ids of documents have 40 characters at most, and ours begin with "smoke-"
_LETTERS: Final = "abcdefghijklmnop"
# A browser's, since machines are kept out by what they call themselves.
_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
_LCP_MS: Final = 1234.0
# Waiting does not give what AWS denies.
_FINAL: Final = ("AccessDenied", "UnauthorizedOperation", "ExpiredToken", "InvalidClientTokenId")
_SKEW_MS: Final = 120_000  # CloudWatch dates metrics to the minute
_AGAIN_MS: Final = 86_400_000


class Asks(Protocol):
    """Sightline's API with a key."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, document: object = None) -> Any: ...
    def read(self, path: str) -> bytes: ...


def new_mark() -> str:
    """Ten letters, which no rule takes for an id."""
    return mark_of(str(clock.now_ms()))


def mark_of(text: str) -> str:
    return "".join(_LETTERS[int(digit, 16)] for digit in hashlib.sha256(text.encode()).hexdigest()[:10])


def plan(url: str, aws: AwsSettings, beacon: str = "") -> list[Found]:
    """What a run does, without asking anybody."""
    group = f"/observability/{aws.environment}/service"
    return [
        *(Found(name, "sent", "would", f"to {url}, site {SITE!r}") for name in _SIGNALS),
        *(Found(name, "database", "would", "by Sightline's API") for name in _SIGNALS),
        Found("error", "CloudWatch", "would", f"as a line of {group}"),
        Found("vital", "CloudWatch", "would", "as the metric LCP of Sightline/Pages"),
        *(Found(panel, "dashboard", "would", f"by the query of {dashboard}") for dashboard, panel in PANELS),
        *(Found(name, "beacon", "would", f"to {beacon}, and looked for in CloudWatch") for name in BEACON if beacon),
    ]


class Smoke:
    """One run against the server at `url`."""

    def __init__(  # noqa: PLR0913 - what a run is made of
        self, aws: AwsSettings, api: Asks, url: str, key: str, *, mark: str = "", beacon: str = ""
    ) -> None:
        again = bool(mark)
        mark = mark or new_mark()
        if not (mark.isascii() and mark.isalpha() and 4 <= len(mark) <= _LONGEST):
            raise InvalidValue(
                f"a mark is 4 to {_LONGEST} letters, not {mark[:50]!r}", hint="Leave --mark out for a new one."
            )
        self._aws, self._api, self._url, self._key = aws, api, url.rstrip("/"), key
        self.mark = mark.lower()
        # What an earlier run sent is looked for a day back; of a new one only what came since.
        self._since_ms = clock.now_ms() - (_AGAIN_MS if again else _SKEW_MS)
        self._site: Mapping[str, Any] = {}
        self._visit = ""
        self._beacon = Beacon(aws, beacon, self.mark, self._since_ms) if beacon else None

    def run(self, wait_s: float, *, poll_s: float = 5) -> Iterator[Found]:
        """Send, then look until everything is there or the time is over."""
        self._ready()
        self._site = self._own_site()
        sent = list(self._send())
        yield from sent
        if any(one.state == "missing" for one in sent):
            return  # what did not arrive is not looked for
        waiting = [*self._in_database(), *self._in_cloudwatch(), *self._in_dashboards()]
        if self._beacon:
            came = list(self._beacon.send(self._site["public_key"], HOST, _AGENT))
            yield from came
            if all(one.state == "ok" for one in came):
                waiting += self._beacon.looks()
        until = time.monotonic() + wait_s
        while waiting:
            late = time.monotonic() >= until
            left = []
            for look in waiting:
                found = self._looked(look, late=late)
                if found is None:
                    left.append(look)
                else:
                    yield found
            waiting = left
            if waiting:
                time.sleep(poll_s)

    # ---- sending ------------------------------------------------------------------------------------------------

    def _ready(self) -> None:
        status, body = sent("GET", f"{self._url}/readyz", None, {})
        if status != 200:
            down = ", ".join(body.get("down", [])) if isinstance(body, dict) else ""
            raise AwsRefused(
                f"{self._url}/readyz answers {status or 'nothing'}{': ' + down if down else ''}",
                hint="See `sightline aws verify`, the runbook, and the log group of the service.",
            )

    def _own_site(self) -> Mapping[str, Any]:
        cursor = ""
        while True:
            page = self._api.get(f"/sites?limit=200{cursor}")
            for one in page["items"]:
                if one["name"] == SITE:
                    found: Mapping[str, Any] = one
                    return found
            if page["next"] is None:
                made: Mapping[str, Any] = self._api.post("/sites", {"name": SITE, "domains": [HOST]})
                return made
            cursor = f"&cursor={page['next']}"

    def _send(self) -> Iterator[Found]:
        snippet = self._api.get(f"/sites/{self._site['id']}/snippet")
        path = f"{self._url}{snippet['path']}"
        head = {"user-agent": _AGENT, "content-type": "application/json"}
        status, said = sent("POST", f"{path}/e", json.dumps(self._batch()).encode(), head)
        self._visit = str(said.get("visit", "")) if isinstance(said, dict) else ""
        yield from taken(("event", "vital", "error"), status, said, f"{path}/e")
        status, said = sent("POST", f"{path}/r", self._chunk(), head)
        yield from taken(("recording",), status, said, f"{path}/r")
        where = f"{self._url}/cloudwatch/{self._site['uuid']}"
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/gzip"}
        status, said = sent("POST", where, gzip.compress(json.dumps(self._lines()).encode(), mtime=0), headers)
        yield from taken(("line", "metric"), status, said, where)

    def _batch(self) -> dict[str, Any]:
        now = clock.now_ms()
        common = {"url": f"https://{HOST}/{self.mark}", "page": f"smoke-{self.mark}", "t": now}
        return {
            "v": 1, "site": self._site["public_key"], "doc": f"smoke-{self.mark}", "seq": 0, "at": now, "sdk": "smoke",
            "host": HOST, "screen": "1440x900", "lang": "en-GB", "release": "smoke", "env": self._aws.environment,
            "items": [
                {**common, "k": "page", "title": "Smoke test"},
                {**common, "k": "vital", "name": "LCP", "value": _LCP_MS, "nav": "navigate"},
                {**common, "k": "error", "src": "error", "name": "SmokeTest", "msg": f"smoke test {self.mark}",
                 "stack": f"SmokeTest: smoke test {self.mark}\n    at {self.mark} (https://{HOST}/app.js:1:1)",
                 "handled": True, "n": 1},
            ],
        }  # fmt: skip

    def _chunk(self) -> bytes:
        now = clock.now_ms()
        body = {"type": 2, "id": 4, "tagName": "body", "attributes": {}, "childNodes": []}
        html = {"type": 2, "id": 3, "tagName": "html", "attributes": {}, "childNodes": [body]}
        name = {"type": 1, "id": 2, "name": "html", "publicId": "", "systemId": ""}
        page = f"https://{HOST}/{self.mark}"
        events = [
            {"type": 4, "timestamp": now, "data": {"href": page, "width": 1440, "height": 900}},
            {"type": 2, "timestamp": now, "data": {
                "node": {"type": 0, "id": 1, "childNodes": [name, html]}, "initialOffset": {"top": 0, "left": 0}}},
        ]  # fmt: skip
        head = {
            "v": 1, "site": self._site["public_key"], "tab": f"smoke-{self.mark}", "doc": f"smoke-{self.mark}",
            "seq": 0, "at": now, "first": now, "last": now, "n": len(events), "host": HOST, "url": page,
        }  # fmt: skip
        return json.dumps(head).encode() + b"\n" + json.dumps(events).encode()

    def _lines(self) -> dict[str, Any]:
        now = clock.now_ms()
        metric = {"Namespace": "Sightline/Smoke", "Dimensions": [["service"]],
                  "Metrics": [{"Name": "Smoke", "Unit": "Count"}]}  # fmt: skip
        line = {"level": "INFO", "message": f"smoke test {self.mark}", "service": "smoke", "visit_id": self._visit}
        lines = (line, {"_aws": {"Timestamp": now, "CloudWatchMetrics": [metric]}, "service": self.mark, "Smoke": 1})
        number = int(hashlib.sha256(self.mark.encode()).hexdigest()[:12], 16)
        return {
            "messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": "/sightline/smoke",
            "logStream": self.mark, "subscriptionFilters": ["smoke"],
            "logEvents": [{"id": f"{number:016}{at:040}", "timestamp": now, "message": json.dumps(one)}
                          for at, one in enumerate(lines)],
        }  # fmt: skip

    # ---- looking ------------------------------------------------------------------------------------------------

    def _looked(self, look: Look, *, late: bool) -> Found | None:
        try:
            evidence = look.find()
        except SettingError:
            raise  # no credentials, no region: nothing will be found by waiting
        except SightlineError as exc:
            if self._aws.endpoint_url and isinstance(exc, AwsRefused):
                return Found(look.what, look.where, "unseen", f"this endpoint does not show it: {exc.message}")
            if not late and not any(code in exc.message for code in _FINAL):
                return None
            return Found(look.what, look.where, "missing", exc.message, exc.hint or look.next)
        if evidence:
            return Found(look.what, look.where, "ok", evidence)
        return Found(look.what, look.where, "missing", "it did not come in time", look.next) if late else None

    def _in_database(self) -> Iterator[Look]:
        site = f"/sites/{self._site['id']}"
        behind = "See `sightline jobs list` and `sightline warehouse status`; then run this again with --mark."
        stored = "See the log of the service for why it was not stored, then run this again."

        def of_export(kind: str) -> Callable[[], str]:
            def find() -> str:
                rows = self._api.read(f"{site}/export?kind={kind}&range=24h").decode().splitlines()
                return f"a row of {kind}" if any(self.mark in row for row in rows) else ""

            return find

        def of_list(path: str, key: str, what: str) -> Callable[[], str]:
            def find() -> str:
                count = len(self._api.get(f"{site}{path}")[key])
                return f"{count} {what}" if count else ""

            return find

        def of_recordings() -> str:
            """Open while the visit goes on; an earlier run's are sealed."""
            asked = f"{site}/recordings?visit={self._visit}"
            if self._api.get(f"{asked}&state=open")["items"]:
                return "a recording that goes on"
            return "a sealed recording" if self._api.get(asked)["items"] else ""

        activity = f"/reports/activity?range=24h&visit={self._visit}"
        yield Look("event", "database", of_list(activity, "rows", "events of the visit"), behind)
        yield Look("vital", "database", of_export("vital"), stored)
        yield Look("error", "database", of_list(f"/issues?search={self.mark}", "items", "issues"), stored)
        yield Look("recording", "database", of_recordings, stored)
        yield Look("line", "database", of_list(f"/reports/logs?range=24h&q={self.mark}", "rows", "lines"), behind)
        yield Look("metric", "database", of_export("metric"), stored)

    def _in_cloudwatch(self) -> Iterator[Look]:
        group = f"/observability/{self._aws.environment}/service"
        lines = (
            "Set SIGHTLINE_HEALTH_LINES=stdout in the task, as the service template does, and look at its log driver."
        )
        yield Look("error", "CloudWatch", lambda: self._line(group), lines)
        yield Look("vital", "CloudWatch", self._lcp, lines)

    def _line(self, group: str) -> str:
        found = logged(self._aws, group, self.mark, self._since_ms)
        return f"a line of {group}" if any(self.mark in line and "page_error" in line for line in found) else ""

    def _lcp(self) -> str:
        site = [{"Name": "site", "Value": str(self._site["id"])}]
        with told("ask for the metric LCP"):
            points = client("cloudwatch", self._aws).get_metric_statistics(
                Namespace="Sightline/Pages", MetricName="LCP", Dimensions=site, Period=60, Statistics=["SampleCount"],
                StartTime=clock.from_ms(self._since_ms), EndTime=clock.from_ms(clock.now_ms() + 60_000),
            )["Datapoints"]  # fmt: skip
        count = sum(point["SampleCount"] for point in points)
        return f"LCP measured {count:.0f} times" if count else ""

    def _in_dashboards(self) -> Iterator[Look]:
        asked = Asked(site=str(self._site["id"]), device="desktop", stage=self._aws.environment, from_ms=self._since_ms)
        for dashboard, title in PANELS:
            step = f"Open {dashboard} in Grafana with the site {asked.site}; see `sightline aws grafana diff`."

            def find(dashboard: str = dashboard, title: str = title) -> str:
                found = ask(self._aws, dashboard, title, asked)
                evidence = shown(found, self.mark)
                if self._aws.endpoint_url and not evidence and any(one.startswith("line ") for one in found):
                    raise AwsRefused("an emulator runs no filters of Logs Insights", hint="Run this against AWS.")
                return evidence

            yield Look(title, "dashboard", find, step)
