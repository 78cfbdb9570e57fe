"""A real browser for tests: Chromium without a window, which knows loopback and nothing else.

    @needs_chromium
    def test_a_page_says_what_it_found() -> None:
        with chromium() as browser, browser.page() as page:
            page.open("http://127.0.0.1:8000/")
            page.fill("#name", "Ada")
            page.click("button")
            page.until("document.querySelector('#greeting').textContent === 'hello Ada'")
            assert page.problems == []

Nothing is installed for it but the browser itself: Debian's package `chromium`, which
`scripts/services.py` brings where it may. Each page has cookies and storage of its own, as if in
a profile of its own. Clicks and keys are those of a person: what lies under something else cannot
be clicked. Nothing here sleeps: `until` is looked at by the page, with each frame and each change.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.devtools import SECONDS_MAX, DevTools, DevToolsError, Message, Refused

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""Names of the browser; the first that is there is used."""

_OPTIONS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--password-store=basic",
)
# The browser talks through its descriptors 3 and 4, of which a shell makes our pipes.
_WIRED: Final = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'

_KEYS: Final = {
    "Enter": (13, "\r"),
    "Tab": (9, ""),
    "Escape": (27, ""),
    "Backspace": (8, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
"""Of each key without a letter: its code, and the text that it types."""

_WAIT: Final = """new Promise((resolve, reject) => {
  const holds = () => { %s };
  const patience = setTimeout(() => finish(() => resolve(false)), %d);
  const observer = new MutationObserver(() => look());
  let frame = 0;
  const finish = (how) => {
    clearTimeout(patience); cancelAnimationFrame(frame); observer.disconnect(); how();
  };
  const look = () => {
    cancelAnimationFrame(frame);
    try {
      const found = holds();
      if (found) return finish(() => resolve([found instanceof Node || found]));
    } catch (error) { return finish(() => reject(error)); }
    frame = requestAnimationFrame(look);
  };
  observer.observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  look();
})"""

_PLACE: Final = """(selector) => {
  const found = document.querySelector(selector);
  if (!found) return "there is none";
  found.scrollIntoView({ block: "center", inline: "center" });
  const { left, top, width, height } = found.getBoundingClientRect();
  const x = left + width / 2, y = top + height / 2;
  const hit = document.elementFromPoint(x, y);
  if (!width || !height || !hit) return "it is not visible";
  if (hit !== found && !found.contains(hit) && !hit.contains(found)) {
    return `it lies under ${hit.outerHTML.slice(0, 80)}`;
  }
  return [x, y];
}"""


def program() -> str:
    """Return the browser's program, or nothing where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


needs_chromium = pytest.mark.skipif(
    not program(),
    reason="There is no Chromium here; install the system package chromium, "
    "as `python scripts/services.py` does as root.",
)
"""On a test that opens pages. With CI=true a skipped test is a failed one."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser of a new profile; it is gone afterwards, and the profile with it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = [*_OPTIONS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Its sandbox refuses to work as root.
        with open(Path(profile) / "stderr.txt", "w+b") as told:
            process = subprocess.Popen(
                ["sh", "-c", _WIRED, "sh", program(), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
                bufsize=0,
                start_new_session=True,
            )
            assert process.stdin is not None and process.stdout is not None
            browser = Browser(DevTools(process.stdout.fileno(), process.stdin.fileno()))
            try:
                yield _begun(browser, told.name)
            finally:
                _end(process, browser)


def _begun(browser: Browser, told: str) -> Browser:
    try:
        browser.version = browser.tools.send("Browser.getVersion")["product"]
    except DevToolsError as error:
        said = Path(told).read_text("utf-8", "replace")[-2_000:]
        raise DevToolsError(f"{error}; it said: {said}") from None
    return browser


def _end(process: subprocess.Popen[bytes], browser: Browser) -> None:
    """Return when the browser and all processes that it started are gone."""
    with contextlib.suppress(DevToolsError):
        browser.tools.send("Browser.close")
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


class Browser:
    """A browser that runs; it opens pages."""

    def __init__(self, tools: DevTools) -> None:
        self.tools = tools
        self.version = ""

    @contextlib.contextmanager
    def page(self, *, width: int = 1280, height: int = 800, dark: bool = False) -> Iterator[Page]:
        """Give an empty page of a new profile, so many CSS pixels large."""
        context = self.tools.send("Target.createBrowserContext")["browserContextId"]
        target = self.tools.send(
            "Target.createTarget", url="about:blank", browserContextId=context
        )["targetId"]
        attached = self.tools.send("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self.tools, attached["sessionId"])
        try:
            page.begin(width=width, height=height, dark=dark)
            yield page
        finally:
            self.tools.listeners.pop(attached["sessionId"], None)
            with contextlib.suppress(DevToolsError):
                self.tools.send("Target.disposeBrowserContext", browserContextId=context)


class Page:
    """A page, and what happened in it. Every method raises `DevToolsError` where it cannot do what
    it says."""

    def __init__(self, tools: DevTools, session: str) -> None:
        self._tools, self._session = tools, session
        self._loaded: set[str] = set()
        """Loads, by the browser's ids, that have come to their end."""
        self.problems: list[str] = []
        """What a developer would see in red: exceptions, errors that were logged, and what could
        not be loaded or was refused."""
        self.requests: list[str] = []
        """Addresses that were asked for."""

    def begin(self, *, width: int, height: int, dark: bool) -> None:
        """Have the page tell what happens in it."""
        self._tools.listeners[self._session] = self._take
        for part in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{part}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def send(self, method: str, **parameters: Any) -> Message:
        """Return the answer to a command of the DevTools protocol."""
        return self._tools.send(method, self._session, **parameters)

    def open(self, address: str) -> None:
        """Return when the page at `address` and all that it names has been loaded."""
        begun = self.send("Page.navigate", url=address)
        if begun.get("errorText"):
            raise DevToolsError(f"{address}: {begun['errorText']}")
        self._tools.listen(lambda: begun["loaderId"] in self._loaded, f"opening {address}")

    def evaluate(self, expression: str) -> Any:
        """Return the value of JavaScript, as JSON; a promise is awaited."""
        told = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in told:
            raise DevToolsError(_thrown(told["exceptionDetails"]))
        return told["result"].get("value")

    def call(self, function: str, *arguments: Any) -> Any:
        """Return what a JavaScript function gives for arguments, which are sent as JSON."""
        return self.evaluate(f"({function})({', '.join(map(json.dumps, arguments))})")

    def until(self, condition: str, *, seconds: float = SECONDS_MAX / 2) -> Any:
        """Return what a JavaScript expression gives as soon as that is true, in this page or in the
        one that it leads to meanwhile."""
        deadline = time.monotonic() + seconds
        found = None
        while found is None:
            left_ms = max(deadline - time.monotonic(), 0) * 1000
            try:
                found = self.evaluate(_WAIT % (f"return {condition};", left_ms)) or ()
            except Refused:
                # The page that was asked has been left; the next one is asked.
                if time.monotonic() > deadline:
                    raise
        if not found:
            text = self.evaluate("document.body?.innerText")
            raise DevToolsError(
                f"{condition} did not come true in {seconds} s; the page shows {text!r:.1000}, "
                f"and had these problems: {self.problems}"
            )
        return found[0]

    def text(self, selector: str) -> str:
        """Return what the first element shows that a CSS selector finds."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        return str(self.call("(it) => document.querySelector(it).innerText", selector))

    def click(self, selector: str) -> None:
        """Click in the middle of an element, once it is there."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        place = self.call(_PLACE, selector)
        if isinstance(place, str):
            raise DevToolsError(f"{selector} cannot be clicked: {place}")
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def fill(self, selector: str, text: str) -> None:
        """Type `text` into a field, in place of what is there."""
        self.click(selector)
        # What comes above it meanwhile may have moved it away from under the click.
        self.evaluate(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)});"
            " it.focus(); it.select(); })()"
        )
        self.send("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key and let it go: a letter, a digit, or a name as `Enter` or `ArrowDown`."""
        code, text = _KEYS.get(key) or (ord(key.upper()), key)
        told = {"key": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **told)
        self.send("Input.dispatchKeyEvent", type="keyUp", **told)

    def screenshot(self, path: Path) -> None:
        """Write what the page shows, as PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def _take(self, event: str, told: Message) -> None:
        match event:
            case "Page.lifecycleEvent" if told["name"] == "load":
                self._loaded.add(told["loaderId"])
            case "Runtime.exceptionThrown":
                self.problems.append(_thrown(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "assert"):
                said = [str(part.get("value", part.get("description"))) for part in told["args"]]
                self.problems.append(" ".join(said))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                entry = told["entry"]
                self.problems.append(f"{entry['text']} {entry.get('url', '')}".strip())
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])


def _thrown(details: Message) -> str:
    return str(details.get("exception", {}).get("description") or details.get("text"))
