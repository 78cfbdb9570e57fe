"""The kit for testing teams, shipped to users; may import all but the cli and bootstrap."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

__all__ = [
    "AgentTestCase",
    "Cassette",
    "Exchange",
    "FakeClock",
    "FakeIds",
    "FakeToolSource",
    "Faults",
    "MockLLM",
    "NotRecorded",
    "Pause",
    "SimulationReport",
    "Transcript",
    "calls",
    "crash_after",
    "crash_points",
    "load_cassette",
    "play",
    "record",
    "simulate",
    "simulate_random",
    "transcript_of",
]

# Where each name lives. Loaded when asked for: the simulation alone pulls in half of the product.
_HOME = {
    "AgentTestCase": "tenuto.testing.case",
    "Cassette": "tenuto.testing.cassette",
    "Exchange": "tenuto.testing.recording",
    "FakeClock": "tenuto.testing.clock",
    "FakeIds": "tenuto.testing.ids",
    "FakeToolSource": "tenuto.testing.tools",
    "Faults": "tenuto.testing.simulation",
    "MockLLM": "tenuto.testing.model",
    "NotRecorded": "tenuto.testing.recorded_tools",
    "Pause": "tenuto.testing.model",
    "SimulationReport": "tenuto.testing.simulation",
    "Transcript": "tenuto.testing.transcript",
    "calls": "tenuto.testing.model",
    "crash_after": "tenuto.testing.crashing",
    "crash_points": "tenuto.testing.crashing",
    "load_cassette": "tenuto.testing.cassette",
    "play": "tenuto.testing.playing",
    "record": "tenuto.testing.cassette",
    "simulate": "tenuto.testing.simulation",
    "simulate_random": "tenuto.testing.simulation",
    "transcript_of": "tenuto.testing.transcript",
}

if TYPE_CHECKING:
    from tenuto.testing.case import AgentTestCase as AgentTestCase
    from tenuto.testing.cassette import Cassette as Cassette
    from tenuto.testing.cassette import load_cassette as load_cassette
    from tenuto.testing.cassette import record as record
    from tenuto.testing.clock import FakeClock as FakeClock
    from tenuto.testing.crashing import crash_after as crash_after
    from tenuto.testing.crashing import crash_points as crash_points
    from tenuto.testing.ids import FakeIds as FakeIds
    from tenuto.testing.model import MockLLM as MockLLM
    from tenuto.testing.model import Pause as Pause
    from tenuto.testing.model import calls as calls
    from tenuto.testing.playing import play as play
    from tenuto.testing.recorded_tools import NotRecorded as NotRecorded
    from tenuto.testing.recording import Exchange as Exchange
    from tenuto.testing.simulation import Faults as Faults
    from tenuto.testing.simulation import SimulationReport as SimulationReport
    from tenuto.testing.simulation import simulate as simulate
    from tenuto.testing.simulation import simulate_random as simulate_random
    from tenuto.testing.tools import FakeToolSource as FakeToolSource
    from tenuto.testing.transcript import Transcript as Transcript
    from tenuto.testing.transcript import transcript_of as transcript_of
else:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module 'tenuto.testing' has no attribute {name!r}")
        value = getattr(_import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
