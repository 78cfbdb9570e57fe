"""What the killed processes run: every effect leaves a line in a file, which no kill takes back."""

import asyncio
import os
from pathlib import Path
from typing import Any

from tenuto import Pool, RetryPolicy, Transient, Workflow, body, tool

folder = Path()
"""Where the lines go; set by each life before it opens the database."""
life = 0

DOUBLES = Pool("doubles", concurrency=5)
TILL = Pool("till", worker_concurrency=2)
"""Where several processes are, these calls are carried out by any of them."""


def leave(file: str, *words: object) -> None:
    """Append one line, whole or not at all."""
    line = " ".join(map(str, words)) + "\n"
    handle = os.open(folder / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def lines(file: str, where: Path | None = None) -> list[list[str]]:
    """Return the words of all lines."""
    path = (where or folder) / file
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def has_happened(effect: str) -> bool:
    return any(line[0] == effect for line in lines("effects"))


async def fetch(ctx: Any, n: int) -> dict[str, Any]:
    leave("effects", ctx.effect_id, ctx.attempt, life, "fetch")
    await asyncio.sleep(0.002)
    return {"numbers": list(range(n)), "trace": "fetch"}


async def double(ctx: Any, n: int) -> int:
    await asyncio.sleep(0.001)
    leave("effects", ctx.effect_id, ctx.attempt, life, "double")
    await asyncio.sleep(0.001)
    return 2 * n


async def stumble(ctx: Any) -> dict[str, str]:
    """Work the second time only."""
    leave("effects", ctx.effect_id, ctx.attempt, life, "stumble")
    if ctx.attempt == 1:
        raise Transient("not yet")
    return {"trace": "stumble"}


async def pay(ctx: Any, total: int) -> dict[str, Any]:
    await asyncio.sleep(0.001)
    leave("effects", ctx.effect_id, ctx.attempt, life, "pay")
    await asyncio.sleep(0.002)
    return {"paid": total, "trace": "pay"}


async def was_noted(effect: str) -> dict[str, str] | None:
    return {"trace": "note"} if has_happened(effect) else None


@tool(once=True, verify=was_noted, pool=TILL)
async def note(ctx: Any, text: str) -> dict[str, str]:
    """Write something down, once."""
    leave("effects", ctx.effect_id, ctx.attempt, life, "note")
    await asyncio.sleep(0.002)
    return {"trace": "note"}


async def total_of(ctx: Any, numbers: list[int]) -> dict[str, int]:
    leave("effects", ctx.effect_id, ctx.attempt, life, "total")
    return {"total": sum(numbers)}


def adding() -> Workflow:
    flow = Workflow("adding", output="outputs.total.total")
    flow.node("total", function=total_of, inputs={"numbers": "inputs.numbers"})
    return flow


def shopping() -> Workflow:
    """Fetch, double each, add up in a child session, pay once, note once, wait for a word."""
    flow = Workflow(
        "shopping",
        state={"trace": "append", "numbers": ("replace", []), "paid": ("replace", 0)},
        output="{'paid': state.paid, 'trace': state.trace, 'word': outputs.word}",
    )
    flow.node("fetch", function=fetch, inputs={"n": "inputs.n"})
    flow.node(
        "doubles",
        map="state.numbers",
        do=body(function=double, inputs={"n": "item"}, pool=DOUBLES),
        concurrency=3,
    )
    flow.node("add", workflow=adding(), inputs={"numbers": "outputs.doubles"})
    flow.node("stumble", function=stumble, retry=RetryPolicy(max_attempts=3, initial_ms=5))
    flow.node("pay", function=pay, once=True, inputs={"total": "outputs.add"}, pool=TILL)
    flow.node("note", tool=note, inputs={"text": "'paid'"})
    flow.node("word", wait="word")
    flow.edge("fetch", "doubles")
    flow.edge("doubles", "add")
    flow.edge("fetch", "stumble")
    flow.edge(["add", "stumble"], "pay")
    flow.edge("pay", "note")
    flow.edge("note", "word")
    return flow


def expected_output(n: int, word: str) -> dict[str, Any]:
    return {
        "paid": sum(2 * number for number in range(n)),
        "trace": ["fetch", "stumble", "pay", "note"],
        "word": word,
    }
