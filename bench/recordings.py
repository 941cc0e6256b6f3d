"""What masking a recording costs over decoding and encoding its JSON; recordings are made by Chromium for this run."""

import functools
from collections.abc import Callable
from typing import Any

import orjson
from tests.privacy.recordings.browser import chromium, open_page, recorded, start_recording
from tests.privacy.recordings.canaries import Canaries
from tests.privacy.recordings.conftest import PAGE

from bench.measurements import Figure, Result
from bench.pairs import Comparison, compare
from sightline.privacy.dictionary import Rules, default, load
from sightline.privacy.recording.masker import encode, mask

TITLE = "Masking of recordings"
NOTE = (
    "Recorded with the recorder's defaults. `rows`: a table of 1,500 rows added while recording, then 1,000 moves of "
    "the mouse and 30 changes; `snapshot`: the same page loaded with its rows; `canaries`: the test page of many small "
    "secrets. Control: `orjson` decoding and encoding the same bytes. `mask` is the masker alone, on decoded events; "
    "`in full` decodes, masks and encodes; `unmasked` has an entry for the whole table; `first sight` begins with "
    "nothing remembered."
)

_ROUNDS = 9
_RULES = 800
_CSS = "\n".join(
    f".c{n}-x{n * 7:x} {{ color: rgb({n % 255}, 10, 20); padding: {n % 9}px }}\n"
    f".btn-{n}:hover {{ transform: translate({n}px, 0) }}"
    for n in range(_RULES)
)
_PAGE = (
    f"<!doctype html><html><head><title>Orders</title><style>{_CSS}</style></head>"
    "<body><main><table><tbody id=rows></tbody></table></main></body></html>"
)
_ROWS = """
document.getElementById("rows").insertAdjacentHTML("beforeend", Array.from({ length: 1500 }, (_, n) => `
<tr class="row ${n % 2 ? "odd" : "even"} c${n % 800}-x${((n % 800) * 7).toString(16)}" data-id="${n}">
<td class="cell"><a class="link text-primary" href="/orders/${n}?x=1">Order ${n} of customer ${n * 7919 % 1000}</a></td>
<td class="cell price" style="width: ${n % 100}px">${(n * 37 % 9999) / 100} EUR</td>
<td><span class="badge bg-success">shipped in ${n % 30} days</span></td>
<td><button type="button" class="btn btn-sm btn-outline-secondary" aria-label="Edit order ${n}"><svg viewBox="0 0 16 16"
 width="16" height="16"><path d="M1 2.5a1 1 0 0 1 1-1h12a1 1 0 0 1 1 1v.3L8 8.2 1 2.8z"></path></svg></button>
<input type="checkbox" name="sel" value="${n}"></td></tr>`).join(""));
"""
_CHANGE = """
(n) => {
  document.querySelectorAll("tr")[n].classList.add("active");
  document.querySelectorAll("td")[n].firstChild.textContent = `changed ${n}`;
}
"""
_SEEN = '[[unmask]]\nreason = "bench"\nsigned_by = "admin"\ndate = 2026-01-01\nselector = "table"\n'


async def run() -> list[Result]:
    bodies = {"rows": await _rows(loaded=False), "snapshot": await _rows(loaded=True), "canaries": await _canaries()}
    results: list[Result] = []
    for name, body in bodies.items():
        results += _figures(name, body, default())
    seen = load(f'dictionary = 1\nname = "bench"\n{_SEEN}', default())
    results.append(_in_full("rows, unmasked", bodies["rows"], lambda: seen, bound=None))
    results.append(_in_full("rows, first sight", bodies["rows"], _strangers().pop, bound=None))
    return results


def _figures(name: str, body: bytes, rules: Rules) -> list[Result]:
    decoded = [orjson.loads(body) for _ in range(_ROUNDS + 1)]
    alone = compare(
        f"mask / loads + dumps, {name}",
        lambda: mask(rules, None, decoded.pop()),
        functools.partial(_control, body),
        rounds=_ROUNDS,
        bound=0.3 if name == "rows" else None,
    )
    speed = Figure(f"mask, {name}, {len(body) / 1e6:.2f} MB", len(body) / alone.candidate_ms / 1e3, "MB/s of one core")
    return [alone, speed, _in_full(name, body, lambda: rules, bound=0.3 if name != "canaries" else None)]


def _in_full(name: str, body: bytes, rules: Callable[[], Rules], *, bound: float | None) -> Comparison:
    def work() -> bytes:
        return encode(mask(rules(), None, orjson.loads(body)).events)

    return compare(
        f"in full / loads + dumps, {name}", work, functools.partial(_control, body), rounds=_ROUNDS, bound=bound
    )


def _control(body: bytes) -> bytes:
    return orjson.dumps(orjson.loads(body))


def _strangers() -> list[Rules]:
    """Rules that differ in their name, so that each has a memory of its own."""
    return [load(f'dictionary = 1\nname = "bench{n}"\n', default()) for n in range(_ROUNDS + 1)]


async def _rows(*, loaded: bool) -> bytes:
    async with chromium() as browser:
        page = await open_page(browser, {"/": _PAGE})
        if loaded:
            await page.evaluate(_ROWS)
        await start_recording(page)
        if not loaded:
            await page.evaluate(_ROWS)
        for n in range(40):
            await page.mouse.move(10 + n * 11, 20 + n * 7, steps=25)
        for n in range(0, 300, 10):
            await page.evaluate(_CHANGE, n)
        return await recorded(page)


async def _canaries() -> bytes:
    canaries = Canaries()
    sources: dict[str, Any] = {
        name: canaries.plant((PAGE / name).read_text()) for name in ("index.html", "frame.html", "site.css", "act.js")
    }
    async with chromium() as browser:
        files = {
            "/": sources["index.html"],
            "/frame.html": sources["frame.html"],
            "/assets/site.css": sources["site.css"],
        }
        page = await open_page(browser, files)
        await start_recording(page)
        await page.add_script_tag(content=sources["act.js"])
        await page.evaluate("act()")
        return await recorded(page)
