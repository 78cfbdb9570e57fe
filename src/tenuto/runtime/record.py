"""What one attempt leaves behind besides its outcome."""

from tenuto.core.session.inputs import Note


class Record:
    """Notes for the log, and labels that the outcome bears. They are filled while it runs."""

    __slots__ = ("labels", "notes")

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.labels: set[str] = set()
