"""Issues over HTTP, as somebody in the team sees them."""

from typing import Any

from sightline.accounts.permissions import Permission
from tests.health.conftest import STACK, Shop


async def test_an_issue_is_listed_shown_decided_about_and_read_error_by_error(shop: Shop) -> None:
    for visitor in range(3):
        await shop.fail(visitor=visitor, release=f"1.{visitor}", ctx={"step": visitor})
    await shop.fail("Order 1 is gone", stack="", name="Error")
    headers = await shop.key()

    async def call(method: str, path: str, body: Any = None) -> Any:
        answer = await shop.site.client.request(
            method, f"/api/v1/sites/{shop.id}{path}", json=body, headers=headers
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.json()

    page = await call("GET", "/issues?order=events&limit=1")
    (first,) = page["items"]
    assert (first["title"], first["events"], first["visitors"]) == ("TypeError: no cart", 3, 3)
    rest = await call("GET", f"/issues?order=events&limit=1&cursor={page['next']}")
    assert [one["title"] for one in rest["items"]] == ["Error: Order 1 is gone"]
    assert rest["next"] is None
    assert [one["id"] for one in (await call("GET", "/issues?release=1.1&search=CART"))["items"]] == [first["id"]]

    shown = await call("GET", f"/issues/{first['id']}")
    assert shown["groups"][0]["why"]["counted"] == ["name", "frames"]
    assert [one["release"] for one in shown["releases"]] == ["1.0", "1.1", "1.2"]
    assert sum(one["events"] for one in shown["days"]) == 3
    assert shown["tallies"]["browser"] == [{"value": "firefox", "events": 3, "visitors": 3}]

    page = await call("GET", f"/issues/{first['id']}/occurrences?limit=2")
    more = await call("GET", f"/issues/{first['id']}/occurrences?limit=2&cursor={page['next']}")
    found = [*page["items"], *more["items"]]
    assert [one["release"] for one in found] == ["1.2", "1.1", "1.0"]
    assert [one["context"] for one in found] == [{"step": 2}, {"step": 1}, {"step": 0}]
    assert [frame["function"] for frame in found[0]["frames"]] == ["addToCart", "onClick"]
    assert "no source maps of release 1.2" in found[0]["frames"][0]["missing"]
    assert more["next"] is None

    member = await shop.database.fetchval("SELECT min(id) FROM users")
    decided = await call(
        "POST", "/issues", {"issues": [first["id"]], "status": "resolved", "release": "1.2", "assignee": str(member)}
    )
    assert [(one["status"], one["resolved_in"], one["assignee"]) for one in decided["items"]] == [
        ("resolved", "1.2", str(member))
    ]
    await shop.fail(release="1.3")
    back = (await call("GET", "/issues?regressed=true"))["items"]
    assert [(one["id"], one["regressed_in"]) for one in back] == [(first["id"], "1.3")]
    assert [one["release"] for one in (await call("GET", "/releases?limit=2"))["items"]] == ["1.3", "1.2"]
    other = rest["items"][0]["id"]
    merged = await call("POST", "/issues/merge", {"issues": [other], "into": first["id"]})
    assert merged["events"] == 5
    groups = (await call("GET", f"/issues/{first['id']}"))["groups"]
    taken = [one["fingerprint"] for one in groups if one["why"]["message"]]
    assert (await call("POST", f"/issues/{first['id']}/split", {"fingerprints": taken}))["events"] == 1
    assert (await call("PUT", "/noise", {"rules": [{"pattern": "Order * is gone"}]})) == {"changed": 1}
    noisy = [one for one in (await call("GET", "/noise"))["items"] if one["events"]]
    assert [(one["name"], one["over"], one["events"]) for one in noisy] == [("Order * is gone", "message", 1)]


async def test_what_cannot_be_decided_is_refused_with_the_field(shop: Shop) -> None:
    await shop.fail()
    issue = str((await shop.only()).id)
    headers = await shop.key()
    for body, field in (
        ({"issues": [issue]}, None),
        ({"issues": [issue], "status": "open", "release": "1"}, "release"),
        ({"issues": [issue], "status": "resolved", "events": 3}, "status"),
        ({"issues": [issue], "status": "ignored", "until_ms": 1}, "until_ms"),
        ({"issues": [issue], "status": "ignored", "events": 0}, "events"),
        ({"issues": [issue], "assignee": "99999"}, "assignee"),
    ):
        answer = await shop.site.client.post(f"/api/v1/sites/{shop.id}/issues", json=body, headers=headers)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["error"].get("field") == field, body
    reader = await shop.key(Permission.SITE_ERRORS, role="viewer")
    answer = await shop.site.client.post(
        f"/api/v1/sites/{shop.id}/issues", json={"issues": [issue], "status": "open"}, headers=reader
    )
    assert answer.status_code == 403
    assert (await shop.site.client.get(f"/api/v1/sites/{shop.id}/issues", headers=reader)).status_code == 200
    assert STACK
