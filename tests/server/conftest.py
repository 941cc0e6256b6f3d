"""Fixtures of the server's tests."""

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI

from sightline.accounts import passwords, setup
from sightline.database.pool import Database
from tests.server.application import Browser, api, browsing

PASSWORD = "four wet owls sing"
ADMIN = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD, "team": "Engine"}


@pytest.fixture(autouse=True)
def cheap_passwords() -> Iterator[None]:
    with passwords.cheap_for_tests():
        yield


@pytest.fixture
def app(database: Database) -> FastAPI:
    return api(database)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    """A browser that has not signed in."""
    async with browsing(app) as found:
        yield found


@pytest.fixture
async def other(app: FastAPI) -> AsyncIterator[Browser]:
    """A second browser, elsewhere."""
    async with browsing(app, address="198.51.100.7") as found:
        yield found


@pytest.fixture
async def admin(app: FastAPI, database: Database) -> AsyncIterator[Browser]:
    """The browser in which Ada has set up the instance and its team Engine."""
    token = await setup.ensure_setup_link(database)
    async with browsing(app) as found:
        answer = await found("POST", "/setup", {"token": token, **ADMIN})
        assert answer.status_code == 201, answer.text
        found.remember(answer)
        yield found
