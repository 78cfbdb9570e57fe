"""What one attempt leaves behind besides its outcome."""

from tenuto.core.session.inputs import Note
from tenuto.ports.tool import ToolCode


class Record:
    """Notes for the log, labels that the outcome bears, the tool that was called.

    They are filled while it runs."""

    __slots__ = ("labels", "notes", "tool")

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.labels: set[str] = set()
        self.tool: ToolCode | None = None
        """What it says of itself holds for the outcome, though its source may have another list by
        then."""
