"""What waits for a person's decision, as entries of an inbox."""

from typing import Final, Literal, get_args

import msgspec

from tenuto.core.agent.asks import Ask, Risk
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.decide import needs_person
from tenuto.core.session.state import SessionState, Task
from tenuto.core.vocabulary import JsonObject, SessionId, TaskNo
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.open_tasks import OpenTasks


class InboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision that a session waits for. Times are in ms since 1970."""

    session: SessionId
    tenant: str
    workflow: str
    task: TaskNo
    node: str
    kind: Literal["approval", "permission", "failure", "doubt"]
    """approval: the workflow asks. permission: an effect is to be allowed first, as `details` tell
    it; approve to have it done, with other arguments if given, deny to have it not. failure: work
    cannot go on by itself; approve to try again, deny to fail. doubt: did an effect happen?
    approve if it did, deny if not."""
    title: str
    message: str = ""
    """What happened, where the kind is not approval."""
    assignees: tuple[str, ...] = ()
    since_ms: int
    """When its task began."""
    until_ms: int | None = None
    on_expiry: str = ""
    details: JsonObject = {}
    """What would be done, where the kind is permission."""
    quorum: int = 1
    approvers: tuple[str, ...] = ()
    """Who has approved so far."""
    agent: str = ""
    """Whose work it is; empty where no agent works."""
    form: JsonObject | None = None
    """JSON Schema of the data that comes with a yes, where the workflow wants any."""

    @property
    def tool(self) -> str:
        """Return the tool that would be called, or nothing."""
        return str(self.details.get("tool", ""))

    @property
    def risk(self) -> Risk:
        """Return what may come of yes, as the tool declares it. What is in doubt was to happen
        once, so whatever it is must not happen twice."""
        if self.kind == "doubt":
            return "destructive"
        found = self.details.get("risk")
        return next((risk for risk in get_args(Risk) if risk == found), "unknown")

    @property
    def arguments(self) -> JsonObject | None:
        """Return with what it would be called; None where nothing is."""
        found = self.details.get("arguments")
        return found if isinstance(found, dict) else None


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a decision, each in a sentence."""

    approve: str
    deny: str
    expiry: str = ""
    """Empty: it waits until somebody decides."""


def consequences_of(entry: InboxEntry) -> Consequences:
    """Return what follows from each answer to an entry."""
    match entry.kind:
        case "permission":
            approve = f"{entry.tool or 'What is asked about'} is carried out, once."
            deny = "It is not carried out; the task fails, and an agent is told so."
        case "approval":
            approve, deny = "The work goes on.", "The work goes on with the answer no."
        case "failure":
            approve, deny = "It is tried again.", "The task fails."
        case "doubt":
            approve = "It counts as done, and is not done again."
            deny = "It counts as not done, and is done now."
    missing = entry.quorum - len(entry.approvers)
    if missing > 1:
        approve = f"{missing} people are needed. {approve}"
    return Consequences(approve=approve, deny=deny, expiry=_EXPIRY.get(entry.on_expiry, ""))


_EXPIRY: Final = {
    "deny": "It counts as denied.",
    "approve": "It counts as approved.",
    "fail": "The task fails.",
}


def inbox_of(
    state: SessionState, definition: WorkflowDefinition | None = None
) -> tuple[InboxEntry, ...]:
    """Return the decisions that the session waits for, oldest task first."""
    if state.phase in TERMINAL:
        return ()
    tasks = OpenTasks.of_state(state, definition)
    waiting = sorted(
        (task for task in state.tasks.values() if needs_person(task)), key=lambda task: task.no
    )
    return tuple(_entry(state, task, tasks) for task in waiting)


def _entry(state: SessionState, task: Task, tasks: OpenTasks) -> InboxEntry:
    if task.ask is not None:
        return msgspec.structs.replace(
            _permission(state, task, task.ask), agent=_agent_of(task, tasks)
        )
    node = tasks.node(task.node)
    kind: Literal["approval", "failure", "doubt"] = "approval"
    if task.waiting:
        kind = "doubt" if task.waiting == "doubt" else "failure"
    asks = kind == "approval" and node is not None
    return InboxEntry(
        session=state.session,
        tenant=state.tenant,
        workflow=state.workflow,
        task=task.no,
        node=task.node,
        kind=kind,
        title=node.title if node is not None and asks and node.title else tasks.path(task.no),
        message=task.failure.message if task.failure is not None and not asks else "",
        assignees=node.assignees if node is not None and asks else (),
        since_ms=task.started_ms,
        until_ms=task.due_ms or None,
        on_expiry=node.on_expiry if node is not None and asks and task.due_ms else "",
        form=node.form if node is not None and asks else None,
        agent=_agent_of(task, tasks),
    )


def _agent_of(task: Task, tasks: OpenTasks) -> str:
    known = tasks.get(task.no)
    return known.agent if known is not None else ""


def _permission(state: SessionState, task: Task, ask: Ask) -> InboxEntry:
    return InboxEntry(
        session=state.session,
        tenant=state.tenant,
        workflow=state.workflow,
        task=task.no,
        node=task.node,
        kind="permission",
        title=ask.title,
        assignees=ask.assignees,
        since_ms=task.started_ms,
        until_ms=task.due_ms or None,
        on_expiry="deny" if task.due_ms else "",
        details=ask.details,
        quorum=ask.quorum,
        approvers=task.approvers,
    )
