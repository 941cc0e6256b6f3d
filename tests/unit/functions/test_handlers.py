"""`observe` changes neither results nor exceptions: every event source, every kind of handler, a broken stdout."""

import asyncio
import copy
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline_lambda import (
    JsonHandler,
    Logger,
    attributes,
    carry,
    events,
    headers,
    invocations,
    logger,
    metrics,
    observe,
)
from sightline_lambda import handlers as handlers_module
from sightline_lambda.cleaning import Uncleaned
from sightline_lambda.logger import capture
from tests.functions.golden import EVENTS, PYTHON

Lines = Callable[[], list[dict[str, Any]]]


NAMES = [
    "requestContext", "headers", "Records", "Sns", "attributes", "messageAttributes", "detail", "detail-type", "source",
    "eventSource", "Execution", "http", "elb", "x-sightline-visit", "traceparent", "sightline", "stringValue",
]  # fmt: skip


class Refused(Exception):
    """What a handler of an application raises."""


class Broken(io.StringIO):
    """A stdout that is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def work(event: Any) -> dict[str, Any]:
    """What every kind of handler does here: log, count, and fail where the event says so."""
    logger.info("working for ann@example.com", items=3, odd=object())
    metrics.count("orders")
    if isinstance(event, dict) and event.get("fail"):
        raise Refused("card 4111111111111111")
    return {"statusCode": 200, "event": event}


def plain(event: Any, context: Any) -> Any:
    return work(event)


async def coroutine(event: Any, context: Any) -> Any:
    await asyncio.sleep(0)
    return work(event)


def generator(event: Any, context: Any) -> Generator[Any, Any, Any]:
    yield 1
    yield work(event)
    return "end"


async def async_generator(event: Any, context: Any) -> AsyncGenerator[Any, Any]:
    yield 1
    yield work(event)


class Callables:
    """Handlers that are no functions."""

    def __call__(self, event: Any, context: Any) -> Any:
        return work(event)

    async def method(self, event: Any, context: Any) -> Any:
        return work(event)


KINDS: dict[str, Any] = {
    "plain": plain, "coroutine": coroutine, "generator": generator, "async generator": async_generator,
    "object": Callables(), "method": Callables().method, "partial": partial(plain),
}  # fmt: skip


async def gathered(values: AsyncGenerator[Any, Any]) -> list[Any]:
    return [value async for value in values]


def outcome(handler: Any, event: Any, context: Any) -> tuple[Any, ...]:
    """What comes out of a handler, whatever its kind."""
    try:
        result = handler(event, context)
        if hasattr(result, "__aiter__"):
            return "values", asyncio.run(gathered(result))
        if hasattr(result, "__await__"):
            return "result", asyncio.run(result)
        if hasattr(result, "__next__"):
            return "values", list(result)
    except BaseException as error:  # noqa: BLE001 - it is what is compared
        return "raised", type(error), error.args
    return "result", result


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("stdout", ["working", "broken", "closed"])
def test_what_comes_out_is_what_came_out_without(
    kind: str, stdout: str, context: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = KINDS[kind]
    observed = observe(bare, service="shop")
    if stdout != "working":
        out = Broken() if stdout == "broken" else io.StringIO()
        if stdout == "closed":
            out.close()
        monkeypatch.setattr(sys, "stdout", out)
    for event in [one["event"] for one in EVENTS] + [None, {"fail": True}, {"fail": True, "Records": []}]:
        sent = copy.deepcopy(event)
        assert outcome(observed, event, context) == outcome(bare, sent, context)
        assert event == sent


def test_an_exception_is_the_same_object_and_ends_in_a_clean_line(lines: Lines, context: SimpleNamespace) -> None:
    raised = Refused("card 4111111111111111")

    @observe
    def handler(event: Any, context: Any) -> None:
        raise raised

    with pytest.raises(Refused) as caught:
        handler({}, context)
    assert caught.value is raised
    line, emf = lines()
    assert (line["level"], line["message"], line["exception_name"]) == ("ERROR", "Refused: card [card]", "Refused")
    assert "4111" not in json.dumps(line)
    assert "in handler" in line["exception"]
    assert (emf["Invocations"], emf["Errors"]) == (1, 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_exception_passes_too(error: type[BaseException], context: SimpleNamespace) -> None:
    @observe
    def handler(event: Any, context: Any) -> None:
        raise error

    with pytest.raises(error):
        handler({}, context)


def test_a_handler_keeps_its_name_and_may_be_called_by_name(context: SimpleNamespace) -> None:
    def named(event: Any, context: Any, *, more: int = 0) -> int:
        """Do something."""
        return more

    observed = observe(service="shop")(named)
    assert (observed.__name__, observed.__doc__) == ("named", "Do something.")
    assert observed(event={}, context=context, more=3) == 3


def test_what_is_sent_and_thrown_into_a_generator_arrives(context: SimpleNamespace) -> None:
    def bare(event: Any, context: Any) -> Generator[Any, Any, Any]:
        try:
            got = yield 1
            yield got
        except ValueError as error:
            yield str(error)

    for handler in (bare, observe(bare)):
        made = handler({}, context)
        assert (next(made), made.send("a")) == (1, "a")
        assert made.throw(ValueError("b")) == "b"
        made.close()


def test_what_is_sent_and_thrown_into_an_async_generator_arrives(context: SimpleNamespace, lines: Lines) -> None:
    closed: list[str] = []

    async def bare(event: Any, context: Any) -> AsyncGenerator[Any, Any]:
        try:
            got = yield 1
            try:
                yield got
            except ValueError as error:
                yield str(error)
        finally:
            closed.append("yes")

    async def talk(made: AsyncGenerator[Any, Any]) -> list[Any]:
        found = [await anext(made), await made.asend("a"), await made.athrow(ValueError("b"))]
        await made.aclose()
        return found

    for handler in (bare, observe(bare)):
        assert asyncio.run(talk(handler({}, context))) == [1, "a", "b"]
    assert closed == ["yes", "yes"]
    [emf] = lines()
    assert emf["Errors"] == 0


def test_a_failure_inside_the_library_is_none_of_the_handler(
    context: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object, **_named: object) -> Any:
        raise RuntimeError("ours")

    for module, name in [
        (handlers_module, "begin"), (metrics, "documents"), (metrics, "current"), (invocations, "cleaner"),
        (handlers_module, "cleaner"),
    ]:  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(module, name, broken)
            observed = observe(plain)
            assert outcome(observed, {"a": 1}, context) == outcome(plain, {"a": 1}, context)
            assert outcome(observed, {"fail": 1}, context) == outcome(plain, {"fail": 1}, context)
    assert "ours" not in capsys.readouterr().out


def test_odd_contexts_and_events_are_taken_as_they_are(lines: Lines) -> None:
    class Hostile:
        """Raises whatever is asked of it."""

        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError(name)

    for given_context in (None, 17, Hostile(), SimpleNamespace(aws_request_id=None)):
        assert observe(plain)({"requestContext": []}, given_context)["statusCode"] == 200


def test_concurrent_calls_keep_their_lines_apart(lines: Lines) -> None:
    @observe
    async def handler(event: Any, context: Any) -> None:
        await asyncio.sleep(0)
        logger.info("here", number=event["n"])
        await asyncio.sleep(0)
        metrics.count("calls")

    async def both() -> None:
        await asyncio.gather(*(handler({"n": n}, SimpleNamespace(aws_request_id=f"r-{n}")) for n in range(5)))

    asyncio.run(both())
    found = lines()
    seen = {(line["number"], line["function_request_id"]) for line in found if "number" in line}
    assert seen == {(n, f"r-{n}") for n in range(5)}
    assert [line["calls"] for line in found if "_aws" in line] == [1] * 5


def test_lines_of_a_thread_belong_to_the_invocation(lines: Lines, context: SimpleNamespace) -> None:
    @observe
    def handler(event: Any, context: Any) -> None:
        thread = threading.Thread(target=lambda: logger.info("beside"))
        thread.start()
        thread.join()

    handler({}, context)
    assert lines()[0]["function_request_id"] == context.aws_request_id


def test_every_source_is_read(context: SimpleNamespace) -> None:
    for one in EVENTS:
        found = events.origin(one["event"])
        assert {name: getattr(found, name) for name in one if name != "event"} == {
            n: v for n, v in one.items() if n != "event"
        }


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=4),
        inner, max_size=4,
    ),
    max_leaves=12,
))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_no_event_is_too_odd_to_be_read(event: Any) -> None:
    found = events.origin(event)
    for value in (found.visit, found.correlation, found.trace):
        assert value.isascii()
        assert len(value) <= 128


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=12), VALUES, max_size=4), st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_context_makes_one_line_of_json(lines: Lines, context: dict[str, Any], message: str) -> None:
    Logger().info(message, extra=context)
    [line] = lines()
    assert line["level"] == "INFO"
    assert "could not be written" not in line["message"]


def test_ids_are_carried_on(context: SimpleNamespace) -> None:
    event = EVENTS[0]["event"]

    @observe
    def handler(event: Any, context: Any) -> Any:
        return headers({"accept": "text/plain", "X-Correlation-Id": "mine"}), attributes(), carry({"order": 17})

    sent, held, payload = handler(event, context)
    assert sent["x-sightline-visit"] == "7004152233"
    assert sent["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert {name for name in sent if name.lower() == "x-correlation-id"} == {"X-Correlation-Id"}
    received = {name: {"stringValue": value["StringValue"]} for name, value in held.items()}
    queued = events.origin({"Records": [{"eventSource": "aws:sqs", "messageId": "m", "messageAttributes": received}]})
    for found in (queued, events.origin(payload)):
        assert (found.visit, found.trace) == ("7004152233", "0af7651916cd43dd8448eb211c80319c")
    assert (headers(), carry({"a": 1})) == ({}, {"a": 1})


def test_records_of_logging_become_the_same_lines(lines: Lines) -> None:
    other = logging.Logger("boto3")
    other.addHandler(JsonHandler())
    try:
        raise Refused("to ann@example.com")
    except Refused:
        other.exception("failed for %s", "ann@example.com", extra={"order_id": 17, "email": "a@b.ch"})
    [line] = lines()
    assert (line["level"], line["message"], line["logger"], line["order_id"]) == (
        "ERROR",
        "failed for [email]",
        "boto3",
        17,
    )
    assert (line["email"], line["exception_name"]) == ("[email]", "Refused")
    assert "ann@" not in json.dumps(line)


def test_the_runtimes_own_handler_is_replaced_and_any_other_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    runtimes = type("LambdaLoggerHandler", (logging.NullHandler,), {})()
    for handlers, expected in (
        ([runtimes], [JsonHandler]),
        ([], [JsonHandler]),
        ([logging.NullHandler()], [logging.NullHandler]),
    ):
        root = logging.Logger("root")
        root.handlers = list(handlers)
        monkeypatch.setattr(logging, "getLogger", lambda name=None, root=root: root)
        capture()
        capture()
        assert [type(held) for held in root.handlers] == expected


def test_a_line_that_is_too_long_is_cut_and_says_so(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("word " * 400_000, "größe " * 300_000):
        logger.info(text, n=1)
        out = capsys.readouterr().out
        assert len(out.encode()) <= 1_048_576
        [line] = [json.loads(one) for one in out.splitlines()]
        # The masker does not read texts of such length: nobody knows what stands in them.
        assert line["message"] == "********"
    before = list(invocations._cleaner)
    invocations._cleaner[:] = [Uncleaned()]
    try:
        logger.info('"' * 1_000_000, n=1)
        out = capsys.readouterr().out
        assert len(out.encode()) <= 1_048_576
        assert json.loads(out)["truncated"] is True
    finally:
        invocations._cleaner[:] = before


def test_an_import_loads_little() -> None:
    """What is loaded beside what the runtime has; a pattern for what a function would wait for."""
    program = (
        "import json, logging, datetime, http.client, sys; before = set(sys.modules); import sightline_lambda; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PYTHON)}
    )
    loaded = set(done.stdout.split())
    ours = {name for name in loaded if name.startswith("sightline_lambda")}
    assert "sightline_lambda.masker" not in ours
    assert loaded - ours <= {"__future__", "contextvars", "_contextvars", "zlib"}
