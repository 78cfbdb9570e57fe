"""One request's way from model to model: who did not answer, what it cost, what a reader sees."""

from collections.abc import Iterator
from typing import Final

import msgspec

from tenuto.adapters.router.misses import Miss, added, none_answered
from tenuto.core.agent.messages import Delta, ModelAnswer, Usage
from tenuto.core.errors import Escalatable

_BETTER_THAN_NOTHING: Final = ("empty_answer", "refusal", "length", "misfit")
"""Faults of an answer, the worst first: what is returned when every model has one."""

_USABLE: Final = frozenset({"length", "misfit"})
"""With these an answer is still worth more than another attempt: the agent can go on from it."""


class Tour:
    """What is known of one request so far. `route` names the route in errors."""

    def __init__(self, route: str) -> None:
        self._route = route
        self._misses: list[Miss] = []
        self._spent = Usage()
        self._kept: tuple[str, ModelAnswer] | None = None
        self._shown = ""

    def show(self, piece: Delta) -> Delta:
        """Take note that a reader gets `piece`, and return it."""
        self._shown = piece.onto(self._shown)
        return piece

    def miss(self, miss: Miss) -> Iterator[Delta]:
        """Take note of a model that did not answer; give what withdraws its half of one."""
        self._misses.append(miss)
        if self._shown:
            yield self.show(Delta(text="", restart=True))

    def keep(self, model: str, fault: str, answer: ModelAnswer) -> Iterator[Delta]:
        """Take note of an answer that will do only if there is no better one."""
        self._spent = added(self._spent, answer.usage)
        rank = _BETTER_THAN_NOTHING.index
        if self._kept is None or rank(fault) >= rank(self._kept[0]):
            self._kept = fault, msgspec.structs.replace(answer, model=answer.model or model)
        said = answer.text or "It gave nothing."
        yield from self.miss(Miss(model=model, code=fault, said=said[:300]))

    def finish(self, model: str, answer: ModelAnswer) -> Iterator[Delta | ModelAnswer]:
        """Give the answer with what was tried before it, and first what a reader lacks of it."""
        whole = msgspec.structs.replace(
            answer,
            model=answer.model or model,
            usage=added(self._spent, answer.usage),
            trail=(*map(str, self._misses), *answer.trail),
        )
        yield from self._settled(whole)

    def give_up(self) -> Iterator[Delta | ModelAnswer]:
        """Give the best answer of those that will hardly do.

        Raises:
            WorkFailed: there is none, or waiting or a person can bring a better one.
        """
        error = none_answered(self._route, self._misses)
        if self._kept is None:
            raise error
        fault, answer = self._kept
        hopeful = any(miss.later_ms is not None for miss in self._misses)
        if fault not in _USABLE and (hopeful or isinstance(error, Escalatable)):
            raise error
        trail = tuple(map(str, self._misses))
        yield from self._settled(
            msgspec.structs.replace(answer, usage=self._spent, trail=(*trail, *answer.trail))
        )

    def _settled(self, answer: ModelAnswer) -> Iterator[Delta | ModelAnswer]:
        if self._shown != answer.text:
            yield self.show(Delta(text=answer.text, restart=bool(self._shown)))
        yield answer
