"""The audit, sealed: who removes, changes or reorders a row of it, or slips one in, is found out.

A batch is every row whose id lies between two bounds, once no lower id can still be committed. Its Merkle tree is that
of RFC 6962: a leaf is SHA-256(0x00 | row), a node SHA-256(0x01 | left | right). A row is the JSON array of its columns
in the order of `audit.sql`. A seal is signed together with the one before it::

    signed  "sightline.seal.v1" | number (8) | from id (8) | to id (8) | rows (4) | root (32) | previous (32) | ms (8)
    previous  SHA-256(signed | signature) of the seal before; 32 zero bytes before the first

Integers are big-endian. The signature is Ed25519, under a key that is derived from the key ring and known to no role
of the database; each seal is also put into the object store (on S3 under object lock), out of reach of the database's
owner. So removing the last seals from the database is noticed, too.
"""

import hashlib
import struct
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sightline import clock, metrics
from sightline.blobs.store import BlobStore
from sightline.errors import Conflict, NotFound
from sightline.keys.ring import KeyRing
from sightline.sql import queries
from sightline.vault.database import VaultDatabase

if TYPE_CHECKING:
    from asyncpg import Record

SQL: Final = queries("sightline.vault", "audit.sql")
FOLDER: Final = "vault/seals"
NO_SEAL: Final = bytes(32)
BATCH: Final = 1000
PART: Final = 100  # seals that are verified at once
_TAG: Final = b"sightline.seal.v1"
_SIGNED: Final = struct.Struct(">17sQQQI32s32sQ")
# The instance's own keys belong to no tenant: teams are numbered from 1.
INSTANCE: Final = 0


class Signer:
    """Signs seals and receipts of this instance."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key()

    @classmethod
    async def open(cls, keys: KeyRing) -> "Signer":
        key = await keys.hmac_key(INSTANCE, "vault seal")
        return cls(Ed25519PrivateKey.from_private_bytes(key.digest(b"sightline vault seal 1")))

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)

    @property
    def name(self) -> str:
        """The public key, by which anybody can check what was signed."""
        return self.public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One batch, sealed."""

    number: int
    from_id: int
    to_id: int
    rows: int
    root: bytes
    previous: bytes
    sealed_at: datetime
    signature: bytes = b""

    def signed(self) -> bytes:
        return _SIGNED.pack(
            _TAG, self.number, self.from_id, self.to_id, self.rows, self.root, self.previous,
            clock.to_ms(self.sealed_at),
        )  # fmt: skip

    def digest(self) -> bytes:
        """What the next seal names this one by."""
        return hashlib.sha256(self.signed() + self.signature).digest()

    def holds(self, public: Ed25519PublicKey) -> bool:
        try:
            public.verify(self.signature, self.signed())
        except InvalidSignature:
            return False
        return True

    @property
    def object(self) -> str:
        return f"{FOLDER}/{self.number:012}.json"


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found; `wrong` is empty when everything is as it was written.

    One that goes by parts names in `next` the seal behind which the following part begins, null after the last.
    """

    seals: int
    rows: int
    unsealed: int
    wrong: list[str]
    total: int
    next: int | None = None


# ---- the tree ---------------------------------------------------------------------------------------------------


def leaf(row: Sequence[Any]) -> bytes:
    return hashlib.sha256(b"\x00" + msgspec.json.encode([_plain(value) for value in row])).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1_000_000)
    return value if value is None or isinstance(value, str | int) else str(value)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle root; a node without a sibling moves up as it is."""
    level = list(leaves)
    if not level:
        raise ValueError("a batch has at least one row")
    while len(level) > 1:
        level = [
            hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
    return level[0]


def path_to(leaves: Sequence[bytes], place: int) -> list[tuple[bool, bytes]]:
    """The proof that a leaf is in the tree: the siblings up to the root, and whether each stands to the left."""
    level, proof = list(leaves), []
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            proof.append((sibling < place, level[sibling]))
        level = [
            hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        place //= 2
    return proof


def follows(leaf_hash: bytes, proof: Sequence[tuple[bool, bytes]], root: bytes) -> bool:
    """Whether a leaf is in the tree of that root."""
    at = leaf_hash
    for is_left, sibling in proof:
        at = hashlib.sha256(b"\x01" + (sibling + at if is_left else at + sibling)).digest()
    return at == root


# ---- sealing ----------------------------------------------------------------------------------------------------


class Sealer:
    """Seals what was committed, and verifies what was sealed."""

    def __init__(self, database: VaultDatabase, keys: KeyRing, store: BlobStore) -> None:
        self._database = database
        self._keys = keys
        self._store = store

    async def seal(self, *, batch: int = BATCH) -> int:
        """Seal everything that is committed; return how many rows. One at a time seals, others return at once."""
        signer, done = await Signer.open(self._keys), 0
        while True:
            sealed = await self._seal_one(signer, batch)
            done += sealed
            if sealed < batch:
                await self._export()
                return done

    async def _seal_one(self, signer: Signer, batch: int) -> int:
        async with self._database.acting("auditor") as connection:
            if not await connection.fetchval(SQL["take_sealing"]):
                return 0
            last = await connection.fetchrow(SQL["last_seal"])
            newest = await connection.fetchval(SQL["bound"])
            if newest is None:  # somebody writes much in one transaction; the next run takes it
                return 0
            rows = await connection.fetch(SQL["rows"], last["to_id"] + 1 if last else 1, newest, batch)
            metrics.observe("VaultAuditUnsealed", len(rows))
            if not rows:
                return 0
            before = _seal(last) if last else None
            seal = Seal(
                number=before.number + 1 if before else 1, from_id=before.to_id + 1 if before else 1,
                to_id=rows[-1]["id"], rows=len(rows), root=root_of([leaf(tuple(row.values())) for row in rows]),
                previous=before.digest() if before else NO_SEAL, sealed_at=clock.from_ms(clock.now_ms()),
            )  # fmt: skip
            seal = msgspec.structs.replace(seal, signature=signer.sign(seal.signed()))
            await connection.execute(SQL["add_seal"], *_columns(seal))
        return len(rows)

    async def _export(self) -> None:
        """Put the seals that the object store does not have yet there; never over one that is there."""
        number = await self._exported()
        while True:
            async with self._database.acting("auditor") as connection:
                rows = await connection.fetch(SQL["seals_after"], number, BATCH)
            for seal in map(_seal, rows):
                try:
                    await self._store.put(seal.object, msgspec.json.encode(seal), if_absent=True)
                except Conflict:
                    kept = msgspec.json.decode(await self._store.get(seal.object), type=Seal)
                    if kept != seal:
                        raise
                number = seal.number
            if len(rows) < BATCH:
                return

    async def _exported(self) -> int:
        """The number of the last seal in the object store: doubled, then halved, since there is no other order."""
        low, high = 0, 1
        while await self._has(high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if await self._has(middle) else (low, middle)
        return low

    async def _has(self, number: int) -> bool:
        try:
            await self._store.head(f"{FOLDER}/{number:012}.json")
        except NotFound:
            return False
        return True

    # ---- verifying --------------------------------------------------------------------------------------------

    async def verify(self) -> Verified:
        """Hold rows, seals and their copies in the object store against each other."""
        seals, rows, wrong, after = 0, 0, list[str](), 0
        while True:
            part = await self.verify_part(after)
            seals, rows, wrong = seals + part.seals, rows + part.rows, wrong + part.wrong
            if part.next is None:
                return msgspec.structs.replace(part, seals=seals, rows=rows, wrong=wrong)
            after = part.next

    async def verify_part(self, after: int, most: int = PART) -> Verified:
        """The same of the seals behind one, so many at most; whoever asks in parts can say how far it is."""
        signer, wrong, rows = await Signer.open(self._keys), list[str](), 0
        async with self._database.acting("auditor") as connection:
            last = await connection.fetchrow(SQL["last_seal"])
            found_before = await connection.fetchrow(SQL["seal_at"], after)
            before = _seal(found_before) if found_before else None
            seals = [_seal(row) for row in await connection.fetch(SQL["seals_after"], after, most)]
            oldest = await connection.fetchval(SQL["oldest_id"])
            for seal in seals:
                wrong += await self._chained(seal, before, signer)
                before = seal
                if oldest is not None and seal.to_id >= oldest:  # what retention dropped is proved by its seal alone
                    found = await connection.fetch(SQL["rows"], seal.from_id, seal.to_id, 2**31 - 1)
                    rows += len(found)
                    wrong += _compared(seal, found, partly=seal.from_id < oldest)
            unsealed = await connection.fetchval(SQL["count_after"], last["to_id"] if last else 0)
        more = len(seals) == most and last is not None and seals[-1].number < last["number"]
        if not more:
            for number in range((last["number"] if last else 0) + 1, (await self._exported()) + 1):
                wrong.append(f"seal {number} is in the object store, but no longer in the database")
        return Verified(
            seals=len(seals), rows=rows, unsealed=unsealed, wrong=wrong, total=last["number"] if last else 0,
            next=seals[-1].number if more else None,
        )  # fmt: skip

    async def _chained(self, seal: Seal, before: Seal | None, signer: Signer) -> list[str]:
        wrong = []
        if not seal.holds(signer.public):
            wrong.append(f"seal {seal.number}: its signature does not hold")
        number, previous, from_id = (1, NO_SEAL, 1) if before is None else (
            before.number + 1, before.digest(), before.to_id + 1
        )  # fmt: skip
        if (seal.number, seal.previous, seal.from_id) != (number, previous, from_id):
            wrong.append(f"seal {seal.number} does not follow the one before it")
        try:
            kept = msgspec.json.decode(await self._store.get(seal.object), type=Seal)
        except NotFound:
            wrong.append(f"seal {seal.number} has no copy in the object store")
        else:
            if kept != seal:
                wrong.append(f"seal {seal.number} is another in the object store")
        return wrong

    async def prove(self, row_id: int, tenant_id: int | None = None) -> dict[str, Any]:
        """The proof that a row of the audit is in a seal, for somebody who has only the seal; or only of one tenant."""
        async with self._database.acting("auditor") as connection:
            found = await connection.fetchrow(SQL["seal_of"], row_id)
            if found is None:
                raise NotFound(f"the row {row_id} is not sealed", hint="It is sealed within a minute.")
            seal = _seal(found)
            rows = await connection.fetch(SQL["rows"], seal.from_id, seal.to_id, 2**31 - 1)
        place = next((number for number, row in enumerate(rows) if row["id"] == row_id), None)
        if place is None or tenant_id not in {None, rows[place]["tenant_id"]}:
            raise NotFound(f"there is no row {row_id}")
        leaves = [leaf(tuple(row.values())) for row in rows]
        return {
            "row": [_plain(value) for value in rows[place].values()],
            "leaf": leaves[place].hex(),
            "proof": [{"left": left, "hash": sibling.hex()} for left, sibling in path_to(leaves, place)],
            "root": seal.root.hex(),
            "seal": seal.number,
            "holds": follows(leaves[place], path_to(leaves, place), seal.root),
        }


def _compared(seal: Seal, found: "list[Record]", *, partly: bool) -> list[str]:
    if partly:  # the month that begins this batch is gone, so its root cannot be made again
        return []
    if len(found) != seal.rows:
        return [f"rows {seal.from_id} to {seal.to_id}: {len(found)} are there, {seal.rows} were sealed"]
    if root_of([leaf(tuple(row.values())) for row in found]) != seal.root:
        return [f"rows {seal.from_id} to {seal.to_id} are not what was sealed"]
    return []


def _seal(row: "Record") -> Seal:
    fields: dict[str, Any] = dict(row)
    return Seal(**fields)


def _columns(seal: Seal) -> tuple[Any, ...]:
    return (
        seal.number, seal.from_id, seal.to_id, seal.rows, seal.root, seal.previous, seal.signature, seal.sealed_at,
    )  # fmt: skip
