"""What goes wrong outside: every command of `sightline aws` that asks AWS says it in a sentence, with a next step.

The commands are taken from the group itself: a new one without a row here fails.
"""

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    InvalidRegionError,
    UnauthorizedSSOTokenError,
)
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cli.aws import aws
from sightline.cloud.session import AwsAway, AwsRefused, told
from sightline.errors import SightlineError
from tests.cloud.conftest import Account
from tests.listening import Listening

# How each command is called; FILE is a file that can be written.
ASKS: dict[str, str] = {
    "deploy": "--only network", "rollback": "network", "destroy": "--yes", "cost report": "",
    "tags audit": "", "tags activate": "", "inventory save": "FILE", "inventory compare": "BEFORE", "grafana sync": "",
    "grafana diff": "", "logs export": "", "database setup": "", "verify": "", "smoke": "",
}  # fmt: skip
# These ask nobody, or not AWS: OpenSearch has tests of its own.
ASK_NOBODY = {"plan", "package", "cost estimate", "cost prices", "grafana lint", "opensearch sync"}


def leaves(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_stands_here() -> None:
    assert set(leaves(aws)) == set(ASKS) | ASK_NOBODY


class Refusing(Listening):
    """An AWS that answers everything with one error, in the form of the service that is asked."""

    def __init__(self) -> None:
        self.code = ""
        super().__init__(self._handler())

    def _handler(refusing) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the inner class has the `self`
        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                error = f"<Code>{refusing.code}</Code><Message>AWS's words</Message>"
                text = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
                if b"Action=" not in body:
                    text = json.dumps({"__type": refusing.code, "message": "AWS's words"})
                self.send_response(400)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = _serve  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                return

        return Handler


@pytest.fixture(scope="module")
def refusing() -> Iterator[Refusing]:
    server = Refusing()
    yield server
    server.close()


ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null", "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None, "SIGHTLINE_AWS_REGION": "eu-central-1", "SIGHTLINE_AWS_ENVIRONMENT": "dev",
    "SIGHTLINE_CLIENT_KEY": "slk_x", "SIGHTLINE_CLIENT_URL": None, "AWS_REGION": None, "AWS_DEFAULT_REGION": None,
}  # fmt: skip


def failed(command: str, folder: Path, base: Mapping[str, str | None] = ENVIRONMENT, **more: str | None) -> Exception:
    """What the command ends with; its progress is not looked at."""
    before = folder / "before.json"
    before.write_text(json.dumps({"version": 1, "taken": "", "account": "1", "region": "eu-central-1",
                                  "entries": {}, "unread": {}}))  # fmt: skip
    given = [str(folder / "new.json") if one == "FILE" else str(before) if one == "BEFORE" else one
             for one in ASKS[command].split()]  # fmt: skip
    done = CliRunner().invoke(
        sightline, ["aws", *command.split(), *given, "--data", str(folder)], env={**base, **more},
        standalone_mode=False,
    )  # fmt: skip
    assert isinstance(done.exception, Exception), done.output
    return done.exception


def said(error: Exception) -> str:
    """The line that a user sees: there has to be a next step in it."""
    assert isinstance(error, SightlineError), repr(error)
    assert error.hint
    return error.line()


@pytest.mark.parametrize("command", ASKS)
def test_an_expired_token_is_told_by_every_command(command: str, refusing: Refusing, tmp_path: Path) -> None:
    refusing.code = "ExpiredToken"
    line = said(failed(command, tmp_path, SIGHTLINE_AWS_ENDPOINT_URL=refusing.url))
    assert line.startswith("cannot ")
    assert line.endswith("AWS answered ExpiredToken: AWS's words. Sign in again: the credentials have run out.")


@pytest.mark.parametrize("command", ASKS)
def test_missing_credentials_are_told_by_every_command(command: str, refusing: Refusing, tmp_path: Path) -> None:
    line = said(failed(command, tmp_path, SIGHTLINE_AWS_ENDPOINT_URL=refusing.url, AWS_ACCESS_KEY_ID=None,
                       AWS_SECRET_ACCESS_KEY=None))  # fmt: skip
    assert line.endswith("there are no credentials. Sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID.")


@pytest.mark.parametrize("command", ASKS)
def test_no_region_is_told_by_every_command(command: str, tmp_path: Path) -> None:
    line = said(failed(command, tmp_path, SIGHTLINE_AWS_REGION=None))
    assert line == "aws.region is not set. Set it, or AWS_REGION."


@pytest.mark.parametrize("command", ["tags audit", "deploy", "inventory save"])
def test_a_region_that_cannot_be_is_told(command: str, tmp_path: Path) -> None:
    line = said(failed(command, tmp_path, SIGHTLINE_AWS_REGION="eu central"))
    assert "eu central" in line
    assert "Check aws.region" in line


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("Throttling", "wait a minute and run this again; it goes on where it was"),
        ("ThrottledException", "wait a minute"), ("SlowDown", "wait a minute"),
        ("TooManyRequestsException", "wait a minute"),
        ("VpcLimitExceeded", "raise it in Service Quotas"), ("LimitExceededException", "Service Quotas"),
        ("ServiceQuotaExceededException", "Service Quotas"), ("AddressLimitExceeded", "Service Quotas"),
        ("AccessDenied", "Ask for the permission"), ("RequestExpired", "Sign in again"),
        ("UnrecognizedClientException", "has enabled the region"), ("InvalidClientTokenId", "check AWS_PROFILE"),
        ("SomethingNew", "AWS's documentation"),
    ],
)  # fmt: skip
def test_each_answer_of_aws_has_a_next_step(code: str, step: str) -> None:
    with pytest.raises(AwsRefused, match=f"cannot look: AWS answered {code}: words") as refused, told("look"):
        raise ClientError({"Error": {"Code": code, "Message": "words"}}, "Look")
    assert refused.value.hint
    assert step in refused.value.hint


@pytest.mark.parametrize(
    ("error", "kind", "step"),
    [
        (UnauthorizedSSOTokenError(), AwsRefused, "aws sso login"),
        (HTTPClientError(error="x"), AwsAway, "Check the network and aws.region"),
        (InvalidRegionError(region_name="x y"), AwsRefused, "Check aws.region"),
    ],
)
def test_what_does_not_reach_aws_has_a_next_step(error: Exception, kind: type[SightlineError], step: str) -> None:
    with pytest.raises(kind) as refused, told("look"):
        raise error
    assert refused.value.hint
    assert step in refused.value.hint


# What is missing where a command needs a stack that was not deployed yet.
HALF: dict[str, str] = {
    "rollback": "there is no stack", "grafana sync": "the observe stack made no workspace",
    "grafana diff": "the observe stack made no workspace", "database setup": "no task for the setup",
}  # fmt: skip
HALF_USAGE: dict[str, str] = {
    "logs export": "name a bucket with --bucket", "smoke": "name the public address with --url",
}  # fmt: skip


@pytest.mark.parametrize("command", [*HALF, *HALF_USAGE])
def test_a_stack_that_is_not_there_is_told(command: str, account: Account, tmp_path: Path) -> None:
    error = failed(command, tmp_path, {"SIGHTLINE_CLIENT_URL": None})
    if command in HALF_USAGE:
        assert isinstance(error, click.UsageError)
        assert HALF_USAGE[command] in error.message
    else:
        assert HALF[command] in said(error)


@pytest.mark.parametrize("command", ["verify --html", "inventory save", "cost report --html"])
def test_a_file_that_cannot_be_written_is_told_before_aws_is_asked(command: str, tmp_path: Path) -> None:
    done: Any = CliRunner().invoke(
        sightline, ["aws", *command.split(), str(tmp_path / "nowhere" / "x"), "--data", str(tmp_path)],
        standalone_mode=False,
    )  # fmt: skip
    assert isinstance(done.exception, click.BadParameter)
    assert "nowhere' is no folder" in done.exception.message


def test_a_dashboard_that_is_no_json_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("{", "utf-8")
    done: Any = CliRunner().invoke(sightline, ["aws", "grafana", "lint", str(file)], standalone_mode=False)
    assert "is no JSON" in said(done.exception)
