"""What both Lambda libraries are held to: run a case in a process of its own, and compare lines without their times."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PYTHON = ROOT / "lambda/python/src"
CASES: list[dict[str, Any]] = json.loads((HERE / "lines.json").read_text("utf-8"))["cases"]
EVENTS: list[dict[str, Any]] = json.loads((HERE / "events.json").read_text("utf-8"))["events"]
EXPECTED = HERE / "lines.golden.json"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def normalised(line: str) -> str:
    """A line without what differs from run to run and from language to language."""
    document = json.loads(line)
    assert line == line.strip() + "\n"
    for name in ("Duration", "ColdStartDuration", "location", "exception"):
        if name in document:
            document[name] = "…"
    if "timestamp" in document:
        assert _MOMENT.fullmatch(document["timestamp"]), document["timestamp"]
        document["timestamp"] = "…"
    if "_aws" in document:
        assert document["_aws"]["Timestamp"] > 1_700_000_000_000
        document["_aws"]["Timestamp"] = 0
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def environment(case: dict[str, Any]) -> dict[str, str]:
    """The environment of a case: nothing of ours but what it says."""
    ours = ("SIGHTLINE", "POWERTOOLS", "AWS_", "LOG_LEVEL", "_X_AMZN")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "AWS_LAMBDA_FUNCTION_NAME": "checkout", **case["environment"]}


def written(command: list[str], **more: str) -> list[list[str]]:
    """The lines of every case, as a program writes them that parts the cases by `--`."""
    env = {**os.environ, **more}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    cases = done.stdout.split("--\n")
    assert cases.pop() == ""
    return [[normalised(f"{line}\n") for line in case.split("\n") if line] for case in cases]


def main() -> None:
    """Run every case in a process of its own, since the library reads the environment when it is loaded."""
    for case in CASES:
        if (child := os.fork()) == 0:
            os.environ |= environment(case)
            for name in os.environ.keys() - environment(case).keys():
                del os.environ[name]
            run(case)
            sys.stdout.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        sys.stdout.write("--\n")
        sys.stdout.flush()


def run(case: dict[str, Any]) -> None:
    """One case, in this process."""
    from sightline_lambda import logger, metrics, observe

    context = type("Context", (), json.loads((HERE / "lines.json").read_text("utf-8"))["context"])()
    event = None if case["event"] is None else EVENTS[case["event"]]["event"]

    @observe
    def handler(_event: object, _context: object) -> dict[str, int]:
        for what, *given in case["steps"]:
            if what == "raise":
                raise type(given[0], (Exception,), {})(given[1])
            if what == "count":
                metrics.count(given[0], given[1], **(given[2] if len(given) > 2 else {}))
            elif what == "put":
                metrics.put(*given)
            elif what == "append":
                logger.append(**given[0])
            elif what == "user":
                logger.user(given[0])
            else:
                # By `extra`, since `message` is a name of its own.
                getattr(logger, what)(given[0], extra=given[1])
        return {"statusCode": 200}

    try:
        handler(event, context)
    except Exception as error:  # noqa: BLE001 - the case says so
        assert type(error).__name__ == "OrderRefused"  # noqa: PT017 - as above


if __name__ == "__main__":
    main()
