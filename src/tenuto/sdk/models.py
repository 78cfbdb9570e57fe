"""The models of a process, for who looks after it: providers, routes, and how they do."""

from collections.abc import Callable, Iterable, Mapping

from tenuto.core.agent.routes import ModelHealth, Route


class Models:
    """What agents of this process can ask. Made by `tenuto.open`."""

    def __init__(
        self,
        providers: Iterable[str],
        *,
        routes: Mapping[str, Route],
        health: Callable[[], tuple[ModelHealth, ...]],
    ) -> None:
        self._providers, self._routes, self._health = providers, routes, health

    def providers(self) -> tuple[str, ...]:
        """Return the names of the providers that are known; others may answer to theirs."""
        return tuple(self._providers)

    def routes(self) -> Mapping[str, Route]:
        """Return the routes that agents can name, as `route:NAME`."""
        return self._routes

    def health(self) -> tuple[ModelHealth, ...]:
        """Return how each model that a route has asked did lately, by name."""
        return self._health()
