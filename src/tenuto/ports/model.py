"""Models: what answers an agent's turn."""

from collections.abc import AsyncGenerator
from typing import Protocol, runtime_checkable

from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest


class Model(Protocol):
    """One provider's way to answer a request."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return the answer of the model named `model` (the part after `provider:`).

        Raises:
            WorkFailed: `Transient` for rate limits, time-outs and services that are away;
                `Fatal` for a request that can never work; `Escalatable` for a missing key.
        """
        ...


class LabelledModel(Model, Protocol):
    """A model whose answers bear labels, as `untrusted`: it is not known what gives them. Whoever
    has `labels` is one."""

    labels: tuple[str, ...]


@runtime_checkable
class StreamingModel(Model, Protocol):
    """A model that can give its answer piece by piece."""

    def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Return pieces of text as they come and, last, the whole answer.

        The pieces make up the answer's text: who shows them, and begins anew at one with `restart`,
        shows that text when the answer comes. Closing the iterator gives the request up.

        Raises:
            WorkFailed: as `answer`; also after some pieces, which then count for nothing.
        """
        ...
