"""The vault, as `sightline doctor` looks at it: can it be opened, is it audited and sealed, is anything late."""

from datetime import timedelta
from typing import Final

import msgspec

from sightline import clock
from sightline.database.address import Address
from sightline.database.credentials import CredentialStore
from sightline.operate.doctor import Finding
from sightline.settings import Loaded
from sightline.vault.audit import Condition, condition
from sightline.vault.database import VaultDatabase
from sightline.vault.fields import Fields
from sightline.vault.opening import vault_address
from sightline.vault.purposes import Purposes

# The job seals every minute; this late, none does.
_SEALED_WITHIN: Final = timedelta(minutes=15)


async def check_vault(loaded: Loaded, login: CredentialStore, main: Address) -> Finding:
    """Take on its roles, compare its schema, and say what waits."""
    settings = loaded.settings.vault
    purposes = Purposes(settings.purposes, Fields())
    address = await vault_address(loaded.settings, login)
    if address is None:
        return Finding("vault", "ok", "there is none; `sightline vault setup` makes one")
    if loaded.settings.database.url is None and settings.url is None:  # the embedded one, whose socket may move
        address = msgspec.structs.replace(address, host=main.host, port=main.port)
    database = await VaultDatabase.open(address, settings, lambda: "", minimum=0)
    try:
        await database.check()
        found = await condition(database)
    finally:
        await database.close()
    return _judged(found, purposes, address.shown())


def _judged(found: Condition, purposes: Purposes, where: str) -> Finding:
    now = clock.now()
    if found.last_month < now.date().replace(day=1):
        return Finding("vault", "fail", "its audit has no room for this month, so nothing can be read or written",
                       "Run `sightline jobs run vault.months`; a server has to run with role all or jobs.")  # fmt: skip
    if found.unsealed_since is not None and now - found.unsealed_since > _SEALED_WITHIN:
        return Finding("vault", "warn", f"rows of its audit wait for their seal since {found.unsealed_since:%F %H:%M}",
                       "Is a server running with role all or jobs? `sightline jobs list` says why not.")  # fmt: skip
    if found.late:
        return Finding("vault", "warn", f"{found.late} requests of persons are past their date",
                       "`sightline vault requests --open` names them.")  # fmt: skip
    if found.failed:
        return Finding("vault", "warn", f"{found.failed} rotations met values that did not open",
                       "See `sightline vault keys log`; `sightline vault keys roll-back` takes one back.")  # fmt: skip
    return Finding("vault", "ok", f"{where}: {found.seals} seals, {len(purposes.names())} purposes, nothing late")
