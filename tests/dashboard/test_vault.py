"""The vault's pages on a real server: found masked, revealed for a purpose, rotated, verified, erased, and by whom."""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ADA, PASSWORD, Client, Open, Served, Watched, cookies_of, set_up_by_ada
from tests.dashboard.looks import SIZES, faults, is_wider_than_its_window, settled, sticking_out
from tests.postgres import binaries, system_postgres
from tests.running import up

PURPOSES = "support: email phone address ssn,billing: credit_card"
# Somebody who does not exist.
LOU = {
    "email": "Lou.Canary@example.com", "first_name": "Lou", "last_name": "Canarybird", "phone": "+44 20 7946 0991",
    "address": "7 Feather Lane", "ssn": "219-09-9991", "credit_card": "4111 1111 1111 1111",
}  # fmt: skip
PARTS = ("subjects", "requests", "audit", "keys")


@pytest.fixture(scope="module")
def keeper(built: None) -> Iterator[Served]:
    """A server with purposes, and a vault in which there are some."""
    with up(SIGHTLINE_VAULT_PURPOSES=PURPOSES) as running:
        found = set_up_by_ada(running)
        with closing(Client(found)) as client:
            many = [
                {"values": {"email": f"p{number}@example.com", "ssn": f"219-09-{number:04}"}} for number in range(6)
            ]
            client.made(f"/vault/{client.team}/subjects", {"subjects": many})
        yield found


@pytest.fixture
def keeping(keeper: Served) -> Iterator[Client]:
    with closing(Client(keeper)) as client:
        yield client


@pytest.fixture
def look(tabs: Callable[..., Watched], keeper: Served) -> Open:
    """Open the vault as Ada, who owns the team."""
    cookies = cookies_of(keeper, ADA["email"], PASSWORD)

    def open_page(path: str = "/vault", **options: object) -> Page:
        tab = tabs(base_url=keeper.url, accept_downloads=True, **options)
        tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        tab.page.goto(path)
        return tab.page

    return open_page


@pytest.fixture
def lou(keeping: Client) -> str:
    """A subject of this test's own; the address is another each time, so that it is found alone."""
    values = {**LOU, "email": f"Lou.{secrets.token_hex(4)}@example.com"}
    made = keeping.made(f"/vault/{keeping.team}/subjects", {"subjects": [{"values": values}]})
    ids = made["ids"]
    assert isinstance(ids, list)
    return str(ids[0])


def changing(page: Page, button: str, within: str = "dialog") -> None:
    """Press a button that changes something, and wait for the answer and for the dialog to go."""
    with page.expect_response(lambda answer: answer.request.method != "GET"):
        page.get_by_role(within).last.get_by_role("button", name=button, exact=True).click()  # type: ignore[arg-type]


def leaks(page: Page, *names: str) -> list[str]:
    text = page.content()
    return [name for name in names if LOU[name] in text]


# ---- subjects -----------------------------------------------------------------------------------------------------


def test_a_subject_is_added_found_by_a_whole_value_revealed_for_a_purpose_and_changed(
    look: Open, keeping: Client
) -> None:
    page = look()
    page.get_by_role("button", name="Add subject").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("First name · tier 1").fill("Lou")
    dialog.get_by_label("E-mail · tier 1").fill("Found.Canary@example.com")
    dialog.get_by_label("Field to add").select_option("ssn")
    dialog.get_by_role("button", name="Add field").click()
    dialog.get_by_label("Social security number · tier 3").fill(LOU["ssn"])
    changing(page, "Add")
    expect(page.get_by_role("dialog", name="L***")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_label("Field", exact=True).select_option("email")
    page.get_by_label("Value", exact=True).fill("nobody@example.com")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nobody has this value")).to_be_visible()
    page.get_by_label("Value", exact=True).fill(" found.canary@EXAMPLE.com")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 subject found.")).to_be_attached()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert leaks(page, "ssn") == []

    page.locator("tbody tr").get_by_role("button", name=re.compile("^Open")).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("row").filter(has_text="Social security number")).to_contain_text("Tier 3")
    assert leaks(page, "ssn") == []
    drawer.get_by_role("button", name="Reveal").click()
    asked = page.get_by_role("dialog", name="Reveal values")
    asked.get_by_label("Purpose").select_option("support")
    asked.get_by_role("button", name="Reveal").click()
    expect(asked.get_by_text("Choose at least one.")).to_be_visible()
    asked.get_by_label("Social security number").check()
    changing(page, "Reveal")
    expect(asked.get_by_text(LOU["ssn"])).to_be_visible()
    expect(asked.get_by_text(re.compile(r"Hidden again in \d+ seconds"))).to_be_visible()
    asked.get_by_role("button", name="Hide now").click()
    expect(asked).to_have_count(0)
    assert leaks(page, "ssn") == []
    entries = keeping.get(f"/vault/{keeping.team}/audit?operation=read").json()["items"]
    assert (entries[0]["purpose"], entries[0]["field_name"]) == ("support", "ssn")

    drawer.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Change values")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Fill in at least one field.")).to_be_visible()
    form.get_by_label("Take the value away").last.check()
    form.get_by_label("First name · tier 1").fill("Mia")
    changing(page, "Save")
    expect(form).to_have_count(0)
    expect(page.get_by_role("dialog").get_by_role("row").filter(has_text="Social security number")).to_have_count(0)
    entries = keeping.get(f"/vault/{keeping.team}/audit?operation=update").json()["items"]
    assert {one["field_name"] for one in entries} >= {"ssn"}


def test_a_subject_is_restricted_linked_exported_and_erased_with_its_id_typed(
    look: Open, keeping: Client, lou: str, tmp_path: Path
) -> None:
    page = look(f"/vault?subject={lou}")
    drawer = page.get_by_role("dialog").first
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        drawer.get_by_role("button", name="Restrict", exact=True).click()
    expect(drawer.get_by_text("Restricted under GDPR article 18")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        drawer.get_by_role("button", name="Lift restriction").click()
    expect(drawer.get_by_text("Restricted under GDPR article 18")).to_have_count(0)
    drawer.get_by_role("button", name="Link to a person").click()
    page.get_by_role("dialog", name="Link to a person").get_by_label("Name given to identify()").fill("customer 7")
    changing(page, "Link to a person")
    expect(page.get_by_role("dialog", name="Link to a person")).to_have_count(0)

    drawer.get_by_role("button", name="Note a request").click()
    page.get_by_role("dialog", name="Note a request").get_by_label("Asked for").select_option("erase")
    changing(page, "Note")
    expect(page.get_by_role("dialog", name="Note a request")).to_have_count(0)
    drawer.get_by_role("button", name="Export").click()
    page.get_by_role("dialog", name="Export for the person").get_by_label("Under").select_option("ccpa")
    with page.expect_download() as told:
        page.get_by_role("dialog", name="Export for the person").get_by_role("button", name="Download").click()
    told.value.save_as(tmp_path / "copy.json")
    found = json.loads((tmp_path / "copy.json").read_text())
    assert found["values"]["address"] == LOU["address"]
    assert sorted(found["withheld"]) == ["credit_card", "ssn"]
    expect(page.get_by_role("dialog", name="Export for the person")).to_have_count(0)

    drawer.get_by_role("button", name="Erase").click()
    asked = page.get_by_role("dialog", name="Erase this subject?")
    asked.get_by_role("button", name="Erase for good").click()
    expect(asked.get_by_text(f"Type it exactly: {lou[:8]}")).to_be_visible()
    asked.get_by_label(f"Type {lou[:8]} to confirm").fill(lou[:8])
    changing(page, "Erase for good")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert keeping.get(f"/vault/{keeping.team}/subjects/{lou}").status_code == 404

    page.get_by_role("tab", name="Requests").click()
    expect(page.get_by_role("row").filter(has_text="Erasure").filter(has_text="Erased").first).to_be_visible()
    page.get_by_role("button", name=f"Receipt of {lou[:8]}").click()
    receipt = json.loads(page.get_by_role("group", name="Receipt of an erasure").inner_text())
    assert receipt == keeping.get(f"/vault/{keeping.team}/subjects/{lou}/receipt").json()
    page.keyboard.press("Escape")
    expect(page.get_by_role("row").filter(has_text=lou)).to_contain_text("Holds")


def test_what_was_revealed_is_hidden_again_after_a_minute(look: Open, lou: str) -> None:
    page = look(f"/vault?subject={lou}")
    page.get_by_role("dialog").get_by_role("button", name="Reveal").click()
    page.clock.install()
    asked = page.get_by_role("dialog", name="Reveal values")
    asked.get_by_label("Purpose").select_option("billing")
    asked.get_by_label("Credit card").check()
    changing(page, "Reveal")
    expect(asked.get_by_text(LOU["credit_card"])).to_be_visible()
    page.clock.run_for(59_000)
    expect(asked.get_by_text("Hidden again in 1 second.")).to_be_visible()
    page.clock.run_for(1000)
    expect(asked.get_by_label("Purpose")).to_be_visible()
    assert leaks(page, "credit_card") == []


# ---- requests, audit, keys ----------------------------------------------------------------------------------------


def test_a_request_shows_its_date_and_is_extended_and_denied(look: Open, keeping: Client, lou: str) -> None:
    body: dict[str, object] = {"kind": "export", "jurisdiction": "ccpa", "manner": "letter"}
    asked = keeping.made(f"/vault/{keeping.team}/subjects/{lou}/requests", body)
    page = look("/vault?part=requests")
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name=f"Deny request {asked['id']}"))
    expect(row).to_contain_text("CCPA")
    expect(row).to_contain_text("Due in 44 days")  # and most of the day on which it was noted
    row.get_by_role("button", name=f"Extend request {asked['id']}").click()
    changing(page, "Extend")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_contain_text("extended")
    row.get_by_role("button", name=f"Deny request {asked['id']}").click()
    page.get_by_role("dialog").get_by_label("Reason").select_option("excessive")
    changing(page, "Deny")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Excessive or unfounded").first).to_be_visible()
    (kept,) = [
        one for one in keeping.get(f"/vault/{keeping.team}/requests").json()["items"] if one["id"] == asked["id"]
    ]
    assert (kept["outcome"], kept["basis"]) == ("denied", "excessive")


def test_the_audit_is_filtered_and_verified(look: Open, keeping: Client, lou: str) -> None:
    refused = {"fields": ["ssn"], "purpose": "curiosity"}
    assert keeping.post(f"/vault/{keeping.team}/subjects/{lou}/read", json=refused).status_code == 403
    keeping.post("/jobs/vault.seal/run").raise_for_status()
    page = look("/vault?part=audit")
    settled(page)
    with page.expect_response(re.compile("success=false")):
        page.get_by_label("Only what failed or was refused").check()
    settled(page)
    expect(page.locator("tbody tr").first).to_contain_text("purpose refused")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text(re.compile(r"^All as written: [\d,]+ rows? in [\d,]+ seals?\.$"))).to_be_visible()
    assert leaks(page, "ssn", "address", "credit_card", "phone") == []


def test_a_key_is_counted_rotated_watched_and_taken_back(look: Open, keeping: Client) -> None:
    page = look("/vault?part=keys")
    settled(page)
    page.get_by_label("Key", exact=True).select_option("application")
    page.get_by_role("button", name="Count first").click()
    expect(page.get_by_text(re.compile(r"^It would go through \d+ subjects\.$"))).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Rotate", exact=True).click()
    row = page.get_by_role("row").filter(has_text="Application key")
    expect(row.first).to_contain_text("Done", timeout=30_000)
    expect(row.first).to_contain_text("1 → 2")
    row.first.get_by_role("button", name="Take back the rotation: Application key").click()
    changing(page, "Take back")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row.first).to_contain_text("taking back")
    expect(row.first).to_contain_text("Done", timeout=30_000)
    expect(row.nth(1)).to_contain_text("Taken back")
    runs = keeping.get(f"/vault/{keeping.team}/rotations").json()["items"]
    assert [(run["direction"], run["status"]) for run in runs] == [("back", "completed"), ("forward", "rolled_back")]


# ---- who may, and where there is none -----------------------------------------------------------------------------


def test_a_manager_adds_and_changes_and_reveals_erases_and_rotates_nothing(
    tabs: Callable[..., Watched], keeper: Served, keeping: Client, lou: str
) -> None:
    token = keeping.made(f"/teams/{keeping.team}/invitations", {"role": "manager"})["token"]
    login = f"m{secrets.token_hex(4)}@example.com"
    body = {"token": token, "name": "Max", "email": login, "password": PASSWORD}
    httpx.post(
        f"{keeper.url}/api/v1/invitations/register", json=body, headers={"origin": keeper.url}
    ).raise_for_status()
    page = tabs(base_url=keeper.url).page
    page.context.add_cookies(cookies_of(keeper, login, PASSWORD))  # type: ignore[arg-type]
    page.goto(f"/vault?subject={lou}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("button", name="Edit")).to_be_visible()
    for name in ("Reveal", "Erase", "Export", "Note a request"):
        expect(drawer.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("tab")).to_have_count(0)


def test_a_viewer_finds_no_vault(tabs: Callable[..., Watched], keeper: Served, keeping: Client) -> None:
    token = keeping.made(f"/teams/{keeping.team}/invitations", {"role": "viewer"})["token"]
    login = f"v{secrets.token_hex(4)}@example.com"
    body = {"token": token, "name": "Vic", "email": login, "password": PASSWORD}
    httpx.post(
        f"{keeper.url}/api/v1/invitations/register", json=body, headers={"origin": keeper.url}
    ).raise_for_status()
    page = tabs(base_url=keeper.url).page
    page.context.add_cookies(cookies_of(keeper, login, PASSWORD))  # type: ignore[arg-type]
    page.goto("/")
    expect(page.get_by_role("link", name="Settings")).to_be_visible()
    expect(page.get_by_role("link", name="Vault")).to_have_count(0)
    page.goto("/vault")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_where_no_vault_is_set_up_the_page_says_what_to_do(axe: str, tabs: Callable[..., Watched]) -> None:
    with system_postgres(fsync="off") as address:
        assert address.password is not None
        url = (
            f"postgresql://{address.user}:{address.password.reveal()}@{address.host}:{address.port}/{address.database}"
        )
        subprocess.run([binaries() / "psql", "-q", "-c", "CREATE SCHEMA umami", url], check=True)
        with up(command="serve", SIGHTLINE_DATABASE_URL=url, SIGHTLINE_DATABASE_TLS="off") as running:
            found = set_up_by_ada(running)
            tab = tabs(base_url=found.url)
            tab.expected = (*tab.expected, "status of 503")
            tab.page.context.add_cookies(cookies_of(found, ADA["email"], PASSWORD))  # type: ignore[arg-type]
            tab.page.goto("/vault")
            expect(tab.page.get_by_role("heading", name="There is no vault yet")).to_be_visible()
            expect(tab.page.get_by_role("group", name="Command that sets the vault up")).to_have_text(
                "sightline vault setup"
            )
            looked(tab.page, axe, "none")


# ---- looks --------------------------------------------------------------------------------------------------------


def looked(page: Page, axe: str, what: str) -> None:
    """It fits and is accessible; with a folder named, there is a picture to look at."""
    if folder := os.environ.get("SIGHTLINE_LOOKS"):
        page.screenshot(path=f"{folder}/vault-{what}.png")
    assert not is_wider_than_its_window(page), what
    assert sticking_out(page) == [], what
    assert faults(page, axe) == [], what


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        ("phone", "dark"),
        ("desk", "light"),
        pytest.param("phone", "light", marks=pytest.mark.soak),
        pytest.param("desk", "dark", marks=pytest.mark.soak),
    ],
)
def test_every_part_and_dialog_fits_its_screen_and_is_accessible(  # noqa: PLR0917 - fixtures
    look: Open, keeping: Client, axe: str, lou: str, size: str, scheme: str
) -> None:
    body: dict[str, object] = {"kind": "erase", "jurisdiction": "gdpr", "manner": "email"}
    keeping.made(f"/vault/{keeping.team}/subjects/{lou}/requests", body)
    page = look("/vault", viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")

    def check(what: str) -> None:
        looked(page, axe, f"{what}-{size}-{scheme}")

    for part in PARTS:
        page.goto(f"/vault?part={part}")
        expect(page.get_by_role("heading", name="Vault", exact=True)).to_be_visible()
        settled(page)
        check(part)
        if part == "audit":
            page.get_by_role("button", name="Verify now").click()
            expect(page.get_by_text(re.compile("^All as written"))).to_be_visible()
            check("verified")
    page.goto(f"/vault?subject={lou}")
    drawer = page.get_by_role("dialog").first
    expect(drawer.get_by_role("table")).to_be_visible()
    check("subject")
    for button in ("Reveal", "Edit", "Link to a person", "Note a request", "Export", "Erase"):
        drawer.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(2)
        check(button.split()[0].lower())
        if button == "Reveal":
            asked = page.get_by_role("dialog", name="Reveal values")
            asked.get_by_label("Purpose").select_option("support")
            asked.get_by_label("Address").check()
            asked.get_by_label("Social security number").check()
            check("chosen")
            asked.get_by_role("button", name="Reveal").click()
            expect(asked.get_by_text(LOU["address"])).to_be_visible()
            check("revealed")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(1)
    assert urlsplit(page.url).path == "/vault"
