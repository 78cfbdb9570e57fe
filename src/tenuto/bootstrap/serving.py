"""From settings to a server: an open database, the workflows it offers, and the application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Unpack

from tenuto.adapters.memory import MemoryLedger
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.settings import Settings
from tenuto.sdk.workflow import Workflow
from tenuto.server.principal import NoLogin
from tenuto.server.service import Offered, Service
from tenuto.server.streaming.hub import Hub


@asynccontextmanager
async def open_service(
    url: str | None, offered: Sequence[LoadedWorkflow], **settings: Unpack[Settings]
) -> AsyncIterator[Service]:
    """Give the parts of a server over the database at `url`, and close them with grace.

    Raises:
        Rejected, StoreOwned, StoreUnavailable, CorruptLog: as `tenuto.open`.
    """
    import tenuto

    known = [found.workflow for found in offered if isinstance(found.workflow, Workflow)]
    settings["workflows"] = known
    async with open_runtime(url, **settings) as runtime:
        service = Service(
            runtime=runtime,
            ledger=MemoryLedger(),
            clock=SystemClock(),
            authenticator=NoLogin(),
            offered={
                found.name: Offered(
                    workflow=found.workflow,
                    definition=found.definition,
                    description=found.description,
                )
                for found in offered
            },
            version=tenuto.__version__,
            hub=Hub(runtime),
        )
        try:
            yield service
        finally:
            service.closing = True
            service.hub.stop()
