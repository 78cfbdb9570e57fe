"""What the routes work with: the parts of an open database, and who may have which of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import JsonObject, SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import Head
from tenuto.ports.ledger import Change, Entry, Ledger, Source
from tenuto.runtime.verifying.verifier import Verified
from tenuto.sdk.looking import Look
from tenuto.sdk.read_models import Progress
from tenuto.sdk.runtime import Runtime
from tenuto.sdk.session import Session
from tenuto.server.accounts.accounts import Accounts
from tenuto.server.accounts.oidc.flow import Flow
from tenuto.server.copies import Copies
from tenuto.server.fences import Fences
from tenuto.server.library import Library
from tenuto.server.metrics import Metrics
from tenuto.server.principal import Authenticator, Principal
from tenuto.server.recaps import Recaps
from tenuto.server.registry.offered import Offered as Offered
from tenuto.server.registry.registry import Registry
from tenuto.server.secrets import Secrets
from tenuto.server.sharing import Shared
from tenuto.server.streaming.hub import Hub
from tenuto.server.surveying import Surveyor
from tenuto.server.webhooks.webhooks import Webhooks


class Service(msgspec.Struct, kw_only=True):
    """The parts that routes use."""

    runtime: Runtime
    ledger: Ledger
    clock: Clock
    authenticator: Authenticator
    accounts: Accounts
    providers: Flow
    offered: Mapping[str, Offered]
    registry: Registry
    library: Library
    copies: Copies
    recaps: Recaps
    version: str
    fences: Fences
    hub: Hub
    secrets: Secrets
    webhooks: Webhooks
    metrics: Metrics
    surveyor: Surveyor
    verifying: Shared[Verified]
    """Looks at all of the audit log, without folding sessions."""
    rebuilding: Shared[Progress]
    """Makes the tables of the read models anew."""
    database: str
    """What kind of database it is: `sqlite` or `memory`."""
    closing: bool = False

    async def session(self, principal: Principal, id: str) -> tuple[Session, Head]:
        """Return a handle on a session of the principal's organisation, and its head.

        Raises:
            NotFound: there is none with that id; of another organisation neither (P7).
        """
        session = self.runtime.session(id)
        head = await session.head()
        if head.tenant != principal.organisation:
            raise NotFound(what="session", name=id)
        return session, head

    async def look(self, principal: Principal, id: str) -> Look:
        """Return a session of the principal's organisation as it is now, to be read at once.

        Raises:
            NotFound: there is none with that id; of another organisation neither (P7).
        """
        look = await self.runtime.looks.at(SessionId(id))
        if look.head.tenant != principal.organisation:
            raise NotFound(what="session", name=id)
        return look

    async def enter(
        self,
        principal: Principal,
        action: str,
        target: tuple[str, str],
        *,
        source: Source,
        detail: JsonObject | None = None,
    ) -> Entry:
        """Return the ledger's entry of an action that was taken on `target`, (kind, id)."""
        change = self.change(principal, action, target, source=source, detail=detail)
        (entry,) = await self.ledger.append([change])
        return entry

    def change(
        self,
        principal: Principal,
        action: str,
        target: tuple[str, str],
        *,
        source: Source,
        detail: JsonObject | None = None,
    ) -> Change:
        """Return what is to be entered of an action on `target`, (kind, id)."""
        return Change(
            at_ms=self.clock.now_ms(),
            tenant=principal.organisation,
            actor=principal.actor,
            action=action,
            kind=target[0],
            target=target[1],
            source=source,
            detail=detail or {},
        )


Given: TypeAlias = NamedDependency[SkipValidation[Service]]
"""The service, as handlers take it."""
