"""What Tenuto keeps, in a schema of a PostgreSQL database (extra `postgres`)."""

from tenuto.adapters.postgres.library.shelves import PostgresShelves
from tenuto.adapters.postgres.mailbox import PostgresMailbox
from tenuto.adapters.postgres.moving import PostgresSource, PostgresTarget
from tenuto.adapters.postgres.store import PostgresEventStore, is_made

__all__ = [
    "PostgresEventStore",
    "PostgresMailbox",
    "PostgresShelves",
    "PostgresSource",
    "PostgresTarget",
    "is_made",
]
