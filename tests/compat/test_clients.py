"""Umami's own clients from npm, as their users run them."""

from pathlib import Path

from sightline import clock
from tests.collect.conftest import CHROME
from tests.compat.conftest import Umami, run_node

FIRST = """
import { UmamiClient } from '@umami/api-client';
const baseUrl = process.env.URL + '/api';
const who = { username: 'ada@example.com', password: process.env.PASSWORD };
const { token, user } = await new UmamiClient({ baseUrl }).login(who);
const umami = new UmamiClient({ baseUrl, token });
const site = await umami.createWebsite({ name: 'Shop', domain: 'shop.example' });
const listed = await umami.listWebsites();
const stats = await umami.getWebsiteStats({ websiteId: site.id, startAt: 0, endAt: Date.now() });
console.log(JSON.stringify({ user, site, listed, stats }));
"""


async def test_the_client_signs_in_and_reads_the_stats_of_a_new_website(admin: Umami) -> None:
    found = await run_node(FIRST, URL=admin.url, PASSWORD="four wet owls sing")
    assert found["user"]["isAdmin"] is True
    assert [row["id"] for row in found["listed"]["data"]] == [found["site"]["id"]]
    assert found["stats"]["visitors"] == 0


# What Sightline does not have: no second factor, and recordings are not shown here.
ABSENT = {
    "initiateTwoFactorSetup", "cancelTwoFactorSetup", "confirmTwoFactorSetup", "disableTwoFactor", "verifyTwoFactor",
    "getWebsiteReplay", "getWebsiteReplaySaved", "saveWebsiteReplay",
}  # fmt: skip


async def test_every_method_of_the_client_works(admin: Umami) -> None:
    script = (Path(__file__).parent / "every_method.mjs").read_text()
    found = await run_node(script, URL=admin.url, PASSWORD="four wet owls sing", AGENT=CHROME)
    results = found["results"]
    assert found["missed"] == []
    assert {name: answer for name, answer in results.items() if "ok" not in answer and name not in ABSENT} == {}
    assert {results[name]["status"] for name in ABSENT} == {404}
    assert found["after"] == 401


NODE = """
import found from '@umami/node';
const umami = found.default ?? found;  // node loads the CommonJS form, bundlers the other
umami.init({ websiteId: process.env.SITE, hostUrl: process.env.URL });
const answers = [];
answers.push(await umami.track({ url: '/home', title: 'Home', hostname: 'shop.example', language: 'en-US' }));
answers.push(await umami.track('signup', { plan: 'pro', seats: 2 }));
answers.push(await umami.identify({ tier: 'gold' }));
const told = await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]));
console.log(JSON.stringify(told));
"""


async def test_what_the_node_client_sends_arrives(admin: Umami, site: str) -> None:
    told = await run_node(NODE, URL=admin.url, SITE=site)
    assert [status for status, _ in told] == [200, 200, 200]
    assert [sorted(answer) for _, answer in told] == [["cache", "sessionId", "visitId"]] * 3
    now = {"startAt": clock.now_ms() - 600_000, "endAt": clock.now_ms() + 600_000}
    events = (await admin.get(f"/websites/{site}/events", **now))["data"]
    assert [(row["eventName"], row["urlPath"], row["pageTitle"]) for row in reversed(events)] == [
        (None, "/home", "Home"), ("signup", "", ""),
    ]  # fmt: skip
    assert (await admin.get(f"/websites/{site}/session-data/properties", **now))[0]["propertyName"] == "tier"
