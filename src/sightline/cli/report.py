"""`sightline report`: run a report, through the server that runs or on PostgreSQL itself."""

import asyncio
import json as jsonlib
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Final, get_origin, get_type_hints

import click
import msgspec

from sightline.accounts import sites
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for, site_named
from sightline.analytics import segments
from sightline.analytics.asking import Asker
from sightline.analytics.catalogue import REPORTS, Report
from sightline.analytics.catalogue import report as report_named
from sightline.analytics.export import Format, written
from sightline.cli.opening import opened
from sightline.cli.output import as_json, places, print_table, run_async
from sightline.errors import CallerError, InvalidValue, NotSignedIn, SightlineError, Unavailable
from sightline.settings import Loaded, Settings

_TIMEOUT_S: Final = 600
_LIST: Final = "\n\n".join(["\b"] + [f"  {one.name:16} {one.summary}" for one in REPORTS.values()]).replace(
    "\n\n", "\n"
)


@click.command(epilog=_LIST)
@places
@click.argument("name")
@click.argument("more", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--site", required=True, help="An id, a UUID, a name or a domain.")
@click.option("--range", "range_", help="today, 24h, 7d, 30d, 12w, 6mo, this_month, last_year, all …")
@click.option("--start", help="Instead of --range: 2026-01-01, a moment, or milliseconds.")
@click.option("--end", help="The end; a date's whole day is included.")
@click.option("--filter", "filters", multiple=True, help="field:operator:value, as country:eq:NL; may be repeated.")
@click.option(
    "--engine",
    type=click.Choice(["server", "postgres"]),
    default="server",
    show_default=True,
    help="The server that runs, or PostgreSQL itself: slower, and only what is not yet pruned there.",
)
@click.option("--format", "form", type=click.Choice([form.value for form in Format]), help="Instead of a table.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to a file.")
@as_json
@run_async
async def report(  # noqa: PLR0913 - one per option
    *,
    loaded: Loaded,
    name: str,
    more: tuple[str, ...],
    site: str,
    range_: str | None,
    start: str | None,
    end: str | None,
    filters: tuple[str, ...],
    engine: str,
    form: str | None,
    output: Path | None,
    json: bool,
) -> None:
    """Run a report.

    \b
    Examples: sightline report overview --site Shop --range 7d
              sightline report breakdown --site Shop by=path by=country metric=views limit=10
              sightline report funnel --site Shop step=path:/ step=event:buy --engine postgres --json

    The server is asked at client.url with the API key in client.key (SIGHTLINE_CLIENT_KEY).

    Reports:
    """
    said = {"range": range_, "start": start, "end": end, "filter": list(filters)}
    asked = {key: value for key, value in said.items() if value} | _parameters(more)
    wanted = Format(form) if form else Format.JSON
    found = report_named(name)
    if engine == "server":
        body = await asyncio.to_thread(_from_server, loaded.settings, found, site, {**asked, "format": wanted.value})
    else:
        body = await _from_postgres(loaded, found, site, asked, wanted)
    if output is not None:
        await asyncio.to_thread(output.write_bytes, body)
    elif json or form:
        click.echo(msgspec.json.format(body, indent=2) if wanted is Format.JSON else body, nl=wanted is Format.JSON)
    else:
        _print(jsonlib.loads(body))


def _parameters(texts: tuple[str, ...]) -> dict[str, Any]:
    """Read parameters as they are typed; one that stands several times is a list."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r}: write PARAMETER=VALUE, as by=path.")
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


async def _from_postgres(loaded: Loaded, found: Report, site: str, asked: dict[str, Any], form: Format) -> bytes:
    from sightline.analytics.engines import PostgresEngine  # noqa: PLC0415 - only this way needs it

    async with opened(loaded) as house:
        scope = await scope_for(
            house.database, operator(), Permission.SITE_READ, site=await site_named(house.database, site)
        )
        zone = (await sites.show(house.database, scope)).time_zone
        params = _params(found, asked)
        saved = await segments.saved(house.database, scope, params.segment, zone=zone)
        asker = Asker(PostgresEngine(house.database), scope, zone=zone, saved=saved)
        return written(await found.run(asker, params), form)


def _params(found: Report, asked: dict[str, Any]) -> Any:
    hints = get_type_hints(found.params)
    lists = {name for name, hint in hints.items() if get_origin(hint) is tuple}
    values = {name: [value] if name in lists and isinstance(value, str) else value for name, value in asked.items()}
    try:
        return msgspec.convert(values, found.params, strict=False)
    except msgspec.ValidationError as exc:
        known = ", ".join(found.params.__struct_fields__)
        raise InvalidValue(f"report {found.name}: {exc}", hint=f"It takes {known}.") from None


def _from_server(settings: Settings, found: Report, site: str, asked: dict[str, Any]) -> bytes:
    client, server = settings.client, settings.server
    base = (client.url or server.public_url or f"http://{server.host}:{server.port}").rstrip("/")
    if client.key is None:
        raise NotSignedIn(
            "no API key is set to ask the server with",
            hint="Set SIGHTLINE_CLIENT_KEY (`sightline key create` makes one), or use --engine postgres.",
        )
    reference = _site_id(base, client.key.reveal(), site)
    query = urllib.parse.urlencode(asked, doseq=True)
    return _get(f"{base}/api/v1/sites/{reference}/reports/{found.name}?{query}", client.key.reveal())


def _site_id(base: str, key: str, site: str) -> str:
    """The id of the site of a name or domain, among those that the key may see."""
    cursor = ""
    while True:
        page = jsonlib.loads(_get(f"{base}/api/v1/sites?limit=200{cursor}", key))
        for one in page["items"]:
            if site in {one["id"], one["uuid"], one["name"], *one["domains"]}:
                return str(one["id"])
        if page["next"] is None:
            raise CallerError(
                f"there is no site {site!r}, or this key may not see it", hint="See `sightline site list`."
            )
        cursor = f"&cursor={page['next']}"


def _get(url: str, key: str) -> bytes:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"})  # noqa: S310 - http(s), checked
    if not url.startswith(("http://", "https://")):
        raise InvalidValue(f"client.url is no address: {url[:80]!r}", hint="It begins with http:// or https://.")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as exc:
        raise _said(exc) from None
    except OSError as exc:
        reason = getattr(exc, "reason", exc)
        raise Unavailable(
            f"no server answers at {urllib.parse.urlsplit(url).netloc}: {reason}",
            hint="Start it with `sightline up`, set client.url, or use --engine postgres.",
        ) from None


def _said(exc: urllib.error.HTTPError) -> SightlineError:
    """The server's own words, in the kind of error that gives the right exit code."""
    try:
        document = jsonlib.loads(exc.read())["error"]
    except (ValueError, KeyError):
        document = {"message": f"the server answered {exc.code}"}
    kind = {401: NotSignedIn, 403: NotSignedIn, 503: Unavailable}.get(exc.code, CallerError)
    return kind(document.get("message"), hint=document.get("hint"))


def _print(document: dict[str, Any]) -> None:
    """The rows as a table, under what else the answer says."""
    for name, value in document.items():
        if not isinstance(value, list | dict) and value is not None:
            click.echo(f"{name}: {value}", err=True)
    rows = document.get("rows", [])
    print_table([{name: _shown(value) for name, value in row.items()} for row in rows])


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.0f}" if value == int(value) else f"{value:.4g}"
    return " > ".join(value) if isinstance(value, list) else value
