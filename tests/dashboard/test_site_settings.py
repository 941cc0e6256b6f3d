"""Settings of one site, each change seen through the API as well."""

import re

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Client, Open
from tests.dashboard.looks import SIZES, faults, is_wider_than_its_window, sticking_out


def of_new_site(ada: Open, client: Client, name: str, **options: object) -> tuple[Page, dict[str, object]]:
    site = client.made("/sites", {"name": name, "domains": ["shop.example.com"], "team": client.team})
    page = ada(f"/settings/site?site={site['id']}", **options)
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    return page, site


def test_a_shorter_retention_is_asked_about_before_data_go(ada: Open, client: Client) -> None:
    page, site = of_new_site(ada, client, "Kept")
    days = page.get_by_label("Days of recordings")
    days.fill("0")
    page.get_by_role("button", name="Save retention").click()
    expect(page.get_by_text("A whole number from 1 to 3650.")).to_be_visible()
    days.fill("7")
    page.get_by_role("button", name="Save retention").click()
    expect(page.get_by_role("dialog")).to_contain_text("Data of Recordings that are older will be deleted.")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert client.get(f"/sites/{site['id']}").json()["retention"]["recordings"] == 30
    page.get_by_role("button", name="Save retention").click()
    page.get_by_role("dialog").get_by_role("button", name="Save retention").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert client.get(f"/sites/{site['id']}").json()["retention"]["recordings"] == 7
    page.get_by_label("Days of logs").fill("365")
    with page.expect_response(lambda answer: answer.request.method != "GET"):  # while it saves it is disabled too
        page.get_by_role("button", name="Save retention").click()
    expect(page.get_by_role("button", name="Save retention")).to_be_disabled()
    assert client.get(f"/sites/{site['id']}").json()["retention"]["logs"] == 365


def test_what_is_collected_and_what_the_sdk_does_are_set(ada: Open, client: Client) -> None:
    page, site = of_new_site(ada, client, "Careful")
    form = page.get_by_role("region", name="What is collected")
    form.get_by_label("Analytics only").check()
    form.get_by_label("Ask visitors first").check()
    form.get_by_label("One month").check()
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert client.get(f"/sites/{site['id']}").json()["privacy"] == {
        "consent_mode": "analytics", "consent_asked": True, "honour_signals": True, "salt_period": "month",
    }  # fmt: skip
    recording = page.get_by_role("region", name="Recordings and requests")
    recording.get_by_label("Recorded visits, in percent").fill("101")
    recording.get_by_role("button", name="Save").click()
    expect(recording.get_by_text("A whole number from 0 to 100.")).to_be_visible()
    recording.get_by_label("Recorded visits, in percent").fill("50")
    recording.get_by_label("Never recorded").fill("/checkout/*\n/pay")
    recording.get_by_label("Origins of your API").fill("https://api.example.com")
    with page.expect_response(lambda answer: answer.request.method != "GET"):
        recording.get_by_role("button", name="Save").click()
    expect(recording.get_by_text("A whole number from 0 to 100.")).to_have_count(0)
    expect(recording.get_by_role("button", name="Save")).not_to_have_attribute("aria-busy", "true")
    assert client.get(f"/sites/{site['id']}/tracking").json() == {
        "replay_percent": 50, "payment_pages": ["/checkout/*", "/pay"], "endpoints": ["https://api.example.com"],
    }  # fmt: skip


def test_the_snippet_is_there_for_each_framework_with_the_sites_own_names(ada: Open, client: Client) -> None:
    page, site = of_new_site(ada, client, "Everywhere")
    path = client.get(f"/sites/{site['id']}/snippet").json()["path"]
    tabs = page.get_by_role("tablist", name="Ways to add the tracker")
    for tab, parts in {
        "HTML": ["<script async", f"{path}/s.js", str(site["public_key"])],
        "Vite, React": ["sightline-browser", f"{path}'", str(site["public_key"])],
        "Next": ["next/script", f"{path}/s.js", str(site["public_key"])],
        "Nuxt": ["defineNuxtConfig", f"{path}/s.js", str(site["public_key"])],
        "SvelteKit": ["<script async", str(site["public_key"])],
        "WordPress": ["wp_head", str(site["public_key"])],
        "Tag Manager": ["createElement", str(site["public_key"])],
        "Umami": ["/script.js", str(site["uuid"])],
        "OpenReplay": ["@openreplay/tracker", "/ingest", str(site["public_key"])],
    }.items():
        tabs.get_by_role("tab", name=tab, exact=True).click()
        shown = page.get_by_role("group", name=f"Code for {tab}")
        for part in parts:
            expect(shown).to_contain_text(part)
    tabs.get_by_role("tab", name="OpenReplay").press("ArrowRight")
    expect(tabs.get_by_role("tab", name="HTML")).to_be_focused()


def test_all_data_go_only_after_the_name_is_typed(ada: Open, client: Client) -> None:
    page, site = of_new_site(ada, client, "Emptied")
    page.get_by_role("button", name="Erase all data").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase all data").click()
    expect(page.get_by_text("Type it exactly: Emptied")).to_be_visible()
    assert client.get(f"/sites/{site['id']}").json()["reset_at"] is None
    page.get_by_label("Type Emptied to confirm").fill("Emptied")
    page.get_by_role("dialog").get_by_role("button", name="Erase all data").click()
    expect(page.get_by_text(re.compile("The data are being erased"))).to_be_visible()
    assert client.get(f"/sites/{site['id']}").json()["reset_at"] is not None


def test_the_settings_fit_every_screen_and_are_accessible(ada: Open, client: Client, axe: str) -> None:
    for size, scheme in (("phone", "dark"), ("desk", "light")):
        page, _ = of_new_site(ada, client, f"Seen on a {size}", viewport=SIZES[size], color_scheme=scheme)
        expect(page.get_by_role("group", name="Code for HTML")).to_be_visible()
        expect(page.get_by_role("region", name="Recordings and requests")).to_be_visible()
        assert not is_wider_than_its_window(page)
        assert sticking_out(page) == []
        assert faults(page, axe) == []
