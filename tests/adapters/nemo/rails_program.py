"""Runs an agent behind the rails of a folder, and tells as JSON what became of each text.

For the environment that has NeMo Guardrails; `test_rails.py` reads what it prints."""

import asyncio
import json
import sys
from typing import Any

import tenuto
from tenuto import Agent, Guard, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest

SAID = (
    ("hello", "good day"),
    ("this is forbidden", "good day"),
    ("hello", "what is forbidden"),
    ("how stupid", "good day"),
)
"""What is said to the agent, and what its model answers."""


class Parrot:
    """A model with one answer."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.asked: list[str] = []

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        self.asked.append(request.messages[0].text)
        return ModelAnswer(text=self._text)


async def told(folder: str, said: str, answer: str) -> dict[str, Any]:
    guard = Guard.function("rails", at=["input", "output"], timeout_ms=60_000)
    agent = Agent("clerk", model="mock:any", guards=[guard])
    flow = Workflow("railed", output="outputs.work.text")
    flow.node("work", agent=agent, inputs={"text": "inputs.text"})
    model, code = Parrot(answer), {"rails": tenuto.nemo_rails(folder)}
    async with tenuto.open("memory://", models={"mock": model}, code=code) as runtime:
        session = await runtime.start(flow, {"text": said})
        try:
            return {"output": await session.result(120), "asked": model.asked}
        except tenuto.SessionFailedError as error:
            failure = error.failure
            return {"code": failure.code, "message": failure.message, "asked": model.asked}


def main() -> None:
    found = [asyncio.run(told(sys.argv[1], said, answer)) for said, answer in SAID]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
