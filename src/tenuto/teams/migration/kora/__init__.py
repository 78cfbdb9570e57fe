"""KORA: proof that a target behaves as its source does. May import the plan, the schema, the port
to databases, and what the mover makes of rows.

Its parts are loaded when they are asked for: they need libraries of the extra `migration`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenuto.teams.migration.kora.findings import Check as Check
    from tenuto.teams.migration.kora.findings import Difference as Difference
    from tenuto.teams.migration.kora.verification import Verification as Verification
    from tenuto.teams.migration.kora.verification import verify as verify
    from tenuto.teams.migration.kora.workload.given import workload_from as workload_from

_PLACES: Final = {
    "Check": "findings",
    "Difference": "findings",
    "Verification": "verification",
    "verify": "verification",
    "workload_from": "workload.given",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
