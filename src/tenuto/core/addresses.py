"""Which network addresses are of the public internet."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_NOT_FOR_GUESTS: Final = frozenset({IPv4Address("168.63.129.16")})
"""Public by its number, yet the inside of one provider's machines.
Source: Microsoft, "What is IP address 168.63.129.16?"; those of others are link-local."""


def is_public_address(address: str) -> bool:
    """Return whether `address` is of the public internet: not of this machine, its network, its
    provider's inside, or a way around to one of these.

    Example:
        tenuto.is_public_address("192.168.1.1")  # False
    """
    try:
        ip: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.sixtofour is not None or ip.teredo is not None or ip.is_site_local:
            return False
    return (
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)
        and ip not in _NOT_FOR_GUESTS
    )
