"""A session that is loaded: its state, its inbox, and what of it runs in this process."""

import asyncio
from typing import TypeAlias

from tenuto.core.errors import TenutoError
from tenuto.core.session.inputs import SessionInput
from tenuto.core.session.scope import Memo
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import TaskNo, Version
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import Head
from tenuto.runtime.heads import Waits
from tenuto.runtime.workers import Job

Delivery: TypeAlias = tuple[SessionInput, "asyncio.Future[Version] | None"]
"""An input, and who waits for it to be committed."""


class Live:
    """One loaded session. Exactly one exists per session and process; the process owns the store.

    `busy`: an append is under way, and no input is taken up until it is acknowledged, so between
    turns `state` is what the log says."""

    __slots__ = (
        "blocked",
        "busy",
        "dispatched",
        "fault",
        "head",
        "inbox",
        "memo",
        "program",
        "running",
        "scheduled",
        "snapshot_bytes",
        "state",
        "tail_bytes",
        "waits",
    )

    def __init__(self, state: SessionState, program: Program, head: Head | None) -> None:
        self.state, self.program, self.head = state, program, head
        self.waits = Waits(state)
        self.inbox: list[Delivery] = []
        self.memo: Memo = {}
        self.running: dict[TaskNo, Job] = {}
        self.busy = False
        self.scheduled = False
        self.dispatched = 0
        """Number of the last promise whose effect was handed out."""
        self.tail_bytes = 0
        """Log since the last snapshot."""
        self.snapshot_bytes = 0
        self.blocked: TenutoError | None = None
        """Why the store does not take the last append; it is tried again until it does."""
        self.fault: TenutoError | None = None
        """Why the session can go no further in this process."""
