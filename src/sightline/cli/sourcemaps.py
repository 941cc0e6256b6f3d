"""`sightline sourcemaps`: the source maps of releases, so that stacks show the code that people wrote."""

import asyncio
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec

from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for, site_named
from sightline.cli.client import Client
from sightline.cli.opening import opened
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async, sure, yes
from sightline.errors import InvalidValue, SightlineError
from sightline.health import maps
from sightline.health.sourcemaps import SourceMaps, built_file
from sightline.health.sourcemaps import split as in_parts
from sightline.server.grouping import grouping_of, maps_of
from sightline.settings import Loaded

on_site = click.option("--site", required=True, help="An id, a UUID, a name or a domain.")


class Upload(msgspec.Struct, frozen=True):
    """What became of one file: sent, there (already), would be sent, or refused with a reason."""

    file: str
    size: int
    result: str
    reason: str = ""


class Target(Protocol):
    """Where maps go."""

    async def store(self, release: str, file: str, data: bytes) -> bool: ...
    async def finish(self) -> int: ...
    async def listing(self, release: str | None) -> list[dict[str, Any]]: ...
    async def remove(self, release: str, file: str | None) -> int: ...


@click.group()
def sourcemaps() -> None:
    """Upload, list and delete the source maps of releases.

    With an API key in client.key (SIGHTLINE_CLIENT_KEY) the server at client.url is asked, as a build does it; without
    one, the store that the settings name.
    """


@sourcemaps.command()
@places
@on_site
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--release", required=True, help="The release, as init() names it.")
@dry_run
@as_json
@run_async
async def upload(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, folder: Path, release: str, dry_run: bool, json: bool
) -> None:
    """Upload every source map below DIR, which is what the built files are served from.

    What is there already is not sent again: an upload that was interrupted is just repeated. Fails when a file is no
    source map, after it has sent the others.

    \b
    Example: sightline sourcemaps upload dist --site Shop --release 2.4.0
    """
    files, built = await asyncio.to_thread(_below, folder)
    if not files:
        raise InvalidValue(f"there are no .map files below {str(folder)!r}", hint="Let the build write source maps.")
    done: list[Upload] = []
    async with _target(loaded, site, Permission.SITE_CHANGE) as target:
        for number, path in enumerate(files, 1):
            name = path.relative_to(folder).as_posix()
            one = await _send(target, path, built_file(name, built), release, dry=dry_run)
            done.append(one)
            if not json:
                _say(number, len(files), one)
        changed = 0 if dry_run or not any(one.result == "sent" for one in done) else await target.finish()
    refused = [one for one in done if one.result == "refused"]
    if json:
        print_json({"release": release, "files": done, "regrouped": changed})
    else:
        counts = {result: sum(one.result == result for one in done) for result in ("sent", "there", "would be sent")}
        click.echo(", ".join(f"{count} {result}" for result, count in counts.items() if count) or "nothing sent")
    if refused:
        raise InvalidValue(f"{len(refused)} of {len(done)} files are no source maps", hint=refused[0].reason)


@sourcemaps.command("list")
@places
@on_site
@click.option("--release", help="Only those of this release.")
@as_json
@run_async
async def list_(*, loaded: Loaded, site: str, release: str | None, json: bool) -> None:
    """List the source maps of a site."""
    async with _target(loaded, site, Permission.SITE_ERRORS) as target:
        found = await target.listing(release)
    if json:
        print_json({"items": found})
    else:
        print_table([{name: one[name] for name in ("release", "file", "size", "uploaded_at")} for one in found])


@sourcemaps.command()
@places
@on_site
@click.option("--release", required=True, help="Whose maps.")
@click.option("--file", help="Only that of this built file.")
@yes
@as_json
@run_async
async def delete(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, release: str, file: str | None, yes: bool, json: bool
) -> None:
    """Delete the source maps of a release; asks first."""
    sure(f"Delete the source maps of {release}{f', {file}' if file else ''}?", yes=yes)
    async with _target(loaded, site, Permission.SITE_CHANGE) as target:
        removed = await target.remove(release, file)
    if json:
        print_json({"removed": removed})
    else:
        click.echo(f"deleted {removed}", err=True)


def _below(folder: Path) -> tuple[list[Path], list[str]]:
    """The maps below a folder, and the names of all files there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if path.suffix == ".map"], [path.relative_to(folder).as_posix() for path in files]


async def _send(target: Target, path: Path, file: str, release: str, *, dry: bool) -> Upload:
    data = await asyncio.to_thread(path.read_bytes)
    try:
        maps.check(data)
        if dry:
            return Upload(file, len(data), "would be sent")
        return Upload(file, len(data), "sent" if await target.store(release, file, data) else "there")
    except maps.NotAMap as exc:
        return Upload(file, len(data), "refused", f"{path.name}: {exc.message}")


def _say(number: int, of: int, one: Upload) -> None:
    click.echo(f"  {number}/{of} {one.file} ({one.size:,} bytes): {one.reason or one.result}", err=True)


class _Here:
    """The store of this installation."""

    def __init__(self, maps: SourceMaps, site: int, regroup: Any) -> None:
        self._maps, self._site, self._regroup = maps, site, regroup

    async def store(self, release: str, file: str, data: bytes) -> bool:
        return await self._maps.store(self._site, release, file, data)

    async def finish(self) -> int:
        return int(await self._regroup(self._site))

    async def listing(self, release: str | None) -> list[dict[str, Any]]:
        found = await self._maps.listing(self._site, release=release, limit=100_000)
        return [{**msgspec.structs.asdict(one), "sha256": one.sha256.hex()} for one in found]

    async def remove(self, release: str, file: str | None) -> int:
        return await self._maps.remove(self._site, release, file)


class _There:
    """A server."""

    def __init__(self, client: Client, site: str) -> None:
        self._client, self._at = client, f"/sites/{client.site_id(site)}"

    async def store(self, release: str, file: str, data: bytes) -> bool:
        digest, parts = in_parts(data)
        offer = {"release": release, "file": file, "sha256": digest, "parts": len(parts)}
        said = self._client.put(f"{self._at}/sourcemaps", offer)
        for part in said["missing"]:
            self._client.read(f"{self._at}/sourcemaps/parts/{digest}/{part}", method="PUT", body=parts[part])
        if said["stored"]:
            return False
        if not self._client.put(f"{self._at}/sourcemaps", offer)["stored"]:
            raise SightlineError("the server still misses parts of the map", hint="Upload again.")
        return True

    async def finish(self) -> int:
        return int(self._client.post(f"{self._at}/issues/regroup")["changed"])

    async def listing(self, release: str | None) -> list[dict[str, Any]]:
        return list(self._pages({"release": release} if release else {}))

    async def remove(self, release: str, file: str | None) -> int:
        query = urllib.parse.urlencode({"release": release, **({"file": file} if file else {})})
        return int(msgspec.json.decode(self._client.read(f"{self._at}/sourcemaps?{query}", method="DELETE"))["removed"])

    def _pages(self, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        while True:
            page = self._client.get(f"{self._at}/sourcemaps?{urllib.parse.urlencode({**query, 'limit': '200'})}")
            yield from page["items"]
            if page["next"] is None:
                return
            query = {**query, "cursor": page["next"]}


@asynccontextmanager
async def _target(loaded: Loaded, site: str, permission: Permission) -> AsyncIterator[Target]:
    if loaded.settings.client.key is not None:
        yield _There(Client(loaded.settings), site)
        return
    async with opened(loaded) as house:
        scope = await scope_for(
            house.database, operator(), permission, site=await site_named(house.database, site)
        )  # fmt: skip
        yield _Here(maps_of(house), scope.site, grouping_of(house).regroup)
