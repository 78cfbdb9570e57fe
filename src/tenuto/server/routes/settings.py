"""What the server was started with."""

import platform

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from tenuto.core.limiting.limits import WHO, rule_text
from tenuto.server.bodies import BODY_BYTES_MAX
from tenuto.server.principal import NoLogin, needs
from tenuto.server.service import Given


class ServerSettings(msgspec.Struct, kw_only=True):
    """What the server was started with. No secret is among it."""

    version: str
    python: str
    database: str
    """`sqlite` or `memory`."""
    login: bool
    """False: nobody has to log in (`--dev`)."""
    oidc_providers: list[str]
    """Names of those to log in at."""
    workflows: list[str]
    """Those that every organisation can start."""
    limits: dict[str, list[str]]
    """Whose requests are limited by what, as `tenuto serve --limit` takes it; by nothing where the
    list is empty."""
    streams_max: int
    """Of one user or key at once; 0: any number."""
    body_bytes_max: int
    hosts: list[str]
    """Names under which it answers; of none, under any."""
    origins: list[str]
    """Web pages from elsewhere that may use it."""
    proxies: list[str]
    """Networks whose word on the client's address is believed."""
    private_webhooks: bool
    """Webhooks may go to addresses of the server's own network."""
    metrics_token: bool
    """Whether metrics can be read with a token; else by admins only."""


@get(
    "/settings",
    tags=["system"],
    opt=needs("settings:read", home=True),
    sync_to_thread=False,
)
def show_settings(service: Given) -> ServerSettings:
    """Return what the server was started with, for admins of the organisation `local`."""
    fencing = service.fences.fencing
    borders = fencing.borders
    return ServerSettings(
        version=service.version,
        python=platform.python_version(),
        database=service.database,
        login=not isinstance(service.authenticator, NoLogin),
        oidc_providers=[one.name for one in service.providers.providers],
        workflows=sorted(service.offered),
        limits={who: [rule_text(rule) for rule in getattr(fencing.limits, who)] for who in WHO},
        streams_max=fencing.streams_max,
        body_bytes_max=BODY_BYTES_MAX,
        hosts=list(borders.hosts),
        origins=list(borders.origins),
        proxies=[str(network) for network in borders.proxies],
        private_webhooks=fencing.private_webhooks,
        metrics_token=bool(fencing.metrics_token),
    )


ROUTES: list[HTTPRouteHandler] = [show_settings]
