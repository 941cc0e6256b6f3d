"""Cost and infrastructure: what `sightline aws` sends is what admins see, and nobody else."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from sightline.cloud import cost
from tests.dashboard.conftest import ADA, PASSWORD, Client, Served, Watched, cookies_of, set_up_by_ada
from tests.dashboard.looks import LOOKS, PAIRS, SIZES, seen, settled
from tests.running import run, up

BOB = {"email": "bob@example.com", "name": "Bob", "password": PASSWORD}
SERVICES = {"EC2 - Other": 1.25, "Amazon Elastic Container Service": 0.9, "AmazonCloudWatch": 0.35}
GAP = {"arn": "arn:aws:s3:::observability-recordings-of-a-stage-with-a-long-name", "faults": ["Owner is missing"]}
ROWS = [
    {"id": "1.3-AC2", "criterion": "Recordings go after 30 days", "how": "S3: lifecycle", "state": "fail",
     "evidence": "no rule ends them"},
    {"id": "1.1-AC1", "criterion": "VPC of /24", "how": "EC2: addresses", "state": "pass", "evidence": "vpc-1"},
    *({"id": f"2.1-AC{at}", "criterion": "Roles", "how": "by a person", "state": "human", "evidence": "look"}
      for at in range(1, 26)),
]  # fmt: skip


@pytest.fixture(scope="module")
def installed(built: None) -> Iterator[Served]:
    """A server of its own, since what is sent stays."""
    with up() as running:
        yield set_up_by_ada(running)


@pytest.fixture
def opened(tabs: Callable[..., Watched], installed: Served) -> Callable[..., Page]:
    def open_page(login: str = ADA["email"], **options: object) -> Page:
        page = tabs(base_url=installed.url, **options).page
        page.context.add_cookies(cookies_of(installed, login, PASSWORD))  # type: ignore[arg-type]
        page.goto("/settings/cloud")
        return page

    return open_page


def spending() -> dict[str, object]:
    first = datetime(2026, 11, 1, tzinfo=UTC)
    days = {f"{first + timedelta(days=at):%Y-%m-%d}": SERVICES for at in range(28)}
    return {
        "start": "2026-11-01", "end": "2026-11-29", "days": days, "components": {"Networking": 42.0, "(none)": 3.5},
        "groups": {"observability-prod": 38.25}, "forecast": 5.25, "budget": 150,
        "anomalies": ["2026-11-20: AmazonCloudWatch, 7.50 USD more than expected"],
    }  # fmt: skip


@pytest.fixture
def filled(installed: Served) -> float:
    """Every result was sent: the estimate by its command, with a key."""
    with closing(Client(installed)) as client:
        made = client.made("/api-keys", {"name": "aws", "permissions": ["cloud:report"]})
        sent = run(
            "aws", "cost", "estimate", "--send", "--json",
            SIGHTLINE_CLIENT_URL=installed.url, SIGHTLINE_CLIENT_KEY=str(made["token"]),
        )  # fmt: skip
        assert sent.returncode == 0, sent.stderr
        for kind, document in (
            ("spending", spending()), ("tags", {"resources": 61, "gaps": [GAP]}),
            ("verification", {"about": "Stage prod in eu-central-1", "rows": ROWS}),
        ):  # fmt: skip
            client.put(f"/cloud/{kind}", json=document).raise_for_status()
    total: float = json.loads(sent.stdout)["total"]
    return total


def test_before_anything_was_sent_each_part_names_its_command(opened: Callable[..., Page], axe: str) -> None:
    """It stands first in this file: what is sent afterwards stays."""
    page = opened(viewport=SIZES["phone"], reduced_motion="reduce")
    expect(page.get_by_role("heading", name="Cost and infrastructure")).to_be_visible()
    for command in ("cost report", "cost estimate", "tags audit", "verify --before before.json"):
        expect(page.get_by_text(f"sightline aws {command} --send", exact=True)).to_be_visible()
    seen(page, axe, PAIRS, "empty")


def test_it_shows_what_was_sent(opened: Callable[..., Page], filled: float) -> None:
    page = opened()
    cost_ = page.get_by_role("region", name="Cost", exact=True)
    figures = cost_.locator("dl")
    expect(figures).to_contain_text(f"${28 * sum(SERVICES.values()):.2f}")
    expect(figures).to_contain_text("$5.25")
    expect(figures).to_contain_text(f"${filled:.2f}")
    expect(figures).to_contain_text(f"${150 - filled:.2f} under the budget")
    expect(cost_.get_by_role("img")).to_have_attribute("aria-label", "Cost of 28 days, by service; the line is a"
                                                       " thirtieth of the budget: $5.00 a day.")  # fmt: skip
    expect(cost_.get_by_role("row", name="EC2 - Other")).to_contain_text(f"${28 * SERVICES['EC2 - Other']:.2f}")
    expect(cost_.get_by_role("row", name="Networking")).to_contain_text("$42.00")
    expect(cost_.get_by_role("row", name="observability-prod")).to_contain_text("$38.25")
    expect(cost_.get_by_role("listitem").filter(has_text="7.50 USD more than expected")).to_be_visible()
    cost_.get_by_text("By day, as a table").click()
    day = cost_.get_by_role("row", name="28 Nov 2026")
    expect(day).to_contain_text(f"${sum(SERVICES.values()):.2f}")
    month = page.get_by_role("region", name="Where a month goes")
    lines = cost.estimate(cost.profile("small"), {}).lines
    expect(month.locator("tbody tr")).to_have_count(8)
    month.get_by_role("button", name=f"Show all {len(lines)}").click()
    expect(month.locator("tbody tr")).to_have_count(len(lines))
    tags = page.get_by_role("region", name="Tags")
    expect(tags).to_contain_text("1 of 61 resources with a gap")
    expect(tags.get_by_role("row", name=str(GAP["arn"]))).to_contain_text("Owner is missing")


def test_what_fails_comes_first_and_every_state_has_its_tab(opened: Callable[..., Page], filled: float) -> None:
    page = opened()
    verified = page.get_by_role("region", name="Last verification")
    expect(verified.get_by_role("tab", name="Fails · 1")).to_have_attribute("aria-selected", "true")
    expect(verified.locator("tbody tr")).to_have_count(1)
    expect(verified).to_contain_text("no rule ends them")
    verified.get_by_role("tab", name="Needs a human · 25").click()
    expect(verified.locator("tbody tr")).to_have_count(20)
    verified.get_by_role("button", name="Show all 25").click()
    expect(verified.locator("tbody tr")).to_have_count(25)
    verified.get_by_role("tab", name="Not built · 0").click()
    expect(verified).to_contain_text("No criterion is in this state.")


@pytest.mark.usefixtures("filled")
def test_it_fits_its_screen_and_is_accessible(opened: Callable[..., Page], axe: str) -> None:
    page = opened(viewport=SIZES["phone"], reduced_motion="reduce")
    settled(page)
    page.get_by_text("By day, as a table").click()
    seen(page, axe, LOOKS, "filled")


def test_who_is_no_admin_sees_neither_tab_nor_page(opened: Callable[..., Page], installed: Served) -> None:
    with closing(Client(installed)) as client:
        client.made("/users", {**BOB, "role": "member"})
    page = opened(BOB["email"])
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.goto("/settings/profile")
    expect(page.get_by_role("link", name="Profile")).to_be_visible()
    expect(page.get_by_role("link", name="Cost")).to_have_count(0)
    with httpx.Client(base_url=installed.url) as bob:
        for cookie in cookies_of(installed, BOB["email"], PASSWORD):
            bob.cookies.set(str(cookie["name"]), str(cookie["value"]))
        assert bob.get("/api/v1/cloud").status_code == 403
