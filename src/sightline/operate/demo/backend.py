"""What the shop's functions wrote while made-up visits went through it, as CloudWatch Logs would deliver it: pure.

Each page asks a function, an order asks two. Lines have the fields of our Lambda library, between the platform's own
START, END and REPORT, so they go through the same decoder and the same masks as lines of a real account.
"""

import gzip
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline import clock
from sightline.operate.demo.story import Act, Fault, Step, View, Visit

_ACCOUNT: Final = "123456789012"
_NAMESPACE: Final = "Sightline/demo"
# The rest of the shop's visitors keep environments warm; these are the ones that met a new one.
_COLD: Final = 0.06
_TIMEOUT_MS: Final = 3_000.0
_REFUSED: Final = 0.12


class Function(Struct, frozen=True):
    """A function: how long it takes, how long its start takes, its memory, and how much of that it uses."""

    name: str
    ms: float
    init_ms: float
    memory_mb: int
    used_mb: int
    spread: float = 0.35


CATALOGUE: Final = Function("shop-catalogue", 24, 240, 256, 88)
SEARCH: Final = Function("shop-search", 61, 310, 512, 141)
ADVICE: Final = Function("shop-advice", 1_900, 205, 128, 71, spread=0.24)
ACCOUNT: Final = Function("shop-account", 38, 270, 256, 97)
CHECKOUT: Final = Function("shop-checkout", 118, 420, 512, 126)
MAIL: Final = Function("shop-mail", 340, 350, 256, 102, spread=0.5)


class Happened(Struct, frozen=True, kw_only=True):
    """One invocation: what its lines say besides what all of them say, and how it ended."""

    function: Function
    at_ms: int
    lines: tuple[tuple[str, str, dict[str, object]], ...]  # level, message, fields
    counts: Mapping[str, float] = {}
    trace: str
    failed: str = ""  # the exception that nobody caught
    slow: float = 1.0


def payloads(seed: str, made: Mapping[int, Visit]) -> list[bytes]:
    """The deliveries of the visits with these ids, one for each stream."""
    streams: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for visit, told in made.items():
        chance = Random(f"{seed}/{visit}/lines")  # noqa: S311 - made-up lines, no secrets
        for happened in _happened(chance, told):
            _write(chance, happened, str(visit), streams)
    return [_delivery(group, stream, lines) for (group, stream), lines in streams.items()]


def _happened(chance: Random, visit: Visit) -> Iterator[Happened]:
    for step in visit.steps:
        if isinstance(step, View):
            yield from _of_page(chance, step, visit.began_ms)
        elif isinstance(step, Act) and step.name == "order":
            yield from _of_order(chance, step, visit.began_ms)
        elif isinstance(step, Fault) and step.name == "ApiError":
            yield _call(
                chance, CHECKOUT, step, visit.began_ms, ("INFO", "payment asked", {"provider": "cards"}),
                failed="PaymentError: the provider did not answer within 2 s", slow=20,
            )  # fmt: skip


def _call(  # noqa: PLR0913 - an invocation has these
    chance: Random, function: Function, step: Step, began_ms: int, *lines: tuple[str, str, dict[str, object]],
    counts: Mapping[str, float] | None = None, failed: str = "", slow: float = 1.0, trace: str = "",
) -> Happened:  # fmt: skip
    at_ms = began_ms + step.at_ms + chance.randrange(20, 180)
    return Happened(
        function=function, at_ms=at_ms, lines=lines, counts=counts or {}, failed=failed, slow=slow,
        trace=trace or f"{at_ms // 1000:08x}{chance.getrandbits(96):024x}",
    )  # fmt: skip


def _of_page(chance: Random, step: View, began_ms: int) -> Iterator[Happened]:
    path, _, query = step.url.partition("?")
    if path == "/":
        said: dict[str, object] = {"plants": 16}
        if query.startswith("category="):
            said = {"category": query.removeprefix("category="), "plants": chance.randint(2, 6)}
        lines = [("INFO", "plants listed", said)]
        if chance.random() < 0.04:
            lines.append(("WARNING", "stock is older than it should be", {"age_s": chance.randint(400, 4000)}))
        yield _call(chance, CATALOGUE, step, began_ms, *lines)
    elif path.startswith("/plants/"):
        found: dict[str, object] = {"plant": path.removeprefix("/plants/"), "stock": chance.randint(0, 40)}
        yield _call(chance, CATALOGUE, step, began_ms, ("INFO", "plant shown", found))
    elif path == "/search":
        hits = chance.randint(0, 5)
        words: dict[str, object] = {"words": query.removeprefix("q=").replace("+", " "), "hits": hits}
        level, said_so = ("INFO", "searched") if hits else ("WARNING", "nothing was found")
        yield _call(chance, SEARCH, step, began_ms, (level, said_so, words), counts={"Searches": 1})
    elif path == "/care":
        yield _call(chance, ADVICE, step, began_ms, ("INFO", "the gardener is asked", {"topics": 3}))
    elif path == "/account":
        yield _call(chance, ACCOUNT, step, began_ms, ("INFO", "account read", {"orders": chance.randint(0, 5)}))


def _of_order(chance: Random, step: Act, began_ms: int) -> Iterator[Happened]:
    total, items = step.properties["revenue"], step.properties["items"]
    if chance.random() < _REFUSED:
        why: dict[str, object] = {"reason": "Some fields need another look.", "wrong": ["postcode"]}
        refused = ("WARNING", "order refused", why)
        yield _call(chance, CHECKOUT, step, began_ms - 9_000, refused, counts={"OrdersRefused": 1})
    number = f"FC-{chance.randint(9_000, 10_499)}"
    placed = _call(
        chance, CHECKOUT, step, began_ms, ("INFO", "order placed", {"order": number, "total": total, "plants": items}),
        counts={"Orders": 1, "Basket": float(total)},
    )  # fmt: skip
    yield placed
    attempt = 1
    while chance.random() < 0.1 and attempt < 3:
        yield _call(
            chance, MAIL, step, began_ms + attempt * 30_000,
            ("ERROR", "the mail server answered 451", {"order": number, "attempt": attempt}),
            failed="MailError: try again later", trace=placed.trace,
        )  # fmt: skip
        attempt += 1
    sent = ("INFO", "confirmation sent", {"order": number, "attempt": attempt})
    yield _call(chance, MAIL, step, began_ms + attempt * 30_000, sent, counts={"Mails": 1}, trace=placed.trace)


# ---- lines ---------------------------------------------------------------------------------------------------------


def _write(
    chance: Random, happened: Happened, visit: str, streams: dict[tuple[str, str], list[tuple[int, str]]]
) -> None:
    """The lines of one invocation, into the stream of the environment that it ran in."""
    function, at_ms = happened.function, happened.at_ms
    cold = chance.random() < _COLD
    init = chance.lognormvariate(math.log(function.init_ms), 0.2) if cold else 0.0
    ms = chance.lognormvariate(math.log(function.ms * happened.slow * (1.6 if cold else 1)), function.spread)
    late = ms > _TIMEOUT_MS
    ms = min(ms, _TIMEOUT_MS)
    request = _uuid(chance)
    day = clock.from_ms(at_ms).strftime("%Y/%m/%d")
    environment = f"{chance.getrandbits(128):032x}" if cold else _digest(function.name, day)
    lines = streams.setdefault((f"/aws/lambda/{function.name}", f"{day}/[$LATEST]{environment}"), [])
    about: dict[str, object] = {
        "service": function.name, "cold_start": cold, "function_name": function.name,
        "function_memory_size": str(function.memory_mb), "function_request_id": request, "trace_id": happened.trace,
        "visit_id": visit,
    }  # fmt: skip
    lines.append((at_ms, f"START RequestId: {request} Version: $LATEST\n"))
    for number, (level, message, fields) in enumerate(happened.lines, 1):
        moment = at_ms + int(ms * number / (len(happened.lines) + 2))
        lines.append((moment, _json({"level": level, "message": message, **_time(moment), **about, **fields})))
    ends = at_ms + int(ms)
    failed = bool(happened.failed) and not late
    if failed:
        name, _, why = happened.failed.partition(": ")
        stack = [f'  File "/var/task/{function.name.removeprefix("shop-")}.py", line 41, in handler\n']
        raised = {"errorType": name, "errorMessage": why, "stackTrace": stack}
        lines.append((ends, _json({"level": "ERROR", "message": happened.failed, **_time(ends), **about, **raised})))
    if late:
        said = f"{clock.from_ms(ends).astimezone(UTC):%Y-%m-%dT%H:%M:%S.}{ends % 1000:03}Z"
        lines.append((ends, f"{said} {request} Task timed out after {_TIMEOUT_MS / 1000:.2f} seconds\n\n"))
    else:
        lines.append((ends, _metrics(happened, about, ms, init, ends, failed=failed)))
    lines.append((ends + 1, f"END RequestId: {request}\n"))
    used = min(function.memory_mb, int(function.used_mb * chance.uniform(0.95, 1.12)))
    parts = [
        f"REPORT RequestId: {request}", f"Duration: {ms:.2f} ms", f"Billed Duration: {math.ceil(ms + init)} ms",
        f"Memory Size: {function.memory_mb} MB", f"Max Memory Used: {used} MB",
        *([f"Init Duration: {init:.2f} ms"] if cold else []), *(["Status: timeout"] if late else []),
    ]  # fmt: skip
    lines.append((ends + 1, "\t".join(parts) + "\t\n"))


def _metrics(  # noqa: PLR0913 - what the library measures
    happened: Happened, about: Mapping[str, object], ms: float, init: float, at_ms: int, *, failed: bool
) -> str:
    values: dict[str, float] = {
        "Invocations": 1, "Errors": int(failed), "Duration": round(ms, 2),
        **({"ColdStart": 1, "ColdStartDuration": round(init, 2)} if init else {}), **happened.counts,
    }  # fmt: skip
    unit = {"Duration": "Milliseconds", "ColdStartDuration": "Milliseconds", "Basket": "None"}
    named = [{"Name": name, "Unit": unit.get(name, "Count")} for name in values]
    directive = {"Namespace": _NAMESPACE, "Dimensions": [["service"]], "Metrics": named}
    return _json({"_aws": {"Timestamp": at_ms, "CloudWatchMetrics": [directive]}, **about, **values})


def _delivery(group: str, stream: str, lines: list[tuple[int, str]]) -> bytes:
    lines.sort(key=lambda line: line[0])
    document = {
        "messageType": "DATA_MESSAGE", "owner": _ACCOUNT, "logGroup": group, "logStream": stream,
        "subscriptionFilters": ["sightline"],
        "logEvents": [
            {"id": f"{at_ms:016}{number:040}", "timestamp": at_ms, "message": text}
            for number, (at_ms, text) in enumerate(lines)
        ],
    }  # fmt: skip
    return gzip.compress(msgspec.json.encode(document), 1, mtime=0)


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _time(at_ms: int) -> dict[str, object]:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return {"timestamp": f"{moment:%Y-%m-%d %H:%M:%S},{at_ms % 1000:03}+0000"}


def _uuid(chance: Random) -> str:
    text = f"{chance.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _digest(name: str, day: str) -> str:
    return f"{Random(f'{name}/{day}').getrandbits(128):032x}"  # noqa: S311 - the name of a stream
