"""Compiled workflows, by digest and by name.

Names are those of a tenant, or of the process: what one tenant runs is found by no other (P7).
"""

import asyncio
from typing import Final

from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import Digest
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import (
    WorkflowDefinition,
    decode_definition,
    definition_digest,
    encode_definition,
)
from tenuto.core.workflow.program import Expressions, Program
from tenuto.ports.artifacts import Artifacts

PROCESS: Final = ""
"""In place of a tenant: for all of them."""


class Programs:
    """Keeps every definition it has seen, durably, so that sessions can be opened by digest."""

    def __init__(self, expressions: Expressions, artifacts: Artifacts) -> None:
        self._expressions, self._artifacts = expressions, artifacts
        self._by_digest: dict[Digest, Program] = {}
        self._by_name: dict[tuple[str, str], tuple[WorkflowDefinition, Program]] = {}
        self._stored: set[Digest] = set()
        self.names: set[str] = set()
        """Of all that were made known here, and of those that they start."""
        self._storing: dict[Digest, asyncio.Task[Digest]] = {}

    async def add(self, definition: WorkflowDefinition, tenant: str) -> Program:
        """Return `definition` compiled, once it is stored; the tenant finds it by its name.

        Raises:
            DefinitionError: it is wrong; every problem is named.
        """
        program = self.know(definition, tenant)
        if program.digest not in self._stored:
            await self._store(program.digest, definition)
        return program

    async def _store(self, digest: Digest, definition: WorkflowDefinition) -> None:
        """Return once the definition is stored; those who ask at the same time store it once."""
        storing = self._storing.get(digest)
        if storing is None:
            putting = self._artifacts.put(encode_definition(definition))
            storing = self._storing[digest] = asyncio.create_task(putting)
            storing.add_done_callback(lambda _: self._storing.pop(digest, None))
        # Whoever gives up waiting takes it from nobody else.
        await asyncio.shield(storing)
        self._stored.add(digest)

    def know(self, definition: WorkflowDefinition, tenant: str = PROCESS) -> Program:
        """Return `definition` compiled, to be found by its name from now on: by the tenant, or by
        every one."""
        latest = self._by_name.get((tenant, definition.name))
        if latest is not None and latest[0] is definition:
            return latest[1]
        payload = encode_definition(definition)
        digest = definition_digest(payload)
        program = self._by_digest.get(digest)
        if program is None:
            program = compile_workflow(definition, self._expressions)
            self._by_digest[digest] = program
        self._by_name[tenant, definition.name] = definition, program
        self.names |= _names(definition)
        return program

    def get(self, digest: Digest, tenant: str) -> Program:
        """Return the program of a stored definition, under which a session of the tenant runs.

        Raises:
            NotFound: no such definition is stored.
            CorruptLog: what is stored is not what the digest says.
        """
        program = self._by_digest.get(digest)
        if program is None:
            definition = decode_definition(self._artifacts.get(digest))
            program = compile_workflow(definition, self._expressions)
            self._by_digest[digest] = program
            self._stored.add(digest)
        definition = program.definition
        self._by_name.setdefault((tenant, definition.name), (definition, program))
        return program

    def by_name(self, name: str, tenant: str) -> Program:
        """Return the newest program of that name that the tenant has run in this process, else the
        process's own.

        Raises:
            NotFound: it knows none.
        """
        latest = self._by_name.get((tenant, name)) or self._by_name.get((PROCESS, name))
        if latest is None:
            names = {name for whose, name in self._by_name if whose in (tenant, PROCESS)}
            known = ", ".join(sorted(names)) or "none"
            raise NotFound(what="workflow", name=name, hint=f"Known are: {known}.")
        return latest[1]


def _names(definition: WorkflowDefinition) -> set[str]:
    return {definition.name}.union(*map(_names, definition.children))
