"""What persons ask for: a copy of their data, or that they are erased; by when it has to be answered, and how it was.

An erasure, in this order, each step of which may be interrupted and is done again when it is asked for again:

1. It is appended to a log in the object store, outside of the databases and their backups.
2. What the person left in the signals is requested to be erased; no reader sees it from then on.
3. Every wrapped key of the subject is destroyed: blobs in any copy of the database open no more. Needs no root key.
4. The subject's row goes, with fields, hashes, links and the row that said which pseudonym of the audit was theirs; in
   its place stands the signed receipt.

After a restore the keys of everybody in the log are destroyed again before anything is served (`operate/replays.py`),
and `finish` does the rest.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from sightline import clock
from sightline.blobs.store import BlobStore
from sightline.database.pool import Database
from sightline.errors import Conflict, NotFound, ServiceError, SettingError
from sightline.keys.ring import KeyRing
from sightline.keys.wrap import Kind as WrappedKind
from sightline.signals import erasure as signals
from sightline.signals.ledger import Tombstone
from sightline.sql import queries
from sightline.vault.database import SQL, Context, VaultDatabase
from sightline.vault.purposes import ERASURE, EXPORT
from sightline.vault.sealing import Signer
from sightline.vault.subjects import SUBJECT_KEY, Vault

OWN: Final = queries("sightline.vault", "requests.sql")
LOG: Final = "vault/erasures"
RECEIPTS: Final = "vault/receipts"
Jurisdiction = Literal["gdpr", "ccpa"]
Kind = Literal["export", "erase"]
Manner = Literal["unknown", "web", "email", "phone", "letter", "person", "agent"]
# GDPR articles 12(2), 12(5), 17(3); 1798.105(d), .130, 11 CCR 7060: why a request may be denied.
Basis = Literal["not_identified", "excessive", "legal_duty", "legal_claims", "exempt"]
# GDPR article 12(3): one month. 11 CCR 7021(b): 45 calendar days.
_DAYS_CCPA: Final = 45
# GDPR article 12(3): two further months where it is complex. 11 CCR 7021(b): as long again.
_MONTHS_LONGER: Final = 2
# What a business must not hand out on request, 11 CCR 7024(d): it says that it has it, not what it is.
WITHHELD: Final = frozenset(
    {
        "ssn", "national_id", "tax_id", "passport", "driver_licence", "bank_account", "credit_card", "crypto_wallet",
        "insurance_number", "biometric",
    }
)  # fmt: skip


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure, as the log in the object store has it. No value, no pseudonym."""

    tenant_id: int
    subject: UUID
    persons: tuple[int, ...]
    requested_ms: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person asked for."""

    id: int
    kind: str
    jurisdiction: str
    pseudonym: UUID
    subject: UUID | None  # none once they were erased
    manner: str
    received_at: datetime
    due_at: datetime
    extended_at: datetime | None
    answered_at: datetime | None
    outcome: str | None
    basis: str | None

    @property
    def is_late(self) -> bool:
        return self.answered_at is None and self.due_at < clock.now()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a subject who was erased."""

    subject: UUID
    erased_at: datetime
    document: dict[str, Any]
    holds: bool


class Copy(msgspec.Struct, frozen=True):
    """A copy that we cannot erase, and when it is gone by itself."""

    where: str
    days: int


class Requests:
    """Answers what persons ask for. `main` is the service's own database: signals and wrapped keys are there."""

    def __init__(self, vault: Vault, main: Database, store: BlobStore) -> None:
        self.vault = vault
        self.main = main
        self.store = store
        self._copies = copies(vault.settings.copies)

    @property
    def _database(self) -> VaultDatabase:
        return self.vault.database

    @property
    def _keys(self) -> KeyRing:
        return self.vault.keys

    # ---- a copy of one's data -------------------------------------------------------------------------------------

    async def export(self, context: Context, subject: UUID, jurisdiction: Jurisdiction) -> dict[str, Any]:
        """Everything that is kept of a subject; under CCPA what must not be disclosed is only named."""
        context = context.for_purpose(EXPORT)
        number = await self._received(context, subject, "export", jurisdiction)
        shown = await self.vault.show(context, subject)
        withheld = sorted(WITHHELD & shown.values.keys()) if jurisdiction == "ccpa" else []
        names = [name for name in shown.values if name not in withheld]
        values = await self.vault.copy_for(context, subject, names) if names else {}
        fields = self.vault.fields
        await self._answer(context, number, "answered")
        return {
            "subject": str(subject),
            "jurisdiction": jurisdiction,
            "made_at": clock.now().isoformat(),
            "request": number,
            "kept_since": shown.created_at.isoformat(),
            "restricted": shown.restricted,
            "values": values,
            "withheld": {name: f"{fields[name].entry.title or name} is kept; it is not disclosed" for name in withheld},
        }

    # ---- erasure --------------------------------------------------------------------------------------------------

    async def erase(self, context: Context, subject: UUID, jurisdiction: Jurisdiction = "gdpr") -> dict[str, Any]:
        """Erase a subject from the vault and from the signals; return the signed receipt."""
        context = context.for_purpose(ERASURE)
        if (receipt := await self.receipt(context, subject)) is not None:
            return receipt
        number = await self._received(context, subject, "erase", jurisdiction)
        async with self._database.acting("writer", context) as connection:
            persons = [row["person"] for row in await connection.fetch(SQL["persons"], subject)]
        entry = Logged(
            tenant_id=context.tenant_id, subject=subject, persons=tuple(persons), requested_ms=clock.now_ms()
        )
        await self.store.put(f"{LOG}/{entry.requested_ms:015}-{subject}.json", msgspec.json.encode(entry))
        receipt = await self._carry_out(context, entry)
        await self._answer(context, number, "erased")
        return receipt

    async def _carry_out(self, context: Context, entry: Logged) -> dict[str, Any]:
        tombstone = await self._erase_signals(entry)
        destroyed = await self._destroy(entry)
        signed = await self._receipt(entry, tombstone, destroyed)
        text = msgspec.json.encode(signed).decode()
        async with self._database.acting("writer", context, "erase") as connection:
            await connection.execute(OWN["note_erasure"], entry.subject, entry.tenant_id, clock.now(), text)
            await connection.execute(SQL["remove_user"], entry.subject, entry.tenant_id)
        await self.store.put(f"{RECEIPTS}/{entry.subject}.json", text.encode())
        return signed

    async def _erase_signals(self, entry: Logged) -> int | None:
        """Ask for what the person left in the signals to be erased; the job `signals.erasures` carries it out."""
        if not entry.persons:
            return None
        async with self.main.transaction() as connection:
            sites = [row["id"] for row in await connection.fetch(OWN["sites_of_tenant"], entry.tenant_id)]
            if not sites:
                return None
            wanted = Tombstone(reason="asked", sites=tuple(sites), persons=entry.persons)
            number, _ = await signals.request(connection, wanted, clock.now_ms())
        return number

    async def _destroy(self, entry: Logged) -> list[int]:
        """Destroy the subject's keys; return which versions are gone, also those that an earlier attempt took."""
        await self._keys.destroy(entry.tenant_id, SUBJECT_KEY, str(entry.subject))
        rows = await self._keys.versions(WrappedKind.DATA, entry.tenant_id, SUBJECT_KEY, str(entry.subject))
        return [row.key_id.version for row in rows if row.is_destroyed]

    def _what(self, entry: Logged, tombstone: int | None, destroyed: list[int]) -> dict[str, Any]:
        now = clock.now()
        return {
            "receipt": 1,
            "subject": str(entry.subject),
            "team": str(entry.tenant_id),
            "requested_at": clock.from_ms(entry.requested_ms).isoformat(),
            "erased_at": now.isoformat(),
            "destroyed_key_versions": destroyed,
            "erased": ["clear values", "encrypted values", "search hashes", "links to pseudonyms"],
            "signals_erasure": tombstone,
            "out_of_reach": [
                {"where": copy.where, "gone_by": (now + timedelta(days=copy.days)).date().isoformat()}
                for copy in self._copies
            ],
            "backups": "Their blobs cannot be opened without the destroyed keys; a restore erases again.",
        }

    async def _receipt(self, entry: Logged, tombstone: int | None, destroyed: list[int]) -> dict[str, Any]:
        signer, what = await Signer.open(self._keys), self._what(entry, tombstone, destroyed)
        body = msgspec.json.encode(what, order="sorted")
        return {**what, "signed_by": signer.name, "signature": base64.b64encode(signer.sign(body)).decode()}

    async def receipt(self, context: Context, subject: UUID) -> dict[str, Any] | None:
        """The receipt of a subject who was erased."""
        async with self._database.acting("writer", context) as connection:
            text = await connection.fetchval(OWN["receipt"], subject)
        found: dict[str, Any] | None = None if text is None else msgspec.json.decode(text)
        return found

    async def finish(self) -> int:
        """Erase everybody in the log who is not erased here: what was interrupted, or came back with a restore."""
        async with self._database.acting("auditor") as connection:
            known = {row["user_id"] for row in await connection.fetch(OWN["erased"])}
        done = 0
        async for entry in logged(self.store):
            if entry.subject not in known:
                context = Context(tenant_id=entry.tenant_id, actor_kind="restore", purpose=ERASURE, origin="restore")
                await self._again(context, entry)
                done += 1
        return done

    async def _again(self, context: Context, entry: Logged) -> None:
        tombstone = await self._erase_signals(entry)
        destroyed = await self._destroy(entry)
        text = await self._kept_receipt(entry, tombstone, destroyed)
        async with self._database.acting("writer", context, "erase") as connection:
            await connection.execute(OWN["note_erasure"], entry.subject, entry.tenant_id, clock.now(), text)
            await connection.execute(SQL["remove_user"], entry.subject, entry.tenant_id)

    async def _kept_receipt(self, entry: Logged, tombstone: int | None, destroyed: list[int]) -> str:
        """The receipt of then, where there was one; unsigned while the root key is away, since nobody waits for it."""
        try:
            return (await self.store.get(f"{RECEIPTS}/{entry.subject}.json")).decode()
        except NotFound:  # the erasure was interrupted before its receipt
            try:
                made = await self._receipt(entry, tombstone, destroyed)
            except ServiceError:
                made = {**self._what(entry, tombstone, destroyed), "signature": None}
            return msgspec.json.encode(made).decode()

    # ---- the log of requests --------------------------------------------------------------------------------------

    async def listing(self, context: Context, *, only_open: bool = False) -> list[Request]:
        """What was asked for, the most urgent first."""
        async with self._database.acting("writer", context) as connection:
            rows = await connection.fetch(OWN["requests"], only_open)
        return [Request(**dict(row)) for row in rows]

    async def receive(
        self, context: Context, subject: UUID, kind: Kind, jurisdiction: Jurisdiction, manner: Manner
    ) -> Request:
        """Note that a person asks for something, from when on the time for the answer runs."""
        number = await self._received(context, subject, kind, jurisdiction, manner)
        return await self._one(context, number)

    async def deny(self, context: Context, number: int, basis: Basis) -> Request:
        """Answer that it is not done, and why."""
        await self._one(context, number)
        await self._answer(context, number, "denied", basis)
        await self._database.note(context, "request.deny")
        return await self._one(context, number)

    async def extend(self, context: Context, number: int) -> Request:
        """Take as much longer as the law lets one, once; the person has to be told so, and why."""
        found = await self._one(context, number)
        async with self._database.acting("writer", context) as connection:
            longer = longer_than(found.jurisdiction, found.received_at)
            if await connection.execute(OWN["extend"], number, longer, clock.now()) == "UPDATE 0":
                raise Conflict(f"the request {number} was extended before, or is answered already")
        await self._database.note(context, "request.extend")
        return await self._one(context, number)

    async def receipts(self, context: Context, *, before: UUID | None, limit: int) -> list[Receipt]:
        """The receipts of everybody who was erased, the latest first, behind one."""
        async with self._database.acting("writer", context) as connection:
            rows = await connection.fetch(OWN["receipts"], before, limit)
        documents = [msgspec.json.decode(row["receipt"], type=dict[str, Any]) for row in rows]
        return [
            Receipt(subject=row["user_id"], erased_at=row["erased_at"], document=document, holds=holds(document))
            for row, document in zip(rows, documents, strict=True)
        ]

    async def _one(self, context: Context, number: int) -> Request:
        async with self._database.acting("writer", context) as connection:
            row = await connection.fetchrow(OWN["request"], number)
        if row is None:
            raise NotFound("there is no such request, or you may not see it")
        return Request(**dict(row))

    async def _received(
        self, context: Context, subject: UUID, kind: Kind, jurisdiction: Jurisdiction, manner: Manner = "unknown"
    ) -> int:
        async with self._database.acting("writer", context) as connection:
            whose = await connection.fetchval(SQL["whose"], subject, context.tenant_id)
            if whose is None:
                raise NotFound("there is no such subject, or you may not see it")
            now = clock.now()
            found = await connection.fetchval(OWN["open_request"], whose, kind)
            if found is None:
                found = await connection.fetchval(
                    OWN["add_request"], context.tenant_id, whose, kind, jurisdiction, manner, now,
                    due(jurisdiction, now),
                )  # fmt: skip
        return int(found)

    async def _answer(self, context: Context, number: int, outcome: str, basis: Basis | None = None) -> None:
        async with self._database.acting("writer", context) as connection:
            if await connection.execute(OWN["answer"], number, clock.now(), outcome, basis) == "UPDATE 0":
                raise Conflict(f"the request {number} is answered already")


async def logged(store: BlobStore, since_ms: int = 0) -> AsyncIterator[Logged]:
    """Every erasure of the log that was asked for since a moment."""
    async for blob in store.walk(LOG):
        entry = msgspec.json.decode(await store.get(blob.name), type=Logged)
        if entry.requested_ms >= since_ms:
            yield entry


async def destroy_again(keys: KeyRing, store: BlobStore, since_ms: int) -> int:
    """After a restore of the service's database: destroy the keys that came back with it. Needs no vault."""
    done = 0
    async for entry in logged(store, since_ms):
        await keys.destroy(entry.tenant_id, SUBJECT_KEY, str(entry.subject))
        done += 1
    return done


def due(jurisdiction: str, received: datetime) -> datetime:
    """By when a request has to be answered."""
    return received + timedelta(days=_DAYS_CCPA) if jurisdiction == "ccpa" else _months_on(received, 1)


def longer_than(jurisdiction: str, received: datetime) -> datetime:
    """By when at the latest, once the person was told that it takes longer."""
    if jurisdiction == "ccpa":
        return received + timedelta(days=2 * _DAYS_CCPA)
    return _months_on(received, 1 + _MONTHS_LONGER)


def _months_on(received: datetime, months: int) -> datetime:
    """The same day of a later month, or its last."""
    later = received.month - 1 + months
    year, month = received.year + later // 12, later % 12 + 1
    for day in range(received.day, 27, -1):
        try:
            return received.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return received.replace(year=year, month=month)


def copies(declared: Sequence[str]) -> list[Copy]:
    """Read `vault.copies`: where personal data may stand that we cannot erase, and for how many days."""
    found = []
    for text in declared:
        where, _, days = text.rpartition(":")
        if not where.strip() or not days.strip().isdecimal():
            raise SettingError(
                f"vault.copies: {text!r} names no place and days", field="vault.copies",
                hint="Write `CloudWatch logs: 30`.",
            )  # fmt: skip
        found.append(Copy(where.strip(), int(days)))
    return found


def holds(receipt: Mapping[str, Any]) -> bool:
    """Whether a receipt is what its key signed. Whose key it is, the reader has to know."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who checks a receipt needs it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    body = {name: value for name, value in receipt.items() if name not in {"signed_by", "signature"}}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(receipt["signed_by"]))
        key.verify(base64.b64decode(receipt["signature"]), msgspec.json.encode(body, order="sorted"))
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True
