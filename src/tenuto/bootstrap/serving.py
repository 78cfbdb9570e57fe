"""From settings to a server: an open database, the workflows it offers, and the application."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Unpack

from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.accounts import accounts_over
from tenuto.bootstrap.collections import (
    add_collection,
    narrow_collection,
    open_collection,
)
from tenuto.bootstrap.fencing import fences_of, webhooks_of
from tenuto.bootstrap.finding import LoadedWorkflow, read_agent_text, read_text
from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import place_of
from tenuto.bootstrap.settings import Settings
from tenuto.sdk.workflow import Workflow
from tenuto.server.accounts.oidc.flow import Flow
from tenuto.server.accounts.oidc.provider import Provider
from tenuto.server.accounts.showing import Shown
from tenuto.server.fences import Fencing
from tenuto.server.library import Library
from tenuto.server.metrics import Metrics
from tenuto.server.principal import NoLogin
from tenuto.server.registry.allowed import AllowedCode
from tenuto.server.registry.documents import Documents
from tenuto.server.registry.offered import Offered, Parts
from tenuto.server.registry.registry import Registry
from tenuto.server.secrets import SecretKeys, Secrets
from tenuto.server.service import Service
from tenuto.server.streaming.hub import Hub


class Serving(Settings, total=False):
    """How a database is opened and served."""

    allow_code: Sequence[str]
    """Modules whose functions and tools workflows from outside may name."""
    fencing: Fencing | None
    """From where and how much may be asked; None: as by default."""
    login: bool
    """False: everybody is an admin. True by default."""
    providers: Sequence[Provider]
    """Of OpenID Connect, to log in at."""


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
    url: str | None, offered: Sequence[LoadedWorkflow], **serving: Unpack[Serving]
) -> AsyncIterator[Service]:
    """Give the parts of a server over the database at `url`, and close them with grace.

    Raises:
        Rejected, StoreOwned, StoreUnavailable, CorruptLog: as `tenuto.open`.
    """
    import tenuto

    fencing = serving.pop("fencing", None) or Fencing()
    login, providers = serving.pop("login", True), serving.pop("providers", ())
    allowed = AllowedCode(serving.pop("allow_code", ()))
    settings: Settings = serving
    known = [found.workflow for found in offered if isinstance(found.workflow, Workflow)]
    settings["workflows"] = known
    for found in offered:
        code = found.workflow.code if isinstance(found.workflow, Workflow) else {}
        allowed.allow(found.definition, code)
    offers = {
        found.name: Offered(
            workflow=found.workflow,
            definition=found.definition,
            description=found.description,
        )
        for found in offered
    }
    keys = SecretKeys()
    settings["provider_keys"] = keys
    with _folder_beside(url) as place:
        opening = open_runtime(url, **settings)
        async with opening as runtime:
            ledger, clock = runtime.ledger, SystemClock()
            assert ledger is not None, "an open database has a ledger"
            library = Library(ledger, place, add=add_collection, open_collection=open_collection)
            parts = Parts(
                ledger=ledger,
                clock=clock,
                offered=offers,
                read=read_text,
                read_agent=read_agent_text,
                allowed=allowed,
                documents=Documents(library, ledger, narrow=narrow_collection),
            )
            accounts = accounts_over(ledger, clock, place_of(url))
            flow = Flow(providers, accounts.tokens.keys, clock)
            fences = fences_of(opening.store, place_of(url), fencing)
            secrets = Secrets(ledger, fences.safe)
            keys.use(secrets)
            service = Service(
                runtime=runtime,
                ledger=ledger,
                clock=clock,
                authenticator=Shown(accounts) if login else NoLogin(),
                accounts=accounts,
                providers=flow,
                offered=offers,
                library=library,
                registry=Registry(parts, runtime),
                version=tenuto.__version__,
                fences=fences,
                secrets=secrets,
                hub=Hub(runtime),
                metrics=Metrics(tenuto.__version__),
                webhooks=webhooks_of(opening.store, ledger, fences),
            )
            await service.webhooks.start()
            try:
                yield service
            finally:
                service.closing = True
                service.hub.stop()
                await flow.close()
                await accounts.close()
                await service.webhooks.close()
