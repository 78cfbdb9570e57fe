"""What a model costs: as the route says, else by the list of prices that `pydantic_ai` brings."""

from functools import cache
from importlib.util import find_spec
from typing import Final

import msgspec

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.agent.routes import RouteModel

UNKNOWN_USD: Final = float("inf")
"""A model whose price nobody knows may be dear: it comes after those whose price is known."""

INPUT_SHARE: Final = 0.75
"""Agents read more than they write: three tokens in for one out. A rule of thumb of ours."""

FREE: Final = frozenset({"offline", "local"})
"""Providers that charge nothing for a request."""


def price_of(part: RouteModel) -> float:
    """Return the dollars for a million tokens, of which `INPUT_SHARE` go in."""
    known = _published(part.model)
    given = part.input_usd, part.output_usd
    input_usd, output_usd = (
        published if own is None else own for own, published in zip(given, known, strict=True)
    )
    return INPUT_SHARE * input_usd + (1 - INPUT_SHARE) * output_usd


def priced(answer: ModelAnswer, part: RouteModel) -> ModelAnswer:
    """Return an answer with what it cost by the prices of its route, where its provider names no
    cost."""
    usage, input_usd, output_usd = answer.usage, part.input_usd, part.output_usd
    if usage.cost_usd or input_usd is None or output_usd is None:
        return answer
    cost = (usage.input_tokens * input_usd + usage.output_tokens * output_usd) / 1_000_000
    usage = msgspec.structs.replace(usage, cost_usd=cost)
    return msgspec.structs.replace(answer, usage=usage)


@cache
def _published(model: str) -> tuple[float, float]:
    provider, _, name = model.partition(":")
    if provider in FREE:
        return 0.0, 0.0
    if find_spec("genai_prices") is None:
        return UNKNOWN_USD, UNKNOWN_USD
    from genai_prices import Usage, calc_price

    try:
        price = calc_price(
            Usage(input_tokens=1_000_000, output_tokens=1_000_000), name, provider_id=provider
        )
    except LookupError:
        return UNKNOWN_USD, UNKNOWN_USD
    return float(price.input_price), float(price.output_price)
