"""What an event means by its task: events name a task by its number, people by its node.

Every view folds this first. It holds open tasks only, so it stays small however long the log is.
"""

from collections.abc import Iterator

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.errors import CorruptLog
from tenuto.core.session import events as e
from tenuto.core.session.state import CALLED, SessionState
from tenuto.core.vocabulary import Json, SessionId, TaskNo
from tenuto.core.workflow.model import AgentDefinition, Node, WorkflowDefinition

NO_TASK = TaskNo(0)


class OpenTask(msgspec.Struct, kw_only=True):
    """A task between its first and its last event."""

    no: TaskNo
    node: str
    kind: str
    started_ms: int
    since_ms: int
    """When its present attempt began."""
    parent: TaskNo = NO_TASK
    parent_kind: str = ""
    index: int = -1
    attempt: int = 1
    agent: str = ""
    """Name of the agent that the task is, or works for; the node's where no definition tells."""
    model: str = ""
    turns: int = 0
    """Of an agent: answers so far."""
    answer: ModelAnswer | None = None
    """Of an agent: the last."""
    call: ToolCall | None = None
    """Of a tool called by a model: what it asked for."""
    child: SessionId | None = None

    @property
    def label(self) -> str:
        """Return its name among its siblings: `plan`, `research[2]`, `poll #3`, `turn 1`."""
        if self.kind == "model":
            return f"turn {self.index + 1}"
        if self.call is not None:
            return self.call.tool
        name = self.node.removesuffix(".do")
        if self.kind in ("recover", "undo"):
            return f"{self.kind} {name}"
        if self.parent_kind == "map":
            return f"{name}[{self.index}]"
        return f"{name} #{self.index + 1}" if self.parent_kind == "loop" else name


class OpenTasks:
    """The fold. `begin` an event, look at the tasks that it names, then `end` it."""

    def __init__(self, definition: WorkflowDefinition | None = None) -> None:
        self._tasks: dict[TaskNo, OpenTask] = {}
        self._nodes: dict[str, Node] = {}
        self._agents: dict[str, AgentDefinition] = {}
        self._undoable: dict[TaskNo, str] = {}
        """Nodes of completed tasks that may be compensated."""
        if definition is not None:
            self._agents = {agent.name: agent for agent in definition.agents}
            for node in definition.nodes:
                self._know(node, node.id)

    @classmethod
    def of_state(
        cls, state: SessionState, definition: WorkflowDefinition | None = None
    ) -> "OpenTasks":
        """Return the fold of a whole log from the state that it folds to."""
        tasks = cls(definition)
        tasks._undoable = {undo.task: undo.node for undo in state.undo}
        for no in sorted(state.tasks):
            task = state.tasks[no]
            opened = tasks._open(no, task.node, kind=task.kind, at_ms=task.started_ms)
            tasks._put_below(opened, task.parent, task.index)
            opened.attempt, opened.child = task.attempt, task.child
            if task.agent is not None and task.agent.turns:
                opened.turns, opened.answer = len(task.agent.turns), task.agent.turns[-1].answer
        return tasks

    def __getitem__(self, no: TaskNo) -> OpenTask:
        try:
            return self._tasks[no]
        except KeyError:
            raise CorruptLog(f"An event names task {no}, which is not open.") from None

    def __iter__(self) -> Iterator[OpenTask]:
        return iter(self._tasks.values())

    def get(self, no: TaskNo) -> OpenTask | None:
        """Return an open task, or None."""
        return self._tasks.get(no)

    def node(self, name: str) -> Node | None:
        """Return the node of that id (a body is `<node>.do`), or None where no definition tells."""
        return self._nodes.get(name)

    def path(self, no: TaskNo) -> str:
        """Return a task's labels from the top down, as `research[2] / turn 1`; of task 0 that it is
        the session.

        The map or loop itself is left out: its name is in that of the item."""
        labels: list[str] = []
        task = self._tasks.get(no)
        while task is not None:
            labels.append(task.label)
            is_item = task.parent_kind in ("map", "loop") and task.kind != "recover"
            task = self._tasks.get(task.parent)
            if is_item and task is not None:
                task = self._tasks.get(task.parent)
        return " / ".join(reversed(labels)) or (f"task {no}" if no else "session")

    def begin(self, event: e.SessionEvent) -> None:
        """Take in what `event` starts or changes."""
        match event:
            case e.TaskStarted():
                self._open(event.task, event.node, kind=event.kind, at_ms=event.at_ms)
            case e.UndoStarted():
                node = self._undoable.pop(event.of, f"task {event.of}")
                self._open(event.task, node, kind="undo", at_ms=event.at_ms)
            case e.ChildrenStarted():
                for offset in range(event.count):
                    no = TaskNo(event.first + offset)
                    task = self._open(no, event.node, kind=event.kind, at_ms=event.at_ms)
                    self._put_below(task, event.parent, event.index + offset)
            case e.TaskRetried():
                task = self[event.task]
                task.attempt, task.since_ms = task.attempt + 1, event.at_ms
            case e.ChildSessionStarted():
                self[event.task].child = event.session
            case e.SessionForked():
                for task in self._tasks.values():
                    task.child = None
            case e.TaskCompleted():
                task = self[event.task]
                if task.kind == "model":
                    parent = self[task.parent]
                    parent.answer, parent.turns = answer_of(event.output), parent.turns + 1

    def end(self, event: e.SessionEvent) -> None:
        """Forget a task that `event` settles."""
        if isinstance(event, e.TaskCompleted | e.TaskFailed | e.TaskCancelled):
            task = self._tasks.pop(event.task, None)
            if task is not None and isinstance(event, e.TaskCompleted) and event.undo:
                self._undoable[task.no] = task.node

    def _know(self, node: Node, name: str) -> None:
        self._nodes[name] = node
        if node.body is not None:
            self._know(node.body, f"{name}.do")

    def _open(self, no: TaskNo, node: str, *, kind: str, at_ms: int) -> OpenTask:
        task = OpenTask(no=no, node=node, kind=kind, started_ms=at_ms, since_ms=at_ms)
        if kind == "agent":
            known = self._nodes.get(node)
            task.agent = known.ref if known is not None else node
            agent = self._agents.get(task.agent)
            task.model = agent.model if agent is not None else ""
        self._tasks[no] = task
        return task

    def _put_below(self, task: OpenTask, parent_no: TaskNo, index: int) -> None:
        task.parent, task.index = parent_no, index
        parent = self._tasks.get(parent_no)
        if parent is None:
            return
        task.parent_kind = parent.kind
        if parent.kind != "agent":
            return
        task.agent, task.model = parent.agent, parent.model
        if task.kind in CALLED and parent.answer is not None:
            task.call = parent.answer.calls[index]
        if task.kind == "agent" and task.call is not None:
            task.agent = task.call.tool
            agent = self._agents.get(task.agent)
            task.model = agent.model if agent is not None else ""


def answer_of(output: Json) -> ModelAnswer:
    """Return the answer that a `model` task's output holds."""
    return msgspec.convert(output, ModelAnswer)
