"""The loop of one agent: what a turn costs of the processor, whether that grows, and on disk."""

import asyncio
import time
from pathlib import Path
from typing import Final

import tenuto
from bench import peer
from bench.lab import Lab, Measured, median
from bench.table import Row, at_most, number
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, ToolCall

TURNS: Final = 200
WINDOW: Final = 20
SAID: Final = "I look the next thing up, because the last one did not tell enough."


def known_of(n: int) -> str:
    """Return the text of a tool's result."""
    return f"number {n} is one more than {n - 1}"


@tenuto.tool
async def look_up(n: int) -> str:
    """Return what is known of a number."""
    return known_of(n)


class Scripted:
    """Calls the tool in every turn but the last; notes the processor's time at each request."""

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.asked_s: list[float] = []
        self.text_bytes = 0

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        self.asked_s.append(time.process_time())
        self.text_bytes += len(SAID)
        if request.turn == self.turns - 1:
            return ModelAnswer(text=SAID)
        call = ToolCall(id=f"c{request.turn}", tool="look_up", arguments={"n": request.turn})
        self.text_bytes += len(known_of(request.turn))
        return ModelAnswer(text=SAID, calls=(call,), finish="tools")


def agent_loop(folder: Path, *, turns: int, durable: bool) -> Measured:
    """Return processor seconds per turn (a request, an answer, a call, its result), those late
    against those early, and bytes on disk beyond the texts."""
    agent = tenuto.Agent("clerk", model="scripted:x", tools=[look_up], turns_max=turns)
    flow = tenuto.Workflow("loop").node("work", agent=agent)
    model = Scripted(turns)
    url = f"sqlite:///{folder}/ours.db" if durable else "memory://"

    async def main() -> None:
        async with tenuto.open(url, models={"scripted": model}) as runtime:
            await (await runtime.start(flow)).result()

    asyncio.run(main())
    spans = [
        after - before for before, after in zip(model.asked_s, model.asked_s[1:], strict=False)
    ]
    window = max(1, min(WINDOW, len(spans) // 4))
    early = spans[len(spans) // 4 : len(spans) // 4 + window]
    return {
        "turn_s": sum(spans) / len(spans),
        "slowdown": sum(spans[-window:]) / max(sum(early), 1e-9),
        "beyond_bytes": max(0.0, peer.disk_bytes(folder) - model.text_bytes) if durable else 0.0,
    }


def agents(lab: Lab) -> list[Row]:
    """Measure an agent's loop in memory and on disk, in turns."""
    turns = lab.count(TURNS, least=12)
    bare, durable = lab.in_turns(
        (agent_loop, {"turns": turns, "durable": False}),
        (agent_loop, {"turns": turns, "durable": True}),
    )
    bare_ms, durable_ms = median(bare, "turn_s") * 1e3, median(durable, "turn_s") * 1e3
    beyond_kb = median(durable, "beyond_bytes") / 1e3
    slowdown = median(durable, "slowdown")
    return [
        Row(
            figure=f"agent, scripted model, {turns} turns with a call each: CPU a turn, no disk",
            ours=number(bare_ms, "ms"),
            beside="the bar of the issue",
            ratio=f"{bare_ms / 0.15:.2f} of it",
            bar="<= 0.15 ms",
            aim="0.15 ms",
            verdict=at_most(bare_ms, bar=0.15, aim=0.15),
        ),
        Row(
            figure="... durable, `sync`",
            ours=number(durable_ms, "ms"),
            beside=f"without the disk: {number(bare_ms, 'ms')}",
            ratio=f"{durable_ms / max(bare_ms, 1e-9):.2f} x",
            bar="<= 0.6 ms",
            aim="0.6 ms",
            verdict=at_most(durable_ms, bar=0.6, aim=0.6),
        ),
        Row(
            figure="... its last turns against those a quarter of the way",
            ours=f"{slowdown:.2f} x",
            beside="its own earlier turns",
            ratio=f"{slowdown:.2f} x",
            bar="<= 1.2 x",
            aim="1.0 x",
            verdict=at_most(slowdown, bar=1.2, aim=1.0),
        ),
        Row(
            figure=f"... on disk beyond the texts, {turns} turns",
            ours=number(beyond_kb, "kB"),
            beside="the bar of the issue",
            ratio=f"{beyond_kb / 120:.2f} of it",
            bar="<= 120 kB",
            aim="120 kB",
            verdict=at_most(beyond_kb, bar=120, aim=120),
        ),
    ]
