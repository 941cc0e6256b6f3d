"""The HTTP API of Sightline itself, `/api/v1`: one file per noun."""

from collections.abc import Sequence

from fastapi import APIRouter

from sightline.server.api import (
    annotations,
    api_keys,
    audit,
    boards,
    cloud,
    demo,
    erasures,
    exports,
    invitations,
    issues,
    jobs,
    links,
    logs,
    me,
    privacy,
    quarantine,
    recording_lists,
    recording_notes,
    recording_panes,
    recording_searches,
    recording_shares,
    recordings,
    report_shares,
    reports,
    saved_reports,
    segments,
    setup,
    sign_in,
    site_checks,
    sites,
    sourcemaps,
    stored,
    teams,
    users,
    vault,
    warehouse,
)


def routers() -> Sequence[APIRouter]:
    """Every router, each with its whole prefix."""
    modules = (
        setup, sign_in, me, teams, invitations, users, sites, reports, report_shares, exports, segments, annotations,
        issues, sourcemaps, links, logs, quarantine, erasures, recordings, recording_lists, recording_notes,
        recording_panes, recording_searches, recording_shares, api_keys, audit, jobs, privacy, stored, warehouse, vault,
        demo, site_checks, saved_reports, boards, cloud,
    )  # fmt: skip
    return [module.router for module in modules]
