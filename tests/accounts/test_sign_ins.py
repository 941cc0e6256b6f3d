"""Sign-ins and throttling below the routes: hashes made anew, and what is forgotten when."""

from datetime import timedelta

import pytest

from sightline import clock
from sightline.accounts import invitations, passwords, setup, sign_ins, throttle, users
from sightline.accounts.callers import operator
from sightline.accounts.sign_ins import Attempt
from sightline.database.pool import Database
from sightline.errors import NotSignedIn

PASSWORD = "four wet owls sing"
ORIGIN = throttle.origin_key("192.0.2.1")


@pytest.fixture
async def ada(database: Database) -> users.User:
    new = users.NewUser(email="ada@example.com", name="Ada")
    return await users.create(database, operator(), new, PASSWORD, minimum=10)


def attempt(password: str = PASSWORD) -> Attempt:
    return Attempt(login="ada@example.com", password=password, origin=ORIGIN)


async def test_signing_in_makes_a_hash_of_old_parameters_anew(
    database: Database, ada: users.User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await database.fetchval("SELECT password_hash FROM users")
    assert "m=8,t=1,p=1" in str(before)
    monkeypatch.setattr(passwords, "_hasher", passwords._Hasher(passwords.STANDARD))
    with pytest.raises(NotSignedIn):
        await sign_ins.sign_in(database, attempt("wrong"), hours=1)
    assert await database.fetchval("SELECT password_hash FROM users") == before
    await sign_ins.sign_in(database, attempt(), hours=1)
    after = await database.fetchval("SELECT password_hash FROM users")
    assert "m=65536,t=3,p=4" in str(after)
    await sign_ins.sign_in(database, attempt(), hours=1)
    assert await database.fetchval("SELECT password_hash FROM users") == after


async def test_a_password_that_is_changed_while_it_is_verified_signs_nobody_in(
    database: Database, ada: users.User, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = passwords.verify

    async def verify_slowly(stored: str | None, password: str) -> passwords.Verified:
        verified = await verify(stored, password)
        await users.set_password(database, operator(), ada.id, "seven dry larks hum", minimum=10)
        return verified

    monkeypatch.setattr(passwords, "verify", verify_slowly)
    with pytest.raises(NotSignedIn):
        await sign_ins.sign_in(database, attempt(), hours=1)
    assert await database.fetchval("SELECT count(*) FROM sign_ins") == 0


async def test_a_token_that_is_in_use_is_not_written_with_every_request(database: Database, ada: users.User) -> None:
    with clock.held(1_800_000_000_000) as now:
        started = await sign_ins.sign_in(database, attempt(), hours=1)
        query = "SELECT last_used_at FROM sign_ins"
        first = await database.fetchval(query)
        now.advance(seconds=59)
        await sign_ins.authenticate(database, started.token, hours=1)
        assert await database.fetchval(query) == first
        now.advance(seconds=1)
        await sign_ins.authenticate(database, started.token, hours=1)
        assert await database.fetchval(query) == clock.now()


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "a" * 100_000])
async def test_what_is_no_token_is_nobody(database: Database, token: str) -> None:
    assert not (await sign_ins.authenticate(database, token, hours=1)).is_known


async def test_what_no_longer_counts_is_forgotten_and_the_rest_is_kept(database: Database, ada: users.User) -> None:
    with clock.held(1_800_000_000_000) as now:
        started = await sign_ins.sign_in(database, attempt(), hours=1)
        with pytest.raises(NotSignedIn):
            await sign_ins.sign_in(database, attempt("wrong"), hours=1)
        await setup.ensure_setup_link(database, minutes=30)
        forget = (throttle.forget_old, sign_ins.forget_old, setup.forget_old, invitations.forget_old)
        assert [await one(database) for one in forget] == [0, 0, 0, 0]
        now.advance(seconds=2 * 3600)
        assert [await one(database) for one in forget] == [2, 0, 1, 0]
        assert not (await sign_ins.authenticate(database, started.token, hours=1)).is_known
        now.advance(seconds=timedelta(days=31).total_seconds())
        assert await sign_ins.forget_old(database) == 1


async def test_attempts_of_one_moment_refuse_each_other_in_no_order(database: Database, ada: users.User) -> None:
    """Which of two statements comes first is the database's choice, whatever the clock said when they were sent."""
    account = throttle.account_key(ada.id, "")
    with clock.held(1_800_000_000_000) as now:
        assert await throttle.attempt(database, ORIGIN, account) is None
        now.advance(seconds=-0.005)
        assert await throttle.attempt(database, ORIGIN, account) is None
        now.advance(seconds=0.005)
        await throttle.forgive(database, ORIGIN, account)
        now.advance(seconds=-0.005)
        assert await throttle.attempt(database, ORIGIN, account) is None


async def test_an_account_that_exists_stays_slow_over_a_restart(
    database: Database, ada: users.User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.held(1_800_000_000_000):
        for _ in range(throttle.ACCOUNT.free):
            with pytest.raises(NotSignedIn):
                await sign_ins.sign_in(database, attempt("wrong"), hours=1)
        monkeypatch.setattr(throttle, "_salt", b"the salt of another process")
        elsewhere = throttle.origin_key("192.0.2.1")
        assert elsewhere != ORIGIN
        assert await throttle.attempt(database, elsewhere, throttle.account_key(ada.id, ""))
