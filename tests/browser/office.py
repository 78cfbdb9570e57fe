"""A server with an office that has been at work: its agents remember, fail, cost and wait.

python -m tests.browser.office PORT FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import tenuto
from tenuto import Agent, MemoryPolicy, PermissionRule, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, ToolCall, Usage
from tests.browser.serving import Script, serve

ROUTES: Final = {"best": {"models": ["scripted:small", "scripted:large"]}}
ANSWER: Final = "The invoice is paid. A copy went to the customer this morning."


@tenuto.tool(once=True, permission="mail:send")
def post(letter: str, to: str) -> dict[str, Any]:
    """Send a letter."""
    return {"sent": True, "to": to, "characters": len(letter)}


async def learn(ctx: tenuto.Context, customer: str, wish: str) -> dict[str, Any]:
    """Remember what a customer wishes; without a wish there is nothing to do."""
    if not wish:
        raise ValueError(f"{customer} wishes nothing")
    await ctx.memory.remember(f"{customer} wishes {wish}.", key=f"wish of {customer}")
    return {"customer": customer, "wish": wish}


class Worded(Script):
    """A model that does what its agent is for."""

    word_s = 0.01

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        usage = Usage(input_tokens=840, output_tokens=96, cost_usd=0.0134)
        if request.agent == "clerk" and request.turn == 0 and request.inputs.get("post"):
            arguments = {"letter": "All is well.", "to": str(request.inputs.get("customer", ""))}
            call = ToolCall(id="post", tool="post", arguments=arguments)
            return ModelAnswer(text="A letter will do.", calls=(call,), usage=usage, finish="tools")
        return ModelAnswer(text=ANSWER, usage=usage)


def office() -> Workflow:
    """Return the workflow."""
    ask = PermissionRule(effect="ask", permissions=["mail:*"])
    clerk = Agent(
        "clerk",
        model="scripted:small",
        description="Answers customers and keeps their wishes in mind.",
        role="clerk",
        instructions="Be kind, and be brief.",
        tools=[post],
        policy=[ask],
        memory=MemoryPolicy(keep_days=90),
    )
    flow = Workflow(
        "office",
        version="1",
        description="A customer wishes something; a clerk answers.",
        inputs={
            "customer": {"type": "string", "description": "Who wishes something."},
            "wish": {"type": "string", "description": "What they wish.", "default": ""},
            "post": {"type": "boolean", "description": "Send it by letter.", "default": False},
        },
        output="outputs.answer.text",
    )
    given = {"customer": "inputs.customer", "wish": "inputs.wish"}
    flow.node("learn", function=learn, inputs=given)
    flow.node("answer", agent=clerk, inputs={**given, "post": "inputs.post"})
    return flow.edge("learn", "answer")


if __name__ == "__main__":
    asyncio.run(
        serve(
            office(),
            Worded(),
            port=int(sys.argv[1]),
            db=f"sqlite:///{sys.argv[2]}/office.db",
            routes=ROUTES,
        )
    )
