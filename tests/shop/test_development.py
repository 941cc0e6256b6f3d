"""In development and as a build: no configuration of Vite, off unless asked for, and edits lose nothing."""

import gzip
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from sightline.replay.sealing import in_order
from tests.dashboard.conftest import Client
from tests.openreplay.shop import LIVE
from tests.openreplay.test_conversion import of_html
from tests.postgres import free_port
from tests.privacy.recordings.browser import PLAYED_TREE
from tests.running import Running, run, status
from tests.shop.conftest import SDK, SHOP, Visitors, served, until
from tests.shop.test_replay import SEEN, SHOWN, differences, played
from tests.shop.test_visits import CUSTOMER, fill_the_cart, told

STORY_KB = 50  # CR-UI6: what tracking may add to the build, all in all


@pytest.fixture(scope="module")
def copy(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of one's own to edit; packages are linked file by file, since Vite follows a linked folder out of it."""
    folder = tmp_path_factory.mktemp("shop")
    for name in ("index.html", "package.json", "tsconfig.json", "tsconfig.app.json", "tsconfig.node.json"):
        shutil.copy(SHOP / name, folder)
    for name in ("src", "public"):
        shutil.copytree(SHOP / name, folder / name)
    shutil.copytree(
        SHOP / "node_modules", folder / "node_modules", copy_function=_linked, symlinks=True,
        ignore=shutil.ignore_patterns(".vite*", ".tmp"),
    )  # fmt: skip
    return folder


def _linked(source: str, target: str) -> None:
    """A link where both lie on one disk, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def vite(folder: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    # No file of a person's home may change what is built, and nobody is asked anything.
    return subprocess.Popen(
        ["node", "node_modules/vite/bin/vite.js", *arguments],
        cwd=folder, env={"PATH": os.environ["PATH"], "CI": "1", **env},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@contextmanager
def developing(folder: Path, visitors: Visitors, *, asked: bool) -> Iterator[str]:
    """Vite's development server, with the shop's API behind it."""
    shutil.copy(SHOP / "vite.config.ts", folder)
    port = free_port()
    upstream = visitors.rows  # the server that the visitors' shop passes to
    assert upstream is not None
    env = {"SHOP_API": visitors.shop}
    if asked:
        env |= {
            "VITE_SIGHTLINE": "on", "VITE_SIGHTLINE_SITE": visitors.key,
            "VITE_SIGHTLINE_HOST": f"{visitors.shop}/{visitors.path}",
        }  # fmt: skip
    process = vite(folder, "--host", "127.0.0.1", "--port", str(port), "--strictPort", **env)
    try:
        deadline = time.monotonic() + 60
        while status(f"http://127.0.0.1:{port}/") != 200:
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


def loaded(page: Page, url: str) -> None:
    """The page, once Vite has found all packages: until then it may load it anew."""
    page.goto(url)
    page.wait_for_selector(".card .name", timeout=60_000)


def test_an_edit_keeps_the_state_and_leaves_one_sdk(copy: Path, visitors: Visitors) -> None:
    with developing(copy, visitors, asked=True) as url:
        page = visitors.tab()
        loaded(page, url)
        until(page, f"{SDK}?.visitId() !== ''")
        page.wait_for_timeout(500)
        # The SDK's own React part, in the application's React.
        page.wait_for_selector("output:text-matches('visit [0-9]+ · sent [1-9]')")
        page.evaluate(f"window.before = [{SDK}, fetch, history.pushState]")
        page.fill("input[name=q]", "half a wo")
        edit(copy / "src/App.tsx", "Cart <span", "Basket <span")
        page.wait_for_selector("text=Basket")
        edit(copy / "src/pages/Catalogue.tsx", "Grown slowly", "Grown very slowly")
        page.wait_for_selector("text=Grown very slowly")
        assert page.input_value("input[name=q]") == "half a wo"
        same = f"[{SDK}, fetch, history.pushState].every((one, index) => one === window.before[index])"
        assert page.evaluate(same)
        page.click("text=Ferns")
        page.wait_for_url("**/?category=ferns")
        page.evaluate(f"{SDK}.track('seen')")
        page.close()
        rows = visitors.rows.wait("event", visitors.key, lambda found: any(row["name"] == "seen" for row in found))
    # StrictMode runs every effect twice, and each edit ran modules anew: each thing is counted once all the same.
    told = [(row["name"] or row["path"], row["query"]) for row in rows if row["type"] != 7]
    assert told[-2:] == [("/", "category=ferns"), ("seen", "category=ferns")]
    assert told.count(("/", "")) in {1, 2}  # Vite loads the page once more where it has found another package
    assert told.count(("/", "category=ferns")) == 1


def test_development_is_not_watched_unless_that_is_asked_for(copy: Path, visitors: Visitors) -> None:
    with developing(copy, visitors, asked=False) as url:
        page = visitors.tab()
        loaded(page, url)
        page.click("text=Ferns")
        page.wait_for_url("**/?category=ferns")
        assert page.evaluate(f"{SDK} === undefined")
        page.close()
    assert visitors.rows.of("event", visitors.key) == []


@pytest.fixture(scope="module")
def plain_build(copy: Path) -> Path:
    """What Vite makes of the shop without any configuration, with source maps."""
    (copy / "vite.config.ts").unlink(missing_ok=True)
    build = vite(copy, "build", "--outDir", "built", "--sourcemap")
    said = build.communicate(timeout=120)[0]
    assert build.returncode == 0, said
    return copy / "built"


def test_the_build_needs_no_configuration_of_vite(plain_build: Path, visitors: Visitors, sightline: Running) -> None:
    """The configuration is the one that `npm create vite` writes, and there the build works without any."""
    configured = (SHOP / "vite.config.ts").read_text("utf-8")
    assert "plugins: [react()]," in configured
    assert "sightline" not in configured
    with served(sightline, visitors.path, visitors.key, plain_build) as url:
        page = visitors.tab()
        page.goto(url)
        until(page, f"{SDK}?.visitId()")  # who leaves before the page is at rest is not counted
        page.close()
        rows = visitors.rows.wait("event", visitors.key, bool)
    assert (rows[0]["path"], rows[0]["type"]) == ("/", 1)


def test_an_error_of_the_build_is_shown_in_the_code_that_people_wrote(
    plain_build: Path, visitors: Visitors, sightline: Running, client: Client
) -> None:
    (site,) = [one for one in client.get("/sites").json()["items"] if one["public_key"] == visitors.key]
    with served(sightline, visitors.path, visitors.key, plain_build) as url:
        page = visitors.tab()
        page.goto(url + "/gift-cards")
        page.click("text=Surprise me")
        page.wait_for_selector("[role=alert]")
        page.close()
        visitors.rows.wait("error", visitors.key, bool)
    visitors.uncaught.clear()

    def frame() -> dict[str, Any]:
        """The innermost frame of the error's one issue, once it is grouped."""
        deadline = time.monotonic() + 30
        while not (listed := client.get(f"/sites/{site['id']}/issues").json()["items"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        found = client.get(f"/sites/{site['id']}/issues/{listed[0]['id']}/occurrences").raise_for_status().json()

        return dict(found["items"][0]["frames"][0])

    before = frame()
    assert not before["mapped"]
    assert "sightline sourcemaps upload" in before["missing"]
    done = run("sourcemaps", "upload", str(plain_build), "--site", str(site["id"]), "--release", "1.4.2", "--json",
               "--data", str(sightline.data))  # fmt: skip
    assert done.returncode == 0, done.stderr
    after = frame()
    assert after["mapped"]
    assert after["file"].endswith("src/pages/GiftCards.tsx")
    (line,) = [one for one in after["code"] if one["number"] == after["line"]]
    assert "amount" in line["text"]


_TOLD = ["/", "/plants/birds-nest", "add_to_cart", "/cart", "/checkout", "checkout"]


def test_a_build_that_asks_for_it_is_watched_by_openreplays_tracker(
    copy: Path, visitors: Visitors, sightline: Running, client: Client, chromium: Browser
) -> None:
    (site,) = [one for one in client.get("/sites").json()["items"] if one["public_key"] == visitors.key]
    client.made("/privacy/rules/activate", {"source": SHOWN, "site": site["id"], "sign_off": "the tests"})
    build = vite(copy, "build", "--outDir", "tracked", VITE_OPENREPLAY_INGEST="/ingest")
    said = build.communicate(timeout=120)[0]
    assert build.returncode == 0, said
    assert not any("x-sightline-visit" in path.read_text("utf-8") for path in (copy / "tracked").rglob("*.js"))
    with served(sightline, visitors.path, visitors.key, copy / "tracked", "--openreplay") as url:
        page = visitors.tab()
        page.goto(url)
        visitors.rows.wait("chunk", visitors.key, bool)
        fill_the_cart(page)
        page.click("text=Check out")
        page.fill("#lastName", CUSTOMER["lastName"])
        page.wait_for_timeout(300)
        live, seen = page.evaluate(f"[({LIVE})(), ({SEEN})(document.body)]")
        page.evaluate("document.body.dispatchEvent(new MouseEvent('mouseleave'))")  # it sends now, not in 30 s
        rows = visitors.rows.wait("event", visitors.key, lambda found: len(told(found)) == len(_TOLD))
        page.wait_for_timeout(300)
        chunks = visitors.rows.of("chunk", visitors.key)
        page.close()
        session = httpx.get(f"{url}/{site['id']}/session/{rows[0]['visit']}")
    assert told(rows) == _TOLD
    player = played(chromium, in_order(chunks))
    assert of_html(player.evaluate(PLAYED_TREE)) == of_html(live)
    assert differences(player.evaluate(f"({SEEN})(window.player.iframe.contentDocument.body)"), seen) == []
    player.close()
    assert CUSTOMER["lastName"] not in str(in_order(chunks))
    assert session.headers["location"] == f"{sightline.url}/{site['id']}/session/{rows[0]['visit']}"


def test_tracking_adds_less_than_fifty_kilobytes_to_the_build(built: None) -> None:
    assets = {path.name: path.read_text("utf-8") for path in (SHOP / "dist/assets").glob("*.js")}
    ours = [text for text in assets.values() if re.search(r"x-sightline-visit|rrweb/network@1", text)]
    assert len(ours) == 2  # the SDK and the recorder, each a chunk of its own, loaded later
    assert sum(len(gzip.compress(text.encode(), 9)) for text in ours) < STORY_KB * 1000
    entry = (SHOP / "dist/index.html").read_text("utf-8")
    assert not any(name in entry for name, text in assets.items() if text in ours)
    assert not any("Sightline is not running" in text for text in assets.values())  # the overlay is for development
    assert not any("openreplay" in text.lower() for text in assets.values())  # for a build that asks for it
