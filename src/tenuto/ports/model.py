"""Models: what answers an agent's turn."""

from typing import Protocol

from tenuto.core.agent.messages import ModelAnswer, ModelRequest


class Model(Protocol):
    """One provider's way to answer a request."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return the answer of the model named `model` (the part after `provider:`).

        Raises:
            WorkFailed: `Transient` for rate limits, time-outs and services that are away;
                `Fatal` for a request that can never work; `Escalatable` for a missing key.
        """
        ...
