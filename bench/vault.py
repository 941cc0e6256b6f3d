"""What the vault costs: blobs against the bare cipher and against peers, hashes, rotation, search and audit."""

import asyncio
import hmac
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.postgres import system_postgres

from bench import peers
from bench.measurements import Figure, Result
from bench.pairs import compare
from sightline.blobs.folder import FolderStore
from sightline.database.address import Address, connect
from sightline.database.credentials import FileStore
from sightline.database.migrations import migrate
from sightline.database.pool import Database
from sightline.keys.held import Held, HmacKey
from sightline.keys.ring import KeyRing
from sightline.keys.root import LocalRoot
from sightline.keys.wrap import KeyId, Kind
from sightline.settings import KeySettings, VaultSettings
from sightline.vault import blind
from sightline.vault.database import Context, VaultDatabase
from sightline.vault.envelope import SubjectCipher
from sightline.vault.rotation import KeyType, Rotation
from sightline.vault.sealing import Sealer
from sightline.vault.setup import set_up_vault
from sightline.vault.subjects import Vault

TITLE = "Vault"
NOTE = (
    "64-byte values, 20,000 per round (peers: 1,000 or 50); control: `cryptography`'s AESGCM with a fresh nonce and no"
    " associated data. Rates are of one process and one PostgreSQL on the same machine, without fsync."
)
_COUNT = 20_000
_TEXT = bytes(range(64))
_SUBJECT = UUID("c0ffee00-0000-4000-8000-000000000001")
_SUBJECTS = int(os.environ.get("VAULT_SUBJECTS", "20000"))
_SEARCHED = int(os.environ.get("VAULT_SEARCHED", "1000000"))


async def run() -> list[Result]:
    return [*_pure(), *_against_peers(), *await _with_database()]


def _pure() -> list[Result]:
    raw, nonce = AESGCM(bytes(range(32))), os.urandom(12)
    cipher = SubjectCipher(1, _SUBJECT, 1, AESGCM(bytes(range(32))), (1, AESGCM(bytes(32))))
    encrypted, sealed, twice = raw.encrypt(nonce, _TEXT, None), cipher.seal(10, 2, _TEXT), cipher.seal(30, 3, _TEXT)
    mac = HmacKey(Held(bytearray(32), KeyId(kind=Kind.HMAC, tenant_id=1), born_ms=0, life_ms=1, parent=None))
    texts = [_TEXT] * 1000
    control = _many(lambda: raw.encrypt(os.urandom(12), _TEXT, None))

    def raw_batch() -> None:
        encrypt = raw.encrypt
        for _ in range(_COUNT // 1000):
            drawn = os.urandom(12_000)
            [encrypt(drawn[at : at + 12], _TEXT, None) for at in range(0, 12_000, 12)]

    def batch() -> None:
        for _ in range(_COUNT // 1000):
            cipher.seal_many(10, 2, texts)

    decrypt = _many(lambda: raw.decrypt(nonce, encrypted, None))
    return [
        compare("seal, tier 2 / AESGCM.encrypt", _many(lambda: cipher.seal(10, 2, _TEXT)), control, bound=0.75),
        compare("seal 1,000, tier 2 / AESGCM.encrypt of 1,000", batch, raw_batch, bound=0.8),
        compare("open, tier 2 / AESGCM.decrypt", _many(lambda: cipher.open(10, 2, sealed)), decrypt, bound=0.55),
        compare("seal, tier 3 / AESGCM.encrypt", _many(lambda: cipher.seal(30, 3, _TEXT)), control),
        compare("open, tier 3 / AESGCM.decrypt", _many(lambda: cipher.open(30, 3, twice)), decrypt),
        compare(
            "search hash / hmac.digest",
            _many(lambda: blind.index(mac, 1, "ssn", "219099999")),
            _many(lambda: hmac.digest(bytes(32), b"219099999", "sha256")),
        ),
        compare(
            "AESGCM.encrypt / itself, for the noise", _many(lambda: raw.encrypt(os.urandom(12), _TEXT, None)), control
        ),
    ]


def _against_peers() -> list[Result]:
    peers.use()
    import aws_encryption_sdk  # type: ignore[import-not-found]  # noqa: PLC0415 - from the peers' environment
    import tink  # type: ignore[import-not-found]  # noqa: PLC0415
    from aws_cryptographic_material_providers.mpl import (  # type: ignore[import-not-found]  # noqa: PLC0415
        AwsCryptographicMaterialProviders,
    )
    from aws_cryptographic_material_providers.mpl.config import (  # type: ignore[import-not-found]  # noqa: PLC0415
        MaterialProvidersConfig,
    )
    from aws_cryptographic_material_providers.mpl.models import (  # type: ignore[import-not-found]  # noqa: PLC0415
        AesWrappingAlg,
        CreateRawAesKeyringInput,
    )
    from tink import aead  # noqa: PLC0415

    aead.register()
    primitive = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)
    cipher = SubjectCipher(1, _SUBJECT, 1, AESGCM(bytes(range(32))))
    sealed, theirs = cipher.seal(10, 2, _TEXT), primitive.encrypt(_TEXT, b"3")
    client = aws_encryption_sdk.EncryptionSDKClient()
    keyring = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig()).create_raw_aes_keyring(
        input=CreateRawAesKeyringInput(
            key_namespace="bench", key_name="bench", wrapping_key=bytes(32),
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )  # fmt: skip
    return [
        compare(
            "seal, tier 2 / tink AES256_GCM encrypt",
            _many(lambda: cipher.seal(10, 2, _TEXT), 1000), _many(lambda: primitive.encrypt(_TEXT, b"3"), 1000),
        ),
        compare(
            "open, tier 2 / tink AES256_GCM decrypt",
            _many(lambda: cipher.open(10, 2, sealed), 1000), _many(lambda: primitive.decrypt(theirs, b"3"), 1000),
        ),
        compare(
            "seal, tier 2 / aws-encryption-sdk encrypt (raw AES keyring)",
            _many(lambda: cipher.seal(10, 2, _TEXT), 50),
            _many(lambda: client.encrypt(source=_TEXT, keyring=keyring, encryption_context={"f": "3"}), 50),
        ),
    ]  # fmt: skip


async def _with_database() -> list[Result]:
    with system_postgres(fsync="off") as admin, tempfile.TemporaryDirectory() as folder:
        connection = await connect(msgspec.structs.replace(admin, schema="umami"))
        await connection.execute("CREATE SCHEMA umami")
        await migrate(connection)
        await connection.close()
        store = FileStore(Path(folder) / "vault.json")
        settings = VaultSettings(purposes=("bench: ssn",), reads_per_minute=1_000_000, subjects_per_hour=10_000_000)
        done = await set_up_vault(admin, settings, store)
        assert done.credentials is not None
        login = msgspec.structs.replace(
            admin, user=done.credentials.username, password=done.credentials.password, schema="vault"
        )
        database = await Database.open(msgspec.structs.replace(admin, schema="umami"))
        ring = KeyRing(database, LocalRoot(secrets.token_bytes(32)), KeySettings(cache_entries=100_000))
        vault = Vault(await VaultDatabase.open(login, settings, lambda: "root"), ring, settings)
        try:
            return await _measured(vault, admin, Path(folder))
        finally:
            await ring.close()
            await vault.database.close()
            await database.close()


async def _measured(vault: Vault, admin: Address, folder: Path) -> list[Result]:
    context = Context(tenant_id=1, actor_kind="job", purpose="bench")
    connection = await connect(msgspec.structs.replace(admin, schema="vault, pg_temp"))
    for start in range(0, _SUBJECTS, 1000):
        await vault.create_many(context, [{"ssn": f"{start + n:09}"} for n in range(1000)])
    await connection.execute("VACUUM ANALYZE")
    rates = {}
    kinds: tuple[KeyType, ...] = ("application", "index")
    for kind in kinds:
        at: dict[str, float] = {"asked": time.perf_counter()}

        async def note(step: str, at: dict[str, float] = at) -> None:
            at[step] = time.perf_counter()

        await Rotation(vault, context, batch=1000, step=note).run(kind)
        rates[f"{kind} key rotation, every value exchanged"] = _SUBJECTS / (at["verifying"] - at["asked"])
        rates[f"{kind} key rotation, with the pass that opens every value"] = _SUBJECTS / (at["verified"] - at["asked"])
    rows = await connection.fetchval("SELECT count(*) FROM encryption_audit")
    began = time.perf_counter()
    await Sealer(vault.database, vault.keys, FolderStore(folder / "seals")).seal(batch=1000)
    sealed = rows / (time.perf_counter() - began)
    audited = await _audited(connection)
    search = await _searched(vault, context, connection)
    await connection.close()
    return [
        *(Figure(name, rate, "rows/s") for name, rate in rates.items()),
        *(
            Figure(f"{name}, per 1,000 rows", 1_000_000 / rate, "ms", limit=50.0)
            for name, rate in rates.items()
            if "exchanged" in name
        ),
        Figure("audit: rows inserted in one statement of 10,000", audited, "rows/s"),
        Figure("audit: rows sealed, 1,000 in a batch", sealed, "rows/s"),
        Figure(f"search by equality among {_SEARCHED:,} subjects, in PostgreSQL", search, "ms", limit=1.0),
    ]


async def _audited(connection: "object") -> float:
    insert = (
        "INSERT INTO encryption_audit (tenant_id, user_id, operation, success, field_name, level, key_version, "
        "purpose, actor_kind, origin, duration_us) SELECT 1, gen_random_uuid(), 'read', true, 'ssn', 3, 1, 'bench', "
        "'job', 'x', n FROM generate_series(1, 10000) n"
    )
    rates = []
    for _ in range(11):
        began = time.perf_counter()
        await connection.execute(insert)  # type: ignore[attr-defined]
        rates.append(10_000 / (time.perf_counter() - began))
    return sorted(rates)[5]


async def _searched(vault: Vault, context: Context, connection: "object") -> float:
    """Rows that are only there to be searched among; what a search costs inside the database, the median of 501."""
    hashes = await vault.hashes(1, "ssn", "000000007")
    await connection.execute(  # type: ignore[attr-defined]
        "ALTER TABLE users DISABLE TRIGGER USER; "
        "INSERT INTO users (tenant_id, ssn_index) "
        "SELECT 1, '\\x00000001'::bytea || substring(sha256(n::text::bytea) for 16) "
        f"FROM generate_series(1, {_SEARCHED}) n; ALTER TABLE users ENABLE ALWAYS TRIGGER users_kept; "
        "ALTER TABLE users ENABLE ALWAYS TRIGGER users_changed; ALTER TABLE users ENABLE ALWAYS TRIGGER users_rotated; "
        "ANALYZE users"
    )
    taken = []
    async with vault.database.acting("reader", context.for_purpose("overview"), "search") as reading:
        for _ in range(501):
            began = time.perf_counter()
            found = await reading.fetch("SELECT find_subjects('ssn', $1, 100)", hashes)
            taken.append(time.perf_counter() - began)
            assert len(found) == 1
    await asyncio.sleep(0)
    return sorted(taken)[250] * 1000


def _many(once: Callable[[], object], count: int = _COUNT) -> Callable[[], None]:
    def work() -> None:
        for _ in range(count):
            once()

    return work
