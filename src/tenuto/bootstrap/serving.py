"""From settings to a server: an open database, the workflows it offers, and the application."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Unpack

from tenuto.adapters.system import SystemClock
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.bootstrap.accounts import accounts_over
from tenuto.bootstrap.collections import narrow_collection, open_collection
from tenuto.bootstrap.fencing import commit_times_of, fences_of, webhooks_of
from tenuto.bootstrap.finding import LoadedWorkflow, read_agent_text, read_text
from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.settings import Settings
from tenuto.bootstrap.shelves import shelves_beside
from tenuto.core.retention import Retention
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.event_store import EventStore
from tenuto.ports.shelves import Shelves
from tenuto.sdk.runtime import Runtime
from tenuto.sdk.workflow import Workflow
from tenuto.server.accounts.oidc.flow import Flow
from tenuto.server.accounts.oidc.provider import Provider
from tenuto.server.accounts.showing import Shown
from tenuto.server.copies import Copies
from tenuto.server.fences import Fencing
from tenuto.server.library import Library
from tenuto.server.metrics import Metrics
from tenuto.server.principal import NoLogin
from tenuto.server.recaps import Recaps
from tenuto.server.registry.allowed import AllowedCode
from tenuto.server.registry.documents import Documents
from tenuto.server.registry.offered import Offered, Parts
from tenuto.server.registry.registry import Registry
from tenuto.server.retention import Keeper
from tenuto.server.secrets import SecretKeys, Secrets
from tenuto.server.service import Service
from tenuto.server.sharing import Shared
from tenuto.server.streaming.hub import Hub
from tenuto.server.surveying import Surveyor

_log: Final = logging.getLogger("tenuto.server")


class Serving(Settings, total=False):
    """How a database is opened and served."""

    allow_code: Sequence[str]
    """Modules whose functions and tools workflows from outside may name."""
    fencing: Fencing | None
    """From where and how much may be asked; None: as by default."""
    login: bool
    """False: everybody is an admin. True by default."""
    retention: Retention
    """How long sessions that have ended are kept; for ever by default."""
    providers: Sequence[Provider]
    """Of OpenID Connect, to log in at."""


@asynccontextmanager
async def open_service(
    url: str | None, offered: Sequence[LoadedWorkflow], **serving: Unpack[Serving]
) -> AsyncIterator[Service]:
    """Give the parts of a server over the database at `url`, and close them with grace.

    Raises:
        Rejected, StoreOwned, StoreUnavailable, CorruptLog: as `tenuto.open`.
    """
    given = _Given(
        offered,
        allowed=AllowedCode(serving.pop("allow_code", ())),
        fencing=serving.pop("fencing", None) or Fencing(),
        login=serving.pop("login", True),
        providers=serving.pop("providers", ()),
    )
    retention = serving.pop("retention", Retention())
    settings: Settings = serving
    settings["workflows"] = given.workflows()
    settings["provider_keys"] = given.keys
    settings["read_models"] = True
    place = place_of(url)
    opening = open_runtime(url, **settings)
    async with opening as runtime:
        with shelves_beside(place, opening.shelves) as shelves:
            service = given.service(runtime, opening.store, place=place, shelves=shelves)
            if opening.beside is not None:
                fences = service.fences
                fences.allowances = opening.beside.allowances(fences.allowances)
            await service.webhooks.start(runtime.duties)
            if isinstance(opening.store, LastingStore) and opening.store.unheld:
                _log.warning("%s", opening.store.unheld)
            keeper = Keeper(runtime, retention)
            keeper.start(runtime.duties)
            assert runtime.lists is not None, "an open database has lists"
            # Of a large file this takes seconds, once; lists are only slower until then.
            preparing = asyncio.create_task(runtime.lists.prepare())
            try:
                yield service
            finally:
                service.closing = True
                await keeper.close()
                preparing.cancel()
                await asyncio.gather(preparing, return_exceptions=True)
                service.hub.stop()
                await service.verifying.close()
                await service.rebuilding.close()
                await service.webhooks.close()
                await service.providers.close()
                await service.accounts.close()


async def api_description() -> dict[str, Any]:
    """Return the OpenAPI description of the server's routes."""
    # What a server without routes needs not load.
    from tenuto.server.app import routed
    from tenuto.server.description import describe

    async with open_service("memory://", []) as service:
        return describe(routed(service))


class _Given:
    """What a server is made of, before the database is open."""

    def __init__(
        self,
        offered: Sequence[LoadedWorkflow],
        *,
        allowed: AllowedCode,
        fencing: Fencing,
        login: bool,
        providers: Sequence[Provider],
    ) -> None:
        self._offered, self._allowed, self._fencing = offered, allowed, fencing
        self._login, self._providers = login, providers
        self.keys = SecretKeys()
        for found in offered:
            code = found.workflow.code if isinstance(found.workflow, Workflow) else {}
            allowed.allow(found.definition, code)

    def workflows(self) -> list[Workflow | WorkflowDefinition]:
        """Return those whose sessions of earlier processes are to go on."""
        return [one.workflow for one in self._offered]

    def service(
        self, runtime: Runtime, store: EventStore, *, place: Place, shelves: Shelves
    ) -> Service:
        """Return the parts over an open database; what is uploaded goes onto the shelves."""
        ledger, clock = runtime.ledger, SystemClock()
        assert ledger is not None, "an open database has a ledger"
        assert runtime.audit is not None, "an open database has an audit trail"
        library = Library(ledger, shelves, open_collection=open_collection)
        accounts = accounts_over(ledger, clock, place)
        accounts.directory.has_others = lambda: runtime.duties.has_others
        fences = fences_of(store, place, self._fencing)
        secrets = Secrets(ledger, fences.safe)
        self.keys.use(secrets)
        parts = Parts(
            ledger=ledger,
            clock=clock,
            offered=self._offers(),
            read=partial(read_text, sent=True),
            read_agent=read_agent_text,
            allowed=self._allowed,
            documents=Documents(library, ledger, narrow=narrow_collection),
        )
        return Service(
            runtime=runtime,
            ledger=ledger,
            clock=clock,
            authenticator=Shown(accounts) if self._login else NoLogin(),
            accounts=accounts,
            providers=Flow(self._providers, accounts.tokens.keys, clock),
            offered=parts.offered,
            library=library,
            copies=Copies(ledger),
            recaps=Recaps(),
            registry=Registry(parts),
            version=version("tenuto"),
            fences=fences,
            secrets=secrets,
            hub=Hub(runtime),
            metrics=Metrics(version("tenuto"), commit_times_of(store)),
            surveyor=Surveyor(runtime, parts.offered),
            webhooks=webhooks_of(store, ledger, fences),
            verifying=Shared(partial(runtime.audit.verify, sessions=False)),
            rebuilding=Shared(runtime.read_models.rebuild),
            database=place.kind,
        )

    def _offers(self) -> dict[str, Offered]:
        return {
            found.name: Offered(
                workflow=found.workflow,
                definition=found.definition,
                description=found.description,
            )
            for found in self._offered
        }
