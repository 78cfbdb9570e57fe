"""The write connection: a batch of commits in, one transaction out, all of it or nothing.

An error of the disk rolls the whole transaction back and leaves everything known in memory as it
was. When it is not certain whether a COMMIT happened, the file is asked; until it answers,
nothing is acknowledged and nothing is refused. Two threads may use a writer, never at once: see
`group_commit`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from tenuto.adapters.sqlite.connection import is_busy, told
from tenuto.adapters.sqlite.planning import Plan, Recent
from tenuto.adapters.tables.outcomes import Answer, Busy, OutcomeUnknown, Statement
from tenuto.core.errors import Rejected, TenutoError
from tenuto.core.vocabulary import Position
from tenuto.ports.event_store import Commit

CHECKPOINT_PAGES: Final = 1_000
"""Pages in the write-ahead log before it is copied into the database. A log that is written over is
quicker than one that grows: 177 against 336 us per commit. Source: SQLite's default; measured."""

INSERT_COMMIT: Final = (
    "INSERT INTO commits(position, session, version, count, at_ms, payload) VALUES (?,?,?,?,?,?)"
)
INSERT_SESSION: Final = f"INSERT INTO sessions VALUES ({','.join('?' * 18)})"
UPDATE_HEAD: Final = """
    UPDATE sessions SET status = ?, wake_ms = ?, active = ?, waits = ?, user = ?, workflow = ?,
        workflow_version = ?, waiting_for = ?, updated_ms = ?, head_version = ? WHERE number = ?"""
TOUCH_HEAD: Final = """
    UPDATE sessions SET user = ?, workflow = ?, workflow_version = ?, waiting_for = ?,
        updated_ms = ?, head_version = ? WHERE number = ?"""
REPLACE_SNAPSHOT: Final = (
    "INSERT OR REPLACE INTO snapshots(session, version, payload) VALUES (?,?,?)"
)
SELECT_LAST: Final = (
    "SELECT coalesce((SELECT max(position) FROM commits), 0),"
    " coalesce((SELECT max(number) FROM sessions), 0)"
)

UNSTORABLE: Final = (
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    OverflowError,
    ValueError,
)
"""What Python's binding raises for a value that no row can hold: a number beyond 64 bits, a lone
surrogate, a payload beyond a gigabyte. It fails one commit, never those beside it."""


class PlanInDoubt(OutcomeUnknown):
    """COMMIT failed, and the file cannot be read."""

    def __init__(self, *, plan: Plan, answers: list[Answer], cause: sqlite3.Error) -> None:
        super().__init__(answers=answers, cause=cause)
        self.plan, self.error = plan, cause


class LogWriter:
    """Writes batches. It is the only writer of sessions, commits and snapshots of its file."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], *, file: str) -> None:
        self._open_connection = open_connection
        self._file = file
        self.recent = Recent()
        """Sessions that are known by heart; to be cleared where some are deleted."""
        self._weight = 0
        self._pages_per_weight = 1.0
        self._connection = open_connection()
        try:
            self.position, self._number = last_of(self._connection)
        except sqlite3.Error:
            self._connection.close()
            raise

    def write(
        self, commits: Sequence[Commit], statements: Sequence[Statement] = ()
    ) -> list[Answer]:
        """Return each commit's position, or why it was not written; then the same of `statements`.

        All is written in one transaction.

        Raises:
            Busy: nothing was done; try again soon.
            OutcomeUnknown: see there.
        """
        if len(commits) == 1 and not statements:
            answer = self._write_lone(commits[0])
            if answer is not None:
                return [answer]
        plan = self._plan()
        try:
            answers = plan.judge(commits)
        except UNSTORABLE as error:
            return self._one_by_one(commits, statements, error)
        except sqlite3.Error as error:
            return refused(len(commits) + len(statements), error, self._file)
        answers += [Position(plan.position)] * len(statements)
        if not plan.rows_count and not statements:
            return answers
        try:
            self._transact(plan, statements)
        except UNSTORABLE as error:
            self._roll_back()
            return self._one_by_one(commits, statements, error)
        except sqlite3.Error as error:
            return self._after(error, plan, answers)
        self._accept(plan)
        return answers

    def determine(self, unknown: OutcomeUnknown) -> list[Answer]:
        """Return the answers of a batch whose outcome was unknown.

        Raises:
            OutcomeUnknown: it still is.
        """
        assert isinstance(unknown, PlanInDoubt), "it is this writer's"
        try:
            self._connection.close()
            self._connection = self._open_connection()
        except (sqlite3.Error, TenutoError):
            raise unknown from None
        if not self._was_written(unknown.plan, unknown.answers, unknown.error):
            return refused(len(unknown.answers), unknown.error, self._file)
        self._accept(unknown.plan)
        return unknown.answers

    @property
    def checkpoint_is_due(self) -> bool:
        return self._weight * self._pages_per_weight >= CHECKPOINT_PAGES

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database. A failure only leaves the log longer."""
        try:
            _, pages, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            pages = copied = 0
        if self._weight and pages > 0:
            # How many pages a commit takes depends on the load; the log's true length corrects it.
            self._pages_per_weight = max(0.02, pages / self._weight)
        # What a reader held back is still in the log: try again after half as much.
        self._weight = 0 if copied >= pages else self._weight // 2

    def close(self) -> None:
        """Copy the whole log into the database and let the file go."""
        # When it fails the log stays beside the database, whole; the next open reads it.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _write_lone(self, commit: Commit) -> Answer | None:
        """Return the answer of a commit of events to a session at the expected version, else None.

        By far the most frequent case, written without a plan: one statement is a transaction by
        itself, and some 15 of 220 us are saved. Source: measured."""
        known = self.recent.get(commit.session)
        if known is None or known.version != commit.expected or not commit.count:
            return None
        if commit.head is not None or commit.snapshot is not None:
            return None
        position = self.position + commit.count
        version = commit.expected + commit.count
        row = (position, known.number, version, commit.count, commit.at_ms, commit.payload)
        try:
            self._connection.execute(INSERT_COMMIT, row)
        except UNSTORABLE as error:
            return self._one_by_one([commit], [], error)[0]
        except sqlite3.Error as error:
            plan = self._plan()
            return self._after(error, plan, plan.judge([commit]))[0]
        self.position = position
        self.recent.put(commit.session, msgspec.structs.replace(known, version=version))
        self._weight += 2 + len(commit.payload) // 4_096
        return Position(position)

    def _plan(self) -> Plan:
        return Plan(self._connection, self.recent, position=self.position, number=self._number)

    def _transact(self, plan: Plan, statements: Sequence[Statement]) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        execute("BEGIN IMMEDIATE")
        if plan.starts:
            many(INSERT_SESSION, plan.starts)
        if plan.commits:
            many(INSERT_COMMIT, plan.commits)
        if plan.heads:
            many(UPDATE_HEAD, plan.heads)
        if plan.touches:
            many(TOUCH_HEAD, plan.touches)
        if plan.snapshots:
            many(REPLACE_SNAPSHOT, plan.snapshots)
        for sql, values in statements:
            execute(sql, values)
        execute("COMMIT")

    def _accept(self, plan: Plan) -> None:
        assert plan.position >= self.position, "positions only grow"
        self.position, self._number = plan.position, plan.number
        self.recent.update(plan.known)
        # Pages that the transaction dirtied, roughly: full pages of rows, and some of each index.
        self._weight += 2 + plan.size_bytes // 4_096 + plan.rows_count // 8

    def _after(self, error: sqlite3.Error, plan: Plan, answers: list[Answer]) -> list[Answer]:
        """Return the answers of a batch that ended with `error`."""
        if is_busy(error) and not self._connection.in_transaction:
            raise Busy from error
        if not self._was_written(plan, answers, error):
            return refused(len(answers), error, self._file)
        self._accept(plan)
        return answers

    def _was_written(self, plan: Plan, answers: list[Answer], cause: sqlite3.Error) -> bool:
        """Return what the file says; a batch without commits may be written twice without harm."""
        try:
            self._roll_back()
            position, number = last_of(self._connection)
        except sqlite3.Error:
            raise PlanInDoubt(plan=plan, answers=answers, cause=cause) from cause
        if isinstance(cause, sqlite3.IntegrityError):
            # Only a foreign hand in the file can cause it: believe the file, not the memory.
            self.recent.clear()
            self.position, self._number = position, number
            return False
        moved = plan.position > self.position or plan.number > self._number
        return moved and (position, number) == (plan.position, plan.number)

    def _one_by_one(
        self, commits: Sequence[Commit], statements: Sequence[Statement], cause: Exception
    ) -> list[Answer]:
        """Return the answers of a batch in which something cannot be stored: the rest can."""
        if len(commits) + len(statements) == 1:
            what = commits[0].session if commits else "a statement"
            return [Rejected(f"What {what!r} wants to append cannot be stored: {cause}.")]
        answers: list[Answer] = []
        for commit in commits:
            answers += self._alone([commit], [])
        for statement in statements:
            answers += self._alone([], [statement])
        return answers

    def _alone(self, commits: Sequence[Commit], statements: Sequence[Statement]) -> list[Answer]:
        try:
            return self.write(commits, statements)
        except Busy as error:
            assert isinstance(error.__cause__, sqlite3.Error), "Busy is raised from SQLite's error"
            return refused(1, error.__cause__, self._file)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def last_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the last position, and the number of the last session, that the file has."""
    position, number = connection.execute(SELECT_LAST).fetchone()
    return position, number


def refused(count: int, error: sqlite3.Error, file: str) -> list[Answer]:
    """Return an error each for `count` that wait, so that none carries another's traceback."""
    return [told(error, file=file, doing="append") for _ in range(count)]
