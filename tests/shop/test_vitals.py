"""Vitals are stored as web-vitals itself reports them in the page: all five, on ten pages, to the last digit."""

import json
from typing import Any

from tests.shop.conftest import SHOP, Visitors

LIBRARY = SHOP / "node_modules/web-vitals/dist/web-vitals.iife.js"
FIVE = ("LCP", "INP", "CLS", "FCP", "TTFB")
PAGES = (
    "/", "/plants/monstera", "/plants/olive", "/plants/aloe", "/search?q=fern", "/cart", "/checkout", "/gift-cards",
    "/thanks?order=1", "/nowhere",
)  # fmt: skip
# The page's own copy of each final value, kept where the next page can read it.
PROBE = """
for (const name of %s) webVitals['on' + name](({ value }) => {
  const kept = JSON.parse(sessionStorage.probed ?? '{}');
  sessionStorage.probed = JSON.stringify({ ...kept, [location.pathname + ' ' + name]: value });
});
"""


def test_what_is_stored_is_what_the_library_reports(visitors: Visitors) -> None:
    context = visitors.context()
    # One script, since scripts of a context may run in any order; on about:blank there is no storage.
    probe = PROBE % json.dumps(FIVE)
    context.add_init_script(f"if (location.protocol === 'http:') {{ {LIBRARY.read_text('utf-8')}; {probe} }}")
    page = visitors.tab(context)
    for number, path in enumerate(PAGES):
        page.goto(visitors.shop + path)
        page.wait_for_selector("main h1, main .notice")
        page.click("main h1")
        if number % 2:  # pushes what is there, without anybody having asked for it
            page.wait_for_timeout(600)
            page.evaluate("document.querySelector('main').style.marginTop = '120px'")
        page.wait_for_timeout(200)
    page.goto(visitors.shop + "/price-list.txt")
    kept: dict[str, float] = page.evaluate("JSON.parse(sessionStorage.probed)")
    probed = {key: value for key, value in kept.items() if not key.startswith("/price-list.txt ")}
    page.close()
    assert len(probed) == len(FIVE) * len(PAGES), sorted(probed)

    def all_there(found: list[dict[str, Any]]) -> bool:
        return len(found) >= len(probed)

    rows = visitors.rows.wait("vital", visitors.key, all_there)
    stored = {f"{row['path']} {row['metric']}": row["value"] for row in rows}
    assert len(rows) == len(probed)
    assert stored == {key: probed[key] for key in stored}
    assert len({row["page"] for row in rows}) == len(PAGES)
    assert any(row["metric"] == "CLS" and row["value"] > 0 for row in rows)
