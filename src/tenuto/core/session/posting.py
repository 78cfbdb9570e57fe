"""The moves that messages between agents call for: sending one, and what an agent that has its
answer does before it ends.

Nothing here needs the outside world, so a message is sent in the commit of the answer that wants
it. An agent that has its answer is shown what was written to it since, and is reminded once of what
it has not answered. Then it waits for responses as long as one may come: an addressee is at work
who does not itself wait for this agent. The last of a circle to wait is the one who sees it, and
ends; so no two wait for each other for ever.
"""

from typing import Final, get_args

import msgspec

from tenuto.core import limits
from tenuto.core.agent.decide import Finish, next_move
from tenuto.core.agent.messages import ToolCall
from tenuto.core.agent.state import MessageKind
from tenuto.core.agent.writing import REPLY, rounds_of
from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session.failing import give_up
from tenuto.core.session.mailbox import NOBODY, Receipt, to_remind_of, unread_by
from tenuto.core.session.scope import agent_of, call_of
from tenuto.core.session.state import SessionState, Task
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition
from tenuto.core.workflow.program import Program

Moves = list[e.SessionEvent]

_SENT: Final[tuple[MessageKind, ...]] = ("notification", "request")
assert set(_SENT) < set(get_args(MessageKind))


def send(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    """Return the message that `task` sends, or why it cannot, in words for the model."""
    call = call_of(state, task)
    assert call is not None, "a message is a call of an agent"
    sender = state.tasks[task.parent]
    name = agent_of(state, sender, program).name
    found: Receipt | str = _text_fault(state, call)
    if not found and call.tool == REPLY:
        found = _response(state, sender, name, call)
    elif not found:
        found = _message(state, name, call, program)
    if isinstance(found, str):
        failure = Failure(kind="fatal", code="not_sent", message=f"Not sent: {found}")
        return give_up(state, task, failure, at_ms=at_ms, program=program)
    output: Json = {**msgspec.to_builtins(found), "to": list(found.to)}
    return [e.TaskCompleted(at_ms=at_ms, task=task.no, output=output, updates=None, undo=False)]


def _text_fault(state: SessionState, call: ToolCall) -> str:
    text = call.arguments.get("text")
    if not isinstance(text, str) or not text.strip():
        return f"a message has a text, found {text!r:.80}."
    if len(text) > limits.MESSAGE_CHARS_MAX:
        return (
            f"the text has {len(text):,} characters; at most {limits.MESSAGE_CHARS_MAX:,} are "
            "allowed. Write what matters."
        )
    if state.messages >= limits.MESSAGES_MAX:
        return f"this session has its {limits.MESSAGES_MAX:,} messages. Go on with what you know."
    if len(state.unread) >= limits.MESSAGES_UNREAD_MAX:
        return (
            f"{limits.MESSAGES_UNREAD_MAX:,} messages wait to be read, and no more are kept. "
            "Go on with what you know."
        )
    return ""


def _message(state: SessionState, name: str, call: ToolCall, program: Program) -> Receipt | str:
    to, kind = call.arguments.get("to"), call.arguments.get("kind", "notification")
    addresses = program.addresses[name].to
    if not isinstance(to, str) or to not in addresses:
        return f"you may not write to {to!r:.80}; you may write to: {', '.join(addresses)}."
    for known in _SENT:
        if kind == known:
            return Receipt(message=state.messages + 1, kind=known, sender=name, to=addresses[to])
    return f"a message is one of {', '.join(_SENT)}, found {kind!r:.80}."


def _response(state: SessionState, sender: Task, name: str, call: ToolCall) -> Receipt | str:
    assert sender.agent is not None, "agents answer"
    post, no = sender.agent.post, call.arguments.get("message")
    owes = post.owes if post is not None else []
    if post is None or not isinstance(no, int) or isinstance(no, bool) or no not in owes:
        open_ones = [f"{owed} from {post.heard[owed].sender}" for owed in owes] if post else []
        return f"there is no request {no!r:.80} to answer; open: {', '.join(open_ones) or 'none'}."
    asked = post.heard[no]
    return Receipt(
        message=state.messages + 1,
        kind="response",
        sender=name,
        to=(asked.sender,),
        answers=asked.no,
    )


def due_before_end(
    state: SessionState, task: Task, definition: AgentDefinition, program: Program
) -> tuple[int, ...]:
    """Return the messages for which an agent that has its answer takes one more turn."""
    agent = task.agent
    assert agent is not None, "an agent's task has turns"
    if definition.name not in program.addresses or agent.turns[-1].answer.calls:
        # Of an agent that has left its task to another one, the other one has the answer.
        return ()
    if len(agent.turns) >= definition.turns_max * task.attempt:
        return ()
    due = (*unread_by(state, task, definition.name), *to_remind_of(task))
    if due and rounds_of(agent, definition) >= limits.MESSAGE_ROUNDS_MAX:
        return ()
    return due


def waits_for_response(state: SessionState, task: Task, program: Program) -> bool:
    """Return whether a response may come that an agent which has its answer is to wait for."""
    return any(
        not _depends_on(state, other, task, program) for other in _awaited_by(state, task, program)
    )


def _awaited_by(state: SessionState, task: Task, program: Program) -> list[Task]:
    """Return the open tasks that may answer what `task` has asked."""
    post = task.agent.post if task.agent is not None else None
    if post is None or not post.awaits or task.agent is None or task.agent.turns[-1].answer.calls:
        return []
    hearers = {no for names in post.awaits.values() for no in names.values()}
    unheard = {name for names in post.awaits.values() for name, no in names.items() if no == NOBODY}
    return [
        other
        for other in state.tasks.values()
        if other.agent is not None
        and other.no != task.no
        and (other.no in hearers or agent_of(state, other, program).name in unheard)
    ]


def _depends_on(state: SessionState, first: Task, task: Task, program: Program) -> bool:
    """Return whether `first` goes on only when `task` ends: by way of those below it, and of those
    that it waits for."""
    seen = {first.no}
    waiting = [first]
    while waiting:
        other = waiting.pop()
        if other.no == task.no:
            return True
        for needed in _needed_by(state, other, program):
            if needed.no not in seen:
                seen.add(needed.no)
                waiting.append(needed)
    return False


def _needed_by(state: SessionState, task: Task, program: Program) -> list[Task]:
    if task.children:
        return [
            other
            for other in state.tasks.values()
            if other.parent == task.no and other.agent is not None
        ]
    return _awaited_by(state, task, program) if _is_at_its_end(state, task, program) else []


def _is_at_its_end(state: SessionState, task: Task, program: Program) -> bool:
    if task.agent is None or task.waiting or not task.agent.turns:
        return False
    definition = agent_of(state, task, program)
    move = next_move(task.agent, definition, grants=task.attempt)
    return isinstance(move, Finish) and not due_before_end(state, task, definition, program)
