"""Takes checkpoints of the ledger and of the log of events: see `core.audit.checkpoints`."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tenuto.core.audit.checkpoints import (
    ACTION,
    ACTOR,
    KEY_CHARS_MIN,
    KIND,
    TARGET,
    TENANT,
    Anchor,
    Checkpoint,
    Key,
    commit_leaf,
    entry_leaf,
    read_checkpoint,
    value_of,
)
from tenuto.core.audit.merkle import Tree
from tenuto.core.errors import CorruptLog, Rejected, StoreUnavailable, TenutoError
from tenuto.ports.anchors import Anchors
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import EventStore, StoredCommit
from tenuto.ports.ledger import Change, Entry, EntryQuery, Ledger, Outdated, Record

DUTY: Final = "auditing"

KEY_VARIABLE: Final = "TENUTO_AUDIT_KEY"

ENTRIES_PAGE: Final = 1_000
COMMITS_PAGE: Final = 200
COVERED_MAX: Final = 100_000
"""Entries, and commits, of one checkpoint: the first one of an old file is soon done, and the next
goes on."""
TRIES_MAX: Final = 5
"""Another process may take a checkpoint at the same moment; several in a row are a fault."""

LOOK_S: Final = 5.0
"""How often it is looked whether a checkpoint is due."""

_log: Final = logging.getLogger("tenuto")


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """How checkpoints are taken while a database is open."""

    entries: int = 1_000
    """After so many new entries of the ledger at the latest."""
    seconds: float = 300.0
    """After so long at the latest, if anything is new."""
    anchor: str = ""
    """The file in which they are noted; by default the database's own name and `.checkpoints`.
    The end of a database can only be found to be cut off by what is known outside of it."""

    def check(self) -> None:
        """Return when it makes sense.

        Raises:
            Rejected: it does not.
        """
        if self.entries < 1 or not self.seconds > 0:
            raise Rejected(
                "Checkpoints are taken after 1 entry or more and after more than 0 seconds; found "
                f"entries={self.entries}, seconds={self.seconds}."
            )


def keys_of(text: str | None) -> tuple[Key, ...]:
    """Return the keys that a text names, parted by white space; the first one makes marks.

    Raises:
        Rejected: one is too short to be no guess.
    """
    secrets = (text or "").split()
    if any(len(secret) < KEY_CHARS_MIN for secret in secrets):
        # What it is stands nowhere: it is a secret, and may be most of the right one.
        raise Rejected(
            f"An audit key is a text of {KEY_CHARS_MIN} random characters or more, without spaces "
            f"(openssl rand -base64 32); look at ${KEY_VARIABLE}."
        )
    return tuple(Key(secret) for secret in secrets)


class Checkpointer:
    """Takes checkpoints. `anchors`: where they are noted outside of the database, if anywhere."""

    def __init__(
        self, ledger: Ledger, events: EventStore, *, clock: Clock, keys: Sequence[Key] = ()
    ) -> None:
        self.ledger, self.events, self.clock = ledger, events, clock
        self.keys = tuple(keys)
        self.anchors: Anchors | None = None

    async def take(self) -> Entry | None:
        """Return the entry of a new checkpoint; None when nothing came since the last one.

        Raises:
            Rejected: the checkpoints before it bear marks, and there is no key.
            StoreUnavailable, CorruptLog: none was taken.
            AnchorsUnavailable: it was taken, and could not be noted outside.
        """
        for _ in range(TRIES_MAX):
            record = await self.ledger.record(TENANT, KIND, id=TARGET)
            found = await self._covered(record)
            if found is None:
                return None
            try:
                (entry,) = await self.ledger.append([self._change(found, record)])
            except Outdated:
                continue
            if self.anchors is not None:
                await self.anchors.add(
                    Anchor(
                        number=entry.number,
                        digest=entry.digest,
                        events=found.events,
                        at_ms=entry.at_ms,
                    )
                )
            return entry
        raise StoreUnavailable("Other processes take checkpoints all the time; none was taken.")

    async def covered(self) -> int:
        """Return the number of the last entry that a checkpoint covers, its own counted; 0: there
        is none."""
        record = await self.ledger.record(TENANT, KIND, id=TARGET)
        last = None if record is None else read_checkpoint(record.value)
        return 0 if last is None else last.entries + 1

    def _change(self, checkpoint: Checkpoint, record: Record | None) -> Change:
        if self.keys:
            checkpoint = self.keys[0].marked(checkpoint)
        return Change(
            at_ms=self.clock.now_ms(),
            tenant=TENANT,
            actor=ACTOR,
            action=ACTION,
            kind=KIND,
            target=TARGET,
            writes=True,
            expected=0 if record is None else record.version,
            value=value_of(checkpoint),
        )

    async def _covered(self, record: Record | None) -> Checkpoint | None:
        """Return what a checkpoint would say now; None when it would say nothing new."""
        last = Checkpoint() if record is None else read_checkpoint(record.value)
        if last is None:
            raise CorruptLog("The last checkpoint cannot be read; run tenuto audit verify.")
        number, digest = await self.ledger.digest()
        commits = await self.events.read(after=last.events, limit=1)
        # Behind the last checkpoint's last entry there is at least the checkpoint's own.
        if number <= last.entries + (record is not None) and not commits:
            return None
        if last.mark and not self.keys:
            raise Rejected(
                f"The checkpoints of this database bear the marks of a key ({last.key}); "
                f"set ${KEY_VARIABLE} to go on with them."
            )
        entries, end, end_digest = await self._entries(last, number, digest)
        events, position, commits_count = await self._commits(last.events)
        return Checkpoint(
            entries_after=last.entries,
            entries=end,
            entries_digest=end_digest,
            entries_root=entries.root(),
            events_after=last.events,
            events=position,
            commits=commits_count,
            events_root=events.root(),
        )

    async def _entries(self, last: Checkpoint, number: int, digest: str) -> tuple[Tree, int, str]:
        tree, reached, reached_digest = Tree(), last.entries, last.entries_digest
        while reached < number and tree.count < COVERED_MAX:
            limit = min(ENTRIES_PAGE, number - reached)
            page = await self.ledger.entries(EntryQuery(after=reached, limit=limit))
            if not page or page[-1].number > number:
                raise CorruptLog(f"The ledger has no entry {reached + 1}; run tenuto audit verify.")
            for entry in page:
                tree.add(entry_leaf(entry.digest))
            reached, reached_digest = page[-1].number, page[-1].digest
        assert reached < number or reached_digest == digest, "an entry never changes"
        return tree, reached, reached_digest

    async def _commits(self, after: int) -> tuple[Tree, int, int]:
        tree = Tree()
        while tree.count < COVERED_MAX:
            page = await self.events.read(after=after, limit=COMMITS_PAGE)
            if not page:
                break
            # Payloads may be large: not on the thread that all sessions share.
            for leaf in await asyncio.to_thread(leaves_of, page):
                tree.add(leaf)
            after = page[-1].position
        return tree, after, tree.count


def leaves_of(commits: Sequence[StoredCommit]) -> list[bytes]:
    """Return the leaves of commits; of one that was pruned, the one that it had."""
    return [
        c.payload
        if c.is_pruned
        else commit_leaf((c.session, c.version, c.position, c.count, c.at_ms), c.payload)
        for c in commits
    ]


class Auditor:
    """Takes checkpoints while a database is open, and a last one when it is closed. What hinders
    one is logged and stops nothing: the next one covers the same.

    `always`: False: only where the ledger holds something already. Of several processes on one
    database the one that has this `DUTY` takes them; where two think so, one of both comes too late
    and begins again from the other's."""

    def __init__(self, checkpointer: Checkpointer, settings: Audit, *, always: bool) -> None:
        self._checkpointer, self._settings, self._always = checkpointer, settings, always
        self.leads: Callable[[], bool] | None = None
        """Whether it is this process that takes them; None: it is. Set by who composes."""
        self._looking: asyncio.Task[None] | None = None
        self._taken_s: float | None = None
        self._taken_number = 0

    def start(self) -> None:
        """Look after the database from now on."""
        self._looking = asyncio.get_running_loop().create_task(self._look_on())

    async def close(self) -> None:
        """Take a last checkpoint, if anything is new and it is this process's to take."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._is_ours():
            await self.look(at_once=True)

    async def look(self, *, at_once: bool = False) -> None:
        """Take a checkpoint if it is due, or `at_once`."""
        try:
            number, _ = await self._checkpointer.ledger.digest()
            now_s = asyncio.get_running_loop().time()
            if not number and not self._always:
                return
            if self._taken_s is None:
                self._taken_s, self._taken_number = now_s, number
            many = number - self._taken_number >= self._settings.entries
            long = now_s - self._taken_s >= self._settings.seconds
            if at_once or many or long:
                # One that is hindered is not tried again before its time.
                self._taken_s, self._taken_number = now_s, number
                entry = await self._checkpointer.take()
                self._taken_number = entry.number if entry is not None else number
        except TenutoError as error:
            _log.warning("No checkpoint was taken: %s", error)

    async def _look_on(self) -> None:
        while True:
            if self._is_ours():
                await self.look()
            else:
                await self._follow()
            await asyncio.sleep(LOOK_S)

    async def _follow(self) -> None:
        """Note what another process took: who takes them over counts from there."""
        try:
            covered = await self._checkpointer.covered()
        except TenutoError as error:
            _log.warning("It cannot be seen whether checkpoints are taken: %s", error)
            return
        if self._taken_s is None or covered != self._taken_number:
            self._taken_s, self._taken_number = asyncio.get_running_loop().time(), covered

    def _is_ours(self) -> bool:
        return self.leads is None or self.leads()
