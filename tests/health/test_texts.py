"""What issues hold of texts: audited, masked anew, never beyond what rules of their time allowed."""

import msgspec

from sightline.health import issues
from sightline.health.issue_texts import IssueTexts
from sightline.privacy.dictionary import default
from sightline.signals.masking import Masking
from sightline.signals.walkers import Selection, Walkers
from tests.health.conftest import STACK, Shop

MAIL = "ann.smith@example.com"


async def looser(shop: Shop) -> None:
    """As if older rules had let an address through, everywhere in what is held."""
    await shop.fail(f"no cart for {MAIL}")
    await shop.fail("gone 12", stack="", name="Error")
    for table, column in (("issue", "title"), ("issue", "culprit")):
        await shop.database.execute(f"UPDATE {table} SET {column} = {column} || ' {MAIL}'")
    await shop.database.execute(f"UPDATE issue_key SET parts = replace(parts, 'no cart', '{MAIL} cart')")
    await shop.database.execute(f"UPDATE issue_group SET why = replace(why, 'gone', 'gone {MAIL}')")
    await shop.database.execute(f"UPDATE issue_key SET parts = replace(parts, 'addToCart', '{MAIL}')")
    await shop.database.execute(f"UPDATE issue_group SET why = replace(why, 'addToCart', '{MAIL}')")


async def held(shop: Shop) -> str:
    rows = await shop.database.fetch(
        "SELECT title || culprit AS text FROM issue UNION ALL SELECT why FROM issue_group"
        " UNION ALL SELECT parts FROM issue_key"
    )
    return "\n".join(row["text"] for row in rows)


async def test_every_text_of_an_issue_is_audited(shop: Shop) -> None:
    await looser(shop)
    walker = IssueTexts(shop.house.catalogue)
    masking = Masking(2, default())
    found = [one async for one in walker.texts(Selection(sites=(shop.id,)))]
    dirty = {one.column for one in found for text in one.texts if masking.findings(one.walk, text)}
    assert dirty == {"title", "culprit", "why", "parts"}
    assert await walker.size(Selection()) == 4
    assert [one async for one in walker.texts(Selection(except_sites=(shop.id,)))] == []
    assert "issues" in Walkers(shop.house.catalogue).names()


async def test_what_rules_in_force_let_through_is_no_finding(shop: Shop) -> None:
    await shop.fail("no cart here", name="TypeError")
    masking = Masking(2, default())
    found = [one async for one in IssueTexts(shop.house.catalogue).texts(Selection(sites=(shop.id,)))]
    assert {text for one in found for text in one.texts} >= {"TypeError", "no cart here"}
    assert [text for one in found for text in one.texts if masking.findings(one.walk, text)] == []


async def test_masking_anew_rewrites_them_all_and_grouping_goes_on(shop: Shop) -> None:
    await looser(shop)
    walker = IssueTexts(shop.house.catalogue)
    assert MAIL in await held(shop)
    newer = Masking(30_000, default())
    assert await walker.remask(Selection(older_than_rules=30_000), newer) == 2
    assert MAIL not in await held(shop)
    assert await walker.remask(Selection(older_than_rules=30_000), newer) == 0
    first = next(one for one in await shop.issues() if "cart" in one.title)
    await shop.fail("no cart for somebody", stack=STACK)
    assert {one.id: one.events for one in await shop.issues()}[first.id] >= 1
    for one in await shop.issues():
        groups = await issues.groups(shop.database, shop.scope, one.id)
        assert all(MAIL not in msgspec.json.encode(group.why).decode() for group in groups)
