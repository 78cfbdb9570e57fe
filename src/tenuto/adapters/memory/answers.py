"""Kept answers in memory."""

from typing import Final

from tenuto.ports.answers import KeptAnswer

PER_OWNER_MAX: Final = 10_000


class MemoryAnswers:
    """`Answers` that end with the process."""

    def __init__(self, *, per_owner_max: int = PER_OWNER_MAX) -> None:
        self._per_owner_max = per_owner_max
        self._kept: dict[str, dict[str, KeptAnswer]] = {}

    async def find(self, owner: str, key: str, *, now_ms: int) -> KeptAnswer | None:
        """See `Answers.find`."""
        found = self._kept.get(owner, {}).get(key)
        return found if found is not None and found.expires_ms > now_ms else None

    async def keep(self, answer: KeptAnswer) -> None:
        """See `Answers.keep`."""
        kept = self._kept.setdefault(answer.owner, {})
        kept.pop(answer.key, None)
        kept[answer.key] = answer
        # In the order in which they were kept, so the first are the oldest.
        for old in list(kept.values()):
            if len(kept) <= self._per_owner_max and old.expires_ms > answer.kept_ms:
                break
            del kept[old.key]
