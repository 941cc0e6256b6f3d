"""An OpenSearch domain: requests signed for IAM, lines written in bulk, templates and policies brought about.

botocore signs, urllib sends; both block, so whoever serves calls them in a thread. What the domain is too busy for is
sent again; what it refuses, and will refuse again, is handed back to be kept elsewhere.
"""

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.errors import ServiceError, SettingError, Unavailable
from sightline.settings import AwsSettings, OpenSearchSettings

_TIMEOUT_S: Final = 30
_ATTEMPTS: Final = 5
_BUSY: Final = frozenset({429, 502, 503, 504})
# OpenSearch's own advice for one bulk request is 5 to 15 MB.
MOST_BYTES: Final = 5 << 20
_RETRY_ITEM: Final = frozenset({429, 500, 502, 503, 504})
_THERE_ALREADY: Final = 409
HOT_DAYS: Final = 7
KEPT_DAYS: Final = 90


class OpenSearchError(ServiceError):
    """OpenSearch did not do what was asked."""

    code = "opensearch"


class OpenSearchAway(Unavailable):
    """OpenSearch does not answer, or is too busy."""

    code = "opensearch_away"


class Document(Struct, frozen=True):
    """One line with the index and the id under which it is written: the same whenever it is written again."""

    index: str
    id: str
    content: Mapping[str, Any]


class Refused(Struct, frozen=True):
    """A document that the domain will not take, with its reason."""

    document: Document
    status: int
    reason: str


class Written(Struct, frozen=True):
    """What became of documents."""

    written: int
    already: int
    refused: tuple[Refused, ...]


class OpenSearch:
    """One domain."""

    def __init__(
        self, settings: OpenSearchSettings, aws: AwsSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not settings.url.startswith(("https://", "http://127.0.0.1:")):
            raise SettingError(f"opensearch.url = {settings.url!r}", hint="It begins with https://.")
        if not aws.region:
            raise SettingError("aws.region is not set", hint="Set it, or AWS_REGION: requests are signed for it.")
        self._url, self._service, self._region = settings.url.rstrip("/"), settings.service, aws.region
        self._sleep = sleep
        self._credentials: Any = None

    def ask(self, method: str, path: str, document: object = None) -> Any:
        """Send one request and return what its answer holds; None where there is no such thing."""
        body = b"" if document is None else json.dumps(document).encode()
        status, said = self._answered(method, path, body, "application/json")
        if status == 404:
            return None
        if status >= 400:
            raise OpenSearchError(f"{method} {path}: {status} {_reason(said)}", hint=_HINTS.get(status))
        return json.loads(said) if said else {}

    def write(self, documents: Sequence[Document]) -> Written:
        """Write documents; returns when each is there or refused for good."""
        written = already = 0
        refused: list[Refused] = []
        for part in _parts(documents):
            waiting: Sequence[Document] = part
            for attempt in range(_ATTEMPTS):
                if attempt:
                    self._wait(attempt)
                results = self._bulk(waiting)
                again: list[Document] = []
                for document, (status, reason) in zip(waiting, results, strict=True):
                    if status in {200, 201}:
                        written += 1
                    elif status == _THERE_ALREADY:
                        already += 1
                    elif status in _RETRY_ITEM:
                        again.append(document)
                    else:
                        refused.append(Refused(document, status, reason))
                waiting = again
                if not waiting:
                    break
            else:
                raise OpenSearchAway(f"{len(waiting)} lines were put off {_ATTEMPTS} times", hint="It is too busy.")
        return Written(written, already, tuple(refused))

    def erase(self, index: str, query: Mapping[str, Any]) -> int:
        """Delete what a query takes from all indexes of this name, also from those that are read-only by now."""
        blocked = self.ask("GET", f"/{index}-*/_settings/index.blocks.write?flat_settings=true") or {}
        names = [
            name for name, found in blocked.items() if found["settings"].get("index.blocks.write") in {"true", True}
        ]
        for name in names:
            self.ask("PUT", f"/{name}/_settings", {"index.blocks.write": False})
        try:
            path = f"/{index}-*/_delete_by_query?refresh=true&conflicts=proceed&allow_no_indices=true"
            found = self.ask("POST", path, {"query": query}) or {}
        finally:
            for name in names:
                self.ask("PUT", f"/{name}/_settings", {"index.blocks.write": True})
        if found.get("failures"):
            raise OpenSearchError(f"{len(found['failures'])} lines could not be erased", hint="It is tried again.")
        return int(found.get("deleted", 0))

    def _bulk(self, documents: Sequence[Document]) -> list[tuple[int, str]]:
        lines: list[bytes] = []
        for document in documents:
            lines.append(msgspec.json.encode({"create": {"_index": document.index, "_id": document.id}}))
            lines.append(msgspec.json.encode(document.content))
        body = b"\n".join([*lines, b""])
        status, said = self._answered("POST", "/_bulk", body, "application/x-ndjson")
        if status >= 400:
            raise OpenSearchError(f"POST /_bulk: {status} {_reason(said)}", hint=_HINTS.get(status))
        items = [item["create"] for item in json.loads(said)["items"]]
        if len(items) != len(documents):
            raise OpenSearchError(f"POST /_bulk: {len(items)} answers for {len(documents)} lines")
        return [(int(item["status"]), str(item.get("error", {}).get("type", ""))) for item in items]

    def _answered(self, method: str, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Send until the domain is not too busy."""
        reason: object = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._wait(attempt)
            try:
                status, said = self._sent(method, path, body, content_type)
            except OSError as exc:
                reason = getattr(exc, "reason", exc)
            else:
                if status not in _BUSY:
                    return status, said
                reason = f"{status} {_reason(said)}"
        raise OpenSearchAway(f"{method} {path}: {reason}", hint="Check opensearch.url and the network to it.")

    def _sent(self, method: str, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        headers = self._signed(method, path, body, content_type)
        request = urllib.request.Request(  # noqa: S310 - https, or a test on this machine
            self._url + path, data=body or None, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.read()

    def _signed(self, method: str, path: str, body: bytes, content_type: str) -> dict[str, str]:
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - only where AWS is used
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        request = AWSRequest(method, self._url + path, headers={"content-type": content_type}, data=body)
        SigV4Auth(self._found_credentials(), self._service, self._region).add_auth(request)
        return dict(request.headers.items())

    def _found_credentials(self) -> Any:
        """The credentials of this process; botocore renews those of a role by itself."""
        if self._credentials is None:
            try:
                from botocore.session import Session  # noqa: PLC0415
            except ImportError as exc:
                raise SettingError("botocore is not installed", hint="Install sightline[aws].") from exc
            self._credentials = Session().get_credentials()
        if self._credentials is None:
            raise SettingError("there are no AWS credentials", hint="Give this process a role, or AWS_ACCESS_KEY_ID.")
        return self._credentials

    def _wait(self, attempt: int) -> None:
        self._sleep(min(2.0**attempt, 30.0) * (0.5 + random.random() / 2))  # noqa: S311 - spreads retries, no secret


_HINTS: Final = {
    401: "Its access policy has to let this role in.",
    403: "Its access policy has to let this role in: es:ESHttpPost and es:ESHttpPut.",
    413: "Its instances take smaller requests only.",
}


def _parts(documents: Sequence[Document]) -> list[list[Document]]:
    """Cut into requests that are not too large."""
    parts: list[list[Document]] = [[]]
    size = 0
    for document in documents:
        bytes_ = len(msgspec.json.encode(document.content)) + len(document.index) + len(document.id) + 40
        if parts[-1] and size + bytes_ > MOST_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(document)
        size += bytes_
    return parts if parts[0] else []


def _reason(said: bytes) -> str:
    try:
        error = json.loads(said)["error"]
        return str(error if isinstance(error, str) else error.get("reason") or error.get("type"))[:200]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


# ---- templates and policies ----------------------------------------------------------------------------------------

_KEYWORDS: Final = (
    "site", "level", "source", "service", "function", "group", "stream", "request", "trace", "correlation", "logger",
    "visit", "visitor", "person",
)  # fmt: skip


def template(index: str) -> dict[str, Any]:
    """The index template: ids are words, the message is text, and fields do not grow the mapping."""
    properties: dict[str, Any] = {name: {"type": "keyword", "ignore_above": 1024} for name in _KEYWORDS}
    properties |= {
        "@timestamp": {"type": "date", "format": "epoch_millis||strict_date_optional_time"},
        "message": {"type": "text"},
        "fields": {"type": "flat_object"},
        "cold": {"type": "boolean"},
        "failed": {"type": "boolean"},
    }
    return {
        "index_patterns": [f"{index}-*"],
        "priority": 200,
        "template": {
            "settings": {
                "index": {"number_of_shards": "1", "number_of_replicas": "0", "refresh_interval": "10s",
                          "codec": "best_compression"}
            },
            "mappings": {"dynamic": "strict", "properties": properties},
        },
    }  # fmt: skip


def policy(index: str) -> dict[str, Any]:
    """The ISM policy: hot for 7 days, then one segment and read-only on the same node, gone after 90.

    UltraWarm would need dedicated masters; "warm" is therefore what a small domain can do.
    """
    return {
        "policy": {
            "description": f"{index}: hot for {HOT_DAYS} days, then read-only, deleted after {KEPT_DAYS}",
            "default_state": "hot",
            "states": [
                {"name": "hot", "actions": [],
                 "transitions": [{"state_name": "warm", "conditions": {"min_index_age": f"{HOT_DAYS}d"}}]},
                {"name": "warm", "actions": [{"read_only": {}}, {"force_merge": {"max_num_segments": 1}}],
                 "transitions": [{"state_name": "delete", "conditions": {"min_index_age": f"{KEPT_DAYS}d"}}]},
                {"name": "delete", "actions": [{"delete": {}}], "transitions": []},
            ],
            "ism_template": [{"index_patterns": [f"{index}-*"], "priority": 200}],
        }
    }  # fmt: skip


def sync(domain: OpenSearch, index: str, *, dry_run: bool = False) -> list[str]:
    """Bring template and policy about; return what was changed, nothing when all is as it should be."""
    changed = []
    found = domain.ask("GET", f"/_index_template/{index}")
    there = found["index_templates"][0]["index_template"] if found and found.get("index_templates") else None
    wanted = template(index)
    if there is None or not _says(there, wanted):
        changed.append(f"index template {index}")
        if not dry_run:
            domain.ask("PUT", f"/_index_template/{index}", wanted)
    changed += _sync_policy(domain, index, dry_run=dry_run)
    return changed


def _sync_policy(domain: OpenSearch, index: str, *, dry_run: bool) -> list[str]:
    path = f"/_plugins/_ism/policies/{index}"
    found, wanted = domain.ask("GET", path), policy(index)
    if found is not None and _says(found["policy"], wanted["policy"]):
        return []
    if not dry_run:
        if found is not None:  # only who has seen the last version may replace it
            path += f"?if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}"
        domain.ask("PUT", path, wanted)
    return [f"ISM policy {index}"]


def _says(found: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted; the domain adds its own defaults and times."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and _says(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_says, found, wanted))
    return str(found).lower() == str(wanted).lower()
