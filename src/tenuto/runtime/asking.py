"""Asks an agent's model for its next turn, and holds the answer against the agent's schema."""

from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from tenuto.core.agent.compacting import COMPACT
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.agent.routes import ROUTE
from tenuto.core.agent.strategy import WITHOUT_TOOLS, fitted
from tenuto.core.errors import Escalatable
from tenuto.core.session.effects import AskModel
from tenuto.core.vocabulary import Json, SessionId
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.model import Model, StreamingModel
from tenuto.ports.pieces import Piece, Pieces
from tenuto.ports.schemas import Schemas
from tenuto.runtime.around import AroundTurn, HoldsBack
from tenuto.runtime.caching import AnswerCache, LookUp
from tenuto.runtime.code import Code
from tenuto.runtime.json_values import answer_to_json
from tenuto.runtime.limiting import within
from tenuto.runtime.offering import offer, offer_listed
from tenuto.runtime.record import Record
from tenuto.runtime.streaming import streamed
from tenuto.runtime.toolbox import Toolbox


class Asker:
    """Knows the models of this process by their providers."""

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        code: Code,
        schemas: Schemas,
        around: Sequence[AroundTurn] = (),
        pieces: Pieces | None = None,
    ) -> None:
        self._models, self._schemas = models, schemas
        self._toolbox = Toolbox(code)
        self._around = tuple(around)
        self._holding = tuple(part for part in around if isinstance(part, HoldsBack))
        self._pieces = pieces
        """Where answers are handed on while they are being given; None: they are not."""
        self.cache: AnswerCache | None = None
        """Answers that may be given again."""

    async def ask(self, effect: AskModel, record: Record) -> Json:
        """Return the model's answer as JSON.

        Raises:
            Escalatable: this process has no such provider, or no code of a tool.
            TimeoutError: the model took too long. And whatever the model raises.
        """
        agent = effect.agent
        model, name = self._model(agent)
        request = effect.request
        if request.purpose not in WITHOUT_TOOLS:
            named = self._toolbox.named(agent.tools)
            request = offer(request, named)
            if named.patterns:
                request = await offer_listed(self._toolbox, effect, request, record.notes)
        around = [part for part in self._around if part.looks_at(effect)]
        for part in around:
            request = await part.before(effect, request, record.notes)
        look_up = None
        if self.cache is not None and agent.cache != "off":
            look_up = await self._looked_up(self.cache, effect, request, record)
        if look_up is not None and look_up.answer is not None:
            said = look_up.answer
            self._hand_on_whole(said, request, effect)
        else:
            said = await within(effect.timeout_ms, self._asked(model, name, request, effect))
        labels = self._labels(agent, model)
        if labels:
            record.labels.update(labels)
        answer = checked = self._checked(said, effect)
        for part in reversed(around):
            answer = await part.after(effect, request, answer, record.notes)
        output = answer_to_json(answer)
        if self.cache is not None and look_up is not None:
            # Last of all: what was stopped on its way is not given again.
            self.cache.keep(effect, look_up, said, fault=checked.fault)
        return output

    async def _looked_up(
        self, cache: AnswerCache, effect: AskModel, request: ModelRequest, record: Record
    ) -> LookUp | None:
        """Return what the cache knows of the request."""
        # What tools of a source do is known to the source alone, and may change.
        tools = self._toolbox.named(effect.agent.tools).tools
        safe = frozenset(tool.spec.name for tool in tools if tool.safe)
        return await cache.look_up(effect, request, record, safe=safe)

    def _hand_on_whole(self, answer: ModelAnswer, request: ModelRequest, effect: AskModel) -> None:
        """Give those who read along an answer that is there already."""
        if self._pieces is not None and not self._holds_back(effect):
            piece = Piece(task=effect.task, text=answer.text, restart=True)
            self._pieces.append(SessionId(request.session), piece)

    def _asked(
        self, model: Model, name: str, request: ModelRequest, effect: AskModel
    ) -> Coroutine[Any, Any, ModelAnswer]:
        """Return the work that gives the answer, not begun yet."""
        pieces = self._pieces
        if pieces is None or not isinstance(model, StreamingModel) or self._holds_back(effect):
            return model.answer(name, request)
        session = SessionId(request.session)

        def hand_on(piece: Piece) -> None:
            pieces.append(session, piece)

        return streamed(model, name, request, task=effect.task, hand_on=hand_on)

    def _holds_back(self, effect: AskModel) -> bool:
        return any(part.holds_back(effect) for part in self._holding)

    def _labels(self, agent: AgentDefinition, model: Model) -> Collection[str]:
        """Return the labels of what the agent's models say: `model` answers for it, and of several
        any may have answered."""
        # Not by `isinstance`: to compare a model with a protocol costs a tenth of a turn.
        if "," not in agent.model:
            own: Collection[str] = getattr(model, "labels", ())
            return own
        labels: set[str] = set()
        for name in agent.model.split(","):
            one = self._models.get(name.strip().partition(":")[0])
            labels.update(getattr(one, "labels", ()))
        return labels

    def _model(self, agent: AgentDefinition) -> tuple[Model, str]:
        """Return what answers for the agent, and under which name it is asked."""
        provider, _, name = agent.model.partition(":")
        if "," in agent.model:
            provider, name = ROUTE, agent.model
        try:
            return self._models[provider], name or provider
        except KeyError:
            known = ", ".join(sorted(self._models))
            raise Escalatable(
                f"Agent {agent.name!r} wants model {agent.model!r}, and there is no provider "
                f"{provider!r}; this process has: {known}. Those of hosted models come with "
                "pip install 'tenuto[pydantic_ai]'.",
                code="no_such_model",
            ) from None

    def _checked(self, answer: ModelAnswer, effect: AskModel) -> ModelAnswer:
        """Return `answer` with its structured output read and held against the schema."""
        schema, purpose = effect.request.output_schema, effect.request.purpose
        if purpose:
            answer = msgspec.structs.replace(answer, purpose=purpose)
        if purpose == COMPACT:
            return fitted(answer, effect.turns, effect.agent)
        if schema is None or answer.calls or answer.finish == "refusal":
            return answer
        data = answer.data
        if data is None:
            try:
                data = msgspec.json.decode(answer.text)
            except msgspec.DecodeError as error:
                return msgspec.structs.replace(answer, fault=f"it is no JSON: {error}.")
        fault = self._schemas.fault(schema, data)
        answer = msgspec.structs.replace(answer, data=data, fault=fault or "")
        if not fault and purpose:
            answer = fitted(answer, effect.turns, effect.agent)
        return answer
