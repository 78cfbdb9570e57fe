"""What processes that share a database run."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from tenuto import Workflow, body


async def where(ctx: Any) -> int:
    """Return the process that did it."""
    await asyncio.sleep(0.001)
    return os.getpid()


async def hold(ctx: Any, n: int) -> dict[str, Any]:
    """Take a moment."""
    await asyncio.sleep(0.05)
    return {"n": n + 1}


def waiting() -> Workflow:
    """Wait for a word, and return it."""
    flow = Workflow("waiting", output="outputs.word")
    flow.node("word", wait="word")
    return flow


def telling() -> Workflow:
    flow = Workflow("telling", output="outputs.where")
    flow.node("where", function=where)
    return flow


def counting() -> Workflow:
    """Count to `to`, one held step after another."""
    flow = Workflow("counting", state={"n": ("replace", 0)}, output="state.n")
    do = body(function=hold, inputs={"n": "state.n"})
    flow.node("count", loop=True, do=do, repeat="output.n < inputs.to")
    return flow


def asking() -> Workflow:
    """Ask a person."""
    flow = Workflow("asking", output="outputs.may")
    flow.node("may", approval="May I?")
    return flow


def having_child() -> Workflow:
    flow = Workflow("having-child", output="outputs.child")
    flow.node("child", workflow=waiting())
    return flow


def dozing() -> Workflow:
    flow = Workflow("dozing", output="'done'")
    flow.node("doze", timer="300ms")
    return flow


tells, counts = telling(), counting()
"""As the command line names them."""

flows = [waiting(), telling(), counting(), asking(), having_child(), dozing()]
