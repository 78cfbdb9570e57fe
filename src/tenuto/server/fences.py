"""What stands around the routes: how much may be asked, from where, and what is kept of it."""

from __future__ import annotations

import msgspec

from tenuto.ports.answers import Answers
from tenuto.ports.safe import Safe


class Fences(msgspec.Struct, kw_only=True):
    """The parts of it."""

    answers: Answers
    safe: Safe
