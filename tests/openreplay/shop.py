"""A page with everything that a recorder finds hard, and a server that takes what the tracker sends, as it comes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from sightline.collect.openreplay.decoder import Part, decode
from tests.browser_packages import browser_package

SPRITES = """<svg xmlns="http://www.w3.org/2000/svg"><symbol id="cart" viewBox="0 0 16 16">
<path d="M1 2h3l2 8h7"></path></symbol></svg>"""
PAGE = """<!doctype html><html><head><title>Shop</title><style>.price { color: rgb(1, 2, 3) }</style>
<style id=scripted></style></head><body>
<h1 class=title>Blue shoes</h1>
<p id=greeting title="Anneliese">Hello <b>Anneliese</b></p>
<ul id=list></ul>
<div id=host><i slot=icon>*</i>light</div>
<div id=late></div>
<iframe id=frame srcdoc="<p id=inside>Inside</p><ul id=inner><li>1<li>2<li>3</ul>"></iframe>
<form><input id=name name=name value="Anneliese"><textarea id=notes>Elm Street 5</textarea>
<input id=box type=checkbox><select id=choice><option>one<option>two</select></form>
<svg id=drawing viewBox="0 0 16 16"><use href="/sprites.svg#cart"></use></svg>
<table><tbody id=rows></tbody></table><a id=link href="/people?token=abc">Profile</a>
<script>
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("b { color: green }");
  document.adoptedStyleSheets = [sheet];
  const root = document.getElementById("host").attachShadow({ mode: "open" });
  root.innerHTML = "<style>p { margin: 0 }</style><p>shadow <slot name=icon></slot></p><ul id=within></ul>";
  root.adoptedStyleSheets = [sheet];
  for (let n = 0; n < 20; n++) {
    const item = document.createElement("li");
    item.append("item " + n, Object.assign(document.createElement("em"), { textContent: "of " + n }));
    document.getElementById("list").append(item);
  }
  const tick = (ms = 60) => new Promise((done) => setTimeout(done, ms));
  window.act = async () => {
    const list = document.getElementById("list");
    [...list.children].reverse().forEach((item) => list.append(item));
    await tick();
    const frame = document.getElementById("frame").contentDocument;
    const inner = frame.getElementById("inner");
    inner.append(inner.firstElementChild);
    inner.insertAdjacentHTML("afterbegin", "<li class=new>0</li>");
    root.getElementById("within").innerHTML = "<li>a</li><li>b</li>";
    root.getElementById("within").prepend(root.getElementById("within").lastElementChild);
    await tick();
    const late = document.getElementById("late").attachShadow({ mode: "open" });
    late.innerHTML = "<p>late <em>shadow</em></p>";
    list.children[3].remove();
    list.children[0].before(list.children[5]);
    document.getElementById("greeting").firstChild.data = "Goodbye ";
    document.getElementById("greeting").className = "price large";
    sheet.insertRule("h1 { color: red }", 1);
    document.getElementById("scripted").sheet.insertRule(".title { margin: 3px }", 0);
    await tick();
    list.children[2].append(list.children[7]);
    sheet.deleteRule(0);
    document.getElementById("box").click();
    document.getElementById("choice").selectedIndex = 1;
    document.getElementById("choice").dispatchEvent(new Event("change", { bubbles: true }));
    console.warn("something of", { name: "Anneliese" });
    tracker.event("added", { price: 3 });
    tracker.setUserID("anneliese@example.com");
    tracker.setMetadata("plan", "gold");
    getSelection().selectAllChildren(document.getElementById("greeting"));
    await fetch("/api/cart?token=abc").catch(() => 0);
    setTimeout(() => { throw new TypeError("no cart of anneliese@example.com"); }, 0);
    await tick(200);
  };
  window.random = (seed, turns) => {
    const next = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % n; };
    for (let at = 0; at < 200; at++) {
      const list = document.createElement("ol");
      list.className = "random";
      for (let n = 0; n < 6; n++) list.append(Object.assign(document.createElement("li"), { textContent: n }));
      document.body.append(list);
    }
    return new Promise(async (done) => {
      for (let round = 0; round < 4; round++) {
        if (round !== 2 || !turns) await tick(80);  // else every list changes twice within a tick
        for (const list of document.querySelectorAll("ol.random")) {
          if (turns) await null;  // a turn of its own, within the same tick of the tracker
          for (let change = 0; change < 4; change++) {
            const items = list.children, what = next(3);
            const fresh = Object.assign(document.createElement("li"), { textContent: "new" });
            if (what === 0) list.insertBefore(fresh, items[next(items.length + 1)] ?? null);
            else if (what === 1 && items.length > 1) items[next(items.length)].remove();
            else if (items.length) list.insertBefore(items[next(items.length)], items[next(items.length + 1)] ?? null);
          }
        }
      }
      await tick(200);
      done();
    });
  };
  window.addRows = async () => {
    document.getElementById("rows").innerHTML = Array.from({ length: 1500 }, (_, n) =>
      `<tr class="row ${n % 2 ? "odd" : "even"}"><td>Order ${n}</td><td class=price>${n}.00</td>` +
      `<td><button type=button>Edit</button></td></tr>`).join("");
    await tick(300);
  };
</script></body></html>"""
START = """
<script type=module>
  import Tracker from "/tracker.js";
  window.tracker = new Tracker({
    projectKey: "%(key)s", ingestPoint: "%(ingest)s", __DISABLE_SECURE_MODE: true, inlineCss: 0,
    network: { capturePayload: true, failuresOnly: false, ignoreHeaders: false, sessionTokenHeader: false,
               captureInIframes: true }, %(more)s
  });
  window.started = window.tracker.start();
</script>"""
# The live tree by the tracker's own ids, in the form of `privacy.recordings.browser.TREE`.
LIVE = """
() => {
  const id = (node) => {
    const found = node === document ? undefined : node.__openreplay_id;
    return node === document.documentElement ? 3 : node === document ? 1 : found === undefined ? -1 : found + 10;
  };
  const known = (nodes) => [...nodes].filter((node) => id(node) > 0).map(walk);
  const walk = (node) => [
    node.nodeType === 1 ? node.nodeName.toLowerCase() : "#" + node.nodeType,
    id(node),
    known(node.shadowRoot ? node.shadowRoot.childNodes : []),
    node.nodeName === "IFRAME" ? (node.contentDocument ? [walk(node.contentDocument)] : []) : known(node.childNodes),
  ];
  return walk(document.documentElement);
}
"""


@dataclass
class Ingest:
    """What the tracker sent, and how it is answered."""

    protocol: int = 2
    starts: list[dict[str, object]] = field(default_factory=list)
    batches: list[tuple[str, bytes, list[Part]]] = field(default_factory=list)
    refuse: int = 0  # so many batches are answered with 401

    def parts(self) -> list[Part]:
        return [part for _, _, parts in self.batches for part in parts]


class Shop(ThreadingHTTPServer):
    """The page, the tracker and an ingest of its own."""

    daemon_threads = True

    def __init__(self, ingest: Ingest, *, key: str, point: str, more: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ingest = ingest
        start = START % {
            "key": key,
            "ingest": point or f"http://127.0.0.1:{self.server_address[1]}/ingest",
            "more": more,
        }
        self.files = {
            "/": (PAGE.replace("</body>", f"{start}</body>").encode(), "text/html; charset=utf-8"),
            "/tracker.js": (
                (browser_package("@openreplay/tracker") / "dist" / "lib" / "entry.js").read_bytes(),
                "text/javascript",
            ),
            "/sprites.svg": (SPRITES.encode(), "image/svg+xml"),
            "/api/cart": (b"{}", "application/json"),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: Shop
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/ingest/v1/web/tags":
            self._answer(200, b'{"tags":[]}', "application/json")
        elif path in self.server.files:
            self._answer(200, *self.server.files[path])
        else:
            self._answer(404, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        parts, ingest = urlsplit(self.path), self.server.ingest
        if parts.path == "/ingest/v1/web/start":
            ingest.starts.append(json.loads(body))
            told = {
                "token": "token", "userUUID": "user", "sessionID": "1", "delay": 0, "projectID": "1",
                "protocolVersion": ingest.protocol, "startTimestamp": ingest.starts[-1]["timestamp"],
            }  # fmt: skip
            self._answer(200, json.dumps(told).encode(), "application/json")
        elif parts.path == "/ingest/v1/web/i":
            if ingest.refuse:
                ingest.refuse -= 1
                self._answer(401, b"", "text/plain")
                return
            ingest.batches.append((parse_qs(parts.query)["batch"][0], body, decode(body)))
            self._answer(200, b"", "text/plain")
        else:
            self._answer(404, b"", "text/plain")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def shop(ingest: Ingest, *, key: str = "key", point: str = "", more: str = "") -> Iterator[Shop]:
    """The shop while it is open."""
    found = Shop(ingest, key=key, point=point, more=more)
    thread = Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.shutdown()
        thread.join()
        found.server_close()
