"""The `offline` model: deterministic extraction, no key; may import ports and the core."""

from tenuto.adapters.offline.model import OfflineModel

__all__ = ["OfflineModel"]
