"""What a page says about its tracker, without a network."""

import pytest

from sightline.errors import InvalidValue
from sightline.operate.page_check import Whose, vetted
from sightline.operate.page_faults import Expected, Fault, allows, examine

PAGE = "https://shop.example.com/cart"
EXPECTED = Expected(
    names=frozenset({"pk_own", "0b7c"}), origins=frozenset({"https://stats.example.net"}), path="/9f3ab2"
)
TAG = '<script async src="https://stats.example.net/9f3ab2/s.js" data-site="pk_own"></script>'


def faults(html: str, *policies: str) -> list[tuple[Fault, str]]:
    return [(found.fault, found.detail) for found in examine(PAGE, html, policies, EXPECTED)]


@pytest.mark.parametrize(
    "html",
    [
        TAG,
        '<SCRIPT defer SRC="/9f3ab2/s.js" DATA-SITE="pk_own"></SCRIPT>',
        '<script src="https://stats.example.net/script.js" data-website-id="0b7c"></script>',
        f'<script data-site="pk_other" src="https://stats.example.net/9f3ab2/s.js"></script>{TAG}',
    ],
)
def test_a_page_with_its_tracker_has_no_fault(html: str) -> None:
    assert faults(f"<!doctype html><head>{html}</head><p>Hello") == []


def test_each_fault_is_named_with_the_value_that_shows_it() -> None:
    assert faults("<p>Hello") == [(Fault.ABSENT, "")]
    assert faults(f"<!-- {TAG} -->") == [(Fault.ABSENT, "")]
    assert faults(TAG.replace("pk_own", "pk_other")) == [(Fault.OTHER_SITE, "pk_other")]
    moved = TAG.replace("stats.example.net", "old.example.net")
    assert faults(moved) == [(Fault.WRONG_HOST, "https://old.example.net/9f3ab2/s.js")]
    assert faults(TAG.replace("9f3ab2", "000000")) == [(Fault.WRONG_HOST, "https://stats.example.net/000000/s.js")]
    assert faults(TAG, "default-src 'self'") == [(Fault.CSP_SCRIPT, "'self'"), (Fault.CSP_CONNECT, "'self'")]
    meta = "<meta http-equiv='Content-Security-Policy' content=\"connect-src 'self'\">"
    assert faults(meta + TAG) == [(Fault.CSP_CONNECT, "'self'")]


@pytest.mark.parametrize(
    ("sources", "fits"),
    [
        (["*"], True), (["'self'"], False), (["'none'"], False), (["https:"], True), (["http:"], True),
        (["data:"], False),
        (["stats.example.net"], True), (["*.example.net"], True), (["*.stats.example.net"], False),
        (["https://stats.example.net/9f3ab2/"], True), (["https://stats.example.net/other/"], False),
        (["https://stats.example.net:8443"], False), (["https://stats.example.net:*"], True),
        (["'nonce-r4nd0m'"], True), (["'strict-dynamic'", "*"], False), (["'unsafe-inline'"], False), ([], False),
    ],
)  # fmt: skip
def test_sources_of_a_policy_fit_as_browsers_read_them(sources: list[str], fits: bool) -> None:
    url = "https://stats.example.net/9f3ab2/s.js"
    assert allows(sources, url, "https://shop.example.com", "r4nd0m") is fits


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/", "http://127.0.0.1/",
        "http://localhost:6379/", "https://evil.example/", "https://shop.example.com.evil.example/",
        "https://shop.example.com@evil.example/", "https://shop.example.com:22/", "file:///etc/passwd",
        "gopher://shop.example.com/", "https://shop.example.com:99999/", "https://", "shop.example.com",
        "https://shop.example.com/\r\nX: y",
    ],
)  # fmt: skip
def test_only_the_sites_own_pages_are_fetched(url: str) -> None:
    with pytest.raises(InvalidValue):
        vetted(url, Whose(domains=("shop.example.com", "*.shop.example.com"), loopback=False))


def test_the_machine_itself_only_in_a_demo() -> None:
    assert vetted("http://127.0.0.1:8601/", Whose(domains=(), loopback=True)).port == 8601
    with pytest.raises(InvalidValue):
        vetted("http://192.168.0.1/", Whose(domains=(), loopback=True))
