"""A server with a desk that agents and people work at, for pages to look at: a process of its own.

    python -m tests.browser.desk PORT FOLDER

A clerk asks whether an order may be paid back; a letter is written word by word, once somebody
says `go`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import tenuto
from tenuto import Agent, PermissionRule, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, ToolCall, Usage
from tests.browser.serving import Script, serve

LETTER: Final = "Dear customer, your money is on its way. We are sorry for the broken cup."


@tenuto.tool(once=True, permission="orders:refund")
def refund(order_id: str, cents: int) -> dict[str, Any]:
    """Pay an order back."""
    return {"order_id": order_id, "paid": cents}


async def look_up(ctx: tenuto.Context, order: str) -> dict[str, Any]:
    """Return what is known of an order."""
    return {"order": order, "known": True}


class Worded(Script):
    """A model that does what its agent is for: the clerk pays back, the writer writes."""

    word_s = 0.02

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        usage = Usage(input_tokens=120, output_tokens=30, cost_usd=0.0021)
        if request.agent == "clerk" and request.turn == 0:
            arguments = {"order_id": str(request.inputs.get("order", "")), "cents": 5_000}
            call = ToolCall(id="pay", tool="refund", arguments=arguments)
            return ModelAnswer(text="It is broken.", calls=(call,), usage=usage, finish="tools")
        if request.agent == "clerk":
            paid = request.messages[-1].results[0].value
            return ModelAnswer(text=f"Paid back: {paid}", usage=usage)
        return ModelAnswer(text=LETTER, usage=usage)


def desk() -> Workflow:
    """Return the workflow."""
    ask = PermissionRule(effect="ask", permissions=["orders:*"])
    clerk = Agent("clerk", model="scripted:any", instructions="Help.", tools=[refund], policy=[ask])
    writer = Agent("writer", model="scripted:any", instructions="Write a letter.")
    flow = Workflow(
        "desk",
        version="1",
        inputs={"order": {"type": "string", "description": "The number of the order."}},
        state={"tone": {"reducer": "replace", "initial": "friendly"}},
        output="{'letter': outputs.write.text, 'tone': state.tone}",
    )
    flow.node("look", function=look_up, inputs={"order": "inputs.order"})
    flow.node("pay", agent=clerk, inputs={"order": "inputs.order"})
    flow.node("ready", wait="go")
    flow.node("write", agent=writer, inputs={"tone": "state.tone"})
    return flow.edge("look", "pay").edge("pay", "ready").edge("ready", "write")


if __name__ == "__main__":
    asyncio.run(
        serve(desk(), Worded(), port=int(sys.argv[1]), db=f"sqlite:///{sys.argv[2]}/desk.db")
    )
