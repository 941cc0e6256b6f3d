"""Subjects: persons whose data are kept. Create, read, change, search, list, link.

Nothing is shown in clear unless somebody says what for. Values of tiers 2 and 3 are encrypted here, under a key of the
subject, before the database sees them; the database writes its audit in the same transaction, or the transaction does
not happen.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sightline import metrics
from sightline.errors import InvalidValue, NotFound, SightlineError
from sightline.keys.bulk import make_many
from sightline.keys.held import DataKey
from sightline.keys.ring import KeyRing
from sightline.keys.wrap import Kind
from sightline.privacy import pseudonyms
from sightline.settings import VaultSettings
from sightline.vault import blind
from sightline.vault.application import APPLICATION_KEY, ApplicationKeys
from sightline.vault.database import SQL, Context, StaleKey, VaultDatabase, VaultRefused
from sightline.vault.envelope import SubjectCipher, tier_of, versions_of
from sightline.vault.fields import CLEAR, STAR, Field, Fields
from sightline.vault.guards import Guards, alarm_honeytoken
from sightline.vault.purposes import EXPORT, OVERVIEW, Purposes

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

# What the ring calls the keys of the vault.
SUBJECT_KEY: Final = "vault"
INDEX_KEY: Final = "vault index"
# Tier 3 works only while both of its keys were confirmed by the root within this time.
TIER3_AGE_S: Final = 60
MOST: Final = 1000  # subjects in one call


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A subject as everybody with access to the vault may see it: masked."""

    id: UUID
    values: dict[str, str]
    restricted: bool
    created_at: datetime
    updated_at: datetime


class Sealed(msgspec.Struct, frozen=True):
    """What is stored of one field: a clear value or a blob, and a keyed hash where it can be searched for."""

    field: Field
    value: str | bytes | None
    index: bytes | None = None


class Vault:
    """The vault of all tenants; every call says in its context whose."""

    def __init__(
        self,
        database: VaultDatabase,
        keys: KeyRing,
        settings: VaultSettings,
        fields: Fields | None = None,
        *,
        application_keys: KeyRing | None = None,
    ) -> None:
        self.database = database
        self.keys = keys
        self.application = ApplicationKeys(keys, application_keys, database)
        self.settings = settings
        self.fields = fields or Fields()
        self.purposes = Purposes(settings.purposes, self.fields)
        self.guards = Guards(settings)

    async def close(self) -> None:
        """Let go of the database and of what is held beside the common keys."""
        await self.application.close()
        await self.database.close()

    # ---- adding and changing --------------------------------------------------------------------------------------

    async def create(self, context: Context, values: Mapping[str, str], *, honeytoken: bool = False) -> UUID:
        """Keep a person's data; return the subject's id."""
        return (await self.create_many(context, [values], honeytoken=honeytoken))[0]

    async def create_many(
        self, context: Context, rows: Sequence[Mapping[str, str]], *, honeytoken: bool = False
    ) -> list[UUID]:
        """Keep several persons' data: all of them, or none."""
        _bounded(len(rows))
        checked = [self._checked(values) for values in rows]
        if not all(checked):
            raise InvalidValue("a subject without any value", hint="Give at least one field.")
        ids = [uuid.uuid4() for _ in checked]
        await self._make_keys(context.tenant_id, ids, checked)
        sealed = [await self._sealed(context, one, values) for one, values in zip(ids, checked, strict=True)]
        async with self.database.acting("writer", context, "insert") as connection:
            for one, parts in zip(ids, sealed, strict=True):
                await self._insert(connection, context.tenant_id, one, parts, honeytoken=honeytoken)
        return ids

    async def _make_keys(self, tenant_id: int, ids: Sequence[UUID], rows: Sequence[Mapping[str, str]]) -> None:
        """The keys of several new subjects in one statement; of a single one the ring makes it as quickly."""
        uses = max(sum(not self.fields[name].is_clear for name in row) for row in rows)
        owners = [
            str(one) for one, row in zip(ids, rows, strict=True) if any(not self.fields[name].is_clear for name in row)
        ]
        if len(owners) > 1:
            await make_many(self.keys, tenant_id, SUBJECT_KEY, owners, uses)

    async def update(self, context: Context, subject: UUID, values: Mapping[str, str | None]) -> None:
        """Change fields of a subject; None takes a value away."""
        removed = [self.fields[name] for name, value in values.items() if value is None]
        kept = self._checked({name: value for name, value in values.items() if value is not None})
        if not (removed or kept):
            raise InvalidValue("nothing is to be changed", hint="Give at least one field.")
        await self._require(context, subject)  # before a key is made for nobody
        for attempt in (1, 2):
            parts = await self._sealed(context, subject, kept) + [Sealed(field, None) for field in removed]
            try:
                async with self.database.acting("writer", context, "update") as connection:
                    await self._change(connection, context.tenant_id, subject, parts)
            except StaleKey:  # a rotation came between, and this process has not heard of it yet
                if attempt == 2:
                    raise
                self._look_anew(context.tenant_id, subject)
            else:
                return

    def _look_anew(self, tenant_id: int, subject: UUID) -> None:
        """Forget which versions are active, without ending what is under way with them."""
        for kind, purpose, owner in (
            (Kind.DATA, SUBJECT_KEY, str(subject)), (Kind.DATA, APPLICATION_KEY, ""), (Kind.HMAC, INDEX_KEY, ""),
        ):  # fmt: skip
            payload = msgspec.json.encode((tenant_id, int(kind), purpose, owner, False)).decode()
            self.keys.heed(payload)
            self.application.heed(payload)

    async def restrict(self, context: Context, subject: UUID, *, restricted: bool) -> None:
        """Keep a subject's values from being read in clear (GDPR article 18), or let them be read again."""
        async with self.database.acting("writer", context, "update") as connection:
            query = SQL["change_user"].format(columns="restricted = $3")
            _found(await connection.execute(query, subject, context.tenant_id, restricted))

    async def link(self, context: Context, subject: UUID, name: str) -> int:
        """Say that what `identify` calls by this name is this subject; return the person's pseudonym."""
        key = await self.keys.hmac_key(context.tenant_id, "person")
        person = pseudonyms.person(key, str(context.tenant_id), name)
        await self._require(context, subject)
        async with self.database.acting("writer", context, "link") as connection:
            await connection.execute(SQL["link"], context.tenant_id, subject, person)
        await self.database.note(context, "link")
        return person

    # ---- seeing ---------------------------------------------------------------------------------------------------

    async def show(self, context: Context, subject: UUID) -> Shown:
        """One subject, masked; no key is used for it."""
        found = await self.show_many(context, [subject])
        if not found:
            raise _nobody()
        return found[0]

    async def show_many(self, context: Context, subjects: Sequence[UUID]) -> list[Shown]:
        """Several subjects, masked, in the order of their ids; those that are not there are left out."""
        async with self.database.acting("reader", context.for_purpose(OVERVIEW), "show") as connection:
            rows = await connection.fetch(SQL["open_clear"], list(subjects))
        return [self._shown(row) for row in sorted(rows, key=lambda row: row["id"])]

    async def page(self, context: Context, *, after: UUID | None = None, limit: int = 50) -> list[Shown]:
        """A page of subjects, masked, by id."""
        async with self.database.acting("reader", context.for_purpose(OVERVIEW), "list") as connection:
            ids = [row["id"] for row in await connection.fetch(SQL["list_subjects"], after, limit)]
        return await self.show_many(context, ids) if ids else []

    async def search(self, context: Context, name: str, value: str, *, limit: int = 100) -> list[UUID]:
        """The subjects whose field has this value, whatever way it is written."""
        field = self.fields[name]
        if field.normal is None:
            raise InvalidValue(
                f"{name} cannot be searched for", field="field", hint=f"Use {', '.join(self.fields.searchable())}."
            )
        hashes = await self.hashes(context.tenant_id, name, field.normal(value))
        async with self.database.acting("reader", context.for_purpose(OVERVIEW), "search") as connection:
            return [row["id"] for row in await connection.fetch(SQL["find_subjects"], name, hashes, limit)]

    async def hashes(self, tenant_id: int, name: str, normal: str) -> list[bytes]:
        """The keyed hashes of a value under every version of the index key that is live."""
        rows = await self.keys.versions(Kind.HMAC, tenant_id, INDEX_KEY)
        live = [row.key_id.version for row in rows if not row.is_destroyed]
        if not live:  # nothing was ever indexed
            return []
        found = []
        for version in live:
            key = await self.keys.hmac_key(tenant_id, INDEX_KEY, version=version)
            found.append(blind.index(key, version, name, normal))
        return found

    async def read(
        self, context: Context, subject: UUID, names: Sequence[str], *, clear: bool = True
    ) -> dict[str, str]:
        """Values of one subject in clear, or (`clear=False`) in the form that their fields are displayed in."""
        found = await self.read_many(context, [subject], names, clear=clear)
        if subject not in found:
            await self.database.note(context, "read", error="not_found")
            raise _nobody()
        return found[subject]

    async def read_many(
        self, context: Context, subjects: Sequence[UUID], names: Sequence[str], *, clear: bool = True
    ) -> dict[UUID, dict[str, str]]:
        """Values of several subjects; those that are not there are left out, and fields that have no value."""
        _bounded(len(subjects))
        wanted = list(dict.fromkeys(self.fields[name].name for name in names))
        if not wanted:
            raise InvalidValue("no field is named", field="fields", hint="Name the fields that are to be read.")
        await self._permit(context, list(dict.fromkeys(subjects)), wanted)
        found = await self._released(context, subjects, wanted)
        metrics.count("VaultReads", len(wanted) * len(found), Result="ok")
        if clear:
            return found
        return {
            one: {name: self.fields[name].shown(value) for name, value in values.items()}
            for one, values in found.items()
        }

    async def copy_for(self, context: Context, subject: UUID, names: Sequence[str]) -> dict[str, str]:
        """Values for the person themselves, whom no purpose keeps from their own; `requests.py` alone calls it."""
        found = await self._released(context.for_purpose(EXPORT), [subject], names)
        if subject not in found:
            raise _nobody()
        return found[subject]

    async def _released(
        self, context: Context, subjects: Sequence[UUID], names: Sequence[str]
    ) -> dict[UUID, dict[str, str]]:
        """Values, or a row of the audit about why not."""
        try:
            return await self._opened(context, subjects, names)
        except SightlineError as exc:
            metrics.count("VaultReads", Result="failed")
            await self.database.note(context, "read", error=exc.code)
            raise

    async def _permit(self, context: Context, subjects: list[UUID], wanted: list[str]) -> None:
        try:  # the vault's own purposes are nobody's to name: no setting can declare them
            self.purposes.check(context.purpose, wanted)
            self.guards.spend(context.actor, wanted, context.purpose, subjects)
        except SightlineError as exc:
            metrics.count("VaultReads", Result="refused")
            await self.database.note(context.for_purpose("refused"), "read", error=exc.code)
            raise

    async def _opened(
        self, context: Context, subjects: Sequence[UUID], wanted: Sequence[str]
    ) -> dict[UUID, dict[str, str]]:
        """Fetch, with the rows of the audit written and committed, and only then decrypt."""
        clear = [name for name in wanted if name in CLEAR]
        blobs = [name for name in wanted if name not in CLEAR]
        async with self.database.acting("reader", context, "read") as connection:
            rows = await connection.fetch(SQL["open_clear"], list(subjects))
            sealed = await connection.fetch(SQL["open_fields"], list(subjects), blobs) if blobs else []
        if any(row["honeytoken"] for row in rows):
            alarm_honeytoken()
        found: dict[UUID, dict[str, str]] = {}
        restricted = {row["id"] for row in rows if row["restricted"] and context.purpose != EXPORT}
        for row in rows:
            has = {} if row["id"] in restricted else {name: row[name] for name in clear if row[name] is not None}
            found[row["id"]] = has
        if restricted:
            await self.database.note(context, "read", error="restricted")
        for row in sealed:
            field = self.fields[row["field_name"]]
            found[row["user_id"]][field.name] = await self.opened(context.tenant_id, row["user_id"], field, row["blob"])
        return found

    # ---- encrypting -----------------------------------------------------------------------------------------------

    async def opened(self, tenant_id: int, subject: UUID, field: Field, blob: bytes) -> str:
        """Decrypt one blob; whatever is wrong with it, the error is the same."""
        cipher = await self.opening_cipher(tenant_id, subject, blob)
        return cipher.open(field.number, field.tier, blob).decode()

    async def opening_cipher(self, tenant_id: int, subject: UUID, blob: bytes) -> SubjectCipher:
        """The keys that a blob names."""
        version, app_version = versions_of(blob)
        age = TIER3_AGE_S if tier_of(blob) == 3 else None
        key = await self.keys.opening_key(tenant_id, SUBJECT_KEY, str(subject), version=version, max_age_s=age)
        application = None
        if app_version is not None:
            ring = await self.application.ring(tenant_id)
            found = await ring.opening_key(tenant_id, APPLICATION_KEY, version=app_version, max_age_s=age)
            application = (app_version, found.lend(0))
        return SubjectCipher(tenant_id, subject, version, key.lend(0), application)

    async def sealing_cipher(self, tenant_id: int, subject: UUID, tiers: Sequence[int]) -> SubjectCipher:
        """The active keys of a subject, leased for as many values as there are tiers."""
        inner = sum(tier == 3 for tier in tiers)
        age = TIER3_AGE_S if inner else None
        key = await self.keys.data_key(tenant_id, SUBJECT_KEY, str(subject), uses=len(tiers), max_age_s=age)
        application: DataKey | None = None
        if inner:
            ring = await self.application.ring(tenant_id)
            application = await ring.data_key(tenant_id, APPLICATION_KEY, uses=inner, max_age_s=age)
        return SubjectCipher(
            tenant_id, subject, key.version, key.lend(len(tiers)),
            (application.version, application.lend(inner)) if application else None,
        )  # fmt: skip

    def _checked(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.fields[name].check(value) for name, value in values.items()}

    async def _sealed(self, context: Context, subject: UUID, values: Mapping[str, str]) -> list[Sealed]:
        fields = [self.fields[name] for name in values]
        tiers = [field.tier for field in fields if not field.is_clear]
        cipher = await self.sealing_cipher(context.tenant_id, subject, tiers) if tiers else None
        found = []
        for field in fields:
            value = values[field.name]
            blob: str | bytes = value
            if not field.is_clear:
                assert cipher is not None
                blob = cipher.seal(field.number, field.tier, value.encode())
            found.append(Sealed(field, blob, await self.indexed(context.tenant_id, field, value)))
        return found

    async def indexed(self, tenant_id: int, field: Field, value: str) -> bytes | None:
        """The keyed hash of a value, under the active version of the index key."""
        if field.normal is None:
            return None
        key = await self.keys.hmac_key(tenant_id, INDEX_KEY)
        return blind.index(key, key.version, field.name, field.normal(value))

    # ---- storing --------------------------------------------------------------------------------------------------

    async def _insert(
        self, connection: "PoolConnectionProxy", tenant_id: int, subject: UUID, parts: list[Sealed], *, honeytoken: bool
    ) -> None:
        columns = {**_columns(parts), "honeytoken": honeytoken}
        places = ", ".join(f"${number}" for number in range(3, 3 + len(columns)))
        query = SQL["add_user"].format(columns=", ".join(columns), values=places)
        await connection.execute(query, subject, tenant_id, *columns.values())
        for part in parts:
            if not part.field.has_column:
                await self._put_field(connection, tenant_id, subject, part)

    async def _change(
        self, connection: "PoolConnectionProxy", tenant_id: int, subject: UUID, parts: list[Sealed]
    ) -> None:
        columns = _columns(parts)
        query = SQL["touch_user"]
        if columns:
            pairs = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 3))
            query = SQL["change_user"].format(columns=pairs)
        _found(await connection.execute(query, subject, tenant_id, *columns.values()))
        for part in parts:
            if not part.field.has_column:
                await self._put_field(connection, tenant_id, subject, part)

    async def _put_field(self, connection: "PoolConnectionProxy", tenant_id: int, subject: UUID, part: Sealed) -> None:
        field = part.field
        if part.value is None:
            await connection.execute(SQL["remove_field"], subject, field.number)
        elif await connection.fetchval(SQL["known_field"], subject, field.number):
            await connection.execute(SQL["change_field"], subject, field.number, part.value, part.index)
        else:
            await connection.execute(
                SQL["add_field"], tenant_id, subject, field.number, field.name, part.value, part.index
            )

    async def _require(self, context: Context, subject: UUID) -> UUID:
        """What the audit calls the subject; who is not there is not found."""
        async with self.database.acting("writer", context) as connection:
            whose = await connection.fetchval(SQL["whose"], subject, context.tenant_id)
        if whose is None:
            raise _nobody()
        found: UUID = whose
        return found

    def _shown(self, row: "Record") -> Shown:
        values = {name: self.fields[name].shown(str(row[name])) for name in CLEAR if row[name] is not None}
        encrypted = row["encrypted"]
        assert isinstance(encrypted, list)
        values |= dict.fromkeys(encrypted, STAR)
        return msgspec.convert(
            {
                "id": row["id"], "values": values, "restricted": row["restricted"], "created_at": row["created_at"],
                "updated_at": row["updated_at"],
            },
            Shown,
        )  # fmt: skip


def _columns(parts: Sequence[Sealed]) -> dict[str, object]:
    """The columns of `users` that these values go to; names come from a closed list."""
    columns: dict[str, object] = {}
    for part in parts:
        if part.field.has_column:
            columns[part.field.name if part.field.is_clear else f"{part.field.name}_encrypted"] = part.value
            if part.field.normal is not None:
                columns[f"{part.field.name}_index"] = part.index
    return columns


def _bounded(count: int) -> None:
    if not 1 <= count <= MOST:
        raise InvalidValue(f"{count} subjects in one call", hint=f"Take 1 to {MOST}.")


def _found(status: str) -> None:
    if status.endswith(" 0"):
        raise _nobody()


def _nobody() -> NotFound:
    return NotFound("there is no such subject, or you may not see it")


__all__ = ["APPLICATION_KEY", "INDEX_KEY", "SUBJECT_KEY", "Context", "Shown", "Vault", "VaultRefused"]
