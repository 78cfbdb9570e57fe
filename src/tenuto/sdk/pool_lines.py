"""The pools of an open database, as its users see them."""

from msgspec import structs

from tenuto.core.vocabulary import EffectId, SessionId, TaskNo, task_of
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.pools import Line
from tenuto.runtime.code import Code
from tenuto.runtime.engine import Engine
from tenuto.sdk.pools import check_pools
from tenuto.sdk.workflow import Workflow
from tenuto.views.waiting import Queue


class Pools:
    """`Runtime.pools`."""

    def __init__(self, engine: Engine, code: Code) -> None:
        self._engine, self._code = engine, code

    @property
    def served(self) -> tuple[str, ...]:
        """The pools whose calls this process carries out."""
        return () if self._engine.pools is None else self._engine.pools.served

    async def lines(self) -> tuple[Line, ...]:
        """Return the pools by name: their limits, how many calls wait and run, how many processes
        serve them.

        Raises:
            StoreUnavailable: the store is away.
        """
        pools = self._engine.pools
        if pools is None or pools.lines is None:
            return ()
        lines = await pools.lines.lines()
        if not pools.is_alone:
            return lines
        workers = [pools.workers_of(line.pool.name) for line in lines]
        pairs = zip(lines, workers, strict=True)
        return tuple(structs.replace(line, workers=count) for line, count in pairs)

    async def waited_for(self, session_id: str) -> dict[TaskNo, Line]:
        """Return the pools in which calls of a session wait, by their tasks.

        Raises:
            StoreUnavailable: the store is away.
        """
        pools = self._engine.pools
        if pools is None or pools.lines is None:
            return {}
        waiting = await pools.lines.waiting_of(SessionId(session_id))
        lines = {line.pool.name: line for line in await self.lines()} if waiting else {}
        return {
            task_of(EffectId(id.partition("/")[0])): lines[pool]
            for id, pool in waiting.items()
            if pool in lines
        }

    async def queues_of(self, session_id: str, *, of_all: bool = True) -> dict[TaskNo, Queue]:
        """Return the pools in which calls of a session wait, by their tasks, for `why_waiting`.

        Args:
            of_all: tell how many calls wait and run there, whosesoever they are.

        Raises:
            StoreUnavailable: the store is away.
        """
        if of_all:
            lines = await self.waited_for(session_id)
            return {
                task: Queue(
                    pool=line.pool.name,
                    workers=line.workers,
                    waiting=line.waiting,
                    running=line.running,
                )
                for task, line in lines.items()
            }
        pools = self._engine.pools
        if pools is None or pools.lines is None:
            return {}
        waiting = await pools.lines.waiting_of(SessionId(session_id))
        return {
            task_of(EffectId(id.partition("/")[0])): Queue(
                pool=pool, workers=pools.workers_of(pool)
            )
            for id, pool in waiting.items()
        }

    def take_in(self, workflow: Workflow | WorkflowDefinition) -> WorkflowDefinition:
        """Return the definition of a workflow, whose code and pools are known then.

        Raises:
            DefinitionError: it is wrong, or names a pool that nobody has declared.
        """
        pools, code = self._engine.pools, {}
        if isinstance(workflow, Workflow):
            definition, code = workflow.definition(), workflow.code
            self._code.register(code)
            if pools is not None:
                pools.declare(workflow.pools)
        else:
            definition = workflow
        if pools is not None:
            check_pools(definition, code, pools.declared.by_name)
        return definition
