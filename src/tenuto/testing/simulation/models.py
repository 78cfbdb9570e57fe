"""Models that answer by rule, so that agents can be simulated."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

from tenuto.core.agent.messages import ModelAnswer, ModelRequest, ToolCall, ToolSpec
from tenuto.core.errors import Escalatable, Transient
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.model import Model
from tenuto.testing.simulation.faults import Weather

_PAUSE_S: Final = 10.0
_HANG_S: Final = 300.0
"""Longer than an agent waits for its model by default."""


class SimulatedModel:
    """Every provider's model: calls each of its tools in a first turn, then answers.

    What it says follows from the request alone."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self.asked = 0
        """Requests that have no answer yet."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        self.asked += 1
        try:
            return await self._answer(request)
        finally:
            self.asked -= 1

    async def _answer(self, request: ModelRequest) -> ModelAnswer:
        weather, faults = self._weather, self._weather.faults
        if weather.strikes(faults.work_slow):
            await asyncio.sleep(weather.pause_s(_PAUSE_S))
        if weather.strikes(faults.work_transient):
            raise Transient("the simulated model is busy", retry_after_ms=1_500)
        if weather.strikes(faults.work_hangs):
            await asyncio.sleep(weather.dice.random() * _HANG_S)
        if weather.strikes(faults.work_escalates):
            raise Escalatable("the simulated model wants a key")
        if weather.strikes(faults.work_unusable):
            return ModelAnswer(text="I would rather not.", finish="refusal")
        if request.turn == 0 and request.tools:
            return ModelAnswer(
                calls=tuple(
                    ToolCall(id=f"call_{n}", tool=tool.name, arguments=_arguments(tool))
                    for n, tool in enumerate(request.tools)
                ),
                finish="tools",
            )
        if request.output_schema is not None:
            return ModelAnswer(data=_example(request.output_schema))
        return ModelAnswer(text=f"{request.agent} has read {len(request.messages)} messages.")


class Counted:
    """A model that counts its requests, over all processes of a simulation."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.requests = 0

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        self.requests += 1
        return await self._model.answer(model, request)


class AnyProvider(Mapping[str, Model]):
    """The same model under whatever name a definition asks for."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __getitem__(self, provider: str) -> Model:
        return self._model

    def __iter__(self) -> Iterator[str]:
        return iter(("simulated",))

    def __len__(self) -> int:
        return 1


def _arguments(tool: ToolSpec) -> JsonObject:
    example = _example(tool.parameters)
    return example if isinstance(example, dict) else {}


def _example(schema: JsonObject) -> Json:
    """Return a value that fits the usual kinds of schema."""
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    choices = schema.get("enum") or schema.get("examples")
    if isinstance(choices, list):
        return choices[0]
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and isinstance(options[0], dict):
        return _example(options[0])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            return {}
        return {name: _example(part) for name, part in properties.items() if isinstance(part, dict)}
    simple: dict[str, Json] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
    if kind == "array":
        items = schema.get("items")
        return [_example(items)] if isinstance(items, dict) else []
    return simple.get(kind, "words") if isinstance(kind, str) else "words"
