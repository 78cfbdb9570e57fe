"""Routes: several models under one name, and which of them is asked. Plain data."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.misfits import choices_at, misfit, misfit_of, told

ROUTE: Final = "route"
"""The provider under which routes are asked: `route:cheap`."""

MODELS_MAX: Final = 50

Order: TypeAlias = Literal["failover", "round_robin", "weighted", "cheapest"]
"""Which model of a route is asked first; the others follow when it does not answer.

`failover`: as written. `round_robin`: each in turn. `weighted`: each in turn, in proportion to its
weight. `cheapest`: the cheapest that is likely to do, then dearer ones."""

CircuitState: TypeAlias = Literal["closed", "open", "half_open"]
"""`closed`: the model is asked. `open`: it failed too often and is left alone. `half_open`: one
request finds out whether it is back."""


class RouteModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model of a route, with what the route must know of it."""

    model: str
    """`provider:name`, or `offline`."""
    weight: float = 1.0
    """Its share of the requests in a `weighted` route; 0: only when the others do not answer."""
    input_usd: float | None = None
    """Dollars for a million input tokens; None: as the published price list has it. It orders a
    `cheapest` route, and is what a turn costs whose provider names no cost."""
    output_usd: float | None = None
    """Dollars for a million output tokens; given together with `input_usd`, or not at all."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Several models under one name: `tenuto.open(routes={"cheap": Route(models=(…))})`.

    An agent asks it as `model="route:cheap"`."""

    models: tuple[RouteModel | str, ...]
    order: Order = "failover"
    breaker_failures: int = 5
    """Failures in a row after which a model is left alone."""
    breaker_seconds: float = 30.0
    """How long it is left alone before one request tries it again."""
    timeout_seconds: float = 0.0
    """How long each model may take; 0: the agent's `model_timeout`, shared out among those left."""

    def parts(self) -> tuple[RouteModel, ...]:
        """Return the models, each with its settings."""
        return tuple(
            RouteModel(model=part) if isinstance(part, str) else part for part in self.models
        )


class ModelHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a model of the routes has done lately, in this process."""

    model: str
    state: CircuitState
    failures: int
    """In a row, the last one included; 0 after a success."""
    error: str
    """Why it failed last, as code and sentence; empty if it never did."""
    since_ms: int
    """Since when it is in this state; 0: it never was in another."""
    rests_until_ms: int = 0
    """It asked for a rest until then (`retry-after`); 0: it did not."""


def listed(text: str) -> Route:
    """Return the route that a comma-separated list of models means: each in turn until one answers.

    Raises:
        DefinitionError: the list cannot be a route.
    """
    names = tuple(name.strip() for name in text.split(","))
    return _sound(Route(models=names), repr(text), "model")


def read_routes(given: Mapping[str, object]) -> dict[str, Route]:
    """Return routes by name, from `Route` values or the same as plain data.

    Raises:
        DefinitionError: with every problem that was found.
    """
    routes: dict[str, Route] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        try:
            routes[name] = _sound(_route_from(name, value), repr(name), f"routes.{name}")
        except DefinitionError as error:
            problems += error.problems
        if not name.strip() or "," in name or ":" in name:
            problems.append(
                Problem(
                    message=f"A route cannot be called {name!r}.",
                    path="routes",
                    hint="Give it a name without ',' and ':'.",
                )
            )
    if problems:
        raise DefinitionError(problems)
    return routes


def _route_from(name: str, value: object) -> Route:
    path = f"routes.{name}"
    if isinstance(value, Route):
        fault = misfit_of(value)
        if fault:
            raise DefinitionError([Problem(message=f"Route {name!r} {fault}", path=path)])
        return value
    known = Route.__struct_fields__
    unknown = [str(key) for key in value if key not in known] if isinstance(value, Mapping) else []
    if unknown:
        hint = f"There are: {', '.join(known)}."
        message = f"Route {name!r} has no setting {unknown[0]!r}."
        raise DefinitionError([Problem(message=message, path=path, hint=hint)])
    try:
        return msgspec.convert(value, Route)
    except msgspec.ValidationError as error:
        place, message = misfit(error)
        what = f"Route {name!r}: {told(place)!r}" if place else f"Route {name!r}"
        hint = choices_at(Route, place)
        problem = Problem(message=f"{what} {message}.", path=path, hint=hint)
        raise DefinitionError([problem]) from None


def _sound(route: Route, name: str, path: str) -> Route:
    problems = [
        Problem(message=f"Route {name} {fault}", path=path, hint=hint)
        for fault, hint in _faults(route)
    ]
    if problems:
        raise DefinitionError(problems)
    return route


def _faults(route: Route) -> Iterator[tuple[str, str]]:
    parts = route.parts()
    names = [part.model for part in parts]
    if not 1 <= len(names) <= MODELS_MAX:
        yield f"has {len(names)} models.", f"Give it 1 to {MODELS_MAX}."
    for part in parts:
        yield from _model_faults(part)
    for twice in sorted({name for name in names if names.count(name) > 1}):
        yield f"names {twice!r} twice.", "Name it once; its weight says how often it is asked."
    if route.order == "weighted" and not any(part.weight > 0 for part in parts):
        yield "has no model with a weight.", "Give one a weight above 0."
    if route.breaker_failures < 1:
        yield f"has breaker_failures={route.breaker_failures}.", "Give it 1 or more."
    if not 0 < route.breaker_seconds < float("inf"):
        yield f"has breaker_seconds={route.breaker_seconds}.", "Give it more than 0."
    if not 0 <= route.timeout_seconds < float("inf"):
        yield f"has timeout_seconds={route.timeout_seconds}.", "Give it 0 or more."


def _model_faults(part: RouteModel) -> Iterator[tuple[str, str]]:
    provider, colon, name = part.model.partition(":")
    if not provider.strip() or (colon and not name.strip()) or part.model != part.model.strip():
        yield f"names the model {part.model!r}.", "Write provider:model, or offline."
    if provider == ROUTE:
        yield f"names the route {part.model!r}.", "A route is made of models, not of routes."
    if "," in part.model:
        yield f"names the model {part.model!r}.", "Give each model as an entry of its own."
    if not 0 <= part.weight < float("inf"):
        yield f"gives {part.model!r} the weight {part.weight}.", "Give it 0 or more."
    if (part.input_usd is None) != (part.output_usd is None):
        given = "input_usd" if part.output_usd is None else "output_usd"
        yield f"gives {part.model!r} {given} alone.", "Give input_usd and output_usd, or neither."
    for price in (part.input_usd, part.output_usd):
        if price is not None and not 0 <= price < float("inf"):
            yield f"gives {part.model!r} the price {price}.", "Give it 0 or more."
