"""The models of a process, by provider: those that were given, `offline`, and whatever the extra
knows."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Final

from tenuto.adapters.pydantic_ai import LOCAL, PydanticAIModel
from tenuto.adapters.router import Router
from tenuto.core.agent.routes import ROUTE, read_routes
from tenuto.core.errors import Rejected
from tenuto.ports.clock import Clock
from tenuto.ports.model import Model
from tenuto.ports.provider_keys import ProviderKeys
from tenuto.ports.schemas import Schemas

EXTRA: Final = "pydantic_ai"
OFFLINE: Final = "offline"


def refuse_reserved(given: Mapping[str, Model]) -> None:
    """Check that no provider takes the name of the routes.

    Raises:
        Rejected: one does.
    """
    if ROUTE in given:
        raise Rejected(
            f"No provider can be called {ROUTE!r}: an agent's model 'route:name' means the routes. "
            "Give it another name in models={…}, or name routes in routes={…}."
        )


class Providers(Mapping[str, Model]):
    """Provider to model. With the extra `pydantic_ai` every name has a model; whether there is such
    a provider shows when it is asked."""

    def __init__(
        self,
        given: Mapping[str, Model],
        *,
        routes: Mapping[str, object],
        clock: Clock,
        schemas: Schemas,
        keys: ProviderKeys | None = None,
    ) -> None:
        refuse_reserved(given)
        self._keys = keys
        self.router = Router(self, routes=read_routes(routes), clock=clock, schemas=schemas)
        self._known: dict[str, Model] = {ROUTE: self.router, **given}
        self._made: dict[str, PydanticAIModel] = {}
        self._has_extra = find_spec(EXTRA) is not None

    def __getitem__(self, provider: str) -> Model:
        if provider in self._known:
            return self._known[provider]
        if provider == OFFLINE:
            # Loading it takes a tenth of the time that opening does, and few processes ask it.
            from tenuto.adapters.offline import OfflineModel

            return self._known.setdefault(OFFLINE, OfflineModel())
        if not provider or not self._has_extra:
            raise KeyError(provider)
        if provider not in self._made:
            self._made[provider] = PydanticAIModel(provider, keys=self._keys)
        return self._made[provider]

    def __iter__(self) -> Iterator[str]:
        yield from {OFFLINE: None, **self._known}
        if self._has_extra:
            yield LOCAL

    def __len__(self) -> int:
        return sum(1 for _ in self)

    async def close(self) -> None:
        """Let the connections of all models go."""
        for model in self._made.values():
            await model.close()
