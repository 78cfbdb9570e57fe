"""What the process ends with. Source: DESIGN section 5."""

from typing import Final

COMPLETED: Final = 0
FAILED: Final = 1
"""A session failed, a replay diverged, or Tenuto itself has a bug."""
USAGE: Final = 2
"""Nothing was done: wrong arguments, definitions, inputs, or a database that cannot be used."""
WAITING: Final = 3
"""The session waits for a person, or for a signal."""
NOT_FOUND: Final = 4
CANCELLED: Final = 130
"""The session was cancelled, or this process was interrupted."""
