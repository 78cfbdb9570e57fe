"""Passwords in addresses that people type."""

import os
from urllib.parse import unquote, urlsplit


def without_password(address: str, variable: str) -> str:
    """Return an address in which `${variable}` stands for the password, which goes there, into the
    environment of this process."""
    parts = urlsplit(address)
    if not parts.password or parts.password.startswith("${"):
        return address
    os.environ[variable] = unquote(parts.password)
    user, _, place = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return parts._replace(netloc=f"{name}:${{{variable}}}@{place}").geturl()
