"""The visits that are made up: the same for a seed, on the days they are wanted, and of the shop that there is."""

import json
from collections import Counter
from pathlib import Path

from sightline.collect import cloudwatch
from sightline.collect.backend_lines import said
from sightline.operate.demo import backend, world
from sightline.operate.demo.story import DAY_MS, Act, Fault, Known, Measured, Spent, View, Visit, visits

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"
TODAY_MS = 20_780 * DAY_MS


def made(seed: int = 1, number: int = 600, days: int = 30) -> list[Visit]:
    return visits(seed, number, days, TODAY_MS)


def test_a_seed_makes_the_same_visits_and_another_makes_others() -> None:
    assert made() == made()
    assert made() != made(seed=2)


def test_visits_lie_on_the_days_that_were_wanted_in_their_order() -> None:
    begins = [visit.began_ms for visit in made()]
    assert begins == sorted(begins)
    assert begins[0] >= TODAY_MS - 30 * DAY_MS
    assert begins[-1] < TODAY_MS
    assert len({begin // DAY_MS for begin in begins}) == 30


def test_every_visit_goes_forward_and_begins_with_a_page() -> None:
    for visit in made():
        moments = [step.at_ms for step in visit.steps]
        assert moments == sorted(moments)
        assert isinstance(visit.steps[0], View)


def test_there_is_something_for_every_report() -> None:
    found = made()
    steps = [step for visit in found for step in visit.steps]
    assert {View, Act, Known, Spent, Measured, Fault} <= {type(step) for step in steps}
    names = Counter(step.name for step in steps if isinstance(step, Act))
    # A funnel that narrows.
    carts, checkouts, orders = names["add_to_cart"], names["checkout"], names["order"]
    assert carts > checkouts > orders > 5
    assert {"search", "sort", "remove_from_cart", "outbound"} <= set(names)
    assert {step.metric for step in steps if isinstance(step, Measured)} == {"LCP", "INP", "CLS", "FCP", "TTFB"}
    assert len({visit.release for visit in found}) == 2
    assert len({visit.home.near[0] for visit in found}) >= 8
    assert len({visit.device.agent for visit in found}) == len(world.DEVICES)
    returning = [count for count in Counter(visit.person for visit in found).values() if count > 1]
    assert len(returning) > 50
    referrers = {visit.steps[0].referrer for visit in found if isinstance(visit.steps[0], View)}
    assert {source.referrer for source in world.SOURCES} == referrers
    assert any("gclid" in visit.steps[0].url for visit in found)


def test_a_fault_of_the_old_release_is_gone_with_the_new_one() -> None:
    names = {(visit.release, step.message) for visit in made() for step in visit.steps if isinstance(step, Fault)}
    old, new = sorted({release for release, _ in names})
    gone = {message for release, message in names if release == old} - {
        message for release, message in names if release == new
    }
    assert gone == {"Cannot read properties of undefined (reading 'name')"}


def test_what_is_looked_at_is_what_the_shop_sells() -> None:
    sold = {
        (one["id"], one["name"], one["category"], float(one["price"]))
        for one in json.loads((SHOP / "api/products.json").read_text("utf-8"))
    }
    assert {(item.id, item.name, item.category, item.price) for item in world.ITEMS} == sold


def test_the_functions_of_made_up_visits_wrote_lines_as_lambda_does() -> None:
    numbered = dict(enumerate(made(number=300), 1))
    found = backend.payloads("seed", numbered)
    assert found == backend.payloads("seed", numbered)
    deliveries = [cloudwatch.delivery(payload) for payload in found]
    lines = [line for delivery in deliveries for line in said(delivery)]
    runs = [line for line in lines if line.run is not None]
    functions = {one.name for one in (backend.CATALOGUE, backend.SEARCH, backend.ADVICE, backend.ACCOUNT)}
    assert {line.function for line in runs} >= functions | {"shop-checkout", "shop-mail"}
    assert {line.run.status for line in runs if line.run} == {"ok", "error", "timeout"}
    assert 0 < sum(line.run.init_ms > 0 for line in runs if line.run) < len(runs) / 4
    assert all(line.visit in numbered and line.request and line.trace for line in runs)
    assert {line.level for line in lines} >= {"info", "warn", "error"}
    orders = sum(isinstance(step, Act) and step.name == "order" for visit in numbered.values() for step in visit.steps)
    assert sum(line.message == "order placed" for line in lines) == orders > 0
    assert {one.name for line in lines for one in line.measured} >= {"Invocations", "Duration", "Orders", "ColdStart"}
    assert len({event.id for delivery in deliveries for event in delivery.events}) > len(runs)
