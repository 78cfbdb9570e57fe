"""Paths within the working folder."""

from collections.abc import Iterable
from itertools import pairwise

from tenuto.core.errors import Rejected
from tenuto.ports.sandbox import FILES_MAX


def checked_paths(paths: Iterable[str]) -> list[str]:
    """Return the paths, in their order.

    Raises:
        Rejected: one is absolute or leads out of the folder, one is a folder of another, or they
            are too many.
    """
    given = list(paths)
    if len(given) > FILES_MAX:
        raise Rejected(f"{len(given)} files are too many; at most {FILES_MAX} are allowed.")
    for path in given:
        if not all(part not in ("", ".", "..") for part in path.split("/")) or "\0" in path:
            raise Rejected(
                f"The path {path!r:.80} does not lie below the working folder; "
                "give one such as 'data/orders.csv'."
            )
    for one, other in pairwise(sorted(path + "/" for path in given)):
        if other.startswith(one):
            raise Rejected(f"{one[:-1]!r:.80} is given twice, or as a file and as a folder.")
    return given
