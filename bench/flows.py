"""The workflows that are measured. Their functions do next to nothing: what is left is Tenuto."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import tenuto
from bench.texts import paragraph
from tenuto import Context

TURN_CHARACTERS: Final = 500

WARMING_TURNS: Final = 20
"""Turns of another conversation before one is measured: the first turns of a process are slow."""


WARMING_SESSIONS: Final = 200
"""Sessions that ours and each rival carry out before they are measured: the first seconds of a
process and of its connections are slow, and a server lives for days."""


async def count(ctx: Context, count: int) -> dict[str, int]:
    return {"count": 1}


def chain(nodes: int) -> tenuto.Workflow:
    """Return nodes one after the other; each reads a counter of the state and adds to it."""
    flow = tenuto.Workflow(f"chain-{nodes}", state={"count": "add"})
    for n in range(nodes):
        flow.node(f"node_{n}", function=count, inputs={"count": "state.count"})
        if n:
            flow.edge(f"node_{n - 1}", f"node_{n}")
    return flow


def counting_loop(turns: int) -> tenuto.Workflow:
    """Return a loop that goes round `turns` times; each reads a counter and adds to it."""
    flow = tenuto.Workflow("counting", state={"count": "add"}, steps=turns + 10)
    body = tenuto.body(function=count, inputs={"count": "state.count"})
    flow.node("again", loop=True, do=body, max_iterations=turns)
    return flow


spoken_s: Final[list[float]] = []
"""When `speak` was called, in this process."""


async def speak(ctx: Context, history: Sequence[str]) -> dict[str, str]:
    spoken_s.append(time.perf_counter())
    return {"history": paragraph(len(history), characters=TURN_CHARACTERS)}


def conversation(turns: int) -> tenuto.Workflow:
    """Return a loop whose function gets all that was said so far and adds a paragraph."""
    flow = tenuto.Workflow("conversation", state={"history": "append"}, steps=turns + 10)
    body = tenuto.body(function=speak, inputs={"history": "state.history"})
    flow.node("talk", loop=True, do=body, max_iterations=turns)
    flow.node("close", function=length, inputs={"history": "state.history"})
    flow.edge("talk", "close")
    return flow


async def length(ctx: Context, history: Sequence[str]) -> dict[str, int]:
    return {"length": len(history)}


async def double(ctx: Context, item: int) -> int:
    return 2 * item


async def total(ctx: Context, numbers: Sequence[int]) -> dict[str, int]:
    return {"total": sum(numbers)}


def fan_out(*, window: int) -> tenuto.Workflow:
    """Return a map over the input `items`, and a node behind it that gets all results."""
    flow = tenuto.Workflow("fan-out", output="outputs.join.total")
    work = tenuto.body(function=double, inputs={"item": "item"})
    flow.node("split", map="inputs.items", do=work, concurrency=window)
    flow.node("join", function=total, inputs={"numbers": "outputs.split"})
    flow.edge("split", "join")
    return flow


async def tally(ctx: Context) -> dict[str, int]:
    return {"rounds": 1}


def long_life(*, rounds: int, window: int) -> tenuto.Workflow:
    """Return a map over the input `items` that is done `rounds` times, then a wait."""
    flow = tenuto.Workflow("long-life", state={"rounds": "add"}, steps=3 * rounds + 10)
    work = tenuto.body(function=double, inputs={"item": "item"})
    flow.node("work", map="inputs.items", do=work, concurrency=window)
    flow.node("tally", function=tally)
    flow.node("rest", wait="go")
    flow.edge("work", "tally")
    flow.switch("tally", [(f"state.rounds < {rounds}", "work")], default="rest")
    return flow


async def greet(ctx: Context, name: str) -> dict[str, str]:
    return {"greeting": f"hello {name}"}


def parked() -> tenuto.Workflow:
    """Return a step, a wait for a signal, and a step."""
    flow = tenuto.Workflow("parked")
    flow.node("before", function=greet, inputs={"name": "inputs.name"})
    flow.node("reply", wait="reply")
    flow.node("after", function=greet, inputs={"name": "inputs.name"})
    flow.edge("before", "reply").edge("reply", "after")
    return flow


def slowdown() -> float:
    """Return how long a turn took in the last tenth of those spoken, one in the first being 1.

    Medians, so that a moment in which the machine was busy elsewhere counts for nothing."""
    spent_s = [after - before for before, after in pairwise(spoken_s)]
    part = max(1, len(spent_s) // 10)
    return statistics.median(spent_s[-part:]) / statistics.median(spent_s[:part])


class Holding:
    """What `hold` does in this process, and how often it was called."""

    expected = 0
    """Calls that are held until the process ends; 0: none is held."""
    calls = 0
    all_called = asyncio.Event()


async def hold(ctx: Context) -> dict[str, bool]:
    Holding.calls += 1
    if Holding.expected:
        if Holding.calls == Holding.expected:
            Holding.all_called.set()
        await asyncio.Event().wait()
    return {"done": True}


def held() -> tenuto.Workflow:
    """Return one step that, if the process wants it so, is never done."""
    flow = tenuto.Workflow("held")
    flow.node("hold", function=hold)
    return flow
