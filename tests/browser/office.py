"""A server with an office that has been at work: its agents remember, fail, cost and wait.

    python -m tests.browser.office PORT FOLDER

It serves as `tenuto serve --dev` does, with a scripted model in place of a real one.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from typing import Any, Final

import tenuto
from tenuto import Agent, MemoryPolicy, PermissionRule, Workflow
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.serving import open_service
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest, ToolCall, Usage
from tenuto.server.app import create_app
from tenuto.server.listening import address_of, listening, serve_app

ANSWER: Final = "The invoice is paid. A copy went to the customer this morning."
_WORD_S: Final = 0.01


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


class Script:
    """A model that does what its agent is for."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        usage = Usage(input_tokens=840, output_tokens=96, cost_usd=0.0134)
        if request.agent == "clerk" and request.turn == 0 and request.inputs.get("post"):
            arguments = {"letter": "All is well.", "to": str(request.inputs.get("customer", ""))}
            call = ToolCall(id="post", tool="post", arguments=arguments)
            return ModelAnswer(text="A letter will do.", calls=(call,), usage=usage, finish="tools")
        return ModelAnswer(text=ANSWER, usage=usage)

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Return the same, word by word. See `StreamingModel.stream`."""
        answer = await self.answer(model, request)
        for word in answer.text.split(" "):
            await asyncio.sleep(_WORD_S)
            yield Delta(text=f"{word} ")
        yield answer


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


async def serve(port: int, folder: str) -> None:
    """Serve until the process is told to end."""
    flow = office()
    found = flow.definition()
    offered = [
        LoadedWorkflow(
            name=found.name,
            workflow=flow,
            definition=found,
            source="tests",
            description=found.description,
        )
    ]
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    with listening("127.0.0.1", port) as listener:
        opened = open_service(
            f"sqlite:///{folder}/office.db",
            offered,
            login=False,
            models={"scripted": Script()},
            routes={"best": {"models": ["scripted:small", "scripted:large"]}},
            stream=True,
        )
        async with opened as service:
            app = create_app(service)
            serving = asyncio.create_task(
                serve_app(app, listener, api=True, stopping=service.hub.stop)
            )
            print(f"serving at {address_of(listener)}", flush=True)
            await done.wait()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
