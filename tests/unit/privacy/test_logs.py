"""Log safety: no handler with the filter writes anything personal, whoever logs."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sightline.privacy.dictionary import default
from sightline.privacy.logs import UNMASKABLE, MaskingFilter, guard


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(extra_note)s", defaults={"extra_note": ""}))
    guard(default(), handler, handler)
    assert len(handler.filters) == 1
    logger = logging.getLogger("third.party")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


def test_message_arguments_and_extra_are_masked(written: io.StringIO) -> None:
    logging.getLogger("third.party").error(
        "user %s paid with %s", "jane@x.org", 4111111111111111, extra={"extra_note": {"email": "joe", "n": 1}}
    )
    assert written.getvalue() == "third.party user [email] paid with [card] {'email': '[email]', 'n': 1}\n"


def test_an_exception_is_masked_with_its_causes(written: io.StringIO) -> None:
    def fail() -> None:
        try:
            os.environ["JANE@X.ORG"]
        except KeyError as exc:
            raise ValueError("password=hunter2 is wrong") from exc

    try:
        fail()
    except ValueError:
        logging.getLogger("third.party").exception("failed", stack_info=True)
    text = written.getvalue()
    assert "jane" not in text.lower()
    assert "hunter2" not in text
    assert "KeyError: '[email]'" in text
    assert "ValueError: password=[password] is wrong" in text
    assert "test_logs.py" in text


def test_a_record_that_cannot_be_masked_is_emptied(written: io.StringIO) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("jane@x.org")

    logging.getLogger("third.party").error("user %s", Odd(), extra={"extra_note": "jane@x.org"})
    assert written.getvalue() == f"third.party {UNMASKABLE} \n"


def test_the_filter_lets_every_record_pass() -> None:
    record = logging.makeLogRecord({"msg": "hello", "args": None})
    assert MaskingFilter(default()).filter(record) is True
    assert record.getMessage() == "hello"


def test_a_fresh_process_needs_no_handler_named() -> None:
    code = (
        "import logging; logging.basicConfig(format='%(message)s');"
        "from sightline.privacy.dictionary import default; from sightline.privacy.logs import guard;"
        "guard(default()); logging.getLogger('x').warning('to %s', 'jane@x.org')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "to [email]\n"
