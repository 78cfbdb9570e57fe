"""What every event store must do, in the words of `tenuto.ports.event_store`."""

from tenuto.testing.contracts.event_store.appending import Appending
from tenuto.testing.contracts.event_store.following import Following
from tenuto.testing.contracts.event_store.forking import Forking
from tenuto.testing.contracts.event_store.listing import Listing
from tenuto.testing.contracts.event_store.reading import Reading
from tenuto.testing.contracts.event_store.starting import Starting


class EventStoreContract(Starting, Appending, Reading, Forking, Following, Listing):
    """The whole suite. Subclass it and say how to open an empty store."""


__all__ = ["EventStoreContract"]
