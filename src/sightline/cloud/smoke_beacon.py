"""A vital and an error through the beacon: by its log group, its metrics, and the dashboards' queries.

The beacon writes under the name that `BeaconSites` gives a site; which one ours has is read from its own line.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from sightline import clock
from sightline.cloud.session import client, told
from sightline.cloud.smoke_panels import Asked, ask, shown
from sightline.cloud.smoke_steps import Found, Look, logged, sent, taken
from sightline.settings import AwsSettings

BEACON: Final = ("vital", "error")
_PANELS: Final = (("sightline-vitals", "Page views measured"), ("sightline-frontend-errors", "Errors"))
_LCP_MS: Final = 1234.0


class Beacon:
    """One run's part at the function behind `url`."""

    def __init__(self, aws: AwsSettings, url: str, mark: str, since_ms: int) -> None:
        self._aws, self._url, self._mark, self._since_ms = aws, url, mark, since_ms
        self._group = f"/observability/{aws.environment}/beacon"
        self._name = ""

    def send(self, site: str, host: str, agent: str) -> Iterator[Found]:
        now = clock.now_ms()
        common = {"url": f"https://{host}/{self._mark}", "page": f"smoke-{self._mark}", "t": now}
        batch = {
            "v": 1, "site": site, "doc": f"smoke-{self._mark}", "seq": 0, "at": now, "sdk": "smoke", "host": host,
            "items": [
                {**common, "k": "vital", "name": "LCP", "value": _LCP_MS, "nav": "navigate"},
                {**common, "k": "error", "src": "error", "name": "SmokeTest", "msg": f"smoke test {self._mark}",
                 "stack": "", "handled": True, "n": 1},
            ],
        }  # fmt: skip
        head = {"user-agent": agent, "content-type": "application/json"}
        status, said = sent("POST", self._url, json.dumps(batch).encode(), head)
        steps = {
            0: "Check the address: it is the output BeaconUrl of the service stack.",
            403: f"The beacon does not know our site: add {site}=smoke to BeaconSites (`sightline aws deploy`).",
            429: "Wait a minute, then run this again with --mark.",
        }
        for one in taken(BEACON, status, said, self._url, steps):
            yield Found(one.what, "beacon", one.state, one.evidence, one.next)

    def looks(self) -> Iterator[Look]:
        lost = f"Look at the log group {self._group}, and at the function's metrics and errors."
        yield Look("error by the beacon", "CloudWatch", self._line, lost)
        yield Look("vital by the beacon", "CloudWatch", self._lcp, lost)
        for dashboard, title in _PANELS:
            step = f"Open {dashboard} in Grafana with the name that BeaconSites gives our site."

            def find(dashboard: str = dashboard, title: str = title) -> str:
                if not self._name:
                    return ""
                asked = Asked(site=self._name, device="desktop", stage=self._aws.environment, from_ms=self._since_ms)
                return shown(ask(self._aws, dashboard, title, asked), self._mark)

            yield Look(f"{title} by the beacon", "dashboard", find, step)

    def _line(self) -> str:
        """The line of our error, which says what the beacon calls our site."""
        for message in logged(self._aws, self._group, self._mark, self._since_ms):
            line = _object(message)
            if line.get("type") == "page_error" and self._mark in str(line.get("message", "")):
                self._name = str(line.get("site", ""))
                return f"a line of {self._group}, site {self._name!r}"
        return ""

    def _lcp(self) -> str:
        if not self._name:
            return ""
        with told("ask for the metric LCP"):
            points = client("cloudwatch", self._aws).get_metric_statistics(
                Namespace="Sightline/Pages", MetricName="LCP", Dimensions=[{"Name": "site", "Value": self._name}],
                Period=60, Statistics=["SampleCount"], StartTime=clock.from_ms(self._since_ms),
                EndTime=clock.from_ms(clock.now_ms() + 60_000),
            )["Datapoints"]  # fmt: skip
        count = sum(point["SampleCount"] for point in points)
        return f"LCP measured {count:.0f} times" if count else ""


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
