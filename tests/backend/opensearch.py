"""A fake OpenSearch over HTTP on loopback. Named a fake: it holds documents in memory and searches nothing but ids.

It checks what the real one checks: the SigV4 signature over method, path, query, headers and body; that a bulk request
is lines of JSON in pairs that end with a newline; that a read-only index takes nothing; that a policy is replaced by
who has seen its last version. `faults` are answers that it gives instead, one for each request.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tests.aws import CREDENTIALS, REGION
from tests.listening import Listening

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<date>\d{8})/(?P<region>[\w-]+)/(?P<service>\w+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[\w;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


class FakeOpenSearch(Listening):
    """The state of the fake."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}
        self.blocked: set[str] = set()
        self.templates: dict[str, Any] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.faults: list[int] = []
        self.item_faults: list[tuple[str, int]] = []  # of a text in a document, the status that its write gets once
        self.poison = "poison"  # a document with this in its message is refused for good
        self.requests: list[str] = []
        super().__init__(_handler(self))

    def all(self) -> list[dict[str, Any]]:
        return [found for index in self.documents.values() for found in index.values()]

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, Any]:  # noqa: PLR0911 - routes
        self.requests.append(f"{method} {target}")
        if reason := _unsigned(method, target, headers, body):
            return 403, {"message": reason}
        if self.faults:
            return self.faults.pop(0), {"error": {"type": "injected", "reason": "injected"}, "status": 0}
        parts = urlsplit(target)
        if parts.path == "/_bulk" and method == "POST":
            return self._bulk(headers, body)
        named = parts.path.rsplit("/", 1)[1]
        document = json.loads(body) if body else None
        if parts.path.startswith("/_index_template/"):
            return self._template(method, named, document)
        if parts.path.startswith("/_plugins/_ism/policies/"):
            return self._policy(method, named, dict(parse_qsl(parts.query)), document)
        index = parts.path.split("/")[1]
        if "/_settings" in parts.path:
            return self._settings(method, index, document)
        if named == "_delete_by_query":
            return self._delete(index, document["query"] if document else {})
        return 404, {"error": "no such thing"}

    def _bulk(self, headers: Any, body: bytes) -> tuple[int, Any]:
        if headers.get("content-type") != "application/x-ndjson" or not body.endswith(b"\n"):
            return 400, {"error": {"type": "illegal_argument_exception", "reason": "must end with a newline"}}
        lines = body[:-1].split(b"\n")
        if len(lines) % 2:
            return 400, {"error": {"type": "illegal_argument_exception", "reason": "a source is missing"}}
        items = []
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            where, document = json.loads(action)["create"], json.loads(source)
            status = self._create(where["_index"], where["_id"], document)
            error = {} if status < 300 else {"error": {"type": f"status_{status}", "reason": "…"}}
            items.append({"create": {**where, "status": status, **error}})
        return 200, {"took": 1, "errors": any(item["create"]["status"] >= 300 for item in items), "items": items}

    def _create(self, index: str, name: str, document: dict[str, Any]) -> int:
        for fault in self.item_faults:
            if fault[0] in document["message"]:
                self.item_faults.remove(fault)
                return fault[1]
        if self.poison in document["message"]:
            return 400
        if index in self.blocked:
            return 403
        held = self.documents.setdefault(index, {})
        if name in held:
            return 409
        held[name] = document
        return 201

    def _template(self, method: str, name: str, document: Any) -> tuple[int, Any]:
        if method == "PUT":
            self.templates[name] = document
            return 200, {"acknowledged": True}
        if name not in self.templates:
            return 404, {"error": "index template not found"}
        return 200, {"index_templates": [{"name": name, "index_template": {**self.templates[name], "composed_of": []}}]}

    def _policy(self, method: str, name: str, query: dict[str, str], document: Any) -> tuple[int, Any]:
        held = self.policies.get(name)
        if method == "PUT":
            if held is not None and query != {
                "if_seq_no": str(held["_seq_no"]),
                "if_primary_term": str(held["_primary_term"]),
            }:
                return 409, {"error": {"type": "version_conflict_engine_exception", "reason": "version conflict"}}
            number = 0 if held is None else held["_seq_no"] + 1
            self.policies[name] = {"_id": name, "_seq_no": number, "_primary_term": 1, **document}
            return 200, self.policies[name]
        if held is None:
            return 404, {"error": "policy not found"}
        # The real one adds what it knows besides, such as how an action is tried again.
        return 200, {
            **held,
            "policy": {**held["policy"], "policy_id": name, "schema_version": 21, "error_notification": None},
        }

    def _settings(self, method: str, index: str, document: Any) -> tuple[int, Any]:
        if method == "GET":
            begin = index.removesuffix("*")
            names = [name for name in sorted(self.blocked) if name.startswith(begin)]
            return 200, {name: {"settings": {"index.blocks.write": "true"}} for name in names}
        (self.blocked.add if document["index.blocks.write"] else self.blocked.discard)(index)
        return 200, {"acknowledged": True}

    def _delete(self, index: str, query: dict[str, Any]) -> tuple[int, Any]:
        begin, deleted, failures = index.removesuffix("*"), 0, []
        for name, held in self.documents.items():
            if not name.startswith(begin):
                continue
            for key in [key for key, document in held.items() if _matches(query, document)]:
                if name in self.blocked:
                    failures.append({"index": name, "id": key, "status": 403})
                else:
                    del held[key]
                    deleted += 1
        return 200, {"deleted": deleted, "failures": failures}


def _matches(query: dict[str, Any], document: dict[str, Any]) -> bool:
    ((name, inner),) = query.items()
    if name == "bool":
        either = inner.get("should")
        return all(_matches(one, document) for one in inner.get("filter", ())) and (
            either is None or any(_matches(one, document) for one in either)
        )
    ((field, wanted),) = inner.items()
    if name == "terms":
        return document.get(field) in wanted
    assert name == "range"
    return bool(document[field] < wanted["lt"])


def _unsigned(method: str, target: str, headers: Any, body: bytes) -> str:
    """Why a request's signature is not that of the test's credentials; empty when it is."""
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None:
        return "Missing Authentication Token"
    if (found["key"], found["region"], found["service"]) != ("testing", REGION, "es"):
        return "The security token included in the request is invalid"
    parts = urlsplit(target)
    names = found["headers"].split(";")
    if not {"host", "x-amz-date"} <= set(names):
        return "host and x-amz-date must be signed"
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
                     for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True)))  # fmt: skip
    canonical = "\n".join(
        [
            method, quote(parts.path, safe="/-_.~"), query,
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in names), "", ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )  # fmt: skip
    scope = f"{found['date']}/{REGION}/es/aws4_request"
    told = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{CREDENTIALS['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (found["date"], REGION, "es", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    wanted = hmac.new(key, told.encode(), "sha256").hexdigest()
    return "" if hmac.compare_digest(wanted, found["signature"]) else "The request signature does not match"


def _handler(fake: FakeOpenSearch) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, document = fake.answer(self.command, self.path, self.headers, body)
            said = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            return

    return Handler


@contextmanager
def fake_opensearch() -> Iterator[FakeOpenSearch]:
    found = FakeOpenSearch()
    try:
        yield found
    finally:
        found.close()
