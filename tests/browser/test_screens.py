"""The screens around sessions as a person uses them, on a live server: what needs somebody, memory,
agents, models, documents, the audit log, users and keys.

The pictures of each screen lie in pytest's temporary folder, `person*/`: look at them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.browser.built import built, needs_node
from tests.browser.chromium import Browser, needs_chromium
from tests.browser.office import ANSWER
from tests.browser.visiting import Desk, Visitor

pytestmark = [needs_chromium, needs_node, pytest.mark.slow]

WORK: Final[tuple[dict[str, Any], ...]] = (
    {"customer": "Ada", "wish": "short letters"},
    {"customer": "Grace", "wish": "a call before noon"},
    {"customer": "Emmy", "wish": ""},
    {"customer": "Ada", "wish": "no letters on Mondays", "post": True},
)
"""Two sessions complete, one fails, one waits for an approval."""

OPEN_S_MAX: Final = 30
"""A browser lets go of what a page that was left holds after a minute."""
SCREENS: Final = {
    "home": "/",
    "memory": "/memory",
    "agents": "/agents?one=office.clerk",
    "models": "/models?by=agent",
    "collections": "/collections",
    "audit": "/audit",
    "keys": "/settings",
    "users": "/settings?tab=users",
    "roles": "/settings?tab=roles",
    "server": "/settings?tab=server",
    "compare": "/compare",
    "workflows": "/workflows",
    "builder": "/builder?node=work",
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    built()
    made = Desk(tmp_path, "tests.browser.office")
    try:
        api = f"{made.address}/api/v1"
        with httpx2.Client() as client:
            for inputs in WORK:
                path = f"{api}/workflows/office/start?wait={0 if 'post' in inputs else 60}"
                answer = client.post(path, json={"inputs": inputs})
                assert answer.status_code in (200, 202), answer.text
            # What waits for a person does not end: nobody tells that it waits.
            last = f"{api}/sessions/{answer.json()['id']}"
            while (status := client.get(last).json()["status"]) == "running":
                pass
            assert status == "waiting"
        yield made
    finally:
        made.end()


def test_a_person_sees_how_it_goes_and_looks_after_memory_agents_documents_and_accounts(
    office: Desk, browser: Browser, tmp_path: Path
) -> None:
    with browser.page(width=1440, height=900) as page:
        me = Visitor(page, tmp_path)
        page.open(office.address)
        home(me)
        memory(me)
        agents(me)
        models(me)
        collections(me)
        audit(me)
        settings(me)
        compare(me)
        palette(me)
        assert page.problems == []


def home(me: Visitor) -> None:
    """See what needs somebody; each number leads to what it counts."""
    me.sees("1 session to approve", "[data-needs]")
    me.sees("1 session failed", "[data-needs]")
    me.sees("66.7 %", "[data-numbers]")
    me.page.until("document.querySelectorAll('[data-recent] li').length === 4")
    me.look("home")
    me.press("Look at them")
    me.page.until("location.search.includes('failed')")
    me.page.until("document.querySelectorAll('[data-list] li').length === 1")


def memory(me: Visitor) -> None:
    """Add, search, look where it came from, and forget."""
    me.press("Memory")
    me.sees("Ada wishes no letters on Mondays.", "[data-list]")
    me.press("Add")
    me.page.fill("dialog input[name=key]", "language")
    me.page.fill("dialog textarea", "Writes in German.")
    me.look("memory-add")
    me.press("Remember", "dialog button")
    me.sees("Writes in German.", "[data-list]")
    me.page.fill("main input[type=search]", "letters on Mondays")
    me.sees("would recall these")
    me.page.until("document.querySelector('[data-list]').innerText.startsWith('Ada wishes no')")
    me.look("memory")
    me.press("The event that kept it")
    me.page.until("location.search.includes('view=log')")
    me.sees("1 event")
    me.page.evaluate("history.back()")
    me.press("Forget")
    me.sees("It can be recovered from nowhere.", "dialog")
    me.press("Forget it", "dialog button")
    me.page.until("!document.querySelector('dialog')")
    me.page.until("!document.querySelector('[data-list]')?.innerText.includes('Mondays')")


def agents(me: Visitor) -> None:
    """Register one, give it a task, change it, and see what was different before."""
    me.press("Agents")
    me.sees("office.clerk")
    me.press("Register an agent")
    me.page.fill(
        "dialog textarea", "name: critic\nmodel: scripted:large\ninstructions: Find faults.\n"
    )
    me.press("Register", "dialog button[type=submit]")
    me.page.until("location.search.includes('critic')")
    me.sees("Find faults.", "[data-detail] pre")
    me.page.fill("[data-playground] textarea", "Is it paid?")
    me.press("Run")
    me.sees(ANSWER, "[data-answer]")
    me.look("agents")
    me.press("Change")
    me.page.fill("dialog textarea", "name: critic\nmodel: scripted:large\ninstructions: Praise.\n")
    me.press("Keep as version 2", "dialog button")
    me.sees("Praise.", "[data-detail] pre")
    me.page.until("document.querySelector('[aria-label=Version] option[value=\"1\"]')")
    me.page.call(
        "(version) => { const it = document.querySelector('[aria-label=Version]');"
        "Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value')"
        ".set.call(it, version);"
        "it.dispatchEvent(new Event('change', { bubbles: true })); }",
        "1",
    )
    me.sees("From version 1 to the newest:")
    me.sees("instructions", "[data-detail]")
    me.look("agent-before")


def models(me: Visitor) -> None:
    """See what was spent, and on what."""
    me.press("Models")
    me.sees("route:best")
    me.sees("scripted:small", "[data-spend]")
    me.press("by workflow")
    me.sees("office", "[data-spend]")
    me.look("models")


def collections(me: Visitor) -> None:
    """Make one, add documents, one of which cannot be read, and find a passage."""
    me.press("Collections")
    me.sees("There are no collections yet")
    me.press("Make a collection")
    me.page.fill("dialog input[name=name]", "handbook")
    me.press("Make it", "dialog button")
    me.sees("There are no documents in it yet.")
    me.page.evaluate(
        "(() => { const files = new DataTransfer();"
        "const text = '# Letters\\n\\nLetters go out before noon.\\n';"
        "files.items.add(new File([text], 'letters.md'));"
        "files.items.add(new File([new Uint8Array(2000)], 'noise.bin'));"
        "const it = document.querySelector('input[type=file]'); it.files = files.files;"
        "it.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    me.sees("letters.md", "[data-documents]")
    me.sees("was refused", "[data-uploads]")
    me.page.fill("[data-detail] input[type=search]", "letter zebra")
    me.sees("before noon", "[data-passages]")
    me.sees("“zebra”", "[data-passages]")
    me.look("collections")
    me.press("Delete letters.md")
    me.press("Delete it", "dialog button")
    me.sees("There are no documents in it yet.")
    me.page.problems[:] = [one for one in me.page.problems if "422" not in one]


def audit(me: Visitor) -> None:
    """See who did what, only what was done to agents, and whether all is as it was written."""
    me.press("Audit")
    me.sees("document.delete", "[data-list]")
    me.page.fill("input[aria-label=kind]", "agent")
    me.page.press("Enter")
    me.page.until("location.search.includes('kind=agent')")
    me.page.until("document.querySelectorAll('[data-list] li').length === 2")
    me.sees("What it changed", "[data-detail]")
    me.sees("Praise.", "[data-detail]")
    me.press("Verify")
    me.sees("All is as it was written")
    me.look("audit")


def settings(me: Visitor) -> None:
    """Add a user, and make, rotate and revoke a key of theirs."""
    me.press("Settings")
    me.sees("There are no keys")
    me.press("Users")
    me.press("Add a user")
    me.page.fill("dialog input[name=name]", "ann@example.org")
    me.press("Add", "dialog button[type=submit]")
    me.sees("ann@example.org", "[data-users]")
    me.look("users")
    me.press("Keys")
    me.press("Make a key")
    me.page.fill("dialog input[name=label]", "nightly build")
    me.page.until("document.querySelector('dialog select option:nth-child(2)')")
    me.page.evaluate(
        "(() => { const it = document.querySelector('dialog select');"
        "Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value')"
        ".set.call(it, it.options[1].value);"
        "it.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    me.press("Make it", "dialog button")
    me.sees("It is not shown again", "[data-shown]")
    first = me.page.text("[data-shown] code")
    assert first.startswith("tnt_")
    me.look("keys")
    me.press("Rotate")
    me.press("Give it a new text", "dialog button")
    me.page.until(f"document.querySelector('[data-shown] code').innerText !== '{first}'")
    me.press("I have it")
    me.page.until("!document.querySelector('[data-shown]')")
    me.sees("the text before works until", "[data-keys]")
    me.press("Revoke")
    me.press("Revoke it", "dialog button")
    me.sees("There are no keys")


def compare(me: Visitor) -> None:
    """Put two sessions side by side; the first difference is shown."""
    me.page.evaluate(
        "fetch('/api/v1/sessions?status=completed&workflow=office').then((it) => it.json())"
        ".then(({ items: [b, a] }) => location.assign(`/compare?a=${a.id}&b=${b.id}`)), 0"
    )
    me.sees("They first differ at the beginning", "[data-compared]")
    me.sees("inputs.wish", "[data-changed]")
    me.sees("a call before noon", "[data-changed]")
    me.press("all steps", "label")
    me.page.until("location.search.includes('all=true')")
    me.sees("answer / turn 1", "[data-list]")
    me.look("compare")


def palette(me: Visitor) -> None:
    """Find a screen and go there, by keys alone."""
    me.page.evaluate("dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true })), 0")
    me.page.until("document.activeElement.getAttribute('role') === 'combobox'")
    me.look("palette")
    me.page.fill("[role=combobox]", "model")
    me.page.until("document.querySelector('[role=option]').innerText.includes('Models')")
    me.page.press("Enter")
    me.page.until("location.pathname === '/models'")


@pytest.mark.parametrize(
    ("width", "dark"), [(1440, False), (390, True)], ids=["wide-light", "narrow-dark"]
)
def test_every_screen_can_be_used_by_everybody_narrow_or_wide_light_or_dark(
    office: Desk, browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    with browser.page(width=width, height=844, dark=dark) as page:
        me = Visitor(page, tmp_path)
        for name, path in SCREENS.items():
            begun_s = time.monotonic()
            page.open(f"{office.address}{path}")
            # The browser opens six connections at once: pages that were left must hold none.
            assert time.monotonic() - begun_s < OPEN_S_MAX, f"{path} had to wait"
            page.until("document.querySelector('h1')")
            page.until("!document.querySelector('[data-coming]')")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide"
            me.look(name)
        page.evaluate("history.back()")
        page.until("location.pathname === '/workflows'")
        me.sees("Live", "[data-hearing]")
        assert page.problems == []
