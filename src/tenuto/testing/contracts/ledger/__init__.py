"""What every ledger must do, in the words of `tenuto.ports.ledger`."""

from tenuto.testing.contracts.ledger.changing import Changing
from tenuto.testing.contracts.ledger.entering import Entering
from tenuto.testing.contracts.ledger.listing import Listing


class LedgerContract(Entering, Changing, Listing):
    """The whole suite. Subclass it and say how to open an empty ledger."""


__all__ = ["LedgerContract"]
