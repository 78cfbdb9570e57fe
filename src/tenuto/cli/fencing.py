"""Options of `tenuto serve` that say from where, and how often, it may be asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.limiting.limits import USUAL, Limits, read_limits

if TYPE_CHECKING:
    from tenuto.server.fences import Fencing

T = TypeVar("T", bound=Callable[..., Any])

_STREAMS_MAX: Final = 100

_OPTIONS: Final = (
    click.option(
        "--allow-host", "hosts", multiple=True, metavar="NAME", help="A name that clients use."
    ),
    click.option(
        "--allow-origin",
        "origins",
        multiple=True,
        metavar="ORIGIN",
        help="A site whose pages may use the API, as https://app.example.org.",
    ),
    click.option(
        "--trust-proxy",
        "proxies",
        multiple=True,
        metavar="NETWORK",
        help="A proxy that may say who asks, as 10.0.0.0/8.",
    ),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="WHO=RULE",
        help="How often may be asked: user=600/m, login=off.",
    ),
    click.option(
        "--allow-private-webhooks",
        "private_webhooks",
        is_flag=True,
        help="Webhooks may go to this machine and its network, and without TLS.",
    ),
    click.option(
        "--metrics-token",
        envvar="TENUTO_METRICS_TOKEN",
        metavar="TOKEN",
        help="Who sends it as bearer token may read /metrics; else TENUTO_METRICS_TOKEN.",
    ),
    click.option(
        "--max-streams",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"Streams of one user or key at once; {_STREAMS_MAX}, with --dev any number. 0: any.",
    ),
)


class FenceOptions(msgspec.Struct, kw_only=True):
    """What was asked for."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    proxies: tuple[str, ...]
    limits: tuple[str, ...]
    max_streams: int | None
    private_webhooks: bool = False
    metrics_token: str | None = None


def fence_options(command: T) -> T:
    """Add the options; `fences_in` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def fences_in(options: dict[str, Any]) -> FenceOptions:
    """Return what was asked for by these options, which are taken out of `options`."""
    names = FenceOptions.__struct_fields__
    return FenceOptions(**{name: options.pop(name) for name in names})


def fencing_of(asked: FenceOptions, *, host: str, dev: bool) -> Fencing:
    """Return what the options say for a server that listens on `host`; with `dev` nothing is
    limited that they do not limit.

    Raises:
        Rejected: one of them is wrong, or clients would use a name that is not said.
    """
    from tenuto.server.edge import read_borders
    from tenuto.server.fences import Fencing

    if _is_every_address(host) and not asked.hosts:
        raise Rejected(
            f"{host!r} is every address of this machine. Say under which names clients reach it: "
            "--allow-host NAME."
        )
    own = [] if _is_every_address(host) else [f"[{host}]" if ":" in host else host]
    streams_max = 0 if dev else _STREAMS_MAX
    return Fencing(
        borders=read_borders(
            hosts=[*own, *asked.hosts], origins=asked.origins, proxies=asked.proxies
        ),
        limits=read_limits(asked.limits, Limits() if dev else USUAL),
        metrics_token=asked.metrics_token or "",
        private_webhooks=asked.private_webhooks,
        streams_max=streams_max if asked.max_streams is None else asked.max_streams,
    )


def _is_every_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
