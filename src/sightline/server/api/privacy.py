"""The rules in force, the salts, and what an audit of the stored data finds."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import Field

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.privacy import dictionary
from sightline.privacy.masks import find
from sightline.privacy.structures import mask_log_line
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Reference, Text
from sightline.server.permissions import Access, requires
from sightline.signals.activation import Wanted, activate
from sightline.signals.rules import INSTANCE, RulesStore, Version
from sightline.signals.salts import Salts

router = APIRouter(prefix=f"{PREFIX}/privacy", tags=["privacy"])

_MAX_SOURCE = 500_000
_MAX_TEXT = 100_000
SiteFilter = Annotated[str | None, Query(max_length=64, description="Only of this site: its id or UUID.")]


class RulesVersion(Answer):
    """A state of the dictionary that is or was in force; `site_id` is null where it is the instance's."""

    number: int
    site_id: str | None
    hash: str
    name: str
    base: Annotated[int | None, Field(description="The version of the instance that a site's lies over.")]
    note: str
    activated_at: datetime
    activated_by: Annotated[str | None, Field(description="The id of the user.")]
    is_active: bool


class Rules(Answer):
    """A version with what it says."""

    number: int
    hash: str
    document: dict[str, Any]


class NewRules(Body):
    """A dictionary as TOML; empty for what lies below as it is."""

    source: Annotated[str, Field(max_length=_MAX_SOURCE)]
    site: Reference | None = None
    sign_off: Annotated[Text, Field(description="Who answers for what may be seen from now on.")] = ""
    note: Annotated[str, Field(max_length=500, description="Why, for the history.")] = ""
    dry_run: bool = False


class Activated(Answer):
    """What came of it, or would: `number` is null after a dry run and where nothing is new."""

    number: int | None
    hash: str
    before: int
    is_new: bool
    changes: list[dict[str, Any]]
    loosened: Annotated[list[str], Field(description="What is hidden less than before.")]
    sites: Annotated[list[str], Field(description="Sites whose own rules were laid over the new ones.")]


class SampleText(Body):
    """A text to look at as the rules in force would."""

    text: Annotated[str, Field(max_length=_MAX_TEXT)]
    site: Reference | None = None


class Personal(Answer):
    """Something personal in a text: where, and by which field; `tier` is null where only its normal form shows it."""

    line: int
    column: int
    length: int
    field: str
    tier: int | None


class Tested(Answer):
    """What was found, and the text as it would be stored."""

    number: int
    findings: list[Personal]
    masked: str


class Difference(Answer):
    """One entry that differs between two versions."""

    entry: str
    removed: Any
    added: Any


class Salt(Answer):
    """A secret from which pseudonyms of one period are made, or were: the secret itself is never shown."""

    period: str
    starts_at: datetime
    ends_at: datetime
    exists: bool
    created_at: datetime
    destroyed_at: datetime | None


@router.get("/rules")
async def list_rules(
    access: Annotated[Access, requires(Permission.PRIVACY_READ)], site: SiteFilter = None
) -> Page[RulesVersion]:
    """List the rules versions, the latest first; there are few, so there is one page."""
    wanted = None if site is None else (await _narrowed(access, site, Permission.PRIVACY_READ)).site
    found = await RulesStore(access.database).listing(wanted)
    return Page(items=[_version(version) for version in found], next=None)


@router.get("/rules/{number}")
async def show_rules(
    number: Annotated[int, Path(ge=1, le=32767)], access: Annotated[Access, requires(Permission.PRIVACY_READ)]
) -> Rules:
    """One rules version with everything that it says."""
    found = await RulesStore(access.database).version(number)
    document = msgspec.json.decode(found.rules.canonical)
    return Rules(number=found.number, hash=found.rules.version, document=document)


@router.post("/rules/activate")
async def activate_rules(body: NewRules, access: Annotated[Access, requires(Permission.PRIVACY_MANAGE)]) -> Activated:
    """Put a dictionary into force, for the instance or one site. It may only tighten what lies below it."""
    scope = None if body.site is None else await _narrowed(access, body.site, Permission.PRIVACY_MANAGE)
    wanted = Wanted(
        source=body.source, site=INSTANCE if scope is None else scope.site,
        tenant=None if scope is None else scope.tenant, sign_off=body.sign_off, note=body.note, dry_run=body.dry_run,
    )  # fmt: skip
    return Activated.of(await activate(access.database, access.caller, wanted))


@router.get("/rules/{number}/changes")
async def compare_rules(
    number: Annotated[int, Path(ge=1, le=32767)],
    since: Annotated[int, Query(ge=1, le=32767, description="The version to compare with.")],
    access: Annotated[Access, requires(Permission.PRIVACY_READ)],
) -> Page[Difference]:
    """What one version says that another did not."""
    store = RulesStore(access.database)
    before, after = await store.version(since), await store.version(number)
    found = dictionary.diff(before.rules, after.rules)
    return Page(items=[Difference.model_validate(one) for one in found], next=None)


@router.post("/rules/test")
async def test_rules(body: SampleText, access: Annotated[Access, requires(Permission.PRIVACY_READ)]) -> Tested:
    """Look for personal data in a text, line by line, with the rules in force; nothing of it is stored."""
    site = INSTANCE if body.site is None else (await _narrowed(access, body.site, Permission.PRIVACY_READ)).site
    active = await RulesStore(access.database).active(site)
    findings, masked = await asyncio.to_thread(_tested, active.rules, body.text.splitlines())
    return Tested(number=active.number, findings=findings, masked=masked)


@router.get("/salts")
async def list_salts(access: Annotated[Access, requires(Permission.PRIVACY_READ)]) -> Page[Salt]:
    """Say which salts exist, and when the older ones were destroyed."""
    found = await Salts(access.database).proof()
    return Page(items=[_salt(msgspec.structs.asdict(one)) for one in found], next=None)


def _tested(rules: dictionary.Rules, lines: list[str]) -> tuple[list[Personal], str]:
    found: list[Personal] = []
    for number, line in enumerate(lines, 1):
        hits = find(rules, line)
        if hits is None:
            found.append(Personal(line=number, column=1, length=len(line), field="encoded", tier=None))
            continue
        found += [
            Personal(
                line=number, column=hit.start + 1, length=hit.end - hit.start, field=hit.field.name, tier=hit.field.tier
            )
            for hit in hits
        ]
    return found, "\n".join(mask_log_line(rules, line) for line in lines)


async def _narrowed(access: Access, site: str, permission: Permission) -> Scope:
    return await scope_for(access.database, access.caller, permission, site=site)


def _version(version: Version) -> RulesVersion:
    fields = msgspec.structs.asdict(version)
    site_id = None if version.site == INSTANCE else version.site
    return RulesVersion.model_validate({**fields, "site_id": site_id})


def _salt(proof: Mapping[str, Any]) -> Salt:
    starts, ends = clock.from_ms(proof["starts_ms"]), clock.from_ms(proof["ends_ms"])
    return Salt.model_validate({**proof, "starts_at": starts, "ends_at": ends})
