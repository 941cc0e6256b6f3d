"""What the Lambda libraries cost a function: import, first call, CPU per call, size; against Powertools and structlog.

Every handler does the same: three metrics and two lines of JSON with the fields of Lambda's context, of which one text
and two values differ from call to call; stdout is the null device. Import and first call are measured in processes of
their own, of the library as it is installed, beside the modules that Lambda's Python runtime has loaded, with byte code
cached.
"""

import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from io import TextIOWrapper
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench import peers
from bench.measurements import Figure, Result
from bench.pairs import compare

TITLE = "Lambda libraries"
NOTE = (
    "Three metrics and two lines a call; one text and two values differ each time, and no gate opens. Powertools 3.37:"
    " Logger with context, Metrics with its cold start metric; structlog with the same EMF line printed. A handler that"
    " does nothing takes 0.1 µs, so ratios to it say little and are not here."
)
ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "lambda/python/src"
CALLS = 2_000
STARTS = 9
CONTEXT = SimpleNamespace(
    aws_request_id="8a7c1f2e-0000-4000-8000-000000000001", function_name="shop", memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:shop",
)  # fmt: skip
Handler = Callable[[Any, Any], Any]
SOURCES = {
    "sightline": """
from sightline_lambda import logger, metrics, observe
@observe(service="shop")
def handler(event, context):
    metrics.count("orders")
    metrics.put("basket", event["total"])
    metrics.put("plants", 3)
    logger.info("order placed", order_id=event["n"], total=event["total"], express=True)
    logger.info(f"order {event['n']} was stored in 12 ms")
    return {"statusCode": 200}
""",
    "powertools": """
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
logger, metrics = Logger(service="shop"), Metrics(namespace="Sightline", service="shop")
@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context
def handler(event, context):
    metrics.add_metric("orders", MetricUnit.Count, 1)
    metrics.add_metric("basket", MetricUnit.NoUnit, event["total"])
    metrics.add_metric("plants", MetricUnit.NoUnit, 3)
    logger.info("order placed", order_id=event["n"], total=event["total"], express=True)
    logger.info(f"order {event['n']} was stored in 12 ms")
    return {"statusCode": 200}
""",
    "structlog": """
import json, sys, time, structlog
structlog.configure(
    processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"),
                structlog.contextvars.merge_contextvars, structlog.processors.JSONRenderer()],
    logger_factory=structlog.PrintLoggerFactory(), cache_logger_on_first_use=False)
NAMES = [{"Name": name, "Unit": "None"} for name in ("orders", "basket", "plants")]
def handler(event, context):
    structlog.contextvars.bind_contextvars(
        service="shop", function_name=context.function_name, function_request_id=context.aws_request_id,
        function_arn=context.invoked_function_arn, function_memory_size=context.memory_limit_in_mb)
    logger = structlog.get_logger()
    logger.info("order placed", order_id=event["n"], total=event["total"], express=True)
    logger.info(f"order {event['n']} was stored in 12 ms")
    directive = {"Namespace": "Sightline", "Dimensions": [["service"]], "Metrics": NAMES}
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
                      "service": "shop", "orders": 1, "basket": event["total"], "plants": 3}))
    return {"statusCode": 200}
""",
}
# What `awslambdaric.bootstrap` 4.2.2 has loaded of the standard library before it loads a handler: `simplejson` brings
# `__future__` and `decimal`, and `http.client` comes only with an error.
RUNTIME = (
    "import __future__, contextlib, decimal, enum, importlib, json, logging, os, re, sys, threading, time, traceback"
)
START = f"""
{RUNTIME}
sys.stdout = open(os.devnull, "w")
from types import SimpleNamespace
context = SimpleNamespace(**json.loads(sys.argv[2]))
source = compile(sys.argv[1], "handler.py", "exec")
clock = time.perf_counter
began = clock()
scope = {{"__name__": "handler"}}
exec(source, scope)
loaded = clock()
scope["handler"]({{"n": 17, "total": 53.5}}, context)
called = clock()
sys.stderr.write(json.dumps([(loaded - began) * 1000, (called - loaded) * 1000]))
"""


async def run() -> list[Result]:
    peers.use()
    # Both were made for a function that is called `shop`, and for no tracing.
    os.environ |= {"AWS_LAMBDA_FUNCTION_NAME": "shop", "POWERTOOLS_TRACE_DISABLED": "true"}
    with tempfile.TemporaryDirectory() as folder:
        size = _installed(Path(folder))
        starts = _starts(Path(folder))
    return [*starts, *_calls(), size, *_node()]


# ---- starting --------------------------------------------------------------------------------------------------------


def _starts(library: Path) -> list[Result]:
    """Each in turn, so that a mood of the machine meets all."""
    taken: dict[str, list[list[float]]] = {name: [] for name in SOURCES}
    for _ in range(STARTS + 1):
        for name, source in SOURCES.items():
            taken[name].append(_start(source, library))
    found: list[Result] = []
    for name, (import_limit, call_limit) in {
        "sightline": (3.0, 1.0),
        "powertools": (None, None),
        "structlog": (None, None),
    }.items():
        pairs = taken[name][1:]  # the first wrote the byte code
        found.append(Figure(f"{name}: import", statistics.median(pair[0] for pair in pairs), "ms", import_limit))
        found.append(Figure(f"{name}: first call", statistics.median(pair[1] for pair in pairs), "ms", call_limit))
    return found


def _start(source: str, library: Path) -> list[float]:
    site = sysconfig.get_path("purelib", vars={"base": str(peers.ENVIRONMENT)})
    env = {**os.environ, "PYTHONPATH": f"{library}{os.pathsep}{site}"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # byte code is what is measured
    done = subprocess.run(
        [sys.executable, "-c", START, source, json.dumps(vars(CONTEXT))],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    pair: list[float] = json.loads(done.stderr.strip().splitlines()[-1])
    return pair


# ---- calls -----------------------------------------------------------------------------------------------------------


def _calls() -> list[Result]:
    sys.path.insert(0, str(LIBRARY))
    from sightline_lambda import invocations  # noqa: PLC0415 - from the place just named
    from sightline_lambda.cleaning import Uncleaned  # noqa: PLC0415 - as above

    with Path(os.devnull).open("w", encoding="utf-8") as null:
        ours, powertools, structlog = (_loaded(SOURCES[name], null) for name in SOURCES)
        cleaned = compare("call, cleaned / Powertools", _many(ours, null), _many(powertools, null), bound=1 / 0.35)
        beside = compare("call, cleaned / structlog", _many(ours, null), _many(structlog, null), bound=1.0)
        held = list(invocations._cleaner)  # noqa: SLF001 - as the environment would have it from the start
        invocations._cleaner[:] = [Uncleaned()]  # noqa: SLF001 - as above
        plain = compare(
            "call, SIGHTLINE_CLEAN=off / Powertools", _many(ours, null), _many(powertools, null), bound=1 / 0.2
        )
        invocations._cleaner[:] = held  # noqa: SLF001 - as above
    cost = [
        Figure("a call, cleaned", cleaned.candidate_ms * 1000 / CALLS, "µs of CPU"),
        Figure("a call, not cleaned", plain.candidate_ms * 1000 / CALLS, "µs of CPU"),
        Figure("a call of Powertools", cleaned.control_ms * 1000 / CALLS, "µs of CPU"),
        Figure("a call of structlog", beside.control_ms * 1000 / CALLS, "µs of CPU"),
    ]
    return [cleaned, plain, beside, *cost]


def _loaded(source: str, null: TextIOWrapper) -> Handler:
    scope: dict[str, Any] = {"__name__": "handler"}
    with redirect_stdout(null):  # loggers keep the stdout that they were made with
        exec(compile(source, "handler.py", "exec"), scope)  # noqa: S102 - the source stands above
    handler: Handler = scope["handler"]
    return handler


def _many(handler: Handler, null: TextIOWrapper) -> Callable[[], object]:
    number = iter(range(10**9))

    def work() -> None:
        with redirect_stdout(null):
            for _ in range(CALLS):
                n = next(number)
                handler({"n": n, "total": n % 1000 + 0.5}, CONTEXT)

    return work


# ---- size and Node ---------------------------------------------------------------------------------------------------


def _installed(site: Path) -> Figure:
    """Install the library, and say what that writes, without the byte code that Python adds."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(site)]
    subprocess.run(command, cwd=ROOT / "lambda/python", check=True, capture_output=True)
    [wheel] = site.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        total = sum(one.file_size for one in archive.infolist())
    return Figure("installed", total / 1000, "kB", 100)


def _node() -> list[Result]:
    """The Node library against Powertools for TypeScript, in turn in one process of Node."""
    from tests.browser_packages import browser_package  # noqa: PLC0415 - it installs, so only where it is asked

    library, against = ROOT / "lambda/node", ROOT / "bench/node"
    browser_package("typescript", library)
    browser_package("@aws-lambda-powertools/logger", against)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=library, check=True)
    done = subprocess.run(
        ["node", "--expose-gc", str(against / "lambdas.mjs"), str(library / "dist/index.mjs"), str(CALLS)],
        capture_output=True, text=True, check=True, env={**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "shop"},
    )  # fmt: skip
    rounds: list[list[float]] = json.loads(done.stderr.strip().splitlines()[-1])
    slower = statistics.median(ours / theirs for ours, theirs in rounds)
    ours, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [
        Figure("Node: a call, against Powertools for TypeScript", slower, "of its CPU", 1.0),
        Figure("Node: a call", ours, "µs of CPU"),
        Figure("Node: a call of Powertools for TypeScript", theirs, "µs of CPU"),
    ]
