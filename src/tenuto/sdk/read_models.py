"""The read models as users see them: rows of tables that are kept from events."""

import asyncio
from collections.abc import Mapping
from typing import TypedDict, Unpack

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.tables import Row, Table, Value
from tenuto.ports.event_store import EventStore
from tenuto.ports.read_models import (
    AgentQuery,
    AgentWork,
    By,
    RowQuery,
    UsageQuery,
    UsageSum,
)
from tenuto.runtime.log_end import end_of_log
from tenuto.runtime.projecting import Projector


class Which(TypedDict, total=False):
    """Which rows are asked for."""

    tenant: str | None
    where: Mapping[str, Value]
    oldest_first: bool
    after: tuple[str, ...]
    limit: int


class Within(TypedDict, total=False):
    """Which days are summed up, and how many groups are given."""

    since: str
    until: str
    agent: str
    workflows: tuple[str, ...] | None
    limit: int


class OfAgent(TypedDict, total=False):
    """Which work of an agent is looked at."""

    workflows: tuple[str, ...] | None
    since: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the tables are, in positions of the log."""

    position: int
    """Of the last event that they have taken in."""
    end: int
    """Of the last event in the log."""

    @property
    def behind(self) -> int:
        """Return how many events are still to be taken in."""
        return self.end - self.position


class ReadModels:
    """A handle on the tables of one database: `Runtime.read_models`.

    They are kept while the database is open with `read_models=True`, and stay as they are else.

    Example:
        async with tenuto.open("sqlite:///tenuto.db", read_models=True) as runtime:
            session = await runtime.start(flow, {"text": "hello"})
            await session.result()
            await runtime.read_models.wait()
            tasks = await runtime.read_models.rows("agent_tasks", where={"session_id": session.id})
    """

    def __init__(self, store: EventStore, projector: Projector, *, is_kept: bool) -> None:
        self._store, self._projector, self._is_kept = store, projector, is_kept

    async def rows(self, table: Table, **which: Unpack[Which]) -> tuple[Row, ...]:
        """Return rows of a table, newest first, at most 1,000.

        Args:
            tenant: only of this one; None: of all.
            where: column to the value that it must have; None: it has none.
            oldest_first: the other way round.
            after: go on behind the row with this key, as the last one of an earlier page: its id,
                and for agents and their memory its tenant and its id.
            limit: how many at most; 100 by default.

        Raises:
            Rejected: there is no such table or column, or memory is asked for without a tenant.
            NotFound: there is no row `after`.
        """
        return await self._projector.models.rows(RowQuery(table=table, **which))

    async def usage(
        self, tenant: str | None = "local", *, by: By | None = None, **within: Unpack[Within]
    ) -> tuple[UsageSum, ...]:
        """Return what a tenant used, by group those that cost most first, days the last first.

        Args:
            tenant: None: all tenants together.
            by: what makes a group; None: all in one sum, which is none where nothing was used.
            since: first day, as `2026-01-31`, in UTC.
            until: last day.
            agent: only of the agent of this name.
            workflows: only in sessions of these, by name.
            limit: how many groups at most; 1,000 by default.
        """
        return await self._projector.models.usage(UsageQuery(tenant=tenant, by=by, **within))

    async def work(self, agent: str, tenant: str = "local", **which: Unpack[OfAgent]) -> AgentWork:
        """Return what an agent does now, and how its tasks ended and how long they took.

        Args:
            workflows: only in sessions of these, by name.
            since: first day on which they ended, as `2026-01-31`, in UTC.
        """
        return await self._projector.models.work(AgentQuery(tenant=tenant, agent=agent, **which))

    async def progress(self) -> Progress:
        """Return how far the tables are."""
        reached = await self._projector.models.reached()
        end = await end_of_log(self._store, after=reached.position)
        return Progress(position=reached.position, end=end)

    async def wait(self, position: int | None = None, *, timeout: float | None = None) -> None:
        """Return once the tables have taken in the event at `position`; None: the last one now.

        So who has changed something can read it in the tables. `timeout` is in seconds.

        Raises:
            Rejected: they are not kept here, and would not move.
            TimeoutError: they had not come so far.
        """
        if not self._is_kept:
            raise Rejected("The tables are not kept here; open it with read_models=True.")
        async with asyncio.timeout(timeout):
            if position is None:
                reached = await self._projector.models.reached()
                position = await end_of_log(self._store, after=reached.position)
            await self._projector.wait_for(position)

    async def rebuild(self) -> Progress:
        """Make the tables again from the log; return how far they are."""
        reached = await self._projector.rebuild()
        return Progress(position=reached.position, end=reached.position)

    async def catch_up(self) -> Progress:
        """Take in what is in the log by now, where they are not kept all the time."""
        reached = await self._projector.catch_up()
        return Progress(position=reached.position, end=reached.position)
