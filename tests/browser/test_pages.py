"""Page views and events, from a page in Chromium to rows in PostgreSQL."""

import json
import time

from tests.browser.conftest import Watched

SHOP = """
<a id=out href="https://elsewhere.test/offer?secret=1">Offer</a> <a id=file href="/list.pdf" download>List</a>
<button id=buy data-sightline-event="buy" data-sightline-event-plan="pro">Buy</button>
<form id=search method=get action="/search"><input name=email value="ann@example.com"><button id=go>Go</button></form>
"""


def names(rows: list[dict[str, object]]) -> list[object]:
    """Each row as what it is about; the time that pages were used is not asked here."""
    return [row["name"] or row["path"] for row in rows if row["type"] != 7]


def test_a_page_view_arrives_and_is_counted(watched: Watched) -> None:
    watched.page("/guide", "<h1>Guide</h1>")
    page = watched.open("/guide?utm_source=news&sort=price&token=s3cr3t")
    (row,) = watched.rows.wait("event", watched.key, bool)
    assert (row["path"], row["query"], row["utm_source"]) == ("/guide", "sort=price", "news")
    assert (row["hostname"], row["title"], row["language"]) == ("127.0.0.1", "/guide", "en-GB")
    assert (row["browser"], row["os"], row["device"]) == ("chrome", "linux", "desktop")
    page.wait_for_function("sightline.visitId() !== ''")
    assert page.evaluate("sightline.visitId()") == str(row["visit"])


def test_the_overview_counts_what_a_browser_did(watched: Watched) -> None:
    watched.page("/a")
    page = watched.open("/a")
    page.evaluate("history.pushState({}, '', '/b'); sightline.track('order', {revenue: 12.5, currency: 'EUR'})")
    page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: len(names(found)) == 3)
    assert [row["revenue"] for row in rows if row["name"] == "order"] == [125_000]
    assert rows
    deadline = time.monotonic() + 15  # what is committed comes into the warehouse a moment later
    counted: dict[str, float] = {}
    while not counted.get("events") and time.monotonic() < deadline:
        found = watched.client.get(f"{watched.site_path}/reports/overview", params={"range": "24h"}).json()
        counted = {row["metric"]: row["value"] for row in found["rows"]}
    assert (counted["views"], counted["visits"], counted["visitors"], counted["events"]) == (2, 1, 1, 1)


def test_routes_reloads_and_tabs_are_page_views_in_order(watched: Watched) -> None:
    for path in ("/a", "/other"):
        watched.page(path)
    context = watched.context()
    page = watched.open("/a", context=context)
    page.evaluate("history.pushState({}, '', '/b'); history.replaceState({}, '', '/b')")
    page.evaluate("history.pushState({}, '', '/c#part')")
    page.evaluate("location.hash = 'other'")  # no page of its own unless data-hash says so
    page.go_back()
    page.evaluate("history.pushState({}, '', '/d')")
    watched.page("/d")
    page.reload()
    watched.open("/other", context=context)
    rows = watched.rows.wait("event", watched.key, lambda found: len(names(found)) >= 6)
    assert names(rows) == ["/a", "/b", "/c", "/d", "/d", "/other"]
    assert len({row["visit"] for row in rows}) == 1
    assert len({row["visitor"] for row in rows}) == 1


def test_hash_routes_count_where_they_are_asked_for(watched: Watched) -> None:
    watched.page("/app", attributes="data-hash=true")
    page = watched.open("/app#/one")
    page.evaluate("location.hash = '/two'")
    page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: len(names(found)) == 2)
    assert names(rows) == ["/app#/one", "/app#/two"]


def test_a_page_from_the_back_forward_cache_is_seen_again(watched: Watched) -> None:
    watched.page("/first")
    watched.server.pages["/second"] = "<!doctype html><title>Second</title>"
    page = watched.open("/first")
    page.wait_for_function("sightline.visitId() !== ''")
    page.goto(watched.server.url + "/second")
    page.evaluate("history.back()")
    page.wait_for_url("**/first")
    page.evaluate("sightline.track('back')")
    page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: "back" in names(found))
    assert names(rows) == ["/first", "/first", "back"]


def test_clicks_that_lead_away_downloads_forms_and_named_elements_are_events(watched: Watched) -> None:
    watched.page("/shop", SHOP)
    page = watched.open("/shop")
    page.evaluate("addEventListener('click', event => event.target.id !== 'go' && event.preventDefault())")
    for one in ("#out", "#file", "#buy"):
        page.click(one)
    page.evaluate("document.querySelector('form').addEventListener('submit', event => event.preventDefault())")
    page.click("#go")
    page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: len(names(found)) == 5)
    assert names(rows) == ["/shop", "outbound", "download", "buy", "form"]
    said = {row["name"]: json.loads(row["properties"]) for row in rows if row["properties"] and row["name"]}
    assert said["buy"] == {"plan": "pro"}
    assert said["form"] == {"form": "form#search"}
    assert "secret" not in said["outbound"]["url"]
    assert b"ann@example.com" not in b"".join(body for _, body in watched.answers.seen)


def test_the_time_that_a_page_was_used_arrives_with_its_end(watched: Watched) -> None:
    watched.page("/long", "<div style='height: 4000px'></div>")
    page = watched.open("/long?utm_source=news")
    page.mouse.wheel(0, 3000)
    page.wait_for_timeout(2500)
    page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: len(found) == 2)
    view, spent = rows
    assert (spent["type"], spent["path"], spent["utm_source"]) == (7, view["path"], "news")
    assert 1000 <= spent["engagement_ms"] <= 20_000
    assert json.loads(spent["properties"])["scroll"] > 50


def test_who_somebody_is_becomes_a_person_without_a_name(watched: Watched) -> None:
    watched.page("/account")
    page = watched.open("/account")
    page.evaluate("sightline.identify('customer-42', {email: 'ann@example.com', plan: 'pro'}); sightline.track('seen')")
    page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: len(found) >= 3)
    identify = next(row for row in rows if row["type"] == 6)
    assert identify["person"]
    assert "ann@" not in identify["properties"]
    assert json.loads(identify["properties"])["plan"] == "pro"
    assert "customer-42" not in str(rows)
    assert next(row for row in rows if row["name"] == "seen")["person"] == identify["person"]
