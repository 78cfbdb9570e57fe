"""The web UI as a person uses it, on a live server.

Pictures of the screens lie in the temporary folders of pytest, `--basetemp` names where: look at
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.built import built, needs_node
from tests.browser.chromium import Browser, Page, needs_chromium
from tests.browser.desk import LETTER
from tests.browser.visiting import Desk, Visitor

pytestmark = [needs_chromium, needs_node, pytest.mark.slow]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    built()
    made = Desk(tmp_path)
    try:
        yield made
    finally:
        made.end()


def test_a_person_starts_watches_decides_looks_back_forks_and_comes_back(
    desk: Desk, browser: Browser, tmp_path: Path
) -> None:
    with browser.page(width=1440, height=900) as page:
        me = Visitor(page, tmp_path)
        page.open(desk.address)
        me.sees("No sessions yet")
        me.sees("Live", "[data-hearing]")
        assert_light(page, desk)
        me.look("empty")

        session = start(me)
        decide_with_an_edit(me)
        watch_the_letter(me, session)
        views(me)
        look_back(me)
        forked = fork(me, session)
        come_back(me, desk)

        page.open(f"{desk.address}/sessions")
        page.until("document.querySelectorAll('[data-list] li').length === 2")
        page.until(f"document.querySelector('[data-list] a[href$={forked}]')")
        me.look("sessions")
        assert [one for one in page.problems if not is_of_the_cut(one)] == []


def assert_light(page: Page, desk: Desk) -> None:
    """Check what the first page asked for: few files, and nothing of anybody else."""
    asked = [one for one in page.requests if not one.startswith("data:")]
    assert [one for one in asked if not one.startswith(desk.address)] == []
    assert len(asked) <= 12, asked


def start(me: Visitor) -> str:
    """Start a session from the form of its inputs, wrong first; return its id."""
    me.press("Start a session")
    me.sees("The number of the order.", "dialog")
    me.press("Start", "dialog button[type=submit]")
    me.sees("Enter a value.", "dialog")
    me.look("start")
    me.page.fill("dialog input[name=order]", "17")
    me.press("Start", "dialog button[type=submit]")
    me.page.until("document.querySelector('[data-status=waiting]')")
    me.sees("wants to call 'refund'")
    me.page.until("document.querySelector('[data-graph] [data-id=pay]')")
    me.look("monitor")
    return str(me.page.evaluate("location.pathname.split('/')[2]"))


def decide_with_an_edit(me: Visitor) -> None:
    """Approve what waits, with less money than was asked for."""
    me.press("Decide")
    me.page.until("document.querySelector('[data-approval]')")
    me.sees("refund is carried out, once.")
    me.page.fill("input[name=cents]", "2000")
    me.sees("It will be called with what stands here")
    me.page.fill("input[name=note]", "Half of it.")
    me.look("approval")
    me.press("Approve as changed")
    me.sees("Nothing waits for you")


def watch_the_letter(me: Visitor, session: str) -> None:
    """Send the signal that the session waits for, and see the answer as it is given."""
    me.press("Sessions")
    me.page.click(f"a[href^='/sessions/{session}']")
    me.sees("wants signal 'go'")
    me.press("Conversation")
    me.sees("2000", "[data-conversation]")
    me.press("Send the signal")
    me.press("Send", "dialog button[type=submit]")
    me.sees("is answering", "[data-conversation]")
    me.page.until("document.querySelector('[data-status=completed]')")
    me.sees(LETTER, "[data-conversation]")


def views(me: Visitor) -> None:
    """Look at each view; the address says which."""
    for view in ("Timeline", "Log", "State", "Cost", "Conversation", "Graph"):
        me.press(view)
        me.page.until(f"location.search.includes('view={view.lower()}')")
        me.page.until("document.querySelector('[role=tabpanel]').innerText.length > 20")
        me.look(f"monitor-{view.lower()}")
    me.press("Log")
    me.page.fill("[role=tabpanel] input[type=search]", "half of it")
    me.sees("1 event")
    me.sees("ApprovalDecided", "[data-log]")


def look_back(me: Visitor) -> None:
    """Go through the versions by key, by bar and by event; a permalink opens the same moment."""
    newest = me.version
    me.press("Graph")
    me.page.evaluate("document.activeElement.blur()")
    me.page.press("[")
    me.page.until(f"document.querySelector('[data-version=\"{newest - 1}\"]')")
    me.page.press("]")
    me.page.until(f"document.querySelector('[data-version=\"{newest}\"]')")
    me.press("First version")
    me.page.until("document.querySelector('[data-version=\"1\"]')")
    assert me.page.evaluate("document.querySelectorAll('[data-graph] .border-dashed').length") == 4
    me.press("State")
    me.press("Step forward")
    me.press("Step forward")
    me.page.until("document.querySelector('[data-version=\"3\"]')")
    me.sees("outputs.look")
    me.look("state-at-3")
    link = me.page.evaluate("location.href")
    me.page.open(link)
    me.page.until("document.querySelector('[data-version=\"3\"]')")
    me.sees("What version 3 changed")


def fork(me: Visitor, session: str) -> str:
    """Fork at the version with another state; return the new session's id."""
    me.press("Fork here")
    me.page.fill("dialog input[name=tone]", "stern")
    me.sees("Fork with one change", "dialog")
    me.look("fork")
    me.press("Fork with one change", "dialog button[type=submit]")
    me.page.until(f"!location.pathname.includes('{session}')")
    me.sees("forked from")
    me.page.until("document.querySelector('[data-status=waiting]')")
    me.press("State")
    me.sees("stern")
    return str(me.page.evaluate("location.pathname.split('/')[2]"))


def come_back(me: Visitor, desk: Desk) -> None:
    """Lose the server while the session waits; what happens after it is back is shown."""
    before = me.version
    desk.end(kill=True)
    me.sees("Connection lost", "[data-hearing]")
    me.look("lost")
    desk.start()
    me.sees("Live", "[data-hearing]")
    me.press("Decide")
    me.press("Deny")
    me.sees("Nothing waits for you")
    me.page.evaluate("history.back()")
    me.sees("wants signal 'go'")
    assert me.version > before


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_narrow_screen_shows_sessions_monitor_and_approvals(
    desk: Desk, browser: Browser, tmp_path: Path, dark: bool
) -> None:
    with browser.page(width=390, height=844, dark=dark) as page:
        me = Visitor(page, tmp_path)
        page.open(f"{desk.address}/sessions?start=desk")
        page.fill("dialog input[name=order]", "18")
        me.press("Start", "dialog button[type=submit]")
        me.sees("wants to call 'refund'")

        for path in ("/sessions", "/approvals", page.evaluate("location.pathname")):
            page.open(f"{desk.address}{path}")
            me.sees("refund")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, f"{path} is {wide} wide"
            me.look(f"narrow{path.replace('/', '-')[:12]}")
        assert page.problems == []


def is_of_the_cut(problem: str) -> bool:
    """Return whether a browser says so of a server that is gone."""
    return "ERR_CONNECTION_REFUSED" in problem or "ERR_INCOMPLETE_CHUNKED" in problem
