"""The agents that an organisation can give work to: those of offered workflows, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from tenuto.core.errors import NotFound, Rejected
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import AgentDefinition, WorkflowDefinition
from tenuto.server.principal import check
from tenuto.server.problems import ProblemError
from tenuto.server.registry.allowed import Domain
from tenuto.server.registry.offered import Parts
from tenuto.server.registry.versions import Asked, Kept, Versions
from tenuto.server.texts import Text

TEXT_CHARS_MAX: Final = 200_000
WRITE: Final = "agents:write"


class AgentFound(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that can be given work."""

    id: str
    """Its name; of an agent of an offered workflow `workflow.name`."""
    source: Literal["server", "organisation"]
    version: int
    """Of the organisation's own; 0 for one of the server."""
    definition: AgentDefinition
    capabilities: tuple[str, ...]
    active: bool = True
    workflow: WorkflowDefinition | None = None
    """Where an agent of the server comes from, with those that it may call."""
    text: str = ""
    media_type: str = ""
    at_ms: int = 0


class Agents:
    """Finds, checks and keeps them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.versions = Versions("agent", parts.ledger, parts.clock)
        self.of_server = {
            found.id: found
            for name, offered in parts.offered.items()
            for found in _of_workflow(name, offered.definition)
        }

    # Looking

    async def get(self, organisation: str, id: str, version: int | None = None) -> AgentFound:
        """Return an agent, by default at its newest version.

        Raises:
            NotFound: the organisation has none of that id, or no such version of it.
        """
        found = self.of_server.get(id)
        if found is not None and version in (None, 0):
            return found
        kept = await self.versions.find(organisation, id)
        if kept is None:
            known = sorted([*self.of_server, *[one.id async for one in self._own(organisation)]])
            shown = ", ".join(known[:12]) or "none"
            raise NotFound(what="agent", name=id, hint=f"Known are: {shown}.")
        if version not in (None, kept.version):
            kept = await self.versions.get(organisation, id, version)
        return _of_kept(kept)

    async def find_all(self, organisation: str, *, after: str = "", limit: int) -> list[AgentFound]:
        """Return the next ones by id."""
        found = {id: agent for id, agent in self.of_server.items() if id > after}
        count = 0
        async for agent in self._own(organisation, after=after):
            found[agent.id] = agent
            count += 1
            if count == limit:
                break
        return [agent for _, agent in sorted(found.items())][:limit]

    async def active(self, organisation: str, *, limit: int) -> list[AgentFound]:
        """Return the organisation's own that are active, by id; at most `limit`."""
        found: list[AgentFound] = []
        async for agent in self._own(organisation):
            if agent.active:
                found.append(agent)
            if len(found) == limit:
                break
        return found

    async def with_others(
        self, organisation: str, agents: Sequence[AgentFound]
    ) -> tuple[AgentDefinition, ...]:
        """Return the agents and all that they may come to call or leave their tasks to.

        Raises:
            NotFound: one of these is gone.
            Rejected: two of them share a name.
        """
        found: dict[str, AgentDefinition] = {}
        waiting = [(agent.definition, agent.workflow) for agent in agents]
        while waiting:
            agent, home = waiting.pop(0)
            known = found.get(agent.name)
            if known is not None and known != agent:
                raise Rejected(
                    f"Two different agents are named {agent.name!r}; they cannot work in one "
                    "session."
                )
            if known is not None:
                continue
            found[agent.name] = agent
            for name in (*agent.delegates, *agent.handoffs):
                if home is not None:
                    near = [other for other in home.agents if other.name == name]
                    waiting += [(other, home) for other in near]
                else:
                    other = await self.get(organisation, name)
                    waiting.append((other.definition, other.workflow))
        return tuple(found.values())

    # Changing

    async def put(self, asked: Asked, text: Text, *, id: str, expected: int | None) -> Kept:
        """Return the new version of an agent.

        Args:
            asked, text: who keeps what.
            id: which; empty: as the text says.
            expected: the version that it follows; 0: there is none; None: any.

        Raises:
            DefinitionError: the text is wrong.
            Rejected: it has another name than `id`.
            Outdated: another version is there.
        """
        organisation = asked.principal.organisation
        if len(text.text) > TEXT_CHARS_MAX:
            raise ProblemError(
                "too_large",
                f"The text has {len(text.text)} characters; at most {TEXT_CHARS_MAX} are allowed.",
            )
        others = [agent.definition async for agent in self._own(organisation)]
        domain = Domain(collections=await self._parts.documents.refs(organisation))
        found = await self._parts.reading.run(
            self._parts.read_agent,
            text.text,
            others=others,
            code=self._parts.allowed.judge(domain),
        )
        name = found.definition.name
        check(asked.principal, WRITE, {"agent": name})
        if id and name != id:
            raise Rejected(
                f"The text is of agent {name!r}, and it was sent for {id!r}; send it there, or "
                "change its name."
            )
        value: JsonObject = {
            "text": text.text,
            "media_type": text.media_type,
            "definition": msgspec.to_builtins(found.definition),
            "capabilities": list(found.capabilities),
            "is_active": found.active,
        }
        return await self.versions.put(
            asked,
            name,
            value,
            expected=expected,
            detail={"note": text.note} if text.note else {},
        )

    async def _own(self, organisation: str, *, after: str = "") -> AsyncIterator[AgentFound]:
        async for kept in self.versions.all(organisation, after=after):
            yield _of_kept(kept)


def capabilities_of(agent: AgentDefinition) -> tuple[str, ...]:
    """Return what an agent is able to do, from its parts: what it is for, its tools, whom it may
    ask, whether it remembers."""
    found = [agent.role] if agent.role else []
    if agent.strategy != "react":
        found.append(f"strategy:{agent.strategy}")
    found += [f"tool:{_name_of(ref)}" for ref in agent.tools]
    found += [f"agent:{name}" for name in (*agent.delegates, *agent.handoffs)]
    if agent.memory is not None:
        found.append("memory")
    return tuple(dict.fromkeys(found))


def _name_of(ref: str) -> str:
    place, _, _ = ref.partition("(")
    return place.rpartition(":")[2]


def _of_workflow(name: str, definition: WorkflowDefinition) -> Iterator[AgentFound]:
    for home in _with_children(definition):
        for agent in home.agents:
            yield AgentFound(
                id=f"{name}.{agent.name}",
                source="server",
                version=0,
                definition=agent,
                capabilities=capabilities_of(agent),
                workflow=home,
            )


def _with_children(definition: WorkflowDefinition) -> Iterable[WorkflowDefinition]:
    # The workflow itself last: of two agents of a name its own counts.
    for child in definition.children:
        yield from _with_children(child)
    yield definition


def _of_kept(kept: Kept) -> AgentFound:
    definition = msgspec.convert(kept.value["definition"], AgentDefinition)
    said = msgspec.convert(kept.value["capabilities"], tuple[str, ...])
    return AgentFound(
        id=kept.id,
        source="organisation",
        version=kept.version,
        definition=definition,
        capabilities=tuple(dict.fromkeys((*said, *capabilities_of(definition)))),
        active=bool(kept.value["is_active"]),
        text=str(kept.value["text"]),
        media_type=str(kept.value["media_type"]),
        at_ms=kept.at_ms,
    )
