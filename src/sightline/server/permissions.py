"""Every route says what it needs, by `requires(Permission.…)` or `public("why")`; one that does not fails the suite.

A route of FastAPI says it as a dependency, a plain ASGI route by `declare`. Whatever a route does with a site or a team
that its path names, it does with a `Scope` narrowed to that one: `{site}` and `{team}` are resolved here and nowhere
else, so no route can forget to ask whose they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, FastAPI, Path, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.database.pool import Database
from sightline.errors import NotSignedIn
from sightline.operate.house import House
from sightline.server.authentication import SAFE_METHODS, caller_of, check_same_origin, house
from sightline.settings import Settings


class Access(msgspec.Struct, frozen=True):
    """What a route is given: who asks, what they may touch, and the parts it works with."""

    scope: Scope
    house: House

    @property
    def database(self) -> Database:
        return self.house.database

    @property
    def settings(self) -> Settings:
        return self.house.settings

    @property
    def caller(self) -> Caller:
        return self.scope.caller

    @property
    def user_id(self) -> int:
        """The user who asks, themselves or by a key."""
        if self.caller.user_id is None:
            raise NotSignedIn
        return self.caller.user_id


class Requires:
    """The need of one permission: `access` checks it and resolves its scope."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def access(self, request: Request, response: Response) -> Access:
        response.headers["cache-control"] = "no-store"
        parts, caller = house(request), await caller_of(request)
        path = request.path_params
        scope = await scope_for(parts.database, caller, self.permission, site=path.get("site"), team=path.get("team"))
        return Access(scope, parts)


class RequiresAnywhere(Requires):
    """The dependency of a route that is about no one site or team."""

    async def __call__(self, request: Request, response: Response) -> Access:
        return await self.access(request, response)


class RequiresOnSite(Requires):
    """The dependency of a route with `{site}`, which so stands in the OpenAPI document, too."""

    async def __call__(
        self,
        request: Request,
        response: Response,
        site: Annotated[str, Path(max_length=64, description="The site's id or UUID.")],  # noqa: ARG002
    ) -> Access:
        return await self.access(request, response)


class RequiresOnTeam(Requires):
    """The dependency of a route with `{team}`."""

    async def __call__(
        self,
        request: Request,
        response: Response,
        team: Annotated[str, Path(max_length=64, description="The team's id or UUID.")],  # noqa: ARG002
    ) -> Access:
        return await self.access(request, response)


class Public:
    """The dependency of a route that everybody may call; `why` is what a reviewer reads."""

    def __init__(self, why: str) -> None:
        if not why:
            raise ValueError("a public route says why it is public")
        self.why = why

    async def __call__(self, request: Request) -> None:
        # Also without a cookie: a foreign page shall not sign a browser in under an account of its choice.
        if request.method not in SAFE_METHODS:
            check_same_origin(request, strictly=False)


Need = Requires | Public
_declared: dict[tuple[str, str], Need] = {}


def requires(permission: Permission) -> Any:
    """Mark a route, in the type of the parameter that receives its `Access`."""
    return Depends(RequiresAnywhere(permission))


def requires_on_site(permission: Permission) -> Any:
    """The same for a route with `{site}`."""
    return Depends(RequiresOnSite(permission))


def requires_on_team(permission: Permission) -> Any:
    """The same for a route with `{team}`."""
    return Depends(RequiresOnTeam(permission))


def public(why: str) -> Any:
    """Mark a route that needs no permission by `dependencies=[public("why")]`."""
    return Depends(Public(why))


def declare(path: str, methods: str | Iterable[str], need: Permission | str) -> None:
    """Say what a plain ASGI route needs: a permission, which it checks itself, or the reason why it is public."""
    wanted: Need = Requires(need) if isinstance(need, Permission) else Public(need)
    for method in [methods] if isinstance(methods, str) else methods:
        before = _declared.setdefault((method, path), wanted)
        if _said(before) != _said(wanted):
            raise ValueError(f"{method} {path} was declared before, with {_said(before)!r}")


class Route(msgspec.Struct, frozen=True):
    """One method of one route and what it needs; None where it says nothing."""

    method: str
    path: str
    need: Need | None

    @property
    def said(self) -> str:
        return _said(self.need) if self.need else ""


def routes(*apps: FastAPI) -> list[Route]:
    """Every route of these applications and every declared one, in the order of their paths."""
    found = [Route(method, path, need) for (method, path), need in _declared.items()]
    for app in apps:
        found.extend(_routes_of(app))
    return sorted(found, key=lambda route: (route.path, route.method))


def undeclared(*apps: FastAPI) -> list[str]:
    """The routes that do not say what they need, or say it twice: empty, or the suite fails."""
    return [f"{route.method} {route.path}" for route in routes(*apps) if route.need is None]


def declared() -> Mapping[tuple[str, str], Need]:
    return dict(_declared)


_IMPLIED: Final = frozenset({"HEAD", "OPTIONS"})


def _routes_of(app: FastAPI) -> Iterator[Route]:
    for context in iter_route_contexts(app.routes):
        path = str(context.path or "")
        dependant: Dependant | None = getattr(context, "dependant", None)
        needs = list(_needs(dependant)) if dependant else []
        need = needs[0] if len(needs) == 1 else None
        for method in sorted(set(context.methods or {"GET"}) - _IMPLIED):
            yield Route(method, path, need or _declared.get((method, path)))


def _needs(dependant: Dependant) -> Iterator[Need]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Requires | Public):
            yield inner.call
        yield from _needs(inner)


def _said(need: Need) -> str:
    return need.permission.value if isinstance(need, Requires) else f"public: {need.why}"
