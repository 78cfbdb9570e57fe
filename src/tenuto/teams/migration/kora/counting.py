"""How many rows there are, by the database's own count."""

from tenuto.teams.migration.databases.port import Database


def number_of(database: Database, of: str) -> int:
    """Return how many rows a table has."""
    return int(str(database.query(f"SELECT count(*) FROM {of}").rows[0][0]))
