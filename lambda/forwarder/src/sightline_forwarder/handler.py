"""A Lambda function that hands the lines of a log group to Sightline; what it gets is passed on as it came.

Sightline masks them, stores them once however often they are delivered, and gives them to OpenSearch where one is set,
so one subscription of the two that a log group allows is enough. Only the standard library is used.

SIGHTLINE_URL is the site's address, https://…/cloudwatch/UUID. The API key, with the permission site:send-logs, stands
in SIGHTLINE_KEY, or in a secret that SIGHTLINE_KEY_SECRET names and AWS's Parameters and Secrets extension reads.
"""

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ATTEMPTS = 3
_TIMEOUT_S = 20
# What will be answered the same again: Lambda shall not deliver it for six hours.
_FINAL = frozenset({400, 413})
_EXTENSION = "http://localhost:2773/secretsmanager/get?secretId="
_known = {"key": ""}


class NotTaken(Exception):
    """Sightline did not take the lines; Lambda delivers them again."""


def handle(event: "dict[str, Any]", context: object) -> "dict[str, Any]":  # noqa: ARG001 - Lambda's signature
    """Pass one delivery on; whatever is not taken raises, and Lambda asks again."""
    payload = base64.b64decode(event["awslogs"]["data"])
    status, said = 0, ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(2.0**attempt / 2)
        status, said = _post(payload)
        if status == 200:
            return {"statusCode": 200, "body": said}
        if status in _FINAL:
            print(json.dumps({"level": "ERROR", "message": "lines refused", "status": status, "said": said}))
            return {"statusCode": status, "body": said}
        if status in {401, 403}:
            _known["key"] = ""  # it may have been renewed
    raise NotTaken(f"Sightline answered {status}: {said[:200]}")


def _post(payload: bytes) -> tuple[int, str]:
    url = os.environ["SIGHTLINE_URL"]
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("SIGHTLINE_URL begins with https://")
    headers = {"authorization": f"Bearer {_key()}", "content-type": "application/gzip"}
    request = urllib.request.Request(url, data=payload, method="POST", headers=headers)  # noqa: S310 - https, see above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def _key() -> str:
    if not _known["key"]:
        _known["key"] = os.environ.get("SIGHTLINE_KEY") or _secret(os.environ["SIGHTLINE_KEY_SECRET"])
    return _known["key"]


def _secret(name: str) -> str:
    """The secret's text, or `key` of it where it is JSON."""
    request = urllib.request.Request(  # noqa: S310 - of this environment
        _EXTENSION + urllib.parse.quote(name, safe=""),
        headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        text = json.load(answer)["SecretString"]
    return str(json.loads(text)["key"]) if text.startswith("{") else text
