"""The keys of a batch of subjects: leased in one statement, since a rotation meets each subject only once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline.keys.bulk import Leased
from sightline.keys.held import DataKey
from sightline.vault.envelope import SubjectCipher, versions_of
from sightline.vault.fields import Field
from sightline.vault.subjects import APPLICATION_KEY, TIER3_AGE_S, Vault


class BatchKeys:
    """The keys of one batch: those that were leased at once, and the ring for the rest."""

    def __init__(self, vault: Vault, tenant_id: int, held: Mapping[str, Leased], application: DataKey | None) -> None:
        self._vault = vault
        self._tenant = tenant_id
        self._held = held
        self._application = application
        self._older: dict[int, AESGCM] = {}  # application keys, by version
        self._opening: tuple[UUID, int, int | None, SubjectCipher] | None = None

    def version(self, subject: UUID) -> int | None:
        """The active version of a subject's key, where it is held."""
        key = self._held.get(str(subject))
        return key.version if key else None

    async def sealing(self, subject: UUID, tiers: Sequence[int]) -> SubjectCipher:
        key, application = self._held.get(str(subject)), self._application
        if key is None or application is None:
            return await self._vault.sealing_cipher(self._tenant, subject, tiers)
        return SubjectCipher(
            self._tenant, subject, key.version, key.lend(len(tiers)),
            (application.version, application.lend(tiers.count(3))),
        )  # fmt: skip

    async def opening(self, subject: UUID, blob: bytes) -> SubjectCipher:
        version, app_version = versions_of(blob)
        last = self._opening
        if last is not None and last[0] == subject and last[1] == version and last[2] == app_version:
            return last[3]
        key = self._held.get(str(subject))
        if key is None or key.version != version:
            found = await self._vault.opening_cipher(self._tenant, subject, blob)
        else:
            application = None
            if app_version is not None:
                older = self._older.get(app_version) or await self._opened_application(app_version)
                application = (app_version, older)
            found = SubjectCipher(self._tenant, subject, version, key.lend(0), application)
        self._opening = (subject, version, app_version, found)
        return found

    async def _opened_application(self, version: int) -> AESGCM:
        ring = await self._vault.application.ring(self._tenant)
        key = await ring.opening_key(self._tenant, APPLICATION_KEY, version=version, max_age_s=TIER3_AGE_S)
        cipher = self._older[version] = key.lend(0)
        return cipher

    async def opened(self, subject: UUID, field: Field, blob: bytes) -> str:
        return (await self.opening(subject, blob)).open(field.number, field.tier, blob).decode()
