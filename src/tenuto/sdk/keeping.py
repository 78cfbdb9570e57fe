"""What a database keeps beside the sessions: memory, answers, the ledger, tables."""

from collections.abc import Sequence

from tenuto.core.errors import Rejected
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import SessionLists
from tenuto.ports.ledger import Ledger
from tenuto.ports.pruning import PruneQuery
from tenuto.ports.responses import Responses, Reused
from tenuto.runtime.pruning import Pruned, Pruner
from tenuto.runtime.remembering import Rememberer
from tenuto.sdk.audit import AuditTrail
from tenuto.sdk.memory import Memories
from tenuto.sdk.models import Models
from tenuto.sdk.read_models import ReadModels


class Keeping:
    """The parts of an open database that are no sessions; set by who composes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rememberer: Rememberer | None = None
        self.responses: Responses | None = None
        """Answers of models that are kept to be given again."""
        self.models: Models | None = None
        """Providers and routes, and how they do."""
        self.ledger: Ledger | None = None
        """What people and programs did, and the records that follow from it."""
        self.audit: AuditTrail | None = None
        """Whether the ledger and the log are as they were written."""
        self.tables: ReadModels | None = None
        self.lists: SessionLists | None = None
        """For who shows long lists of sessions: see `SessionLists.prepare`."""
        self.pruner: Pruner | None = None
        """Deletes sessions that ended long ago; None: the store cannot."""

    @property
    def read_models(self) -> ReadModels:
        """Return a handle on the tables that are kept from events; see the guide to read models.

        Raises:
            Rejected: this runtime has none.
        """
        if self.tables is None:
            raise Rejected("This runtime was put together without read models.")
        return self.tables

    def memory(self, *, tenant: str = "local") -> Memories:
        """Return a handle on what the tenant's agents remember.

        Raises:
            Rejected: this runtime keeps no memory.
        """
        if self.rememberer is None:
            raise Rejected("This runtime keeps no memory; open it with tenuto.open.")
        return Memories(self.rememberer, tenant)

    async def cached(self, tenant: str | None = None) -> tuple[Reused, ...]:
        """Return how many answers the cache holds for each tenant and agent, how often they were
        given again, and what that saved."""
        return await self._responses().statistics(tenant)

    async def forget_cached(
        self, tenant: str | None = None, *, older_than: float | None = None
    ) -> int:
        """Return how many answers were thrown out of the cache.

        Args:
            tenant: only its own; None: those of all tenants.
            older_than: seconds; only those that are older.
        """
        before_ms = None
        if older_than is not None:
            before_ms = self._clock.now_ms() - round(older_than * 1000)
        return await self._responses().forget(tenant, before_ms=before_ms)

    async def prune(
        self,
        *,
        older_than: float,
        tenant: str | None = None,
        but: Sequence[str] = (),
        dry_run: bool = False,
        actor: str = "system",
    ) -> Pruned:
        """Delete the sessions that ended long ago, with their events; return how many.

        A session stays while a fork of it is there, or the session that started it. The ledger
        says before what is deleted, and for whom; its own entries stay.

        Args:
            older_than: seconds since they ended.
            tenant: only its own; None: those of all tenants, `but` these.
            dry_run: look only; what stands on others is not counted.
            actor: who the ledger says it was.

        Raises:
            Rejected: the store keeps nothing that could be deleted.
        """
        if self.pruner is None:
            raise Rejected("What is in memory alone goes when the process ends: nothing to prune.")
        query = PruneQuery(
            ended_before_ms=self._clock.now_ms() - round(older_than * 1000),
            tenant=tenant,
            but=tuple(but),
        )
        return await (self.pruner.look(query) if dry_run else self.pruner.prune(query, actor=actor))

    def _responses(self) -> Responses:
        if self.responses is None:
            raise Rejected("This runtime was put together without a cache of answers.")
        return self.responses
