"""Each reason for which a hit is dropped: named in the header, counted, kept or not, and what comes before what."""

from pathlib import Path

import msgspec
import pytest

from sightline import metrics
from sightline.collect.policy import KEPT, Reason
from sightline.settings import CollectSettings
from tests.collect.conftest import CHROME, Site, Watch

HEADLESS = CHROME.replace("Chrome/", "HeadlessChrome/")


async def _kept(site: Site) -> list[tuple[str, str]]:
    await site.parts.intake.quarantine.flush()
    rows = await site.house.database.fetch("SELECT reason, detail FROM quarantine ORDER BY id")
    return [(row["reason"], row["detail"]) for row in rows]


async def _set(site: Site, assignments: str) -> None:
    await site.house.database.execute(f"UPDATE sites SET {assignments} WHERE id = $1", site.id)
    site.parts.intake.sites.forget()


def _counted(reason: Reason) -> float:
    lines: list[str] = []
    metrics.emit(lines.append)
    documents = [msgspec.json.decode(line) for line in lines]
    return sum(float(found["HitsDropped"]) for found in documents if found.get("Reason") == reason.value)


AGENTS = [
    (Reason.NO_AGENT, "", ""),
    (Reason.BOT, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot"),
    (Reason.BOT, "curl/8.5.0", "curl"),
    (Reason.BOT, "python-requests/2.32.0", "python"),
    (Reason.HEADLESS, HEADLESS, ""),
]


@pytest.mark.parametrize(("reason", "agent", "detail"), AGENTS)
async def test_a_machine_is_answered_like_umami_does_and_kept_for_a_look(
    site: Site, reason: Reason, agent: str, detail: str
) -> None:
    metrics.emit(lambda _line: None)
    answer = await site.send(url="/x", headers={"user-agent": agent})
    assert (answer.status_code, answer.json()) == (200, {"beep": "boop"})
    assert answer.headers["x-sightline-dropped"] == reason.value
    assert await site.rows() == []
    (kept,) = await _kept(site)
    assert kept[0] == reason.value
    assert detail in kept[1]
    assert _counted(reason) == 1


async def test_own_addresses_are_refused_with_403_as_umami_does(watch: Watch) -> None:
    async with watch(collect=CollectSettings(own_addresses=("127.0.0.0/8",))) as site:
        answer = await site.send(url="/x")
        assert (answer.status_code, answer.headers["x-sightline-dropped"]) == (403, "own_address")
        assert [reason for reason, _ in await _kept(site)] == ["own_address"]
        assert await site.rows() == []


async def test_data_centres_come_from_a_file_of_networks(watch: Watch, tmp_path: Path) -> None:
    file = tmp_path / "ranges.txt"
    file.write_text("# clouds\n198.51.100.0/24  aws\n2001:db8::/32, azure\n")
    async with watch(collect=CollectSettings(data_centres_file=str(file)), proxies=("127.0.0.1",)) as site:
        for address, dropped in (("198.51.100.7", "data_centre"), ("2001:db8::1", "data_centre"), ("192.0.2.1", None)):
            answer = await site.send(url="/x", headers={"x-forwarded-for": address})
            assert answer.headers.get("x-sightline-dropped") == dropped
        assert len(await site.rows()) == 1
        assert [reason for reason, _ in await _kept(site)] == ["data_centre", "data_centre"]


async def test_a_foreign_hostname_is_kept_out_and_own_ones_are_not(watch: Watch) -> None:
    async with watch(domains=("shop.example", "*.shop.test")) as site:
        for host, fits in (
            ("shop.example", True), ("www.shop.example", True), ("SHOP.example:8080", True), ("a.b.shop.test", True),
            ("shop.test", True), ("evilshop.example", False), ("shop.example.evil.test", False), ("evilshop.test",
            False),
            ("", True),
        ):  # fmt: skip
            answer = await site.send(url="/x", hostname=host)
            assert answer.headers.get("x-sightline-dropped") == (None if fits else "hostname"), host
        assert [detail for _, detail in await _kept(site)] == [
            "evilshop.example",
            "shop.example.evil.test",
            "evilshop.test",
        ]


async def test_referrer_spam_is_kept_out_with_all_that_is_below_it(site: Site) -> None:
    listed = min(site.parts.intake.tools.spam)
    for domain in (listed, f"deep.er.{listed}"):
        answer = await site.send(url="/x", referrer=f"https://{domain}/buy")
        assert answer.headers["x-sightline-dropped"] == "spam"
    assert (await site.send(url="/x", referrer=f"https://not{listed}/")).headers.get("x-sightline-dropped") is None
    assert await _kept(site) == [("spam", listed), ("spam", f"deep.er.{listed}")]


async def test_too_many_of_one_visitor_are_answered_with_429_and_not_kept(watch: Watch) -> None:
    async with watch(collect=CollectSettings(visitor_per_minute=60)) as site:
        answers = [await site.send(url=f"/{number}") for number in range(25)]
        codes = [answer.status_code for answer in answers]
        assert codes.count(200) in range(10, 21)  # ten in each window of ten seconds, of which it may have met two
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["x-sightline-dropped"] == "rate"
        assert refused.headers["retry-after"] == "10"
        assert len(await site.rows()) == codes.count(200)
        assert await _kept(site) == []
        other = await site.send(url="/x", headers={"user-agent": CHROME + " Other"})
        assert other.status_code == 200


@pytest.mark.parametrize(("header", "reason"), [("sec-gpc", "gpc"), ("dnt", "dnt")])
async def test_who_does_not_want_to_be_measured_is_not_not_even_in_the_quarantine(
    site: Site, header: str, reason: str
) -> None:
    answer = await site.send(url="/x", headers={header: "1"})
    assert answer.json() == {"beep": "boop"}
    assert answer.headers["x-sightline-dropped"] == reason
    assert (await site.send(url="/x", headers={header: "0"})).headers.get("x-sightline-dropped") is None
    assert (await site.send(url="/x", headers={header: "1", "x-sightline-consent": "analytics"})).status_code == 200
    assert len(await site.rows()) == 2
    await _set(site, "honour_signals = false")
    assert (await site.send(url="/x", headers={header: "1"})).headers.get("x-sightline-dropped") is None
    assert await _kept(site) == []


async def test_a_site_that_asks_collects_nothing_before_it_has_consent(site: Site) -> None:
    await _set(site, "consent_asked = true")
    for given, dropped in (
        (None, "consent"), ("none", "consent"), ("nonsense", "consent"), ("analytics", None), ("replay", None)
    ):  # fmt: skip
        headers = {} if given is None else {"x-sightline-consent": given}
        answer = await site.send(url="/x", headers=headers)
        assert answer.headers.get("x-sightline-dropped") == dropped, given
    await _set(site, "consent_mode = 'none'")
    assert (await site.send(url="/x")).headers["x-sightline-dropped"] == "site_off"
    assert await _kept(site) == []


async def test_the_first_drop_decides(watch: Watch) -> None:
    """Consent before everything, the address before the agent, the agent before what is sent."""
    async with watch(collect=CollectSettings(own_addresses=("127.0.0.1",)), domains=("shop.example",)) as site:
        machine = {"user-agent": "curl/8.5.0"}
        foreign = await site.send(url="/x", hostname="evil.test", headers=machine | {"sec-gpc": "1"})
        assert foreign.headers["x-sightline-dropped"] == "gpc"
        assert (await site.send(url="/x", headers=machine)).headers["x-sightline-dropped"] == "own_address"
    async with watch(domains=("shop.example",)) as site:
        answer = await site.send(url="/x", hostname="evil.test", headers={"user-agent": "curl/8.5.0"})
        assert answer.headers["x-sightline-dropped"] == "bot"


async def test_a_flood_of_bots_costs_bounded_rows(watch: Watch) -> None:
    async with watch(collect=CollectSettings(quarantine_rows=3)) as site:
        for number in range(6):
            await site.send(url=f"/{number}", headers={"user-agent": "curl/8"})
        assert len(await _kept(site)) == 3


def test_every_reason_has_its_test() -> None:
    """A reason that is added is added here, too."""
    tested = {
        "site_off", "consent", "gpc", "dnt", "vitals", "rate", "own_address", "no_agent", "headless", "bot",
        "data_centre", "hostname", "spam",
    }  # fmt: skip
    assert {reason.value for reason in Reason} == tested
    assert not KEPT & {Reason.GPC, Reason.DNT, Reason.CONSENT, Reason.SITE_OFF}
