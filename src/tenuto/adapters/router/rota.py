"""Whose turn it is among the models of a route."""

from collections.abc import Sequence

from tenuto.core.agent.routes import RouteModel


class Rota:
    """Gives each model its share, evenly spread: with weights 2 and 1 it is a, b, a, a, b, a.

    Each round every model's credit grows by its weight, and the one with most credit is asked and
    pays the sum of the weights. Only models that can be asked take part, so what one that rests
    would have got is shared out among the others. No chance is involved.
    Source: smooth weighted round-robin, as nginx's upstream module has it."""

    def __init__(self) -> None:
        self._credit: dict[str, float] = {}

    def ordered(self, parts: Sequence[RouteModel]) -> list[RouteModel]:
        """Return the models with the one whose turn it is first, then by credit; those without
        weight last."""
        sharing = [part for part in parts if part.weight > 0]
        rest = [part for part in parts if part.weight <= 0]
        if not sharing:
            return rest
        credit = self._credit
        for part in sharing:
            credit[part.model] = credit.get(part.model, 0.0) + part.weight
        sharing.sort(key=lambda part: -credit[part.model])
        credit[sharing[0].model] -= sum(part.weight for part in sharing)
        return sharing + rest
