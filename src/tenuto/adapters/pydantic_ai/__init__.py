"""Models of the providers, and of any server that speaks OpenAI's protocol, by pydantic-ai; may
import ports and core. Needs the extra `pydantic_ai`, which is loaded with the first request."""

from tenuto.adapters.pydantic_ai.local import LOCAL
from tenuto.adapters.pydantic_ai.model import PydanticAIModel

__all__ = ["LOCAL", "PydanticAIModel"]
