"""When a delivery that failed is tried again."""

import hashlib
from typing import Final

DELAYS_S: Final = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first attempt, the second…; together some three days, as the Standard Webhooks
specification advises."""
JITTER: Final = 0.2
"""Part of a delay by which it may be longer: what failed together is not to come together."""
ASKED_S_MAX: Final = 86_400
"""The longest wait that a receiver may ask for."""


def delay_ms(
    id: str, attempts: int, *, asked_s: int = 0, delays_s: tuple[float, ...] = DELAYS_S
) -> int | None:
    """Return how long to wait after `attempts` attempts failed; None: it is given up.

    The same delivery waits the same time, whoever asks. `asked_s`: what the receiver asked for."""
    assert attempts >= 1, "an attempt failed"
    if attempts > len(delays_s):
        return None
    digest = hashlib.sha256(f"{id}:{attempts}".encode()).digest()
    drawn = int.from_bytes(digest[:4], "big") / 2**32
    delay_s = max(delays_s[attempts - 1], min(asked_s, ASKED_S_MAX))
    return round(delay_s * 1000 * (1 + JITTER * drawn))
