"""A provider's models. The wire is pydantic-ai's; retries are the engine's, as events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

from tenuto.adapters.pydantic_ai.faults import faults_told
from tenuto.adapters.pydantic_ai.keys import key_name, provider_with
from tenuto.adapters.pydantic_ai.local import LOCAL, local_model
from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest
from tenuto.ports.provider_keys import ProviderKeys

if TYPE_CHECKING:
    from pydantic_ai.models import Model


class PydanticAIModel:
    """A `Model`: every model of one provider, named as pydantic-ai names it.

    Keys and addresses come from the environment, as each provider's own client reads them:
    `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` and so on. The provider `local` reads `TENUTO_LOCAL_URL`,
    and `TENUTO_LOCAL_KEY` where the server wants one. A tenant's own key goes before that."""

    def __init__(self, provider: str, *, keys: ProviderKeys | None = None) -> None:
        self._provider, self._keys = provider, keys
        self._models: dict[tuple[str, str | None], Model[Any]] = {}
        self._clients = AsyncExitStack()
        self._making = asyncio.Lock()

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return the model's answer. See `Model.answer`.

        Raises:
            Transient: too many requests, the service is away or slow, or what it said makes no
                sense.
            Fatal: the request can never work: it is malformed, or longer than the model takes.
            Escalatable: no such provider or model, no key or a wrong one, no money left.
        """
        name = f"{self._provider}:{model}"
        key = await self._key(request.tenant)
        with faults_told(name, key=key):
            known = await self._model(model, key)
            # Loading takes half a second; by now `_model` has done it, on another thread.
            from tenuto.adapters.pydantic_ai.wire import ask

            return await ask(known, request, name=name)

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Return pieces of text as they come and, last, the answer. See `StreamingModel.stream`.

        Raises:
            WorkFailed: as `answer`; also when the stream is cut.
        """
        name = f"{self._provider}:{model}"
        key = await self._key(request.tenant)
        with faults_told(name, key=key):
            known = await self._model(model, key)
            from tenuto.adapters.pydantic_ai.wire import ask_in_pieces

            async with aclosing(ask_in_pieces(known, request, name=name)) as pieces:
                async for piece in pieces:
                    yield piece

    async def close(self) -> None:
        """Let the connections go."""
        self._models.clear()
        await self._clients.aclose()

    async def _key(self, tenant: str) -> str | None:
        return (
            None if self._keys is None else await self._keys.key(tenant, key_name(self._provider))
        )

    async def _model(self, name: str, key: str | None) -> "Model[Any]":
        async with self._making:
            if (name, key) not in self._models:
                made = await asyncio.to_thread(self._made, name, key)
                self._models[name, key] = await self._clients.enter_async_context(made)
            return self._models[name, key]

    def _made(self, name: str, key: str | None) -> "Model[Any]":
        import pydantic_ai.direct  # noqa: F401  # what `wire` needs, loaded on this thread
        from pydantic_ai.models import infer_model

        if self._provider == LOCAL:
            return local_model(name, key)
        if key is None:
            return infer_model(f"{self._provider}:{name}")
        return infer_model(
            f"{self._provider}:{name}", provider_factory=lambda asked: provider_with(asked, key)
        )
