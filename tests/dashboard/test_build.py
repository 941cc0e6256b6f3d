"""The sources are typed, the client is the server's, and the built first screen is small."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest
from tools import openapi

from sightline.server.assets import STATIC

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "dashboard"
FIRST_SCREEN = 60_000


pytestmark = pytest.mark.usefixtures("built")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=DASHBOARD, capture_output=True, text=True, check=False)


def test_the_types_hold() -> None:
    checked = run("npm", "run", "--silent", "check")
    assert checked.returncode == 0, checked.stdout


def test_the_openapi_document_is_what_the_server_says() -> None:
    assert openapi.DOCUMENT.read_text("utf-8") == openapi.document()


def test_the_client_is_made_from_the_openapi_document() -> None:
    checked = run("node", "scripts/generate-client.mjs", "--check")
    assert checked.returncode == 0, checked.stderr


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (DASHBOARD / "package-lock.json").read_text("utf-8")


def test_the_first_screen_stays_within_its_budget() -> None:
    """The build fails over budget; this measures what was built, once more and independently."""
    index = (STATIC / "index.html").read_text("utf-8")
    shell = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', index)
    assert shell
    for page in ("SignIn", "Home", "Overview", "Shared"):
        needed: set[str] = set()
        waiting = [path.removeprefix("assets/") for path in shell]
        waiting += [path.name for path in (STATIC / "assets").glob(f"{page}-*.js")]
        assert len(waiting) > len(shell), page
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                text = (STATIC / "assets" / name).read_text("utf-8")
                waiting += re.findall(r'(?:from|import)"\./([^"]+\.js)"', text)
        size = sum(len(gzip.compress((STATIC / "assets" / name).read_bytes(), 9)) for name in needed)
        assert size <= FIRST_SCREEN, page


def test_a_build_over_budget_fails(tmp_path: Path) -> None:
    config = tmp_path / "vite.config.mjs"
    config.write_text(
        f"""
        import {{ svelte }} from '{DASHBOARD}/node_modules/@sveltejs/vite-plugin-svelte/src/index.js';
        import {{ finish }} from '{DASHBOARD}/scripts/finish.mjs';
        const budgets = {{ firstScreen: 20000, first: ['Home'], lazyPage: 1000, engines: {{}} }};
        export default {{ root: '{DASHBOARD}', plugins: [svelte(), finish(budgets)] }};
        """
    )
    built = run("npx", "vite", "build", "--config", str(config), "--outDir", str(tmp_path / "out"))
    assert built.returncode != 0
    assert re.search(
        r"the first screen needs [\d.]+ kB gzip of JavaScript; 20\.0 are allowed", built.stdout + built.stderr
    )


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_inline_code() -> None:
    index = (STATIC / "index.html").read_text("utf-8")
    assert re.findall(r'(?:src|href)="(?!/)', index) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", index) == []
    assert "data:" not in "".join(path.read_text("utf-8") for path in STATIC.rglob("*.css"))


def test_every_file_that_is_worth_it_was_compressed_both_ways() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in {".js", ".css", ".html", ".svg"} and path.stat().st_size >= 1024:
            assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()
            assert path.with_name(f"{path.name}.br").stat().st_size < path.stat().st_size


def test_the_licences_of_the_packages_in_the_bundle_lie_beside_it() -> None:
    text = (STATIC / "licenses.txt").read_text("utf-8")
    assert re.search(r"^svelte \d+\.", text, flags=re.MULTILINE)
    assert text.count("The above copyright notice and this permission notice shall be included") >= 2
    assert "axe-core" not in text, "what is only used in development is not in the bundle"
