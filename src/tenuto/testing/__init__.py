"""The kit for testing teams, shipped to users; may import all but the cli and bootstrap."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

__all__ = [
    "FakeClock",
    "FakeIds",
    "Faults",
    "MockLLM",
    "Pause",
    "SimulationReport",
    "calls",
    "simulate",
    "simulate_random",
]

# Where each name lives. Loaded when asked for: the simulation alone pulls in half of the product.
_HOME = {
    "FakeClock": "tenuto.testing.clock",
    "FakeIds": "tenuto.testing.ids",
    "Faults": "tenuto.testing.simulation",
    "MockLLM": "tenuto.testing.model",
    "Pause": "tenuto.testing.model",
    "SimulationReport": "tenuto.testing.simulation",
    "calls": "tenuto.testing.model",
    "simulate": "tenuto.testing.simulation",
    "simulate_random": "tenuto.testing.simulation",
}

if TYPE_CHECKING:
    from tenuto.testing.clock import FakeClock as FakeClock
    from tenuto.testing.ids import FakeIds as FakeIds
    from tenuto.testing.model import MockLLM as MockLLM
    from tenuto.testing.model import Pause as Pause
    from tenuto.testing.model import calls as calls
    from tenuto.testing.simulation import Faults as Faults
    from tenuto.testing.simulation import SimulationReport as SimulationReport
    from tenuto.testing.simulation import simulate as simulate
    from tenuto.testing.simulation import simulate_random as simulate_random
else:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module 'tenuto.testing' has no attribute {name!r}")
        value = getattr(_import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
