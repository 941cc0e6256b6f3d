"""The audit of access: it only grows, and it names nobody."""

import asyncpg
import pytest

from sightline import clock
from sightline.accounts import audit, sign_ins, throttle
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import operator
from sightline.database.pool import Database
from sightline.errors import NotSignedIn, TooManyRequests


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_audit SET actor_id = 1",
        "UPDATE access_audit SET details = '{}' WHERE id = 1",
        "DELETE FROM access_audit",
        "DELETE FROM access_audit WHERE id = 1",
        "TRUNCATE access_audit",
        "TRUNCATE access_audit, users CASCADE",
        """INSERT INTO access_audit (id, at, actor_kind, action, result) OVERRIDING SYSTEM VALUE
        VALUES (1, now(), 'nobody', 'x', 'ok') ON CONFLICT (id) DO UPDATE SET action = 'y'""",
    ],
)
async def test_a_row_is_never_changed_or_removed(database: Database, statement: str) -> None:
    await audit.record(database, operator(), Action.SITE_CREATE, (Thing.SITE, 5), tenant_id=1)
    before = await database.fetch("SELECT * FROM access_audit")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only grows"):
        await database.execute(statement)
    assert await database.fetch("SELECT * FROM access_audit") == before


async def test_a_row_stands_and_falls_with_what_it_tells_about(database: Database) -> None:
    async def fail_halfway() -> None:
        async with database.transaction() as connection:
            await audit.record(connection, operator(), Action.SITE_CREATE, (Thing.SITE, 5))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()
    assert await database.fetchval("SELECT count(*) FROM access_audit") == 0


async def test_details_take_known_keys_and_plain_words_only(database: Database) -> None:
    await audit.record(database, operator(), Action.USER_ROLE, (Thing.USER, 5), before="member", after="admin")
    for details in ({"name": "x"}, {"reason": "ada@example.com"}, {"fields": ["Ada Lovelace"]}, {"reason": "a b"}):
        with pytest.raises(ValueError, match="audit"):
            await audit.record(database, operator(), Action.USER_ROLE, (Thing.USER, 5), **details)
    assert await database.fetchval("SELECT count(*) FROM access_audit") == 1


async def test_a_flood_of_throttled_sign_ins_leaves_few_rows_that_count_them_all(database: Database) -> None:
    attempt = sign_ins.Attempt(login="ada@example.com", password="x", origin=throttle.origin_key("192.0.2.1"))
    with clock.held(1_800_000_000_000):
        for _ in range(throttle.ACCOUNT.free + 100):
            with pytest.raises((NotSignedIn, TooManyRequests)):
                await sign_ins.sign_in(database, attempt, hours=1)
    query = "SELECT details->>'attempts' AS n FROM access_audit WHERE result = 'throttled' ORDER BY id"
    rows = await database.fetch(query)
    # The account refuses until these attempts have slowed down their origin, too.
    assert [int(row["n"]) for row in rows] == [1, 2, 4, 8, 1, 2, 4, 8, 16, 32, 64]
