"""The API's reference as a page: rendered from the OpenAPI document, without a script, so that the strict CSP holds."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = "/api/v1/docs.css"

CSS = """:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{font:15px/1.55 system-ui,sans-serif;max-width:58rem;margin:0 auto;padding:2rem 1.25rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.5rem;text-transform:capitalize}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:.6rem .9rem}
summary{cursor:pointer;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}
code,pre{font:13px/1.5 ui-monospace,monospace}.m{min-width:3.5rem;font-weight:600}
.p{opacity:.75;margin-left:auto;font-size:13px}table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border-top:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
pre{overflow:auto;border:1px solid var(--line);border-radius:6px;padding:.6rem}"""


def page(document: Mapping[str, Any]) -> str:
    """Return the whole reference as one HTML page."""
    return "".join(_page(document))


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])} API</title><link rel=stylesheet href={_STYLE}>"
        f"<h1>{escape(info['title'])} API</h1><p>{escape(info.get('description', ''))}</p>"
        f"<p>Version {escape(info['version'])}. As a document: <a href='/api/v1/openapi.json'>openapi.json</a>.</p>"
    )
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if operation := operations.get(method):
                tag = (operation.get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append("".join(_operation(document, path, method, operation)))
    for tag, parts in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(parts)}"


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    summary = operation.get("summary", "")
    yield (
        f"<details><summary><span class=m>{method.upper()}</span><code>{escape(path)}</code>"
        f"<span class=p>{escape(summary)}</span></summary>"
    )
    if text := operation.get("description"):
        yield f"<p>{escape(text)}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter<th>in<th>type<th>meaning"
        for found in parameters:
            kind = _kind(found.get("schema", {}))
            name = found["name"] + ("" if found.get("required") else " (optional)")
            yield f"<tr><td><code>{escape(name)}</code><td>{found['in']}<td>{escape(kind)}"
            yield f"<td>{escape(found.get('description', ''))}"
        yield "</table>"
    if body := operation.get("requestBody"):
        schema = next(iter(body["content"].values())).get("schema", {})
        yield f"<p>Body</p>{_schema(document, schema)}"
    for status, answer in operation.get("responses", {}).items():
        if content := answer.get("content"):
            schema = next(iter(content.values())).get("schema", {})
            yield f"<p>{escape(status)}: {escape(answer.get('description', ''))}</p>{_schema(document, schema)}"
    yield f"<pre>curl{_curl(path, method, operation)}</pre></details>"


def _curl(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parts = "" if method == "get" else f" -X {method.upper()}"
    parts += " -H 'Authorization: Bearer sl_…'"
    if "requestBody" in operation:
        parts += " -H 'Content-Type: application/json' -d '{…}'"
    return escape(f'{parts} "$SIGHTLINE{path}"')


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if reference := schema.get("$ref"):
        found: Mapping[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
        return found
    return schema


def _schema(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    resolved = _resolved(document, schema)
    if resolved.get("type") == "array":
        return f"<p>a list of {escape(_kind(resolved.get('items', {})))}</p>"
    properties = resolved.get("properties")
    if not properties:
        return f"<p>{escape(_kind(resolved))}</p>"
    required = set(resolved.get("required", ()))
    rows = (
        f"<tr><td><code>{escape(name)}</code>{'' if name in required else ' (optional)'}<td>{escape(_kind(found))}"
        f"<td>{escape(found.get('description', ''))}"
        for name, found in properties.items()
    )
    return f"<table><tr><th>field<th>type<th>meaning{''.join(rows)}</table>"


def _kind(schema: Mapping[str, Any]) -> str:
    if reference := schema.get("$ref"):
        return str(reference).rsplit("/", 1)[1]
    if options := schema.get("anyOf"):
        return " or ".join(_kind(option) for option in options)
    if values := schema.get("enum"):
        return " | ".join(map(str, values))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = str(schema.get("type", "anything"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
