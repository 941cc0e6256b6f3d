"""Headless Chromium, driven over its debugging pipe: enough of the protocol to visit a shop, and no package for it.

The pipe (file descriptors 3 and 4, JSON documents that end in NUL) is reached by nobody else, where a port would be.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sightline.errors import Unavailable

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
)  # fmt: skip
# Becomes the browser with its two ends of the pipes where it looks for them.
_LAUNCH: Final = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3), os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_ANSWER_S: Final = 30
_POLL_S: Final = 0.05
_STOP_S: Final = 5
_MOST_BYTES: Final = 1 << 26


class BrowserFailed(Unavailable):
    """Chromium did not do what was asked of it."""

    code = "browser"


def program(wanted: str = "") -> str | None:
    """Where Chromium is."""
    names = (wanted,) if wanted else PROGRAMS
    return next((found for name in names if (found := shutil.which(name))), None)


class Chromium:
    """A running browser."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.WriteTransport) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer = self._asked[self._number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps(message).encode() + b"\0")
        try:
            found = await asyncio.wait_for(answer, _ANSWER_S)
        except TimeoutError:
            raise BrowserFailed(f"Chromium does not answer {method}") from None
        finally:
            self._asked.pop(message["id"], None)
        if "error" in found:
            raise BrowserFailed(f"Chromium refused {method}: {found['error'].get('message', '')[:200]}")
        result: dict[str, Any] = found.get("result", {})
        return result

    async def listen(self) -> None:
        """Hand answers to who asked, until the browser ends."""
        try:
            while True:
                message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                waiting = self._asked.get(message.get("id", -1))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
        except (asyncio.IncompleteReadError, OSError):
            for waiting in self._asked.values():
                if not waiting.done():
                    waiting.set_exception(BrowserFailed("Chromium has ended"))

    @asynccontextmanager
    async def tab(self, width: int, height: int) -> AsyncIterator["Tab"]:
        """A tab in a profile of its own."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        try:
            target = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
            attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            session = attached["sessionId"]
            await self.call("Page.enable", session)
            await self.call(
                "Emulation.setDeviceMetricsOverride", session,
                width=width, height=height, deviceScaleFactor=1, mobile=False,
            )  # fmt: skip
            # A tab in the background is one that nobody uses: the SDK would count no time on it.
            await self.call("Emulation.setFocusEmulationEnabled", session, enabled=True)
            yield Tab(self, session)
        finally:
            with contextlib.suppress(BrowserFailed):
                await self.call("Target.disposeBrowserContext", browserContextId=context)


class Tab:
    """One tab, used as a person would: it is clicked and typed into, never called."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    async def open(self, url: str, referrer: str = "") -> None:
        more = {"referrer": referrer} if referrer else {}
        found = await self._browser.call("Page.navigate", self._session, url=url, **more)
        if error := found.get("errorText"):
            raise BrowserFailed(f"Chromium cannot open {url}: {error}")

    async def value(self, expression: str) -> Any:
        found = await self._browser.call(
            "Runtime.evaluate", self._session, expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise BrowserFailed(f"the page cannot say {expression[:80]!r}")
        return found["result"].get("value")

    async def wait(self, selector: str, seconds: float = 10) -> None:
        """Return once there is such an element."""
        for _ in range(int(seconds / _POLL_S)):
            with contextlib.suppress(BrowserFailed):  # between two pages there is nobody to answer
                if await self.value(f"document.querySelector({json.dumps(selector)}) !== null"):
                    return
            await asyncio.sleep(_POLL_S)
        raise BrowserFailed(f"{selector!r} did not come within {seconds:.0f} s")

    async def click(self, selector: str, times: int = 1) -> None:
        await self.wait(selector)
        where = f"document.querySelector({json.dumps(selector)})"
        x, y = await self.value(
            f"(() => {{ const at = {where}; at.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            "const { x, y, width, height } = at.getBoundingClientRect(); return [x + width / 2, y + height / 2] })()"
        )
        await self._mouse("mouseMoved", x, y)
        for _ in range(times):
            await self._mouse("mousePressed", x, y, button="left", clickCount=1)
            await self._mouse("mouseReleased", x, y, button="left", clickCount=1)

    async def type(self, selector: str, text: str) -> None:
        await self.click(selector)
        for letter in text:
            await self._browser.call("Input.insertText", self._session, text=letter)

    async def press_enter(self) -> None:
        for kind in ("keyDown", "keyUp"):
            await self._browser.call(
                "Input.dispatchKeyEvent", self._session, type=kind, key="Enter", code="Enter", text="\r",
                windowsVirtualKeyCode=13,
            )  # fmt: skip

    async def scroll(self, pixels: int) -> None:
        await self._mouse("mouseWheel", 200, 300, deltaX=0, deltaY=pixels)

    async def _mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        await self._browser.call("Input.dispatchMouseEvent", self._session, type=kind, x=x, y=y, **more)


@asynccontextmanager
async def running(path: str, agent: str) -> AsyncIterator[Chromium]:
    """Run the browser with an empty profile; it is gone afterwards, and so is the profile.

    How it shows itself is said to the browser, not to a tab: what a page sends as it goes is sent by nobody's tab.
    """
    to_it, ours = os.pipe()
    from_it, its = os.pipe()
    # Without a user namespace, as for root, it would not start with its sandbox; it sees our own shop only.
    flags = (*_FLAGS, "--no-sandbox") if os.geteuid() == 0 else _FLAGS
    with tempfile.TemporaryDirectory(prefix="sl-chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", _LAUNCH, str(to_it), str(its), path, *flags,
            f"--user-data-dir={profile}", f"--user-agent={agent}", pass_fds=(to_it, its), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_it)
        os.close(its)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_MOST_BYTES)
        incoming, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_it, "rb", 0)
        )
        outgoing, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(ours, "wb", 0))
        browser = Chromium(reader, outgoing)
        listening = asyncio.create_task(browser.listen(), name="chromium")
        try:
            yield browser
        finally:
            with contextlib.suppress(BrowserFailed):
                await asyncio.wait_for(browser.call("Browser.close"), _STOP_S)
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
            outgoing.close()
            incoming.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
