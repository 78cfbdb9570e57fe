"""From settings to a server: an open database, the workflows it offers, and the application."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Unpack

from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.accounts import accounts_over, ledger_of
from tenuto.bootstrap.collections import add_collection, open_collection
from tenuto.bootstrap.fencing import fences_of
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import place_of
from tenuto.bootstrap.settings import Settings
from tenuto.sdk.workflow import Workflow
from tenuto.server.accounts.oidc.flow import Flow
from tenuto.server.accounts.oidc.provider import Provider
from tenuto.server.accounts.showing import Shown
from tenuto.server.library import Library
from tenuto.server.principal import NoLogin
from tenuto.server.service import Offered, Service

DOCUMENTS: Final = ".documents"
"""What the folder of uploaded documents is called, after the name of the database's file."""


@contextmanager
def _folder_beside(url: str | None) -> Iterator[Path]:
    """Give the folder for what is uploaded: beside the file, or for as long as this process."""
    place = place_of(url)
    if place.kind == "sqlite":
        yield Path(place.path + DOCUMENTS).absolute()
        return
    with TemporaryDirectory(prefix="tenuto-") as folder:
        yield Path(folder)


@asynccontextmanager
async def open_service(
    url: str | None,
    offered: Sequence[LoadedWorkflow],
    *,
    login: bool = True,
    providers: Sequence[Provider] = (),
    **settings: Unpack[Settings],
) -> AsyncIterator[Service]:
    """Give the parts of a server over the database at `url`, and close them with grace. Without
    `login` everybody is an admin; `providers` are those of OpenID Connect.

    Raises:
        Rejected, StoreOwned, StoreUnavailable, CorruptLog: as `tenuto.open`.
    """
    import tenuto

    known = [found.workflow for found in offered if isinstance(found.workflow, Workflow)]
    settings["workflows"] = known
    with _folder_beside(url) as place:
        opening = open_runtime(url, **settings)
        async with opening as runtime:
            ledger, clock = ledger_of(opening.store), SystemClock()
            accounts = accounts_over(ledger, clock, place_of(url))
            flow = Flow(providers, accounts.tokens.keys, clock)
            service = Service(
                runtime=runtime,
                ledger=ledger,
                clock=clock,
                authenticator=Shown(accounts) if login else NoLogin(),
                accounts=accounts,
                providers=flow,
                offered={
                    found.name: Offered(
                        workflow=found.workflow,
                        definition=found.definition,
                        description=found.description,
                    )
                    for found in offered
                },
                library=Library(ledger, place, add=add_collection, open_collection=open_collection),
                version=tenuto.__version__,
                fences=fences_of(opening.store, place_of(url)),
            )
            try:
                yield service
            finally:
                service.closing = True
                await flow.close()
                await accounts.close()
