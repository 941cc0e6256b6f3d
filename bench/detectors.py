"""How fast log lines are searched, and what masking one analytics event costs.

The control is presidio's own pattern recognisers for the five kinds that both know (card, e-mail, IBAN, IP, SSN),
called directly, without a language model; ours look for some forty shapes more.
"""

import itertools
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from faker import Faker

from bench import peers
from bench.measurements import Figure, Result
from bench.pairs import compare
from sightline.privacy.detectors.accelerated import EngineMissing, accelerate
from sightline.privacy.dictionary import Rules, default, restore
from sightline.privacy.masks import find, mask_text
from sightline.privacy.structures import mask_json
from sightline.privacy.urls import mask_url

TITLE = "Detectors on log lines"
NOTE = (
    "12,000 made log lines of six kinds, one in ten with something personal; in slices of 1,000, so that ratios are of "
    "the same lines in turn. Control: presidio's recognisers of card, e-mail, IBAN, IP and SSN, called directly, in "
    "the same process; ours look for all that the dictionary knows, in raw and normalised form, and for values that a "
    "name announces. A hostile text repeats one unit, such as `@` or `4111 `, for 16 kB and for 32 kB."
)
# More than the scanner remembers tokens of, so that no round profits from the one before.
_LINES = 12_000
_SLICE = 1_000
_ROUNDS = 36  # three times all lines

# Units that, repeated, make a pattern that backtracks show it.
HOSTILE = {
    "letters": "a",
    "digits": "1",
    "card groups": "4111 ",
    "hyphened groups": "1234-",
    "at signs": "@",
    "mail without end": "a@a.",
    "dots": "a.",
    "colons": "1:",
    "hexadecimal colons": "ab:",
    "brackets": "([{",
    "percent": "%34",
    "twice percent": "%2541",
    "backslashes": "\\\\u0040",
    "entities": "&#64;",
    "open tags": "<a>",
    "names and signs": "password=",
    "phrases": "date of birth ",
    "quotes": 'ssn="',
    "context": "ssn phone otp pin ",
    "phones": "+1 (2",
    "base64": "eyJhbGci.",
    "key begins": "-----BEGIN PRIVATE KEY-----",
    "schemes": "http://a:",
    "IBAN": "DE89 3704 0044 ",
    "zero width": "1\u200b",
    "full width": "\uff14",
    "numbers near context": "call 1234567 ",
    "secrets": "token ghp_ sk-",
    "mrz": "A<",
    "dashes": "--a ",
}


def log_lines(seed: int = 7, size: int = _LINES) -> list[str]:
    """Lines as services write them, of six kinds; one in ten holds something personal."""
    rng, fake = random.Random(seed), Faker()
    fake.seed_instance(seed)
    agents = [fake.user_agent() for _ in range(40)]
    clock = (f"2026-03-{rng.randrange(1, 29):02}T12:{rng.randrange(60):02}:07.{n % 1000:03}Z" for n in range(10**9))
    makers: tuple[Callable[[], str], ...] = (
        lambda: (
            f'{fake.ipv4()} - - [10/Oct/2025:13:55:36 +0000] "GET /api/products/{rng.randrange(9999)}?page=2 HTTP/1.1" '
            f'200 {rng.randrange(99999)} "https://shop.example.com/c/{fake.slug()}" "{rng.choice(agents)}"'
        ),
        lambda: (
            f"{next(clock)} INFO [worker-{rng.randrange(8)}] handler finished request_id={fake.uuid4()} "
            f"duration_ms={rng.uniform(1, 900):.2f} rows={rng.randrange(9999)} path=/api/orders/{rng.randrange(10**6)}"
        ),
        lambda: (
            f'{{"timestamp":"{next(clock)}","level":"INFO","service":"orders","request_id":"{fake.uuid4()}",'
            f'"message":"order placed","duration":{rng.uniform(0, 2000):.3f},"cold_start":false,"items":3}}'
        ),
        lambda: (
            f"REPORT RequestId: {fake.uuid4()}\tDuration: {rng.uniform(1, 900):.2f} ms\tBilled Duration: 12 ms\t"
            f"Memory Size: 512 MB\tMax Memory Used: {rng.randrange(99, 500)} MB"
        ),
        lambda: (
            f"{next(clock)} ERROR [app.payment] Traceback (most recent call last): "
            f'File "/app/src/{fake.word()}.py", line {rng.randrange(999)}, in {fake.word()} '
            f'raise ValueError("{fake.sentence(6)}")'
        ),
        lambda: (
            f"{next(clock)} DEBUG sqlalchemy.engine SELECT id, {fake.word()}, created_at FROM {fake.word()} "
            f"WHERE id = {rng.randrange(10**8)} AND status = '{fake.word()}' LIMIT 50"
        ),
    )
    personal: tuple[Callable[[], str], ...] = (
        lambda: f" user={fake.email()}",
        lambda: f" card {fake.credit_card_number('visa16')}",
        lambda: f" ssn {fake.ssn()}",
        lambda: f" phone: {fake.phone_number()}",
    )
    return [rng.choice(makers)() + (rng.choice(personal)() if rng.random() < 0.1 else "") for _ in range(size)]


def _presidio() -> Callable[[str], object]:
    """Presidio's recognisers of five kinds as one call."""
    peers.use()
    import tldextract  # noqa: PLC0415 - a peer's
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415 - a peer

    # Domains are judged by the list that ships with it, not by one that is fetched while time is taken.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    recognizers: list[Any] = [
        known.CreditCardRecognizer(),
        known.EmailRecognizer(),
        known.IbanRecognizer(),
        known.IpRecognizer(),
        known.UsSsnRecognizer(),
    ]
    return lambda line: [found for r in recognizers for found in r.analyze(line, r.supported_entities, None)]


def _each(work: Callable[[str], object], lines: list[str]) -> Callable[[], object]:
    def run() -> None:
        for line in lines:
            work(line)

    return run


def _slices(work: Callable[[str], object], lines: list[str]) -> Callable[[], object]:
    """Work on the next slice of the lines at each call: short rounds, so that both sides meet the same machine."""
    starts = itertools.cycle(range(0, len(lines), _SLICE))

    def run() -> None:
        start = next(starts)
        for line in lines[start : start + _SLICE]:
            work(line)

    return run


def _engines() -> list[tuple[str, Rules, float]]:
    """The rules per engine with the bound that the issue sets against presidio."""
    engines: list[tuple[str, Rules, float]] = [("plain re", restore(default().canonical), 3.0)]
    for engine, bound in (("hyperscan", 8.0), ("re2", 0.0)):
        rules = restore(default().canonical)
        try:
            accelerate(rules, engine)  # type: ignore[arg-type]
        except EngineMissing:
            continue
        engines.append((engine, rules, bound))
    return engines


async def run() -> list[Result]:
    lines = log_lines()
    size = sum(map(len, lines))
    control = _presidio()
    results: list[Result] = []
    for name, rules, bound in _engines():
        search = partial(find, rules)
        label = f"log lines, {name}, against presidio's pattern recognisers"
        found = compare(label, _slices(search, lines), _slices(control, lines), rounds=_ROUNDS, bound=bound or None)
        results.append(found)
        results.append(Figure(f"log lines, {name}", size / _seconds(_each(search, lines)) / 1e6, "MB/s of CPU"))
    return results + _events(default()) + _hostile(default())


def _seconds(work: Callable[[], object]) -> float:
    return min(_once(work) for _ in range(3))


def _in_turn(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """The best of each, taken in turn, so that a machine that slows down meanwhile slows both."""
    taken = [(_once(first), _once(second)) for _ in range(7)]
    return min(one for one, _ in taken), min(other for _, other in taken)


def _once(work: Callable[[], object]) -> float:
    started = time.process_time_ns()
    work()
    return (time.process_time_ns() - started) / 1e9


def _hostile(rules: Rules) -> list[Result]:
    """The worst of the hostile texts: time per byte against an ordinary log line, and what twice the length costs."""
    lines = log_lines(3, 2000)
    ordinary = _seconds(_each(lambda line: find(rules, line), lines)) / sum(map(len, lines))
    per_byte, growth = 0.0, 0.0
    for unit in HOSTILE.values():
        once, twice = (unit * (size // len(unit)) for size in (16_384, 32_768))
        short, long = _in_turn(partial(find, rules, once), partial(find, rules, twice))
        per_byte = max(per_byte, long / len(twice) / ordinary)
        growth = max(growth, long / short)
    return [
        Figure("worst hostile text, per byte, against an ordinary log line", per_byte, "times", limit=30),
        Figure("worst hostile text, twice the length", growth, "times the time", limit=3),
    ]


def _events(rules: Rules) -> list[Result]:
    """What masking one analytics event costs: with values as they repeat on a site, with values never seen before."""
    rng, fake = random.Random(1), Faker()
    fake.seed_instance(1)
    pages = [f"https://shop.example.com/products/{rng.randrange(500)}?page={rng.randrange(5)}" for _ in range(200)]
    titles = [fake.sentence(4) for _ in range(200)]
    words = [fake.word() for _ in range(300)]

    def event(*, fresh: bool) -> list[str]:
        mark = f" {rng.randrange(10**12)}" if fresh else ""
        return [rng.choice(pages) + mark.strip(), rng.choice(pages), rng.choice(titles) + mark] + [
            rng.choice(words) + mark for _ in range(9)
        ]

    def mask(events: list[list[str]]) -> Callable[[], object]:
        def run() -> None:
            for url, referrer, *texts in events:
                mask_url(rules, url)
                mask_url(rules, referrer)
                for text in texts:
                    mask_text(rules, text)

        return run

    repeated, fresh = [event(fresh=False) for _ in range(5000)], [event(fresh=True) for _ in range(5000)]
    mask(repeated)()
    small = {"event": "add_to_cart", "props": {"sku": "A-1", "qty": 2, "price": 19.9, "color": "red"}, "plan": "pro"}
    return [
        Figure("an event of 12 fields, values as they repeat", _seconds(mask(repeated)) / 5000 * 1e6, "µs"),
        Figure("an event of 12 fields, values never seen before", _seconds(mask(fresh)) / 5000 * 1e6, "µs"),
        Figure(
            "JSON of 7 properties", _seconds(lambda: [mask_json(rules, small) for _ in range(2000)]) / 2000 * 1e6, "µs"
        ),
    ]
