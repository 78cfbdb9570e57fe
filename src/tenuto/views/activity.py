"""What agents did in a session: how often, how well, how long, for how much."""

import math
from collections.abc import Sequence

import msgspec

from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.open_tasks import OpenTasks, answer_of


class Done(msgspec.Struct, kw_only=True):
    """What one agent did."""

    running: int = 0
    """Its tasks that are open, those that wait among them."""
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    durations_ms: list[int] = []
    """Of the tasks that completed or failed, from their start on."""
    turns: int = 0
    calls: int = 0
    """Calls of tools that were settled, well or not."""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0

    def include(self, other: "Done") -> None:
        """Add what it did elsewhere."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Activity:
    """The fold. Events up to version `skip` count as done elsewhere: a fork shares its origin's."""

    def __init__(self, definition: WorkflowDefinition, *, skip: int = 0) -> None:
        self.agents: dict[str, Done] = {}
        self.version = 0
        self._skip = skip
        self._tasks = OpenTasks(definition)
        self._open: dict[TaskNo, str] = {}

    def add(self, version: Version, event: e.SessionEvent) -> None:
        """Fold one event."""
        self._tasks.begin(event)
        self.version = version
        match event:
            case e.TaskStarted() if event.kind == "agent":
                self._begin(event.task)
            case e.ChildrenStarted() if event.kind == "agent":
                for offset in range(event.count):
                    self._begin(TaskNo(event.first + offset))
            case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
                self._settle(event, counts=version > self._skip)
            case e.SessionCompleted() | e.SessionFailed() | e.SessionCancelled():
                for name in self._open.values():
                    self._of(name).running -= 1
                self._open.clear()
        self._tasks.end(event)

    def _begin(self, no: TaskNo) -> None:
        name = self._tasks[no].agent
        self._open[no] = name
        self._of(name).running += 1

    def _settle(
        self, event: e.TaskCompleted | e.TaskFailed | e.TaskCancelled, *, counts: bool
    ) -> None:
        name = self._open.pop(event.task, None)
        task = self._tasks.get(event.task)
        if name is not None:
            self._of(name).running -= 1
        if not counts or task is None or not task.agent:
            return
        done = self._of(task.agent)
        if name is not None:
            self._end(done, event, event.at_ms - task.started_ms)
        elif task.call is not None:
            done.calls += not isinstance(event, e.TaskCancelled)
        elif isinstance(event, e.TaskCompleted) and task.kind == "model":
            usage = answer_of(event.output).usage
            done.turns += 1
            done.input_tokens += usage.input_tokens
            done.output_tokens += usage.output_tokens
            done.usd += usage.cost_usd

    def _end(
        self, done: Done, event: e.TaskCompleted | e.TaskFailed | e.TaskCancelled, took_ms: int
    ) -> None:
        if isinstance(event, e.TaskCancelled):
            done.cancelled += 1
            return
        done.durations_ms.append(took_ms)
        if isinstance(event, e.TaskCompleted):
            done.completed += 1
        else:
            done.failed += 1

    def _of(self, agent: str) -> Done:
        return self.agents.setdefault(agent, Done())


def percentile(values: Sequence[int], share: float) -> int | None:
    """Return the smallest value that at least `share` (0 to 1) of all do not exceed; None of
    none. Source: the nearest-rank definition."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
