"""What `tenuto serve` is told of names, sites, proxies and limits; and what it refuses."""

import pytest

from tenuto.cli.fencing import FenceOptions, fencing_of
from tenuto.core.errors import Rejected
from tenuto.core.limiting.limits import USUAL, Limits
from tenuto.core.limiting.rules import Window


def asked(*, hosts: tuple[str, ...] = (), limits: tuple[str, ...] = ()) -> FenceOptions:
    return FenceOptions(hosts=hosts, origins=(), proxies=(), limits=limits, max_streams=None)


def test_without_login_nothing_is_limited_but_what_is_said() -> None:
    fencing = fencing_of(asked(limits=("user=5/m",)), host="127.0.0.1", dev=True)

    assert fencing.limits == Limits(user=(Window(5, 60),))
    assert fencing.streams_max == 0


def test_a_server_that_asks_for_login_has_the_usual_limits() -> None:
    fencing = fencing_of(asked(), host="127.0.0.1", dev=False)

    assert (fencing.limits, fencing.streams_max) == (USUAL, 100)


def test_the_address_that_is_listened_on_is_a_name_of_the_server() -> None:
    fencing = fencing_of(asked(hosts=("api.example.org",)), host="fd00::1", dev=False)

    assert {"[fd00::1]", "api.example.org", "localhost"} <= set(fencing.borders.hosts)


def test_every_address_is_not_listened_on_without_a_name() -> None:
    with pytest.raises(Rejected, match="--allow-host"):
        fencing_of(asked(), host="0.0.0.0", dev=False)
