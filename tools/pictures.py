"""Take the README's pictures anew: `python -m tools.pictures [NAME …]`, into docs/img.

From a server that `sightline demo` has filled, with the shop's visits in Chromium; each by what a person would open.
"""

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, expect, sync_playwright
from tests.dashboard.conftest import ADA, CHROMIUM, FLAGS, Client, Served, cookies_of, wait_for_reports
from tests.dashboard.looks import settled
from tests.running import run, up

from tools import assets

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "img"
# What a README may ask of a phone, for each picture.
MOST_BYTES: Final = 120_000
_WINDOW: Final = {"width": 1440, "height": 900}
_QUALITIES: Final = (90, 80, 70, 55)
_PATIENCE_S = 180
_PERSONS: Final = (
    ("Robin", "Fields", "robin.fields@example.com"),
    ("Sam", "Rivers", "sam.rivers@example.com"),
    ("Kim", "Meadows", "kim.meadows@example.net"),
    ("Alex", "Woods", "alex.woods@example.org"),
    ("Jo", "Brooks", "jo.brooks@example.com"),
)


class Filled(NamedTuple):
    """A server, its demo site, and where its data are."""

    served: Served
    site: str
    data: Path


@contextmanager
def filled() -> Iterator[Filled]:
    """A server with two months of the shop's visits, some of now with recordings, and a vault."""
    with up(
        SIGHTLINE_DEMO_SHOP="true", SIGHTLINE_VAULT_PURPOSES="support: email phone address,billing: ssn"
    ) as running:
        assert running.url is not None
        assert running.setup_link is not None
        served = Served(running.url, running.setup_link)
        body = {"token": served.setup_token, **ADA}
        httpx.post(f"{served.url}/api/v1/setup", json=body, headers={"origin": served.url}).raise_for_status()
        running.wait_for_shop()
        told = run(
            "demo", "traffic", "--visits", "3000", "--days", "60", "--live", "12", "--json",
            "--data", str(running.data), timeout=400,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        site = json.loads(told.stdout)["site"]
        wait_for_reports(served, site)
        client = Client(served)
        subjects = [
            {
                "values": {
                    "first_name": first,
                    "last_name": last,
                    "email": mail,
                    "phone": f"+44 20 7946 095{place}",
                    "ssn": f"219-09-999{place}",
                }
            }
            for place, (first, last, mail) in enumerate(_PERSONS)
        ]
        client.made(f"/vault/{client.team}/subjects", {"subjects": subjects})
        client.close()
        yield Filled(served, site, running.data)


def _longest_recording(page: Page, site: str) -> str:
    """The visit that shows most; visits are told of about a minute after they ended."""
    for _ in range(_PATIENCE_S):
        found = page.evaluate(
            "site => fetch(`/api/v1/sites/${site}/recordings?order=duration`).then(answer => answer.json())", site
        )["items"]
        if found:
            return str(found[0]["id"])
        page.wait_for_timeout(1000)
    raise RuntimeError("no recording: is the shop served?")


def _overview(page: Page, site: str) -> None:
    page.goto(f"/{site}/overview")
    page.locator(".tiles button[aria-pressed]").first.wait_for()
    page.locator(".plot canvas").first.wait_for()


def _replay(page: Page, site: str) -> None:
    page.goto(f"/{site}/session/{_longest_recording(page, site)}?t=9")
    page.locator(".mark").first.wait_for()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def _error(page: Page, site: str) -> None:
    page.goto(f"/{site}/errors")
    page.get_by_role("table").get_by_role("link", name="reading 'name'").first.click()
    page.locator(".frames, .message").first.wait_for()
    page.locator(".plot canvas").first.wait_for()


def _logs(page: Page, site: str) -> None:
    page.goto(f"/{site}/logs?q=level:%3E%3Dwarn")
    page.locator("ol > li").first.wait_for()


def _vault(page: Page, _site: str) -> None:
    page.goto("/vault")
    page.locator("table tbody tr").first.wait_for()


PICTURES: Final[dict[str, tuple[str, Callable[[Page, str], None]]]] = {
    "overview-light": ("light", _overview),
    "overview-dark": ("dark", _overview),
    "replay": ("light", _replay),
    "error": ("light", _error),
    "logs": ("dark", _logs),
    "vault": ("light", _vault),
}


def _taken(page: Page) -> bytes:
    """What the window shows, as WebP, in the best quality that is small enough."""
    settled(page)
    page.wait_for_timeout(500)  # what moves when something appears has come to rest
    session = page.context.new_cdp_session(page)
    picture = b""
    for quality in _QUALITIES:
        answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(answer["data"])
        if len(picture) <= MOST_BYTES:
            return picture
    raise AssertionError(f"{len(picture):,} bytes of {page.url} at quality {quality}: at most {MOST_BYTES:,}")


def take(place: Filled, names: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cookies = cookies_of(place.served, ADA["email"], ADA["password"])
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in names:
            scheme, opened = PICTURES[name]
            context = browser.new_context(
                base_url=place.served.url, viewport=_WINDOW, color_scheme=scheme, locale="en-GB",  # type: ignore[arg-type]
                reduced_motion="reduce",
            )  # fmt: skip
            context.add_cookies(cookies)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto("/")
            opened(page, place.site)
            picture = _taken(page)
            (folder / f"{name}.webp").write_bytes(picture)
            print(f"{name:16} {len(picture):7,} bytes  {urlsplit(page.url).path}")
            context.close()
        browser.close()


def main() -> None:
    """Take those that are named, or all."""
    assets.install(assets.BUNDLES[0])
    assets.main()
    names = sys.argv[1:] or list(PICTURES)
    if unknown := set(names) - set(PICTURES):
        raise SystemExit(f"there is no picture {min(unknown)!r}; there are {', '.join(PICTURES)}")
    with filled() as place:
        take(place, names, Path(os.environ.get("SIGHTLINE_PICTURES", FOLDER)))


if __name__ == "__main__":
    main()
