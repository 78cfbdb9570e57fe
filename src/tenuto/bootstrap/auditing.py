"""What checkpoints are made of, and the audit trail of a database that others may be working on."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tenuto.adapters.anchor_file import AnchorFile
from tenuto.adapters.memory import MemoryLedger
from tenuto.adapters.system import SystemClock
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.settings import Settings
from tenuto.bootstrap.stores import beside
from tenuto.core.audit.checkpoints import Key
from tenuto.core.errors import Rejected
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Ledger
from tenuto.runtime.auditing import KEY_VARIABLE, Audit, Auditor, Checkpointer, keys_of
from tenuto.sdk.audit import AuditTrail

ANCHOR_SUFFIX: Final = ".checkpoints"


def ledger_of(store: EventStore) -> Ledger:
    """Return the ledger beside a store."""
    return store.ledger if isinstance(store, LastingStore) else MemoryLedger()


def audit_keys(given: str | None) -> tuple[Key, ...]:
    """Return the keys that are given, or stand in `$TENUTO_AUDIT_KEY`.

    Raises:
        Rejected: one is too short.
    """
    return keys_of(given if given is not None else os.environ.get(KEY_VARIABLE))


def anchors_of(place: Place, given: str = "", *, required: bool = False) -> AnchorFile | None:
    """Return where checkpoints of the database at `place` are noted."""
    if given:
        return AnchorFile(given, required=required)
    if place.kind != "sqlite":
        return None
    return AnchorFile(os.path.realpath(place.path) + ANCHOR_SUFFIX)


def auditor_of(checkpointer: Checkpointer, place: Place, settings: Settings) -> Auditor | None:
    """Return who takes checkpoints while the database is open; None: nobody does."""
    given = settings.get("audit")
    audit = given if isinstance(given, Audit) else Audit()
    checkpointer.anchors = anchors_of(place, audit.anchor)
    if given is False or settings.get("readonly", False):
        return None
    if given is None and place.kind == "memory":
        return None
    return Auditor(checkpointer, audit, always=given is not None)


@asynccontextmanager
async def open_audit(
    url: str | None = None,
    *,
    anchor: str | os.PathLike[str] = "",
    key: str | None = None,
) -> AsyncIterator[AuditTrail]:
    """Return an async context manager that gives the audit trail of the database at `url`.

    It takes no ownership: sessions may run in other processes meanwhile.

    Args:
        url: as `tenuto.open` takes it.
        anchor: the file in which checkpoints are noted; by default the database's own name and
            `.checkpoints`, if there is such a file.
        key: what checkpoints are marked with; by default `$TENUTO_AUDIT_KEY`.

    Raises:
        Rejected: it is no address of a file, or the key is too short. On entering: NotFound,
            StoreUnavailable, CorruptLog.
    """
    place = place_of(url)
    if place.kind == "memory":
        raise Rejected("What ends with its process is audited by Runtime.audit alone.")
    keys = audit_keys(key)
    async with beside(place) as store:
        checkpointer = Checkpointer(store.ledger, store, clock=SystemClock(), keys=keys)
        checkpointer.anchors = anchors_of(place, os.fspath(anchor), required=True)
        yield AuditTrail(checkpointer, store.artifacts)
