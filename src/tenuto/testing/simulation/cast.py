"""Which agent each task of a session is, and what it said last: from the log alone."""

import msgspec

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo
from tenuto.core.workflow.model import AgentDefinition
from tenuto.core.workflow.program import Program

CALLED = ("tool", "agent", "message")


class Cast:
    """Who is who in one session."""

    def __init__(self) -> None:
        self.kinds: dict[TaskNo, str] = {}
        self.parents: dict[TaskNo, TaskNo] = {}
        self.agents: dict[TaskNo, str] = {}
        """Tasks of agents, with their names."""
        self.answers: dict[TaskNo, ModelAnswer] = {}
        """Tasks of agents, with what their models said last."""

    def take(self, event: e.SessionEvent, program: Program) -> None:
        """Take in the next event of the log."""
        match event:
            case e.TaskStarted():
                self.kinds[event.task] = event.kind
                if event.kind == "agent":
                    self.agents[event.task] = program.nodes[event.node].node.ref
            case e.ChildrenStarted():
                for place in range(event.count):
                    self._begin(event, TaskNo(event.first + place), event.index + place, program)
            case e.UndoStarted():
                self.kinds[event.task] = "undo"
            case e.TaskCompleted() if self.kinds.get(event.task) == "model":
                answer = msgspec.convert(event.output, ModelAnswer)
                self.answers[self.parents[event.task]] = answer

    def _begin(self, event: e.ChildrenStarted, no: TaskNo, index: int, program: Program) -> None:
        self.kinds[no], self.parents[no] = event.kind, event.parent
        if event.kind == "agent":
            if event.parent in self.agents:
                self.agents[no] = self.answers[event.parent].calls[index].tool
            else:
                self.agents[no] = program.nodes[event.node].node.ref

    def caller_of(self, task: TaskNo) -> str:
        """Return the agent whose model called a task's tool, or nothing where a node did."""
        return self.agents.get(self.parents.get(task, TaskNo(0)), "")

    def callers(self, task: TaskNo, program: Program) -> list[tuple[AgentDefinition, str]]:
        """Return the agents above an agent's task, nearest first, each with whom it has called."""
        found = []
        while (above := self.parents.get(task)) in self.agents:
            assert above is not None, "it is a key"
            found.append((program.agents[self.agents[above]], self.agents[task]))
            task = above
        return found
