"""What processes that share a database have carried out in pools. A folder tells what happened."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Final

from tenuto import Pool, RetryPolicy, Workflow, tool

FOLDER: Final = "TENUTO_TEST_FOLDER"
GPU: Final = Pool("gpu", concurrency=3)


def folder() -> Path:
    return Path(os.environ[FOLDER])


def leave(name: str, text: str) -> None:
    """Add a line to a file of the folder."""
    with (folder() / name).open("a") as file:
        file.write(text + "\n")


def left(name: str) -> list[str]:
    """Return the lines of a file of the folder."""
    path = folder() / name
    return path.read_text().splitlines() if path.exists() else []


async def work(ctx: Any, hold: bool = False) -> dict[str, Any]:
    """Say who did it; with `hold`, not before a file says that it may end."""
    leave("begun", f"{ctx.effect_id} {ctx.attempt} {os.getpid()}")
    # Nobody tells: whoever lets it end is another process.
    while hold and not (folder() / "go").exists():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    leave("ended", f"{ctx.effect_id} {ctx.attempt} {os.getpid()}")
    return {"pid": os.getpid(), "at_s": time.time()}


def verify(effect_id: str) -> None:
    """Nobody knows whether it happened."""
    raise LookupError(effect_id)


@tool(once=True, pool=GPU, verify=verify)
async def pay(ctx: Any) -> int:
    """Pay."""
    await work(ctx, hold=True)
    return os.getpid()


def working(*, hold: bool = False) -> Workflow:
    flow = Workflow("working-held" if hold else "working", output="outputs.work")
    retry = RetryPolicy(max_attempts=2, initial_ms=1)
    inputs = {"hold": "true" if hold else "false"}
    return flow.node("work", function=work, inputs=inputs, pool=GPU, retry=retry)


def paying() -> Workflow:
    return Workflow("paying", output="outputs.pay").node("pay", tool=pay)


flows = [working(), working(hold=True), paying()]
works, holds, pays = flows
"""As the command line names them."""
