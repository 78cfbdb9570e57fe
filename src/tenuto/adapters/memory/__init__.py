"""Event store, artifacts and memory of agents in a process; may import core and ports.

For `memory://` and simulation. No thread, no clock, no chance: the same calls in the same order
give the same answers in the same order."""

from tenuto.adapters.memory.allowances import MemoryAllowances
from tenuto.adapters.memory.answers import MemoryAnswers
from tenuto.adapters.memory.artifacts import MemoryArtifacts
from tenuto.adapters.memory.deliveries import MemoryDeliveries
from tenuto.adapters.memory.ledger import MemoryLedger
from tenuto.adapters.memory.memories import VolatileMemory
from tenuto.adapters.memory.pieces import MemoryPieces
from tenuto.adapters.memory.pool_calls import MemoryCalls
from tenuto.adapters.memory.read_models import MemoryReadModels
from tenuto.adapters.memory.responses import MemoryResponses
from tenuto.adapters.memory.store import MemoryEventStore

__all__ = [
    "MemoryAllowances",
    "MemoryAnswers",
    "MemoryArtifacts",
    "MemoryCalls",
    "MemoryDeliveries",
    "MemoryEventStore",
    "MemoryLedger",
    "MemoryPieces",
    "MemoryReadModels",
    "MemoryResponses",
    "VolatileMemory",
]
