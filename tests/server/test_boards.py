"""Saved reports and boards over HTTP."""

import uuid

from tests.server.application import Browser
from tests.server.calls import error, made

GOAL = {"report": "goals", "name": "Orders", "parameters": {"goal": ["event:order"]}}


async def test_a_saved_report_is_kept_changed_and_removed_with_its_site_alone(admin: Browser) -> None:
    site, other = [(await made(admin, "/sites", {"name": name}))["id"] for name in ("Shop", "Blog")]
    saved = await made(admin, f"/sites/{site}/saved-reports", GOAL)
    assert (saved["report"], saved["parameters"]) == ("goals", {"goal": ["event:order"]})
    listed = (await admin("GET", f"/sites/{site}/saved-reports?report=goals")).json()["items"]
    assert [one["uuid"] for one in listed] == [saved["uuid"]]
    assert (await admin("GET", f"/sites/{site}/saved-reports?report=funnel")).json()["items"] == []
    assert (await admin("GET", f"/sites/{other}/saved-reports")).json()["items"] == []
    where = f"/saved-reports/{saved['uuid']}"
    assert error(await admin("PUT", f"/sites/{other}{where}", GOAL))[0] == 404
    changed = (await admin("PUT", f"/sites/{site}{where}", {**GOAL, "name": "Sales"})).json()
    assert (changed["uuid"], changed["name"]) == (saved["uuid"], "Sales")
    assert error(await admin("POST", f"/sites/{site}/saved-reports", {**GOAL, "report": "tea"})) == (
        422, "invalid_value", "report",
    )  # fmt: skip
    assert error(await admin("DELETE", f"/sites/{other}{where}"))[0] == 404
    assert (await admin("DELETE", f"/sites/{site}{where}")).status_code == 204
    assert error(await admin("DELETE", f"/sites/{site}{where}"))[0] == 404


async def test_a_board_is_a_sites_own_and_keeps_the_order_of_its_tiles(admin: Browser) -> None:
    site, other = [(await made(admin, "/sites", {"name": name}))["id"] for name in ("Shop", "Blog")]
    saved = [(await made(admin, f"/sites/{site}/saved-reports", GOAL))["uuid"] for _ in range(2)]
    tiles = [{"saved": saved[1], "width": 2}, {"saved": saved[0], "width": 1}]
    board = await made(admin, f"/sites/{site}/boards", {"name": "Monday", "tiles": tiles})
    assert (await admin("GET", f"/sites/{site}/boards/{board['uuid']}")).json()["tiles"] == tiles
    assert [one["name"] for one in (await admin("GET", f"/sites/{site}/boards")).json()["items"]] == ["Monday"]
    assert (await admin("GET", f"/sites/{other}/boards")).json()["items"] == []
    assert error(await admin("GET", f"/sites/{other}/boards/{board['uuid']}"))[0] == 404
    changed = await admin("PUT", f"/sites/{site}/boards/{board['uuid']}", {"name": "Tuesday", "tiles": tiles[:1]})
    assert (changed.json()["name"], changed.json()["tiles"]) == ("Tuesday", tiles[:1])
    wrong = {"name": "Wide", "tiles": [{"saved": saved[0], "width": 9}]}
    assert error(await admin("POST", f"/sites/{site}/boards", wrong))[0] == 422
    assert (await admin("DELETE", f"/sites/{site}/boards/{board['uuid']}")).status_code == 204
    assert error(await admin("GET", f"/sites/{site}/boards/{uuid.uuid4()}"))[0] == 404
