"""Routes: the model of a request is chosen here, and replaced when it does not answer.

One request goes from model to model, at once and within one attempt of the engine. Only when none
answers does the engine hear of it, and tries again later as it would with a single model.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from tenuto.adapters.router.attempt import pieces_of
from tenuto.adapters.router.breaker import Breaker, Permit
from tenuto.adapters.router.cheapest import Choice
from tenuto.adapters.router.misses import FAILOVER, Miss, fault_of, miss_from, shortcoming_of
from tenuto.adapters.router.prices import priced
from tenuto.adapters.router.rota import Rota
from tenuto.adapters.router.tour import Tour
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest
from tenuto.core.agent.routes import ModelHealth, Route, RouteModel, listed
from tenuto.core.errors import Escalatable, Transient
from tenuto.ports.clock import Clock
from tenuto.ports.model import Model
from tenuto.ports.schemas import Schemas

TIMEOUT_MS: Final = 120_000
"""What a request may take when nobody says. Source: an agent's `model_timeout` by default."""

TIMEOUT_SHARE: Final = 0.95
"""Of the caller's patience; the rest is kept back, so that the last model's silence is still told
from here, with the names of those that were tried before."""

LISTS_MAX: Final = 1_000
"""Lists of models that are remembered as routes."""


class Router:
    """A `StreamingModel` over other models: `answer("cheap", …)`, or a list of models as name.

    Args:
        models: provider to model, as the process has them.
        routes: those that can be asked by name.
        clock: tells when a model may be asked again.
        schemas: tells which answers miss their schema; None: nothing does, and a `cheapest` route
            goes on with what it got.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        routes: Mapping[str, Route],
        clock: Clock,
        schemas: Schemas | None = None,
    ) -> None:
        self._models, self._routes, self._clock = models, dict(routes), clock
        self._schemas = schemas
        self._lists: dict[str, Route] = {}
        self._breakers: dict[str, Breaker] = {}
        self._rotas: dict[str, Rota] = {}
        self._choices: dict[str, Choice] = {}

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return the answer of the first model of the route that gives one. See `Model.answer`.

        `trail` of the answer tells who was tried before.

        Raises:
            Transient: none answered, and one of them may later; with the least wait.
            Escalatable: there is no such route; or none answered, and a person can mend that.
            Fatal: none answered, and nothing can be done about it.
            DefinitionError: the list of models is none.
        """
        async with aclosing(self._asked(model, request, streaming=False)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelAnswer):
                    return piece
        raise AssertionError("a route gives an answer or raises")

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Return the pieces of the answer and, last, the answer. See `StreamingModel.stream`.

        When a model breaks after some pieces, a piece with `restart` withdraws them.

        Raises:
            WorkFailed: as `answer`.
        """
        async with aclosing(self._asked(model, request, streaming=True)) as pieces:
            async for piece in pieces:
                yield piece

    @property
    def routes(self) -> Mapping[str, Route]:
        """Return the routes that can be asked by name."""
        return self._routes

    def health(self) -> tuple[ModelHealth, ...]:
        """Return how each model that was asked has done lately, by name."""
        return tuple(breaker.health(model) for model, breaker in sorted(self._breakers.items()))

    async def _asked(
        self, name: str, request: ModelRequest, *, streaming: bool
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        route = self._route(name)
        tour, began_ms = Tour(name), self._clock.now_ms()
        parts = self._ordered(name, route, request)
        for at, part in enumerate(parts):
            breaker, now_ms = self._breaker(part, route), self._clock.now_ms()
            permit = breaker.try_enter(now_ms)
            if permit is None:
                for piece in tour.miss(_left_alone(part.model, breaker, now_ms)):
                    yield piece
                continue
            limit_ms = self._limit_ms(route, request, parts[at:], began_ms)
            answer: ModelAnswer | None = None
            try:
                pieces = pieces_of(
                    self._models, part.model, request, limit_ms=limit_ms, streaming=streaming
                )
                async with aclosing(pieces):
                    async for found in pieces:
                        if isinstance(found, ModelAnswer):
                            answer = found
                        else:
                            yield tour.show(found)
                assert answer is not None, "a model's pieces end with its answer"
                breaker.succeeded(permit, self._clock.now_ms())
            except FAILOVER as error:
                miss = miss_from(part.model, error)
                self._note(breaker, permit, miss)
                for piece in tour.miss(miss):
                    yield piece
                continue
            finally:
                breaker.given_up(permit)
            answer = priced(answer, part)
            fault = fault_of(answer)
            if route.order == "cheapest":
                fault = fault or shortcoming_of(answer, request, self._schemas)
                self._choices[name].note(part.model, request, did=not fault)
            if not fault:
                for piece_or_answer in tour.finish(part.model, answer):
                    yield piece_or_answer
                return
            for piece in tour.keep(part.model, fault, answer):
                yield piece
        for piece_or_answer in tour.give_up():
            yield piece_or_answer

    def _route(self, name: str) -> Route:
        if "," in name:
            if name not in self._lists:
                if len(self._lists) >= LISTS_MAX:
                    self._lists.clear()
                self._lists[name] = listed(name)
            return self._lists[name]
        route = self._routes.get(name)
        if route is None:
            known = ", ".join(sorted(self._routes)) or "none"
            raise Escalatable(
                f"There is no route {name!r}; this process has: {known}. Name it in "
                "tenuto.open(routes={…}).",
                code="no_such_route",
            )
        return route

    def _ordered(self, name: str, route: Route, request: ModelRequest) -> list[RouteModel]:
        parts = list(route.parts())
        if route.order == "failover":
            return parts
        now_ms = self._clock.now_ms()
        able = [part for part in parts if not self._breaker(part, route).wait_ms(now_ms)]
        alone = [part for part in parts if part not in able]
        if route.order == "cheapest":
            choice = self._choices.setdefault(name, Choice())
            return choice.ordered(able, request) + alone
        if route.order == "round_robin":
            able = [msgspec.structs.replace(part, weight=1.0) for part in able]
        return self._rotas.setdefault(name, Rota()).ordered(able) + alone

    def _breaker(self, part: RouteModel, route: Route) -> Breaker:
        limits = {
            "failures_max": route.breaker_failures,
            "rest_ms": max(1, round(route.breaker_seconds * 1000)),
        }
        if part.model not in self._breakers:
            self._breakers[part.model] = Breaker(**limits)
        self._breakers[part.model].set_limits(**limits)
        return self._breakers[part.model]

    def _limit_ms(
        self, route: Route, request: ModelRequest, left: Sequence[RouteModel], began_ms: int
    ) -> int:
        """Return how long the first model of `left` may take: its share of what time is left."""
        if route.timeout_seconds:
            return max(1, round(route.timeout_seconds * 1000))
        now_ms = self._clock.now_ms()
        able = sum(not self._breaker(part, route).wait_ms(now_ms) for part in left[1:])
        whole_ms = round((request.timeout_ms or TIMEOUT_MS) * TIMEOUT_SHARE)
        return max(1, (began_ms + whole_ms - now_ms) // (1 + able))

    def _note(self, breaker: Breaker, permit: Permit, miss: Miss) -> None:
        """Tell the breaker what the failure says about the model, rather than the request."""
        if not isinstance(miss.error, Transient):
            # A missing key or a request that is too long: to ask again costs nothing, and the next
            # request may be another one.
            return
        now_ms, said = self._clock.now_ms(), f"{miss.code}: {miss.said}"
        wait_ms = miss.error.retry_after_ms
        if miss.code != "rate_limit" or not wait_ms:
            breaker.failed(permit, now_ms, said)
        if wait_ms:
            breaker.rest(until_ms=now_ms + wait_ms, error=said)


def _left_alone(model: str, breaker: Breaker, now_ms: int) -> Miss:
    wait_ms = breaker.wait_ms(now_ms)
    said = f"left alone for {wait_ms / 1000:g} s more"
    return Miss(model=model, code=breaker.why(now_ms), said=said, later_ms=wait_ms)
