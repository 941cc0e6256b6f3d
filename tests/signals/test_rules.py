"""Which rules are in force: activation, its refusals, its history, and how processes hear of it."""

import asyncio

import asyncpg
import msgspec
import pytest

from sightline import clock
from sightline.accounts.callers import operator
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound
from sightline.privacy import dictionary
from sightline.privacy.dictionary import DictionaryError
from sightline.privacy.masks import mask_text
from sightline.server.notices import Heard, Notices
from sightline.signals.activation import Activation, SignOffMissing, Wanted, activate, ensure_shipped
from sightline.signals.rules import CHANNEL, RulesStore

STAFF = """
dictionary = 1
name = "shop"

[[field]]
number = 1001
name = "staff_number"
tier = 2
detectors = ["staff_number"]

[[detector]]
name = "staff_number"
pattern = "SX-[0-9]{6}"
"""
ORDERS = STAFF.replace("1001", "1002").replace("staff_number", "order_number").replace("SX-", "OR-")
UNMASKED = """
dictionary = 1
name = "shop"

[[unmask]]
key = "nickname"
reason = "made up by the game"
signed_by = "Ada"
date = 2026-11-20
"""


async def put(database: Database, source: str, **fields: object) -> Activation:
    return await activate(database, operator(), msgspec.convert({"source": source, **fields}, Wanted))


async def test_the_first_to_ask_records_what_ships_as_version_1(database: Database) -> None:
    actives = await asyncio.gather(*(RulesStore(database).active() for _ in range(5)))
    assert {active.number for active in actives} == {1}
    assert actives[0].rules == dictionary.default()
    (version,) = await RulesStore(database).listing()
    assert (version.number, version.site, version.hash, version.is_active) == (1, 0, dictionary.default().version, True)
    assert await ensure_shipped(database) is None


async def test_an_activated_dictionary_is_in_force_for_all_sites_and_what_was_stays_on_record(
    database: Database,
) -> None:
    done = await put(database, STAFF, note="staff numbers")
    assert (done.number, done.before, done.is_new, done.loosened) == (2, 1, True, [])
    assert any("staff_number" in str(change["entry"]) for change in done.changes), done.changes
    store = RulesStore(database)
    active = await store.active(7)
    assert active.number == 2
    assert mask_text(active.rules, "by SX-123456") == "by [staff_number]"
    assert [(one.number, one.is_active, one.note) for one in await store.listing()] == [
        (2, True, "staff numbers"), (1, False, "what ships"),
    ]  # fmt: skip
    assert (await store.version(1)).rules == dictionary.default()
    with pytest.raises(NotFound, match="no rules version 9"):
        await store.version(9)


async def test_a_site_has_rules_of_its_own_over_those_of_the_instance(database: Database) -> None:
    await put(database, STAFF)
    done = await put(database, ORDERS, site=7)
    store = RulesStore(database)
    own, other = await store.active(7), await store.active(8)
    assert (own.number, other.number) == (done.number, 2)
    assert mask_text(own.rules, "SX-123456 OR-123456") == "[staff_number] [order_number]"
    assert mask_text(other.rules, "SX-123456 OR-123456") == "[staff_number] OR-123456"
    assert {site: active.number for site, active in (await store.by_site()).items()} == {0: 2, 7: 3}


async def test_other_rules_of_the_instance_go_below_those_of_every_site_at_once(database: Database) -> None:
    await put(database, ORDERS, site=7)
    done = await put(database, STAFF)
    assert (done.number, done.sites) == (3, [7])
    own = await RulesStore(database).active(7)
    assert own.number == 4
    assert mask_text(own.rules, "SX-123456 OR-123456") == "[staff_number] [order_number]"


async def test_rules_below_which_a_sites_own_do_not_fit_are_refused_whole(database: Database) -> None:
    await put(database, ORDERS, site=7)
    clash = STAFF.replace('"staff_number"', '"order_number"')
    with pytest.raises(DictionaryError, match=r"the rules of site 7 \(version 2\) do not fit"):
        await put(database, clash)
    assert {site: active.number for site, active in (await RulesStore(database).by_site()).items()} == {0: 1, 7: 2}


async def test_the_same_rules_again_are_nothing_new(database: Database) -> None:
    await put(database, STAFF)
    again = await put(database, STAFF)
    assert (again.number, again.is_new) == (None, False)
    assert len(await RulesStore(database).listing()) == 2


async def test_a_dry_run_says_everything_and_does_nothing(database: Database) -> None:
    done = await put(database, STAFF, dry_run=True)
    assert (done.number, done.is_new) == (None, True)
    assert done.changes
    assert len(await RulesStore(database).listing()) == 1


@pytest.mark.parametrize(
    "source",
    [
        'dictionary = 1\nname = "x"\n[[field]]\nnumber = 1\nname = "email"\ntier = 1\nbroken = 1\n',
        'dictionary = 1\nname = "x"\n[url]\nparameters = ["email"]\n',
        'dictionary = 1\nname = "x"\n[headers]\nallowed = ["authorization"]\n',
        UNMASKED.replace("nickname", "password"),
        'dictionary = 1\nname = "x"\n[[unmask]]\nkey = "nickname"\n',
        "no toml",
    ],
)
async def test_what_loosens_or_cannot_be_read_is_refused_with_its_line(database: Database, source: str) -> None:
    with pytest.raises(DictionaryError, match=r"line \d|not TOML"):
        await put(database, source, sign_off="Ada")
    assert len(await RulesStore(database).listing()) == 1


async def test_an_unmask_entry_needs_the_sign_off_of_the_one_who_signed_it(database: Database) -> None:
    with pytest.raises(SignOffMissing, match="unmasked: key 'nickname'"):
        await put(database, UNMASKED)
    with pytest.raises(SignOffMissing, match="signed by somebody else"):
        await put(database, UNMASKED, sign_off="Bob")
    done = await put(database, UNMASKED, sign_off="Ada")
    assert done.loosened == ["unmasked: key 'nickname'"]
    entries = await database.fetch("SELECT details::text AS details FROM access_audit WHERE action = 'rules.activate'")
    assert [msgspec.json.decode(row["details"]) for row in entries][-1] == {"before": 1, "after": 2, "looser": True}
    assert "Ada" not in str([dict(row) for row in entries])


async def test_taking_back_what_was_tightened_needs_a_sign_off(database: Database) -> None:
    await put(database, STAFF)
    with pytest.raises(SignOffMissing, match="field 'staff_number' is gone"):
        await put(database, "")
    done = await put(database, "", sign_off="Ada")
    assert (done.number, done.hash) == (3, dictionary.default().version)


async def test_a_version_is_never_changed_nor_removed(database: Database) -> None:
    await ensure_shipped(database)
    for statement in ("UPDATE rules_version SET note = 'x'", "DELETE FROM rules_version", "TRUNCATE rules_version"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="rules_version only grows"):
            await database.execute(statement)


async def test_of_activations_at_the_same_moment_each_gets_a_number(database: Database) -> None:
    sources = [STAFF.replace("SX-", f"S{letter}-") for letter in "ABCD"]
    done = await asyncio.gather(*(put(database, source, sign_off="Ada") for source in sources))
    assert sorted(one.number or 0 for one in done) == [2, 3, 4, 5]
    assert [one.is_active for one in await RulesStore(database).listing()] == [True, False, False, False, False]


async def test_a_process_that_listens_masks_by_new_rules_at_once(database: Database) -> None:
    store = RulesStore(database)
    assert (await store.active(7)).number == 1
    listening = asyncio.Event()

    def forget() -> None:
        store.forget()
        listening.set()

    notices = Notices(database.address, {CHANNEL: Heard(store.heed, forget)})
    notices.start()
    await listening.wait()
    assert (await store.active(7)).number == 1
    await put(database, STAFF)
    while (await store.active(7)).number != 2:
        await asyncio.sleep(0.01)
    await put(database, ORDERS, site=7)
    while (await store.active(7)).number != 3:
        await asyncio.sleep(0.01)
    await notices.stop()


async def test_a_process_that_heard_nothing_asks_again_after_a_minute(database: Database) -> None:
    with clock.held(clock.now_ms()) as now:
        store = RulesStore(database)
        before = await store.active()
        await put(database, STAFF)
        assert await store.active() is before
        now.advance(seconds=61)
        assert (await store.active()).number == 2


async def test_a_release_that_ships_other_rules_lays_the_operators_over_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, STAFF)
    await put(database, ORDERS, site=7)
    newer = dictionary.load(
        dictionary.default_text() + '\n[[detector]]\nname = "ticket"\npattern = "TI-[0-9]{6}"\n'
        '\n[[field]]\nnumber = 900\nname = "ticket"\ntier = 2\ndetectors = ["ticket"]\n'
    )
    with monkeypatch.context() as patched:
        patched.setattr(dictionary, "default", lambda: newer)
        assert await ensure_shipped(database) == 4
        assert await ensure_shipped(database) is None
    own = await RulesStore(database).active(7)
    assert mask_text(own.rules, "SX-123456 OR-123456 TI-123456") == "[staff_number] [order_number] [ticket]"
    assert await ensure_shipped(database) is None  # the older release beside it does not take its own back


async def test_a_note_has_a_bound(database: Database) -> None:
    with pytest.raises(InvalidValue, match="at most 500 characters, this one 501"):
        await put(database, STAFF, note="x" * 501)
