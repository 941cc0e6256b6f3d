"""The house: every part that a process or a command works with, opened in order and closed in reverse.

One way in for all: `sightline up`, `serve` and each command open the same house. With `database.url` set it stands on
that PostgreSQL; otherwise on its own, which a command borrows from the server that runs on the data folder, or starts
for as long as it needs it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from sightline.blobs.stores import Stores, open_stores
from sightline.database.address import Address, check, connect, direct, pooled
from sightline.database.credentials import CredentialStore
from sightline.database.embedded import EmbeddedPostgres, running
from sightline.database.migrations import Phase, migrate
from sightline.database.pool import Database
from sightline.database.setup import set_up
from sightline.errors import SettingError
from sightline.keys.ring import KeyRing
from sightline.operate.restore import REPLAYS, finish_restores
from sightline.settings import Loaded, Settings
from sightline.signals.rules import RulesStore

Progress = Callable[[str], None]


class House(msgspec.Struct, frozen=True):
    """The parts. `direct` reaches PostgreSQL itself, where `database` may go through a proxy."""

    loaded: Loaded
    database: Database
    direct: Address
    keys: KeyRing
    stores: Stores
    rules: RulesStore

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def data(self) -> Path:
        return self.loaded.data


@asynccontextmanager
async def open_house(
    loaded: Loaded, credentials: CredentialStore, *, progress: Progress, serving: bool = False
) -> AsyncIterator[House]:
    """Open everything; `serving` takes the data folder for this process and brings the schema up to date."""
    async with AsyncExitStack() as stack:
        address = await opened_address(loaded, credentials, stack, progress, serving=serving)
        database = await Database.open(
            address,
            minimum=loaded.settings.database.pool_min if serving else 0,
            maximum=loaded.settings.database.pool_max,
            timeout_s=loaded.settings.database.timeout_s,
        )
        stack.push_async_callback(database.close)
        keys = await KeyRing.open(database, loaded.settings.keys, loaded.settings.aws, loaded.data / "keys")
        stack.push_async_callback(keys.close)
        stores = open_stores(loaded.settings.blobs, loaded.settings.aws, loaded.data)
        if serving:  # what was erased after a backup is erased again before anybody can see it
            await finish_restores(database, stores, keys, REPLAYS)
        session = await direct_address(loaded, credentials, address)
        yield House(loaded, database, session, keys, stores, RulesStore(database))


async def opened_address(  # noqa: PLR0913 - all but two say how, by name
    loaded: Loaded,
    credentials: CredentialStore,
    stack: AsyncExitStack,
    progress: Progress,
    *,
    serving: bool,
    migrating: bool = True,
) -> Address:
    """Where the service's database is; the embedded one is set up, and migrated whenever it was not running.

    `migrating=False` leaves the schema as it is: a restore brings its own, `doctor` only looks.
    """
    settings = loaded.settings
    if settings.database.url is not None:
        address = await _with_password(pooled(settings.database), credentials)
        await check(address)
        if serving and migrating:
            # The release before may still run beside this one; what it would not survive is left to `db migrate`.
            await _migrate(await direct_address(loaded, credentials, address), progress, phase="pre")
        return address
    admin = None if serving else running(loaded.data)
    started = admin is None
    if admin is None:
        postgres = EmbeddedPostgres(loaded.data, settings.embedded)
        admin = await postgres.start(progress)
        stack.push_async_callback(postgres.stop)
    found = await credentials.read()
    if found is None or started:
        # The socket's folder may have moved since the last start; setup notices and writes the login anew.
        found = (await set_up(admin, settings.database, credentials)).credentials
    if found is None:
        raise SettingError(f"no login in {credentials.shown()}", hint="Run `sightline db setup`.")
    address = found.address(settings.database)
    if started and migrating:
        await _migrate(address, progress)
    return address


async def direct_address(loaded: Loaded, credentials: CredentialStore, address: Address) -> Address:
    """The address for what needs a session of its own: RDS Proxy hands sessions around, the writer does not."""
    settings = loaded.settings.database
    if settings.url is None or settings.direct_url is None:
        return address
    found = await _with_password(direct(settings), credentials)
    await check(found)
    return found


async def _with_password(address: Address, credentials: CredentialStore) -> Address:
    """The address with the login that setup kept, where its URL has no password."""
    if address.password is not None:
        return address
    found = await credentials.read()
    if found is None:
        raise SettingError(
            f"database.url has no password, and there is none in {credentials.shown()}",
            hint="Run `sightline db setup`, or write the password into database.url.",
        )
    return address.as_user(found.username, found.password)


async def _migrate(address: Address, progress: Progress, *, phase: Phase | None = None) -> None:
    connection = await connect(address, application="sightline migrate")
    try:
        await migrate(connection, phase=phase, progress=progress)
    finally:
        await connection.close()
