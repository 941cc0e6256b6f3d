"""The HTTP API of Sightline itself, `/api/v1`: one file per noun."""

from collections.abc import Sequence

from fastapi import APIRouter

from sightline.server.api import (
    api_keys,
    audit,
    invitations,
    jobs,
    links,
    me,
    privacy,
    quarantine,
    reports,
    segments,
    setup,
    sign_in,
    sites,
    teams,
    users,
)


def routers() -> Sequence[APIRouter]:
    """Every router, each with its whole prefix."""
    modules = (
        setup, sign_in, me, teams, invitations, users, sites, reports, segments, links, quarantine, api_keys, audit,
        jobs, privacy,
    )  # fmt: skip
    return [module.router for module in modules]
