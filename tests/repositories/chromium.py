"""Debian's Chromium without a window, driven by its own protocol over a pipe: no driver, no further package.

Protocol: https://chromedevtools.github.io/devtools-protocol/ (messages are JSON, each ended by a NUL).
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.prove.sandbox import Sandbox

# The one name that is not loopback's own: a page there has no secure context, as in many a private network.
PLAIN_HOST = "pkgs.acme.test"
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
    f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Chromium reads its commands from descriptor 3 and writes to 4.
_PIPES = 'exec 3<"/dev/fd/$1" 4>"/dev/fd/$2"; shift 2; exec "$@"'
_SECONDS = 30.0
_CONTROL = 2  # the modifier's bit
# What says that something is wrong: a word on the console, a refused source, an uncaught error.
_COMPLAINTS = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded")


class Browser:
    """A running Chromium; `page` opens a tab."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._last, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, *, session: str = "", **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        text = json.dumps(message | ({"sessionId": session} if session else {}))
        os.write(self._commands, text.encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                found: dict[str, Any] = answer["result"]
                return found
            self.events.append(answer)

    def wait(self, method: str, session: str) -> dict[str, Any]:
        """Return the next event of that name, also one that has come already."""
        while True:
            for event in self.events:
                if (event.get("method"), event.get("sessionId")) == (method, session):
                    self.events.remove(event)
                    return event
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + _SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(until - time.monotonic(), 0))
            assert ready, "Chromium does not answer"
            data = os.read(self._answers, 1 << 20)
            assert data, "Chromium has ended"
            self._rest += data
        text, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message

    def page(
        self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False, javascript: bool = True
    ) -> Page:
        """Return a new tab of that size, in pixels, when all of `url` has been loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.call("Emulation.setScriptExecutionDisabled", value=not javascript)
        page.scheme(dark=dark)
        page.size(width, height)
        page.open(url)
        return page


class Page:
    """One tab."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def open(self, url: str) -> None:
        """Go to an address, and wait until all of it has been loaded."""
        self.call("Page.navigate", url=url)
        self._browser.wait("Page.loadEventFired", self._session)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol for this tab."""
        return self._browser.call(method, session=self._session, **params)

    def size(self, width: int, height: int) -> None:
        """Give the window a size in pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scheme(self, *, dark: bool, media: str = "") -> None:
        """Let the reader want light or dark pages, and nothing that moves; `media` may be "print"."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme, calm])

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression, awaited; the page's policy does not bind it."""
        found = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """Click the middle of the first element that `selector` names."""
        x, y = self.evaluate(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, *, control: bool = False, code: int = 0, text: str = "") -> None:
        """Press a key and let it go; `code` is its Windows key code."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                modifiers=_CONTROL if control else 0,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )

    def screenshot(self, file: Path) -> None:
        """Write all of the page, from its first line to the last, as PNG."""
        box = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": box["width"], "height": box["height"], "scale": 1}
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(found["data"]))

    def requests(self) -> list[str]:
        """Return the address of everything that the tab has asked for, data: addresses left out."""
        self._settled()
        found = [event["params"]["request"]["url"] for event in self._events("Network.requestWillBeSent")]
        return [url for url in found if not url.startswith("data:")]

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the page or the browser has put on the console, errors and violations among it."""
        self._settled()
        return [event["params"] for name in _COMPLAINTS for event in self._events(name)]

    def _settled(self) -> None:
        """Read what has come until a moment from now."""
        time.sleep(0.05)
        self.call("Page.getLayoutMetrics")

    def _events(self, name: str) -> list[dict[str, Any]]:
        return [
            event
            for event in self._browser.events
            if (event.get("method"), event.get("sessionId")) == (name, self._session)
        ]

    def close(self) -> None:
        """Close the tab."""
        self._browser.call("Target.closeTarget", targetId=self._target)


@contextmanager
def started(folder: Path, sandbox: Sandbox | None = None) -> Iterator[Browser]:
    """Start Chromium with a new profile in `folder`, in a sandbox where one is given, and end it."""
    chromium = require("chromium")
    options = [*_OPTIONS, f"--user-data-dir={folder}"]
    (for_it, commands), (answers, from_it) = os.pipe(), os.pipe()
    process = subprocess.Popen(
        [
            *("sh", "-c", _PIPES, "sh", str(for_it), str(from_it)),
            *(sandbox.words([chromium, *options]) if sandbox else [chromium, *options]),
        ],
        pass_fds=[for_it, from_it],
        env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(for_it)
    os.close(from_it)
    try:
        browser = Browser(commands, answers)
        yield browser
        browser.call("Browser.close")
    finally:
        os.close(commands)
        os.close(answers)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
