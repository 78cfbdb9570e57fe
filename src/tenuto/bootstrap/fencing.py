"""From an open database to what stands around the routes of its server."""

from typing import NoReturn

from tenuto.adapters.memory import MemoryAllowances, MemoryAnswers, MemoryDeliveries
from tenuto.adapters.sealing import AesGcmSafe, KeyFile
from tenuto.adapters.sealing.aes_gcm import KEY_VARIABLE, keys_of_environment
from tenuto.adapters.sealing.key_file import new_key
from tenuto.adapters.system import SystemClock
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.bootstrap.places import Place
from tenuto.core.errors import Rejected
from tenuto.core.histogram import Histogram
from tenuto.ports.answers import Answers
from tenuto.ports.deliveries import Deliveries
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Ledger
from tenuto.server.fences import Fences, Fencing
from tenuto.server.webhooks.webhooks import Webhooks


def fences_of(store: EventStore, place: Place, fencing: Fencing) -> Fences:
    """Return the fences of a server over the store."""
    return Fences(
        answers=_answers_of(store),
        safe=safe_of(place),
        allowances=MemoryAllowances(),
        fencing=fencing,
    )


def webhooks_of(store: EventStore, ledger: Ledger, fences: Fences) -> Webhooks:
    """Return the webhooks of a server over the store."""
    made = Webhooks(
        store=store,
        ledger=ledger,
        deliveries=_deliveries_of(store),
        clock=SystemClock(),
        safe=fences.safe,
    )
    made.courier.sender.private = fences.fencing.private_webhooks
    return made


def commit_times_of(store: EventStore) -> Histogram | None:
    """Return how long the store's commits took; None: it is in memory."""
    return store.commit_times if isinstance(store, LastingStore) else None


def safe_of(place: Place) -> AesGcmSafe:
    """Return the safe of a database: its keys are those of `$TENUTO_SECRET_KEY`, else of the key
    file beside it, which is made when it is first needed."""
    if place.kind == "memory":
        only = keys_of_environment() or [new_key()]
        return AesGcmSafe(lambda: only)
    if place.kind == "postgresql":
        # Read when something is sealed or opened: who seals nothing needs no key.
        return AesGcmSafe(lambda: keys_of_environment() or no_key())
    file = key_file_of(place)
    return AesGcmSafe(lambda: keys_of_environment() or file.keys())


def key_file_of(place: Place) -> KeyFile:
    """Return the key file beside a database: `tenuto.db.key` for `tenuto.db`."""
    return KeyFile(f"{place.path}.key")


def no_key() -> NoReturn:
    """Say that a database without a key file needs the key of the environment.

    Raises:
        Rejected: always.
    """
    raise Rejected(
        f"Secrets in a database that processes share are sealed with the key in {KEY_VARIABLE}, "
        "which is not set; give all of them the same."
    )


def _deliveries_of(store: EventStore) -> Deliveries:
    if isinstance(store, LastingStore):
        return store.tables.deliveries
    return MemoryDeliveries()


def _answers_of(store: EventStore) -> Answers:
    return store.tables.answers if isinstance(store, LastingStore) else MemoryAnswers()
