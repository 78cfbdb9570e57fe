"""How tokens for one server are got, as its owner says it."""

import re
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

Grant = Literal["login", "client_credentials", "cross_app"]

_REFERENCE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a client is let in; see `tenuto.McpAuth`. What is secret is `${NAME}`, never itself."""

    grant: Grant = "login"
    client_id: str = ""
    client_secret: str = ""
    private_key: str = ""
    algorithm: str = "RS256"
    method: Literal["basic", "post"] = "basic"
    issuer: str = ""
    scope: str = ""
    metadata_url: str = ""
    identity_token: str = ""
    identity_endpoint: str = ""
    identity_client: str = ""


_OF_GRANT: Final[dict[Grant, tuple[str, ...]]] = {
    "login": (),
    "client_credentials": ("client_id", "issuer"),
    "cross_app": (
        *("client_id", "client_secret", "issuer"),
        *("identity_token", "identity_endpoint", "identity_client"),
    ),
}
_SECRETS: Final = ("client_secret", "private_key", "identity_token")
_ADDRESSES: Final = ("issuer", "metadata_url", "identity_endpoint")


def faults_of(auth: Auth) -> list[str]:
    """Return what is wrong with the settings, in sentences; empty where nothing is."""
    given = msgspec.structs.asdict(auth)
    missing = [name for name in _OF_GRANT[auth.grant] if not given[name]]
    faults = []
    if missing:
        faults.append(f"auth: the grant {auth.grant!r} needs {', '.join(missing)}.")
    for name in _SECRETS:
        if given[name] and not _REFERENCE.fullmatch(given[name]):
            # What was found is not told: it may be the secret.
            faults.append(f"auth: {name} names a variable of the environment, as '${{NAME}}'.")
    for name in _ADDRESSES:
        if given[name] and not is_safe_address(given[name]):
            faults.append(f"auth: {name}={given[name]!r:.80}: give an address with https://.")
    if auth.grant == "client_credentials" and bool(auth.client_secret) == bool(auth.private_key):
        faults.append("auth: give client_secret or private_key, one of the two.")
    if auth.grant == "login" and auth.client_secret and not (auth.client_id and auth.issuer):
        faults.append("auth: a client_secret stands with its client_id and issuer.")
    if auth.algorithm not in ALGORITHMS:
        faults.append(f"auth: algorithm={auth.algorithm!r:.20}: one of {', '.join(ALGORITHMS)}.")
    if auth.metadata_url and urlsplit(auth.metadata_url).path in ("", "/"):
        faults.append("auth: metadata_url names a document, as https://example.org/client.json.")
    return faults


def is_safe_address(url: str) -> bool:
    """Return whether credentials may go there: https, or this machine itself."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Return whether a host, as it stands in an address, is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
