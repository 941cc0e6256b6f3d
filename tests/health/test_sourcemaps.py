"""Source maps: read as Node reads them, kept by content, and used for stacks; made by esbuild from our own SDK."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sightline.accounts.permissions import Permission
from sightline.errors import InvalidValue, NotFound
from sightline.health import issues
from sightline.health.frames import Frame, frames
from sightline.health.maps import NotAMap, SourceMap, check
from sightline.health.resolving import Remembered, Resolver
from sightline.health.sourcemaps import FOLDER, Offer, split
from sightline.server.grouping import maps_of, resolver_of
from tests.browser_packages import browser_package
from tests.health.conftest import Shop

ROOT = Path(__file__).parents[2]


class Built:
    """One build: the folder that is served, the built file in it, and what Node's reader finds in its map."""

    def __init__(self, folder: Path) -> None:
        document = json.loads((folder / "found.json").read_text())
        self.folder = folder
        self.file = Path(document["file"])
        self.found: list[list[Any]] = document["found"]
        self.data = Path(f"{self.file}.map").read_bytes()
        self.map = SourceMap(self.data)

    @property
    def name(self) -> str:
        return self.file.relative_to(self.folder).as_posix()

    def stack(self, *texts: str) -> str:
        """A stack through places of the built file whose source lines hold these texts."""
        lines = ["TypeError: it broke"]
        for text in texts:
            place = next((place for place, written in self._places().items() if text in written), None)
            assert place is not None, f"no mapping leads to {text!r}"
            lines.append(f"    at x (https://shop.example/{self.name}:{place})")
        return "\n".join(lines)

    @cache  # noqa: B019 - two builds in all
    def _places(self) -> dict[str, str]:
        """Of each source line the first place in the built file that leads there, with what is written in it."""
        found: dict[tuple[str, int], tuple[str, str]] = {}
        for number, code in enumerate(self.file.read_text().split("\n"), 1):
            for column in range(1, len(code), 3):
                one = self.map.find(number, column)
                if one and (one.source, one.line) not in found:
                    (written,) = [near.text for near in self.map.code(one) if near.number == one.line] or [""]
                    found[one.source, one.line] = f"{number}:{column}", written
        return dict(found.values())


def build(folder: Path, *, note: str = "") -> Built:
    """Bundle and minify the SDK's React part; a note in the source makes it another build."""
    source = folder / "source"
    shutil.copytree(ROOT / "browser/src", source / "src")
    (source / "node_modules").symlink_to(ROOT / "browser/node_modules")
    entry = source / "src/index.ts"
    entry.write_text(f"console.log({json.dumps(note)});\n{entry.read_text()}" if note else entry.read_text())
    out = source / "dist"
    esbuild = browser_package("esbuild", ROOT / "browser")
    subprocess.run(
        ["node", str(Path(__file__).with_name("build_map.mjs")), str(esbuild), str(entry), str(out)],
        check=True, cwd=source, capture_output=True, timeout=120,
    )  # fmt: skip
    found = json.loads((out / "found.json").read_text())
    found["file"] = str((source / found["file"]).resolve())
    (out / "found.json").write_text(json.dumps(found))
    return Built(out)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("two"), note="another build: every place has moved")


def test_every_place_is_where_node_says_it_is(built: Built) -> None:
    known = [wanted for _, _, wanted in built.found if wanted]
    assert len(built.found) == 3000
    assert len(known) > 2000
    named = 0
    for line, column, wanted in built.found:
        found = built.map.find(line + 1, column + 1)
        if wanted is None:
            assert found is None
            continue
        assert found is not None
        source, source_line, source_column, name = wanted
        assert (found.line, found.column) == (source_line + 1, source_column + 1)
        assert source.endswith(found.source)
        # Where a mapping has no name Node goes on with the last one.
        assert found.name in {name, ""}
        named += bool(found.name)
    assert named > 100


def test_a_function_is_named_as_its_source_names_it(built: Built) -> None:
    text = (ROOT / "browser/src/index.ts").read_text()
    assert "export const error" in text
    (frame,) = frames(built.stack("client().error(thrown, context)"))
    found = built.map.find(frame.line, frame.column)
    assert found is not None
    assert (found.function, found.source) == ("error", "src/index.ts")
    assert found.line == text[: text.index("client().error(thrown")].count("\n") + 1
    shown = {line.number: line.text for line in built.map.code(found)}
    assert shown == {n: text.split("\n")[n - 1] for n in shown}
    assert found.line in shown
    assert len(shown) <= 11


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"console.log(1)", "not JSON"),
        (b"[]", "no JSON object"),
        (b'{"version":2,"mappings":"","sources":[]}', "version is '2'"),
        (b'{"version":3,"sources":[]}', "no mappings"),
        (b'{"version":3,"mappings":"AAAA","sources":[]}', "leads out of its sources"),
        (b'{"version":3,"mappings":"AAAAC","sources":["a"]}', "leads out of its names"),
        (b'{"version":3,"mappings":"AA","sources":["a"]}', "not 1, 4 or 5"),
        (b'{"version":3,"mappings":"A!AA","sources":["a"]}', "no base-64"),
        (b'{"version":3,"mappings":"gggggggggggggA","sources":["a"]}', "no base-64"),
        (b'{"version":3,"mappings":"g","sources":["a"]}', "not 1, 4 or 5"),
        (b'{"version":3,"mappings":"D","sources":["a"]}', "no column"),
        (b'{"version":3,"sections":[]}', "index map"),
        (b'{"version":3,"mappings":"AAAA","sources":[5]}', "sources are no names"),
    ],
)
def test_what_is_no_map_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(NotAMap, match=re.escape(reason)):
        check(data)


def test_mappings_that_are_not_in_order_are_found_all_the_same() -> None:
    plain = SourceMap(b'{"version":3,"mappings":"KAAA,DAAC,KAAC","sources":["src/a.ts"],"names":[]}')
    assert [plain.find(1, column).column for column in (5, 6, 10)] == [2, 1, 3]  # type: ignore[union-attr]
    assert plain.find(1, 4) is None
    assert plain.find(2, 1) is None


def test_memory_for_maps_is_bounded() -> None:
    remembered = Remembered(most=1000)
    small = SourceMap(b'{"version":3,"mappings":"AAAA","sources":["a"],"names":[]}')
    for number in range(100):
        remembered.put((number, "x"), small)
        assert remembered.size <= 1000
    assert remembered.get((99, "x")) is small
    assert remembered.get((0, "x")) is None


# ---- kept and used -------------------------------------------------------------------------------------------------


async def test_a_stack_is_read_by_the_maps_of_its_release_and_says_why_where_it_cannot(
    shop: Shop, built: Built
) -> None:
    maps, resolver = maps_of(shop.house), Resolver(maps_of(shop.house), Remembered())
    stack = frames(built.stack("client().error(thrown, context)"))
    assert await resolver.resolve(shop.id, "1", []) == []
    (frame,) = await resolver.resolve(shop.id, "", stack)
    assert "names no release" in frame.missing
    (frame,) = await resolver.resolve(shop.id, "1", stack)
    assert frame.missing == "there are no source maps of release 1: sightline sourcemaps upload DIR --release 1"
    await maps.store(shop.id, "1", built.name, built.data)
    (frame,) = await resolver.resolve(shop.id, "1", stack)
    assert (frame.function, frame.file, frame.mapped, frame.missing) == ("error", "src/index.ts", True, "")
    assert any("client().error(thrown, context)" in line.text for line in frame.code)
    other = msgspec_replaced(stack[0], file="https://shop.example/assets/other.js")
    assert (await resolver.resolve(shop.id, "1", [other]))[0].missing == (
        "release 1 has source maps, but none for other.js"
    )
    far = msgspec_replaced(stack[0], line=99_999)
    assert "nothing of line 99999" in (await resolver.resolve(shop.id, "1", [far]))[0].missing
    (name,) = [blob.name async for blob in shop.house.stores.recordings.walk(FOLDER)]
    await shop.house.stores.recordings.put(name, gzip.compress(b"{}"))
    (frame,) = await Resolver(maps, Remembered()).resolve(shop.id, "1", stack)
    assert "cannot be read" in frame.missing
    await shop.house.stores.recordings.delete(name)
    (frame,) = await Resolver(maps, Remembered()).resolve(shop.id, "1", stack)
    assert "is not there" in frame.missing


def msgspec_replaced(frame: Frame, **fields: Any) -> Frame:
    return Frame(**{**{name: getattr(frame, name) for name in frame.__struct_fields__}, **fields})


async def test_minified_errors_of_two_builds_are_one_issue_once_their_maps_are_there(
    shop: Shop, built: Built, rebuilt: Built
) -> None:
    text = "client().error(thrown, context)"
    assert built.stack(text).split(":")[-2:] != rebuilt.stack(text).split(":")[-2:]
    await shop.fail("a is undefined", stack=built.stack(text), release="1")
    await shop.fail("t is undefined", stack=rebuilt.stack(text).replace(" x ", " q "), release="2")
    assert len(await shop.issues()) == 2
    await issues.resolve(shop.database, shop.scope, [(await shop.issues())[1].id], "1")
    for release, build_ in (("1", built), ("2", rebuilt)):
        await maps_of(shop.house).store(shop.id, release, build_.name, build_.data)
    assert await shop.grouping.regroup(shop.id) == 2
    found = await shop.only()
    assert (found.events, found.first_release, found.last_release) == (2, "1", "2")
    (group,) = await issues.groups(shop.database, shop.scope, found.id)
    assert (group.why.mapped, group.why.frames) == (True, ("src/index.ts error",))
    await shop.fail("zz is undefined", stack=built.stack(text), release="1")
    assert (await shop.only()).events == 3


async def test_a_map_comes_in_parts_and_is_not_sent_again(shop: Shop, built: Built, monkeypatch: Any) -> None:
    monkeypatch.setattr("sightline.health.sourcemaps.PART_BYTES", 4096)
    digest, parts = split(built.data)
    assert len(parts) > 2
    at = f"/api/v1/sites/{shop.id}/sourcemaps"
    headers = await shop.key()
    offer = {"release": "1", "file": built.name, "sha256": digest, "parts": len(parts)}
    said = (await shop.site.client.put(at, json=offer, headers=headers)).json()
    assert said == {"stored": False, "missing": list(range(len(parts)))}
    for number in range(1, len(parts)):
        sent = await shop.site.client.put(f"{at}/parts/{digest}/{number}", content=parts[number], headers=headers)
        assert sent.status_code == 204, sent.text
    said = (await shop.site.client.put(at, json=offer, headers=headers)).json()  # it was interrupted here
    assert said == {"stored": False, "missing": [0]}
    await shop.site.client.put(f"{at}/parts/{digest}/0", content=parts[0], headers=headers)
    assert (await shop.site.client.put(at, json=offer, headers=headers)).json()["stored"]
    again = {**offer, "release": "2"}
    assert (await shop.site.client.put(at, json=again, headers=headers)).json()["stored"]
    names = [blob.name async for blob in shop.house.stores.recordings.walk(FOLDER)]
    assert names == [f"{FOLDER}/{shop.id}/{digest}.json.gz"]
    listed = (await shop.site.client.get(f"{at}?limit=1", headers=headers)).json()
    more = (await shop.site.client.get(f"{at}?limit=1&cursor={listed['next']}", headers=headers)).json()
    assert [one["release"] for one in (*listed["items"], *more["items"])] == ["1", "2"]
    assert more["next"] is None
    gone = await shop.site.client.delete(f"{at}?release=1", headers=headers)
    assert gone.json() == {"removed": 1}
    assert [blob.name async for blob in shop.house.stores.recordings.walk(FOLDER)] == names
    await shop.site.client.delete(f"{at}?release=2&file={built.name}", headers=headers)
    assert [blob.name async for blob in shop.house.stores.recordings.walk(FOLDER)] == []


async def test_parts_that_are_not_what_was_offered_are_refused_and_forgotten(shop: Shop) -> None:
    maps = maps_of(shop.house)
    for body in (b"no gzip", gzip.compress(b"something else"), gzip.compress(b"{}")[:-4]):
        digest = hashlib.sha256(b"{}").hexdigest()
        await maps.put_part(shop.id, digest, 0, body)
        with pytest.raises(InvalidValue):
            await maps.offer(shop.id, Offer("1", "a.js", digest, 1))
        assert [blob.name async for blob in shop.house.stores.recordings.walk(FOLDER)] == []
    for wrong in (("", "a.js"), ("1", "/a.js"), ("1", "a/../b.js"), ("é", "a.js")):
        with pytest.raises(InvalidValue):
            await maps.offer(shop.id, Offer(*wrong, "0" * 64, 1))
    with pytest.raises(NotFound):
        await maps.remove(shop.id, "1")


async def test_no_route_hands_a_map_out_and_who_may_not_see_errors_sees_no_code(shop: Shop, built: Built) -> None:
    await maps_of(shop.house).store(shop.id, "1", built.name, built.data)
    await shop.fail("a is undefined", stack=built.stack("client().error(thrown, context)"), release="1")
    issue = (await shop.only()).id
    at = f"/api/v1/sites/{shop.id}/issues/{issue}/occurrences"
    shown = (await shop.site.client.get(at, headers=await shop.key())).json()["items"][0]
    assert shown["frames"][0]["function"] == "error"
    assert any("client().error" in line["text"] for line in shown["frames"][0]["code"])
    reader = await shop.key(Permission.SITE_READ)
    assert (await shop.site.client.get(at, headers=reader)).status_code == 403
    for path in (f"{FOLDER}/{shop.id}/x.json.gz", "sourcemaps/x", f"{built.name}.map"):
        answer = await shop.site.client.get(f"/{path}")
        assert "mappings" not in answer.text


async def test_maps_of_a_site_that_is_gone_and_unfinished_uploads_are_swept_away(
    shop: Shop, built: Built, monkeypatch: Any
) -> None:
    maps = maps_of(shop.house)
    await maps.store(shop.id, "1", built.name, built.data)
    await maps.put_part(shop.id, "0" * 64, 0, b"half")
    monkeypatch.setattr("sightline.health.sourcemaps._STALE_MS", -60_000)
    assert await maps.tidy() == 1
    assert await resolver_of(shop.house)._maps.listing(shop.id) != []
    await shop.database.execute("UPDATE sites SET deleted_at = now()")
    assert await maps.tidy() == 1
    assert await maps.listing(shop.id) == []
