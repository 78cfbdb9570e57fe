"""Recaps of sessions, each folded once and then further as its log grows."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.core.vocabulary import Version
from tenuto.sdk.session import Session
from tenuto.views.recap import Recap, empty_recap
from tenuto.views.recapping import Recapping

KEPT_MAX: Final = 32
"""Folds that are kept: each is as large as what is open in its session."""


class Recaps:
    """Gives recaps; the newest fold of each session is kept, the least used is dropped."""

    def __init__(self) -> None:
        self._folds: OrderedDict[str, Recapping] = OrderedDict()
        self._folding = asyncio.Lock()

    async def of(self, session: Session, at: Version, newest: Version) -> Recap:
        """Return what the session did up to version `at`. It takes some 4 s for each million events
        that were not folded before.

        Raises:
            NotFound: there is no such session.
        """
        if at == 0:
            return msgspec.structs.replace(empty_recap(), newest=newest)
        async with self._folding:
            fold = self._folds.get(session.id)
            if fold is None or fold.version > at:
                fold = Recapping(await session.definition())
            if fold.version < at:
                async for stored in session.events(fold.version, follow=False):
                    fold.add(stored.version, stored.event)
                    if stored.version == at:
                        break
            kept = self._folds.setdefault(session.id, fold)
            if fold.version > kept.version:
                self._folds[session.id] = fold
            self._folds.move_to_end(session.id)
            if len(self._folds) > KEPT_MAX:
                self._folds.popitem(last=False)
            return fold.told(newest)
