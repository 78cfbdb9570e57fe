"""Webhooks as records of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from tenuto.core.session import events as e
from tenuto.ports.ledger import Record
from tenuto.ports.safe import Safe
from tenuto.server.sealed import opened

WEBHOOK: Final = "webhook"
TEST: Final = "webhook.test"

TYPES: Final[Mapping[type[e.SessionEvent], str]] = MappingProxyType(
    {
        e.SessionStarted: "session.started",
        e.SessionForked: "session.forked",
        e.SessionPaused: "session.paused",
        e.SessionResumed: "session.resumed",
        e.SessionCompleted: "session.completed",
        e.SessionFailed: "session.failed",
        e.SessionCancelled: "session.cancelled",
        e.TaskEscalated: "approval.requested",
        e.ApprovalDecided: "approval.decided",
        e.TaskFailed: "task.failed",
        e.SignalReceived: "signal.received",
    }
)
"""What webhooks can be told of, by what it is called there."""

HookState: TypeAlias = Literal["active", "inactive", "disabled"]
"""Told of what happens; turned off by a person; turned off by the server, as nothing was taken."""

EventPattern = Annotated[str, msgspec.Meta(pattern=r"^[a-z_.*]{1,60}$(?!\n)")]
WorkflowPattern = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook's record says."""

    url: str
    events: tuple[str, ...] = ("session.*",)
    """Patterns of types; `*` stands for any text."""
    workflows: tuple[str, ...] = ("*",)
    """Patterns of names."""
    description: str = ""
    active: bool = True
    disabled_because: str = ""
    since: int = 0
    """Position of the log after which it is told."""

    @property
    def state(self) -> HookState:
        """Return whether it is told of anything, and if not, who wants it so."""
        if self.active:
            return "active"
        return "disabled" if self.disabled_because else "inactive"

    def wants(self, type: str, workflow: str, position: int) -> bool:
        """Return whether it is to be told of this."""
        return (
            self.active
            and position > self.since
            and any(fnmatchcase(type, pattern) for pattern in self.events)
            and any(fnmatchcase(workflow, pattern) for pattern in self.workflows)
        )


class Key(msgspec.Struct, frozen=True):
    """A secret that messages are signed with, until a moment; None: without end."""

    secret: str
    until_ms: int | None = None


def hook_of(record: Record) -> Hook:
    """Return what the record says."""
    return msgspec.convert(record.value, Hook)


def keys_of(safe: Safe, record: Record) -> list[Key]:
    """Return the record's keys, the newest first.

    Raises:
        CannotOpen: the key that they were encrypted with is missing.
    """
    return msgspec.json.decode(opened(safe, record), type=list[Key])
