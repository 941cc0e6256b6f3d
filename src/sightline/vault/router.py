"""The vault as HTTP routes, for our own API and for any other FastAPI application.

The application says who may do what: `routes(needs)` is given a function that makes, for each `Right`, the dependency
which checks it and returns a `Desk`: the vault, and the context in which whoever asks works with it. Ours takes rights
from permissions (`server/api/vault.py`). In an application of one's own::

    async def desk(request: Request) -> Desk:
        user = await my_sign_in(request)              # raise what your application answers strangers with
        return Desk(vault, Context(tenant_id=1, actor_kind="user", actor_id=user.id, origin=request.client.host))

    app.include_router(routes(lambda right: Depends(desk)), prefix="/vault")

Errors are `SightlineError`s, which carry their status and one line that holds no personal data.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query

from sightline.errors import NotFound
from sightline.vault import audit
from sightline.vault.database import Context
from sightline.vault.documents import (
    AskedUnder,
    AuditEntry,
    AuditPage,
    AuditPart,
    AuditVerified,
    Changes,
    Denial,
    ErasureReceipt,
    ErasureReceipts,
    FieldOfVault,
    FieldsOfVault,
    FoundSubjects,
    MaskedSubject,
    NewRequest,
    NewRotation,
    NewSubjects,
    Number,
    PersonName,
    PersonRequest,
    PersonRequests,
    Reading,
    ReadingMany,
    Restriction,
    RotationBegun,
    RotationRun,
    RotationRuns,
    Search,
    Subject,
    SubjectIds,
    SubjectPage,
    Values,
    ValuesOfMany,
)
from sightline.vault.purposes import AUDIT
from sightline.vault.requests import Requests
from sightline.vault.rotation import KeyType, Rotation
from sightline.vault.sealing import Sealer
from sightline.vault.subjects import Vault


class Right(StrEnum):
    """What a route lets somebody do."""

    READ = "read"
    WRITE = "write"
    REVEAL = "reveal"
    AUDIT = "audit"
    ERASE = "erase"
    ROTATE = "rotate"


class Desk(msgspec.Struct, frozen=True):
    """What a route works with.

    Without `requests` the application answers those of persons elsewhere, and proves its audit elsewhere. `rotate` lets
    `Rotation.resume` run soon; without it keys are rotated by the command line only.
    """

    vault: Vault
    context: Context
    requests: Requests | None = None
    rotate: Callable[[], Awaitable[None]] | None = None

    @property
    def answering(self) -> Requests:
        if self.requests is None:
            raise NotFound("requests of persons are not answered here")
        return self.requests

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.vault.database, self.vault.keys, self.answering.store)

    def rotating(self, pause_ms: int = 0) -> Rotation:
        return Rotation(self.vault, self.context, pause_s=pause_ms / 1000)

    @property
    def begin(self) -> Callable[[], Awaitable[None]]:
        if self.rotate is None:
            raise NotFound("keys are not rotated here", hint="Use `sightline vault keys rotate`.")
        return self.rotate


def routes(needs: Callable[[Right], Any], router: APIRouter | None = None) -> APIRouter:
    """Add the vault's routes to a router."""
    router = router or APIRouter()
    _reading(router, needs)
    _writing(router, needs)
    _auditing(router, needs)
    _answering(router, needs)
    _rotating(router, needs)
    return router


def _reading(router: APIRouter, needs: Callable[[Right], Any]) -> None:
    @router.get("/fields")
    async def fields(desk: Annotated[Desk, needs(Right.READ)]) -> FieldsOfVault:
        """List the fields that can be kept, and the purposes for which they may be read."""
        vault = desk.vault
        shown = [
            FieldOfVault(name=name, number=field.number, tier=field.tier, searchable=field.normal is not None)
            for name, field in ((name, vault.fields[name]) for name in vault.fields.names())
        ]
        return FieldsOfVault(
            fields=shown, purposes={name: sorted(vault.purposes.covered(name)) for name in vault.purposes.names()}
        )

    @router.get("/subjects")
    async def listing(
        desk: Annotated[Desk, needs(Right.READ)],
        after: Annotated[UUID | None, Query(description="`next` of the part before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
    ) -> SubjectPage:
        """List subjects, masked."""
        found = await desk.vault.page(desk.context, after=after, limit=limit + 1)
        items = [MaskedSubject.of(one) for one in found[:limit]]
        return SubjectPage(items=items, next=items[-1].id if len(found) > limit else None)

    @router.get("/subjects/{subject}")
    async def show(desk: Annotated[Desk, needs(Right.READ)], subject: Subject) -> MaskedSubject:
        """One subject, masked."""
        return MaskedSubject.of(await desk.vault.show(desk.context, subject))

    @router.post("/search")
    async def search(body: Search, desk: Annotated[Desk, needs(Right.READ)]) -> FoundSubjects:
        """Find subjects by a value, whatever way it is written; they are shown masked."""
        ids = await desk.vault.search(desk.context, body.field, body.value)
        shown = await desk.vault.show_many(desk.context, ids) if ids else []
        return FoundSubjects(ids=ids, items=[MaskedSubject.of(one) for one in shown])

    @router.post("/subjects/{subject}/read")
    async def read(body: Reading, desk: Annotated[Desk, needs(Right.REVEAL)], subject: Subject) -> Values:
        """Read values for a purpose; the row of the audit is written first."""
        context = desk.context.for_purpose(body.purpose)
        return Values(values=await desk.vault.read(context, subject, body.fields, clear=body.clear))

    @router.post("/read")
    async def read_many(body: ReadingMany, desk: Annotated[Desk, needs(Right.REVEAL)]) -> ValuesOfMany:
        """Read values of several subjects; those that are not there are left out."""
        context = desk.context.for_purpose(body.purpose)
        found = await desk.vault.read_many(context, body.subjects, body.fields, clear=body.clear)
        return ValuesOfMany(subjects=found)


def _auditing(router: APIRouter, needs: Callable[[Right], Any]) -> None:
    @router.get("/audit")
    async def entries(
        desk: Annotated[Desk, needs(Right.AUDIT)],
        subject: Annotated[UUID | None, Query(description="A subject's pseudonym: `user_id` of a row.")] = None,
        operation: Annotated[str | None, Query(pattern=r"^[a-z._]{1,40}$")] = None,
        success: Annotated[bool | None, Query()] = None,
        before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the part before.")] = None,
    ) -> AuditPage:
        """Read the vault's audit, the latest first; that it was read is a row of it."""
        wanted = audit.Wanted(pseudonym=subject, operation=operation, success=success)
        found = await audit.entries(desk.vault.database, desk.context, wanted, before=before, limit=101)
        items = [AuditEntry.of(entry) for entry in found[:100]]
        return AuditPage(items=items, next=items[-1].id if len(found) > 100 else None)

    @router.post("/audit/verify")
    async def verify(body: AuditPart, desk: Annotated[Desk, needs(Right.AUDIT)]) -> AuditVerified:
        """Hold a part of the audit against its seals and their copies; that it was verified is a row of it."""
        sealer = desk.sealer
        if not body.after:
            await desk.vault.database.note(desk.context.for_purpose(AUDIT), "audit.verify")
        found = await sealer.verify_part(body.after)
        return AuditVerified(**msgspec.structs.asdict(found))

    @router.get("/audit/{row}/proof")
    async def proof(
        desk: Annotated[Desk, needs(Right.AUDIT)], row: Annotated[int, Path(ge=1, le=2**63 - 1)]
    ) -> dict[str, Any]:
        """The proof that a row is in its seal, for somebody who has only the seal."""
        return await desk.sealer.prove(row, desk.context.tenant_id)


def _writing(router: APIRouter, needs: Callable[[Right], Any]) -> None:
    @router.post("/subjects", status_code=201)
    async def create(body: NewSubjects, desk: Annotated[Desk, needs(Right.WRITE)]) -> SubjectIds:
        """Keep persons' data: all that are given, or none."""
        rows = [one.values for one in body.subjects]
        return SubjectIds(ids=await desk.vault.create_many(desk.context, rows))

    @router.patch("/subjects/{subject}", status_code=204)
    async def change(body: Changes, desk: Annotated[Desk, needs(Right.WRITE)], subject: Subject) -> None:
        """Change values of a subject."""
        await desk.vault.update(desk.context, subject, body.values)

    @router.post("/subjects/{subject}/persons", status_code=204)
    async def link(body: PersonName, desk: Annotated[Desk, needs(Right.WRITE)], subject: Subject) -> None:
        """Say by which name `identify` knows this subject, so that an erasure takes the person's signals, too."""
        await desk.vault.link(desk.context, subject, body.name)

    @router.put("/subjects/{subject}/restriction", status_code=204)
    async def restrict(body: Restriction, desk: Annotated[Desk, needs(Right.WRITE)], subject: Subject) -> None:
        """Keep a subject's values from being read (GDPR article 18), or let them be read again."""
        await desk.vault.restrict(desk.context, subject, restricted=body.restricted)


def _answering(router: APIRouter, needs: Callable[[Right], Any]) -> None:
    @router.get("/requests")
    async def requests(
        desk: Annotated[Desk, needs(Right.ERASE)],
        only_open: Annotated[bool, Query(description="Only what is not answered yet.")] = False,  # noqa: FBT002
    ) -> PersonRequests:
        """List what persons asked for."""
        found = await desk.answering.listing(desk.context, only_open=only_open)
        return PersonRequests(items=[PersonRequest.of(one) for one in found])

    @router.post("/subjects/{subject}/requests", status_code=201)
    async def receive(body: NewRequest, desk: Annotated[Desk, needs(Right.ERASE)], subject: Subject) -> PersonRequest:
        """Note that a person asks for something: from now on the time for the answer runs."""
        found = await desk.answering.receive(desk.context, subject, body.kind, body.jurisdiction, body.manner)
        return PersonRequest.of(found)

    @router.post("/requests/{number}/deny")
    async def deny(body: Denial, desk: Annotated[Desk, needs(Right.ERASE)], number: Number) -> PersonRequest:
        """Answer that it is not done, and why."""
        return PersonRequest.of(await desk.answering.deny(desk.context, number, body.basis))

    @router.post("/requests/{number}/extend")
    async def extend(desk: Annotated[Desk, needs(Right.ERASE)], number: Number) -> PersonRequest:
        """Take as much longer as the law lets one, once; the person has to be told so, and why."""
        return PersonRequest.of(await desk.answering.extend(desk.context, number))

    @router.get("/receipts")
    async def receipts(
        desk: Annotated[Desk, needs(Right.ERASE)],
        before: Annotated[UUID | None, Query(description="`next` of the part before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
    ) -> ErasureReceipts:
        """List the receipts of everybody who was erased, the latest first."""
        found = await desk.answering.receipts(desk.context, before=before, limit=limit + 1)
        items = [ErasureReceipt.of(one) for one in found[:limit]]
        return ErasureReceipts(items=items, next=items[-1].subject if len(found) > limit else None)

    @router.post("/subjects/{subject}/export")
    async def export(body: AskedUnder, desk: Annotated[Desk, needs(Right.ERASE)], subject: Subject) -> dict[str, Any]:
        """Everything that is kept of a subject, for them; under CCPA what must not be disclosed is only named."""
        return await desk.answering.export(desk.context, subject, body.jurisdiction)

    @router.post("/subjects/{subject}/erase")
    async def erase(body: AskedUnder, desk: Annotated[Desk, needs(Right.ERASE)], subject: Subject) -> dict[str, Any]:
        """Erase a subject from the vault and the signals, for good; the answer is the signed receipt."""
        return await desk.answering.erase(desk.context, subject, body.jurisdiction)

    @router.get("/subjects/{subject}/receipt")
    async def receipt(desk: Annotated[Desk, needs(Right.ERASE)], subject: Subject) -> dict[str, Any]:
        """The receipt of a subject who was erased."""
        found = await desk.answering.receipt(desk.context, subject)
        if found is None:
            raise NotFound("no such subject was erased")
        return found


def _rotating(router: APIRouter, needs: Callable[[Right], Any]) -> None:
    @router.get("/rotations")
    async def rotations(desk: Annotated[Desk, needs(Right.AUDIT)]) -> RotationRuns:
        """List the rotations, the latest first, with how far they are."""
        return RotationRuns(items=[RotationRun.of(run) for run in await desk.rotating().log()])

    @router.post("/rotations", status_code=202)
    async def rotate(body: NewRotation, desk: Annotated[Desk, needs(Right.ROTATE)]) -> RotationBegun:
        """Begin to make a key anew and to take every value to it, in the background; or count what it would take."""
        rotation = desk.rotating(body.pause_ms)
        subjects = await rotation.count()
        if body.dry_run:
            return RotationBegun(subjects=subjects, rotation=None)
        begin = desk.begin
        run = await rotation.ask(body.key_type)
        await begin()
        return RotationBegun(subjects=subjects, rotation=RotationRun.of(run))

    @router.post("/rotations/{key_type}/roll-back", status_code=202)
    async def roll_back(desk: Annotated[Desk, needs(Right.ROTATE)], key_type: KeyType) -> RotationRun:
        """Begin to take the latest rotation back, also in the middle of it. What was destroyed stays destroyed."""
        begin = desk.begin
        run = await desk.rotating().ask_back(key_type)
        await begin()
        return RotationRun.of(run)
