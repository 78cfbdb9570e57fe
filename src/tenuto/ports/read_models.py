"""Read models: tables kept from events, for people and programs that ask with SQL.

They hold nothing that the log does not. What a batch of events changes and how far the log has been
read are written together, so each event counts once, whatever crashes.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from tenuto.core.errors import Rejected, TenutoError
from tenuto.core.tables import COLUMNS, Change, Row, Table, Value

PAGE_MAX = 1_000


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far the tables are."""

    position: int = 0
    """Of the last event in the log of sessions that they have taken in; 0: none, or not all of the
    log up to now."""
    entry: int = 0
    """Number of the last entry of the ledger that they have taken in."""


class Elsewhere(TenutoError):
    """The tables are not where their writer thought; nothing was changed. Begin again from where
    they are."""

    def __init__(self, *, before: Reached, found: Reached) -> None:
        self.before, self.found = before, found
        super().__init__(
            f"The read models are at {_told(found)}, not at {_told(before)}: another process "
            "writes them; go on from there."
        )


def _told(reached: Reached) -> str:
    return f"position {reached.position} and entry {reached.entry}"


class RowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows to list, newest first."""

    table: Table
    tenant: str | None = None
    where: Mapping[str, Value] = {}
    """Column to the value that it must have; None: it has none."""
    oldest_first: bool = False
    after: tuple[str, ...] = ()
    """Page: only rows listed after the one with this key; see `core.tables.KEYS`."""
    limit: int = 100

    def check(self) -> None:
        """Return when it can be answered.

        Raises:
            Rejected: there is no such table or column, or memory is asked for without a tenant.
        """
        if self.table not in COLUMNS:
            raise Rejected(f"There is no table {self.table!r}; there are {', '.join(COLUMNS)}.")
        if self.table == "agent_memory" and self.tenant is None:
            raise Rejected("What agents remember is listed for one tenant: name it.")
        for column in self.where:
            if column not in COLUMNS[self.table]:
                known = ", ".join(COLUMNS[self.table])
                raise Rejected(f"Table {self.table} has no column {column!r}; it has {known}.")


By: TypeAlias = Literal["agent", "model", "user", "workflow", "day"]

GROUPS: Final[dict[By, str]] = {
    "agent": "agent_id",
    "model": "model",
    "user": "user_id",
    "workflow": "workflow",
    "day": "day",
}
"""Of a group, the column that tells it."""


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose usage to sum up, and by what."""

    tenant: str | None
    """None: of all tenants."""
    by: By | None = None
    """None: all in one sum."""
    since: str = ""
    """First day, as `2026-01-31`, in UTC; empty: from the beginning."""
    until: str = ""
    """Last day; empty: until now."""
    agent: str = ""
    """Only of the agent of this name; empty: of all."""
    workflows: tuple[str, ...] | None = None
    """Only in sessions of these workflows, by name; None: of all."""
    limit: int = 1_000
    """Sums: those that cost most; of days the last. Of groups that cost the same, in the order
    of their names."""


class UsageSum(msgspec.Struct, frozen=True, kw_only=True):
    """What a group used."""

    group: str = ""
    turns: int = 0
    """Answers of models."""
    cached_turns: int = 0
    """Of the turns, those that were answered from the cache of answers."""
    tool_calls: int = 0
    """Those that were settled, well or not."""
    failed_attempts: int = 0
    """Of models and tools; what they cost is not known."""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of the input tokens, those that the provider had in its own prompt cache."""
    cost_nano_usd: int = 0


class AgentQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose work to look at."""

    tenant: str
    agent: str
    workflows: tuple[str, ...] | None = None
    """Only in sessions of these workflows, by name; None: of all."""
    since: str = ""
    """First day on which tasks ended, as `2026-01-31`, in UTC; empty: from the beginning."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """So many tasks of an agent ended alike."""

    status: Literal["completed", "failed", "cancelled"]
    ms: int
    """How long they took, waits included; up to one part in 32 less."""
    tasks: int


class AgentWork(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent does and did."""

    running: int = 0
    """Its tasks that are open now, those that wait among them."""
    ended: tuple[Ended, ...] = ()
    """By status and duration, in this order."""


class ReadModels(Protocol):
    """The tables of `core.tables`. Every method may raise `StoreUnavailable`."""

    async def apply(
        self, changes: Sequence[Change], reached: Reached, *, before: Reached | None = None
    ) -> None:
        """Make the changes, in their order, and note how far the tables are: all, or nothing.

        A change of columns of a row that is not there changes nothing.

        Args:
            before: how far the tables are when the changes are right; None: wherever they are.

        Raises:
            Elsewhere: they are not there, as another process has written them.
        """
        ...

    async def reached(self) -> Reached:
        """Return how far the tables are."""
        ...

    async def rows(self, query: RowQuery) -> tuple[Row, ...]:
        """Return the rows that match, at most 1,000. Those of `agent_memory` are kept by `Memory`:
        those that no other one supersedes, of several with one key the newest.

        Raises:
            Rejected: see `RowQuery.check`.
            NotFound: there is no row `after`.
        """
        ...

    async def usage(self, query: UsageQuery) -> tuple[UsageSum, ...]:
        """Return the sums of `agent_usage` by group; without one, none or one."""
        ...

    async def work(self, query: AgentQuery) -> AgentWork:
        """Return what an agent does, and the sums of `agent_durations`."""
        ...

    async def clear(self) -> None:
        """Empty the tables; they have reached nothing then."""
        ...
