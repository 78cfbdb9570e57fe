"""Models that answer by rule, so that agents can be simulated."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.errors import Escalatable, Transient
from tenuto.ports.model import Model
from tenuto.testing.simulation.faults import Weather
from tenuto.testing.simulation.speaking import spoken

_PAUSE_S: Final = 10.0
_HANG_S: Final = 300.0
"""Longer than an agent waits for its model by default."""


class SimulatedModel:
    """Every provider's model: calls each of its tools, in one turn or in several, then answers.

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
        return spoken(request)


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
