"""Models that answer by rule, so that agents can be simulated."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.errors import Escalatable, Transient
from tenuto.core.vocabulary import EffectId, SessionId, TaskNo, task_of
from tenuto.ports.model import Model
from tenuto.testing.simulation.faults import Weather
from tenuto.testing.simulation.marks import labels_in
from tenuto.testing.simulation.speaking import spoken, texts_of
from tenuto.testing.simulation.witness import Witness

_PAUSE_S: Final = 10.0
_HANG_S: Final = 300.0
"""Longer than an agent waits for its model by default."""


class SimulatedModel:
    """Every provider's model: calls each of its tools, in one turn or in several, then answers.

    What it says follows from the request alone."""

    def __init__(self, weather: Weather, witness: Witness) -> None:
        self._weather, self._witness = weather, witness
        self.asked = 0
        """Requests that have no answer yet."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`."""
        self.asked += 1
        self._check_reading(request)
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

    def _check_reading(self, request: ModelRequest) -> None:
        """Check that a model reads those messages of other agents that the log says (M1), and that
        its turn bears the labels of all that it reads (A1)."""
        seen, turn = self._witness.sessions.get(SessionId(request.session)), TaskNo(0)
        if seen is not None:
            turn = task_of(EffectId(request.effect))
        if seen is None or turn not in seen.state.tasks:
            return
        where = f"Task {turn} of session {request.session!r}"
        texts = [message.text for message in request.messages if message.role == "user"]
        fault = seen.mail.misread(seen.cast.parents[turn], texts)
        if fault:
            self._witness.object_to("M1", f"{where} asks its model, and {fault}.")
        agent = self._witness.program(seen).agents[request.agent]
        if agent.memory is not None and not request.turn:
            # What it remembers is recorded with the answer.
            return
        read = labels_in(*(text for message in request.messages for text in texts_of(message)))
        borne = seen.state.tasks[turn].labels
        if not set(read) <= set(borne):
            self._witness.object_to("A1", f"{where} reads what is {read}, and bears {borne}.")


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
