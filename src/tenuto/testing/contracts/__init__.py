"""Suites that every adapter of a port must pass; may import the standard library, core and ports.

Subclass a suite in a module of tests, say how to open the adapter, and let pytest collect it:

    class TestMyStore(EventStoreContract):
        async def open_store(self) -> EventStore:
            return await MyStore.open(...)
"""

from tenuto.testing.contracts.allowances import AllowancesContract
from tenuto.testing.contracts.answers import AnswersContract
from tenuto.testing.contracts.artifacts import ArtifactsContract
from tenuto.testing.contracts.collections import CollectionContract
from tenuto.testing.contracts.deliveries import DeliveriesContract
from tenuto.testing.contracts.embedder import EmbedderContract
from tenuto.testing.contracts.event_store import EventStoreContract
from tenuto.testing.contracts.ledger import LedgerContract
from tenuto.testing.contracts.memory import MemoryContract
from tenuto.testing.contracts.pieces import PiecesContract
from tenuto.testing.contracts.pool_calls import (
    PoolCallsContract,
    PoolGivenBackContract,
    PoolLimitsContract,
)
from tenuto.testing.contracts.pruning import PruningContract
from tenuto.testing.contracts.read_models import ReadModelsContract
from tenuto.testing.contracts.responses import ResponsesContract
from tenuto.testing.contracts.sandbox import ProgramSandboxContract, SnippetSandboxContract
from tenuto.testing.contracts.signals import SignalsContract
from tenuto.testing.contracts.tool_source import ToolSourceContract

__all__ = [
    "AllowancesContract",
    "AnswersContract",
    "ArtifactsContract",
    "CollectionContract",
    "DeliveriesContract",
    "EmbedderContract",
    "EventStoreContract",
    "LedgerContract",
    "MemoryContract",
    "PiecesContract",
    "PoolCallsContract",
    "PoolGivenBackContract",
    "PoolLimitsContract",
    "ProgramSandboxContract",
    "PruningContract",
    "ReadModelsContract",
    "ResponsesContract",
    "SignalsContract",
    "SnippetSandboxContract",
    "ToolSourceContract",
]
