"""The key that a request is made with: the tenant's own, else what the environment has."""

import inspect
import os
from typing import TYPE_CHECKING, Any, Final

from tenuto.adapters.pydantic_ai.local import LOCAL, LOCAL_KEY
from tenuto.core.errors import Escalatable

if TYPE_CHECKING:
    from pydantic_ai.providers import Provider

_CALLED_OTHERWISE: Final = {
    LOCAL: LOCAL_KEY,
    "openai-chat": "OPENAI_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "google-gla": "GOOGLE_API_KEY",
    "google": "GOOGLE_API_KEY",
    "cohere": "CO_API_KEY",
    "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
    "huggingface": "HF_TOKEN",
    "moonshotai": "MOONSHOTAI_API_KEY",
}


def key_name(provider: str) -> str:
    """Return what the provider's key is called in the environment: `OPENAI_API_KEY`."""
    return _CALLED_OTHERWISE.get(provider) or f"{provider.upper().replace('-', '_')}_API_KEY"


def provider_with(provider: str, key: str) -> "Provider[Any]":
    """Return a client of the provider that uses the key. Loads pydantic-ai.

    Raises:
        Escalatable: the provider is not asked with a key.
    """
    from pydantic_ai.providers import infer_provider_class

    made = infer_provider_class(provider)
    if "api_key" not in inspect.signature(made.__init__).parameters:
        raise Escalatable(
            f"The provider {provider!r} takes no key; delete the secret {key_name(provider)!r}.",
            code="model_setup",
        )
    base_url = os.environ.get(f"{key_name(provider).removesuffix('_API_KEY')}_BASE_URL")
    given = {"api_key": key}
    if base_url and "base_url" in inspect.signature(made.__init__).parameters:
        given["base_url"] = base_url
    return made(**given)
