"""What sessions wait for, as bits of one column: a partial index for each serves lists of them."""

from collections.abc import Iterable
from typing import Final, get_args

from tenuto.core.lifecycle import WaitsFor

_BITS: Final[dict[WaitsFor, int]] = {kind: 1 << n for n, kind in enumerate(get_args(WaitsFor))}
_SETS: Final = tuple(
    tuple(kind for kind, bit in _BITS.items() if mask & bit) for mask in range(1 << len(_BITS))
)
assert _BITS == {"approval": 1, "signal": 2, "timer": 4}, "files hold these"


def mask_of(waits: Iterable[WaitsFor]) -> int:
    """Return the column's value."""
    return sum(_BITS[kind] for kind in set(waits))


def waits_in(mask: int) -> tuple[WaitsFor, ...]:
    """Return what the column's value says."""
    return _SETS[mask & len(_SETS) - 1]
