"""The vault over HTTP: as our own API, and as routes of another application."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from sightline.accounts import passwords, setup
from sightline.errors import CheckFailed, NotSignedIn, SightlineError
from sightline.operate.house import House
from sightline.server.schedule import JOBS
from sightline.vault.database import Context
from sightline.vault.router import Desk, routes
from sightline.vault.sealing import Sealer
from sightline.vault.subjects import Vault
from tests.server.application import Browser, browsing, housed, served
from tests.server.conftest import ADMIN
from tests.vault.conftest import ADA, Place


@pytest.fixture
async def house(place: Place, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(place.database, tmp_path, place.login) as found:
        yield found


@pytest.fixture
async def admin(house: House) -> AsyncIterator[Browser]:
    with passwords.cheap_for_tests():
        token = await setup.ensure_setup_link(house.database)
        async with browsing(served(house)) as found:
            answer = await found("POST", "/setup", {"token": token, **ADMIN})
            found.remember(answer)
            yield found


async def test_a_subjects_life_over_http(admin: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    team = (await admin("GET", "/teams")).json()["items"][0]["id"]
    root = f"/vault/{team}"
    made = await admin("POST", f"{root}/subjects", {"subjects": [{"values": ADA}]})
    assert made.status_code == 201, made.text
    (subject,) = made.json()["ids"]
    shown = (await admin("GET", f"{root}/subjects/{subject}")).json()
    assert shown["values"]["email"] == "A***@E***.com"
    assert (await admin("GET", f"{root}/subjects")).json()["items"] == [shown]
    found = await admin("POST", f"{root}/search", {"field": "ssn", "value": "219099999"})
    assert found.json() == {"ids": [subject], "items": [shown]}
    read = await admin("POST", f"{root}/subjects/{subject}/read", {"fields": ["ssn", "email"], "purpose": "support"})
    assert read.json() == {"values": {"ssn": ADA["ssn"], "email": ADA["email"]}}
    masked = await admin("POST", f"{root}/read", {
        "subjects": [subject], "fields": ["credit_card"], "purpose": "billing", "clear": False,
    })  # fmt: skip
    assert masked.json() == {"subjects": {subject: {"credit_card": "411111******1111"}}}
    assert (await admin("PATCH", f"{root}/subjects/{subject}", {"values": {"health": None}})).status_code == 204
    for body, status in (
        ({"fields": ["ssn"], "purpose": "curiosity"}, 403), ({"fields": ["cvv"], "purpose": "billing"}, 422),
        ({"fields": [], "purpose": "billing"}, 422),
    ):  # fmt: skip
        assert (await admin("POST", f"{root}/subjects/{subject}/read", body)).status_code == status
    assert (await admin("POST", f"{root}/subjects", {"subjects": [{"values": {"cvv": "737"}}]})).status_code == 422
    entries = (await admin("GET", f"{root}/audit?operation=read&success=true")).json()["items"]
    assert {(one["field_name"], one["actor_kind"], one["origin"]) for one in entries} >= {("ssn", "user", "192.0.2.1")}
    fields = (await admin("GET", f"{root}/fields")).json()
    assert fields["purposes"]["support"]
    erased = await admin("POST", f"{root}/subjects/{subject}/erase", {"jurisdiction": "gdpr"})
    assert erased.json()["signature"]
    assert (await admin("GET", f"{root}/subjects/{subject}/receipt")).json() == erased.json()
    assert (await admin("GET", f"{root}/subjects/{subject}")).status_code == 404
    log = caplog.text
    for name in ("ssn", "address", "credit_card", "bank_account", "passport", "health"):
        assert ADA[name] not in log


async def run_job(house: House, name: str) -> str:
    """What the process that leads does, once a request or the clock asks for it."""
    (job,) = [one for one in JOBS if one.name == name]

    async def progress(_done: float) -> None: ...

    return await job.run(house, progress)


@pytest.fixture
async def root(admin: Browser) -> str:
    team = (await admin("GET", "/teams")).json()["items"][0]["id"]
    return f"/vault/{team}"


async def test_a_key_is_rotated_and_taken_back_over_http(admin: Browser, house: House, root: str) -> None:
    rows = [{"values": {"ssn": f"219-09-{number:04}", "email": f"p{number}@example.com"}} for number in range(5)]
    ids = (await admin("POST", f"{root}/subjects", {"subjects": rows})).json()["ids"]
    counted = await admin("POST", f"{root}/rotations", {"key_type": "application", "dry_run": True})
    assert (counted.status_code, counted.json()) == (202, {"subjects": 5, "rotation": None})
    assert (await admin("GET", f"{root}/rotations")).json() == {"items": []}
    begun = (await admin("POST", f"{root}/rotations", {"key_type": "application", "pause_ms": 1})).json()["rotation"]
    assert (begun["status"], begun["total"], begun["done"], begun["pause_ms"]) == ("running", 5, 0, 1)
    again = await admin("POST", f"{root}/rotations", {"key_type": "application"})
    assert again.status_code == 409
    assert "0 of 5" in again.text
    assert await run_job(house, "vault.rotations") == "finished 1 rotations"
    (done,) = (await admin("GET", f"{root}/rotations")).json()["items"]
    assert (done["id"], done["status"], done["done"], done["failed"]) == (begun["id"], "completed", 5, 0)
    assert (done["old_version"], done["new_version"]) == (1, 2)
    assert done["completed_at"] >= done["started_at"]
    back = await admin("POST", f"{root}/rotations/application/roll-back")
    assert (back.status_code, back.json()["direction"]) == (202, "back")
    assert await run_job(house, "vault.rotations") == "finished 1 rotations"
    assert await run_job(house, "vault.rotations") == "nothing was asked for"
    listed = (await admin("GET", f"{root}/rotations")).json()["items"]
    assert [(one["direction"], one["status"]) for one in listed] == [("back", "completed"), ("forward", "rolled_back")]
    assert (await admin("POST", f"{root}/rotations/index/roll-back")).status_code == 404
    read = await admin("POST", f"{root}/subjects/{ids[3]}/read", {"fields": ["ssn"], "purpose": "support"})
    assert read.json() == {"values": {"ssn": "219-09-0003"}}
    found = {one["operation"] for one in (await admin("GET", f"{root}/audit")).json()["items"]}
    assert {"rotate", "rotate.back"} <= found


async def test_a_rotation_is_taken_back_while_the_job_carries_it_out(admin: Browser, house: House, root: str) -> None:
    (one,) = (await admin("POST", f"{root}/subjects", {"subjects": [{"values": ADA}]})).json()["ids"]
    await admin("POST", f"{root}/rotations", {"key_type": "subject", "pause_ms": 3000})
    carried_out = asyncio.create_task(run_job(house, "vault.rotations"))
    while not (await admin("GET", f"{root}/rotations")).json()["items"][0]["done"]:
        await asyncio.sleep(0.05)
    assert not carried_out.done(), "it rests between two batches"
    assert await run_job(house, "vault.rotations") == "nothing was asked for", "another process leaves it alone"
    assert (await admin("POST", f"{root}/rotations/subject/roll-back")).status_code == 202
    assert await carried_out == "nothing was asked for", "it ends where it is"
    assert await run_job(house, "vault.rotations") == "finished 1 rotations"
    listed = (await admin("GET", f"{root}/rotations")).json()["items"]
    assert [(one["direction"], one["status"]) for one in listed] == [("back", "completed"), ("forward", "rolled_back")]
    read = await admin("POST", f"{root}/subjects/{one}/read", {"fields": ["ssn"], "purpose": "support"})
    assert read.json() == {"values": {"ssn": ADA["ssn"]}}


async def test_the_audit_is_verified_part_by_part_over_http(
    admin: Browser, house: House, root: str, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert house.vault is not None
    monkeypatch.setattr(Sealer.verify_part, "__defaults__", (2,))
    sealer = Sealer(house.vault.database, house.keys, house.stores.seals)
    for number in range(3):
        await admin("POST", f"{root}/subjects", {"subjects": [{"values": {"ssn": f"219-09-{number:04}"}}]})
        await sealer.seal()
    assert (await run_job(house, "vault.verify")).endswith("all as written")
    first = (await admin("POST", f"{root}/audit/verify", {})).json()
    assert (first["seals"], first["total"], first["wrong"], first["next"]) == (2, 3, [], 2)
    last = (await admin("POST", f"{root}/audit/verify", {"after": 2})).json()
    assert (last["seals"], last["wrong"], last["next"]) == (1, [], None)
    assert last["unsealed"] >= 1, "that it is verified is a row, too"
    row = (await admin("GET", f"{root}/audit?operation=insert")).json()["items"][-1]["id"]
    proof = (await admin("GET", f"{root}/audit/{row}/proof")).json()
    assert (proof["holds"], proof["seal"]) == (True, 1)
    await sql.execute("ALTER TABLE encryption_audit DISABLE TRIGGER audit_only_grows")
    await sql.execute("UPDATE encryption_audit SET actor_id = 8 WHERE id = $1", int(row))
    wrong = (await admin("POST", f"{root}/audit/verify", {})).json()["wrong"]
    assert len(wrong) == 1
    assert "are not what was sealed" in wrong[0]
    with pytest.raises(CheckFailed, match="1 things are not as they were sealed"):
        await run_job(house, "vault.verify")
    await sql.execute("UPDATE encryption_audit SET tenant_id = 99 WHERE id = $1", int(row))
    assert (await admin("GET", f"{root}/audit/{row}/proof")).status_code == 404, "another team's row"


async def test_requests_are_noted_extended_denied_and_answered_over_http(admin: Browser, root: str) -> None:
    made = await admin("POST", f"{root}/subjects", {"subjects": [{"values": ADA}, {"values": {"phone": ADA["phone"]}}]})
    ada, other = made.json()["ids"]
    asked = await admin("POST", f"{root}/subjects/{ada}/requests",
                        {"kind": "erase", "jurisdiction": "ccpa", "manner": "email"})  # fmt: skip
    assert asked.status_code == 201, asked.text
    request = asked.json()
    days = (datetime.fromisoformat(request["due_at"]) - datetime.fromisoformat(request["received_at"])).days
    assert (days, request["subject"], request["manner"], request["late"]) == (45, ada, "email", False)
    same = await admin("POST", f"{root}/subjects/{ada}/requests", {"kind": "erase", "jurisdiction": "ccpa"})
    assert same.json() == request, "asked twice it is one"
    longer = (await admin("POST", f"{root}/requests/{request['id']}/extend")).json()
    assert (datetime.fromisoformat(longer["due_at"]) - datetime.fromisoformat(longer["received_at"])).days == 90
    assert (await admin("POST", f"{root}/requests/{request['id']}/extend")).status_code == 409
    second = (await admin("POST", f"{root}/subjects/{other}/requests",
                          {"kind": "export", "jurisdiction": "gdpr", "manner": "letter"})).json()  # fmt: skip
    listed = (await admin("GET", f"{root}/requests?only_open=true")).json()["items"]
    assert [one["id"] for one in listed] == [second["id"], request["id"]], "what is due first stands first"
    denied = (await admin("POST", f"{root}/requests/{second['id']}/deny", {"basis": "not_identified"})).json()
    assert (denied["outcome"], denied["basis"]) == ("denied", "not_identified")
    assert (await admin("POST", f"{root}/requests/{second['id']}/deny", {"basis": "exempt"})).status_code == 409
    assert (await admin("POST", f"{root}/requests/999/deny", {"basis": "exempt"})).status_code == 404
    receipt = (await admin("POST", f"{root}/subjects/{ada}/erase", {"jurisdiction": "ccpa"})).json()
    (first, _) = (await admin("GET", f"{root}/requests")).json()["items"]
    assert (first["id"], first["outcome"], first["subject"]) == (request["id"], "erased", None)
    await admin("POST", f"{root}/subjects/{other}/erase", {"jurisdiction": "gdpr"})
    page = (await admin("GET", f"{root}/receipts?limit=1")).json()
    assert (page["items"][0]["subject"], page["next"]) == (other, other)
    (kept,) = (await admin("GET", f"{root}/receipts?before={page['next']}")).json()["items"]
    assert (kept["document"], kept["holds"]) == (receipt, True)


async def test_the_routes_serve_another_application(vault: Vault) -> None:
    app = FastAPI()

    @app.exception_handler(SightlineError)
    async def shown(_: Request, error: SightlineError) -> JSONResponse:
        return JSONResponse({"error": error.line()}, status_code=error.status)

    async def desk(request: Request) -> Desk:
        if request.headers.get("x-user") != "7":
            raise NotSignedIn
        return Desk(vault, Context(tenant_id=1, actor_kind="user", actor_id=7, origin="elsewhere"))

    app.include_router(routes(lambda _right: Depends(desk)), prefix="/vault")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://there") as client:

        async def call(path: str, body: dict[str, Any], user: str = "7") -> httpx.Response:
            return await client.post(f"/vault{path}", json=body, headers={"x-user": user})

        assert (await call("/subjects", {"subjects": [{"values": ADA}]}, user="8")).status_code == 401
        made = await call("/subjects", {"subjects": [{"values": ADA}]})
        (subject,) = made.json()["ids"]
        read = await call(f"/subjects/{subject}/read", {"fields": ["ssn"], "purpose": "support"})
        assert read.json() == {"values": {"ssn": ADA["ssn"]}}
        assert (await call(f"/subjects/{subject}/erase", {"jurisdiction": "gdpr"})).status_code == 404
        assert (await call("/rotations", {"key_type": "index"})).status_code == 404
        assert (await call("/rotations", {"key_type": "index", "dry_run": True})).json()["subjects"] == 1
        assert "219" not in json.dumps((await call("/search", {"field": "ssn", "value": "1"})).json())
