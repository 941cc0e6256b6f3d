"""The shop looks the same whether it is watched or not, and anybody can use it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tools import assets

from tests.dashboard.looks import faults
from tests.running import ROOT, Running
from tests.shop.conftest import SDK, Visitors, served, until
from tests.shop.test_visits import fill_the_cart

STILL = "*, ::before, ::after { transition: none !important; caret-color: transparent !important; animation: none }"


def catalogue(page: Page, shop: str) -> None:
    page.goto(shop + "/")
    page.wait_for_selector(".card .name")


def product(page: Page, shop: str) -> None:
    page.goto(shop + "/plants/monstera")
    page.wait_for_selector(".product")


def checkout(page: Page, shop: str) -> None:
    catalogue(page, shop)
    fill_the_cart(page)
    page.click("main a:has-text('Check out')")
    page.fill("#firstName", "Ada")
    page.click("text=Place order")
    page.wait_for_selector(".field .wrong")


def account(page: Page, shop: str) -> None:
    page.goto(shop + "/account")
    page.wait_for_selector("table")


WAYS: list[Callable[[Page, str], None]] = [catalogue, product, checkout, account]


@pytest.mark.parametrize("way", WAYS)
def test_every_pixel_is_the_same_with_and_without_the_sdk(
    visitors: Visitors, sightline: Running, way: Callable[[Page, str], None]
) -> None:
    shots = []
    with served(sightline) as plain:
        for shop in (visitors.shop, plain):
            page = visitors.tab(viewport={"width": 1280, "height": 900}, bypass_csp=True)
            way(page, shop)
            page.add_style_tag(content=STILL)
            if shop == visitors.shop:
                until(page, f"{SDK}?.status().recording")
            else:
                assert page.evaluate(f"{SDK} === undefined")
            page.mouse.move(0, 0)
            shots.append(page.screenshot(full_page=True))
    assert shots[0] == shots[1]


@pytest.mark.parametrize("width", [1280, 360])
def test_the_shop_is_accessible_and_fits_its_screen(visitors: Visitors, width: int) -> None:
    assets.install(assets.BUNDLES[0])  # axe is the dashboard's
    axe = (ROOT / "dashboard/node_modules/axe-core/axe.min.js").read_text("utf-8")
    page = visitors.tab(viewport={"width": width, "height": 800})
    for way in WAYS:
        way(page, visitors.shop)
        assert faults(page, axe) == [], way.__name__
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), way.__name__
