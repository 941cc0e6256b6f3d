"""What is remembered of pages stays within bounds, and is never forgotten while somebody uses it."""

import asyncio

from sightline.server.remembered import Remembered


class Page:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()


def test_the_page_that_was_not_used_for_the_longest_time_is_forgotten_first() -> None:
    pages = Remembered(Page, most=2)
    first, second = pages.of((1, "a")), pages.of((1, "b"))
    assert pages.of((1, "a")) is first
    pages.of((2, "a"))
    assert len(pages) == 2
    assert pages.of((1, "a")) is first
    assert pages.of((1, "b")) is not second


def test_heavy_pages_push_out_others_until_all_of_them_fit() -> None:
    pages = Remembered(Page, heaviest=100)
    for name in "abc":
        pages.of((1, name))
        pages.weigh((1, name), 40)
    assert (len(pages), pages.weight) == (2, 80)
    pages.weigh((1, "c"), 10)
    pages.weigh((1, "a"), 1_000)  # forgotten by now
    assert (len(pages), pages.weight) == (2, 50)
    pages.weigh((1, "c"), 101)
    assert (len(pages), pages.weight) == (0, 0)


async def test_a_page_that_is_in_use_is_not_forgotten() -> None:
    pages = Remembered(Page, most=1, heaviest=100)
    page = pages.of((1, "a"))
    async with page.lock:
        pages.weigh((1, "a"), 200)
        for name in "bcd":
            pages.of((1, name))
        assert pages.of((1, "a")) is page
        assert len(pages) == 1
