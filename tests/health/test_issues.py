"""Errors become issues: from bytes on the wire to what somebody decides about them."""

import asyncio
import time

import pytest

from sightline import clock
from sightline.errors import InvalidValue, NotFound
from sightline.health import issues, noise
from sightline.health.grouping import Grouping
from sightline.health.issue_texts import IssueTexts
from sightline.health.issues import Status
from sightline.signals.ledger import Tombstone
from sightline.signals.sealing import Sealer
from tests.health.conftest import STACK, Shop

OTHER = STACK.replace("addToCart", "removeFromCart")


async def test_errors_that_are_the_same_but_for_what_varies_are_one_issue(shop: Shop) -> None:
    await shop.fail("no cart 12 for 8f14e45f-ceea-467f-a9b9-8d1b3a2c9f00", visitor=1, release="1.0.0")
    await shop.fail("no cart 13 for 8f14e45f-ceea-467f-a9b9-8d1b3a2c9f01", visitor=2, release="1.0.1", n=3)
    found = await shop.only()
    assert (found.events, found.visitors, found.visits, found.status) == (4, 2, 2, Status.OPEN)
    assert (found.first_release, found.last_release) == ("1.0.0", "1.0.1")
    assert found.title.startswith("TypeError: no cart 12")
    assert found.culprit == "/assets/index-*.js addToCart"


async def test_an_issue_says_why_its_errors_are_one(shop: Shop) -> None:
    await shop.fail()
    (group,) = await issues.groups(shop.database, shop.scope, (await shop.only()).id)
    assert group.why.counted == ("name", "frames")
    assert group.why.frames == ("/assets/index-*.js addToCart", "/assets/index-*.js onClick")
    assert "2 innermost functions" in group.why.sentence
    await shop.fail("Order 12 is gone", stack="", name="NotFound")
    by_message = next(one for one in await shop.issues() if "Order" in one.title)
    (group,) = await issues.groups(shop.database, shop.scope, by_message.id)
    assert (group.why.counted, group.why.message) == (("name", "message"), "Order <n> is gone")


async def test_another_function_type_or_message_is_another_issue(shop: Shop) -> None:
    await shop.fail()
    await shop.fail(stack=OTHER)
    await shop.fail(name="RangeError")
    await shop.fail("one thing", stack="", name="Error")
    await shop.fail("another thing", stack="", name="Error")
    assert len(await shop.issues()) == 5


async def test_the_same_error_of_two_builds_is_one_issue(shop: Shop) -> None:
    await shop.fail(release="1")
    await shop.fail(release="2", stack=STACK.replace("index-B3kD9x1f", "index-Zz9_k2Qp").replace("12:3456", "13:1"))
    found = await shop.only()
    assert found.events == 2
    (group,) = await issues.groups(shop.database, shop.scope, found.id)
    assert len(group.keys) == 2


async def test_a_batch_that_comes_again_is_counted_once(shop: Shop) -> None:
    for _ in range(3):
        await shop.fail(seq=7)
    assert (await shop.only()).events == 1


async def test_each_error_is_counted_once_however_many_count_at_the_same_time(shop: Shop) -> None:
    error = {"k": "error", "src": "error", "name": "TypeError", "msg": "no cart", "stack": STACK}
    for _ in range(10):
        await shop.send(error, error)
        await asyncio.gather(*(shop.grouping.catch_up() for _ in range(4)))
    assert (await shop.only()).events == 20


async def test_counting_anew_from_sealed_and_hot_errors_gives_the_same(shop: Shop) -> None:
    await shop.fail(visitor=1, release="1")
    await shop.fail(stack=OTHER, visitor=2)
    await Sealer(shop.house.catalogue).seal(clock.now_ms() + 1000)
    await shop.fail(visitor=3, release="2")
    before = await shop.issues()
    assert [one.events for one in before] == [2, 1]
    await shop.database.execute("UPDATE issue_count SET events = 99")
    await shop.grouping.recount([shop.id])
    assert await shop.issues() == before
    for table in ("issue_count", "issue_key", "issue_group", "issue"):
        await shop.database.execute(f"DELETE FROM {table}")
    await shop.grouping.recount()
    again = await shop.issues()
    assert [(one.title, one.events, one.first_ms, one.last_ms, one.last_release) for one in again] == [
        (one.title, one.events, one.first_ms, one.last_ms, one.last_release) for one in before
    ]
    await shop.fail(visitor=4)
    assert [one.events for one in await shop.issues()] == [3, 1]


async def test_who_missed_pruned_rows_of_the_ledger_counts_anew(shop: Shop) -> None:
    await shop.fail()
    await shop.send({"k": "error", "name": "TypeError", "msg": "no cart", "stack": STACK})
    await Sealer(shop.house.catalogue).seal(clock.now_ms() + 1000)
    await shop.database.execute("UPDATE journal_state SET pruned_pos = (SELECT max(pos) FROM ledger) ")
    await shop.database.execute("DELETE FROM ledger WHERE pos < (SELECT max(pos) FROM ledger)")
    await shop.send({"k": "error", "name": "TypeError", "msg": "no cart", "stack": STACK})
    await shop.grouping.catch_up()
    assert (await shop.only()).events == 3


# ---- decisions -----------------------------------------------------------------------------------------------------


async def test_what_was_resolved_in_a_release_and_is_seen_in_a_later_one_has_regressed(shop: Shop) -> None:
    await shop.fail(release="1.9")
    await shop.fail(release="1.10")
    issue = (await shop.only()).id
    await issues.resolve(shop.database, shop.scope, [issue], "1.10")
    for old in ("1.9", "1.10"):  # pages that were open all along
        await shop.fail(release=old)
        assert (await shop.only()).status is Status.RESOLVED
    await shop.fail(release="1.11")
    found = await shop.only()
    assert (found.status, found.regressed_in, found.resolved_in) == (Status.OPEN, "1.11", "")
    assert found.regressed_ms is not None
    assert await shop.issues(regressed=True) == [found]


async def test_resolved_in_the_next_release_waits_for_one_that_is_not_known_yet(shop: Shop) -> None:
    await shop.fail(release="1")
    issue = (await shop.only()).id
    assert await issues.resolve(shop.database, shop.scope, [issue], issues.NEXT) == "1"
    await shop.fail(release="1")
    assert (await shop.only()).status is Status.RESOLVED
    await shop.fail(release="2")
    assert (await shop.only()).regressed_in == "2"


async def test_resolved_without_a_release_is_open_again_as_soon_as_it_is_seen(shop: Shop) -> None:
    await shop.fail()
    await issues.resolve(shop.database, shop.scope, [(await shop.only()).id])
    await asyncio.sleep(0.01)
    await shop.fail()
    assert (await shop.only()).regressed_ms is not None


async def test_what_is_ignored_is_open_again_after_so_many_errors_or_at_that_moment(shop: Shop) -> None:
    await shop.fail()
    issue = (await shop.only()).id
    await issues.ignore(shop.database, shop.scope, [issue], events=2)
    await shop.fail()
    assert (await shop.only()).status is Status.IGNORED
    await shop.fail()
    assert (await shop.only()).status is Status.OPEN
    await issues.ignore(shop.database, shop.scope, [issue], until_ms=clock.now_ms() + 200)
    assert (await shop.only()).status is Status.IGNORED
    assert await shop.issues(status=Status.OPEN) == []
    await asyncio.sleep(0.25)
    assert [one.id for one in await shop.issues(status=Status.OPEN)] == [issue]
    await issues.ignore(shop.database, shop.scope, [issue])
    await shop.fail(n=1000)
    assert (await shop.only()).status is Status.IGNORED


async def test_merged_issues_stay_one_and_can_be_split_again(shop: Shop) -> None:
    await shop.fail(visitor=1)
    await shop.fail(stack=OTHER, visitor=1)
    one, other = (found.id for found in await shop.issues())
    merged = await issues.merge(shop.database, shop.scope, [other], one)
    assert (merged.id, merged.events) == (one, 2)
    await shop.fail(stack=OTHER, visitor=2)
    found = await shop.only()
    assert (found.id, found.events, found.visitors) == (one, 3, 2)
    await shop.grouping.regroup(shop.id)
    assert (await shop.only()).events == 3
    groups = await issues.groups(shop.database, shop.scope, one)
    taken = next(group for group in groups if "removeFromCart" in str(group.why.frames))
    split = await issues.split(shop.database, shop.scope, one, fingerprints=[taken.fingerprint])
    assert (split.events, split.title) == (2, "TypeError: no cart")
    assert sorted(found.events for found in await shop.issues()) == [1, 2]
    with pytest.raises(InvalidValue, match="nothing would be left"):
        await issues.split(shop.database, shop.scope, split.id, fingerprints=[taken.fingerprint])


async def test_a_key_that_is_taken_out_stays_alone_also_when_all_is_grouped_anew(shop: Shop) -> None:
    await shop.fail(release="1")
    await shop.fail(release="2", stack=STACK.replace(":12:3456", ":77:1"))
    issue = (await shop.only()).id
    (group,) = await issues.groups(shop.database, shop.scope, issue)
    key = group.keys[0]
    new = await issues.split(shop.database, shop.scope, issue, keys=[key])
    await shop.grouping.regroup(shop.id)
    await shop.fail(release="2", stack=STACK.replace(":12:3456", ":77:1"))
    await shop.fail(release="1")
    assert sorted((one.id, one.events) for one in await shop.issues()) == sorted([(issue, 2), (new.id, 2)])
    (alone,) = await issues.groups(shop.database, shop.scope, new.id)
    assert (alone.keys, alone.why.counted) == ((key,), ("key",))


async def test_issues_of_another_site_are_not_there(shop: Shop) -> None:
    await shop.fail()
    await shop.database.execute("UPDATE issue SET site = site + 1")
    with pytest.raises(NotFound, match="no issue"):
        await issues.resolve(shop.database, shop.scope, [1])
    assert await shop.issues() == []


# ---- noise ---------------------------------------------------------------------------------------------------------


async def test_known_noise_makes_no_issue_and_is_counted(shop: Shop) -> None:
    extension = "TypeError: x\n    at a (chrome-extension://cfhdojbkjhnklbpkdaibdccddilifddb/content.js:1:2)"
    await shop.fail("Script error.", stack="", name="", n=5)
    await shop.fail("ResizeObserver loop completed with undelivered notifications.", stack="", name="Error")
    await shop.fail("x", stack=extension)
    await shop.fail()
    assert [one.title for one in await shop.issues()] == ["TypeError: no cart"]
    rules = {one.name: one.events for one in await issues.noise_rules(shop.database, shop.scope) if one.events}
    assert rules == {"script-error": 5, "resize-observer": 1, "extension": 1}


async def test_a_site_changes_what_it_takes_for_noise_also_for_what_is_stored(shop: Shop) -> None:
    await shop.fail("Script error.", stack="", name="", n=5)
    await shop.fail("cannot reach chat 12", stack="", name="Error")
    own = [noise.Rule("*reach chat*")]
    changed = await issues.change_noise(shop.database, shop.grouping, shop.scope, off=["script-error"], own=own)
    assert changed == 2
    assert [(one.title, one.events) for one in await shop.issues()] == [("Script error.", 5)]
    await shop.fail("cannot reach chat 13", stack="", name="Error")
    rules = {one.name: one.events for one in await issues.noise_rules(shop.database, shop.scope)}
    assert rules["*reach chat*"] == 2
    assert await issues.change_noise(shop.database, shop.grouping, shop.scope, off=[], own=[]) == 2
    assert [one.title for one in await shop.issues()] == ["Error: cannot reach chat 12"]


@pytest.mark.parametrize("pattern", ["", "**", "ab", "x" * 201, "a\nb"])
async def test_a_pattern_that_would_take_everything_or_nothing_is_refused(shop: Shop, pattern: str) -> None:
    with pytest.raises(InvalidValue):
        await issues.change_noise(
            shop.database, shop.grouping, shop.scope, off=[], own=[noise.Rule(pattern)]
        )  # fmt: skip


# ---- going again ---------------------------------------------------------------------------------------------------


async def test_whoever_is_erased_is_in_no_count_and_no_text(shop: Shop) -> None:
    await shop.fail("no cart for the tall one", visitor=1)
    await shop.fail("no cart for the small one", visitor=2)
    rows = await shop.database.fetch("SELECT visitor, message FROM signal_error ORDER BY batch")
    assert (await shop.only()).visitors == 2
    await shop.house.erasure.erase(Tombstone(reason="asked", sites=(shop.id,), visitors=(rows[0]["visitor"],)))
    found = await shop.only()
    assert (found.events, found.visitors, found.title) == (1, 1, "TypeError: no cart for the small one")
    held = await shop.database.fetch("SELECT parts FROM issue_key UNION ALL SELECT why FROM issue_group")
    assert "tall" not in str([row[0] for row in held])
    await shop.house.erasure.erase(Tombstone(reason="asked", sites=(shop.id,), visitors=(rows[1]["visitor"],)))
    assert await shop.issues() == []
    assert await shop.database.fetchval("SELECT count(*) FROM issue_key") == 0


async def test_what_comes_while_somebody_is_erased_is_in_no_count_either(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.fail("no cart for the tall one", visitor=1)
    await shop.fail("no cart for the small one", visitor=2)
    visitor = await shop.database.fetchval("SELECT visitor FROM signal_error ORDER BY batch LIMIT 1")
    erase = IssueTexts.erase

    async def and_meanwhile(self: IssueTexts, tombstone: Tombstone) -> int:
        done = await erase(self, tombstone)
        await shop.fail("no cart for the tall one", visitor=1)
        return done

    monkeypatch.setattr(IssueTexts, "erase", and_meanwhile)
    await shop.house.erasure.erase(Tombstone(reason="asked", sites=(shop.id,), visitors=(int(str(visitor)),)))
    assert await shop.database.fetchval("SELECT count(*) FROM signal_error") == 1
    await shop.grouping.catch_up()
    found = await shop.only()
    assert (found.events, found.visitors, found.title) == (1, 1, "TypeError: no cart for the small one")


async def test_retention_takes_days_out_of_the_counts_and_a_removed_site_everything(shop: Shop) -> None:
    await shop.fail(release="1")
    day = 24 * 3600 * 1000
    today = int(time.time() * 1000) // day
    await shop.database.execute(
        "INSERT INTO issue_count SELECT site, key, 7, first_ms, last_ms, day - 100, release FROM issue_count"
    )
    await shop.database.execute("UPDATE issue SET events = 8")
    await shop.house.erasure.erase(
        Tombstone(reason="retention", sites=(shop.id,), kinds=("error",), before_ms=(today - 90) * day)
    )
    assert (await shop.only()).events == 1
    await shop.house.erasure.erase(Tombstone(reason="removed", sites=(shop.id,)))
    for table in ("issue", "issue_group", "issue_key", "issue_count", "issue_release"):
        assert await shop.database.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_more_different_errors_than_a_site_may_have_are_counted_together(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.health.grouping.MOST_KEYS", 3)
    for number in range(6):
        await shop.fail(f"{chr(97 + number) * 4} is wrong", stack="", name="Error")
    found = {one.title: one.events for one in await shop.issues()}
    assert found.pop("Other errors") == 3
    assert list(found.values()) == [1, 1, 1]


async def test_a_storm_of_errors_writes_few_rows(shop: Shop) -> None:
    error = {"k": "error", "src": "error", "name": "TypeError", "msg": "no cart", "stack": STACK}
    for visitor in range(10):
        await shop.send(*[error] * 50, visitor=visitor)
    assert await Grouping(shop.house.catalogue).catch_up() == 500
    assert (await shop.only()).events == 500
    assert await shop.database.fetchval("SELECT count(*) FROM issue_count") == 1
    assert await shop.database.fetchval("SELECT count(*) FROM issue_key") == 1


async def test_deciding_and_counting_do_not_get_in_each_other_s_way(shop: Shop) -> None:
    for function in ("a_one", "b_two", "c_three", "d_four"):
        await shop.fail(stack=STACK.replace("addToCart", function), visitor=1)
    numbers = [one.id for one in await shop.issues()]
    errors = [
        {"k": "error", "src": "error", "name": "TypeError", "msg": "x", "stack": STACK.replace("addToCart", function)}
        for function in ("d_four", "c_three", "b_two", "a_one")
    ]

    async def decide() -> None:
        for _ in range(10):
            await issues.resolve(shop.database, shop.scope, numbers)
            await issues.reopen(shop.database, shop.scope, list(reversed(numbers)))

    async def count() -> None:
        for _ in range(10):
            await shop.send(*errors, visitor=2)
            await shop.grouping.catch_up()

    await asyncio.gather(decide(), count(), decide())
    assert sum(one.events for one in await shop.issues()) == 4 + 40
