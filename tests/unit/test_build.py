"""When `tools.assets` builds: decided by content alone, and what it says when it cannot."""

import os
import re
from pathlib import Path

import pytest
from tools import assets
from tools.assets import BuildError, Bundle, digest, find_npm, is_current


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    source = tmp_path / "source"
    (source / "src").mkdir(parents=True)
    (source / "package-lock.json").write_text("{}")
    (source / "src/main.ts").write_text("export {};")
    return Bundle("demo", source, tmp_path / "out/demo")


def record(bundle: Bundle) -> None:
    bundle.output.mkdir(parents=True)
    bundle.record.write_text(digest(bundle) + "\n")


def test_a_bundle_without_output_or_record_is_stale(bundle: Bundle) -> None:
    assert not is_current(bundle)
    record(bundle)
    assert is_current(bundle)
    bundle.record.unlink()
    assert not is_current(bundle)


def test_times_do_not_matter(bundle: Bundle) -> None:
    record(bundle)
    os.utime(bundle.source / "src/main.ts", (4e9, 4e9))
    assert is_current(bundle)


@pytest.mark.parametrize("name", ["src/main.ts", "package-lock.json"])
def test_a_changed_source_or_lock_makes_it_stale(bundle: Bundle, name: str) -> None:
    record(bundle)
    (bundle.source / name).write_text("changed")
    assert not is_current(bundle)


def test_a_new_or_renamed_source_makes_it_stale(bundle: Bundle) -> None:
    record(bundle)
    (bundle.source / "src/main.ts").rename(bundle.source / "src/other.ts")
    assert not is_current(bundle)


def test_what_lies_beside_the_sources_does_not_count_and_only_at_the_top(bundle: Bundle) -> None:
    besides = Bundle("demo", bundle.source, bundle.output, besides=frozenset({"api"}))
    record(besides)
    (bundle.source / "api").mkdir()
    (bundle.source / "api/server.py").write_text("1")
    assert is_current(besides)
    (bundle.source / "src/api").mkdir()
    (bundle.source / "src/api/schema.ts").write_text("1")
    assert not is_current(besides)


def test_a_change_of_the_package_that_it_installs_makes_it_stale(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "package-lock.json").write_text("{}")
    needing = Bundle("shop", shop, tmp_path / "out/shop", needs="demo")
    monkeypatch.setattr(assets, "BUNDLES", (bundle, needing))
    record(needing)
    assert is_current(needing)
    (bundle.source / "src/main.ts").write_text("changed")
    assert not is_current(needing)


def test_installed_packages_and_the_mock_server_do_not_count(bundle: Bundle) -> None:
    record(bundle)
    for folder in ("node_modules", "mock"):
        (bundle.source / folder).mkdir()
        (bundle.source / folder / "file.js").write_text("1")
    assert is_current(bundle)


def test_missing_node_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match=r"there is no `node` here\. Install Node\.js 20\.19 .*API .* without it"):
        find_npm()


@pytest.mark.parametrize("said", ["v18.20.1", "v20.18.9", "what?"])
def test_node_that_is_too_old_is_named_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{said}'\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(BuildError, match=re.escape(said)):
        find_npm()


def test_a_failed_build_keeps_the_old_one_and_shows_what_npm_said(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "node").write_text("#!/bin/sh\necho v22.0.0\n")
    (tools / "npm").write_text(
        '#!/bin/sh\n[ "$1" = ci ] && exec mkdir -p node_modules\necho "Unexpected token in main.ts" >&2; exit 3\n'
    )
    for tool in tools.iterdir():
        tool.chmod(0o700)
    bundle.output.mkdir(parents=True)
    (bundle.output / "index.html").write_text("old")
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.setattr(assets, "BUNDLES", (bundle,))
    with pytest.raises(SystemExit, match=r"Unexpected token in main\.ts"):
        assets.main()
    assert (bundle.output / "index.html").read_text() == "old"
    assert [path.name for path in bundle.output.parent.iterdir()] == ["demo"]
    said = [re.sub(r" \(\d+ s\)$", "", line) for line in capsys.readouterr().out.splitlines()]
    assert said == ["==> demo: installing its locked npm packages", "==> demo: building"]
