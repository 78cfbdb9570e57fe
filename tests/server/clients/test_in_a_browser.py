"""The page of the examples in a real browser: from a click to a result, past killed servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser, Page, needs_chromium
from tests.browser.pages import served
from tests.server.clients.servers import CLIENTS, Server, serving

pytestmark = needs_chromium
EVENTS = "[...document.querySelectorAll('#events li')].map((item) => item.textContent)"
QUESTION = "#questions button"

MODES = pytest.mark.parametrize(
    "options", [(), ("--dev",)], ids=["fetch with a key", "EventSource"]
)


@pytest.fixture
def origin() -> Iterator[str]:
    """Give where the page of the examples is: another origin than the server's."""
    with served(CLIENTS / "browser") as address:
        yield address


@MODES
def test_a_click_starts_a_session_and_the_page_shows_what_came_of_it(
    browser: Browser, origin: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with serving(tmp_path, "--allow-origin", origin, *options) as server, browser.page() as page:
        begin(page, origin, server)

        page.click(QUESTION)

        assert_whole(page)
        page.until("document.querySelector('#questions').children.length === 0")
        assert page.problems == []
        mine = (origin, server.address)
        assert [address for address in page.requests if not address.startswith(mine)] == []


@MODES
def test_the_page_goes_on_where_a_killed_server_left_it(
    browser: Browser, origin: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with serving(tmp_path, "--allow-origin", origin, *options) as server, browser.page() as page:
        begin(page, origin, server)
        before = page.evaluate(EVENTS)
        server.end(kill=True)
        server.start_again()
        page.click(QUESTION)

        assert_whole(page)
        assert page.evaluate(EVENTS)[: len(before)] == before


def test_a_question_that_could_not_be_answered_can_be_answered_later(
    browser: Browser, origin: str, tmp_path: Path
) -> None:
    with serving(tmp_path, "--allow-origin", origin) as server, browser.page() as page:
        begin(page, origin, server)
        server.end(kill=True)
        page.click(QUESTION)
        page.until("document.querySelector('#result').textContent !== ''")
        server.start_again()

        page.click(QUESTION)

        assert_whole(page)


def test_a_wrong_key_is_told_in_words(browser: Browser, origin: str, tmp_path: Path) -> None:
    with serving(tmp_path, "--allow-origin", origin) as server, browser.page() as page:
        page.open(f"{origin}/index.html")
        page.fill("#address", server.address)
        page.fill("#key", "tnt_wrong")
        page.click("form button")

        page.until("document.querySelector('#result').textContent !== ''")

        assert "key" in page.text("#result")
        assert page.evaluate(EVENTS) == []


def begin(page: Page, origin: str, server: Server) -> None:
    """Start a session as a person would; return when it asks something."""
    page.open(f"{origin}/index.html")
    page.fill("#address", server.address)
    page.fill("#key", server.key)
    page.click("form button")
    page.until(f"document.querySelector({QUESTION!r})")


def assert_whole(page: Page) -> None:
    """Check that the session completed, and that the page shows each event once, in order."""
    page.until("document.querySelector('#result').textContent.startsWith('completed')")
    assert '"settled":true' in page.text("#result")
    events = page.evaluate(EVENTS)
    assert [int(event.split()[0]) for event in events] == list(range(1, len(events) + 1))
    assert "SessionCompleted" in events[-1]
