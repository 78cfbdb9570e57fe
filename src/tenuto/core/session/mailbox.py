"""Messages between agents, as they are kept: part of the fold.

A message waits in the session until each of its addressees has taken a turn, then in the task that
was shown it, and is gone with that task: what is kept does not grow with what was ever said.
"""

import msgspec

from tenuto.core.agent.state import AgentMessage, MessageKind, Post
from tenuto.core.session.events import Shown
from tenuto.core.session.labelling import joined
from tenuto.core.session.state import SessionState, Task
from tenuto.core.vocabulary import Json, TaskNo


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What sending a message gives: the output of its task."""

    message: int
    kind: MessageKind
    sender: str = msgspec.field(name="from")
    to: tuple[str, ...]
    answers: int = 0
    """Of a response: the request."""


def keep(state: SessionState, task: Task, output: Json) -> None:
    """Keep the message that `task` has sent; its text is in the call that wanted it."""
    receipt = msgspec.convert(output, Receipt)
    sender = state.tasks[task.parent]
    assert sender.agent is not None, "agents send messages"
    text = sender.agent.turns[-1].answer.calls[task.index].arguments["text"]
    asker = NOBODY
    if receipt.answers:
        asked = _post(sender).heard[receipt.answers]
        _post(sender).owes.remove(asked.no)
        _is_settled(state, asked, receipt.sender)
        asker = asked.task
    state.messages = receipt.message
    state.unread[receipt.message] = AgentMessage(
        no=receipt.message,
        kind=receipt.kind,
        sender=receipt.sender,
        task=sender.no,
        to=receipt.to,
        text=str(text),
        answers=receipt.answers,
        only=asker,
        labels=task.labels,
    )
    if receipt.kind == "request":
        _post(sender).awaits[receipt.message] = dict.fromkeys(receipt.to, NOBODY)
        state.awaiting[sender.no] = None
    _wake(state)


def show(state: SessionState, task: Task, turn: int, shown: Shown) -> None:
    """Give the messages that a turn of `task` is shown to it, with their labels."""
    post = _post(task)
    for no in shown.messages:
        if no not in post.heard:
            message = post.heard[no] = _taken(state, no, shown.agent)
            task.labels = joined(task.labels, message.labels)
            if message.kind == "request":
                post.owes.append(no)
                asker = state.tasks.get(message.task)
                if asker is not None:
                    _post(asker).awaits[no][shown.agent] = task.no
    post.shown[turn] = shown.messages


def close(state: SessionState, task: Task) -> None:
    """Take note that an agent's task has ended: what it owes it will not answer any more."""
    state.awaiting.pop(task.no, None)
    post = task.agent.post if task.agent is not None else None
    for no in post.owes if post is not None else ():
        assert post is not None
        asked = post.heard[no]
        asker = state.tasks.get(asked.task)
        if asker is not None:
            for name, hearer in tuple(_post(asker).awaits.get(no, {}).items()):
                if hearer == task.no:
                    _is_settled(state, asked, name)
    _wake(state)


def unread_by(state: SessionState, task: Task, name: str) -> tuple[int, ...]:
    """Return the numbers of the messages that `task` of agent `name` has to be shown, in order."""
    if not state.unread:
        return ()
    return tuple(
        message.no
        for message in state.unread.values()
        if name in message.to and (message.only == task.no or message.only not in state.tasks)
    )


def to_remind_of(task: Task) -> tuple[int, ...]:
    """Return the requests that `task` owes an answer and was not reminded of."""
    post = task.agent.post if task.agent is not None else None
    if post is None or not post.owes:
        return ()
    times = [no for numbers in post.shown.values() for no in numbers]
    return tuple(no for no in post.owes if times.count(no) == 1)


NOBODY = TaskNo(0)


def _post(task: Task) -> Post:
    assert task.agent is not None, "an agent's task has turns"
    if task.agent.post is None:
        task.agent.post = Post()
    return task.agent.post


def _taken(state: SessionState, no: int, name: str) -> AgentMessage:
    message = state.unread[no]
    left = tuple(other for other in message.to if other != name)
    if left:
        state.unread[no] = msgspec.structs.replace(message, to=left)
    else:
        del state.unread[no]
    return message


def _is_settled(state: SessionState, asked: AgentMessage, name: str) -> None:
    """The asker waits no longer for the answer of `name`."""
    asker = state.tasks.get(asked.task)
    if asker is None:
        return
    awaits = _post(asker).awaits
    awaits[asked.no].pop(name, None)
    if not awaits[asked.no]:
        del awaits[asked.no]


def _wake(state: SessionState) -> None:
    """Have those that wait for responses look again."""
    for no in state.awaiting:
        state.tend[no] = None
