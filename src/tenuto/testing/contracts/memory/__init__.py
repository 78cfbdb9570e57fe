"""What every memory must do, in the words of `tenuto.ports.memory`."""

from tenuto.testing.contracts.memory.forgetting import Forgetting
from tenuto.testing.contracts.memory.keeping import Keeping
from tenuto.testing.contracts.memory.listing import Listing
from tenuto.testing.contracts.memory.recalling import Recalling
from tenuto.testing.contracts.memory.summing import TakingApart


class MemoryContract(Keeping, Recalling, Listing, Forgetting, TakingApart):
    """The whole suite. Subclass it and say how to open an empty memory."""


__all__ = ["MemoryContract"]
