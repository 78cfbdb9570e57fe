"""The workflows that an organisation can start: those of the server, and its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from tenuto.core import limits
from tenuto.core.errors import DefinitionError, NotFound, Problem, Rejected
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import (
    WorkflowDefinition,
    definition_digest,
    encode_definition,
)
from tenuto.core.workflow.named_code import faults_of_code, named_code
from tenuto.sdk.workflow import Workflow
from tenuto.server.principal import check
from tenuto.server.problems import ProblemError
from tenuto.server.registry.allowed import Domain
from tenuto.server.registry.offered import Offered, Parts
from tenuto.server.registry.versions import Asked, Kept, Versions
from tenuto.server.texts import Text

TEXT_CHARS_MAX: Final = 500_000
"""Of one uploaded text; reading so much YAML takes seconds."""
_READY_MAX: Final = 1_000
WRITE: Final = "workflows:write"

Source = Literal["server", "organisation"]


class Startable(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that can be started."""

    name: str
    source: Source
    version: int
    """Of the organisation's own; 0 for one of the server."""
    definition: WorkflowDefinition
    """As it was written; `workflow` has the workflows that it names by name within it."""
    workflow: Workflow | WorkflowDefinition
    digest: str
    """The name of the definition for ever."""
    description: str
    text: str = ""
    media_type: str = ""
    at_ms: int = 0


class Workflows:
    """Finds, checks and keeps them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._of_server = {name: _of_server(name, one) for name, one in parts.offered.items()}
        self.versions = Versions("workflow", parts.ledger, parts.clock)
        self._ready: dict[tuple[str, str, int, str], Startable] = {}
        """Those whose code was looked at; that does not change while the process lives."""

    # Looking

    async def get(self, organisation: str, name: str, version: int | None = None) -> Startable:
        """Return a workflow that the organisation can start.

        Raises:
            NotFound: there is none, or no such version of it.
            DefinitionError: it names code that this server does not give, any more.
        """
        kept = await self.versions.find(organisation, name)
        if kept is None:
            offered = self._of_server.get(name)
            if offered is None or version not in (None, 0):
                raise await self._nothing(organisation, name, version)
            return offered
        if version not in (None, kept.version):
            kept = await self.versions.get(organisation, name, version)
        return await self._startable(organisation, kept)

    async def find_all(self, organisation: str, *, after: str = "", limit: int) -> list[Startable]:
        """Return the next ones by name; what cannot be started any more among them."""
        own: dict[str, Startable] = {}
        async for kept in self.versions.all(organisation, after=after):
            own[kept.id] = _of_kept(kept)
            if len(own) == limit:
                break
        offered = {name: found for name, found in self._of_server.items() if name > after}
        return [found for _, found in sorted({**offered, **own}.items())][:limit]

    async def domain(self, organisation: str) -> Domain:
        """Return what definitions of the organisation may name beside code."""
        names = set(self._parts.offered)
        async for kept in self.versions.all(organisation):
            names.add(kept.id)
        collections = await self._parts.documents.refs(organisation)
        return Domain(collections=collections, workflows=frozenset(names))

    # Changing

    async def check(self, organisation: str, text: str) -> WorkflowDefinition:
        """Return the definition in `text`; nothing is kept.

        Raises:
            DefinitionError: it is wrong; every problem is named with line and column.
        """
        if len(text) > TEXT_CHARS_MAX:
            raise ProblemError(
                "too_large",
                f"The text has {len(text)} characters; at most {TEXT_CHARS_MAX} are allowed.",
            )
        judge = self._parts.allowed.judge(await self.domain(organisation))
        definition = await self._parts.reading.run(self._parts.read, text, code=judge)
        name = definition.name
        if "/" in name or name in (".", "..") or not name.isprintable():
            message = f"{name!r} cannot be part of an address."
            hint = "Leave out / and what does not show; . and .. are none either."
            raise DefinitionError([Problem(message=message, path="workflow", hint=hint)])
        await self.linked(organisation, definition)
        return definition

    async def put(self, asked: Asked, text: Text, *, name: str, expected: int | None) -> Kept:
        """Return the new version of a workflow.

        Args:
            asked, text: who keeps what.
            name: which; empty: as the text says.
            expected: the version that it follows; 0: there is none; None: any.

        Raises:
            DefinitionError: the text is wrong.
            Rejected: it has another name than `name`.
            Outdated: another version is there.
        """
        definition = await self.check(asked.principal.organisation, text.text)
        check(asked.principal, WRITE, {"workflow": definition.name})
        if name and definition.name != name:
            raise Rejected(
                f"The text is of workflow {definition.name!r}, and it was sent for {name!r}; "
                "send it there, or change its name."
            )
        if definition.name in self._parts.offered:
            raise ProblemError(
                "conflict",
                f"This server offers a workflow {definition.name!r} to everybody; "
                "choose another name.",
            )
        plain: JsonObject = msgspec.to_builtins(definition)
        return await self.versions.put(
            asked,
            definition.name,
            {"text": text.text, "media_type": text.media_type, "definition": plain},
            expected=expected,
            detail={"note": text.note} if text.note else {},
        )

    # Making it startable

    async def linked(
        self, organisation: str, definition: WorkflowDefinition, above: tuple[str, ...] = ()
    ) -> WorkflowDefinition:
        """Return the definition with the workflows that it names by name within it: so a session
        has them as they are now, and never finds another organisation's (P7).

        Raises:
            NotFound: there is none of a name.
            Rejected: workflows name each other in a circle.
        """
        above = (*above, definition.name)
        if len(above) > limits.CHILD_DEPTH_MAX:
            raise Rejected(
                f"Workflows name each other {limits.CHILD_DEPTH_MAX} deep: {' → '.join(above)}."
            )
        children = [await self.linked(organisation, child, above) for child in definition.children]
        for name in dict.fromkeys(_names_outside(definition)):
            if name in above:
                raise Rejected(
                    f"Workflows name each other in a circle: {' → '.join((*above, name))}. "
                    "Write those that do into one text, under workflows."
                )
            found = await self.get_plain(organisation, name)
            children.append(await self.linked(organisation, found, above))
        if tuple(children) == definition.children:
            return definition
        return msgspec.structs.replace(definition, children=tuple(children))

    async def get_plain(self, organisation: str, name: str) -> WorkflowDefinition:
        """Return the newest definition of that name.

        Raises:
            NotFound: there is none.
        """
        kept = await self.versions.find(organisation, name)
        if kept is not None:
            return _of_kept(kept).definition
        offered = self._parts.offered.get(name)
        if offered is None:
            raise await self._nothing(organisation, name, None)
        return offered.definition

    async def _startable(self, organisation: str, kept: Kept) -> Startable:
        key = (organisation, kept.id, kept.version, str(kept.value["text"]))
        known = self._ready.get(key)
        if known is not None:
            return known
        found = _of_kept(kept)
        linked = await self.linked(organisation, found.definition)
        judge = self._parts.allowed.judge(await self.domain(organisation))
        faults = await asyncio.to_thread(faults_of_code, linked, judge)
        if faults:
            raise DefinitionError([fault.problem() for fault in faults])
        ready = msgspec.structs.replace(found, workflow=linked)
        if not any(True for _ in _names_outside(found.definition)):
            if len(self._ready) == _READY_MAX:
                self._ready.clear()
            self._ready[key] = ready
        return ready

    async def _nothing(self, organisation: str, name: str, version: int | None) -> NotFound:
        if version is not None:
            return NotFound(what="workflow", name=f"{name}, version {version}")
        known = sorted((await self.domain(organisation)).workflows)
        shown = ", ".join(known[:12]) or "none"
        return NotFound(what="workflow", name=name, hint=f"Known are: {shown}.")


def _names_outside(definition: WorkflowDefinition) -> Iterator[str]:
    """Yield the workflows that nodes of this very definition name and that are not within it."""
    for named in named_code(definition):
        if named.kind == "workflow" and named.path[0] == "nodes":
            yield named.ref


def _of_server(name: str, offered: Offered) -> Startable:
    return Startable(
        name=name,
        source="server",
        version=0,
        definition=offered.definition,
        workflow=offered.workflow,
        digest=definition_digest(encode_definition(offered.definition)),
        description=offered.description or offered.definition.description,
    )


def _of_kept(kept: Kept) -> Startable:
    definition = msgspec.convert(kept.value["definition"], WorkflowDefinition)
    return Startable(
        name=kept.id,
        source="organisation",
        version=kept.version,
        definition=definition,
        workflow=definition,
        digest=definition_digest(encode_definition(definition)),
        description=definition.description,
        text=str(kept.value["text"]),
        media_type=str(kept.value["media_type"]),
        at_ms=kept.at_ms,
    )
