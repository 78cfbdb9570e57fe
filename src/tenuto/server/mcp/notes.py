"""What a workflow notes (`ctx.note`), as log messages for the client whose call it is.

MCP has deprecated logging in 2026-07-28. Clients of before set a level for their connection, those
of now ask with each request; who did neither gets none."""

from collections import OrderedDict
from typing import Any, Final, get_args

import mcp_types as types
from mcp.server import ServerRequestContext

from tenuto.core.session import events as e
from tenuto.core.vocabulary import SessionId
from tenuto.server.mcp.clients import client_of, is_modern, meta_of

LEVEL: Final = "info"
"""The level of every note."""
_LEVELS: Final[tuple[str, ...]] = get_args(types.LoggingLevel)
_CLIENTS_MAX: Final = 10_000


class Notes:
    """Knows who wants log messages."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, str] = OrderedDict()

    async def set_level(
        self, context: ServerRequestContext[Any], params: types.SetLevelRequestParams
    ) -> types.EmptyResult:
        """Remember the lowest level that the client wants."""
        client = client_of(context)
        self._levels[client] = params.level
        self._levels.move_to_end(client)
        if len(self._levels) > _CLIENTS_MAX:
            self._levels.popitem(last=False)
        return types.EmptyResult()

    def wanted(self, context: ServerRequestContext[Any]) -> bool:
        """Return whether the client that made this request wants notes."""
        if is_modern(context):
            level = meta_of(context).get(types.LOG_LEVEL_META_KEY)
        else:
            level = self._levels.get(client_of(context))
        return level in _LEVELS and _LEVELS.index(level) <= _LEVELS.index(LEVEL)


async def send_note(
    context: ServerRequestContext[Any], session: SessionId, event: e.Noted, path: str
) -> None:
    """Send a note to the client whose request this is."""
    data = {"session": session, "path": path, "kind": event.kind, "data": event.data}
    params = types.LoggingMessageNotificationParams(level=LEVEL, logger="tenuto", data=data)
    await context.session.send_notification(
        types.LoggingMessageNotification(params=params), related_request_id=context.request_id
    )
