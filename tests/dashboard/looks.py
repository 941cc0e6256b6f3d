"""What a look at a page finds: what sticks out, and what axe finds against accessibility."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, expect

# Pages settle within this, or the test says which did not.
_SETTLES_MS: Final = 10_000
AXE: Final = Path(__file__).resolve().parents[2] / "dashboard/node_modules/axe-core/axe.min.js"
SIZES: Final = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}
# Whoever loads a page is on a phone, which has the least room; then it grows.
LOOKS: Final = (("phone", "dark"), ("phone", "light"), ("desk", "light"), ("desk", "dark"))
# Each size and each scheme once, where a page is dear; the soak looks at the other two.
PAIRS: Final = (("phone", "dark"), ("desk", "light"))
OTHER_PAIRS: Final = (("phone", "light"), ("desk", "dark"))


def faults(page: Page, axe: str) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its own best practices.

    Only what it finds leaves the page: to name each thing that is right, and to send it here, was two thirds of the
    time. Nor does it load styles and media by itself, which no rule of these needs.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    # A button that has just become one that may be pressed is between two colours for a moment.
    page.evaluate(
        """() => Promise.allSettled(document.getAnimations().filter(each =>
          each.playState === 'running' && each.effect.getComputedTiming().endTime !== Infinity
        ).map(each => each.finished))"""
    )
    found: list[dict[str, Any]] = page.evaluate(
        "options => axe.run(document, options).then(answer => answer.violations)",
        {
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            "resultTypes": ["violations"],
            "preload": False,
        },
    )
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


def is_wider_than_its_window(page: Page) -> bool:
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider


def sticking_out(page: Page) -> list[str]:
    """What reaches over the right edge of its card, where nothing scrolls."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.card *, dialog *')].filter(each => {
          const card = each.closest('dialog, .card');
          for (let at = each.parentElement; at !== card; at = at.parentElement)
            if (getComputedStyle(at).overflowX !== 'visible') return false;
          return each.getBoundingClientRect().right > card.getBoundingClientRect().right + 1;
        }).map(each => each.outerHTML.slice(0, 80))"""
    )
    return found


def settled(page: Page) -> None:
    """Every number is there: no skeleton, nothing busy."""
    # By a locator: a function as text would be evaluated in the page, whose policy forbids that.
    expect(page.locator("main h1").first).to_be_visible(timeout=_SETTLES_MS)  # before it nothing is busy yet
    expect(page.locator("main .skeleton, main [aria-busy=true]")).to_have_count(0, timeout=_SETTLES_MS)


def seen(page: Page, axe: str, looks: Sequence[tuple[str, str]], what: str) -> None:
    """A page that was loaded once fits its window and is accessible, at each size and in each scheme."""
    # Chromium leaves what is scrolled out of sight in the colours of the scheme before.
    page.evaluate(
        """() => {
          const shown = new CSSStyleSheet();
          shown.replaceSync('* { content-visibility: visible !important }');
          document.adoptedStyleSheets.push(shown);
        }"""
    )
    for size, scheme in looks:
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        # Charts draw anew in the frame after the one in which they are told.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        settled(page)
        assert not is_wider_than_its_window(page), (what, size, scheme)
        assert sticking_out(page) == [], (what, size, scheme)
        found = faults(page, axe)
        if found:  # a busy machine may still be painting; what is wrong stays wrong
            page.wait_for_timeout(500)
            found = faults(page, axe)
        assert not found, (what, size, scheme, found)
