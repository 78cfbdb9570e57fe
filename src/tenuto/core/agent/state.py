"""What an agent's task knows: the turns so far. Each answer and each tool result is in the log
once."""

from typing import Literal, TypeAlias

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ToolResult
from tenuto.core.vocabulary import TaskNo

MessageKind: TypeAlias = Literal["notification", "request", "response"]


class AgentMessage(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What one agent tells others. Its text is in the log once, in the call that sent it."""

    no: int
    """Counted from 1 in the session."""
    kind: MessageKind
    sender: str
    task: TaskNo
    """The sender's."""
    to: tuple[str, ...]
    """Of a message that is kept: those who have not been shown it."""
    text: str
    answers: int = 0
    """Of a response: the request."""
    only: TaskNo = TaskNo(0)
    """Of a response: the task that asked. As long as it is open no other one gets it."""
    labels: tuple[str, ...] = ()
    """Of what the sender had seen."""


class Post(msgspec.Struct, array_like=True, kw_only=True):
    """The messages of one agent's task."""

    heard: dict[int, AgentMessage] = msgspec.field(default_factory=dict)
    """Those that it was shown."""
    shown: dict[int, tuple[int, ...]] = msgspec.field(default_factory=dict)
    """Turn to the messages shown with it. One that is shown again is a reminder."""
    owes: list[int] = msgspec.field(default_factory=list)
    """Requests that it was shown and has not answered."""
    awaits: dict[int, dict[str, TaskNo]] = msgspec.field(default_factory=dict)
    """Requests that it made, to those who have not answered: the task that was shown it, or 0."""


class Turn(msgspec.Struct, array_like=True, kw_only=True, gc=False):
    """One answer of the model, and what its calls gave in the order of the calls (None: open)."""

    answer: ModelAnswer
    results: list[ToolResult | None]


class AgentState(msgspec.Struct, array_like=True, kw_only=True, gc=False):
    """The fold of an agent's turns."""

    turns: list[Turn] = msgspec.field(default_factory=list)
    repairs: int = 0
    """How often the output did not fit the schema."""
    post: Post | None = None
    """Messages from and to other agents; None: none yet."""
