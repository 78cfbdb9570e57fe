"""A server with a desk that agents and people work at, for pages to look at: a process of its own.

    python -m tests.browser.desk PORT FOLDER

It serves as `tenuto serve --dev` does, with a scripted model in place of a real one. A clerk asks
whether an order may be paid back; a letter is written word by word, once somebody says `go`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from typing import Any, Final

import tenuto
from tenuto import Agent, PermissionRule, Workflow
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.serving import open_service
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest, ToolCall, Usage
from tenuto.server.app import create_app
from tenuto.server.listening import address_of, listening, serve_app

LETTER: Final = "Dear customer, your money is on its way. We are sorry for the broken cup."
_WORD_S: Final = 0.02


@tenuto.tool(once=True, permission="orders:refund")
def refund(order_id: str, cents: int) -> dict[str, Any]:
    """Pay an order back."""
    return {"order_id": order_id, "paid": cents}


async def look_up(ctx: tenuto.Context, order: str) -> dict[str, Any]:
    """Return what is known of an order."""
    return {"order": order, "known": True}


class Script:
    """A model that does what its agent is for: the clerk pays back, the writer writes."""

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

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Return the same, a letter word by word. See `StreamingModel.stream`."""
        answer = await self.answer(model, request)
        for word in answer.text.split(" "):
            await asyncio.sleep(_WORD_S)
            yield Delta(text=f"{word} ")
        yield answer


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


async def serve(port: int, folder: str) -> None:
    """Serve until the process is told to end."""
    flow = desk()
    definition = flow.definition()
    offered = [
        LoadedWorkflow(name=definition.name, workflow=flow, definition=definition, source="tests")
    ]
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    with listening("127.0.0.1", port) as listener:
        opened = open_service(
            f"sqlite:///{folder}/desk.db",
            offered,
            login=False,
            models={"scripted": Script()},
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
