"""The workflow builder as a person uses it: canvas and text are one, comments stay, it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.browser.built import built, needs_node
from tests.browser.chromium import Browser, needs_chromium
from tests.browser.visiting import Desk, Visitor

pytestmark = [needs_chromium, needs_node, pytest.mark.slow]

LETTERS: Final = """# Letters that are answered.
workflow: letters   # its name
inputs: {text: string}

agents:
  reader:           # reads
    model: offline
    instructions: Say what is wanted.
graph:
  nodes:
    # First of all.
    read: {agent: reader, inputs: {task: inputs.text}}  # cheap
    note: {condition:   "true"}
  entry: read
output: outputs.note.result
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    built()
    made = Desk(tmp_path, "tests.browser.office")
    try:
        yield made
    finally:
        made.end()


def test_a_person_draws_a_workflow_keeps_it_and_runs_it_and_no_comment_is_lost(
    office: Desk, browser: Browser, tmp_path: Path
) -> None:
    with browser.page(width=1440, height=900) as page:
        me = Visitor(page, tmp_path)
        page.open(f"{office.address}/workflows")
        me.press("Build a workflow")
        page.until("document.querySelector('[data-verdict=fine]')")
        page.fill("[data-yaml]", LETTERS)
        page.until("document.querySelectorAll('.react-flow__node').length === 2")
        draw(me)
        configure(me)
        mistake(me)
        me.look("builder")

        me.press("Keep and start")
        page.until("document.querySelector('dialog [name=text]')")
        page.fill("dialog [name=text]", "Where is my parcel?")
        me.press("Start", "dialog button[type=submit]")
        page.until("location.pathname.startsWith('/sessions/')")
        me.sees("letters")

        kept = httpx2.get(f"{office.address}/api/v1/workflows/letters").json()["text"]
        assert_kept(kept)
        page.open(f"{office.address}/builder?workflow=letters")
        page.until(f"document.querySelector('[data-yaml]')?.value.length === {len(kept)}")
        page.until("document.querySelectorAll('.react-flow__edge').length === 2")
        me.sees("version 1")
        assert page.problems == []


def draw(me: Visitor) -> None:
    """Draw an edge with the mouse, and add a node and an edge to it by its form."""
    drag(me, "[data-id=read] .source", "[data-id=note] .target")
    me.page.until("document.querySelector('[data-yaml]').value.includes('{from: read, to: note}')")
    me.press("Undo")
    me.page.until("!document.querySelector('[data-yaml]').value.includes('from: read')")
    me.press("Redo")
    me.page.until("document.querySelectorAll('.react-flow__edge').length === 1")
    choose(me, "[aria-label='Add a node']", "approval")
    me.page.until("document.querySelector('[data-inspector] [name=Name]')?.value === 'approval'")
    choose(me, "[aria-label='Lead to another node']", "note")
    me.page.until("document.querySelectorAll('.react-flow__edge').length === 2")


def configure(me: Visitor) -> None:
    """Give the node a name and a timeout, and the agent of another a new instruction."""
    me.page.fill("[data-inspector] [name=Name]", "ask")
    me.page.press("Enter")
    me.page.until("location.search.includes('node=ask')")
    me.page.fill("[data-inspector] [name=Timeout]", "2d")
    me.page.press("Enter")
    me.page.until("document.querySelector('[data-yaml]').value.includes('timeout: 2d')")
    me.page.click("[data-id=read]")
    me.page.until("document.querySelector('[data-inspector] [name=Instructions]')")
    me.page.fill("[data-inspector] [name=Instructions]", "Say it in a word.")
    me.page.evaluate("document.activeElement.blur()")
    me.page.until("document.querySelector('[data-yaml]').value.includes('Say it in a word.')")
    me.page.until("document.querySelector('[data-verdict=fine]')")


def mistake(me: Visitor) -> None:
    """Name an agent that there is not: it is told at once, with its line; and take it back."""
    text = me.page.evaluate("document.querySelector('[data-yaml]').value")
    me.page.fill("[data-yaml]", text.replace("{agent: reader", "{agent: raeder"))
    me.sees("1 mistake", "[data-verdict=wrong]")
    me.sees("line 12", "[data-verdict]")
    me.page.until("document.querySelector('[data-id=read] .border-fail')")
    me.look("builder-mistake")
    me.page.fill("[data-yaml]", "workflow: [")
    me.sees("The graph is as of before.")
    me.page.fill("[data-yaml]", text)
    me.page.until("document.querySelector('[data-verdict=fine]')")


def assert_kept(text: str) -> None:
    """Check that only what was drawn is different."""
    lines = [line for line in text.splitlines() if line not in LETTERS.splitlines()]
    gone = [line for line in LETTERS.splitlines() if line not in text.splitlines()]

    assert gone == ["    instructions: Say what is wanted."]
    assert [line.strip() for line in lines] == [
        "instructions: Say it in a word.",
        "ask: {approval: May it go on?, timeout: 2d}",
        "edges:",
        "- {from: read, to: note}",
        "- {from: ask, to: note}",
    ]


def choose(me: Visitor, select: str, value: str) -> None:
    """Choose from a list."""
    me.page.until(f"document.querySelector({select!r})")
    me.page.call(
        "(select, value) => { const it = document.querySelector(select);"
        "Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(it, value);"
        "it.dispatchEvent(new Event('change', { bubbles: true })); }",
        select,
        value,
    )


def drag(me: Visitor, begin: str, end: str) -> None:
    """Press the mouse on one thing, move it to another, and let go."""
    middle = (
        "(selector) => { const it = document.querySelector(selector).getBoundingClientRect();"
        "return [it.x + it.width / 2, it.y + it.height / 2]; }"
    )
    (x, y), (to_x, to_y) = me.page.call(middle, begin), me.page.call(middle, end)
    press = {"button": "left", "buttons": 1, "clickCount": 1}
    for kind, at_x, at_y in (
        ("mousePressed", x, y),
        ("mouseMoved", (x + to_x) / 2, (y + to_y) / 2),
        ("mouseMoved", to_x, to_y),
        ("mouseReleased", to_x, to_y),
    ):
        me.page.send("Input.dispatchMouseEvent", type=kind, x=at_x, y=at_y, **press)
