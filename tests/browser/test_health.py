"""Vitals, errors, consent and correlation, from a page in Chromium."""

import json
from typing import Any

from tests.browser.conftest import Watched

# The page's own copy of the numbers, by the library itself: what is stored has to equal it.
PROBE = """
window.probed = {};
const note = (type, each) =>
  new PerformanceObserver(list => list.getEntries().forEach(each)).observe({type, buffered: true});
note('paint', one => { if (one.name === 'first-contentful-paint') probed.FCP = one.startTime });
note('largest-contentful-paint', one => { probed.LCP = one.startTime });
note('navigation', one => { probed.TTFB = one.responseStart });
"""
SLOW = """<h1 id=hero>Largest</h1>
<button id=slow onclick="const end = performance.now() + 300; while (performance.now() < end);">Go</button>"""


def by(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in rows}


def test_all_five_vitals_arrive_final_with_what_is_to_blame(watched: Watched) -> None:
    watched.page("/vitals", SLOW, head=f"<script>{PROBE}</script>", attributes="data-release=1.4.2")
    page = watched.open("/vitals")
    page.wait_for_timeout(300)
    page.click("#slow")
    page.wait_for_timeout(500)
    page.evaluate("document.querySelector('h1').style.marginTop = '300px'")
    page.wait_for_timeout(700)
    probed = page.evaluate("probed")
    page.close()
    rows = watched.rows.wait("vital", watched.key, lambda found: len(found) >= 5)
    found = by(rows)
    assert set(found) == {"LCP", "INP", "CLS", "FCP", "TTFB"}
    assert len(rows) == 5
    for name, value in probed.items():
        assert abs(found[name]["value"] - value) < 0.01, name
    assert found["INP"]["value"] >= 300
    assert found["INP"]["element"] == "button#slow"
    detail = json.loads(found["INP"]["detail"])
    assert detail["script_ms"] >= 290  # of the long frame in which it happened
    assert abs(detail["input"] + detail["work"] + detail["render"] - found["INP"]["value"]) <= 3
    assert found["INP"]["rating"] != "good"
    assert found["LCP"]["element"] == "h1#hero"
    assert {"ttfb", "delay", "load", "render"} <= set(json.loads(found["LCP"]["detail"]))
    assert {row["path"] for row in rows} == {"/vitals"}
    assert {row["release"] for row in rows} == {"1.4.2"}
    (view,) = [row for row in watched.rows.of("event", watched.key) if row["type"] == 1]
    assert {row["visit"] for row in rows} == {view["visit"]}


ERRORS = """
<script>
function pay() { throw new TypeError('no cart for ann.smith@example.com') }
function later() { Promise.reject(new RangeError('too far')) }
function many() { for (let i = 0; i < 100; i++) setTimeout(() => { throw new Error('again') }) }
</script>
<button id=pay onclick="pay()">Pay</button><button id=later onclick="later()">Later</button>
<button id=many onclick="many()">Many</button>
"""


def test_errors_arrive_once_with_what_led_to_them(watched: Watched) -> None:
    watched.page("/broken", ERRORS, attributes="data-errors=console")
    page = watched.open("/broken")
    for one in ("#pay", "#later", "#many"):
        page.click(one)
    page.evaluate(
        "console.error('bad state', 7); sightline.error(new Error('handled'), {step: 2, who: 'ann.smith@example.com'})"
    )
    page.evaluate("document.body.append(Object.assign(new Image(), {src: '/missing.png?user=ann.smith@example.com'}))")
    page.wait_for_timeout(300)
    page.close()
    rows = watched.rows.wait("error", watched.key, lambda found: len(found) >= 6)
    said = {(row["source"], row["name"]): row for row in rows}
    assert set(said) == {
        ("error", "TypeError"), ("rejection", "RangeError"), ("error", "Error"), ("resource", "resource"),
        ("console", "console"), ("caught", "Error"),
    }  # fmt: skip
    assert len(rows) == 6
    assert said["error", "Error"]["count"] == 100
    pay = said["error", "TypeError"]
    assert pay["message"] == "no cart for [email]"
    assert "at pay (" in pay["stack"]
    assert {"k": "click", "el": "button#pay"}.items() <= json.loads(pay["breadcrumbs"])[-1].items()
    assert said["caught", "Error"]["handled"]
    assert json.loads(said["caught", "Error"]["context"])["step"] == 2
    sent = b"".join(body for _, body in watched.answers.seen)
    assert b"ann.smith" not in sent
    watched.uncaught.clear()  # the page's own, which it was told to throw


def test_nothing_leaves_the_page_before_the_visitor_agreed(watched: Watched) -> None:
    watched.page("/ask", attributes="data-consent=ask")
    page = watched.open("/ask")
    page.evaluate("sightline.track('early')")
    page.wait_for_timeout(500)
    assert watched.answers.seen == []
    page.evaluate("sightline.consent('analytics')")
    rows = watched.rows.wait("event", watched.key, lambda found: len(found) >= 2)
    assert [row["name"] or row["path"] for row in rows] == ["/ask", "early"]
    assert not page.evaluate("sightline.status().recording")
    page.evaluate("sightline.consent('none'); sightline.track('late')")
    page.close()
    assert len([row for row in watched.rows.of("event", watched.key) if row["name"] == "late"]) == 0


def test_a_browser_that_asks_not_to_be_followed_is_not(watched: Watched) -> None:
    gpc = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true })"
    watched.page("/quiet", head=f"<script>{gpc}</script>")
    page = watched.open("/quiet")
    page.evaluate("sightline.track('x')")
    page.wait_for_timeout(300)
    page.close()
    assert watched.answers.seen == []


def test_requests_of_the_page_carry_the_visit_where_they_may(watched: Watched) -> None:
    watched.server.pages["/api/cart"] = "{}"
    watched.page("/calls")
    page = watched.open("/calls")
    page.wait_for_function("sightline.visitId() !== ''")
    visit = page.evaluate("sightline.visitId()")
    page.evaluate("""async () => {
        await fetch('/api/cart', { headers: { 'x-own': 'kept' } });
        await fetch(new Request('/api/cart', { method: 'POST', body: 'text', headers: { 'x-own': 'kept' } }));
        const request = new XMLHttpRequest();
        request.open('GET', '/api/cart');
        request.setRequestHeader('x-own', 'kept');
        await new Promise(done => { request.onloadend = done; request.send() });
        await fetch('http://127.0.0.1:9/elsewhere').catch(() => 0);
    }""")
    calls = [headers for path, headers in watched.server.requests if path == "/api/cart"]
    assert [headers.get("x-own") for headers in calls] == ["kept"] * 3
    assert [headers.get("x-sightline-visit") for headers in calls] == [visit] * 3
    traces = [headers["traceparent"] for headers in calls]
    assert len(set(traces)) == 3
    assert all(len(trace) == 55 and trace.startswith("00-") for trace in traces)


def test_a_page_looks_the_same_with_and_without_the_sdk(watched: Watched) -> None:
    body = "<h1>Same</h1><p>Every pixel of it.</p><input value=x>"
    watched.page("/with", body)
    watched.server.pages["/without"] = f"<!doctype html><title>x</title><body>{body}"
    page = watched.open("/with")
    page.wait_for_function("sightline.status().recording")
    shown = page.screenshot()
    page.goto(watched.server.url + "/without")
    assert page.screenshot() == shown
