"""The answers of a session that are being given, piece by piece."""

from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import TaskNo
from tenuto.ports.pieces import Piece


class Answers:
    """Pieces of each open turn since its answer began. Offsets order them."""

    def __init__(self) -> None:
        self._pieces: dict[TaskNo, list[Piece]] = {}
        self._early: list[Piece] = []

    def take(self, piece: Piece, state: SessionState) -> bool:
        """Return whether a piece belongs to a turn that is open in `state`, and keep it then."""
        if piece.task >= state.next_task:
            # Its turn is in the log, but was not told yet.
            self._early.append(piece)
            return False
        if piece.task not in state.tasks:
            # The whole answer was told as an event.
            return False
        pieces = self._pieces.setdefault(piece.task, [])
        if piece.restart:
            pieces.clear()
        pieces.append(piece)
        return True

    def settle(self, state: SessionState) -> list[Piece]:
        """Forget turns that are no longer open, and return pieces that came too early, to be taken
        again."""
        for task in [task for task in self._pieces if task not in state.tasks]:
            del self._pieces[task]
        early, self._early = self._early, []
        return early

    def after(self, offset: int | None) -> list[Piece]:
        """Return the pieces behind an offset, or where it is None each answer as one piece."""
        if offset is None:
            found = [_whole(pieces) for pieces in self._pieces.values()]
        else:
            found = [p for pieces in self._pieces.values() for p in pieces if p.offset > offset]
        return sorted(found, key=lambda piece: piece.offset)


def _whole(pieces: list[Piece]) -> Piece:
    last = pieces[-1]
    text = "".join(piece.text for piece in pieces)
    return Piece(task=last.task, text=text, restart=True, offset=last.offset)
