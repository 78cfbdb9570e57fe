"""What the build weighs, that it asks nothing of anybody else, and the tests of the UI's code."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.browser.built import ROOT, builder, built, needs_node

pytestmark = [needs_node, pytest.mark.slow]
KILOBYTE = 1000
SCRIPTS_MAX = 180 * KILOBYTE
STYLES_MAX = 12 * KILOBYTE


class Named(HTMLParser):
    """What a page names: scripts, and others by their relation."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.links: dict[str, list[str]] = {}
        self.inline = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser.handle_starttag`."""
        given = dict(attrs)
        if tag == "script":
            self.inline += "src" not in given
            self.scripts.append(given.get("src") or "")
        elif tag == "link":
            self.links.setdefault(given.get("rel") or "", []).append(given.get("href") or "")
        self.inline += tag == "style" or "style" in given


def test_the_first_page_is_small_and_has_nothing_inline() -> None:
    folder = built()
    named = Named((folder / "index.html").read_text("utf-8"))
    scripts = [*named.scripts, *named.links.get("modulepreload", [])]

    assert named.inline == 0
    assert sum(weight(folder, one) for one in scripts) <= SCRIPTS_MAX
    assert sum(weight(folder, one) for one in named.links["stylesheet"]) <= STYLES_MAX


def test_no_file_of_the_build_loads_anything_from_elsewhere() -> None:
    folder = built()

    loads = re.compile(
        r"""(?:import\s*\(?|from|fetch\(|src\s*=|url\(|@import)\s*["'(]*\s*(https?:)?//[\w.]+"""
    )

    found = {
        path.name: match.group()
        for path in folder.rglob("*")
        if path.suffix in (".js", ".css", ".html")
        for match in [loads.search(path.read_text("utf-8"))]
        if match
    }
    assert found == {}


def test_the_code_of_the_ui_has_its_types_and_passes_its_tests() -> None:
    builder.check()


def test_the_types_of_requests_and_answers_are_those_of_the_description(tmp_path: Path) -> None:
    builder.install()
    written = tmp_path / "api.ts"

    builder.run("openapi-typescript", str(ROOT / "docs/openapi.json"), "--output", str(written))

    kept = (ROOT / "web/src/wire/api.ts").read_text("utf-8")
    assert written.read_text("utf-8") == kept, "run `npm run wire` in web/"


def test_the_lock_file_names_no_addresses() -> None:
    lock = (ROOT / "web/package-lock.json").read_text("utf-8")

    assert "://" not in lock, "take out `resolved` and `funding`, which npm writes"


def weight(folder: Path, address: str) -> int:
    """Return how many bytes of a file are sent."""
    path = folder / address.removeprefix("/")
    small = path.with_name(f"{path.name}.gz")
    return (small if small.is_file() else path).stat().st_size
