"""The function: a request of an HTTP API in, an answer out. `SIGHTLINE_SITES` says which sites may send.

Settings, by environment variables: `SIGHTLINE_SITES` (public keys, each with the name that metrics get:
`pk_1234=shop,pk_5678=admin`), `SIGHTLINE_ORIGINS` (the origins whose pages may read the answer, or `*`),
`SIGHTLINE_PER_MINUTE` (items of one address in a minute, within one instance; 600 unless said otherwise).
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
import time
from typing import Any, Final

from sightline_beacon import batches, reports
from sightline_lambda import logger, metrics, observe
from sightline_lambda.settings import first

_MOST_KNOWN: Final = 10_000  # batches and addresses that an instance remembers


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {key.strip(): (name.strip() or key.strip())[:100] for key, _, name in pairs}


class Beacon:
    """What one instance of the function knows."""

    def __init__(self, sites: str, origins: str, per_minute: str) -> None:
        self.sites = _pairs(sites)
        self.origins = frozenset(origin.strip() for origin in origins.split(",") if origin.strip())
        self.per_minute = int(per_minute) if per_minute.isdigit() else 600
        self._seen: dict[tuple[str, int], int] = {}
        self._minute = 0
        self._taken: dict[str, int] = {}

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """Take a batch, or say why not."""
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        allowed = self._cors(headers.get("origin", ""))
        http = (event.get("requestContext") or {}).get("http") or {}
        if http.get("method") == "OPTIONS":
            return {"statusCode": 204, "headers": allowed}
        if http.get("method") != "POST":
            return _said(405, {"message": "a batch is sent by POST"}, allowed)
        try:
            said = self._take(_body(event), headers.get("user-agent", "")[:500], str(http.get("sourceIp", "")))
        except batches.Refused as refused:
            metrics.count("Refused")
            again = {429: {"retry-after": "60"}, 503: {"retry-after": "5"}}.get(refused.status, {})
            return _said(refused.status, {"message": refused.message}, {**allowed, **again})
        return _said(200, said, allowed)

    def _take(self, body: bytes, agent: str, address: str) -> dict[str, Any]:
        batch = batches.decode(body, int(time.time() * 1000))
        site = self.sites.get(batch.site)
        if site is None:
            raise batches.Refused(403, "this site may not send here; SIGHTLINE_SITES names those that may")
        said: dict[str, Any] = {"visit": batch.document, "accepted": 0}
        key = batch.document, batch.seq
        if key in self._seen:
            return {**said, "accepted": self._seen[key], "duplicate": True}
        self._limit(address, len(batch.items))
        dropped = [(index, item) for index, item in enumerate(batch.items) if isinstance(item, str)]
        for line in reports.documents(batch, site, agent):
            _write(line)
        said["accepted"] = len(batch.items) - len(dropped)
        if dropped:
            said["dropped"] = dropped
            metrics.count("ItemsDropped", sum(why != "elsewhere" for _, why in dropped))
        if batch.lost:
            metrics.count("ItemsLost", batch.lost)
        if len(self._seen) >= _MOST_KNOWN:
            self._seen.clear()
        self._seen[key] = said["accepted"]
        return said

    def _limit(self, address: str, items: int) -> None:
        """What one address may send in a minute; the API's own throttling counts over all instances."""
        minute = int(time.time() // 60)
        if minute != self._minute or len(self._taken) >= _MOST_KNOWN:
            self._minute, self._taken = minute, {}
        taken = self._taken.get(address, 0) + items
        if taken > self.per_minute:
            raise batches.Refused(429, f"an address may send {self.per_minute} items in a minute")
        self._taken[address] = taken

    def _cors(self, origin: str) -> dict[str, str]:
        if "*" in self.origins:
            return {"access-control-allow-origin": "*"}
        if origin not in self.origins:
            return {}
        return {"access-control-allow-origin": origin, "vary": "origin"}


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise batches.Refused(400, "this is no request of an HTTP API")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise batches.Refused(400, "this is not base64") from None


def _write(line: str) -> None:
    """Write a line, or refuse the batch: what is answered with 200 has been written."""
    try:
        sys.stdout.write(line)
    except UnicodeEncodeError:
        sys.stdout.write(json.dumps(json.loads(line)) + "\n")
    except (OSError, ValueError):
        raise batches.Refused(503, "nothing can be written at the moment") from None


def _said(status: int, said: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **headers},
        "body": json.dumps(said, separators=(",", ":")),
    }


beacon = Beacon(first("SIGHTLINE_SITES"), first("SIGHTLINE_ORIGINS"), first("SIGHTLINE_PER_MINUTE", default="600"))
if not beacon.sites:
    logger.warning("SIGHTLINE_SITES is not set, so every batch is refused; name the public keys of the sites")


@observe(service="beacon")
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    return beacon.answer(event)
