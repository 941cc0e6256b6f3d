"""The vault of a team: the routes of `vault/router.py`, under our permissions."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request

from sightline.accounts.permissions import Permission
from sightline.server import jobs
from sightline.server.api.shapes import PREFIX
from sightline.server.permissions import Access, requires_on_team
from sightline.vault.database import Context
from sightline.vault.rotation import JOB
from sightline.vault.router import Desk, Right, routes

_NEEDS: Final = {
    Right.READ: Permission.VAULT_READ,
    Right.WRITE: Permission.VAULT_WRITE,
    Right.REVEAL: Permission.VAULT_REVEAL,
    Right.AUDIT: Permission.VAULT_AUDIT,
    Right.ERASE: Permission.VAULT_ERASE,
    Right.ROTATE: Permission.VAULT_ROTATE,
}


def _needs(right: Right) -> Any:
    async def desk(request: Request, access: Annotated[Access, requires_on_team(_NEEDS[right])]) -> Desk:
        caller = access.caller
        context = Context(
            tenant_id=access.scope.tenant,
            actor_kind=caller.kind.value,
            actor_id=caller.actor_id,
            origin=request.client.host if request.client else "unknown",
            request_id=caller.request_id or None,
        )

        async def begin() -> None:
            await jobs.hurry(access.database, JOB)

        return Desk(access.house.subjects, context, access.house.requests, begin)

    return Depends(desk)


router = routes(_needs, APIRouter(prefix=f"{PREFIX}/vault/{{team}}", tags=["vault"]))
