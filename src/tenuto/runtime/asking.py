"""Asks an agent's model for its next turn, and holds the answer against the agent's schema."""

import asyncio
from collections.abc import Mapping

import msgspec

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.errors import Escalatable
from tenuto.core.session.effects import AskModel
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.model import Model
from tenuto.ports.schemas import Schemas
from tenuto.runtime.code import Code
from tenuto.runtime.json_values import to_json


class Asker:
    """Knows the models of this process by their providers."""

    def __init__(self, models: Mapping[str, Model], *, code: Code, schemas: Schemas) -> None:
        self._models, self._code, self._schemas = models, code, schemas

    async def ask(self, effect: AskModel) -> Json:
        """Return the model's answer as JSON.

        Raises:
            Escalatable: this process has no such provider.
            TimeoutError: the model took too long. And whatever the model raises.
        """
        agent = effect.agent
        provider, _, name = agent.model.partition(":")
        model = self._models.get(provider)
        if model is None:
            known = ", ".join(sorted(self._models))
            raise Escalatable(
                f"Agent {agent.name!r} wants model {agent.model!r}, and there is no provider "
                f"{provider!r}; this process has: {known}. Those of hosted models come with "
                "pip install 'tenuto[pydantic_ai]'.",
                code="no_such_model",
            )
        tools = tuple(self._code.tool(ref).spec for ref in agent.tools)
        request = msgspec.structs.replace(effect.request, tools=(*effect.request.tools, *tools))
        async with asyncio.timeout(effect.timeout_ms / 1000 if effect.timeout_ms else None):
            answer = await model.answer(name or provider, request)
        return to_json(msgspec.to_builtins(self._checked(answer, agent)))

    def _checked(self, answer: ModelAnswer, agent: AgentDefinition) -> ModelAnswer:
        """Return `answer` with its structured output read and held against the agent's schema."""
        if agent.output_schema is None or answer.calls or answer.finish == "refusal":
            return answer
        data = answer.data
        if data is None:
            try:
                data = msgspec.json.decode(answer.text)
            except msgspec.DecodeError as error:
                return msgspec.structs.replace(answer, fault=f"it is no JSON: {error}.")
        fault = self._schemas.fault(agent.output_schema, data)
        return msgspec.structs.replace(answer, data=data, fault=fault or "")
