"""Names and texts as the SQL of each system writes them."""

from collections.abc import Iterable

from tenuto.teams.migration.schema import System


def quoted(system: System, name: str) -> str:
    """Return a name so that the system takes it letter for letter, whatever it holds."""
    mark = "`" if system == "mariadb" else '"'
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def listed(system: System, names: Iterable[str]) -> str:
    """Return names, quoted, with commas between them."""
    return ", ".join(quoted(system, name) for name in names)


def literal(system: System, text: str) -> str:
    """Return a text as a value in the SQL of the system."""
    doubled = text.replace("'", "''")
    return f"'{doubled.replace(chr(92), chr(92) * 2) if system == 'mariadb' else doubled}'"
