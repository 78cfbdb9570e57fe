"""What Tenuto keeps, in a schema of a PostgreSQL database (extra `postgres`)."""

from tenuto.adapters.postgres.mailbox import PostgresMailbox
from tenuto.adapters.postgres.moving import PostgresSource, PostgresTarget
from tenuto.adapters.postgres.store import PostgresEventStore, is_made

__all__ = [
    "PostgresEventStore",
    "PostgresMailbox",
    "PostgresSource",
    "PostgresTarget",
    "is_made",
]
