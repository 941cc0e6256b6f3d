"""The house: every part that a process or a command works with, opened in order and closed in reverse.

One way in for all: `sightline up`, `serve` and each command open the same house. With `database.url` set it stands on
that PostgreSQL; otherwise on its own, which a command borrows from the server that runs on the data folder, or starts
for as long as it needs it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

import sightline.health.failures
import sightline.health.issue_texts
import sightline.health.logs
import sightline.health.vitals
import sightline.replay.chunks  # noqa: F401 - the kinds that they declare: whoever opens the house knows them all
from sightline.accounts.inner_keys import InnerKeys
from sightline.blobs.stores import Stores, open_stores
from sightline.database.address import Address, check, connect, direct, parse, pooled
from sightline.database.credentials import CredentialStore
from sightline.database.embedded import EmbeddedPostgres, running
from sightline.database.migrations import Phase, migrate
from sightline.database.pool import Database
from sightline.database.setup import set_up
from sightline.errors import ServiceError, SettingError
from sightline.keys.ring import KeyRing
from sightline.operate.erasing import erasure_over
from sightline.operate.replays import replays
from sightline.operate.restore import finish_restores
from sightline.replay.library import Library
from sightline.replay.walker import RecordingsWalker
from sightline.settings import Loaded, Settings
from sightline.signals.erasure import Erasure
from sightline.signals.extents import Catalogue
from sightline.signals.rules import RulesStore
from sightline.signals.walkers import Walkers
from sightline.signals.warehouse import Warehouse
from sightline.vault.opening import VaultClosed, VaultNotSetUp, open_vault
from sightline.vault.requests import Requests
from sightline.vault.setup import set_up_vault
from sightline.vault.subjects import Vault

Progress = Callable[[str], None]


class House(msgspec.Struct, frozen=True):
    """The parts. `direct` reaches PostgreSQL itself, where `database` may go through a proxy.

    Only a serving process that answers reports has a warehouse, which costs nothing until it is asked.
    """

    loaded: Loaded
    database: Database
    direct: Address
    keys: KeyRing
    stores: Stores
    rules: RulesStore
    warehouse: Warehouse | None = None
    vault: Vault | None = None
    vault_closed: str = ""  # why there is none although there should be
    inner_keys: InnerKeys = msgspec.field(default_factory=InnerKeys)

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.database, self.stores.extents, self.direct)

    @property
    def erasure(self) -> Erasure:
        return erasure_over(self.database, self.direct, self.stores, self.keys)

    @property
    def library(self) -> Library:
        return Library(self.database, self.stores.recordings, self.keys)

    @property
    def walkers(self) -> Walkers:
        """Everything that audits and masking anew go over."""
        found = Walkers(self.catalogue)
        found.register(RecordingsWalker(self.database, self.library))
        return found

    @property
    def subjects(self) -> Vault:
        """The vault, or the error that says how it comes to be."""
        if self.vault is None:
            raise VaultClosed(self.vault_closed) if self.vault_closed else VaultNotSetUp
        return self.vault

    @property
    def requests(self) -> Requests:
        """What persons ask the vault for."""
        return Requests(self.subjects, self.database, self.stores.seals)

    def heed_keys(self, payload: str) -> None:
        """Forget what another process announced about a key, in whatever ring it is held."""
        self.keys.heed(payload)
        if self.vault is not None:
            self.vault.application.heed(payload)

    def forget_keys(self) -> None:
        """What was announced may have been missed: hold no key."""
        self.keys.purge()
        if self.vault is not None and self.vault.application.own is not None:
            self.vault.application.own.purge()

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def data(self) -> Path:
        return self.loaded.data


@asynccontextmanager
async def open_house(
    loaded: Loaded,
    credentials: CredentialStore,
    *,
    progress: Progress,
    serving: bool = False,
    vault_login: CredentialStore | None = None,
) -> AsyncIterator[House]:
    """Open everything; `serving` takes the data folder for this process and brings the schema up to date.

    The vault is there for those who say where its login is.
    """
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
        session = await direct_address(loaded, credentials, address)
        house = House(loaded, database, session, keys, stores, RulesStore(database))
        if serving:  # what was erased after a backup is erased again before anybody can see it
            await finish_restores(database, stores, keys, replays(session))
        if serving and loaded.settings.server.role in {"all", "reports"}:
            house = msgspec.structs.replace(house, warehouse=local_warehouse(house))
            assert house.warehouse is not None
            stack.push_async_callback(house.warehouse.close)
        if vault_login is not None:
            house = await _with_vault(house, vault_login, stack, progress, serving=serving)
        yield house


async def _with_vault(
    house: House, login: CredentialStore, stack: AsyncExitStack, progress: Progress, *, serving: bool
) -> House:
    """With the vault, where there is one. One that cannot be opened keeps nobody from being served all the rest."""
    try:
        vault = await _opened_vault(house, login, progress, serving=serving)
        if vault is None:
            return house
        stack.push_async_callback(vault.close)
        opened = msgspec.structs.replace(house, vault=vault)
        if serving:  # what an older copy of the vault brought back goes before anybody can see it
            await opened.requests.finish()
    except ServiceError as exc:
        if not serving:
            raise
        progress(f"the vault stays closed: {exc}")
        return msgspec.structs.replace(house, vault_closed=str(exc))
    return opened


async def _opened_vault(house: House, login: CredentialStore, progress: Progress, *, serving: bool) -> Vault | None:
    """The vault; on the embedded PostgreSQL, whose administrator we are, it is set up on the way."""
    settings = house.settings
    admin = running(house.data) if settings.database.url is None and settings.vault.url is None else None
    if admin is not None:
        await set_up_vault(admin, settings.vault, login, progress=progress)
    minimum = settings.vault.pool_min if serving and admin is None else 0
    return await open_vault(settings, login, house.keys, minimum=minimum)


def vault_admin(loaded: Loaded) -> Address | None:
    """Who may act as the vault's owner: the administrator of its database, as far as the settings name one."""
    settings = loaded.settings
    if settings.vault.admin_url is not None:
        return parse(settings.vault.admin_url, settings.database, setting="vault.admin_url")
    if settings.vault.url is not None:
        return None  # a database of its own, of which the service's administrator knows nothing
    if settings.database.admin_url is not None:
        return parse(settings.database.admin_url, settings.database, setting="database.admin_url")
    return running(loaded.data) if settings.database.url is None else None


def local_warehouse(house: House) -> Warehouse:
    """The warehouse of this node; one process at a time may open its file."""
    settings = house.settings.warehouse
    file = Path(settings.file).expanduser() if settings.file else house.data / "warehouse" / "warehouse.duckdb"
    return Warehouse(file.absolute(), house.catalogue, settings)


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
