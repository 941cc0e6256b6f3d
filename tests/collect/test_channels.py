"""Channels, campaigns and click ids: the one data file, and what of it reaches a row."""

import pytest

from sightline.collect.channels import table
from tests.collect.conftest import Site

CASES = [
    # referrer, utm_source, utm_medium, utm_campaign, click id, channel
    ("", "", "", "", "", "direct"),
    ("google.com", "", "", "", "", "organic-search"),
    ("google.co.uk", "", "", "", "", "organic-search"),
    ("news.google.com", "", "", "", "", "organic-search"),
    ("google.example.com", "", "", "", "", "referral"),
    ("notgoogle.com", "", "", "", "", "referral"),
    ("mail.google.com", "", "", "", "", "email"),
    ("google.com", "", "cpc", "", "", "paid-search"),
    ("", "google", "cpc", "", "", "paid-search"),
    ("google.com", "", "", "", "gclid", "paid-search"),
    ("facebook.com", "", "", "", "", "organic-social"),
    ("facebook.com", "", "paid", "", "", "paid-social"),
    ("facebook.com", "", "", "", "fbclid", "organic-social"),
    ("", "", "", "", "twclid", "paid-social"),
    ("youtube.com", "", "", "", "", "organic-video"),
    ("youtube.com", "", "cpv", "", "", "paid-video"),
    ("amazon.de", "", "", "", "", "organic-shopping"),
    ("", "newsletter", "email", "", "", "email"),
    ("", "", "sms", "", "", "sms"),
    ("", "", "affiliate", "", "", "affiliate"),
    ("chatgpt.com", "", "", "", "", "ai"),
    ("", "chatgpt.com", "", "", "", "ai"),
    ("blog.example.org", "", "", "", "", "referral"),
]


@pytest.mark.parametrize(("domain", "source", "medium", "campaign", "click", "channel"), CASES)
def test_the_rules_name_a_channel(  # noqa: PLR0917 - all that a channel follows from
    domain: str, source: str, medium: str, campaign: str, click: str, channel: str
) -> None:
    assert table().channel(domain, source, medium, campaign, click) == channel


def test_every_rule_can_be_met_and_the_last_fits_always() -> None:
    rules = table().rules
    assert len({rule.channel for rule in rules}) >= 10
    last = rules[-1]
    assert last == type(last)(last.channel)


async def test_campaign_and_click_leave_the_query_and_get_columns_of_their_own(site: Site) -> None:
    await site.send(
        url="/p?sort=price&utm_source=News+Letter&utm_medium=email&utm_campaign=w%C3%ADnter&utm_content=c&utm_term=t&msclkid=m1&page=2"
    )
    (row,) = await site.rows()
    assert row["query"] == "sort=price&page=2"
    assert (row["utm_source"], row["utm_medium"], row["utm_campaign"]) == ("News Letter", "email", "wínter")
    assert (row["utm_content"], row["utm_term"], row["click"]) == ("c", "t", "msclkid")


async def test_an_own_page_is_no_referrer_and_direct_is_a_channel(site: Site) -> None:
    await site.send(hostname="shop.example", url="/b", referrer="https://www.shop.example/a")
    await site.send(hostname="shop.example", url="/b", referrer="/a")
    await site.send(hostname="shop.example", url="/b")
    rows = await site.rows()
    assert [(row["referrer_domain"], row["referrer_path"], row["channel"]) for row in rows] == [
        ("", "/a", "direct"), ("", "/a", "direct"), ("", "", "direct"),
    ]  # fmt: skip


async def test_what_somebody_does_belongs_to_the_channel_by_which_they_came(site: Site) -> None:
    await site.send(hostname="shop.example", url="/", referrer="https://www.google.com/")
    await site.send(hostname="shop.example", url="/cart", referrer="https://shop.example/")
    await site.send(hostname="shop.example", url="/cart", name="order")
    await site.send(hostname="shop.example", url="/?utm_source=newsletter&utm_medium=email")
    await site.send(hostname="shop.example", url="/cart", referrer="https://shop.example/")
    rows = await site.rows()
    assert len({row["visit"] for row in rows}) == 1
    assert [row["channel"] for row in rows] == ["organic-search"] * 3 + ["email"] * 2
