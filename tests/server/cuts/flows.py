"""What the servers run that are killed: sessions that take their time."""

import asyncio

import tenuto


async def step(ctx: tenuto.Context) -> dict[str, str]:
    """Take a moment."""
    await asyncio.sleep(0.02)
    return {"done": "a step"}


ticking = tenuto.Workflow("ticking", version="1")
ticking.node("wait", wait="go")
ticking.node("tick", loop=True, do=tenuto.body(function=step), max_iterations=30)
ticking.edge("wait", "tick")

short = tenuto.Workflow("short", version="1")
short.node("wait", wait="go")
short.node("one", function=step)
short.edge("wait", "one")
