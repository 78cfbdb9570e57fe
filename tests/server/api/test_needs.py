"""Every route says what it takes of who asks, or that it is public."""

import asyncio
from collections.abc import Iterator

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler

from tenuto.bootstrap.serving import open_service
from tenuto.core.accounts.principal import HOME, Principal
from tenuto.server.app import routed
from tenuto.server.principal import NEED, Connection, Need
from tests.server.api.served import echoing, serving


def handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler | WebsocketRouteHandler]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()) or (route.route_handler,):
            if "OPTIONS" not in getattr(handler, "http_methods", ()):
                yield route.path, handler


def test_no_route_is_open_by_oversight() -> None:
    async def main() -> None:
        async with open_service("memory://", []) as service:
            found = list(handlers(routed(service)))

        sockets = [path for path, one in found if isinstance(one, WebsocketRouteHandler)]
        assert len(found) > 80 and len(sockets) >= 2
        for path, handler in found:
            if not handler.fn.__module__.startswith("tenuto."):
                continue  # The framework's own page of the API's description.
            opt, guards = handler.opt, handler.resolve_guards()
            assert not guards, f"{path}: what a route takes is its opt"
            open_to_all = opt.get("public") or opt.get("limit") == "login"
            assert isinstance(opt.get(NEED), Need) != bool(open_to_all), path

    asyncio.run(main())


class ReadsNothing:
    """An authenticator: everybody is somebody who may read audits only."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        return Principal(organisation=HOME, user="u", grants=("audit:read",))


def test_what_a_route_takes_is_asked_of_sockets_too() -> None:
    async def main() -> None:
        async with serving(echoing(), authenticator=ReadsNothing()) as served:
            asked = await served.client.get("/events")
            assert (asked.status_code, asked.json()["code"]) == (403, "not_permitted")
            upgrade = {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            }
            refused = await served.client.get("/events", headers=upgrade)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")

    asyncio.run(main())
