"""A server with one session of a hundred thousand events, which waits for a signal.

python -m tests.browser.long PORT FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import tenuto
from tenuto import Agent, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tests.browser.serving import Script, serve

ITEMS: Final = 1_000
ROUNDS: Final = 99
EVENTS: Final = 100_000
NEEDLE: Final = "heliotrope"
"""A word that one event says, far from both ends."""


class Short(Script):
    """A model that sums up each round."""

    word_s = 0.0

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        said = f"Round {request.inputs.get('round')} of letters has been read."
        return ModelAnswer(
            text=said, usage=Usage(input_tokens=60, output_tokens=12, cost_usd=0.001)
        )


async def read(ctx: tenuto.Context, letter: int, round: int) -> dict[str, Any]:
    """Return what a letter is about."""
    about = NEEDLE if (letter, round) == (500, ROUNDS // 2) else f"parcel {letter}"
    return {"letter": letter, "about": about}


async def tally(ctx: tenuto.Context) -> dict[str, int]:
    """Count a round."""
    return {"rounds": 1}


def post_office() -> Workflow:
    """Return the workflow: a thousand letters are read, again and again, then it waits."""
    agent = Agent("clerk", model="scripted:any", instructions="Sum up.")
    flow = Workflow("post-office", version="1", state={"rounds": "add"}, steps=5 * ROUNDS)
    work = tenuto.body(function=read, inputs={"letter": "item", "round": "state.rounds"})
    flow.node("letters", map="inputs.letters", do=work, concurrency=500)
    flow.node("sum-up", agent=agent, inputs={"round": "state.rounds"})
    flow.node("tally", function=tally)
    flow.node("rest", wait="go")
    flow.edge("letters", "sum-up").edge("sum-up", "tally")
    return flow.switch("tally", [(f"state.rounds < {ROUNDS}", "letters")], default="rest")


async def live(db: str) -> None:
    """Have the session come to where it waits."""
    async with tenuto.open(db, models={"scripted": Short()}, durability="wal") as runtime:
        session = await runtime.start(post_office(), {"letters": list(range(ITEMS))})
        await session.wait_until_idle()
        version = (await session.state()).version
        assert version >= EVENTS, f"{version} events are too few"


if __name__ == "__main__":
    db = f"sqlite:///{sys.argv[2]}/long.db"
    asyncio.run(live(db))
    asyncio.run(serve(post_office(), Short(), port=int(sys.argv[1]), db=db))
