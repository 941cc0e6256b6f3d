"""Steps that many tests of the API take."""

from typing import Any

import httpx

from tests.server.application import Browser
from tests.server.conftest import PASSWORD

Json = dict[str, Any]


async def made(browser: Browser, path: str, body: Json) -> Json:
    answer = await browser("POST", path, body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    found = answer.json()["error"]
    return answer.status_code, found["code"], found.get("field")


async def invited(admin: Browser, browser: Browser, team: str, role: str, email: str = "bob@example.com") -> Json:
    """Let somebody register with an invitation."""
    token = (await made(admin, f"/teams/{team}/invitations", {"role": role}))["token"]
    person = {"token": token, "email": email, "name": "Bob", "password": PASSWORD}
    answer = await browser("POST", "/invitations/register", person)
    assert answer.status_code == 201, answer.text
    browser.remember(answer)
    found: Json = answer.json()
    return found


async def team_of(admin: Browser) -> str:
    found: str = (await admin("GET", "/me")).json()["teams"][0]["id"]
    return found
