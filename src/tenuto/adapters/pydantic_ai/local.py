"""Models on a server of one's own that speaks OpenAI's chat protocol: Ollama, vLLM, llama.cpp."""

import os
from typing import TYPE_CHECKING, Any, Final

from tenuto.core.errors import Escalatable

if TYPE_CHECKING:
    from pydantic_ai.models import Model

LOCAL: Final = "local"
"""The name of the provider."""

LOCAL_URL: Final = "TENUTO_LOCAL_URL"
LOCAL_KEY: Final = "TENUTO_LOCAL_KEY"


def local_model(name: str, own_key: str | None = None) -> "Model[Any]":
    """Return the model `name` of the server that the environment names. Loads pydantic-ai.

    Raises:
        Escalatable: it names none.
    """
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    url = os.environ.get(LOCAL_URL)
    if not url:
        raise Escalatable(
            f"Model 'local:{name}' needs the address of its server: set {LOCAL_URL}, for instance "
            "to http://localhost:11434/v1; then approve to try again.",
            code="no_address",
        )
    key = own_key or os.environ.get(LOCAL_KEY) or "none"
    return OpenAIChatModel(name, provider=OpenAIProvider(base_url=url, api_key=key))
