"""A server to look at, in a process of its own, and a person at a page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.browser.built import ROOT
from tests.browser.chromium import Page
from tests.server.cuts.servers import own_port

AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS: Final = """axe.run(document, {resultTypes: ["violations"]}).then((found) =>
  found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`))"""


class Desk:
    """The server, which can be killed and started again."""

    def __init__(self, folder: Path, module: str = "tests.browser.desk") -> None:
        self._folder, self._module, self._port = folder, module, own_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Return when it serves."""
        command = [sys.executable, "-m", self._module, str(self._port), str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        assert "serving at" in self._process.stdout.readline()

    def end(self, *, kill: bool = False) -> None:
        """Return when it is gone."""
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.communicate(timeout=60)


class Visitor:
    """A person at a page: sees texts, presses what has them."""

    def __init__(self, page: Page, pictures: Path) -> None:
        self.page, self._pictures = page, pictures

    def press(self, text: str, within: str = "button, a, [role=tab], [role=menuitem]") -> None:
        """Click on the first control that shows the text, or is labelled so, once it is there."""
        mark = (
            f"[...document.querySelectorAll({json.dumps(within)})].find((it) => !it.disabled &&"
            f"(it.ariaLabel || it.innerText).trim().startsWith({json.dumps(text)}))"
        )
        self.page.until(mark)
        self.page.evaluate(
            "document.querySelectorAll('[data-here]').forEach((it) => delete it.dataset.here);"
            f"({mark}).dataset.here = ''"
        )
        self.page.click("[data-here]")

    def sees(self, text: str, within: str = "body") -> None:
        """Return when the text is there."""
        self.page.until(
            f"[...document.querySelectorAll({json.dumps(within)})]"
            f".some((it) => it.innerText.includes({json.dumps(text)}))"
        )

    def look(self, name: str) -> None:
        """Keep a picture of the page, and check that everybody can use it."""
        self.page.until("!document.querySelector('[data-coming]')")
        self.page.screenshot(self._pictures / f"{name}.png")
        self.page.evaluate(AXE.read_text("utf-8") + ";0")
        found = self.page.evaluate(_SERIOUS)
        assert found == [], f"{name}: {found}"

    @property
    def version(self) -> int:
        """Return the version that is looked at."""
        return int(self.page.evaluate("document.querySelector('[data-version]').dataset.version"))
