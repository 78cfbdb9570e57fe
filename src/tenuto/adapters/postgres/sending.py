"""Batches that go to the server and come back while the event loop does something else.

A thread of its own for the writer costs a lone commit two changes of thread, and many sessions a
wait for Python's lock with every batch. So what succeeds is sent and answered on the loop's own
thread, which never waits for the server. Whatever else comes back is for the writer's thread: it
may ask, wait, and connect again. Source: docs/adr/0013-one-row-orders-the-log-of-postgresql.md
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq

from tenuto.adapters.postgres import calls
from tenuto.adapters.postgres.batches import Batch
from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.writing import Arrived, LogWriter, Work
from tenuto.adapters.tables.group_commit import Done
from tenuto.ports.event_store import Commit


class _Flight(NamedTuple):
    """A batch that is on its way."""

    connection: pq.abc.PGconn
    batch: Batch
    places: list[int]
    done: Done


class _Watch:
    """A socket that the loop looks at, under a number of its own: the thread may close the
    connection, and the system then gives its number to the next."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.number = os.dup(connection.raw.pgconn.socket)
        self.is_read = self.is_written = False


class Sending:
    """`Sender` of one writer. Belongs to the event loop; used by who may use the writer."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._watch: _Watch | None = None
        self._flight: _Flight | None = None
        self._result: pq.abc.PGresult | None = None
        self._is_able = hasattr(os, "dup")

    def send(self, commits: Sequence[Commit], done: Done) -> int:
        """See `Sender.send`."""
        connection = self._writer.connection
        if connection is None or not self._is_watched(connection):
            return 0
        batch, places = Work(commits).next_batch()
        try:
            statement, values, formats = calls.call_of(batch, self._writer.fence)
        except (ValueError, struct.error):
            return 0
        raw = connection.raw.pgconn
        self._flight = _Flight(raw, batch, places, done)
        self._result = None
        try:
            raw.send_query_prepared(statement, values, formats, calls.BINARY)
            self._flush()
        except psycopg.Error as error:
            self._loop.call_soon(self._end, error)
        return len(places)

    def stop(self) -> None:
        """Look at nothing any more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            self._loop.remove_reader(watch.number)
            self._loop.remove_writer(watch.number)
            os.close(watch.number)

    def _is_watched(self, connection: Connection) -> bool:
        """Return whether the loop looks at the connection; some kinds of loop cannot."""
        if not self._is_able:
            return False
        watch = self._watch
        try:
            if watch is None or watch.connection is not connection:
                self.stop()
                watch = self._watch = _Watch(connection)
            if not watch.is_read:
                self._loop.add_reader(watch.number, self._on_readable)
                watch.is_read = True
        except (OSError, NotImplementedError):
            self._is_able = False
            self.stop()
        return self._is_able

    def _on_readable(self) -> None:
        flight, watch = self._flight, self._watch
        assert watch is not None, "it is read"
        if flight is None:
            # What the thread asked for, or the end of the line: not for the loop.
            self._loop.remove_reader(watch.number)
            watch.is_read = False
            return
        raw = flight.connection
        try:
            raw.consume_input()
            # The answer is whole when nothing comes after it: only then it is committed.
            while not raw.is_busy():
                result = raw.get_result()
                if result is None:
                    self._end(None)
                    return
                self._result = result
        except psycopg.Error as error:
            self._end(error)

    def _on_writable(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self._end(error)

    def _flush(self) -> None:
        """Send what is not sent yet, as far as the system takes it."""
        flight, watch = self._flight, self._watch
        assert watch is not None
        is_whole = flight is None or not flight.connection.flush()
        if watch.is_written and is_whole:
            self._loop.remove_writer(watch.number)
        elif not is_whole and not watch.is_written:
            self._loop.add_writer(watch.number, self._on_writable)
        watch.is_written = not is_whole

    def _end(self, error: psycopg.Error | None) -> None:
        flight, result = self._flight, self._result
        if flight is None:
            return
        self._flight = self._result = None
        _, batch, places, done = flight
        if error is None and result is not None and result.status == pq.ExecStatus.TUPLES_OK:
            verdict = calls.verdict_of(batch, result)
            if all(verdict.numbers):
                done([position for position in batch.positions(verdict) if position is not None])
                return
        came = error or result or psycopg.OperationalError("the server gave no answer")
        work = Work(batch.commits)
        work.left.clear()
        done(Arrived(work=work, batch=batch, places=places, came=came))
