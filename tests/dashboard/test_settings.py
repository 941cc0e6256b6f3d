"""Settings: sites, people, API keys, the own account, the audit; each change seen through the API as well."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ADA, PASSWORD, Client, Open, Served, Watched, cookies_of


def dialog(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button).click()


def invite(page: Page, role: str) -> str:
    """Make an invitation in the dashboard; returns its link."""
    page.goto("/settings/people")
    page.get_by_role("button", name="Invite").click()
    page.get_by_role("radio", name=role).check()
    dialog(page, "Create link")
    link = page.get_by_role("group", name="Invitation link").inner_text()
    dialog(page, "Done")
    return link


def join(tabs: Callable[..., Watched], served: Served, link: str, name: str) -> Page:
    """Follow an invitation without an account."""
    page = tabs(base_url=served.url).page
    page.goto(link)
    expect(page.get_by_role("heading", name="Join Engine")).to_be_visible()
    expect(page).to_have_url(f"{served.url}/invitation")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create account and join").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    return page


def test_a_site_is_added_changed_and_deleted(ada: Open, client: Client) -> None:
    page = ada("/settings/sites")
    page.get_by_role("button", name="Add site").click()
    page.get_by_label("Name", exact=True).fill("Orchard")
    page.get_by_label("Domains").fill("orchard.example.com")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    dialog(page, "Add site")
    expect(page.get_by_text("Orchard was added.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Orchard")
    expect(row).to_contain_text("Asia/Tokyo")

    row.get_by_role("button", name="Edit Orchard").click()
    page.get_by_label("Name", exact=True).fill("Old orchard")
    page.get_by_label("Recordings").fill("0")
    dialog(page, "Save")
    expect(page.get_by_text("A whole number from 1 to 3650.")).to_be_visible()
    page.get_by_label("Recordings").fill("60")
    dialog(page, "Save")
    expect(page.get_by_role("row").filter(has_text="Old orchard")).to_be_visible()
    [site] = [each for each in client.get("/sites").json()["items"] if each["name"] == "Old orchard"]
    assert site["domains"] == ["orchard.example.com"]
    assert site["time_zone"] == "Asia/Tokyo"
    assert site["retention"] == {"analytics": 365, "vitals": 365, "recordings": 60, "logs": 90, "errors": 90}

    page.get_by_role("button", name="Remove Old orchard").click()
    dialog(page, "Delete site")
    expect(page.get_by_text("Type it exactly: Old orchard")).to_be_visible()
    page.get_by_label("Type Old orchard to confirm").fill("Old orchard")
    dialog(page, "Delete site")
    expect(page.get_by_text("Old orchard was deleted.")).to_be_visible()
    assert client.get(f"/sites/{site['id']}").status_code == 404


def test_a_wrong_domain_is_shown_at_its_field(tabs: Callable[..., Watched], served: Served) -> None:
    tab = tabs(base_url=served.url)
    tab.expected = (*tab.expected, "status of 422")
    tab.page.context.add_cookies(cookies_of(served, ADA["email"], PASSWORD))  # type: ignore[arg-type]
    page = tab.page
    page.goto("/settings/sites")
    page.get_by_role("button", name="Add site").first.click()
    page.get_by_label("Name", exact=True).fill("Mistyped")
    page.get_by_label("Domains").fill("shop_example")
    dialog(page, "Add site")
    expect(page.get_by_label("Domains")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Domains")).to_be_focused()
    expect(page.get_by_text("Write a host name without scheme, port and path.")).to_be_visible()


def test_a_viewer_sees_everything_and_no_button_that_would_fail(
    tabs: Callable[..., Watched], served: Served, ada: Open, client: Client
) -> None:
    client.made("/sites", {"name": "Seen by viewers", "team": client.team})
    viewer = join(tabs, served, invite(ada(), "Viewer"), "Vera")
    expect(viewer.get_by_role("heading", name="Seen by viewers")).to_be_visible()
    expect(viewer.get_by_role("button", name="Add site")).to_have_count(0)
    viewer.get_by_role("link", name="Settings").click()
    expect(viewer.get_by_role("link", name="Audit")).to_have_count(0)
    viewer.get_by_role("link", name="Sites").click()
    expect(viewer.get_by_role("row").filter(has_text="Seen by viewers")).to_be_visible()
    expect(viewer.locator("main").get_by_role("button")).to_have_count(0)
    viewer.get_by_role("link", name="People").click()
    expect(viewer.get_by_role("row").filter(has_text="Ada Lovelace")).to_be_visible()
    for button in ("Invite", "Rename", "Remove Ada Lovelace", "Disable"):
        expect(viewer.get_by_role("button", name=button)).to_have_count(0)
    expect(viewer.get_by_role("combobox")).to_have_count(0)
    viewer.goto("/settings/audit")
    expect(viewer.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_member_is_promoted_and_removed(
    tabs: Callable[..., Watched], served: Served, ada: Open, client: Client
) -> None:
    page = ada()
    member = join(tabs, served, invite(page, "Member"), "Mona")
    page.reload()
    # Everybody's role in the instance is on this page, too, and may be there first: only a team has managers.
    role = page.get_by_label("Role of Mona").filter(has=page.locator("option", has_text="Manager"))
    role.select_option("Manager")
    expect(page.get_by_text("Mona is now manager.")).to_be_visible()
    member.goto("/settings/people")
    expect(member.get_by_role("button", name="Invite")).to_be_visible()
    expect(member.get_by_label("Role of Ada Lovelace")).to_have_count(0)

    page.get_by_role("button", name="Remove Mona").click()
    dialog(page, "Remove member")
    expect(page.get_by_text("Mona was removed.")).to_be_visible()
    names = [each["name"] for each in client.get(f"/teams/{client.team}/members").json()["items"]]
    assert "Mona" not in names
    member.reload()
    expect(member.get_by_text("You are in no team yet")).to_be_visible()


def test_an_invitation_can_be_withdrawn(tabs: Callable[..., Watched], served: Served, ada: Open) -> None:
    page = ada()
    link = invite(page, "Manager")
    page.get_by_role("button", name="Withdraw the invitation as manager").first.click()
    expect(page.get_by_text("The invitation was withdrawn.")).to_be_visible()
    tab = tabs(base_url=served.url)
    tab.expected = (*tab.expected, "status of 404")
    tab.page.goto(link)
    expect(tab.page.get_by_role("alert")).to_contain_text("Ask for a new one.")


def test_somebody_with_an_account_joins_another_team_with_it(
    tabs: Callable[..., Watched], served: Served, ada: Open, client: Client
) -> None:
    other = client.made("/teams", {"name": "Second team"})
    page = join(tabs, served, invite(ada(), "Member"), "Tove")
    link = client.made(f"/teams/{other['id']}/invitations", {"role": "viewer"})["token"]
    page.goto(f"/invitation#token={link}")
    expect(page.get_by_text("You are signed in as Tove")).to_be_visible()
    page.get_by_role("button", name="Join team").click()
    page.goto(f"/settings/people?team={other['id']}")
    expect(page.get_by_role("heading", name="Members of Second team")).to_be_visible()
    page.get_by_role("button", name="Leave team").click()
    dialog(page, "Leave team")
    expect(page.get_by_text("You left Second team.")).to_be_visible()
    expect(page.get_by_role("heading", name="Members of Engine")).to_be_visible()


def test_an_admin_disables_and_enables_an_account(
    tabs: Callable[..., Watched], served: Served, ada: Open, client: Client
) -> None:
    page = ada()
    join(tabs, served, invite(page, "Member"), "Dora")
    page.reload()
    page.get_by_role("button", name="Disable Dora").click()
    dialog(page, "Disable")
    expect(page.get_by_text("Dora was disabled.")).to_be_visible()
    attempt = {"login": "dora@example.com", "password": PASSWORD}
    assert httpx.post(f"{served.url}/api/v1/sign-in", json=attempt).status_code == 401
    page.get_by_role("button", name="Enable Dora").click()
    expect(page.get_by_text("Dora may sign in again.")).to_be_visible()
    assert httpx.post(f"{served.url}/api/v1/sign-in", json=attempt).status_code == 200


def test_an_api_key_is_shown_once_works_and_is_revoked(ada: Open, served: Served) -> None:
    page = ada("/settings/api-keys")
    page.get_by_role("button", name="Create key").click()
    page.get_by_label("Name", exact=True).fill("Nightly export")
    box = page.get_by_role("checkbox", name="See sites and what was measured on them")
    box.uncheck()
    dialog(page, "Create key")
    expect(page.get_by_text("Choose at least one.")).to_be_visible()
    box.check()
    page.get_by_label("Expires").select_option("In 30 days")
    dialog(page, "Create key")
    key = page.get_by_role("group", name="Your new key").inner_text()
    dialog(page, "Done")
    bearer = {"authorization": f"Bearer {key}"}
    assert httpx.get(f"{served.url}/api/v1/sites", headers=bearer).status_code == 200
    assert httpx.get(f"{served.url}/api/v1/users", headers=bearer).status_code == 403

    page.reload()
    expect(page.get_by_role("row").filter(has_text="Nightly export")).to_contain_text("site:read")
    assert key not in page.content()
    page.get_by_role("button", name="Revoke Nightly export").click()
    dialog(page, "Revoke")
    expect(page.get_by_text("Nightly export was revoked.")).to_be_visible()
    assert httpx.get(f"{served.url}/api/v1/sites", headers=bearer).status_code == 401


def test_ones_own_name_and_password_are_changed_and_other_sign_ins_end(
    tabs: Callable[..., Watched], served: Served, ada: Open
) -> None:
    page = join(tabs, served, invite(ada(), "Member"), "Pia")
    elsewhere = tabs(base_url=served.url)
    elsewhere.page.context.add_cookies(cookies_of(served, "pia@example.com", PASSWORD))  # type: ignore[arg-type]
    elsewhere.page.goto("/")
    expect(elsewhere.page.get_by_role("heading", name="Home")).to_be_visible()

    page.goto("/settings/profile")
    page.get_by_label("Name", exact=True).fill("Pia Wurtzbach")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Pia Wurtzbach")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_text("This browser")).to_be_visible()

    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("five dry hens hum low")
    page.get_by_label("New password again").fill("five dry hens hum low")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Password changed. Every other sign-in has ended.")).to_be_visible()
    elsewhere.page.reload()
    expect(elsewhere.page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Pia again")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Pia again")).to_be_visible()


def test_a_sign_in_elsewhere_is_ended_from_the_profile(ada: Open, served: Served) -> None:
    cookies_of(served, ADA["email"], PASSWORD)
    page = ada("/settings/profile")
    ends = page.get_by_role("button", name="End the sign-in of")
    expect(ends.first).to_be_visible()
    before = ends.count()
    ends.first.click()
    expect(page.get_by_text("The sign-in has ended.")).to_be_visible()
    expect(ends).to_have_count(before - 1)


def test_the_audit_names_people_and_shows_older_entries(ada: Open, client: Client) -> None:
    for number in range(55):
        client.made("/sites", {"name": f"Counted {number}", "team": client.team})
    page = ada("/settings/audit")
    expect(page.get_by_role("row").filter(has_text="Added a site").first).to_contain_text("Ada Lovelace")
    expect(page.get_by_role("row").filter(has_text="Counted 54")).to_be_visible()
    expect(page.get_by_text("50 shown")).to_be_visible()
    page.get_by_role("button", name="Show older").click()
    expect(page.get_by_role("row").filter(has_text="Counted 0")).to_be_visible()
    for site in client.get("/sites", params={"limit": 200}).json()["items"]:
        if site["name"].startswith("Counted"):
            client.delete(f"/sites/{site['id']}").raise_for_status()
