"""What the vault's routes take and answer."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from sightline.vault import audit
from sightline.vault.requests import Basis, Jurisdiction, Kind, Manner, Receipt, Request
from sightline.vault.rotation import KeyType, Run
from sightline.vault.subjects import Shown

MOST_BYTES: Final = 16_384
MOST_ROWS: Final = 200


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


Value = Annotated[str, Field(max_length=MOST_BYTES)]
Name = Annotated[str, Field(max_length=32, description="A field, as `GET …/fields` lists them.")]
Subject = Annotated[UUID, Path(description="The subject's id.")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="The request's id.")]
# JSON has no UUIDs: strict bodies read them from texts.
Id = Annotated[UUID, Field(strict=False)]


class NewSubject(_Body):
    """What is kept of a person, by field."""

    values: Annotated[dict[Name, Value], Field(min_length=1, max_length=64)]


class NewSubjects(_Body):
    """Several persons: all of them are kept, or none."""

    subjects: Annotated[list[NewSubject], Field(min_length=1, max_length=MOST_ROWS)]


class Changes(_Body):
    """Other values; null takes one away."""

    values: Annotated[dict[Name, Value | None], Field(min_length=1, max_length=64)]


class Reading(_Body):
    """Which fields, and what they are wanted for."""

    fields: Annotated[list[Name], Field(min_length=1, max_length=64)]
    purpose: Annotated[str, Field(max_length=40, description="As the setting vault.purposes declares it.")]
    clear: Annotated[bool, Field(description="False: in the form that the field is displayed in.")] = True


class ReadingMany(Reading):
    """The same of several subjects."""

    subjects: Annotated[list[Id], Field(min_length=1, max_length=MOST_ROWS)]


class Search(_Body):
    """A value that subjects are looked for by. It stands in the body: addresses are logged on the way."""

    field: Name
    value: Value


class PersonName(_Body):
    """What `identify` calls the person."""

    name: Annotated[str, Field(min_length=1, max_length=500)]


class Restriction(_Body):
    """Whether values may be read."""

    restricted: bool


class MaskedSubject(BaseModel):
    """A subject as everybody may see it who may see the vault."""

    id: UUID
    values: Annotated[dict[str, str], Field(description="Masked. Fields of tiers 2 and 3 are starred whole.")]
    restricted: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, shown: Shown) -> "MaskedSubject":
        return cls(**msgspec.structs.asdict(shown))


class SubjectIds(BaseModel):
    """Ids of subjects."""

    ids: list[UUID]


class FoundSubjects(BaseModel):
    """Who was found."""

    ids: list[UUID]
    items: list[MaskedSubject]


class SubjectPage(BaseModel):
    """A part of the list; `next` is the `after` of the following part, null at the end."""

    items: list[MaskedSubject]
    next: UUID | None


class Values(BaseModel):
    """Values by field."""

    values: dict[str, str]


class ValuesOfMany(BaseModel):
    """Values by subject and field."""

    subjects: dict[UUID, dict[str, str]]


class FieldOfVault(BaseModel):
    """A field that can be kept."""

    name: str
    number: int
    tier: int
    searchable: bool


class FieldsOfVault(BaseModel):
    """What can be kept, and what it may be read for."""

    fields: list[FieldOfVault]
    purposes: dict[str, list[str]]


class AuditEntry(BaseModel):
    """One row of the vault's audit; `user_id` is a pseudonym of the subject."""

    id: str
    accessed_at: datetime
    user_id: UUID | None
    operation: str
    success: bool
    field_name: str | None
    level: int | None
    key_version: int | None
    row_count: int
    purpose: str
    actor_kind: str
    actor_id: str | None
    origin: str
    request_id: str | None
    duration_us: int
    error: str | None
    db_role: str

    @classmethod
    def of(cls, entry: audit.Entry) -> "AuditEntry":
        fields = msgspec.structs.asdict(entry)
        actor = None if entry.actor_id is None else str(entry.actor_id)
        return cls(**{**fields, "id": str(entry.id), "actor_id": actor})


class AskedUnder(_Body):
    """Under which law a person asks."""

    jurisdiction: Jurisdiction


class NewRequest(AskedUnder):
    """What a person asks for, and how it came in."""

    kind: Annotated[Kind, Field(description="A copy of their data, or that they are erased.")]
    manner: Manner = "unknown"


class Denial(_Body):
    """Why it is not done."""

    basis: Basis


class PersonRequest(BaseModel):
    """What a person asked for, by when it is due, and how it was answered."""

    id: str
    kind: str
    jurisdiction: str
    pseudonym: UUID
    subject: Annotated[UUID | None, Field(description="Null once they were erased.")]
    manner: str
    received_at: datetime
    due_at: datetime
    extended_at: datetime | None
    answered_at: datetime | None
    outcome: Annotated[str | None, Field(description="answered, erased or denied.")]
    basis: Annotated[str | None, Field(description="Why it was denied.")]
    late: bool

    @classmethod
    def of(cls, one: Request) -> "PersonRequest":
        return cls(**{**msgspec.structs.asdict(one), "id": str(one.id), "late": one.is_late})


class PersonRequests(BaseModel):
    """What persons asked for, what is open first."""

    items: list[PersonRequest]


class ErasureReceipt(BaseModel):
    """The receipt of somebody who was erased, and whether its signature holds."""

    subject: UUID
    erased_at: datetime
    document: dict[str, Any]
    holds: bool

    @classmethod
    def of(cls, one: Receipt) -> "ErasureReceipt":
        return cls(**msgspec.structs.asdict(one))


class ErasureReceipts(BaseModel):
    """A part of the receipts, the latest first; `next` is the `before` of the following part."""

    items: list[ErasureReceipt]
    next: UUID | None


class NewRotation(_Body):
    """Which key is made anew. The root key is the instance's: `sightline root-key`."""

    key_type: KeyType
    pause_ms: Annotated[int, Field(ge=0, le=60_000, description="How long it rests between two batches.")] = 0
    dry_run: Annotated[bool, Field(description="Only count the subjects that it would go through.")] = False


class RotationRun(BaseModel):
    """One rotation. Versions are those of the tenant, application or index key; subjects have a key each."""

    id: str
    key_type: str
    direction: Annotated[str, Field(description="forward, or back where it takes an earlier one back.")]
    old_version: int | None
    new_version: int | None
    status: Annotated[str, Field(description="running, verifying, completed, failed or rolled_back.")]
    total: int
    done: int
    failed: Annotated[int, Field(description="Values that could not be opened.")]
    pause_ms: int
    started_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, run: Run) -> "RotationRun":
        fields = {name: value for name, value in msgspec.structs.asdict(run).items() if name in cls.model_fields}
        return cls(**{**fields, "id": str(run.id)})


class RotationRuns(BaseModel):
    """Rotations, the latest first."""

    items: list[RotationRun]


class RotationBegun(BaseModel):
    """What was begun, or would be: `rotation` is null after a dry run."""

    subjects: int
    rotation: RotationRun | None


class AuditVerified(BaseModel):
    """What a part of a verification found; `next` is the `after` of the following part, null at the end."""

    seals: int
    rows: int
    unsealed: Annotated[int, Field(description="Rows that wait for their seal.")]
    total: Annotated[int, Field(description="The number of the newest seal.")]
    wrong: Annotated[list[str], Field(description="What is not as it was sealed; empty: all is.")]
    next: int | None


class AuditPart(_Body):
    """Where a part of a verification begins."""

    after: Annotated[int, Field(ge=0, le=2**62, description="`next` of the part before.")] = 0


class AuditPage(BaseModel):
    """A part of the audit, the latest first; `next` is the `before` of the following part."""

    items: list[AuditEntry]
    next: str | None
