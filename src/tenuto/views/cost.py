"""What a session has spent, agent by agent."""

import msgspec

from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.open_tasks import OpenTasks, answer_of


class Cost(msgspec.Struct, kw_only=True):
    """What was used. Tokens and money are what models said of their answers."""

    tasks: int = 0
    """Tasks of the agent that began."""
    turns: int = 0
    calls: int = 0
    """Calls of tools that were settled, well or not."""
    failed_attempts: int = 0
    """Of its model or of a tool; what they cost is not known."""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0


class Costs:
    """The fold. `agents` are in the order in which they first began."""

    def __init__(self, definition: WorkflowDefinition | None = None) -> None:
        self.agents: dict[str, Cost] = {}
        self._tasks = OpenTasks(definition)

    @property
    def total(self) -> Cost:
        """Return the sum over all agents."""
        total = Cost()
        for cost in self.agents.values():
            _put_to(total, cost)
        return total

    def include(self, others: "Costs") -> None:
        """Add what the agents of another session, one below this, have spent."""
        for name, cost in others.agents.items():
            _put_to(self._of(name), cost)

    def add(self, version: Version, event: e.SessionEvent) -> None:
        """Fold one event."""
        self._tasks.begin(event)
        match event:
            case e.TaskStarted() if event.kind == "agent":
                self._of(self._tasks[event.task].agent).tasks += 1
            case e.ChildrenStarted() if event.kind == "agent":
                for offset in range(event.count):
                    self._of(self._tasks[TaskNo(event.first + offset)].agent).tasks += 1
            case e.TaskCompleted() | e.TaskFailed() | e.AttemptFailed():
                self._spend(event)
        self._tasks.end(event)

    def _spend(self, event: e.TaskCompleted | e.TaskFailed | e.AttemptFailed) -> None:
        task = self._tasks[event.task]
        if not task.agent or task.kind == "agent":
            return
        cost = self._of(task.agent)
        if not isinstance(event, e.TaskCompleted):
            cost.failed_attempts += 1
        if task.call is not None:
            cost.calls += not isinstance(event, e.AttemptFailed)
        elif isinstance(event, e.TaskCompleted):
            usage = answer_of(event.output).usage
            cost.turns += 1
            cost.input_tokens += usage.input_tokens
            cost.output_tokens += usage.output_tokens
            cost.usd += usage.cost_usd

    def _of(self, agent: str) -> Cost:
        return self.agents.setdefault(agent, Cost())


def _put_to(total: Cost, cost: Cost) -> None:
    for name in total.__struct_fields__:
        setattr(total, name, getattr(total, name) + getattr(cost, name))
