"""What stands around the routes: how much may be asked, from where, and what is kept of it."""

from __future__ import annotations

import msgspec

from tenuto.core.limiting.limits import Limits
from tenuto.ports.allowances import Allowances
from tenuto.ports.answers import Answers
from tenuto.ports.safe import Safe
from tenuto.server.edge import Borders


class Fencing(msgspec.Struct, frozen=True, kw_only=True):
    """How the fences are set. What is said nowhere is not limited."""

    borders: Borders = Borders()
    limits: Limits = Limits()
    private_webhooks: bool = False
    """Webhooks may go to addresses of this machine and its network, and without TLS."""
    metrics_token: str = ""
    """With this, anybody may read the metrics; empty: admins only."""
    streams_max: int = 0
    """Of one user or key at once; 0: any number."""


class Fences(msgspec.Struct, kw_only=True):
    """The parts of it."""

    answers: Answers
    safe: Safe
    allowances: Allowances
    fencing: Fencing = Fencing()
