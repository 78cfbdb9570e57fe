"""The write connection: a batch of commits in, one statement out, all of it or nothing.

A batch is one call of the function `append` of the schema, which is a transaction by itself: one
round trip, whatever it holds. It judges each session's first commit by what is in the database, so
no other process's writing is overlooked; the commits behind it in the batch follow from it. When
the line breaks before the answer came, the database is asked what it has; until it answers, nothing
is acknowledged and nothing is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

import psycopg
from psycopg import pq

from tenuto.adapters.postgres import calls
from tenuto.adapters.postgres.batches import Batch, Chain, Verdict
from tenuto.adapters.postgres.connection import Connection, Line, told
from tenuto.adapters.tables.outcomes import Answer, OutcomeUnknown, Statement
from tenuto.core.errors import (
    Fenced,
    NotFound,
    Rejected,
    Stale,
    StoreUnavailable,
    TenutoError,
)
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Commit

UNSTORABLE: Final = (
    psycopg.DataError,
    psycopg.ProgrammingError,
    psycopg.NotSupportedError,
    OverflowError,
    ValueError,
    struct.error,
)
"""What is raised for a value that no row can hold: a number beyond 64 bits, a zero byte or a lone
surrogate in a text, a payload beyond a gigabyte. It fails one commit, never those beside it."""

FENCED: Final = -2
"""In place of a version: the session is another process's."""
SELECT_WRITTEN: Final = """
    SELECT c.position FROM sessions AS s JOIN commits AS c ON c.session = s.number
    WHERE s.id = ? AND c.version = ? AND c.at_ms = ? AND c.payload = ?"""
SELECT_HOLDER: Final = """
    SELECT s.id, coalesce((SELECT max(c.version) FROM commits AS c WHERE c.session = s.number),
        s.origin_version)
    FROM sessions AS s WHERE s.tenant = ? AND s.key = ?"""


class InDoubt(OutcomeUnknown):
    """The line broke while a batch was on its way: ask `determine` until it answers."""

    def __init__(
        self, *, work: Work, batch: Batch, places: list[int], cause: psycopg.Error
    ) -> None:
        answers = [answer or Position(0) for answer in work.answers]
        super().__init__(answers=answers, cause=cause)
        self.work, self.batch, self.places = work, batch, places


class Arrived(OutcomeUnknown):
    """What came back of a batch that was sent, an answer or an error, is to be judged by
    `determine`, which may block."""

    def __init__(
        self,
        *,
        work: Work,
        batch: Batch,
        places: list[int],
        came: pq.abc.PGresult | psycopg.Error,
    ) -> None:
        answers: list[Answer] = [Position(0)] * len(work.answers)
        cause = came if isinstance(came, psycopg.Error) else psycopg.Error("it was refused")
        super().__init__(answers=answers, cause=cause)
        self.work, self.batch, self.places, self.came = work, batch, places, came


class Work:
    """What one call of `write` has to do, and how far it is."""

    def __init__(self, commits: Sequence[Commit], statements: Sequence[Statement] = ()) -> None:
        self.commits, self.statements = commits, statements
        self.answers: list[Answer | None] = [None] * (len(commits) + len(statements))
        self.left = list(range(len(commits)))
        """Places of the commits that are to be written yet."""
        self.alone = 0
        """So many of them are to be written one by one."""

    def next_batch(self) -> tuple[Batch, list[int]]:
        """Take from the front of what is left all that can be judged together."""
        ends: dict[SessionId, int] = {}
        taken: list[int] = []
        for place in self.left:
            commit = self.commits[place]
            if ends.get(commit.session, commit.expected) != commit.expected:
                break
            if commit.head is not None and commit.head.origin in ends:
                break
            ends[commit.session] = commit.expected + commit.count
            taken.append(place)
            if self.alone:
                self.alone -= 1
                break
        del self.left[: len(taken)]
        return Batch([self.commits[place] for place in taken]), taken


class LogWriter:
    """Writes batches of one process. Others may write beside it."""

    checkpoint_is_due = False

    def __init__(self, open_connection: Callable[[], Connection], *, name: str) -> None:
        self._name = name
        self.fence = calls.UNFENCED
        """Number of this process among those that share the schema."""

        def opened() -> Connection:
            connection = open_connection()
            try:
                calls.prepare(connection)
            except psycopg.Error:
                connection.close()
                raise
            return connection

        self._line = Line(opened, name=name)
        self._line.connected()

    @property
    def connection(self) -> Connection | None:
        """What batches can be sent on now; None: it must be opened first."""
        return self._line.whole

    def write(
        self, commits: Sequence[Commit], statements: Sequence[Statement] = ()
    ) -> list[Answer]:
        """Return each commit's position, or why it was not written; then the same of `statements`.

        Raises:
            OutcomeUnknown: see there.
        """
        return self._go_on(Work(commits, statements))

    def determine(self, unknown: OutcomeUnknown) -> list[Answer]:
        """Return the answers of a batch whose outcome was unknown.

        Raises:
            OutcomeUnknown: it still is.
        """
        if isinstance(unknown, Arrived):
            self._judge(unknown.work, unknown.batch, unknown.places, unknown.came)
            return self._go_on(unknown.work)
        assert isinstance(unknown, InDoubt), "it is this writer's"
        work, batch = unknown.work, unknown.batch
        try:
            connection = self._line.connected()
            found = [self._find(connection, commit) for commit in batch.commits]
        except (psycopg.Error, TenutoError):
            self._line.drop()
            raise unknown from None
        if any(position is not None for position in found):
            self._accept_found(work, batch, unknown.places, found)
        else:
            # It was not written as a whole: it may be written now.
            work.left[:0] = unknown.places
        return self._go_on(work)

    def checkpoint(self) -> None:
        """Nothing to do: the server sees to its log."""

    def close(self) -> None:
        """Let the server go."""
        self._line.drop()

    def _go_on(self, work: Work) -> list[Answer]:
        while work.left:
            self._judge(work, *work.next_batch())
        work.answers[len(work.commits) :] = self._execute(work.statements)
        answers = [answer for answer in work.answers if answer is not None]
        assert len(answers) == len(work.answers), "everybody has an answer"
        return answers

    def _judge(
        self,
        work: Work,
        batch: Batch,
        places: list[int],
        came: pq.abc.PGresult | psycopg.Error | None = None,
    ) -> None:
        """Write the batch, or take what came of it when it was sent, and note the answers.

        Raises:
            InDoubt: the line broke.
        """
        try:
            if isinstance(came, psycopg.Error):
                raise came
            if came is None:
                verdict = calls.call(self._line.connected(), batch, self.fence)
            else:
                verdict = calls.verdict_of(batch, came)
        except UNSTORABLE as error:
            self._refuse_unstorable(work, batch, places, error)
        except psycopg.Error as error:
            if self._line.leaves_in_doubt(error):
                self._line.drop()
                raise InDoubt(work=work, batch=batch, places=places, cause=error) from error
            self._give_up(work, places, error)
        except StoreUnavailable as error:
            for place in [*places, *work.left]:
                work.answers[place] = error
            work.left.clear()
        else:
            self._accept(work, batch, places, verdict)

    def _accept(self, work: Work, batch: Batch, places: list[int], verdict: Verdict) -> None:
        again: list[int] = []
        refused: set[SessionId] = set()
        for commit, place, position in zip(
            batch.commits, places, batch.positions(verdict), strict=True
        ):
            if position is not None:
                work.answers[place] = position
            elif commit.session in refused:
                # Judged anew, by what was written.
                again.append(place)
            else:
                refused.add(commit.session)
                number, chain = batch.chain_of(commit)
                work.answers[place] = self._why(commit, chain, verdict.found[number])
        work.left[:0] = again

    def _why(self, commit: Commit, chain: Chain, found: int) -> TenutoError:
        """Return the refusal of a session's first commit."""
        head = commit.head
        if found == FENCED:
            return Fenced(session=commit.session)
        if found >= 0:
            return Stale(session=commit.session, expected=commit.expected, found=Version(found))
        if head is None:
            return NotFound(what="session", name=commit.session, hint="Give a head to start it.")
        if not chain.may_start:
            return Stale(
                session=commit.session, expected=commit.expected, found=head.origin_version
            )
        try:
            row = self._line.connected().execute(SELECT_HOLDER, (head.tenant, head.key)).fetchone()
        except psycopg.Error as error:
            self._line.drop()
            return told(error, name=self._name, doing="append")
        if row is not None and head.key is not None:
            return Stale(session=row[0], expected=commit.expected, found=Version(row[1]))
        return NotFound(what="origin", name=f"{head.origin}@{head.origin_version}")

    def _refuse_unstorable(
        self, work: Work, batch: Batch, places: list[int], error: Exception
    ) -> None:
        """Something in the batch cannot be stored: find it, one by one; the rest can."""
        if len(places) > 1:
            work.left[:0] = places
            work.alone = len(places)
            return
        what = batch.commits[0].session
        work.answers[places[0]] = Rejected(
            f"What {what!r} wants to append cannot be stored: {' '.join(str(error).split())}."
        )

    def _give_up(self, work: Work, places: list[int], error: psycopg.Error) -> None:
        # An error each, so that none carries another's traceback.
        for place in places:
            work.answers[place] = told(error, name=self._name, doing="append")

    def _execute(self, statements: Sequence[Statement]) -> list[Answer]:
        """Carry out the statements, all in one transaction, or, where one of them fails, each by
        itself. Where the line breaks they are refused, though they may have been carried out."""
        if not statements:
            return []
        try:
            connection = self._line.connected()
            with connection.raw.transaction(), connection.raw.pipeline():
                for sql, values in statements:
                    connection.execute(sql, values)
            return [Position(0)] * len(statements)
        except StoreUnavailable as error:
            return [error] * len(statements)
        except UNSTORABLE as error:
            if len(statements) == 1:
                return [Rejected(f"A statement cannot be stored: {' '.join(str(error).split())}.")]
        except psycopg.Error as error:
            if len(statements) == 1 or self._line.leaves_in_doubt(error):
                return [told(error, name=self._name, doing="writing") for _ in statements]
        return [answer for statement in statements for answer in self._execute([statement])]

    def _find(self, connection: Connection, commit: Commit) -> Position | None:
        """Return the position of a commit that is in the database just so."""
        if not commit.count:
            return None
        version = commit.expected + commit.count
        row = connection.execute(
            SELECT_WRITTEN, (commit.session, version, commit.at_ms, commit.payload)
        ).fetchone()
        return None if row is None else Position(row[0])

    def _accept_found(
        self, work: Work, batch: Batch, places: list[int], found: list[Position | None]
    ) -> None:
        """The batch was written: give what was found; judge anew what was refused."""
        written = {
            commit.session
            for commit, position in zip(batch.commits, found, strict=True)
            if position is not None
        }
        last = Position(0)
        again: list[int] = []
        for commit, place, position in zip(batch.commits, places, found, strict=True):
            last = position or last
            if commit.session in written or not commit.count:
                work.answers[place] = last
            else:
                again.append(place)
        work.left[:0] = again
