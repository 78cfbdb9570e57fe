"""What one attempt leaves behind besides its outcome."""

from collections.abc import Callable

import msgspec

from tenuto.core.session.inputs import Note
from tenuto.ports.tool import ToolCode
from tenuto.runtime.workers import Job


class Record(msgspec.Struct):
    """Notes for the log, labels that the outcome bears, the tool that was called.

    They are filled while it runs."""

    notes: list[Note] = []
    labels: set[str] = set()
    work: Job | None = None
    """What carries it out."""
    tool: ToolCode | None = None
    """What it says of itself holds for the outcome, though its source may have another list by
    then."""
    recorded: Callable[[], None] | None = None
    """Told when the outcome is in the log."""
