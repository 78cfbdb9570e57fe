"""Guard functions that stand for other products."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from tenuto.core.agent.guards import GuardContext, Verdict
from tenuto.core.vocabulary import Json


def nemo_rails(folder: str | Path) -> Callable[[Json, GuardContext], Awaitable[Verdict]]:
    """Return a guard function that asks the rails of NeMo Guardrails in a folder.

    Input rails are asked at all borders but `after_model` and `output`, where output rails are.
    Rails that ask a model of their own do so beside the budgets and records of Tenuto.

    Example:
        guard = Guard.function("rails", at=["input", "output"])
        tenuto.open(code={"rails": tenuto.nemo_rails("rails/")}, guards=[guard])
    """
    from tenuto.adapters.nemo import NemoRails

    return NemoRails(folder)
