"""Changes of the table of agents, by sessions that start and by the registry."""

from tenuto.core.tables import Change, Key, Row
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.ledger import Entry
from tenuto.ports.read_models import ReadModels, RowQuery
from tenuto.runtime.projected import Started
from tenuto.views.tables.agents import Registered, registered_agent, seen_agent


class AgentRows:
    """Knows the rows of agents as they will be when what it gave is written."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models
        self._rows: dict[Key, Row | None] = {}
        self._seen: dict[Key, AgentDefinition] = {}

    def clear(self) -> None:
        """Forget what was not written."""
        self._rows.clear()
        self._seen.clear()

    async def of_session(self, started: Started) -> list[Change]:
        """Return what a session that begins tells of its agents."""
        changes: list[Change] = []
        for agent in started.program.definition.agents:
            key = (started.tenant, agent.name)
            if self._seen.get(key) is agent:
                continue
            self._seen[key] = agent
            old = await self._row(key)
            change = seen_agent(old, agent, tenant=started.tenant, at_ms=started.at_ms)
            changes += self._noted(change)
        return changes

    async def of_entry(self, entry: Entry) -> list[Change]:
        """Return what an entry of the ledger tells of an agent."""
        if not entry.version:
            return []
        registered = Registered(
            tenant=entry.tenant,
            name=entry.target,
            version=entry.version,
            at_ms=entry.at_ms,
            after=entry.after,
        )
        old = await self._row((entry.tenant, entry.target))
        return self._noted(registered_agent(old, registered))

    async def _row(self, key: Key) -> Row | None:
        if key not in self._rows:
            tenant, name = key
            query = RowQuery(table="agents", tenant=tenant, where={"id": name})
            found = await self._models.rows(query)
            self._rows[key] = found[0] if found else None
        return self._rows[key]

    def _noted(self, change: Change | None) -> list[Change]:
        if change is None:
            return []
        self._rows[change.key] = change.values
        return [change]
