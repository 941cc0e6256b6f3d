"""Every report on a stand-alone Spark cluster: against the plain reference, and against the warehouse on more data."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker
from sightline.analytics.catalogue import REPORTS, report
from sightline.analytics.spark import hold, opened_session
from sightline.database.pool import Database
from sightline.signals.event import Event
from tests.analytics import test_against_reference as plain
from tests.analytics.generated import HOUR, NIGHTS, crowd
from tests.analytics.spark_cluster import CONF, cluster
from tests.analytics.stored import Mode, Stored, again, stored
from tests.analytics.test_against_reference import METRICS

# Spark leaves sockets to the garbage collector.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
_EXAMPLES = 2
_ZONE = "Australia/Lord_Howe"
_ALL = ["path:/", "path:/a", "event:buy"]
# Each report once, in the form that asks most of Spark; a question takes a cluster of this size seconds.
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("overview", {"filter": ["path:re:^/b", "property:price:gt:0.5"], "match": "any", "exclude_bounces": True}),
    ("series", {"unit": "hour", "metric": METRICS}),
    ("breakdown", {"by": ["entry", "country"], "metric": METRICS}),
    ("weekly", {}),
    ("campaigns", {}),
    ("goals", {"goal": _ALL}),
    ("funnel", {"step": _ALL, "window_minutes": 600}),
    ("funnel-drops", {"step": _ALL, "window_minutes": 600}),
    ("journeys", {"steps": 2, "first": "path:/a", "filter": ["country:neq:NL"]}),
    ("retention", {"unit": "week", "filter": ["channel:eq:search"]}),
    ("attribution", {"goal": "event:buy", "model": "linear", "by": "referrer"}),
    ("revenue", {"by": "country"}),
    ("properties", {}),
    ("property-values", {"key": "price"}),
    ("realtime", {}),
    ("visits", {"limit": 40}),
    ("visitor", {"visitor": "3"}),
    ("activity", {"limit": 200}),
]
MORE: list[tuple[str, dict[str, Any]]] = [
    ("overview", {}),
    ("series", {"unit": "month"}),
    ("breakdown", {"by": ["path"], "limit": 2}),
    ("breakdown", {"by": ["property:plan", "title"], "metric": ["events", "visitors"]}),
    ("journeys", {"steps": 4}),
    ("retention", {"unit": "day"}),
    ("attribution", {"goal": "event:buy", "model": "first"}),
    ("property-values", {"key": 'k"q'}),
]


class OnSpark(Stored):
    """The real stores, asked on the cluster."""

    session: Any

    async def hold(self, events: list[Event]) -> None:  # type: ignore[override]
        await self.store(events)
        self.engines = {"spark": await hold(self.session, self.catalogue)}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a cluster; both end with the module."""
    with cluster(tmp_path_factory.mktemp("spark")) as master:
        opened = opened_session(master, CONF)
        yield opened
        opened.stop()


@pytest.fixture
async def both(session: Any, database: Database, tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(Mode.MIXED, database, tmp_path, OnSpark) as opened:
        assert isinstance(opened, OnSpark)
        opened.session = session
        yield opened


def rounded(found: Any) -> Any:
    """What is compared: floats to nine digits."""
    if isinstance(found, float):
        return float(f"{found:.9g}")
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    return [rounded(value) for value in found] if isinstance(found, list) else found


# Those whose expressions differ most; a question costs a cluster of this size seconds.
_SOME = ("overview", "breakdown", "funnel", "retention", "journeys")


@pytest.mark.parametrize(
    "questions",
    [
        [(name, asked) for name, asked in QUESTIONS if name in _SOME],
        pytest.param([*QUESTIONS, *MORE], marks=pytest.mark.soak),
    ],
    ids=["some", "each"],
)
async def test_every_report_is_that_of_the_warehouse(
    session: Any, database: Database, tmp_path: Path, questions: list[tuple[str, dict[str, Any]]]
) -> None:
    # Vitals and what a backend writes are refused there with words: a cluster reads no extents but those of events.
    of_events = {
        name for name, one in REPORTS.items()
        if not name.startswith("vitals") and one.permission is Permission.SITE_READ
    }  # fmt: skip
    assert {name for name, _ in QUESTIONS} == of_events
    async with stored(Mode.MIXED, database, tmp_path) as found:
        await found.renew()
        night = NIGHTS[_ZONE]
        await found.hold(crowd(random.Random(7), 1500, night, found.sites))
        spark = await hold(session, found.catalogue)
        assert spark.coverage.sealed == 749
        assert spark.coverage.unsealed == 751
        for name, asked in questions:
            wanted = report(name)
            params = msgspec.convert(
                {"start": str(night - 48 * HOUR), "end": str(night + 24 * HOUR), **asked}, wanted.params, strict=False
            )
            answers = []
            for engine in (found.engines["warehouse"], spark):
                asker = Asker(engine, found.scopes[found.sites[0]], zone=_ZONE)
                asker.now_ms = night + 2 * HOUR
                answers.append(rounded(json.loads(msgspec.json.encode(await wanted.run(asker, params)))))
            assert answers[0] == answers[1], (name, asked)
            assert answers[0].get("rows") or answers[0].get("minutes"), f"{name} says nothing, so it shows nothing"


# A question takes a cluster of this size seconds, so the drawn worlds are for `make soak`.
for _name in [name for name in vars(plain) if name.startswith("test_")]:
    globals()[_name] = pytest.mark.soak(again(getattr(plain, _name), _EXAMPLES))
